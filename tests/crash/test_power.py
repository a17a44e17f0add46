#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --rules tests/integration/users.rules
"""The power goes after each system call: fwctld starts on all that the disk can hold then."""

import pathlib
import unittest

import crash
import disk
import restart
import scripts
import tap


only_long = unittest.skipUnless(crash.LONG, "--long")


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
    def place(self, *devices, **options):
        place = crash.Place(*devices, **options)
        self.addCleanup(place.remove)
        return place

    def traced(self, place, script):
        """A run of a script in directories that were there before: the disk that it began with, the
        calls, and the answers."""
        place.put({})
        if place.begin:
            place.reset()
        model = disk.Disk((place.log, place.state), place.files())
        status, answers = crash.run_to_death(place, script)
        self.assertEqual(status, 0, place.said())
        return model, place.calls(), answers

    def every_loss(self, place, script):
        model, calls, answers = self.traced(place, script)
        seen, problems, key_file = set(), [], place.seal_key
        for call, following in disk.moments(model, calls):
            # A device has what it was told, power or not.
            devices_own = {path: data for path, data in model.now().items() if is_device(path)}
            known = [answer for answer in answers if following is None or answer.at < following]
            if following is not None and place.sealed_at > following:
                place.forget_key()
            elif key_file:
                place.seal_key = key_file
            for state in model.states():
                files = {path: data for path, data in state.items() if not is_device(path)}
                files |= devices_own
                key = (hash(tuple(sorted(files.items()))), len(known))
                if key in seen:
                    continue
                seen.add(key)
                place.put(files)
                try:
                    restart.Left(place, known, []).check()
                except AssertionError as problem:
                    sizes = {pathlib.Path(path).name: len(data) for path, data in files.items()}
                    problems.append(f"after {call['n']}, {crash.describe(call)}, {sizes}: {problem}")
        print(f"# {len(seen)} states", flush=True)
        self.assertEqual(len(problems), 0, "\n" + "\n".join(problems[:8]))
        self.assertGreater(len(seen), 5)
        return len(seen)

    def test_the_model_is_right(self):
        """While the power is there, the directories are as it says."""
        for begin in (None, scripts.Old(sealed=True)):
            place = self.place(begin=begin, config=scripts.Old.config)
            model, calls, _ = self.traced(place, scripts.changes)
            for _ in disk.moments(model, calls):
                pass
            self.assertEqual(model.now(), place.files())

    def test_changes(self):
        self.assertGreater(self.every_loss(self.place(), scripts.changes), 100)

    def test_old_segments_of_a_sealed_log(self):
        self.every_loss(self.place(begin=scripts.Old(sealed=True), config=scripts.Old.config),
                        scripts.two_changes)

    def test_a_new_segment_between_intent_and_outcome(self):
        self.every_loss(self.place(begin=scripts.Long(), config=scripts.Long.config),
                        scripts.two_changes)

    def test_sealing(self):
        self.every_loss(self.place(), scripts.sealing)

    def test_when_it_starts_after_a_crash(self):
        place = self.place()
        place.begin = scripts.CutOff(place, scripts.changes, part=700)
        self.every_loss(place, scripts.nothing)

    @only_long
    def test_old_segments(self):
        self.every_loss(self.place(begin=scripts.Old(), config=scripts.Old.config),
                        scripts.changes)

    @only_long
    def test_a_new_segment_of_a_sealed_log(self):
        self.every_loss(self.place(begin=scripts.Long(sealed=True), config=scripts.Long.config),
                        scripts.changes)

    @only_long
    def test_changes_at_once(self):
        self.every_loss(self.place(*scripts.TWO_DEVICES), scripts.changes_at_once)


def is_device(path):
    """Whether a file is a simulated device's memory."""
    return "/simulated-" in path or "/.simulated-" in path


if __name__ == "__main__":
    tap.main()
