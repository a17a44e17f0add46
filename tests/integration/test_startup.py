#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --simulate policy/simulated --rules tests/integration/users.rules
"""How fwctld starts, refuses to start, ends and comes back; and an audit log without room."""

import json
import os
import pathlib
import signal
import subprocess

import broker
from broker import COLD, IMMEDIATE, MANAGER, ROOT, call
import dbus

LOG = pathlib.Path(os.environ["FWCTLD_LOG"])
STATE = pathlib.Path(os.environ["FWCTLD_STATE"])
SEGMENT = LOG / "audit-00000001.jsonl"


def has_name():
    return broker.connection().bus_call("NameHasOwner", "s", broker.NAME)[0]


def empty(directory):
    for entry in directory.iterdir():
        entry.unlink()


def run_daemon(*options, environment=None):
    """fwctld as the session starts it, but in the foreground, where it is to end by itself."""
    script = '. "$FWCTLD_SESSION/settings"; exec "$daemon_path" "${daemon_options[@]}" "$@"'
    variables = os.environ | {"CONFIGURATION_DIRECTORY": os.environ["FWCTLD_CONFIG"]}
    variables |= environment or {}
    return broker.Done(subprocess.run(["bash", "-c", script, "fwctld", *map(str, options)],
                                      env=variables,
                                      text=True, check=False, capture_output=True,
                                      timeout=dbus.PATIENCE))


class StartTest(broker.TestCase):
    def fails(self, *options, says=(), environment=None):
        """Asserts that fwctld does not start, and says why in one line with these words."""
        done = run_daemon(*options, environment=environment)
        self.assertEqual((done.status, done.out), (1, ""), done.err)
        self.assertEqual(done.err.count("\n"), 1, done.err)
        self.assert_words(done.err, *says)
        return done.err


