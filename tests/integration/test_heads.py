#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --simulate policy/simulated --rules tests/integration/users.rules
"""Heads of the audit log in the journal: this is the journal, or there is none, or it is stuck."""

import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import threading

import broker
from broker import COLD, IMMEDIATE, SLOW_COLD
import dbus

JOURNAL = pathlib.Path("/run/systemd/journal/socket")
PIDFILE = pathlib.Path(os.environ["FWCTLD_PIDFILE"])
LOG = pathlib.Path(os.environ["FWCTLD_LOG"])
STDERR = pathlib.Path(os.environ["FWCTLD_STDERR"])
MESSAGE_ID = "9d1c8f0a6f5e4d3b8a2b7c1e0f4d6a91"
NOT_ANNOUNCED = re.compile(r"(\d+) heads of the audit log were not announced to the journal")
NETLINK_AUDIT = 9
# herald.h has it: so many announcements wait.
DEPTH = 1024


def setUpModule():
    # The session hides the machine's journal, where there is one.
    if not JOURNAL.parent.parent.is_dir():
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "test", "/run"], check=True)
    JOURNAL.parent.mkdir(parents=True)


def decode(datagram):
    """The fields, all of which must have the form with a length; none comes twice."""
    fields, at = {}, 0
    while at < len(datagram):
        end = datagram.index(b"\n", at)
        name = datagram[at:end].decode()
        (size,) = struct.unpack_from("<Q", datagram, end + 1)
        at = end + 9 + size + 1
        assert datagram[at - 1:at] == b"\n", datagram
        assert name not in fields, datagram
        fields[name] = datagram[end + 9:at - 1]
    return fields


def encode(fields):
    return b"".join(name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
                    for name, value in fields.items() if value)


class Journal:
    """journald's socket. It takes datagrams once it is told to."""

    def __init__(self):
        self.datagrams = []
        # What was on its way before the socket was there may come, or not.
        self.first = len(heads()) + 1
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(JOURNAL))
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._take)
        self._going = True

    def take(self):
        self._thread.start()
        return self

    def _take(self):
        while self._going:
            try:
                self.datagrams.append(self._socket.recv(65536))
            except socket.timeout:
                pass

    def close(self):
        if self._thread.is_alive():
            self._going = False
            self._thread.join()
        self._socket.close()
        JOURNAL.unlink()

    @property
    def entries(self):
        return [decode(datagram) for datagram in self.datagrams]

    @property
    def records(self):
        """Of the entries those about a record, as (number, hash)."""
        return [(int(e["FWCTL_SEQ"]), e["FWCTL_HASH"].decode()) for e in self.entries
                if "FWCTL_TYPE" in e and int(e["FWCTL_SEQ"]) >= self.first]

    def until(self, sequence):
        """Waits for the announcement of that record."""
        broker.until(lambda: self.records and self.records[-1][0] >= sequence,
                     f"record {sequence} was not announced")


def heads():
    return [(record["seq"], record["hash"]) for record in broker.audit_records()]


def message(record):
    """What a person reads."""
    kind, subject = record["type"], "The audit log"
    if "command" in record:
        subject = f"{record['command']['name']} on {record['device']['name']}"
    deed = {"genesis": "a segment begins", "intent": "about to run", "deny": "refused"}.get(
        kind, record.get("outcome", {}).get("class"))
    asked = f", asked for by uid {record['peer']['uid']}" if "peer" in record else ""
    return f"{subject}: {deed}{asked}; head {record['seq']}:{record['hash']}"


def announcement(record):
    """The datagram for a record, to the byte."""
    def text(*way):
        value = record
        for key in way:
            value = value.get(key, {})
        return b"" if value == {} else str(value).encode()
    return encode({
        "MESSAGE": message(record).encode(),
        "MESSAGE_ID": MESSAGE_ID.encode(),
        "PRIORITY": b"4" if record["type"] == "deny" else b"5",
        "SYSLOG_IDENTIFIER": b"fwctld",
        "FWCTL_SEQ": text("seq"),
        "FWCTL_HASH": text("hash"),
        "FWCTL_TYPE": text("type"),
        "FWCTL_DEVICE": text("device", "name"),
        "FWCTL_SERIAL": text("device", "serial"),
        "FWCTL_COMMAND": text("command", "name"),
        "FWCTL_FEATURE": text("command", "feature"),
        "FWCTL_EFFECT": text("command", "effect"),
        "FWCTL_OUTCOME": text("outcome", "class"),
        "FWCTL_UID": text("peer", "uid"),
        "FWCTL_REQUEST": text("request"),
    })


class HeadsTest(broker.TestCase):
    def setUp(self):
        STDERR.write_text("")

    def tearDown(self):
        if PIDFILE.exists():
            broker.control("daemon", "stop")
        self.assert_log_whole()

    def journal(self):
        journal = Journal()
        self.addCleanup(journal.close)
        return journal

    def assert_all_announced(self, journal, first=1):
        journal.until(heads()[-1][0])
        self.assertEqual(journal.records, heads()[first - 1:])

    def not_announced(self):
        """How many fwctld says that it did not announce."""
        return [int(n) for n in NOT_ANNOUNCED.findall(STDERR.read_text())]


