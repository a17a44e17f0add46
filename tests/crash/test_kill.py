#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --rules tests/integration/users.rules
"""fwctld killed before each system call by which it changes anything, and at torn writes."""

import collections
import os
import unittest

import crash
from crash import BASES, broker
import restart
import tap

REASON = "a reason that makes the record longer than a sector of a disk; " * 12


def changes(caller):
    """One of each kind: waits for a reset, at once, denied, failed by the device, the same again."""
    caller.change(broker.COLD, b"\x01\0\0\0")
    caller.change(broker.IMMEDIATE, b"\x02\0\0\0", reason=REASON)
    caller.change(broker.COLD, b"\x03\0\0\0", user=broker.DENIED)
    caller.fault("set-feature", "status", "BUSY")
    caller.change(broker.CONVENTIONAL, b"\x04\0\0\0")
    caller.change(broker.COLD, b"\x01\0\0\0")


def changes_of_two(caller):
    """Two devices at once, so that records of one stand between those of the other."""
    for value in (b"\x05\0\0\0", b"\x06\0\0\0"):
        caller.changes_at_once(*((on, feature, value) for on in ("fwctl0", "fwctl1")
                                 for feature in (broker.COLD, broker.IMMEDIATE)))


def numbered(calls):
    """What tells a call from the others, whatever thread came first: its name, its file, and the how
    manieth of these it is."""
    seen = collections.Counter()
    keys = []
    for call in calls:
        what = crash.describe(call)
        seen[what] += 1
        keys.append((what, seen[what]))
    return keys


class Kill(unittest.TestCase):
    def setUp(self):
        self.problems = []

    def place(self, *devices, **options):
        place = crash.Place(*devices, **options)
        self.addCleanup(place.remove)
        return place

    def point(self, place, script, *stop_options):
        """One run that ends at a call. Returns the calls until then, or None where it never came."""
        place.clear()
        status, answers = crash.run_to_death(place, script, *stop_options)
        told = crash.watch().told("AuditRecordAppended")
        calls = place.calls()
        if status == 0:
            return None
        self.assertEqual(status, crash.KILLED, place.said())
        try:
            restart.Left(place, answers, told).check()
        except AssertionError as problem:
            self.problems.append(f"{stop_options}, {crash.describe(calls[-1])}: {problem}")
        return calls

    def told(self):
        self.assertEqual(len(self.problems), 0, "\n" + "\n".join(self.problems[:8]))

    def every_call(self, place, script):
        """Kills it at every call until it ends by itself. Returns what it was killed at."""
        killed, number = set(), 1
        while calls := self.point(place, script, "--kill", number):
            self.assertEqual(calls[-1]["result"], "killed")
            killed.add(numbered(calls)[-1])
            number += 1
        self.assertGreater(number, 50)
        print(f"# {number - 1} points", flush=True)
        return killed

    def test_before_every_call(self):
        place = self.place()
        status, answers = crash.run_to_death(place, changes, "--data")
        self.assertEqual(status, 0, place.said())
        self.assertEqual([a.error for a in answers],
                         ["", "", "NotAuthorized", "DeviceError", ""])
        wanted = {key for key in numbered(place.calls())
                  if key[0].split()[-1].startswith(("audit-", ".", "simulated-", "pending-"))}
        killed = self.every_call(place, changes)
        self.told()
        # Every one of them, and not a sample.
        self.assertEqual(wanted - killed, set())

    def test_with_changes_at_once(self):
        place = self.place(crash.device(), crash.device("mem1", "0x5e18"))
        self.every_call(place, changes_of_two)
        self.told()

    def test_at_torn_writes(self):
        place = self.place()
        crash.run_to_death(place, changes, "--data")
        for call in place.calls():
            if not call["call"].startswith("write") or "audit-" not in call["path"]:
                continue
            size = call["size"]
            for part in sorted({1, size // 2, size - 1, *range(512 - call["at"] % 512, size, 512)}):
                self.point(place, changes, "--tear", f"{call['n']},{part}")
        self.told()


if __name__ == "__main__":
    tap.main()
