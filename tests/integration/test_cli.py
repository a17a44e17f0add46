#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""fwctl(1): every verb for people and for programs, its exit codes and its errors."""

import json
import os
import pathlib
import re
import select
import signal
import shutil
import subprocess

import broker
from broker import COLD, DENIED, HUGE, IMMEDIATE, LARGE, NAME, fwctl, fwctl_json

(DONE, FAILED, USAGE, NOT_AUTHORIZED, REFUSED, DEVICE_ERROR, AUDIT, ABSENT, UNKNOWN) = range(9)
CLIENT_ERROR = "org.fwctl.Client1.Error"
KEY = re.compile(r"[a-z0-9]+([-.][a-z0-9]+)*")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class CliTest(broker.TestCase):
    def ends(self, status, *words, error=None, says="", user=broker.ALLOWED, stdin=None):
        """Runs fwctl for people and for programs; both must end so, and say why on stderr alone."""
        done = fwctl(*words, user=user, stdin=stdin)
        self.assertEqual(done.status, status, (words, done.err))
        self.assertEqual(done.out, "")
        self.assertTrue(done.err.startswith("fwctl: "), done.err)
        self.assertEqual(done.err.count("\n"), 1, done.err)
        done = fwctl("--json", *words, user=user, stdin=stdin)
        self.assertEqual((done.status, done.out), (status, ""), words)
        document = json.loads(done.err)
        self.assertEqual(set(document), {"error", "message"})
        self.assertIn(says, document["message"])
        if error:
            known = (error, f"{CLIENT_ERROR}.{error}", f"{NAME}.Error.{error}")
            self.assertIn(document["error"], known)
        return document["message"]

    def shows(self, *words, user=broker.ALLOWED):
        """What a verb prints for people."""
        done = fwctl(*words, user=user)
        self.assertEqual((done.status, done.err), (DONE, ""), words)
        return done.out

    def check_keys(self, document):
        if isinstance(document, dict):
            for key, value in document.items():
                self.assertRegex(key, KEY)
                self.assertIsNotNone(KEY.fullmatch(key), key)
                self.check_keys(value)
        elif isinstance(document, list):
            for item in document:
                self.check_keys(item)


