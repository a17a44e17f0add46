#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""What callers may have under way, and that it is what the broker can be made to hold."""

import contextlib
import os
import pathlib
import re
import signal

import broker
from broker import ALLOWED, ASKED, COLD, CXL, DEVICE, MANAGER, ROOT, SIMULATION, device
from broker import answer_rule, call, fwctl, fwctl_json, get_property
import dbus
import wire

MIB = 1 << 20
HANGS, WORKS = "fwctl0", "fwctl1"  # mem0, whose first call hangs, and a device of mlx5
ADAPTER = 0x101  # a query that asks for read
ROOM = 272       # of its answer
ANSWERED_TO_ASKED = answer_rule(f"subject.user === '{ASKED}'")


def send_get(to, on=HANGS):
    return broker.send(device(on), CXL, "GetFeature", "ssa{sv}", COLD, "current", {}, to=to)


def send_rpc(to, size=16, room=ROOM, on=WORKS):
    """A query of that many bytes: what is behind the header is for the firmware to look at."""
    request = wire.mlx5(ADAPTER, data=bytes(size - 16))
    return broker.send(device(on), DEVICE, "Rpc", "ayua{sv}", request, room, {}, to=to)


def send_query(to):
    return broker.send(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", 1, 1, {}, to=to)


def load(name):
    return broker.manager("Load")[name]


def of_daemon(name):
    pid = pathlib.Path(os.environ["FWCTLD_PIDFILE"]).read_text().strip()
    return pathlib.Path(f"/proc/{pid}/{name}").read_text()


def resident():
    return int(re.search(r"VmRSS:\s+(\d+) kB", of_daemon("status")).group(1)) * 1024


@contextlib.contextmanager
def silent_polkit():
    """polkitd is there, and answers nothing before the end of the block."""
    pid, = broker.connection().bus_call("GetConnectionUnixProcessID", "s",
                                        "org.freedesktop.PolicyKit1")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Limits(broker.TestCase):
    @classmethod
    def tearDownClass(cls):
        broker.write_config("")
        broker.restart()

    def start(self, config=""):
        broker.write_config(config)
        broker.restart("--simulate", broker.simulated_directory(
            "limits", broker.load_simulated(), broker.load_simulated("30-mlx5-connectx.json")))

    def caller(self, user=ALLOWED):
        caller = dbus.Connection(user)
        self.addCleanup(caller.close)
        return caller

    def refused_for_now(self, caller, serial):
        message = self.refused("LimitExceeded", caller.answer, serial)
        self.assertRegex(message, r"[^;]; call again in [1-9]\d* ms$")
        return message

    def first_wait(self, caller, serials, n):
        """As many calls wait as may, the first ones, and the others are refused."""
        for serial in serials[n:]:
            self.refused_for_now(caller, serial)
        self.assertFalse(any(caller.answered(serial) for serial in serials[:n]))

    def works(self, caller, **how):
        response, _ = caller.answer(send_rpc(caller, **how))
        self.assertEqual(len(response), ROOM)

    def test_calls_of_a_connection_and_of_a_user(self):
        self.start("CallsPerConnection=4\nCallsPerUser=6")
        broker.set_fault("get-feature", "hang-ms", "600000")
        one, other, stranger = self.caller(), self.caller(), self.caller(ASKED)
        first = [send_get(one) for _ in range(6)]
        self.first_wait(one, first, 4)
        self.assertIn("connection has 4 calls", self.refused_for_now(one, send_rpc(one)))
        second = [send_get(other) for _ in range(3)]
        self.first_wait(other, second, 2)
        self.assertIn("user has 6 calls", self.refused_for_now(other, send_rpc(other)))
        broker.until(lambda: load("queued") == 6, "the calls do not reach the device")
        with broker.rules(ANSWERED_TO_ASKED):
            self.works(stranger)
            self.assertEqual((load("calls"), load("users")), (6, 2))
            call(device(HANGS), SIMULATION, "Unplug", "a{sv}", {}, user=ASKED)
        # What waited is answered, and makes room.
        for caller, serials in ((one, first[:4]), (other, second[:2])):
            for serial in serials:
                self.refused("DeviceGone", caller.answer, serial)
        for _ in range(7):
            self.works(one)
        self.assertEqual(load("calls"), 0)

    def test_bytes_of_a_connection_and_of_a_user(self):
        self.start("MiBPerConnection=10\nMiBPerUser=13")
        one, other, stranger = self.caller(), self.caller(), self.caller(ASKED)
        with silent_polkit():
            # Each is a little more than its 2 MiB.
            first = [send_rpc(one, size=2 * MIB) for _ in range(6)]
            self.first_wait(one, first, 4)
            self.assertIn("connection has 8 MiB", self.refused_for_now(
                one, send_rpc(one, size=2 * MIB)))
            # Room for the answer counts as well, and what was found to be too much does not.
            self.refused_for_now(one, send_rpc(one, room=2 * MIB))
            small = send_rpc(one, size=MIB)
            second = [send_rpc(other, size=2 * MIB) for _ in range(2)]
            self.first_wait(other, second, 1)
            self.assertIn("user has 11 MiB", self.refused_for_now(
                other, send_rpc(other, size=2 * MIB)))
            theirs = send_rpc(stranger, size=2 * MIB)
            broker.until(lambda: load("calls") == 7, "a call is lost")
            self.assertEqual(load("bytes") // MIB, 13)
            self.assertFalse(stranger.answered(theirs))
        for caller, serials in ((one, first[:4] + [small]), (other, second[:1])):
            for serial in serials:
                self.assertEqual(len(caller.answer(serial)[0]), ROOM)
        self.refused("NotAuthorizedCanObtain", stranger.answer, theirs)
        self.assertEqual((load("calls"), load("bytes")), (0, 0))
        for _ in range(7):
            self.works(one, size=2 * MIB)

    def test_the_least_limits_take_the_largest_call(self):
        self.start("MiBPerConnection=10\nMiBPerUser=10\nCallsPerConnection=1\nCallsPerUser=1")
        caller = self.caller()
        response, _ = caller.answer(send_rpc(caller, size=2 * MIB, room=2 * MIB))
        self.assertEqual(len(response), 2 * MIB)

    def test_pages_of_the_audit_log(self):
        self.start("AuditPagesPerConnection=2\nAuditPagesPerUser=3")
        one, other = self.caller(), self.caller()
        with silent_polkit():
            first = [send_query(one) for _ in range(3)]
            self.first_wait(one, first, 2)
            second = [send_query(other) for _ in range(2)]
            self.first_wait(other, second, 1)
            self.assertIn("user has 3 pages", self.refused_for_now(other, send_query(other)))
            # Other calls are not refused for it.
            work = send_rpc(one)
            self.assertEqual(load("audit-pages"), 3)
        for caller, serials in ((one, first[:2]), (other, second[:1])):
            for serial in serials:
                self.assertEqual(len(caller.answer(serial)[0]), 1)
        self.assertEqual(len(one.answer(work)[0]), ROOM)
        self.assertEqual(load("audit-pages"), 0)

    def test_batches_count_by_their_bytes(self):
        self.start("MiBPerConnection=10")
        caller = self.caller()
        requests = [(wire.mlx5(ADAPTER, data=bytes(MIB)), ROOM, {}) for _ in range(3)]
        with silent_polkit():
            serials = [broker.send(device(WORKS), DEVICE, "RpcBatch", "a(ayua{sv})a{sv}",
                                   requests, {}, to=caller) for _ in range(4)]
            self.first_wait(caller, serials, 3)
        for serial in serials[:3]:
            self.assertEqual(len(caller.answer(serial)[0]), 3)

    def test_refusals_are_held_up(self):
        self.start("CallsPerConnection=2")
        caller = self.caller()
        with silent_polkit():
            waiting = [send_rpc(caller) for _ in range(2)]
            broker.until(lambda: load("waiting-for-polkit") == 2, "nothing waits")

            def overtaken():
                """What is asked after a call that is refused is answered before it."""
                refused = send_rpc(caller)
                paused = caller.call(broker.NAME, ROOT, broker.PROPERTIES, "Get", "ss", MANAGER,
                                     "Load")[0]["refusals-paused"]
                first = not caller.answered(refused)
                self.refused_for_now(caller, refused)
                return first and paused == 1
            broker.until(overtaken, "refusals are answered at once")
            # Many at once are each refused.
            many = [send_rpc(caller) for _ in range(50)]
            for serial in many:
                self.refused_for_now(caller, serial)
            self.assertFalse(any(caller.answered(serial) for serial in waiting))
            # One that leaves is not waited for.
            send_rpc(caller)
            caller.close()
            broker.until(lambda: load("refusals-paused") == 0 and load("calls") == 0,
                         "calls of one that has left stay")

    def test_a_new_caller_with_many_calls_at_once(self):
        """They wait until it is known whose they are, and have the same limit."""
        self.start("CallsPerConnection=8")
        caller = self.caller()
        with silent_polkit():
            serials = [send_rpc(caller) for _ in range(12)]
            self.first_wait(caller, serials, 8)
        for serial in serials[:8]:
            self.assertEqual(len(caller.answer(serial)[0]), ROOM)
        # As many new callers as there are, the bus is asked about a few at a time.
        callers = [self.caller() for _ in range(60)]
        serials = [(new, broker.send(device(HANGS), CXL, "ListFeatures", "a{sv}", {}, to=new))
                   for new in callers for _ in range(2)]
        for new, serial in serials:
            self.assertGreater(len(new.answer(serial)[0]), 10)
        self.assertEqual(load("connections"), 61)
        for new in callers:
            new.close()
        broker.until(lambda: load("connections") == 1, "connections that have left are kept")

    def test_properties_and_status(self):
        self.start("CallsPerConnection=5\nMiBPerUser=32")
        limits = broker.manager("Limits")
        self.assertEqual((limits["calls-per-connection"], limits["mib-per-user"],
                          limits["calls-per-user"], limits["audit-pages-per-connection"]),
                         (5, 32, 256, 2))
        one = self.caller()
        with silent_polkit():
            waiting = send_rpc(one, size=3 * MIB // 2)
            broker.until(lambda: load("waiting-for-polkit") == 1, "nothing waits for polkit")
            document = fwctl_json("status")
            text = fwctl("status").out
        self.assertEqual(document["limits"], limits)
        self.assertEqual({name: document["load"][name] for name in
                          ("calls", "connections", "users", "audit-pages", "waiting-for-polkit")},
                         {"calls": 1, "connections": 1, "users": 1, "audit-pages": 0,
                          "waiting-for-polkit": 1})
        self.assertLess(3 * MIB // 2, document["load"]["bytes"])
        self.assertRegex(text, r"\nCalls +1, of at most 5 of a connection, 256 of a user\n")
        self.assertRegex(text, r"\nThey hold +1\.5 MiB, of at most 16 of a connection, 32 of a")
        self.assertLessEqual(max(map(len, text.splitlines())), 82)
        one.answer(waiting)
        self.assertEqual(set(get_property(ROOT, MANAGER, "Load", user=broker.DENIED)),
                         set(document["load"]))

    def test_memory_is_what_the_limits_say(self):
        """A user that goes to its limits makes fwctld grow by MiBPerUser and by little more."""
        self.start("KeepAuthorizationSec=0")
        callers = [self.caller() for _ in range(6)]
        for caller in callers:
            self.works(caller)
        # Once around, so that what is only needed while one message is read is there before.
        self.works(callers[0], size=2 * MIB)
        before = resident()
        with silent_polkit():
            # 16 MiB of a connection are 7 calls, and 64 MiB of a user 31.
            sent = [(caller, send_rpc(caller, size=2 * MIB)) for caller in callers
                    for _ in range(8)]
            broker.until(lambda: load("calls") == 31 and load("refusals-paused") == 0,
                         "31 calls of 2 MiB are not admitted")
            grown = resident() - before
        self.assertLess(60 * MIB, load("bytes"))
        self.assertLess(60 * MIB, grown)
        # A sanitizer keeps what was freed.
        if "libasan" not in of_daemon("maps"):
            self.assertLess(grown, 64 * MIB + 8 * MIB)
        refused = 0
        for caller, serial in sent:
            try:
                caller.answer(serial)
            except dbus.Error as error:
                # By now polkit has said yes to more than may queue for the device.
                refused += not error.name.endswith(".DeviceBusy")
        self.assertEqual(refused, len(sent) - 31)
        self.assertEqual(load("bytes"), 0)


if __name__ == "__main__":
    broker.main()
