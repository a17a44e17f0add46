#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""fwctl audit show, the whole story of a request; audit revert, which puts the old value back;
audit seal-setup; and that what others wrote does not drive the terminal."""

import json
import os
import subprocess

import broker
from broker import (ALLOWED, COLD, CXL_TEST, DENIED, IMMEDIATE, LARGE, NAME, SLOW_COLD, answer_rule,
                    fwctl, fwctl_json)
from test_cli import (ABSENT, DONE, FAILED, NOT_AUTHORIZED, REFUSED, UNKNOWN, USAGE, CliTest)
from test_cli_audit import last


KEY = "fwctld-seal-1:[0-9]+:[0-9a-f]{64}"


def reason(text):
    return broker.TAINT | {"reason": ("s", text)}


class Show(CliTest):
    def show(self, number):
        return self.shows("audit", "show", number)

    def test_a_change(self):
        broker.set_feature(CXL_TEST, b"\x05\0\0\0")
        broker.set_feature(CXL_TEST, b"\x06\0\0\0", reason("ticket 17"))
        intent, outcome = last(), last("outcome")
        text = self.show(intent["seq"])
        self.assertEqual(self.show(outcome["seq"]), text)
        self.assert_words(
            text, f"{intent['seq']} intent, {intent['time']}", intent["request"],
            f"{outcome['seq']} outcome, {outcome['time']}", " ms from record to record",
            "nobody (uid 65534), bus name :", "Unverified        process ", "ticket 17",
            "fwctl0 (cxl, /sys/devices/simulated/0000:0d:00.0/mem0, serial 0x5e17, firmware 2.1)",
            f"cxl-test {CXL_TEST}", "cxl/set-feature (0x0502)",
            "after-reset (config-change-cold-reset",
            f"{NAME}.change-after-reset: yes (polkit allowed it)", "debug-write", "Persistent",
            "Value before      05000000", "Value to be set   06000000",
            "Read back         06000000",
            "applied: a read-back proves it", "Waits for         nothing now", "Kernel tainted",
            intent["daemon"]["catalog"])
        self.assertRegex(text, r"FIELD +BEFORE +TO BE SET +READ BACK\nvalue +5 +6 +6\n$")

    def test_what_waits(self):
        broker.set_feature(COLD, b"\x31\0\0\0")
        number = last()["seq"]
        self.assertIn("Waits for         a reset: cold;", self.show(number))
        broker.reset("cold")
        self.assertIn("Waits for         nothing now", self.show(number))
        broker.set_feature(SLOW_COLD, b"\x31\0\0\0", on="fwctl1")
        broker.unplug("fwctl1")
        self.assertIn("Waits for         not known", self.show(last()["seq"]))
        broker.restart()

    def test_what_was_not_allowed(self):
        fwctl("set", "mem0", "patrol-scrub", "0c01", user=DENIED)
        number = last("deny")["seq"]
        text = self.show(number)
        self.assert_words(text, "daemon (uid 1)", "not-asked (it was refused before",
                          "refused (KernelOwned): the device never saw it")
        self.assertRegex(text, r"FIELD +TO BE SET\ncycle-hours +12\nenabled +yes\n$")
        self.assertEqual(len(fwctl_json("audit", "show", number)), 1)
        fwctl("set", "mem0", COLD, "00000000", "--allow-taint", user=DENIED)
        self.assert_words(self.show(last("deny")["seq"]), "no (polkit did not allow it)",
                          "refused (NotAuthorized)")

    def test_other_drivers(self):
        fwctl("rpc", "fwctl2", "mlx5/access-register", "register=MFRL", "method=write",
              "data=" + "00" * 16)
        self.assert_words(self.show(last()["seq"]), "mlx5/access-register", "MFRL 0x9028")
        fwctl("rpc", "fwctl3", "bnxt/fw-reset", "embedded-proc-type=1", user=DENIED)
        self.assert_words(self.show(last("deny")["seq"]), "bnxt/fw-reset", "disruptive",
                          f"{NAME}.disrupt: no")

    def test_a_long_value(self):
        broker.set_feature(LARGE, b"\xab" * 2048)
        text = self.show(last()["seq"])
        self.assert_words(text, "abab… (2048 bytes; --json shows all)")
        self.assertLess(max(map(len, text.splitlines())), 130)

    def test_genesis(self):
        self.assert_words(self.show(1), "1 genesis", "segment 1 begins", "fwctld 0.")

    def test_no_such_record(self):
        self.ends(FAILED, "audit", "show", 1000000, error="Failed", says="no record")
        self.ends(NOT_AUTHORIZED, "audit", "show", 1, user=DENIED, error="NotAuthorized")


class Revert(CliTest):
    def revert(self, number, *words):
        done = fwctl("--json", "audit", "revert", number, *words)
        self.assertEqual((done.status, done.err), (DONE, ""))
        return json.loads(done.out)

    def change(self, value, feature=IMMEDIATE):
        """Makes a change, and returns the number of its intent."""
        broker.set_feature(feature, value)
        return last()["seq"]

    def test_of_an_immediate_change(self):
        self.change(b"\x01\0\0\0")
        number = self.change(b"\x02\0\0\0")
        document = self.revert(number)
        self.check_keys(document)
        intent = last()
        self.assertEqual(document, {
            "reverts": number, "audit-sequence": intent["seq"], "outcome": "applied",
            "effect": "immediate", "resets": [], "pending": False, "before": "02000000",
            "feature": IMMEDIATE, "persistent": True})
        self.assertEqual(broker.get_feature(IMMEDIATE), b"\x01\0\0\0")
        self.assertEqual((intent["reason"], intent["data"], intent["before"]),
                         (f"revert of audit record {number}", "01000000", "02000000"))
        self.assertEqual(intent["auth"]["action"], f"{NAME}.change-immediate")
        # It is the same from the outcome's number.
        number = self.change(b"\x02\0\0\0")
        self.assertEqual(self.revert(number + 1, "--reason", "ticket 18")["reverts"], number)
        self.assertEqual(last()["reason"], f"revert of audit record {number}: ticket 18")

    def test_for_people(self):
        number = self.change(b"\x03\0\0\0")
        text = self.shows("audit", "revert", number)
        self.assert_words(text, f"Reverts           audit record {number}", IMMEDIATE, "applied",
                          "Value before      03000000")

    def test_of_a_change_that_waits(self):
        before = broker.get_feature(COLD, "saved")
        number = self.change(b"\x71\0\0\0", COLD)
        self.revert(number, "--allow-taint")
        self.assertEqual(broker.get_feature(COLD, "saved"), before)

    def test_of_a_revert(self):
        self.change(b"\x04\0\0\0")
        number = self.change(b"\x05\0\0\0")
        first = self.revert(number)["audit-sequence"]
        second = self.revert(first)["audit-sequence"]
        self.assertEqual(broker.get_feature(IMMEDIATE), b"\x05\0\0\0")
        self.revert(second)
        self.assertEqual(broker.get_feature(IMMEDIATE), b"\x04\0\0\0")

    def nothing_to_do(self, number):
        with broker.Recorded() as log:
            done = fwctl("audit", "revert", number)
            self.assertEqual((done.status, done.out), (DONE, ""))
            self.assertIn("Nothing is to be done", done.err)
            self.assertEqual(self.revert(number)["outcome"], "unchanged")
        self.assertEqual(log.types, [])

    def test_the_old_value_is_there(self):
        self.change(b"\x06\0\0\0")
        number = self.change(b"\x07\0\0\0")
        self.revert(number)
        self.nothing_to_do(number)
        self.nothing_to_do(self.change(b"\x06\0\0\0"))

    def test_somebody_has_changed_it(self):
        number = self.change(b"\x08\0\0\0")
        self.change(b"\x09\0\0\0")
        with broker.Recorded() as log:
            self.ends(REFUSED, "audit", "revert", number, error="Conflict", says="somebody")
        self.assertEqual(log.types, ["deny"] * 2)
        self.assertEqual(broker.get_feature(IMMEDIATE), b"\x09\0\0\0")

    def test_what_was_unverified(self):
        # The device says that it did it, and did not: the old value is there.
        before = broker.get_feature(IMMEDIATE)
        broker.set_fault("set-feature", "false-success")
        fwctl("set", "mem0", IMMEDIATE, "11111111", "--allow-taint")
        self.nothing_to_do(last()["seq"])
        self.assertEqual(broker.get_feature(IMMEDIATE), before)
        # It says the same of the change back.
        number = self.change(b"\x12\0\0\0")
        broker.set_fault("set-feature", "false-success")
        done = fwctl("--json", "audit", "revert", number)
        self.assertEqual((done.status, json.loads(done.out)["outcome"]), (UNKNOWN, "unverified"))

    def test_what_cannot_be(self):
        def refused(number, says):
            with broker.Recorded() as log:
                self.ends(REFUSED, "audit", "revert", number, error="NotSupported", says=says)
            self.assertEqual(log.types, [])
        refused(1, "the log itself")
        fwctl("set", "mem0", "patrol-scrub", "0c01")
        refused(last("deny")["seq"], "nothing was changed")
        broker.set_fault("set-feature", "status", "BUSY")
        fwctl("set", "mem0", COLD, "01010101", "--allow-taint")
        refused(last()["seq"], "nothing was changed")
        broker.set_fault("set-feature", "errno", "EIO")
        fwctl("set", "mem0", COLD, "01010101", "--allow-taint")
        refused(last("outcome")["seq"], "nobody knows")
        fwctl("rpc", "fwctl2", "mlx5/access-register", "register=MFRL", "method=write",
              "data=" + "00" * 16)
        refused(last()["seq"], "CXL Feature")
        self.ends(FAILED, "audit", "revert", 1000000, error="Failed", says="no record")
        self.ends(USAGE, "audit", "revert", "x", error="Usage")
        self.ends(USAGE, "audit", "revert", error="Usage")

    def test_it_would_taint(self):
        number = self.change(b"\x31\0\0\0", COLD)
        # As after a reboot: the device has kept the value, and the kernel is untainted.
        content = broker.load_simulated()
        feature = next(f for f in content["features"] if f["uuid"] == COLD)
        feature["current"] = feature["saved"] = "31000000"
        broker.restart("--simulate", broker.simulated_directory("rebooted", content))
        self.addCleanup(broker.restart)
        self.ends(REFUSED, "audit", "revert", number, error="WouldTaint", says="--allow-taint")
        self.revert(number, "--allow-taint")

    def test_unauthorized(self):
        number = self.change(b"\x21\0\0\0")
        self.ends(NOT_AUTHORIZED, "audit", "revert", number, user=DENIED, error="NotAuthorized",
                  says="read-audit")
        # One who may see all, and change nothing.
        condition = (f"subject.user === '{DENIED}' && action.id !== '{NAME}.change-immediate'")
        with broker.rules(answer_rule(condition)), broker.Recorded() as log:
            self.ends(NOT_AUTHORIZED, "audit", "revert", number, user=DENIED,
                      error="NotAuthorized", says="change-immediate")
        self.assertEqual(log.types, ["deny"] * 2)
        self.assertEqual(log.records[0]["reason"], f"revert of audit record {number}")
        self.assertEqual(broker.get_feature(IMMEDIATE), b"\x21\0\0\0")

    def test_the_device_is_gone(self):
        broker.set_feature(SLOW_COLD, b"\x33\0\0\0", on="fwctl1")
        number = last()["seq"]
        broker.unplug("fwctl1")
        self.ends(ABSENT, "audit", "revert", number, error="NoDevice", says="0x5e18")
        broker.restart()
        # It is there again, and what it was before, for it is a simulated one.
        self.assertEqual(self.revert(number, "--allow-taint")["outcome"], "unchanged")

    def test_another_device_of_the_same_name(self):
        number = self.change(b"\x41\0\0\0")
        for changed in ({"serial": "0x1234"}, {"parent": "mem5"}):
            content = broker.load_simulated() | changed
            broker.restart("--simulate", broker.simulated_directory("other", content))
            self.assertEqual(broker.devices(), ["fwctl0"])
            broker.set_feature(IMMEDIATE, b"\x41\0\0\0")
            with broker.Recorded() as log:
                self.ends(ABSENT, "audit", "revert", number, error="NoDevice", says="0x5e17")
            self.assertEqual(log.types, [])
        broker.restart()


class Escapes(CliTest):
    """What a caller or a device wrote never reaches the terminal as it is."""

    WORDS = "\x1b[2J\x1b]0;owned\x07\r\b\x7f\x9b31m\u202e\u2028 \t\n 'quoted\" \\ end"

    def check(self, *words, status=DONE):
        done = subprocess.run(["session-control", "as", ALLOWED, "fwctl", *map(str, words)],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, status, words)
        for text in (done.stdout, done.stderr):
            text = text.decode()  # valid UTF-8
            for character in text.replace("\n", ""):
                self.assertFalse(ord(character) < 32 or 127 <= ord(character) < 160,
                                 (words, text))
        return done.stdout.decode()

    def test_reason(self):
        before = broker.get_feature(IMMEDIATE)
        broker.set_feature(IMMEDIATE, b"\x51\0\0\0", reason(self.WORDS))
        number = last()["seq"]
        text = self.check("audit", "show", number)
        self.assertIn("?[2J", text)
        self.assertIn("'quoted\" \\ end", text)
        self.check("audit")
        # Programs get all of it, escaped.
        text = self.check("--json", "audit", "show", number)
        self.assertIn("\\u001b[2J", text)
        self.check("audit", "revert", number, "--reason", self.WORDS.replace("\0", ""))
        self.assertEqual(broker.get_feature(IMMEDIATE), before)

    def test_what_is_typed(self):
        for words, status in ((("audit", "show", "\x1b[2J"), USAGE),
                              (("audit", "--type", "\x1b[2J"), USAGE),
                              (("audit", "--since", "\x1b[2J"), USAGE),
                              (("audit", "--uid", "\x1b[2J"), USAGE),
                              (("audit", "--device", "\x1b[2J"), DONE),
                              (("audit", "revert", "\x9b2J"), USAGE)):
            self.check(*words, status=status)

    def test_invalid_utf_8(self):
        for words in (["audit", "--device", b"\xff\xfe"],
                      ["audit", "revert", "1", "--reason", b"\xff"]):
            done = subprocess.run(["session-control", "as", ALLOWED, "fwctl", *words],
                                  capture_output=True, check=False)
            self.assertNotIn(b"\xff", done.stdout + done.stderr)
            self.assertNotEqual(done.returncode, DONE)

    def test_names_of_a_device(self):
        content = broker.load_simulated() | {"firmware": "2.1\x1b[2J\x9b"}
        broker.restart("--simulate", broker.simulated_directory("names", content))
        broker.set_feature(IMMEDIATE, b"\x52\0\0\0")
        self.assertIn("firmware 2.1?[2J", self.check("audit", "show", last()["seq"]))
        self.check("audit")
        self.check("--json", "audit", "--most", 1)
        broker.restart()


class SealSetup(CliTest):
    """A log is sealed for its life."""

    def setUp(self):
        broker.restart_with_new_log()
        self.addCleanup(broker.restart_with_new_log)

    def test_seal(self):
        self.ends(NOT_AUTHORIZED, "audit", "seal-setup", user=DENIED, error="NotAuthorized")
        self.assertIn("Sealed            no", self.shows("status"))
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                ["session-control", "as", ALLOWED, "fwctl", "audit", "seal-setup"],
                stdout=full, stderr=subprocess.PIPE, check=False, text=True)
        # The key is not lost.
        self.assertEqual(done.returncode, FAILED)
        self.assertRegex(done.stderr, f"^fwctl: the log is sealed, .*: {KEY}\n$")
        since = broker.manager("AuditSealedSince")
        self.assertIn(f"Sealed            since record {since}", self.shows("status"))
        self.assertEqual(fwctl_json("status")["audit-sealed-since"], since)
        self.ends(REFUSED, "audit", "seal-setup", error="Conflict", says="sealed already")
        self.assert_words(self.shows("audit", "show", since), "Seal", f"since record {since}")
        text = self.shows("audit")
        self.assert_words(text, "nobody", "segment ends: seal",
                          "segment 2 begins, sealed from here")
        verdict = fwctl_json("audit", "verify")
        self.assertEqual(verdict["sealed-since"], since)

    def test_the_key_is_shown(self):
        for words in ((), ("--json",)):
            broker.restart_with_new_log()
            done = fwctl("audit", "seal-setup", *words)
            self.assertEqual(done.status, DONE, done.err)
            key = json.loads(done.out)["key"] if words else done.out.removesuffix("\n")
            self.assertRegex(key, f"^{KEY}$")
            self.assertEqual(int(key.split(":")[1]), broker.manager("AuditSealedSince"))
            self.assertNotIn(key, done.err)
            self.assertEqual(done.err.count("another machine"), 0 if words else 1)
            broker.set_feature(IMMEDIATE, bytes(4))
            done = fwctl("audit", "verify", "--seal-key", "-", os.environ["FWCTLD_LOG"], user=None,
                         stdin=key + "\n")
            self.assertEqual(done.status, DONE, done.err)


if __name__ == "__main__":
    broker.main()