class Verbs(CliTest):
    """What each prints for people, and the one document of --json, whose keys have one form."""

    def test_list(self):
        lines = self.shows("list").splitlines()
        self.assertEqual(len(lines), 6)
        self.assert_words(lines[1], "fwctl0", "cxl", "mem0", "0000:0d:00.0", "0x5e17", "2.1",
                          "simulated")
        document = fwctl_json("list")
        self.check_keys(document)
        self.assertEqual([entry["name"] for entry in document], broker.DEVICES)

    def test_show(self):
        broker.set_feature(COLD, b"\x09\0\0\0")
        self.assert_words(self.shows("show", "mem0"), "fwctl0", "0x5e17", COLD, "cold")
        document = fwctl_json("show", "mem0")
        self.check_keys(document)
        self.assertEqual((document["serial-number"], document["reset-required"]),
                         ("0x5e17", "cold"))
        self.assertIn(COLD, [change["feature"] for change in document["pending-resets"]])
        broker.reset("cold")

    def test_features(self):
        text = self.shows("features", "mem0")
        self.assertEqual(len(text.splitlines()), 25)
        self.assert_words(text, COLD, "patrol-scrub", "edac", "change-immediate", "after-reset")
        document = fwctl_json("features", "mem0")
        self.check_keys(document)
        self.assertEqual(len(document), 24)
        for entry in document:
            self.assertIsNotNone(UUID.fullmatch(entry["uuid"]), entry)

    def test_get(self):
        self.assert_words(self.shows("get", "mem0", "patrol-scrub"), "030c0101", "cycle-hours",
                          "12")
        document = fwctl_json("get", "mem0", "patrol-scrub", "--selection", "default")
        self.check_keys(document)
        self.assertEqual((document["data"], document["selection"]), ("030c0101", "default"))
        self.assertEqual(document["fields"]["cycle-hours"], 12)
        self.check_keys(fwctl_json("get", "mem0", "ecs"))

    def test_get_raw(self):
        words = ["session-control", "as", broker.ALLOWED, "fwctl", "get", "mem0", LARGE, "--raw"]
        done = subprocess.run(words, check=True, capture_output=True)
        self.assertEqual((done.stdout, done.stderr), (broker.get_feature(LARGE), b""))
        self.assertEqual(fwctl_json("get", "mem0", LARGE)["data"], done.stdout.hex())

    def test_set(self):
        text = self.shows("set", "mem0", COLD, "0a000000", "--allow-taint", "--reason",
                          "for people")
        self.assert_words(text, "applied", "after-reset", "cold", "Persistent", "audit show")
        document = fwctl_json("set", "mem0", COLD, "0b000000", "--allow-taint", "--reason",
                              "for programs")
        self.check_keys(document)
        self.assertEqual(document, {
            "audit-sequence": document["audit-sequence"], "outcome": "applied",
            "effect": "after-reset",
            "resets": ["cold"], "pending": True, "before": "0a000000", "feature": COLD,
            "persistent": True})
        records = broker.audit_records()
        self.assertEqual(records[document["audit-sequence"] - 1]["reason"], "for programs")
        broker.reset("cold")

    def test_explain(self):
        self.assert_words(self.shows("explain", "mem0", COLD), "cxl/get-feature", f"{NAME}.read",
                          "no")
        text = self.shows("explain", "mem0", COLD, "01020304", "--allow-taint")
        self.assert_words(text, "cxl/set-feature", "cold", "debug-write",
                          f"{NAME}.change-after-reset")
        document = fwctl_json("explain", "mem0", COLD, "01020304", "--allow-taint")
        self.check_keys(document)
        self.assertEqual((document["authorization"], document["refusal"]), ("yes", ""))
        document = fwctl_json("explain", "mem0", "sppr", "010203")
        self.assertEqual(document["refusal"], f"{NAME}.Error.KernelOwned")

    def test_explain_for_one_who_may_not(self):
        document = fwctl_json("explain", "mem0", COLD, user=DENIED)
        self.assertEqual((document["authorization"], document["refusal"]),
                         ("no", f"{NAME}.Error.NotAuthorized"))

    def test_audit(self):
        broker.set_feature(IMMEDIATE, b"\x0c\0\0\0")
        records = broker.audit_records()
        lines = self.shows("audit").splitlines()
        self.assertLessEqual(len(lines), 21)
        self.assert_words(lines[-1], records[-2]["seq"], IMMEDIATE, "0c000000", "applied")
        self.assertEqual(fwctl_json("audit", "--first", 1, "--most", 100000), records)
        self.assertEqual(fwctl_json("audit", "--most", 2), records[-2:])
        self.assertEqual(fwctl_json("audit", "--first", 2, "--most", 1), records[1:2])
        self.assertEqual(fwctl_json("audit", "--first", len(records) + 1), [])

    def test_audit_show(self):
        broker.set_feature(IMMEDIATE, b"\x0d\0\0\0", broker.TAINT | {"reason": ("s", "ticket 17")})
        intent, outcome = broker.audit_records()[-2:]
        for number in (intent["seq"], outcome["seq"]):
            text = self.shows("audit", "show", number)
            self.assert_words(text, "nobody", "uid 65534", "ticket 17", "0d000000", "applied",
                              intent["request"],
                              f"{NAME}.change-immediate: yes")
            self.assertEqual(fwctl_json("audit", "show", number), [intent, outcome])
        self.assertEqual(fwctl_json("audit", "show", 1)[0]["type"], "genesis")
        self.shows("audit", "show", 1)

    def test_audit_verify(self):
        records = broker.audit_records()
        text = self.shows("audit", "verify")
        self.assert_words(text, f"{len(records)} records", records[-1]["hash"])
        document = fwctl_json("audit", "verify")
        self.check_keys(document)
        self.assertEqual(document["last-hash"], records[-1]["hash"])
        self.assertEqual((document["segments"], document["sealed-since"], document["seal-checked"],
                          document["gaps"], document["pruned-through"],
                          document["uncounted-bytes"]), (1, 0, False, 0, 0, 0))
        directory = os.environ["FWCTLD_LOG"]
        self.assertEqual(fwctl_json("audit", "verify", directory, user=None), document)
        self.assertEqual(self.shows("audit", "verify", directory, user=None), text)

    def test_status(self):
        self.assert_words(self.shows("status"), "allowed", broker.manager("CatalogDigest"), "ok")
        document = fwctl_json("status")
        self.check_keys(document)
        self.assertEqual((document["devices"], document["audit-state"],
                          document["immediate-changes"], document["audit-sealed-since"]),
                         (5, "ok", "allowed", 0))
        self.assertEqual(document["audit-hash"], broker.audit_records()[-1]["hash"])

    def test_help_and_version(self):
        text = self.shows("--help")
        for verb in ("list", "show", "features", "get", "set", "explain", "audit show",
                     "audit verify", "audit revert", "audit seal-setup",
                     "audit follow", "audit", "status"):
            self.assertIn(f"\n  {verb} ", text)
        self.assertRegex(self.shows("--version"), r"^fwctl \d+\.\d+\.\d+\n$")

    def test_aliases(self):
        for name in ("fwctl0", "mem0", "0000:0d:00.0"):
            self.assertEqual(fwctl_json("show", name)["name"], "fwctl0")
        self.assertEqual(fwctl_json("show", "mem1")["name"], "fwctl1")

    def test_what_needs_no_authorization(self):
        for words in (("list",), ("show", "mem0"), ("features", "mem0"), ("status",),
                      ("explain", "mem0", COLD)):
            self.shows(*words, user=DENIED)

    def test_another_bus(self):
        address = os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
        done = broker.run_as(broker.ALLOWED, "env", "-u", "DBUS_SYSTEM_BUS_ADDRESS", "fwctl",
                             "--json",
                             "--address", address, "list")
        self.assertEqual(len(json.loads(done.out)), 5)