class Announced(HeadsTest):
    def test_each_record_to_the_byte(self):
        for entry in LOG.iterdir():
            entry.unlink()
        journal = self.journal().take()
        broker.start_mem0()
        broker.set_feature(COLD, b"\x0a\xbc\xde\xf1",
                           broker.TAINT | {"reason": ("s", "FWCTL_HASH=0\nFWCTL_SEQ=1")})
        self.refused("NotAuthorized", broker.set_feature, IMMEDIATE, bytes(4), user=broker.DENIED)
        broker.set_fault("set-feature", "errno", "EIO")
        self.refused("OutcomeUnknown", broker.set_feature, COLD, bytes(4))
        self.assert_all_announced(journal)
        records = broker.audit_records()
        self.assertEqual([record["type"] for record in records],
                         ["genesis", "intent", "outcome", "deny", "intent", "outcome"])
        told = [datagram for datagram in journal.datagrams if b"FWCTL_TYPE" in datagram]
        self.assertEqual(told, [announcement(record) for record in records])
        # Neither what was written nor why.
        everything = b"".join(journal.datagrams)
        for value in (b"0abcdef1", b"\x0a\xbc\xde\xf1", b"FWCTL_SEQ=1"):
            self.assertNotIn(value, everything)

    def test_a_start_tells_where_the_log_ends(self):
        broker.start_mem0()
        broker.set_feature(COLD, b"\x61\0\0\0")
        broker.control("daemon", "stop")
        last = broker.audit_records()[-1]
        journal = self.journal().take()
        broker.start_mem0()
        broker.until(lambda: journal.entries, "nothing was announced")
        self.assertEqual(journal.datagrams, [encode({
            "MESSAGE": b"The audit log: its end when fwctld started; head "
                       b"%d:%s" % (last["seq"], last["hash"].encode()),
            "MESSAGE_ID": MESSAGE_ID.encode(), "PRIORITY": b"5", "SYSLOG_IDENTIFIER": b"fwctld",
            "FWCTL_SEQ": str(last["seq"]).encode(), "FWCTL_HASH": last["hash"].encode()})])

    def test_what_a_start_closes(self):
        broker.start_mem0()
        broker.set_fault("set-feature", "hang-ms", "600000")
        broker.send_set(COLD, b"\x62\0\0\0")
        broker.until_recorded("intent", COLD)
        broker.control("daemon", "kill")
        count = len(heads())
        journal = self.journal().take()
        broker.start_mem0()
        broker.until(lambda: broker.audit_records()[-1]["type"] == "recover", "no recover record")
        self.assert_all_announced(journal, count + 1)
        entry = next(e for e in journal.entries if e.get("FWCTL_TYPE") == b"recover")
        self.assertEqual((entry["FWCTL_DEVICE"], entry["FWCTL_FEATURE"], entry["PRIORITY"]),
                         (b"fwctl0", COLD.encode(), b"4"))

    def test_a_burst_of_changes_of_several_devices(self):
        broker.control("daemon", "start")
        first = len(heads()) + 1
        journal = self.journal().take()
        pending = []
        for n in range(10):
            for on, feature in (("fwctl0", COLD), ("fwctl0", IMMEDIATE), ("fwctl1", SLOW_COLD)):
                pending.append(broker.send_set(feature, bytes([n, 0, 0, 0]), on=on))
        answers = [broker.connection().answer(serial)[0] for serial in pending]
        self.assertEqual(len(heads()) + 1 - first, 2 * len(answers))
        self.assert_all_announced(journal, first)
        self.assertEqual(self.not_announced(), [])


