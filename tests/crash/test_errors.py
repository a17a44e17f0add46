#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --rules tests/integration/users.rules
"""Every system call on the log's directory fails once, or from then on: fwctld goes on, honestly."""

import contextlib
import json
import re
import time
import unittest

import crash
from crash import broker, dbus
import promises
import restart
import tap
import test_kill

NOT_MADE, RAN = "so it was not made", "The command ran, but"
# What ran on the device or may have.
LOSES = {"failed", "applied", "unverified", "unknown"}


def shows(path):
    """Whether it is a segment, and no file that is being made, nor the directory."""
    return "/audit-" in path


def data_of(outcome, failure):
    """What the intent of this outcome was to set."""
    intents = promises.raw_records(failure.place.log)
    return next(intent["data"] for intent in intents if intent["type"] == "intent"
                and intent["request"] == outcome["request"])


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

    def run(self, script, number, error):
        caller = crash.Caller()
        with crash.Fwctld(self.place, "--within", self.place.log, "--data", "--fail",
                          f"{number},{error}", *self.sticky) as fwctld:
            self.served = fwctld.ready()
            if self.served:
                script(caller)
                self._look(caller)
                fwctld.process.terminate()
            self.status = fwctld.wait()
        self.answers = caller.answers
        self.told = crash.watch().told("AuditRecordAppended")

    def _look(self, caller):
        """Reads go on; changes do, once a new segment can be begun."""
        broker.get_feature(broker.COLD)
        broker.call(broker.ROOT, broker.MANAGER, "GetAuditRecords", "tua{sv}", 1, 1000, {})
        if promises.segments(self.place.log):
            promises.verify(self.place.log, open_intents=None)
        end = time.monotonic() + dbus.PATIENCE
        self._change(caller)
        while not self.worked and self.recovers() and time.monotonic() < end:
            time.sleep(0.02)
            self._change(caller)
        self.refused = broker.manager("AuditState") == "refusing"

    def _change(self, caller):
        value = (len(caller.answers) + 0x100).to_bytes(4, "little")
        self.worked = not caller.change(broker.COLD, value).error

    def recovers(self):
        """Whether a new segment can be begun: no outcome was lost, and not all new files fail."""
        stays = self.sticky and not shows(self.failed()["path"])
        return not self.lost() and not stays

    def failed(self):
        """The call that failed first."""
        return next(call for call in self.place.calls() if "kill" not in str(call["result"])
                    and call["result"] < 0 and call["result"] in (-5, -28))

    def lost(self):
        """The outcomes that could not be written: those of the batch of a write or flush that failed."""
        failed, batch = self.failed(), []
        for call in self.place.calls():
            if call["path"] != failed["path"]:
                continue
            if call["call"] == "write":
                batch = re.findall(rb"[^\n]+", bytes.fromhex(call["data"]))
            if call["n"] == failed["n"]:
                break
        if failed["call"] not in ("write", "fdatasync") or not shows(failed["path"]):
            return []
        records = [json.loads(line) for line in batch]
        return [record for record in records
                if record["type"] == "outcome" and record["outcome"]["class"] in LOSES]


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
        lost, store = failure.lost(), failure.place.store()
        ran = [answer for answer in failure.answers if RAN in answer.message]
        self.assertEqual([(answer.feature, answer.data) for answer in ran],
                         [(record["command"]["feature"], data_of(record, failure)) for record in lost])
        made = {answer.data for answer in failure.answers if not answer.error} | {
            answer.data for answer in ran}
        for answer in failure.answers:
            if answer.error == "AuditUnavailable" and answer not in ran:
                self.assertIn(NOT_MADE, answer.message)
            if answer.error and answer.data not in made:
                self.assertNotEqual(store[answer.on, answer.feature], answer.data)
        # After a lost outcome only a restart helps: it reads back.
        self.assertEqual(failure.worked, failure.recovers())
        self.assertEqual(failure.refused, not failure.recovers())

    def every_failure(self, script, error, *sticky):
        place = self.place()
        crash.run_to_death(place, script, "--within", place.log)
        wanted, problems, seen = place.calls(), [], set()
        for number in range(1, len(wanted) + 1):
            place.clear()
            failure = Failure(place, *sticky)
            try:
                failure.run(script, number, error)
                self.check(failure)
            except AssertionError as problem:
                problems.append(f"{number}, {crash.describe(failure.failed())}: {problem}")
            with contextlib.suppress(StopIteration):
                seen.add(crash.describe(failure.failed()))
        print(f"# {len(wanted)} calls", flush=True)
        self.assertEqual(len(problems), 0, "\n" + "\n".join(problems[:8]))
        self.assertEqual({crash.describe(call) for call in wanted} - seen, set())

    def test_one_error(self):
        self.every_failure(test_kill.changes, "EIO")

    def test_a_file_that_stays_bad(self):
        self.every_failure(test_kill.changes, "ENOSPC", "--sticky", "file")

    @unittest.skipUnless(crash.LONG, "--long")
    def test_one_time_without_room(self):
        self.every_failure(test_kill.changes, "ENOSPC")

    @unittest.skipUnless(crash.LONG, "--long")
    def test_a_file_with_errors(self):
        self.every_failure(test_kill.changes, "EIO", "--sticky", "file")


if __name__ == "__main__":
    tap.main()
