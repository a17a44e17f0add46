#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --rules tests/integration/users.rules
"""The power goes after each system call: fwctld starts on all that the disk can hold then."""

import pathlib
import unittest

import crash
import disk
import restart
import tap
import test_kill


class File(unittest.TestCase):
    """What a disk can hold of one file."""

    def contents(self, flushed, written):
        file = disk.File()
        file.change(flushed, 1)
        file.flush(1)
        file.change(written, 2)
        return set(file.contents())

    def test_one_sector_is_old_or_new(self):
        self.assertEqual(self.contents(b"old", b"new"), {b"old", b"new"})

    def test_an_end_comes_in_sectors(self):
        a, b, c = b"a" * 500, b"b" * 500, b"c" * 500
        whole = a + b + c
        self.assertEqual(self.contents(a, whole), {
            a, whole, whole[:512], whole[:1024],
            a + bytes(1000), whole[:512] + bytes(988), whole[:1024] + bytes(476),
            a + bytes(12) + whole[512:], a + bytes(524) + whole[1024:],
            whole[:512] + bytes(512) + whole[1024:]})

    def test_a_flush_is_of_what_was_there_when_it_began(self):
        file = disk.File()
        file.change(b"1", 10)
        file.change(b"2", 20)
        file.flush(15)
        self.assertEqual((file.durable, file.data), (b"1", b"2"))
        file.flush(25)
        self.assertEqual(file.durable, b"2")


class PowerLoss(unittest.TestCase):
    def traced(self, script, *devices, **options):
        """A run of a script in directories that were there before."""
        place = crash.Place(*devices, **options)
        self.addCleanup(place.remove)
        place.log.mkdir(0o700)
        place.state.mkdir(0o700)
        status, answers = crash.run_to_death(place, script, "--data")
        self.assertEqual(status, 0, place.said())
        return place, place.calls(), answers, crash.watch().told("AuditRecordAppended")

    def put(self, place, state, stores):
        """Makes the directories hold this; a device has what it had, power or not."""
        place.clear()
        for path in (place.log, place.state):
            path.mkdir(0o700)
        kept = {path: data for path, data in state.items()
                if not place.is_store(pathlib.Path(path).name)}
        for path, data in (kept | stores).items():
            pathlib.Path(path).write_bytes(data)

    def every_loss(self, script, *devices, **options):
        place, calls, answers, told = self.traced(script, *devices, **options)
        model = disk.Disk(place.log, place.state)
        seen, problems = set(), []
        for call, following in disk.moments(model, calls):
            stores = {path: data for path, data in model.now().items()
                      if place.is_store(pathlib.Path(path).name)}
            known = [answer for answer in answers if following is None or answer.at < following]
            for state in model.states():
                key = (tuple(sorted(state.items())), tuple(sorted(stores.items())), len(known))
                if key in seen:
                    continue
                seen.add(key)
                self.put(place, state, stores)
                try:
                    restart.Left(place, known, []).check()
                except AssertionError as problem:
                    sizes = {pathlib.Path(path).name: len(data) for path, data in state.items()}
                    problems.append(f"after {call['n']}, {crash.describe(call)}, {sizes}: {problem}")
        print(f"# {len(seen)} states", flush=True)
        self.assertEqual(len(problems), 0, "\n" + "\n".join(problems[:8]))
        self.assertGreater(len(seen), 100)

    def test_the_model_is_right(self):
        """While the power is there, the directories are as it says."""
        place, calls, _, _ = self.traced(test_kill.changes)
        model = disk.Disk(place.log, place.state)
        for _ in disk.moments(model, calls):
            pass
        real = {str(path): path.read_bytes() for directory in (place.log, place.state)
                for path in directory.iterdir()}
        self.assertEqual(model.now(), real)

    def test_every_loss(self):
        self.every_loss(test_kill.changes)


if __name__ == "__main__":
    tap.main()
