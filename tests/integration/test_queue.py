#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""What waits for a device: whose turn it is, and what becomes of it when its caller leaves, when the
device goes, and when fwctld stops."""

import contextlib
import os
import pathlib
import pwd
import signal
import subprocess

import broker
from broker import (ALLOWED, ASKED, COLD, CXL, DENIED, DEVICE, IMMEDIATE, MANAGER, ROOT, SIMULATION,
                    SLOW_COLD, answer_rule, device)
import dbus
import wire

MFRL = 0x9028
DISCONNECTED = "org.freedesktop.DBus.Error.Disconnected"
POLKIT = "org.freedesktop.PolicyKit1"
FOREVER = "600000"
# A flag of CheckAuthorization.
INTERACTION = 1


def depth(on="fwctl0"):
    return broker.get_property(device(on), DEVICE, "QueueDepth", user=DENIED)


def until_depth(wanted, on="fwctl0"):
    broker.until(lambda: depth(on) == wanted, f"{on} has not {wanted} requests")


def send_get(to, feature=COLD, on="fwctl0"):
    return broker.send(device(on), CXL, "GetFeature", "ssa{sv}", feature, "current", {}, to=to)


def send_write(to, member="Rpc", on="fwctl2"):
    """Writes a register of the mlx5 device, alone or as a batch."""
    write = (wire.register(MFRL, wire.WRITE, bytes(8)), 64)
    if member == "Rpc":
        return broker.send(device(on), DEVICE, "Rpc", "ayua{sv}", *write, {}, to=to,
                           interactive=True)
    return broker.send(device(on), DEVICE, "RpcBatch", "a(ayua{sv})a{sv}", [(*write, {})] * 3, {},
                       to=to, interactive=True)


def send_reset(to, on="fwctl2"):
    return broker.send(device(on), SIMULATION, "Reset", "sa{sv}", "cold", {}, to=to)


def uid_of(user):
    return pwd.getpwnam(user).pw_uid


def until_gone(name):
    """Waits until the bus, and after it the broker, know that a connection has left."""
    bus = broker.connection(DENIED)
    broker.until(lambda: not bus.bus_call("NameHasOwner", "s", name)[0], "the name stays")
    broker.get_property(ROOT, MANAGER, "Version", user=DENIED)


def fwctld_pid():
    return int(pathlib.Path(os.environ["FWCTLD_PIDFILE"]).read_text())


def has_thread(name):
    """Whether fwctld has a thread of that name now."""
    tasks = pathlib.Path(f"/proc/{fwctld_pid()}/task").glob("*/comm")
    return any(task.read_text().strip() == name for task in tasks)


@contextlib.contextmanager
def slow(system_call, delay_us):
    """Makes fwctld wait so long in each of these system calls, during the block."""
    trace = ["strace", "-f", "-p", str(fwctld_pid()), "-o", "/dev/null", "-e",
             f"trace={system_call}", "-e", f"inject={system_call}:delay_enter={delay_us}"]
    with subprocess.Popen(trace, stderr=subprocess.PIPE, text=True) as process:
        try:
            while "attached" not in process.stderr.readline():
                pass
            yield
        finally:
            process.terminate()


class Polkit:
    """Stands in for polkitd: says yes, but for some commands a person is to be asked, whose dialog
    stays open. Nothing is answered any more once it is silent."""

    def __init__(self, *keeps):
        self.keeps = keeps
        self.kept = {}
        self.cancelled = []
        self.silent = False
        self.unanswered = []

    def __enter__(self):
        broker.control("polkit", "stop")
        self.bus = dbus.Connection("polkitd")
        self.bus.bus_call("RequestName", "su", POLKIT, 4)
        return self

    def __exit__(self, *_):
        self.bus.close()
        broker.control("polkit", "start")

    def take(self):
        """Takes in what has been asked since, and answers it."""
        while self.bus.receive(timeout=0):
            pass
        while self.bus.calls:
            call = self.bus.calls.pop(0)
            if call.member == "CancelCheckAuthorization":
                self.cancelled.append(call.body[0])
            elif call.member != "CheckAuthorization":
                self.bus.reply_error(call, "org.freedesktop.DBus.Error.UnknownMethod", "no")
            elif self.silent:
                self.unanswered.append(call)
            elif call.body[2].get("command") not in self.keeps:
                self.answer(call)
            elif call.body[3] & INTERACTION:
                self.kept[call.body[4]] = call
            else:
                self.bus.reply(call, "(bba{ss})", (False, True, {}))

    def answer(self, call):
        self.bus.reply(call, "(bba{ss})", (True, False, {}))

    def until(self, condition, what):
        def there():
            self.take()
            return condition()
        broker.until(there, what)

    def until_kept(self, n):
        self.until(lambda: len(self.kept) == n, f"polkit is not asked {n} times")


class Turns(broker.TestCase):
    def setUp(self):
        broker.restart()

    def fill(self, hang):
        """One request runs, 15 more of its user wait, and behind them three of another user's. False
        where the first was over before they were all there."""
        broker.restart()
        self.before = len(broker.audit_records())
        broker.set_fault("get-feature", "hang-ms", hang)
        many, few = broker.connection(), broker.connection(ASKED)
        self.first = send_get(many)
        until_depth(1)
        self.many = [broker.send_set(IMMEDIATE, bytes([n, 1, 0, 0]), to=many) for n in range(15)]
        broker.until(lambda: depth() == 16 or many.answered(self.first), "the queue does not fill")
        self.refusal = send_get(many)
        self.few = [broker.send_set(IMMEDIATE, bytes([n, 2, 0, 0]), to=few) for n in range(3)]
        broker.until(lambda: depth() == 19 or many.answered(self.first), "the queue does not fill")
        return depth() == 19

    def test_two_users_take_turns(self):
        many, few = broker.connection(), broker.connection(ASKED)
        with broker.rules(answer_rule(f"subject.user === '{ASKED}'")):
            # Where this machine is slow, the first request must hang for longer.
            for hang in ("1000", "4000", "16000", "64000"):
                if self.fill(hang):
                    break
            message = self.refused("DeviceBusy", many.answer, self.refusal)
            self.assert_words(message, "of this user")
            self.assertRegex(message, r"; call again in \d+ ms$")
            many.answer(self.first)
            for caller, serials in ((many, self.many), (few, self.few)):
                for serial in serials:
                    self.assertEqual(caller.answer(serial)[0]["outcome"], "applied")
        intents = [record for record in broker.audit_records()[self.before:]
                   if record["type"] == "intent"]
        a, b = uid_of(ALLOWED), uid_of(ASKED)
        self.assertEqual([record["peer"]["uid"] for record in intents],
                         [a, b, a, b, a, b] + [a] * 12)
        # Of each user in the order in which they came.
        self.assertEqual([record["data"] for record in intents if record["peer"]["uid"] == a],
                         [bytes([n, 1, 0, 0]).hex() for n in range(15)])

    def test_a_full_queue_says_how_long_to_wait(self):
        self.addCleanup(broker.restart)
        self.addCleanup(broker.write_config, "")
        broker.write_config("QueueDepth=2")
        broker.restart()
        broker.set_fault("get-feature", "hang-ms", FOREVER)
        caller = broker.connection()
        waiting = [send_get(caller), send_get(caller)]
        until_depth(2)
        message = self.refused("DeviceBusy", caller.answer, send_get(caller))
        self.assertRegex(message, r"^2 requests .*; call again in \d+ ms$")
        broker.unplug()
        for serial in waiting:
            self.refused("DeviceGone", caller.answer, serial)


class Leaving(broker.TestCase):
    def setUp(self):
        broker.restart()

    def test_what_waits_for_the_device_is_taken_out(self):
        for send in (send_write, lambda to: send_write(to, "RpcBatch"), send_reset):
            broker.restart()
            broker.set_fault("access-register", "hang-ms", FOREVER, on="fwctl2")
            running = send_write(broker.connection())
            until_depth(1, "fwctl2")
            with broker.Recorded() as log:
                sender = dbus.Connection(ALLOWED)
                send(sender)
                until_depth(2, "fwctl2")
                sender.close()
                # While the first one still runs.
                until_depth(1, "fwctl2")
                self.assertFalse(broker.connection().answered(running))
                broker.unplug("fwctl2")
                self.refused("DeviceGone", broker.connection().answer, running)
            self.assertEqual(log.types, ["outcome"])

    def test_it_never_runs(self):
        value = broker.get_feature(COLD, "saved")
        broker.set_fault("get-feature", "hang-ms", "1500")
        caller, sender = broker.connection(), dbus.Connection(ALLOWED)
        first = send_get(caller)
        with broker.Recorded() as log:
            broker.send_set(COLD, b"\x67\x67\0\0", to=sender)
            broker.until(lambda: depth() == 2 or caller.answered(first), "nothing waits")
            sender.close()
            until_gone(sender.name)
            caller.answer(first)
            self.assertEqual(broker.get_feature(COLD, "saved"), value)
        # Where the first was over too early, it may have run before the sender left.
        self.assertIn(log.types, ([], ["intent", "outcome"]))

    def test_what_runs_is_finished_and_recorded(self):
        broker.set_fault("set-feature", "hang-ms", "1000")
        sender = dbus.Connection(ALLOWED)
        with broker.Recorded() as log:
            broker.send_set(COLD, b"\x68\x68\0\0", to=sender)
            broker.until_recorded("intent", COLD)
            sender.close()
            until_gone(sender.name)
            broker.until_recorded("outcome", COLD)
        self.assertEqual(log.records[-1]["outcome"]["class"], "applied")
        self.assertEqual(broker.get_feature(COLD, "saved"), b"\x68\x68\0\0")

    def test_its_dialog_is_closed(self):
        with Polkit("cxl/set-feature") as polkit, broker.Recorded() as log:
            sender = dbus.Connection(ALLOWED)
            broker.send_set(COLD, bytes(4), to=sender, interactive=True)
            broker.send_set(IMMEDIATE, bytes(4), to=sender, interactive=True)
            polkit.until_kept(2)
            sender.close()
            polkit.until(lambda: len(polkit.cancelled) == 2, "the dialogs stay")
            self.assertEqual(set(polkit.cancelled), set(polkit.kept))
            # A late yes opens nothing.
            for call in polkit.kept.values():
                polkit.answer(call)
            self.assertEqual(depth(), 0)
        self.assertEqual(len(broker.get_feature(COLD)), 4)
        self.assertEqual(log.types, [])

    def test_an_intent_is_closed_when_its_caller_has_left(self):
        """The flush of the intent is made to take so long that the caller can leave meanwhile."""
        self.addCleanup(broker.restart)
        value = broker.get_feature(COLD, "saved")
        # Where this machine is slow, it must take longer.
        for delay_us in (2000000, 8000000, 32000000):
            broker.restart()
            sender = dbus.Connection(ALLOWED)
            with slow("fdatasync", delay_us):
                broker.send_set(COLD, b"\x69\x69\0\0", to=sender)
                broker.until_recorded("intent", COLD)
                sender.close()
                until_gone(sender.name)
                broker.until_recorded("outcome", COLD)
            outcome = broker.audit_records()[-1]["outcome"]
            if outcome["class"] == "not-issued":
                break
        self.assertEqual(outcome["class"], "not-issued")
        self.assertEqual(broker.get_feature(COLD, "saved"), value)


class Unplugged(broker.TestCase):
    """While one request runs, others wait for their turn, and others for polkit."""

    def setUp(self):
        broker.restart()

    def test_all_are_told(self):
        caller, other = broker.connection(), dbus.Connection(ALLOWED)
        with Polkit("cxl/set-feature") as polkit:
            def call(function):
                serial = function()
                polkit.until(lambda: caller.answered(serial), "no answer comes")
                return caller.answer(serial)
            hang = {"command": ("s", "get-feature"), "do": ("s", "hang-ms"), "call": ("u", 1),
                    "value": ("s", FOREVER)}
            call(lambda: broker.send(device(), SIMULATION, "SetFault", "a{sv}", hang))
            waiting = [send_get(caller)]
            polkit.until(lambda: depth() == 1, "nothing runs")
            waiting += [send_get(caller), send_get(other)]
            polkit.until(lambda: depth() == 3, "nothing waits")
            asking = [broker.send_set(COLD, bytes(4), interactive=True) for _ in range(2)]
            polkit.until_kept(2)
            with broker.Recorded() as log:
                call(lambda: broker.send(device(), SIMULATION, "Unplug", "a{sv}", {}))
                for serial in [*waiting[:2], *asking]:
                    self.refused("DeviceGone", caller.answer, serial)
                self.refused("DeviceGone", other.answer, waiting[2])
                polkit.until(lambda: len(polkit.cancelled) == 2, "the dialogs stay")
        self.assertEqual(log.types, ["deny", "deny"])
        self.assertEqual({r["outcome"]["status"] for r in log.records}, {"DeviceGone"})
        self.assertEqual(broker.devices(), broker.DEVICES[1:])
        self.assert_log_whole()

    def test_what_waits_does_not_wait_for_what_runs(self):
        """The flush of an intent takes long, which no unplug cuts short."""
        caller = broker.connection()
        with slow("fdatasync", 120000000):
            running = broker.send_set(COLD, b"\x70\0\0\0")
            broker.until_recorded("intent", COLD)
            waiting = [send_get(caller), send_get(caller)]
            until_depth(3)
            # Whoever reads from another device waits for no disk.
            self.assertEqual(len(broker.get_feature(SLOW_COLD, on="fwctl1")), 4)
            self.assertFalse(caller.answered(running))
            broker.unplug()
            for serial in waiting:
                self.refused("DeviceGone", caller.answer, serial)
            self.assertFalse(caller.answered(running))
        self.refused("DeviceGone", caller.answer, running)
        self.assertEqual(broker.audit_records()[-1]["outcome"]["class"], "not-issued")


class Stop(broker.TestCase):
    def tearDown(self):
        broker.write_config("")
        broker.restart()

    def test_what_runs_is_finished_and_what_waits_is_refused(self):
        broker.restart()
        caller = broker.connection()
        with Polkit("mlx5/access-register") as polkit:
            def call(function):
                serial = function()
                polkit.until(lambda: caller.answered(serial), "no answer comes")
                return caller.answer(serial)
            hang = {"command": ("s", "set-feature"), "do": ("s", "hang-ms"), "call": ("u", 1),
                    "value": ("s", "1500")}
            call(lambda: broker.send(device(), SIMULATION, "SetFault", "a{sv}", hang))
            running = broker.send_set(COLD, b"\x41\0\0\0")
            polkit.until(lambda: depth() == 1, "nothing runs")
            waiting = [send_get(caller), broker.send_set(IMMEDIATE, b"\x42\0\0\0")]
            polkit.until(lambda: depth() == 3 or caller.answered(running), "nothing waits")
            asking = [send_write(caller), send_write(caller, "RpcBatch")]
            polkit.until_kept(2)
            polkit.silent = True
            asking.append(broker.send(device("fwctl2"), DEVICE, "Explain", "aya{sv}",
                                      wire.register(MFRL, wire.WRITE, bytes(8)), {}))
            polkit.until(lambda: polkit.unanswered, "polkit is not asked")
            with broker.Recorded() as log:
                broker.control("daemon", "stop")
                polkit.until(lambda: len(polkit.cancelled) == 2, "the dialogs stay")
        self.assertEqual(caller.answer(running)[0]["outcome"], "applied")
        for serial in [*waiting, *asking]:
            self.assert_words(self.refused(DISCONNECTED, caller.answer, serial), "is stopping")
        self.assertEqual(sorted(log.types), ["deny", "deny", "deny", "outcome"])
        self.assertEqual({r["outcome"]["status"] for r in log.records if r["type"] == "deny"},
                         {"Stopping"})
        self.assert_log_whole()
        broker.control("daemon", "start")

    def test_a_page_of_the_log_that_takes_long_is_given_up(self):
        broker.restart()
        caller = broker.connection()
        with slow("pread64", 8000000):
            serial = broker.send(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", 1, 1000, {})
            broker.until(lambda: has_thread("reader"), "nobody reads")
            os.kill(fwctld_pid(), signal.SIGTERM)
            stderr = pathlib.Path(os.environ["FWCTLD_STDERR"])
            broker.until(lambda: "Stopping" in stderr.read_text().splitlines()[-1], "it goes on")
            self.assertFalse(caller.answered(serial))
        self.assert_words(self.refused(DISCONNECTED, caller.answer, serial), "is stopping")
        broker.control("daemon", "stop")
        broker.control("daemon", "start")

    def test_a_device_that_does_not_come_back_is_not_waited_for_without_end(self):
        broker.write_config("StopTimeoutSec=1")
        broker.restart()
        broker.set_fault("set-feature", "hang-ms", FOREVER)
        serial = broker.send_set(COLD, b"\x43\0\0\0")
        broker.until_recorded("intent", COLD)
        stderr = pathlib.Path(os.environ["FWCTLD_STDERR"])
        before = len(stderr.read_text())
        with self.assertRaisesRegex(AssertionError, ": 1\n"):
            broker.control("daemon", "stop")
        self.assert_words(stderr.read_text()[before:], "fwctl0 has not come back",
                          "StopTimeoutSec=1")
        self.refused("org.freedesktop.DBus.Error.NoReply", broker.connection().answer, serial)
        self.assert_log_whole(open_intents=1)
        intent = broker.audit_records()[-1]
        self.assertEqual(intent["type"], "intent")
        with broker.Recorded() as log:
            broker.control("daemon", "start")
        self.assertEqual((log.types, log.records[0]["intent"]), (["recover"], intent["seq"]))
        self.assert_log_whole()


if __name__ == "__main__":
    broker.main()
