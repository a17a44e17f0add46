#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""The audit log over the bus: which records a caller asks for, and that one who asks for much holds
up nobody; and its seal."""

import hashlib
import json
import os
import pathlib

import broker
from broker import (ALLOWED, COLD, DENIED, IMMEDIATE, INVALID_ARGS, MANAGER, MLX5, ROOT,
                    SLOW_COLD, answer_rule, call, device)
import dbus

LOG = pathlib.Path(os.environ["FWCTLD_LOG"])
TYPES = {"device": "s", "command": "s", "request": "s", "uid": "u", "type": "s", "since": "s",
         "until": "s"}
DIGITS = "[0-9a-f]{64}"


def options(**wanted):
    return {key: (TYPES[key], value) for key, value in wanted.items()}


def query(first=1, most=1000, user=ALLOWED, **wanted):
    lines = call(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", first, most, options(**wanted),
                 user=user)
    return [json.loads(line) for line in lines]


class Filters(broker.TestCase):
    """Compared with a search through the files that is written once more, in this language."""

    @classmethod
    def setUpClass(cls):
        broker.set_feature(COLD, b"\x01\0\0\0")
        broker.set_feature(IMMEDIATE, b"\x02\0\0\0", user=None)
        for function in (lambda: broker.set_feature(SLOW_COLD, bytes(4), on="fwctl1", user=DENIED),
                         lambda: call(device("fwctl2"), MLX5, "AccessRegister", "qsuaya{sv}",
                                      0x5004, "write", 0, bytes(16), {})):
            try:
                function()
            except dbus.Error:
                pass
        # Names of others, in the words of a caller.
        reason = '"name":"fwctl4","serial":"fwctl4","parent":"/fwctl4","uid":7,"request":"fwctl4"'
        broker.set_feature(COLD, b"\x03\0\0\0", broker.TAINT | {"reason": ("s", reason)})
        broker.restart()
        broker.set_feature(COLD, b"\x04\0\0\0")
        cls.all = broker.audit_records()

    def check(self, condition, **wanted):
        expected = [record for record in self.all if condition(record)]
        self.assertTrue(0 < len(expected) < len(self.all), wanted)
        self.assertEqual(query(**wanted), expected, wanted)

    def test_none_takes_all(self):
        self.assertEqual(query(), self.all)
        self.assertEqual(query(device="", command="", request=""), self.all)

    def test_device(self):
        def is_mem0(record):
            return record.get("device", {}).get("name") == "fwctl0"
        for name in ("fwctl0", "0x5e17", "mem0"):
            self.check(is_mem0, device=name)
        self.check(lambda r: r.get("device", {}).get("serial") == "0x5e18", device="mem1")
        for name in ("fwctl", "fwctl4", "mem", "0x5e1", "0000:0d:00.0",
                     "/sys/devices/simulated/0000:0d:00.0/mem0", "nonsense", '"', "\\"):
            self.assertEqual(query(device=name), [], name)

    def test_command(self):
        for name in ("cxl/set-feature", "mlx5/access-register"):
            self.check(lambda r, name=name: r.get("command", {}).get("name") == name, command=name)
        self.assertEqual(query(command="set-feature"), [])

    def test_request(self):
        intent = next(r for r in self.all if r["type"] == "intent")
        self.check(lambda r: r.get("request") == intent["request"], request=intent["request"])
        self.assertEqual([r["type"] for r in query(request=intent["request"])],
                         ["intent", "outcome"])
        self.assertEqual(query(request="fwctl4"), [])

    def test_uid(self):
        for uid in (0, 1, 65534):
            self.check(lambda r, uid=uid: r.get("peer", {}).get("uid") == uid, uid=uid)
        self.assertEqual(query(uid=7), [])
        self.assertEqual(query(uid=0xffffffff), [])

    def test_type(self):
        for kind in ("genesis", "intent", "outcome", "deny"):
            self.check(lambda r, kind=kind: r["type"] == kind, type=kind)
        self.assertEqual(query(type="prune"), [])

    def test_times(self):
        middle = self.all[len(self.all) // 2]["time"]
        self.check(lambda r: r["time"] >= middle, since=middle)
        self.check(lambda r: r["time"] < middle, until=middle)
        self.assertEqual(query(since=middle, until=middle), [])
        self.assertEqual(query(since="1970-01-01", until="9999-12-31"), self.all)
        self.assertEqual(query(since="9999-12-31T23:59:59.5Z"), [])

    def test_several_must_all_hold(self):
        self.check(lambda r: r["type"] == "intent" and r["peer"]["uid"] == 65534 and
                   r["device"]["name"] == "fwctl0", type="intent", uid=65534, device="mem0",
                   command="cxl/set-feature", since=self.all[0]["time"])
        self.assertEqual(query(type="deny", uid=0), [])

    def test_in_pages(self):
        wanted = query(device="mem0")
        found, first = [], 1
        while page := query(first, 1, device="mem0"):
            self.assertEqual(len(page), 1)
            found += page
            first = page[0]["seq"] + 1
        self.assertEqual(found, wanted)
        self.assertEqual(query(wanted[1]["seq"], 1000, device="mem0"), wanted[1:])
        self.assertEqual(query(1, 0, device="mem0"), [])

    def test_unknown_words(self):
        for wanted, words in (({"type": "nonsense"}, "genesis, intent"), ({"type": ""}, "deny"),
                              ({"since": "yesterday"}, "2026-11-25"),
                              ({"until": "2026-02-30"}, "until"), ({"since": ""}, "since")):
            message = self.refused(INVALID_ARGS, query, **wanted)
            self.assertIn(words, message)

    def test_bounds(self):
        for name in ("device", "command", "request", "type", "since", "until"):
            message = self.refused("TooLarge", query, **{name: "x" * 257})
            self.assertIn(name, message)
        self.assertEqual(query(device="x" * 256), [])

    def test_unauthorized(self):
        for user, error in ((DENIED, "NotAuthorized"), (broker.ASKED, "NotAuthorizedCanObtain")):
            self.refused(error, query, user=user, device="mem0")


class LongQueries(broker.TestCase):
    """A log in which a search must look closely at each of many records, and finds nothing."""

    RECORDS = 20000
    QUERIES = 40  # more of one user may not wait for polkit

    @classmethod
    def setUpClass(cls):
        broker.write_config("AuditPagesPerConnection=64\nAuditPagesPerUser=64")
        broker.control("daemon", "stop")
        segment = sorted(LOG.glob("audit-*.jsonl"))[-1]
        last = json.loads(segment.read_text().splitlines()[-1])
        sequence, previous = last["seq"], last["hash"]
        lines = []
        for sequence in range(sequence + 1, sequence + 1 + cls.RECORDS):
            text = (f'{{"v":1,"seq":{sequence},"type":"deny","time":"{last["time"]}",'
                    f'"device":{{"name":"fwctl0","serial":"needle"}},"reason":"pin",'
                    f'"command":{{"name":"pin","effects":{json.dumps(["pin"] * 400)}}},'
                    f'"prev":"{previous}",')
            previous = hashlib.sha256(text.encode()).hexdigest()
            lines.append(f'{text}"hash":"{previous}"}}\n')
        with segment.open("a") as file:
            file.writelines(lines)
        broker.control("daemon", "start")

    @classmethod
    def tearDownClass(cls):
        broker.write_config("")

    def send_query(self, caller):
        return broker.send(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", 1, 1000,
                           options(device="pin"), to=caller)

    def test_one_holds_up_no_denial(self):
        caller = dbus.Connection(ALLOWED)
        self.addCleanup(caller.close)
        queries = [self.send_query(caller) for _ in range(self.QUERIES)]
        with broker.Recorded() as log:
            self.refused("NotAuthorized", broker.set_feature, COLD, bytes(4), user=DENIED)
        self.assertEqual(log.types, ["deny"])
        self.assertFalse(caller.answered(queries[-1]))
        # Nor the loop, nor a device.
        broker.set_feature(COLD, bytes(4))
        self.assertFalse(caller.answered(queries[-1]))

    def test_a_caller_that_leaves_ends_it(self):
        # All of its queries together would take longer than anybody here waits for an answer.
        caller = dbus.Connection(ALLOWED)
        for _ in range(self.QUERIES):
            self.send_query(caller)
        # By now polkit has said yes to most of them.
        broker.get_feature(COLD)
        caller.close()
        self.assertEqual(query(1, 1)[0]["type"], "genesis")

    def test_it_is_answered(self):
        self.assertEqual(query(device="pin"), [])
        self.assertEqual(len(query(device="needle")), 1000)


class Seal(broker.TestCase):
    """Once for the life of a log."""

    @classmethod
    def setUpClass(cls):
        broker.restart_with_new_log()

    def seal(self, user=ALLOWED):
        return call(ROOT, MANAGER, "SetUpSeal", "a{sv}", {}, user=user)

    def test_it_takes_manage(self):
        self.refused("NotAuthorized", self.seal, DENIED)
        condition = f"subject.user === '{ALLOWED}' && action.id !== '{broker.NAME}.manage'"
        with broker.rules(answer_rule(condition) + answer_rule("true", "NO")):
            self.refused("NotAuthorized", self.seal)
            query()
        self.assertEqual(broker.manager("AuditSealedSince"), 0)

    def test_seal(self):
        listener = dbus.Connection(DENIED)
        self.addCleanup(listener.close)
        listener.subscribe(f"sender='{broker.NAME}',member='PropertiesChanged'")
        broker.set_feature(COLD, b"\x01\0\0\0")
        key = self.seal()
        since = broker.manager("AuditSealedSince")
        self.assertGreater(since, 3)
        self.assertRegex(key, f"^fwctld-seal-1:{since}:{DIGITS}$")
        signal = listener.wait_for(lambda s: s.member == "PropertiesChanged" and
                                   "AuditSealedSince" in s.body[1])
        self.assertEqual((signal.path, signal.body[1]["AuditSealedSince"]), (ROOT, since))
        broker.set_feature(COLD, b"\x02\0\0\0")
        for record in query():
            self.assertEqual("mac" in record, record["seq"] >= since, record["seq"])
        self.nobody_keeps(key.rsplit(":", 1)[1])
        with broker.Recorded() as log:
            message = self.refused("Conflict", self.seal)
        self.assertIn("sealed already", message)
        self.assertEqual(log.types, [])
        broker.restart()
        self.assertEqual(broker.manager("AuditSealedSince"), since)
        self.refused("Conflict", self.seal)

    def nobody_keeps(self, digits):
        """The first key is erased, in whatever form it was kept, and was told to nobody else."""
        pages = [pathlib.Path(os.environ["FWCTLD_STDERR"])]
        for directory in (LOG, pathlib.Path(os.environ["FWCTLD_STATE"])):
            pages += [path for path in directory.iterdir() if path.is_file()]
        for page in pages:
            data = page.read_bytes()
            self.assertNotIn(digits.encode(), data, page)
            self.assertNotIn(bytes.fromhex(digits), data, page)


if __name__ == "__main__":
    broker.main()
