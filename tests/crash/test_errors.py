#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --rules tests/integration/users.rules
"""Every system call on the log's directory fails once, or from then on: fwctld goes on, honestly."""

import errno
import time
import unittest

import crash
from crash import broker, dbus
import promises
import restart
import scripts
import tap

NOT_MADE, RAN = "so it was not made", "The command ran, but"


def shows(path):
    """Whether it is a segment, and no file that is being made, nor the directory."""
    return "/audit-" in path


only_long = unittest.skipUnless(crash.LONG, "--long")


class Failure:
    """A run in which a call failed, and what was seen of it."""

    def __init__(self, place, *sticky):
        self.place = place
        self.sticky = sticky
        self.status = None
        self.served = False
        self.answers = []
        self.worked = False  # a change, at last
        self.refused = False  # what AuditState says then
        self.told = []

    def run(self, script, *stop):
        caller = crash.Caller()
        self.answers = caller.answers
        with crash.Fwctld(self.place, "--data", *stop, *self.sticky) as fwctld:
            self.served = fwctld.ready()
            if self.served:
                script(caller)
                self._look(caller)
                fwctld.process.terminate()
            self.status = fwctld.wait()
        self.told = crash.watch().told("AuditRecordAppended")

    def _look(self, caller):
        """Reads go on; changes do, once a new segment can be begun."""
        broker.get_feature(broker.COLD)
        broker.call(broker.ROOT, broker.MANAGER, "GetAuditRecords", "tua{sv}", 1, 1000, {})
        if promises.segments(self.place.log) and not self.half_a_line():
            promises.verify(self.place, open_intents=None)
        end = time.monotonic() + dbus.PATIENCE
        self._change(caller)
        while not self.worked and self.recovers() and time.monotonic() < end:
            time.sleep(0.02)
            self._change(caller)
        self.refused = broker.manager("AuditState") == "refusing"

    def half_a_line(self):
        """Whether the log ends in what a write has left that failed; verify says so then."""
        return not promises.segments(self.place.log)[-1].endswith(b"\n")

    def _change(self, caller):
        value = (len(caller.answers) + 0x100).to_bytes(4, "little")
        self.worked = not caller.change(broker.COLD, value).error

    def recovers(self):
        """Whether a new segment can be begun: no outcome was lost, and not all new files fail."""
        stays = self.sticky and not shows(self.failed()["path"])
        return not self.ran() and not stays

    def failed(self):
        """The call that failed first."""
        return next(call for call in self.place.calls() if "kill" not in str(call["result"])
                    and call["result"] < 0 and call["result"] in (-5, -28))

    def ran(self):
        """The answers that say so, of changes whose outcome is lost."""
        return [answer for answer in self.answers if RAN in answer.message]


class Errors(unittest.TestCase):
    def place(self, **options):
        place = crash.Place(**options)
        self.addCleanup(place.remove)
        return place

    def check(self, failure):
        if not failure.served:
            self.assertNotEqual(failure.status, 0)
            self.assertIn("audit log", failure.place.said())
        else:
            self.assertEqual(failure.status, 0, failure.place.said())
            self.check_answers(failure)
        restart.Left(failure.place, failure.answers, failure.told).check()

    def check_answers(self, failure):
        ran, store = failure.ran(), failure.place.store()
        records = promises.raw_records(failure.place.log)
        for intent in promises.open_intents(records).values():
            self.assertIn((intent["command"]["feature"], intent["data"]),
                          [(answer.feature, answer.data) for answer in ran])
        for answer in ran:
            self.assertTrue(any(r["type"] == "intent" and r["data"] == answer.data
                                and r["command"]["feature"] == answer.feature for r in records))
            if "(applied)" in answer.message:
                self.assertEqual(store[answer.on, answer.feature], answer.data)
        made = {answer.data for answer in failure.answers if not answer.error or answer in ran}
        for answer in failure.answers:
            if answer.error == "AuditUnavailable" and answer not in ran:
                self.assertIn(NOT_MADE, answer.message)
            if answer.error and answer.data not in made:
                self.assertNotEqual(store[answer.on, answer.feature], answer.data)
        if failure.worked and self.is_final(failure.failed()):
            self.assertIn(errno.errorcode[-failure.failed()["result"]],
                          [record["gap"]["errno"] for record in records if "gap" in record])
        # After a lost outcome only a restart helps: it reads back.
        self.assertEqual(failure.worked, failure.recovers())
        self.assertEqual(failure.refused, not failure.recovers())

    @staticmethod
    def is_final(call):
        """Whether nothing more may go to the segment."""
        return call["call"] in ("write", "fdatasync") and shows(call["path"])

    def one(self, place, script, *stop, sticky=()):
        """One failure. Returns what went wrong."""
        place.reset()
        failure = Failure(place, *sticky)
        try:
            failure.run(script, *stop)
            self.check(failure)
        except AssertionError as problem:
            return [f"{stop}: {problem}"]
        return []

    def told(self, problems):
        self.assertEqual(len(problems), 0, "\n" + "\n".join(problems[:8]))

    def every_failure(self, place, script, error, *sticky):
        """Each call on the log's directory, by what it is and the how manieth of these."""
        place.reset()
        crash.run_to_death(place, script)
        counts = crash.counts(place.calls(), place.log)
        self.assertGreater(len(counts), 8)
        problems = []
        for (call, path), count in counts.items():
            for number in range(1, count + 1):
                problems += self.one(place, script, "--call", call, "--on", path, "--fail",
                                     f"{number},{error}", sticky=sticky)
        print(f"# {sum(counts.values())} calls", flush=True)
        self.told(problems)

    def test_one_error(self):
        self.every_failure(self.place(), scripts.changes, "EIO")

    def test_a_file_that_stays_bad(self):
        self.every_failure(self.place(), scripts.changes, "ENOSPC", "--sticky", "file")

    def test_old_segments_of_a_sealed_log(self):
        self.every_failure(
            self.place(begin=scripts.Old(sealed=True), config=scripts.Old.config),
            scripts.two_changes, "EIO")

    def test_a_record_that_fits_in_part(self):
        """The disk is full at this and that byte of an intent, and of an outcome."""
        place = self.place()
        place.reset()
        crash.run_to_death(place, scripts.one_change, "--within", place.log)
        problems = []
        for call in place.calls():
            if call["call"] != "write" or call["n"] == 0 or "/." in call["path"]:
                continue
            size = call["size"]
            parts = range(1, size) if crash.LONG else sorted({1, size - 1, *range(97, size, 97)})
            for part in parts:
                problems += self.one(place, scripts.one_change, "--within", place.log, "--short",
                                     f"{call['n']},{part},ENOSPC")
        self.told(problems)

    @only_long
    def test_one_time_without_room(self):
        self.every_failure(self.place(), scripts.changes, "ENOSPC")

    @only_long
    def test_a_file_with_errors(self):
        self.every_failure(self.place(), scripts.changes, "EIO", "--sticky", "file")

    @only_long
    def test_a_new_segment_between_intent_and_outcome(self):
        self.every_failure(self.place(begin=scripts.Long(), config=scripts.Long.config),
                           scripts.two_changes, "EIO")


if __name__ == "__main__":
    tap.main()
