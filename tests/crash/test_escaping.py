#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --rules tests/integration/users.rules
"""What callers write stays inside of its record: one call makes one line of each kind, or an error."""

import json
import os
import re
import shutil
import struct
import subprocess
import unittest

import crash
from crash import broker, dbus
import promises
import tap

KIB = 1024
FORGED = ('","prev":"' + "0" * 64 + '","hash":"' + "0" * 64 + '"}\n'
          '{"v":1,"seq":1,"type":"genesis"}\n')

REASONS = {
    "quotes": 'he said "yes" and \'no\', \\ and \\" and /',
    "a forged end": FORGED,
    "newlines": "one\ntwo\r\nthree\rfour\n",
    "control characters": "".join(map(chr, range(1, 32))),
    "what a terminal obeys": "\x1b[2J\x1b]0;title\x07\x7f\x80\x9b31m\x85",
    "line separators": "a\u2028b\u2029c",
    "invisible characters": "\ufeff\u202e\u200b\u2066\ufff9\ufffd\ue000",
    "beyond 16 bits": "\U00010000\U0001f600\U0010fffd",
    "escapes": "\\u0000 \\n \\x00 %s %n {} ${HOME} $(id) `id`",
    "64 KiB": "r" * 64 * KIB,
    "64 KiB of quotes": '"' * 64 * KIB,
    "64 KiB of control characters": "\x01" * 64 * KIB,
    "64 KiB of long characters": "\U0001f600" * (16 * KIB),
    "64 KiB of newlines": "\n" * 64 * KIB,
}

# These stand as U+FFFD: programs that show a line may obey them, or end the line there.
REPLACED = re.compile("[\x7f-\x9f\u2028\u2029]")


