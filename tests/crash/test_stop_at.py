#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --no-polkit
"""stop-at itself: what it counts, and that it stops where it says."""

import json
import pathlib
import subprocess
import unittest

import crash
from crash import broker
import tap

# Four records, each with its flush; a line tells what came of each.
WRITER = """
import os, threading
def tell(word):
    with open("told", "a") as told:
        told.write(word + "\\n")
log = os.open("log/data", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for i in range(4):
    try:
        part = b"%d:hello\\n" % i
        while part:
            part = part[os.write(log, part):]
        os.fdatasync(log)
        tell("done")
    except OSError as error:
        tell(os.strerror(error.errno))
try:
    os.rename("log/data", "log/end")
except OSError:
    pass
"""

THREADS = """
import os, threading
log = os.open("log/data", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def work():
    for _ in range(25):
        os.write(log, b"x")
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


class StopAt(unittest.TestCase):
    def setUp(self):
        self.path = broker.new_directory("stop-at")
        (self.path / "log").mkdir()

    def run_it(self, *options, program=WRITER):
        """The exit status and the calls that were listed."""
        done = subprocess.run(
            [crash.STOP_AT, "--within", self.path / "log", "--list", self.path / "list", *options,
             "--", "python3", "-c", program], cwd=self.path, check=False)
        calls = [json.loads(line) for line in (self.path / "list").read_text().splitlines()]
        return done.returncode, [call for call in calls if call["n"] > 0]

    def data(self, name="data"):
        return (self.path / "log" / name).read_bytes()

    def told(self):
        path = self.path / "told"
        return path.read_text().splitlines() if path.exists() else []

    def test_it_counts_what_writes(self):
        status, calls = self.run_it("--data")
        self.assertEqual(status, 0)
        names = [call["call"] for call in calls if call["call"] != "ioctl"]
        self.assertEqual(names[0], "openat")
        self.assertEqual([name for name in names[1:] if not name.startswith("rename")],
                         ["write", "fdatasync"] * 4)
        self.assertRegex(names[-1], "^rename")
        self.assertEqual((calls[-1]["path"], calls[-1]["to"]),
                         (f"{self.path}/log/data", f"{self.path}/log/end"))
        self.assertEqual([call["n"] for call in calls], list(range(1, len(calls) + 1)))
        writes = [call for call in calls if call["call"] == "write"]
        self.assertEqual([(w["at"], w["size"], w["result"]) for w in writes],
                         [(0, 8, 8), (8, 8, 8), (16, 8, 8), (24, 8, 8)])
        self.assertEqual(bytes.fromhex(writes[1]["data"]), b"1:hello\n")

    def number_of(self, name, which):
        """The number of the which-th call of that name."""
        _, calls = self.run_it()
        for path in (self.path / "log").iterdir():
            path.unlink()
        pathlib.Path(self.path / "told").unlink()
        return [call["n"] for call in calls if call["call"] == name][which]

    def test_it_kills_before_the_call(self):
        number = self.number_of("write", 2)
        status, calls = self.run_it("--kill", str(number))
        self.assertEqual((status, calls[-1]["result"]), (crash.KILLED, "killed"))
        self.assertEqual((self.data(), self.told()), (b"0:hello\n1:hello\n", ["done", "done"]))

    def test_it_tears_a_write(self):
        number = self.number_of("write", 1)
        status, _ = self.run_it("--tear", f"{number},3")
        self.assertEqual((status, self.data()), (crash.KILLED, b"0:hello\n1:h"))

    def test_a_call_fails_and_is_not_run(self):
        number = self.number_of("write", 1)
        status, calls = self.run_it("--fail", f"{number},ENOSPC")
        self.assertEqual(status, 0)
        self.assertIn(-28, [call["result"] for call in calls])
        self.assertEqual(self.data("end"), b"0:hello\n2:hello\n3:hello\n")
        self.assertEqual(self.told(), ["done", "No space left on device", "done", "done"])

    def test_a_failure_can_stay(self):
        number = self.number_of("fdatasync", 1)
        self.run_it("--fail", f"{number},EIO", "--sticky", "file")
        self.assertEqual(self.told(), ["done"] + ["Input/output error"] * 3)

    def test_a_write_can_be_short(self):
        number = self.number_of("write", 1)
        self.run_it("--short", f"{number},5,ENOSPC")
        self.assertEqual(self.data("end"), b"0:hello\n1:hel2:hello\n3:hello\n")

    def test_all_threads_are_counted(self):
        status, calls = self.run_it(program=THREADS)
        self.assertEqual(status, 0)
        writes = [call for call in calls if call["call"] == "write"]
        self.assertEqual(len(writes), 100)
        self.assertEqual(len({call["thread"] for call in writes}), 4)
        (self.path / "log/data").unlink()
        status, _ = self.run_it("--kill", str(sorted(write["n"] for write in writes)[60]), program=THREADS)
        self.assertEqual(status, crash.KILLED)
        # Of those before it each other thread may have had one in hand.
        self.assertIn(len(self.data()), range(57, 61))

    def test_a_number_that_does_not_come(self):
        self.assertEqual(self.run_it("--kill", "1000")[0], 0)


if __name__ == "__main__":
    tap.main()
