#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""Several callers at once, and how much each may ask for."""

import broker
from broker import ALLOWED, ASKED, COLD, CXL, DEVICE, IMMEDIATE, SLOW_COLD, answer_rule, device
import dbus


def send_get(to, feature=COLD, on="fwctl0"):
    return broker.send(device(on), CXL, "GetFeature", "ssa{sv}", feature, "current", {}, to=to)


def depth():
    return broker.get_property(device(), DEVICE, "QueueDepth")


class Users(broker.TestCase):
    def test_two_users_on_two_devices(self):
        content = broker.load_simulated()
        content["latency-ms"] = 10
        broker.restart("--simulate",
                       broker.simulated_directory("two", content, content | {"parent": "mem1"}))
        work = {ALLOWED: "fwctl0", ASKED: "fwctl1"}
        callers = {user: dbus.Connection(user) for user in work}
        values = [bytes([n + 1, 0, 0, 0]) for n in range(12)]
        rule = answer_rule(f"subject.user === '{ASKED}' && action.lookup('device') === 'fwctl1'")
        with broker.rules(rule), broker.Recorded() as log:
            serials = [(user, value, broker.send_set(IMMEDIATE, value, on=on, to=callers[user]))
                       for value in values for user, on in work.items()]
            results = {user: [] for user in work}
            for user, value, serial in serials:
                result = callers[user].answer(serial)[0]
                self.assertEqual(result["outcome"], "applied")
                results[user].append((result["before"], value))
        # One after the other on each device: each finds what the one before it has set.
        for pairs in results.values():
            self.assertEqual([before for before, _ in pairs[1:]], values[:-1])
        intents = [(record["device"]["name"], record["peer"]["uid"], record["data"])
                   for record in log.records if record["type"] == "intent"]
        for on, uid in (("fwctl0", 65534), ("fwctl1", 5)):
            self.assertEqual([data for name, user, data in intents if (name, user) == (on, uid)],
                             [value.hex() for value in values])
        self.assertEqual(len(intents), 2 * len(values))
        self.assert_log_whole()


class Forged(broker.TestCase):
    """The bus lets anybody send us a signal; who leaves only the bus itself can say."""

    def tearDown(self):
        broker.restart()

    def test_nobody_can_send_somebody_else_away(self):
        broker.restart()
        broker.set_fault("get-feature", "hang-ms", "600000")
        caller, forger = dbus.Connection(ALLOWED), dbus.Connection(broker.DENIED)
        serials = [send_get(caller) for _ in range(3)]
        broker.until(lambda: depth() == 3, "nothing waits")
        target = caller.bus_call("GetNameOwner", "s", broker.NAME)[0]
        for name in (caller.name, "org.freedesktop.PolicyKit1"):
            forger.emit(target, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                        "NameOwnerChanged", "sss", name, name, "")
        # What the forger asks after that is answered after that.
        self.refused("NotAuthorized", forger.answer, send_get(forger, SLOW_COLD, "fwctl1"))
        self.assertEqual(depth(), 3)
        broker.unplug()
        for serial in serials:
            self.refused("DeviceGone", caller.answer, serial)


class Limits(broker.TestCase):
    @classmethod
    def tearDownClass(cls):
        broker.write_config("")
        broker.restart()

    def start(self, config):
        broker.write_config(config)
        other = broker.load_simulated("20-cxl-slow.json") | {"latency-ms": 1}
        broker.restart("--simulate",
                       broker.simulated_directory("two", broker.load_simulated(), other))

    def hang(self, caller):
        """A call that does not come back until the device goes."""
        broker.set_fault("get-feature", "hang-ms", "600000")
        serial = send_get(caller)
        broker.until(lambda: depth() == 1, "nothing runs")
        return serial

    def test_calls_of_one_connection(self):
        self.start("CallsPerConnection=4")
        greedy, other = dbus.Connection(ALLOWED), dbus.Connection(ALLOWED)
        waiting = [self.hang(greedy)] + [send_get(greedy) for _ in range(3)]
        for _ in range(3):
            message = self.refused("LimitExceeded", greedy.answer, send_get(greedy))
            self.assertIn("4 calls", message)
            self.assertRegex(message, r"; call again in \d+ ms$")
        # What is refused counts no more, and another connection has its own count.
        self.refused("LimitExceeded", greedy.answer, send_get(greedy, on="fwctl1"))
        other_call = send_get(other)
        self.assertEqual(len(other.answer(send_get(other, SLOW_COLD, "fwctl1"))[0]), 4)
        self.assertFalse(any(greedy.answered(serial) for serial in waiting))
        broker.unplug()
        for serial in waiting:
            self.refused("DeviceGone", greedy.answer, serial)
        self.refused("DeviceGone", other.answer, other_call)
        # All have been answered: there is room again.
        for _ in range(5):
            self.assertEqual(len(greedy.answer(send_get(greedy, SLOW_COLD, "fwctl1"))[0]), 4)

    def test_queue_of_one_device(self):
        self.start("QueueDepth=3")
        callers = [dbus.Connection(ALLOWED) for _ in range(3)]
        waiting = [(callers[0], self.hang(callers[0]))]
        waiting += [(caller, send_get(caller)) for caller in callers[1:]]
        broker.until(lambda: depth() == 3, "the queue does not fill")
        for caller in callers:
            self.assertIn("3 requests", self.refused("DeviceBusy", caller.answer, send_get(caller)))
        with broker.Recorded() as log:
            self.refused("DeviceBusy", broker.set_feature, COLD, bytes(4))
        self.assertEqual([r["outcome"]["status"] for r in log.records], ["DeviceBusy"])
        # The other device has a queue of its own.
        self.assertEqual(len(broker.get_feature(SLOW_COLD, on="fwctl1")), 4)
        broker.unplug()
        for caller, serial in waiting:
            self.refused("DeviceGone", caller.answer, serial)

    def test_a_connection_that_leaves_with_all_its_calls(self):
        self.start("CallsPerConnection=64\nQueueDepthPerUser=64")
        greedy = dbus.Connection(ALLOWED)
        self.hang(greedy)
        for _ in range(40):
            send_get(greedy)
        broker.until(lambda: depth() == 41, "the queue does not fill")
        greedy.close()
        broker.unplug()
        broker.until(lambda: broker.devices() == ["fwctl1"], "the device stays")
        self.assertEqual(len(broker.get_feature(SLOW_COLD, on="fwctl1")), 4)


if __name__ == "__main__":
    broker.main()
