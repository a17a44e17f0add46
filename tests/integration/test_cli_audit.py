#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""fwctl audit: the table of requests, and its filters."""

import fcntl
import os
import pty
import struct
import subprocess
import termios

import broker
from broker import (ALLOWED, COLD, CXL_TEST, DENIED, HUGE, IMMEDIATE, LARGE, MLX5, SLOW_COLD, call,
                    device, fwctl, fwctl_json)
import dbus
from test_cli import DONE, FAILED, REFUSED, USAGE, CliTest

HEAD = ["SEQ", "WHEN (UTC)", "WHO", "DEVICE", "WHAT", "FROM", "TO", "RESULT"]


def last(kind="intent"):
    """The newest record of that type."""
    return [record for record in broker.audit_records() if record["type"] == kind][-1]


def on_terminal(columns, *words):
    """What fwctl prints on a terminal of that width, as bytes."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(["session-control", "as", ALLOWED, "fwctl", *map(str, words)],
                          stdout=slave, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL) as process:
        os.close(slave)
        data = b""
        try:
            while part := os.read(master, 1 << 16):
                data += part
        except OSError:
            pass  # how a terminal ends
        os.close(master)
        process.wait()
    return data.replace(b"\r\n", b"\n")


class AuditTest(CliTest):
    def rows(self, *words):
        """The cells of the table, by the places of its titles."""
        lines = self.shows("audit", *words).splitlines()
        starts = [lines[0].index(title) for title in HEAD]
        self.assertEqual([lines[0][a:b].strip() for a, b in zip(starts, starts[1:] + [None])], HEAD)
        return [[line[a:b].strip() for a, b in zip(starts, starts[1:] + [None])]
                for line in lines[1:]]

    def row(self, *words):
        """The newest one."""
        return self.rows(*words, "--most", 1)[0]


class Table(AuditTest):
    def test_a_change_is_one_row(self):
        broker.set_feature(IMMEDIATE, b"\x01\0\0\0")
        broker.set_feature(IMMEDIATE, b"\x02\0\0\0")
        intent = last()
        when = intent["time"][:19].replace("T", " ")
        self.assertEqual(self.row(), [str(intent["seq"]), when, "nobody", "fwctl0", IMMEDIATE,
                                      "01000000", "02000000", "applied"])

    def test_names_and_fields(self):
        broker.set_feature(CXL_TEST, b"\x05\0\0\0")
        broker.set_feature(CXL_TEST, b"\x06\0\0\0")
        self.assertEqual(self.row()[4:], ["cxl-test", "value=5", "value=6", "applied"])
        fwctl("set", "mem0", "patrol-scrub", "0c01")
        self.assertEqual(self.row()[4:], ["patrol-scrub", "-", "cycle-hours=12 enabled=yes",
                                          "refused KernelOwned"])
        fwctl("set", "mem0", "ecs", "0104000400")
        self.assertEqual(self.row()[4:7], ["ecs", "-", "0104000400"])

    def test_a_catalog_of_ones_own(self):
        copy = broker.new_directory("catalog")
        text = (broker.CATALOG / "cxl.json").read_text()
        (copy / "cxl.json").write_text(text.replace('"cxl-test"', '"another"')
                                       .replace('"name": "value"', '"name": "number"'))
        copy.chmod(0o755)
        broker.set_feature(CXL_TEST, b"\x07\0\0\0")
        self.assertEqual(self.row("--catalog", copy)[4], "another")
        self.assert_words(self.shows("audit", "show", last()["seq"], "--catalog", copy), "another")
        done = fwctl("audit", "--catalog", "/nonexistent")
        self.assertEqual((done.status, done.out), (FAILED, ""))
        self.assertIn("/nonexistent", done.err)
        # Without a catalog there is a log all the same.
        done = broker.run_as(ALLOWED, "env", "FWCTL_CATALOG=/nonexistent", "fwctl", "audit",
                             "--most", 1)
        self.assertEqual(done.status, DONE)
        self.assertIn(CXL_TEST, done.out)
        self.assertIn("/nonexistent", done.err)

    def test_other_devices(self):
        value = bytes.fromhex("00" * 16)
        try:
            call(device("fwctl2"), MLX5, "AccessRegister", "qsuaya{sv}", 0x9024, "write", 0, value,
                 {})
        except dbus.Error:
            pass
        row = self.row("--command", "mlx5/access-register")
        self.assertEqual(row[3:5], ["fwctl2", "MNVDA"])
        fwctl("rpc", "fwctl3", "bnxt/fw-reset", user=DENIED)
        row = self.row("--command", "bnxt/fw-reset")
        self.assertEqual(row[2:5] + row[7:], ["daemon", "fwctl3", "bnxt/fw-reset",
                                              "refused NotAuthorized"])

    def test_genesis(self):
        broker.restart()
        self.assertEqual(self.rows("--first", 1, "--most", 1)[0][2:],
                         ["-", "-", "segment 1 begins", "-", "-", "-"])

    def test_results(self):
        for do, value, wanted in (("status", "BUSY", "failed BUSY"),
                                  ("errno", "EIO", "unknown EIO"),
                                  ("false-success", None, "unverified SUCCESS")):
            broker.set_fault("set-feature", do, value)
            fwctl("set", "mem0", COLD, "0f0e0d0c", "--allow-taint")
            self.assertEqual(self.row()[7], wanted)

    def test_a_change_that_runs(self):
        broker.set_fault("set-feature", "hang-ms", "600000")
        before = len(broker.audit_records())
        caller = dbus.Connection(ALLOWED)
        self.addCleanup(caller.close)
        broker.send_set(COLD, bytes(4), to=caller)
        broker.until(lambda: len(broker.audit_records()) > before, "no intent")
        self.assertEqual(self.row()[7], "running")
        text = self.shows("audit", "show", last()["seq"])
        self.assert_words(text, "it runs, or fwctld was stopped")
        self.ends(REFUSED, "audit", "revert", last()["seq"], error="NotSupported",
                  says="not recorded yet")
        broker.unplug()
        broker.restart()

    def test_after_a_crash(self):
        broker.restart_mem0()
        broker.set_fault("set-feature", "hang-ms", "600000")
        before = len(broker.audit_records())
        caller = dbus.Connection(ALLOWED)
        self.addCleanup(caller.close)
        broker.send_set(COLD, b"\x51\0\0\0", to=caller)
        broker.until(lambda: len(broker.audit_records()) > before, "no intent")
        broker.control("daemon", "kill")
        broker.control("daemon", "start")
        broker.until(lambda: last()["request"] == last("recover")["request"], "no recover")
        intent, recover = last(), last("recover")
        rows = [row for row in self.rows() if row[0] == str(intent["seq"])]
        self.assertEqual(len(rows), 1)
        self.assertRegex(rows[0][7], "^recovered: ")
        for number in (intent["seq"], recover["seq"]):
            self.assert_words(self.shows("audit", "show", number), "fwctld was stopped in it",
                              f"{recover['seq']} recover")
            self.assertEqual(fwctl_json("audit", "show", number), [intent, recover])

    def test_a_narrow_terminal(self):
        broker.set_feature(CXL_TEST, b"\x08\0\0\0")
        broker.set_feature(LARGE, bytes(2048))
        fwctl("set", "mem0", "patrol-scrub", "0c01")
        for columns in (80, 120):
            lines = on_terminal(columns, "audit", "--most", 4).decode().splitlines()
            self.assertEqual(len(lines), 5)
            for line in lines:
                self.assertLessEqual(len(line), columns)
            self.assertIn("…", lines[-1] if columns == 80 else lines[-2])
            self.assert_words(lines[-1], last("deny")["time"][:16].replace("T", " "), "patrol-s")
        self.assertNotIn("…", self.shows("audit", "--most", 1))

    def test_the_intent_is_far_from_the_outcome(self):
        # An outcome without its intent, as where the newest records begin with it.
        broker.set_feature(IMMEDIATE, b"\x09\0\0\0")
        outcome = last("outcome")
        row = self.rows("--first", outcome["seq"], "--most", 1)[0]
        self.assertEqual((row[0], row[2], row[6]),
                         (str(outcome["seq"] - 1), "nobody", "09000000"))

    def test_reads_that_are_recorded(self):
        broker.write_config("RecordReads=yes")
        broker.restart()
        self.addCleanup(broker.restart)
        self.addCleanup(broker.write_config, "")
        broker.get_feature(COLD)
        broker.get_feature(COLD)
        for row in self.rows("--most", 2):
            self.assertEqual(row[2:], ["nobody", "fwctl0", f"read {COLD}", "-", "-", "applied"])
        self.ends(REFUSED, "audit", "revert", last("outcome")["seq"], error="NotSupported",
                  says="a read")


class Filters(AuditTest):
    @classmethod
    def setUpClass(cls):
        for value in range(5):
            broker.set_feature(IMMEDIATE, bytes([value, 1, 0, 0]))
        broker.set_feature(COLD, bytes(4), user=None)
        fwctl("set", "mem1", SLOW_COLD, "00000000", "--allow-taint", user=DENIED)
        broker.set_feature(IMMEDIATE, b"\x06\1\0\0")
        cls.all = broker.audit_records()

    def check(self, condition, *words):
        wanted = [record for record in self.all if condition(record)]
        self.assertTrue(0 < len(wanted) < len(self.all), words)
        self.assertEqual(fwctl_json("audit", "--most", 1000, *words), wanted)
        # The newest ones, and those from a number on.
        self.assertEqual(fwctl_json("audit", "--most", 1, *words), wanted[-1:])
        self.assertEqual(fwctl_json("audit", "--first", 1, "--most", 1, *words), wanted[:1])
        return self.rows("--most", 1000, *words)

    def test_device(self):
        for name in ("mem1", "fwctl1", "0x5e18"):
            rows = self.check(lambda r: r.get("device", {}).get("name") == "fwctl1", "--device",
                              name)
            self.assertEqual({row[3] for row in rows}, {"fwctl1"})

    def test_command(self):
        self.check(lambda r: "command" in r, "--command", "cxl/set-feature")

    def test_uid(self):
        for words, uid in ((("--uid", "daemon"), 1), (("--uid", "1"), 1), (("--uid", "root"), 0)):
            rows = self.check(lambda r, uid=uid: r.get("peer", {}).get("uid") == uid, *words)
            self.assertEqual({row[2] for row in rows}, {"daemon" if uid else "root"})
        # The outcome does not say who asked; its row does.
        self.assertEqual(self.row("--uid", "root")[7], "applied")
        self.ends(USAGE, "audit", "--uid", "nobody-at-all", error="Usage", says="no user")
        self.ends(USAGE, "audit", "--uid", "-1", error="Usage")

    def test_type(self):
        rows = self.check(lambda r: r["type"] == "outcome", "--type", "outcome")
        self.assertEqual(len(rows), len([r for r in self.all if r["type"] == "outcome"]))
        self.assertEqual(rows[-1][2:], ["nobody", "fwctl0", IMMEDIATE, "04010000", "06010000",
                                        "applied"])
        self.check(lambda r: r["type"] == "deny", "--type", "deny")
        self.ends(USAGE, "audit", "--type", "nonsense", says="genesis")

    def test_times(self):
        middle = self.all[len(self.all) // 2]["time"]
        self.check(lambda r: r["time"] >= middle, "--since", middle)
        self.check(lambda r: r["time"] < middle, "--until", middle)
        self.ends(USAGE, "audit", "--since", "yesterday", says="2026-11-25")
        self.ends(USAGE, "audit", "--until", "1:deadbeef", says="until")

    def test_together(self):
        self.check(lambda r: r["type"] == "intent" and r["peer"]["uid"] == 65534, "--type",
                   "intent", "--uid", "nobody", "--device", "mem0")
        self.assertEqual(fwctl_json("audit", "--uid", "daemon", "--type", "intent"), [])
        self.assertEqual(self.rows("--uid", "daemon", "--type", "intent"), [])

    def test_where_they_do_not_belong(self):
        for words in (("audit", "show", "1", "--uid", "root"),
                      ("audit", "follow", "--type", "deny"),
                      ("list", "--device", "mem0"), ("status", "--until", "2026-01-01"),
                      ("audit", "revert", "1", "--command", "x")):
            self.ends(USAGE, *words, error="Usage", says=words[-2])


class Newest(AuditTest):
    """In a log that is longer than what is looked through at first."""

    @classmethod
    def setUpClass(cls):
        broker.set_feature(COLD, bytes(4), user=None)
        cls.intent = last()
        # Denials are quick to make.
        caller = broker.connection(DENIED)
        for _ in range(1100):
            serial = broker.send_set(COLD, bytes(4), to=caller)
            try:
                caller.answer(serial)
            except dbus.Error:
                pass

    def test_far_back(self):
        self.assertEqual(fwctl_json("audit", "--uid", "root", "--most", 1), [self.intent])
        row = self.row("--uid", "root")
        self.assertEqual((row[0], row[7]), (str(self.intent["seq"]), "applied"))

    def test_the_newest_of_many(self):
        rows = self.rows("--uid", "daemon", "--most", 1050)
        records = [r for r in broker.audit_records() if r.get("peer", {}).get("uid") == 1]
        self.assertEqual([row[0] for row in rows], [str(r["seq"]) for r in records[-1050:]])
        rows = self.rows("--most", 1050)
        self.assertEqual([row[0] for row in rows],
                         [str(r["seq"]) for r in broker.audit_records()[-1050:]])

    def test_twenty_without_a_number(self):
        self.assertEqual(len(self.rows()), 20)
        self.assertEqual(len(fwctl_json("audit")), 20)


class Segments(AuditTest):
    """What happens to the log itself."""

    def test_rotate_and_prune(self):
        broker.write_config("AuditSegmentMiB=1\nAuditKeepMiB=2")
        broker.restart_with_new_log()
        self.addCleanup(broker.restart_with_new_log)
        self.addCleanup(broker.write_config, "")
        for _ in range(60):
            broker.set_feature(HUGE, os.urandom(60000))
            if fwctl_json("audit", "--type", "prune", "--most", 1):
                break
        # The first segment is gone, and its records with it.
        prune = fwctl_json("audit", "--type", "prune", "--first", 1, "--most", 1)[0]
        self.assertEqual(prune["pruned"]["segment"], 1)
        self.assertGreater(int(self.rows("--first", 1, "--most", 1)[0][0]), 1)
        self.ends(FAILED, "audit", "show", 1, error="Failed", says="no record")
        self.assertEqual(self.row("--type", "prune")[2:5], ["-", "-", "segment 1 removed: size"])
        self.assert_words(self.shows("audit", "show", prune["seq"]), "Removed",
                          f"records 1 to {prune['pruned']['last']} of segment 1")
        rotate = fwctl_json("audit", "--type", "rotate", "--most", 1)[0]
        self.assertEqual(self.row("--type", "rotate")[4], "segment ends: size")
        self.assert_words(self.shows("audit", "show", rotate["seq"]), "segment ends: size")
        genesis = fwctl_json("audit", "--type", "genesis", "--most", 1)[0]
        self.assertEqual(self.row("--type", "genesis")[4], f"segment {genesis['segment']} begins")
        # Out of a closed segment, which is compressed.
        intent = fwctl_json("audit", "--type", "intent", "--first", 1, "--most", 1)[0]
        self.assertEqual([r["type"] for r in fwctl_json("audit", "show", intent["seq"] + 1)],
                         ["intent", "outcome"])


if __name__ == "__main__":
    broker.main()