class Escaping(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = crash.Place()
        cls.addClassCleanup(cls.place.remove)
        cls.fwctld = crash.Fwctld(cls.place)
        cls.addClassCleanup(cls.fwctld.__exit__)
        cls.fwctld.start()

    def setUp(self):
        self.caller = crash.Caller()
        self.before = len(self.lines())

    def lines(self):
        """All lines of the log, each of which any program can read as such."""
        data = b"".join(promises.segments(self.place.log))
        self.assertTrue(data.endswith(b"\n"))
        lines = data.decode().split("\n")[:-1]
        # Also by those who end lines at form feeds and at Unicode's separators.
        self.assertEqual(data.decode().splitlines(), lines)
        for line in lines:
            self.assertNotRegex(line, "[\x00-\x1f\x7f-\x9f]")
        return lines

    def new_records(self):
        return [json.loads(line) for line in self.lines()[self.before:]]

    def check_whole(self):
        promises.verify(self.place)
        promises.check_chain(self.place.log)

    def test_reasons(self):
        for number, (name, reason) in enumerate(REASONS.items()):
            with self.subTest(name):
                self.before = len(self.lines())
                answer = self.caller.change(broker.COLD, bytes([number, 1, 0, 0]), reason=reason)
                self.assertEqual(answer.error, "")
                intent, outcome = self.new_records()
                self.assertEqual((intent["type"], outcome["type"]), ("intent", "outcome"))
                self.assertEqual(intent["reason"], REPLACED.sub("\ufffd", reason))
                self.assertNotIn("reason", outcome)
        self.check_whole()

    def test_reasons_of_what_is_denied(self):
        for number, (name, reason) in enumerate(REASONS.items()):
            with self.subTest(name):
                self.before = len(self.lines())
                answer = self.caller.change(broker.COLD, bytes([number, 2, 0, 0]),
                                            user=broker.DENIED, reason=reason)
                self.assertEqual(answer.error, "NotAuthorized")
                deny, = self.new_records()
                self.assertEqual((deny["type"], deny["reason"]),
                                 ("deny", REPLACED.sub("\ufffd", reason)))
        self.check_whole()

    def test_a_reason_that_is_too_long(self):
        answer = self.caller.change(broker.COLD, b"\0\3\0\0", reason="r" * (64 * KIB + 1))
        self.assertIn(answer.error, ("TooLarge", "LimitExceeded",
                                     "org.freedesktop.DBus.Error.InvalidArgs"))
        self.assertIn("reason", answer.message)
        self.assertEqual(self.new_records(), [])

    def test_a_reason_of_no_characters(self):
        """The bus takes them, and sd-bus does not."""
        for reason in "\ufffe\uffff\ufdd0\U0001fffe\U0010ffff":
            with self.subTest(reason):
                answer = self.caller.change(broker.COLD, b"\0\3\0\0", reason=reason)
                self.assertEqual(answer.error, "org.freedesktop.DBus.Error.InconsistentMessage")
                self.assertEqual(self.new_records(), [])

    def test_a_reason_that_is_no_text(self):
        """The bus takes no text that is not UTF-8, and closes the connection."""
        for raw in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\0b"):
            with self.subTest(raw):
                connection = dbus.Connection(broker.ALLOWED)
                self.addCleanup(connection.close)
                message = self.message_with(connection, raw)
                connection._socket.sendall(message)  # pylint: disable=protected-access
                with self.assertRaises((dbus.Gone, ConnectionError)):
                    while True:
                        connection.receive()
                self.assertEqual(self.new_records(), [])

    @staticmethod
    def message_with(connection, raw):
        """A SetFeature whose reason is these bytes."""
        mark = "r" * len(raw)
        sent = []

        class Pretence:  # pylint: disable=too-few-public-methods
            sendall = staticmethod(sent.append)

        real, connection._socket = connection._socket, Pretence  # pylint: disable=protected-access
        try:
            broker.send(broker.device(), broker.CXL, "SetFeature", "saya{sv}", broker.COLD,
                        b"\0\4\0\0", broker.TAINT | {"reason": ("s", mark)}, to=connection)
        finally:
            connection._socket = real  # pylint: disable=protected-access
        packed = struct.pack("<I", len(raw))
        return bytes(sent[0]).replace(packed + mark.encode() + b"\0", packed + raw + b"\0")

    def test_a_reason_of_the_command_line_that_is_no_text(self):
        done = subprocess.run(
            ["fwctl", "--allow-taint", "--reason", b"\xff\xfe", "set", "fwctl0", broker.COLD,
             "00050000"], capture_output=True, check=False, timeout=dbus.PATIENCE)
        self.assertIn(done.returncode, (1, 2), done)
        self.assertIn("UTF-8", done.stderr.decode())
        self.assertEqual(self.new_records(), [])

    def test_names_of_features(self):
        for feature in ('"', "\n", FORGED, "\u2028", "f" * 64 * KIB, "%n", "../" * 20, ""):
            with self.subTest(feature):
                answer = self.caller.change(feature, b"\0\6\0\0")
                self.assertIn(answer.error, ("UnknownFeature", "Malformed"), answer.message)
                self.assertNotRegex(answer.message, "[\x00-\x1f\x7f-\x9f\u2028\u2029]")
                self.assertEqual(self.new_records(), [])

    def test_the_path_of_a_program(self):
        """It is anybody's to choose, and need not even be text."""
        names = [b"quote\"\\back", b"new\nline", b"\xff\xc3(\x1b[2J\x7f", "\u2028\u0085".encode(),
                 FORGED.replace("/", ":").encode()[:250]]
        for name in names:
            with self.subTest(name):
                self.before = len(self.lines())
                program = os.path.join(os.fsencode(broker.new_directory("programs")), name)
                shutil.copy(shutil.which("busctl"), program)
                done = subprocess.run(
                    [program, "call", broker.NAME, broker.device(), broker.CXL, "SetFeature",
                     "saya{sv}", broker.COLD, "4", "0", "7", "0", str(len(name) % 256), "1",
                     "allow-taint", "b", "true"], capture_output=True, check=False,
                    timeout=dbus.PATIENCE)
                records = self.new_records()
                self.assertIn([r["type"] for r in records], (["intent", "outcome"], ["deny"]), done)
                exe = records[0]["peer"]["unverified"]["exe"]
                whole = REPLACED.sub("\ufffd", program.decode(errors="replace"))
                self.assertTrue(exe == whole or exe.replace("\ufffd", "") == whole.replace(
                    "\ufffd", ""), (exe, whole))
        self.check_whole()

    def test_the_table_for_people(self):
        """What was written into a record does not reach a terminal as a command."""
        self.caller.change(broker.COLD, b"\0\x08\0\0", reason=REASONS["what a terminal obeys"])
        sequence = str(self.caller.answers[-1].sequence)
        for words in (("audit",), ("audit", "show", sequence)):
            done = broker.fwctl(*words)
            self.assertEqual(done.status, 0, done.err)
            self.assertNotRegex(done.out.replace("\n", ""), "[\x00-\x08\x0b-\x1f\x7f-\x9f]")


if __name__ == "__main__":
    tap.main()