class Values(CliTest):
    def set(self, *words, feature=COLD, stdin=None):
        done = fwctl("--json", "set", "mem0", feature, *words, "--allow-taint", stdin=stdin)
        self.assertEqual(done.status, DONE, done.err)
        return json.loads(done.out)

    def file(self, name, data):
        path = pathlib.Path(os.environ["TMPDIR"]) / name
        path.write_bytes(data)
        return path

    def test_hexadecimal(self):
        self.set("0A0b0C0d")
        self.assertEqual(broker.get_feature(COLD, "saved").hex(), "0a0b0c0d")

    def test_file(self):
        value = bytes(range(256)) * 8
        self.set(f"@{self.file('value', value)}", feature=LARGE)
        self.assertEqual(broker.get_feature(LARGE, "saved"), value)

    def test_stdin(self):
        self.set("-", stdin="wxyz")
        self.assertEqual(broker.get_feature(COLD, "saved"), b"wxyz")

    def test_huge_value(self):
        value = bytes(i % 251 for i in range(60000))
        self.set(f"@{self.file('huge', value)}", feature=HUGE)
        self.assertEqual(broker.get_feature(HUGE), value)
        self.assertEqual(fwctl_json("get", "mem0", HUGE)["data"], value.hex())

    def test_fields(self):
        for text, wanted in (("value=5", "05000000"), ("value=0xdeadbeef", "efbeadde")):
            self.set(text, feature="cxl-test")
            self.assertEqual(fwctl_json("get", "mem0", "cxl-test")["data"], wanted)
        self.ends(USAGE, "set", "mem0", "cxl-test", "value=4294967296", error="Usage", says="value")
        self.ends(USAGE, "set", "mem0", "cxl-test", "nonsense=1", error="Usage", says="value")
        self.ends(USAGE, "set", "mem0", "cxl-test", "value=1", "value=2", error="Usage",
                  says="twice")
        self.ends(USAGE, "set", "mem0", COLD, "value=1", error="Usage", says="not known")
        self.ends(REFUSED, "set", "mem0", "patrol-scrub", "enabled=1", error="KernelOwned",
                  says="scrub0")

    def test_garbage(self):
        for text in ("xyz", "123", "0x12", "12 34", "", "g0"):
            with self.subTest(text):
                self.ends(USAGE, "set", "mem0", COLD, text, error="Usage", says="value")
                self.ends(USAGE, "explain", "mem0", COLD, text, error="Usage", says="value")

    def test_files_that_are_no_value(self):
        large = self.file("large", bytes(65536))
        self.ends(USAGE, "set", "mem0", HUGE, f"@{large}", error="Usage", says="65535 bytes")
        self.ends(USAGE, "set", "mem0", HUGE, "-", stdin="x" * 65536, error="Usage",
                  says="65535 bytes")
        self.ends(USAGE, "set", "mem0", COLD, f"@{self.file('empty', b'')}", error="Usage",
                  says="empty")
        self.ends(USAGE, "set", "mem0", COLD, "@/nonexistent", error="Usage", says="/nonexistent")
        self.ends(USAGE, "set", "mem0", COLD, "@/", error="Usage", says="directory")