class Stuck(HeadsTest):
    """Nobody reads from the socket. The kernel holds a few datagrams, the herald more."""

    def fill(self):
        """Changes until far more records were made than are held for the journal."""
        held = int(pathlib.Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) + 1 + DEPTH
        before = len(heads())
        for n in range(held // 2 + 50):
            outcome = broker.set_feature(IMMEDIATE, n.to_bytes(4, "little"))["outcome"]
            self.assertEqual(outcome, "applied")
        made = len(heads()) - before
        self.assertGreater(made, held)
        return made

    def test_changes_go_on_and_the_rest_is_counted(self):
        broker.start_mem0()
        first = len(heads()) + 1
        journal = self.journal()
        made = self.fill()
        self.assertEqual(self.not_announced(), [])
        journal.take()
        broker.until(self.not_announced, "nothing is said of what was lost")
        # What came last is what did not fit; of the rest nothing is missing.
        self.assertEqual(journal.records, heads()[first - 1:first - 1 + len(journal.records)])
        self.assertEqual(self.not_announced(), [made - len(journal.records)])
        # From here on all is as before.
        broker.set_feature(COLD, b"\x63\0\0\0")
        journal.until(heads()[-1][0])
        self.assertEqual(journal.records[-2:], heads()[-2:])
        self.assertEqual(len(self.not_announced()), 1)

    def test_the_end_does_not_wait_for_it(self):
        broker.start_mem0()
        first = len(heads()) + 1
        journal = self.journal()
        made = self.fill()
        broker.control("daemon", "stop")
        lost = self.not_announced()
        self.assertEqual(len(lost), 1)
        # What the kernel held was sent.
        journal.take()
        journal.until(first + made - lost[0] - 1)
        self.assertEqual(len(journal.records), made - lost[0])
        self.assertEqual(journal.records, heads()[first - 1:first - 1 + len(journal.records)])


class Absent(HeadsTest):
    def test_without_a_journal_nothing_is_said(self):
        self.assertFalse(JOURNAL.exists())
        broker.start_mem0()
        broker.set_feature(COLD, b"\x64\0\0\0")
        broker.control("daemon", "stop")
        self.assertNotIn("journal", STDERR.read_text())
        self.assertEqual(self.not_announced(), [])

    def test_a_journal_that_comes_later_and_another_one(self):
        broker.start_mem0()
        broker.set_feature(COLD, b"\x65\0\0\0")
        for _ in range(2):
            first = len(heads()) + 1
            journal = Journal().take()
            try:
                broker.set_feature(COLD, b"\x66\0\0\0")
                self.assert_all_announced(journal, first)
            finally:
                journal.close()
            # Nobody listens, and that is no failure.
            broker.set_feature(COLD, b"\x67\0\0\0")
        broker.control("daemon", "stop")
        self.assertEqual(self.not_announced(), [])

    def test_a_socket_that_nobody_listens_on(self):
        Journal()._socket.close()  # pylint: disable=protected-access
        self.addCleanup(JOURNAL.unlink)
        broker.start_mem0()
        broker.set_feature(COLD, b"\x68\0\0\0")
        broker.control("daemon", "stop")
        self.assertEqual(self.not_announced(), [])


class Segments(HeadsTest):
    """A log whose segments are closed, compressed and removed while it is written."""

    def tearDown(self):
        broker.control("daemon", "stop")
        broker.write_config("")
        for entry in LOG.iterdir():
            entry.unlink()

    def test_what_is_done_to_the_log_is_announced_too(self):
        broker.write_config("AuditSegmentMiB=1\nAuditKeepMiB=1")
        journal = self.journal().take()
        broker.start_mem0()
        kinds = set()
        # Each makes its record a quarter of a segment.
        for _ in range(200):
            broker.set_feature(broker.HUGE, os.urandom(60000))
            kinds = {entry.get("FWCTL_TYPE") for entry in journal.entries}
            if b"prune" in kinds:
                break
        self.assertLessEqual({b"rotate", b"genesis", b"prune"}, kinds)
        # Nobody changes anything any more, and it is done all the same.
        broker.until(lambda: len(list(LOG.glob("*.jsonl"))) == 1, "closed segments stay as they are")
        self.assertTrue(list(LOG.glob("*.jsonl.zst")))
        journal.until(broker.manager("AuditSequence"))
        self.assertEqual([seq for seq, _ in journal.records],
                         list(range(journal.records[0][0], journal.records[-1][0] + 1)))
        kept = [json.loads(line) for line in broker.call(
            broker.ROOT, broker.MANAGER, "GetAuditRecords", "tua{sv}", 1, 1000, {})]
        self.assertGreater(kept[0]["seq"], journal.records[0][0])
        announced = dict(journal.records)
        for record in kept:
            self.assertEqual(announced[record["seq"]], record["hash"])
        self.assertEqual(broker.fwctl("audit", "verify", LOG, user=None).status, 0)


class Kernel(HeadsTest):
    """The kernel's audit subsystem. tests/vm/test-unit.sh reads what it got."""

    def setUp(self):
        super().setUp()
        config = pathlib.Path(os.environ["FWCTLD_BUILD"]) / "config.h"
        if "#define HAVE_LIBAUDIT 1" not in config.read_text():
            self.skipTest("fwctld was built without libaudit")
        try:
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT).close()
        except OSError:
            self.skipTest("this kernel has no audit subsystem")

    def test_one_that_takes_nothing_is_told_nothing(self):
        journal = self.journal().take()
        os.environ["FWCTLD_WRAPPER"] = "setpriv --bounding-set=-audit_write --inh-caps=-audit_write"
        self.addCleanup(os.environ.pop, "FWCTLD_WRAPPER")
        broker.start_mem0()
        first = len(heads()) + 1
        for n in range(5):
            broker.set_feature(COLD, bytes([n, 0, 0, 0]))
        self.assert_all_announced(journal, first)
        broker.control("daemon", "stop")
        said = STDERR.read_text()
        self.assertEqual(said.count("The kernel's audit subsystem takes nothing"), 1, said)
        self.assertNotIn("not announced", said)


if __name__ == "__main__":
    broker.main()
