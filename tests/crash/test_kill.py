#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --rules tests/integration/users.rules
"""fwctld killed before each system call by which it changes anything, and at torn writes."""

import unittest

import crash
import restart
import scripts
import tap

# Everything there is to kill it at in a run takes some time, and a sealed or a rotated log is written
# by the same code.
only_long = unittest.skipUnless(crash.LONG, "--long")


# How often a call is waited for that does not come in every run.
TRIES = 5


class Kill(unittest.TestCase):
    def setUp(self):
        self.problems = []
        self.points = 0

    def place(self, *devices, **options):
        place = crash.Place(*devices, **options)
        self.addCleanup(place.remove)
        return place

    def point(self, place, script, *stop_options):
        """One run that ends at a call. Returns the calls until then, or None where it never came."""
        place.reset()
        status, answers = crash.run_to_death(place, script, *stop_options)
        told = crash.watch().told("AuditRecordAppended")
        calls = place.calls()
        if status == 0:
            return None
        self.assertEqual(status, crash.KILLED, place.said())
        self.points += 1
        try:
            restart.Left(place, answers, told).check()
        except AssertionError as problem:
            self.problems.append(f"{stop_options}, {crash.describe(calls[-1])}: {problem}")
        return calls

    def told(self):
        print(f"# {self.points} points", flush=True)
        self.assertEqual(len(self.problems), 0, "\n" + "\n".join(self.problems[:8]))

    def every_call(self, place, script):
        """Kills it at every call until it ends by itself."""
        number = 1
        while calls := self.point(place, script, "--kill", number):
            self.assertEqual(calls[-1]["result"], "killed")
            number += 1
        self.told()

    def every_call_on_files(self, place, script):
        """Kills it at every call on a file of the log or of the state: at the first write to this one,
        the second, and so on, whatever other threads do meanwhile."""
        place.reset()
        status, _ = crash.run_to_death(place, script)
        self.assertEqual(status, 0, place.said())
        counts = crash.counts(place.calls(), place.log, place.state)
        self.assertGreater(len(counts), 5)
        for (call, path), count in counts.items():
            hit = self.every_call_on_file(place, script, ("--call", call, "--on", path), count)
            # Records that are flushed together now need not have been so before: there are fewer calls
            # then, but those that are not about the grouping come in every run.
            self.assertGreaterEqual(hit, (count + 1) // 2, (call, path))
        self.told()

    def every_call_on_file(self, place, script, which, count):
        """Returns how many of @count there were to be killed at."""
        for number in range(1, count + 1):
            hits = (self.point(place, script, *which, "--kill", number) for _ in range(TRIES))
            if not any(hits):
                print(f"# {which}: {number - 1} of {count}", flush=True)
                return number - 1
        return count

    def test_before_every_call(self):
        self.every_call(self.place(), scripts.changes)
        self.assertGreater(self.points, 80)

    def test_before_every_call_on_files(self):
        self.every_call_on_files(self.place(), scripts.changes)

    def test_with_changes_at_once(self):
        self.every_call(self.place(*scripts.TWO_DEVICES), scripts.changes_at_once)

    def test_old_segments_of_a_sealed_log(self):
        """They are closed, removed and compressed as soon as fwctld starts."""
        self.every_call_on_files(
            self.place(begin=scripts.Old(sealed=True), config=scripts.Old.config),
            scripts.two_changes)

    def test_a_new_segment_between_intent_and_outcome(self):
        self.every_call_on_files(self.place(begin=scripts.Long(), config=scripts.Long.config),
                                 scripts.two_changes)

    def test_sealing(self):
        self.every_call_on_files(self.place(), scripts.sealing)

    def test_again_when_it_starts(self):
        """Once killed before the outcome, and then at each call of the next start."""
        place = self.place()
        place.begin = scripts.CutOff(place, scripts.changes)
        self.assertEqual(len(place.begin.open), 1)
        self.every_call_on_files(place, scripts.nothing)

    def test_again_when_it_starts_with_half_a_record(self):
        place = self.place()
        place.begin = scripts.CutOff(place, scripts.changes, part=700)
        self.every_call_on_files(place, scripts.nothing)

    @only_long
    def test_old_segments(self):
        self.every_call(self.place(begin=scripts.Old(), config=scripts.Old.config),
                        scripts.changes)

    @only_long
    def test_a_new_segment_of_a_sealed_log(self):
        self.every_call(self.place(begin=scripts.Long(sealed=True), config=scripts.Long.config),
                        scripts.changes)

    def test_at_torn_writes(self):
        place = self.place()
        crash.run_to_death(place, scripts.changes, "--within", place.log)
        for call in place.calls():
            if call["call"] != "write" or call["n"] == 0:
                continue
            size = call["size"]
            for part in sorted({1, size // 2, size - 1, *range(512 - call["at"] % 512, size, 512)}):
                self.point(place, scripts.changes, "--within", place.log, "--tear",
                           f"{call['n']},{part}")
        self.told()


if __name__ == "__main__":
    tap.main()
