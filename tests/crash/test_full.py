#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --rules tests/integration/users.rules
"""The log on a filesystem that is full: changes are refused, all else goes on, and nothing is torn."""

import contextlib
import itertools
import os
import subprocess
import unittest

import crash
from crash import broker
import promises
import tap

MIB = 1 << 20
SIZE = (256 if crash.LONG else 8) * MIB
SECTOR = 512
# Enough for a change, and for a recover record; less than what fwctld allocates where it can.
LITTLE, ROOM = MIB // 16, MIB // 4
# How many ends of the log are tried at least.
LEAST = 20


class Filesystem:
    """A small one of its own, with a file that takes up the room."""

    def __init__(self, place, size):
        self.path = place.path / "filesystem"
        self.path.mkdir()
        self.filler = self.path / "filler"
        self._make(place, size)
        place.log = self.path / "log"
        self.block = os.statvfs(self.path).f_frsize

    def remove(self):
        subprocess.run(["umount", self.path], check=True)

    def fill(self):
        """Until not even one block is left."""
        for size in (64 * self.block, self.block):
            with open(self.filler, "ab", buffering=0) as filler, contextlib.suppress(OSError):
                while True:
                    filler.write(bytes(size))

    def free(self, size):
        """Makes room for so many bytes."""
        with open(self.filler, "ab") as filler:
            filler.truncate(filler.tell() - size)
            os.fsync(filler)


class Tmpfs(Filesystem):
    def _make(self, place, size):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "crash", self.path],
                       check=True)


class Ext4(Filesystem):
    def _make(self, place, size):
        image = place.path / "image"
        with open(image, "wb") as file:
            file.truncate(size)
        subprocess.run(["mkfs.ext4", "-q", "-b", "1024", "-m", "0", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, self.path], check=True)


def can_loop():
    return os.path.exists("/dev/loop-control")


class Full(unittest.TestCase):
    """On a tmpfs."""

    kind = Tmpfs

    def setUp(self):
        self.place = crash.Place()
        self.addCleanup(self.place.remove)
        self.disk = self.kind(self.place, SIZE)
        self.addCleanup(self.disk.remove)
        self.caller = crash.Caller()
        self.values = iter(range(1, 1 << 31))

    @contextlib.contextmanager
    def running(self):
        with crash.Fwctld(self.place) as fwctld:
            yield fwctld.start()
            self.assertEqual(fwctld.end(), 0)

    def change(self, reason=0, feature=broker.COLD):
        return self.caller.change(feature, next(self.values).to_bytes(4, "little"),
                                  reason="r" * reason)

    def log(self):
        return self.place.log / "audit-00000001.jsonl"

    def states(self):
        """What AuditState was announced to be, since this was last asked."""
        told = [body[1]["AuditState"] for body in crash.watch().told("PropertiesChanged")
                if "AuditState" in body[1]]
        crash.watch().forget()
        return told

    def said(self, words):
        return self.place.said().count(words)

    def fill_up(self):
        """Until a change is refused."""
        self.disk.fill()
        while not (answer := self.change()).error:
            pass
        return answer

    def check_refused(self, answer):
        self.assertEqual(answer.error, "AuditUnavailable")
        self.assertIn("so it was not made", answer.message)
        self.assertNotEqual(self.place.store()[answer.on, answer.feature], answer.data)
        self.assertEqual(broker.manager("AuditState"), "refusing")

    def test_changes_are_refused_and_work_again(self):
        with self.running():
            self.assertEqual(self.change().error, "")
            self.states()
            for i in range(1, 4):
                self.check_refused(self.fill_up())
                whole = self.log().read_bytes()
                self.assertEqual(self.states(), ["refusing"])
                for _ in range(3):
                    self.check_refused(self.change())
                # Reads go on, and so do refusals.
                broker.get_feature(broker.COLD, "saved")
                lines = broker.call(broker.ROOT, broker.MANAGER, "GetAuditRecords", "tua{sv}", 1,
                                    1000, {})
                self.assertGreater(len(lines), 3)
                denied = self.caller.change(broker.COLD, b"\1\1\1\1", user=broker.DENIED)
                self.assertEqual(denied.error, "NotAuthorized")
                promises.verify(self.place)
                self.assertEqual(self.states(), [])
                self.assertEqual(self.log().read_bytes(), whole)
                self.assertEqual(self.said("No room for the audit log"), i)

                self.disk.free(ROOM)
                self.assertEqual(self.change().error, "")
                self.assertEqual(self.states(), ["ok"])
                self.assertEqual(self.said("There is room for the audit log"), i)
        self.check_whole()

    def check_whole(self):
        promises.verify(self.place)
        records = promises.check_chain(self.place.log)
        promises.check_answers(records, self.caller.answers, self.place.said())
        promises.check_causes(self.place, records)

    def end(self):
        return self.log().stat().st_size

    def test_wherever_the_log_ends(self):
        """The room ends while the log ends at this and that byte of a sector."""
        ends = set()
        with self.running():
            self.fill_up()
            for reason in range(LEAST) if not crash.LONG else itertools.count():
                self.disk.free(LITTLE)
                self.assertEqual(self.change(reason=reason % SECTOR).error, "")
                answer = self.fill_up()
                self.check_refused(answer)
                with open(self.log(), "rb") as log:
                    end = log.seek(-1, os.SEEK_END) + 1
                    self.assertEqual(log.read(), b"\n")
                self.assertEqual(self.change().error, "AuditUnavailable")
                self.assertEqual(self.log().stat().st_size, end)
                ends.add(end % SECTOR)
                if len(ends) == SECTOR:
                    break
        self.assertGreater(len(ends), LEAST // 2)
        self.check_whole()

    def test_an_intent_that_a_crash_left_open(self):
        """It is closed when there is room again, before its Feature can be changed."""
        with crash.Fwctld(self.place, "--within", self.place.log, "--kill", self.outcome()) as fwctld:
            fwctld.start()
            with self.assertRaises(crash.Dead):
                self.change()
            self.assertEqual(fwctld.wait(), crash.KILLED)
        # A log that was copied has no room left of what was allocated for it.
        self.log().write_bytes(self.log().read_bytes())
        self.disk.fill()
        left = promises.open_intents(promises.raw_records(self.place.log))
        self.assertEqual(len(left), 1)
        store = self.place.store()
        with self.running():
            self.assertEqual(self.change().error, "AuditUnavailable")
            self.assertEqual(broker.manager("AuditState"), "refusing")
            broker.get_feature(broker.COLD)
            self.disk.free(ROOM)
            self.assertEqual(self.change().error, "")
        records = promises.check_chain(self.place.log)
        recover = promises.check_recovered(*left.values(), records, store)
        self.assertLess(recover["seq"], self.caller.answers[-1].sequence)
        self.check_whole()

    def outcome(self):
        """The number of the write of the first outcome."""
        with crash.Fwctld(self.place, "--within", self.place.log, "--data") as fwctld:
            fwctld.start()
            self.change()
            fwctld.end()
        number = next(call["n"] for call in self.place.calls() if call["call"] == "write"
                      and b'"type":"outcome"' in bytes.fromhex(call["data"]))
        self.place.reset()
        self.caller = crash.Caller()
        return number


@unittest.skipUnless(can_loop(), "this machine has no loop devices")
class FullExt4(Full):
    """On an ext4 of its own."""

    kind = Ext4


if __name__ == "__main__":
    tap.main()