class ExitCodes(CliTest):
    def test_failed(self):
        self.ends(FAILED, "audit", "show", 1000000, error="Failed", says="no record")

    def test_usage(self):
        for words in ((), ("frobnicate",), ("show",), ("show", "mem0", "mem1"), ("get", "mem0"),
                      ("set", "mem0", COLD), ("--frobnicate", "list"), ("-x", "list"),
                      ("list", "--selection", "saved"),
                      ("get", "mem0", COLD, "--selection", "tomorrow"),
                      ("get", "mem0", COLD, "--timeout", "soon"),
                      ("audit", "show", "one"), ("audit", "show", "0"), ("audit", "--most", "0"),
                      ("get", "mem0", COLD, "--selection"),
                      ("explain", "mem0", COLD, "00", "--selection", "saved")):
            with self.subTest(words):
                self.ends(USAGE, *words, error="Usage")

    def test_not_authorized(self):
        for words in (("get", "mem0", COLD), ("set", "mem0", COLD, "01000000", "--allow-taint"),
                      ("audit",),
                      ("audit", "show", 1), ("audit", "verify")):
            with self.subTest(words):
                self.ends(NOT_AUTHORIZED, *words, user=DENIED, error="NotAuthorized", says="polkit")
        self.ends(NOT_AUTHORIZED, "get", "mem0", COLD, "--no-ask-password", user=broker.ASKED,
                  error="NotAuthorizedCanObtain")

    def test_refused(self):
        broker.restart_mem0()
        self.ends(REFUSED, "set", "mem0", COLD, "01000000", error="WouldTaint",
                  says="--allow-taint")
        taint = "--allow-taint"
        self.ends(REFUSED, "set", "mem0", "patrol-scrub", "0101", taint, error="KernelOwned",
                  says="scrub0")
        self.ends(REFUSED, "set", "mem0", COLD, "01", taint, error="Malformed", says="4 bytes")
        self.ends(REFUSED, "get", "mem0", "none-such", error="UnknownFeature")
        self.ends(REFUSED, "set", "mem0", "none-such", "00", taint, error="UnknownFeature")
        self.ends(REFUSED, "get", "mem0", HUGE, "--selection", "saved", error="NotSupported")
        self.ends(REFUSED, "set", "mem0", broker.FIXED, "00" * 16, taint, error="NotSupported")
        broker.restart()

    def test_device_error(self):
        for count in (1, 2):
            broker.set_fault("set-feature", "status", "PAYLOADLEN", count=count)
        self.ends(DEVICE_ERROR, "set", "mem0", COLD, "01000000", "--allow-taint",
                  error="DeviceError",
                  says="PAYLOADLEN")
        for count in (1, 2):
            broker.set_fault("get-feature", "errno", "EIO", count=count)
        self.ends(DEVICE_ERROR, "get", "mem0", COLD, error="KernelRefused", says="EIO")

    def test_audit_broken(self):
        copy = pathlib.Path(os.environ["TMPDIR"]) / "tampered"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(os.environ["FWCTLD_LOG"], copy)
        copy.chmod(0o755)
        segment = copy / "audit-00000001.jsonl"
        segment.chmod(0o644)
        broker.set_feature(COLD, bytes(4))
        self.shows("audit", "verify", copy)
        text = segment.read_text()
        first = text.splitlines()[0]
        for what, tampered in (("a byte", text.replace('"genesis"', '"genesiz"', 1)),
                               ("a missing record", text.replace(first + "\n", "", 1)),
                               ("a record twice", first + "\n" + text)):
            with self.subTest(what):
                segment.write_text(tampered)
                self.ends(AUDIT, "audit", "verify", copy, error="AuditBroken", says="record")
        self.ends(AUDIT, "audit", "verify", "/nonexistent", error="AuditBroken",
                  says="/nonexistent")

    def test_absent(self):
        for words in (("show", "mem7"), ("features", "fwctl7"), ("get", "nothing", COLD),
                      ("show", ""),
                      ("set", "mem7", COLD, "00000000"), ("explain", "mem7", COLD)):
            with self.subTest(words):
                self.ends(ABSENT, *words, error="NoDevice", says="fwctl list")
        self.ends(ABSENT, "--address", "unix:path=/nonexistent", "list", error="NoBus",
                  says="--address")

    def test_no_broker(self):
        broker.control("daemon", "stop")
        try:
            for words in (("list",), ("status",), ("set", "mem0", COLD, "00000000"),
                          ("audit", "follow")):
                with self.subTest(words):
                    self.ends(ABSENT, *words, error="org.freedesktop.DBus.Error.ServiceUnknown",
                              says="fwctld")
        finally:
            broker.control("daemon", "start")

    def test_device_gone(self):
        broker.restart_mem0()
        broker.set_fault("set-feature", "unplug")
        done = fwctl("--json", "set", "mem0", COLD, "01000000", "--allow-taint")
        self.assertEqual((done.status, json.loads(done.err)["error"]),
                         (ABSENT, f"{NAME}.Error.DeviceGone"))
        broker.restart()

    def test_unknown(self):
        for count in (1, 2):
            broker.set_fault("set-feature", "errno", "EIO", count=count)
        self.ends(UNKNOWN, "set", "mem0", COLD, "01000000", "--allow-taint", error="OutcomeUnknown",
                  says="EIO")

    def test_unverified_is_unknown(self):
        broker.set_fault("set-feature", "false-success")
        done = fwctl("--json", "set", "mem0", COLD, "1f2f3f4f", "--allow-taint")
        self.assertEqual(done.status, UNKNOWN)
        self.assertEqual(json.loads(done.out)["outcome"], "unverified")
        self.assertEqual(json.loads(done.err)["error"], f"{NAME}.Error.OutcomeUnknown")

    def test_no_answer(self):
        broker.set_fault("set-feature", "hang-ms", "600000")
        done = fwctl("--json", "--timeout", 1, "set", "mem0", COLD, "01000000", "--allow-taint")
        self.assertEqual(done.status, UNKNOWN)
        self.assertIn("audit", json.loads(done.err)["message"])
        broker.unplug()
        broker.restart()

    def test_stdout_that_is_full(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(["fwctl", "list"], stdout=full, stderr=subprocess.PIPE,
                                  check=False, text=True)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("stdout", done.stderr)


class Follow(CliTest):
    def follow(self, *options):
        return broker.running("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                              "fwctl", *options, "audit", "follow")

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
        self.assertEqual((process.returncode, err), (DONE, ""))
        return out

    def test_for_people(self):
        with self.follow() as process:
            self.assertIn("Records after", process.stderr.readline())
            broker.set_feature(IMMEDIATE, b"\x44\0\0\0")
            last = broker.audit_records()[-1]["seq"]
            lines = [process.stdout.readline(), process.stdout.readline()]
            self.assert_words(lines[0], last - 1, "intent", "fwctl0", "cxl/set-feature")
            self.assert_words(lines[1], last, "outcome")
            self.assertEqual(self.end(process), "")

    def test_for_programs(self):
        with self.follow("--json") as process:
            # It says nothing when it is ready.
            while not select.select([process.stdout], [], [], 0.2)[0]:
                broker.set_feature(IMMEDIATE, b"\x45\0\0\0")
            notice = json.loads(process.stdout.readline())
            self.check_keys(notice)
            record = broker.audit_records()[notice["sequence"] - 1]
            self.assertEqual(notice, {"sequence": record["seq"], "type": record["type"],
                                      "device": "fwctl0", "command": "cxl/set-feature"})
            for line in self.end(process).splitlines():
                self.check_keys(json.loads(line))

    def test_values_are_not_in_it(self):
        with self.follow() as process:
            process.stderr.readline()
            broker.set_feature(IMMEDIATE, b"\xfe\xca\xfe\xca", broker.TAINT |
                               {"reason": ("s", "a secret")})
            text = process.stdout.readline() + process.stdout.readline() + self.end(process)
        self.assertNotRegex(text, "fecafeca|secret")

    def test_the_broker_is_restarted(self):
        with self.follow() as process:
            process.stderr.readline()
            broker.restart()
            broker.set_feature(IMMEDIATE, b"\x46\0\0\0")
            self.assertIn("intent", process.stdout.readline())
            self.end(process)


if __name__ == "__main__":
    broker.main()
