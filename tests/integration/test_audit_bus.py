#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --no-polkit
"""fwctl audit verify over the bus: what it makes of a broker's answers, true ones and others. The broker
is this program."""

import json
import subprocess

import broker  # first: it says where the others are
import audit_log
import dbus
from broker import ALLOWED, NAME

DONE, BROKEN = 0, 6


class Broker(dbus.Connection):
    """Gives the lines of a log, some at a time."""

    def __init__(self, lines):
        super().__init__()
        self.lines, self.page = lines, 3
        last = json.loads(lines[-1])
        self.head = (last["seq"], last["hash"])
        self.asked = []  # first records
        self.before_page = lambda first: None
        if self.bus_call("RequestName", "su", NAME, 4)[0] != 1:
            raise AssertionError("the name is taken")

    def give(self, first):
        self.asked.append(first)
        self.before_page(first)
        lines = [line for line in self.lines if json.loads(line)["seq"] >= first]
        return lines[:self.page]

    def serve(self, process):
        """Answers until the process ends."""
        while process.poll() is None:
            self.receive(timeout=0.05)
            while self.calls:
                call = self.calls.pop(0)
                if call.member == "GetAll":
                    self.reply(call, "a{sv}", {"AuditSequence": ("t", self.head[0]),
                                               "AuditHash": ("s", self.head[1])})
                else:
                    self.reply(call, "as", self.give(call.body[0]))


class BusTest(broker.TestCase):
    def setUp(self):
        """A log of three segments of four records."""
        directory = broker.new_directory(self.id()) / "log"
        log = audit_log.Log(directory)
        self.addCleanup(log.end)
        self.hashes = {}
        for _ in range(3):
            log.begin()
            log.change()
            log.rotate()
            self.hashes[log.sequence] = log.hash
        log.begin()
        self.log = log
        self.broker = None

    def lines(self):
        self.log.file.flush()
        return [line for path in sorted(self.log.directory.iterdir())
                for line in path.read_text().splitlines()]

    def start(self):
        self.broker = Broker(self.lines())
        self.addCleanup(self.broker.close)

    def verify(self, *options, stdin=""):
        words = ["session-control", "as", ALLOWED, "fwctl", "--json", "audit", "verify", *options]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            process.stdin.write(stdin)
            process.stdin.close()
            self.broker.serve(process)
            output, words = process.stdout.read(), process.stderr.read()
        self.assertNotIn("Sanitizer", words)
        if process.returncode == DONE:
            return json.loads(output)
        self.assertEqual((process.returncode, output), (BROKEN, ""), words)
        return json.loads(words)["message"]

    def prune(self, segment):
        self.log.prune(segment, 4 * segment - 3, 4 * segment, self.hashes[4 * segment])

    def test_whole(self):
        self.start()
        verdict = self.verify("--since", f"4:{self.hashes[4]}")
        self.assertEqual((verdict["records"], verdict["segments"], verdict["last-hash"]),
                         (13, 4, self.log.hash))
        self.assertEqual(self.broker.asked, [1, 4, 7, 10, 13, 14])
        self.assertIn("does not have the hash", self.verify("--since", f"5:{self.hashes[4]}"))

    def test_sealed(self):
        self.log.rotate("seal")
        key = self.log.seal()
        self.log.begin()
        self.log.change()
        self.start()
        verdict = self.verify("--seal-key", "-", stdin=key)
        self.assertEqual((verdict["sealed-since"], verdict["seal-checked"]), (15, True))
        self.assertFalse(self.verify()["seal-checked"])

    def test_pruned(self):
        self.prune(1)
        self.start()
        verdict = self.verify()
        self.assertEqual((verdict["pruned-through"], verdict["records"]), (4, 10))

    def test_pruned_while_it_is_read(self):
        before = self.lines()
        self.prune(1)
        self.prune(2)
        self.start()
        after = self.broker.lines
        self.broker.lines = before

        def prune(first):
            if first == 4:
                self.broker.lines = after
        self.broker.before_page = prune
        verdict = self.verify()
        self.assertEqual((verdict["first-sequence"], verdict["records"]), (9, 7))
        self.assertEqual(self.broker.asked, [1, 4, 1, 1, 12, 15, 16])

    def test_a_record_that_is_not_given(self):
        self.start()
        del self.broker.lines[3]
        self.assertIn("record 5 stands here; records were removed", self.verify())

    def test_an_end_that_is_not_given(self):
        self.start()
        del self.broker.lines[-1]
        self.assertIn("the log ends at record 12, and the broker says 13", self.verify())

    def test_another_hash(self):
        self.start()
        self.broker.head = (12, self.hashes[8])
        self.assertIn("record 12 has another hash than the broker says", self.verify())


if __name__ == "__main__":
    broker.main()