class Start(StartTest):
    """A clear message with the place and what to do, a failure, and no name on the bus."""

    def setUp(self):
        empty(LOG)
        empty(STATE)

    def tearDown(self):
        self.assertFalse(has_name())

    def test_broken_simulated_device(self):
        good = broker.load_simulated("20-cxl-slow.json")

        def feature(**changes):
            return good | {"features": [good["features"][0] | changes]}
        broken = {
            "no JSON": ("{", ()),
            "nothing": ("", ()),
            "another thing": ("[]", ()),
            "an unknown key": (good | {"colour": "blue"}, ("colour",)),
            "an unknown type": (good | {"type": "floppy"}, ("type",)),
            "no serial": ({k: v for k, v in good.items() if k != "serial"}, ("serial",)),
            "no Features": (good | {"features": []}, ("features",)),
            "garbage for bytes": (feature(current="xyz"), ("features[0]", "current")),
            "a short value": (feature(saved="00"), ("features[0]", "saved")),
            "an unknown effect": (feature(effects=["explode"]), ("features[0]", "effects")),
            "an unknown fault": (good | {"faults": [{"command": "set-feature", "do": "sing"}]},
                                 ("faults[0]", "do")),
        }
        for what, (content, words) in broken.items():
            with self.subTest(what):
                directory = broker.new_directory("broken")
                text = content if isinstance(content, str) else json.dumps(content)
                (directory / "10-broken.json").write_text(text)
                self.fails("--simulate", directory, says=("10-broken.json", *words))
        self.fails("--simulate", "/nonexistent", says=("/nonexistent",))

    def test_broken_catalog(self):
        good = (broker.CATALOG / "cxl.json").read_text()
        broken = {
            "no JSON": ("{", ()),
            "a missing end": (good[:-3], ()),
            "an unknown key": (good.replace('"opcode": "0x0500"', '"opcodes": "0x0500"', 1),
                               ("opcode",)),
            "an unknown effect": (good.replace('"effect": "none"', '"effect": "nice"', 1),
                                  ("effect",)),
            "an unknown scope": (good.replace('"scope": "configuration"', '"scope": "all"', 1),
                                 ("scope",)),
            "a Feature that comes twice": (good.replace('"name": "ecs"', '"name": "sppr"', 1),
                                           ("features",)),
            "a UUID that is none": (good.replace("96dad7d6", "96dad7"), ("uuid",)),
        }
        for what, (text, words) in broken.items():
            with self.subTest(what):
                self.assertNotEqual(text, good)
                directory = broker.new_directory("broken")
                (directory / "cxl.json").write_text(text)
                self.fails("--catalog", directory, says=("cxl.json", *words))
        self.fails("--catalog", "/nonexistent", says=("/nonexistent",))
        self.fails("--catalog", broker.new_directory("broken"), says=("broken",))

    def test_broken_configuration(self):
        self.addCleanup(broker.write_config, "")
        for text, words in (("Nonsense=yes", ("Nonsense",)),
                            ("ImmediateChanges=perhaps", ("ImmediateChanges", "yes or no")),
                            ("QueueDepth=0", ("QueueDepth", "1 to 1024")),
                            ("QueueDepth=many", ("QueueDepth",)),
                            ("CallsPerConnection=-1", ("CallsPerConnection",)),
                            ("what is this", ())):
            with self.subTest(text):
                broker.write_config(text)
                self.fails(says=("fwctld.conf.d/50-test.conf:2: ", *words))
        broker.write_config("QueueDepth=4\n[Elsewhere]\nQueueDepth=4")
        self.fails(says=("50-test.conf:4: ", "Elsewhere"))

    def test_log_directory(self):
        self.fails("--log-directory", "/nonexistent/log",
                   says=("/nonexistent/log", "--log-directory"))
        file = pathlib.Path(os.environ["TMPDIR"]) / "file"
        file.write_text("")
        self.fails("--log-directory", file, says=(file, "--log-directory"))
        directory = broker.new_directory("read-only")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,mode=0700", "test", directory],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", directory], check=True)
        self.fails("--log-directory", directory, says=(directory, "--log-directory"))

    def test_state_directory(self):
        self.fails("--state-directory", "/nonexistent/state",
                   says=("/nonexistent/state", "--state-directory"))

    def test_log_that_does_not_hold(self):
        broker.start_mem0()
        broker.set_feature(COLD, bytes(4))
        broker.control("daemon", "stop")
        text = SEGMENT.read_text()
        for what, broken in (("a changed byte",
                              text.replace('"data":"00000000"', '"data":"00000001"')),
                             ("a missing record", "".join(text.splitlines(True)[1:])),
                             ("a foreign line", text + "hello\n")):
            with self.subTest(what):
                self.assertNotEqual(broken, text)
                SEGMENT.write_text(broken)
                self.fails(says=("audit-00000001.jsonl",))
                # It is evidence: nothing touches it.
                self.assertEqual(SEGMENT.read_text(), broken)

    def test_no_bus(self):
        self.fails(environment={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"},
                   says=("DBUS_SYSTEM_BUS_ADDRESS",))

    def test_arguments(self):
        for option in ("--nonsense", "nonsense"):
            self.fails(option, says=(option,))


class Second(StartTest):
    """While one fwctld runs."""

    @classmethod
    def setUpClass(cls):
        broker.start_mem0()

    @classmethod
    def tearDownClass(cls):
        broker.control("daemon", "stop")

    def tearDown(self):
        self.assertEqual(len(broker.get_feature(COLD)), 4)

    def test_on_the_same_log(self):
        self.fails(says=("lock", LOG, "other fwctld", "--log-directory"))
        self.assert_log_whole()

    def test_on_the_same_bus(self):
        directory = broker.new_directory("second")
        done = run_daemon("--log-directory", directory / "log", "--state-directory",
                          directory / "state")
        self.assertEqual(done.status, 1)
        self.assert_words(done.err, broker.NAME, "no other fwctld")


class End(broker.TestCase):
    def setUp(self):
        broker.start_mem0()

    def test_sigterm_and_sigint(self):
        broker.control("daemon", "stop")
        self.assertFalse(has_name())
        broker.start_mem0()
        os.kill(int(pathlib.Path(os.environ["FWCTLD_PIDFILE"]).read_text()), signal.SIGINT)
        # Its exit status is 0 again.
        broker.control("daemon", "stop")

    def test_what_runs_is_finished(self):
        broker.set_fault("set-feature", "hang-ms", "1000")
        serial = broker.send_set(COLD, b"\x41\0\0\0")
        broker.until_recorded("intent", COLD)
        broker.control("daemon", "stop")
        last = broker.audit_records()[-1]
        self.assertEqual((last["type"], last["outcome"]["class"]), ("outcome", "applied"))
        self.assertEqual(broker.connection().answer(serial)[0]["outcome"], "applied")
        self.assert_log_whole()

    def test_killed_while_a_change_hangs(self):
        broker.set_fault("set-feature", "hang-ms", "600000")
        serial = broker.send_set(COLD, b"\x42\0\0\0")
        broker.until_recorded("intent", COLD)
        broker.control("daemon", "kill")
        with self.assertRaises(dbus.Error):
            broker.connection().answer(serial)
        self.assert_log_whole(open_intents=1)
        with broker.Recorded() as log:
            broker.start_mem0()
        intent = broker.audit_records()[-2]
        self.assertEqual(log.types, ["recover"])
        recover = log.records[0]
        self.assertEqual((recover["request"], recover["intent"]),
                         (intent["request"], intent["seq"]))
        self.assertEqual(recover["outcome"]["class"], "unknown")
        self.assertEqual((recover["command"], recover["device"]),
                         (intent["command"], intent["device"]))
        self.assert_log_whole()
        # Once is enough.
        with broker.Recorded() as log:
            broker.restart_mem0()
            broker.set_feature(COLD, b"\x43\0\0\0")
        self.assertEqual(log.types, ["intent", "outcome"])
        broker.control("daemon", "stop")

    def test_killed_while_it_wrote(self):
        broker.set_feature(COLD, b"\x44\0\0\0")
        broker.control("daemon", "kill")
        whole = SEGMENT.read_bytes()
        with open(SEGMENT, "ab") as segment:
            segment.write(whole.splitlines()[-1][:100])
        broker.start_mem0()
        self.assertTrue(SEGMENT.read_bytes().startswith(whole))
        self.assert_log_whole()
        broker.set_feature(COLD, b"\x45\0\0\0")
        self.assert_log_whole()
        broker.control("daemon", "stop")


class Room(broker.TestCase):
    """The log on a small filesystem of its own."""

    def setUp(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "test", LOG],
                       check=True)
        broker.start_mem0()
        self.filler = LOG / "filler"

    def tearDown(self):
        broker.control("daemon", "stop")
        subprocess.run(["umount", LOG], check=True)

    def fill(self):
        with open(self.filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def set_until_refused(self):
        """What was reserved for the log is used up first."""
        for n in range(200):
            try:
                broker.set_feature(IMMEDIATE, n.to_bytes(4, "little"))
            except dbus.Error as error:
                self.assertEqual(error.name, f"{broker.NAME}.Error.AuditUnavailable")
                return n
        raise AssertionError("changes go on")

    def test_without_room_changes_are_refused_and_reads_go_on(self):
        listener = dbus.Connection()
        listener.subscribe(f"sender='{broker.NAME}'")
        self.fill()
        refused = self.set_until_refused()
        self.assertNotEqual(broker.get_feature(IMMEDIATE), refused.to_bytes(4, "little"))
        message = self.refused("AuditUnavailable", broker.set_feature, COLD, bytes(4))
        self.assert_words(message, "ENOSPC", "room")
        self.assertEqual(broker.manager("AuditState"), "refusing")
        changed = listener.wait_for(lambda s: s.member == "PropertiesChanged" and
                                    "AuditState" in s.body[1])
        self.assertEqual(changed.body[1]["AuditState"], "refusing")
        self.assertEqual(len(broker.get_feature(COLD)), 4)
        self.assertEqual(len(call(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", 1, 1, {})), 1)
        done = broker.fwctl("--json", "set", "mem0", COLD, "00000000", "--allow-taint")
        self.assertEqual(done.status, 6)
        self.assertEqual(broker.fwctl_json("status")["audit-state"], "refusing")
        self.assert_log_whole()

        self.filler.unlink()
        self.assertEqual(broker.set_feature(COLD, b"\x51\0\0\0")["outcome"], "applied")
        self.assertEqual(broker.manager("AuditState"), "ok")
        changed = listener.wait_for(lambda s: s.member == "PropertiesChanged" and
                                    "AuditState" in s.body[1])
        self.assertEqual(changed.body[1]["AuditState"], "ok")
        listener.close()
        self.assert_log_whole()

    def test_that_there_is_room_again_is_found_without_a_change(self):
        def is_state(signal):
            return signal.member == "PropertiesChanged" and "AuditState" in signal.body[1]
        listener = dbus.Connection()
        listener.subscribe(f"sender='{broker.NAME}'")
        self.fill()
        self.set_until_refused()
        # More of them change nothing.
        self.set_until_refused()
        self.filler.unlink()
        states = []
        while "ok" not in states:
            states.append(listener.wait_for(is_state).body[1]["AuditState"])
        self.assertEqual(states, ["refusing", "ok"])
        self.assertEqual(broker.set_feature(COLD, b"\x55\0\0\0")["outcome"], "applied")
        self.assertFalse([s for s in listener.signals if is_state(s)])
        listener.close()
        self.assert_log_whole()

    def test_refused_changes_do_not_reach_the_device(self):
        self.fill()
        self.set_until_refused()
        broker.set_fault("set-feature", "errno", "EIO")
        self.refused("AuditUnavailable", broker.set_feature, COLD, bytes(4))
        self.filler.unlink()
        # The fault is still there: that was the first command since.
        self.refused("OutcomeUnknown", broker.set_feature, COLD, bytes(4))

    def test_a_large_change_needs_more_room(self):
        self.fill()
        with open(self.filler, "r+b") as file:
            file.truncate(self.filler.stat().st_size - 65536)
        self.assertEqual(broker.set_feature(COLD, b"\x52\0\0\0")["outcome"], "applied")
        self.refused("AuditUnavailable", broker.set_feature, broker.HUGE, bytes(60000))
        self.assertEqual(broker.set_feature(COLD, b"\x53\0\0\0")["outcome"], "applied")
        self.assertEqual(broker.manager("AuditState"), "ok")
        self.assert_log_whole()

    def test_a_restart_without_room(self):
        broker.set_feature(COLD, b"\x54\0\0\0")
        self.fill()
        broker.restart_mem0()
        self.assertEqual(len(broker.get_feature(COLD)), 4)
        self.set_until_refused()
        self.assert_log_whole()


if __name__ == "__main__":
    broker.main()
