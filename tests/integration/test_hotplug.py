#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --rules tests/integration/users.rules --simulate policy/simulated
"""Devices that vanish with work in hand, and new ones under the same number. What becomes of the work
itself is for test_queue.py; here it must not come to the new device."""

import os
import pathlib
import random

import broker
import dbus
from broker import COLD, DEVICE, IMMEDIATE, ROOT, SIMULATION
from test_queue import FOREVER, Polkit, depth

OBJECTS = "org.freedesktop.DBus.ObjectManager"
MANY = 4096
FIRST, OTHER = bytes.fromhex("01000000"), bytes.fromhex("02000000")


def unplug(return_ms, on="fwctl0"):
    """By root, whose question to polkit does not wait behind those of others."""
    broker.call(broker.device(on), SIMULATION, "Unplug", "a{sv}",
                {"return-ms": ("u", return_ms)}, user="root")


def until_there(name="fwctl0"):
    broker.until(lambda: name in broker.devices(), f"{name} does not return")


def replug(on="fwctl0"):
    unplug(0, on)
    until_there(on)


def generation():
    """Of fwctl0, as the record of a change has it."""
    with broker.Recorded() as log:
        broker.set_feature(COLD, FIRST)
    return log.records[0]["device"]["generation"]


class Replugged(broker.TestCase):
    def setUp(self):
        broker.restart_mem0()

    def test_a_new_device_is_as_its_file_says(self):
        value, properties = broker.get_feature(IMMEDIATE), self.properties()
        broker.set_feature(IMMEDIATE, OTHER)
        broker.set_feature(COLD, OTHER)
        self.assertEqual(list(broker.pending()), [COLD])
        before = generation()
        replug()
        self.assertEqual(broker.get_feature(IMMEDIATE), value)
        self.assertEqual(broker.pending(), {})
        self.assertEqual(self.properties(), properties)
        self.assertGreater(generation(), before)
        self.assert_log_whole()

    @staticmethod
    def properties():
        return broker.call(broker.device(), broker.PROPERTIES, "GetAll", "s", DEVICE)

    def test_everybody_is_told_of_both(self):
        listener = dbus.Connection(broker.ALLOWED)
        listener.subscribe(f"sender='{broker.NAME}',interface='{OBJECTS}'")
        replug()
        for member in ("InterfacesRemoved", "InterfacesAdded"):
            signal = listener.wait_for(lambda s: s.interface == OBJECTS)
            self.assertEqual((signal.member, signal.body[0]), (member, broker.device()))

    def test_it_stays_away_until_then(self):
        unplug(600000)
        self.refused("org.freedesktop.DBus.Error.UnknownObject", broker.get_feature, COLD)
        self.assertEqual(broker.devices(), [])

    def test_what_makes_no_sense(self):
        self.refused("Malformed", unplug, 600001)
        self.refused(broker.INVALID_ARGS, broker.call, broker.device(), SIMULATION, "Unplug",
                     "a{sv}", {"return-ms": ("s", "1")})
        self.assertEqual(broker.devices(), ["fwctl0"])

    def test_by_a_fault(self):
        broker.set_fault("get-feature", "unplug", "0")
        self.refused("DeviceGone", broker.get_feature, COLD)
        until_there()
        self.assertEqual(len(broker.get_feature(COLD)), 4)


class UnderLoad(broker.TestCase):
    """One change runs, one waits for its turn and one for polkit, while the device goes."""

    def setUp(self):
        broker.restart_mem0()
        self.caller = broker.connection()
        self.value = broker.get_feature(IMMEDIATE)

    def load(self, polkit):
        """The three calls."""
        fault = {"command": ("s", "set-feature"), "do": ("s", "hang-ms"), "call": ("u", 1),
                 "value": ("s", FOREVER)}
        self.through(polkit, broker.send(broker.device(), SIMULATION, "SetFault", "a{sv}", fault))
        serials = []
        for n in (1, 2):
            serials.append(broker.send_set(IMMEDIATE, bytes([n, n, n, n])))
            polkit.until(lambda n=n: depth() == n, "nothing waits")
        polkit.keeps = ("cxl/set-feature",)
        serials.append(broker.send_set(IMMEDIATE, bytes([3, 3, 3, 3]), interactive=True))
        polkit.until_kept(1)
        return serials

    def through(self, polkit, serial):
        polkit.until(lambda: self.caller.answered(serial), "no answer comes")
        return self.caller.answer(serial)

    def test_a_new_device_gets_nothing_of_the_old_one(self):
        with Polkit() as polkit, broker.Recorded() as log:
            serials = self.load(polkit)
            self.through(polkit, broker.send(broker.device(), SIMULATION, "Unplug", "a{sv}",
                                             {"return-ms": ("u", 0)}))
            until_there()
            # A late yes, when the new device is there.
            for call in polkit.kept.values():
                polkit.answer(call)
            for serial in serials:
                self.refused("DeviceGone", self.caller.answer, serial)
            self.assertEqual(depth(), 0)
        self.assertEqual(broker.get_feature(IMMEDIATE), self.value)
        # The clerk records what waited, beside the device's worker.
        self.assertEqual(sorted(log.types), ["deny", "deny", "intent", "outcome"])
        old = {record["device"]["generation"] for record in log.records}
        self.assertEqual(len(old), 1)
        self.assertGreater(generation(), old.pop())
        self.assert_log_whole()

    def test_again_and_again(self):
        """Callers go on, and the device comes and goes with their calls."""
        callers = [dbus.Connection(broker.ALLOWED) for _ in range(4)]
        done = gone = 0
        for n in range(40):
            serials = [(caller, broker.send_set(IMMEDIATE, bytes([n, i, 7, 7]), to=caller))
                       for i, caller in enumerate(callers)]
            if n % 2:
                unplug(n % 5)
            for caller, serial in serials:
                try:
                    caller.answer(serial)
                    done += 1
                except dbus.Error as error:
                    self.assertIn(error.name, (f"{broker.NAME}.Error.DeviceGone",
                                               "org.freedesktop.DBus.Error.UnknownObject"))
                    gone += 1
            until_there()
        self.assertGreater(done, 0)
        self.assertGreater(gone, 0)
        self.assert_log_whole()


class Opening(broker.TestCase):
    """Devices that vanish before anybody has seen them."""

    def start(self, value):
        fault = {"command": "get-supported-features", "do": "unplug", "call": 2}
        slow = {"command": "get-supported-features", "do": "hang-ms", "call": 1, "value": "20"}
        vanishing = broker.load_simulated() | {"parent": "mem1", "faults": [slow, fault]}
        if value is not None:
            fault["value"] = value
        broker.control("daemon", "stop")
        broker.control("daemon", "start", "--simulate", broker.simulated_directory(
            "vanishing", broker.load_simulated(), vanishing))

    def test_one_that_does_not_return(self):
        self.start(None)
        self.assertEqual(broker.devices(), ["fwctl0"])
        self.assertEqual(len(broker.get_feature(COLD)), 4)

    def test_one_that_returns_only_to_vanish(self):
        self.start("0")
        pid = pathlib.Path(os.environ["FWCTLD_PIDFILE"]).read_text().strip()
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        for _ in range(50):
            self.assertEqual(len(broker.get_feature(COLD)), 4)
            self.assertEqual(broker.devices(), ["fwctl0"])
        # Some opening of it may have a file open.
        self.assertLess(len(os.listdir(f"/proc/{pid}/fd")), descriptors + 4)


class Many(broker.TestCase):
    def names_and_serials(self):
        objects = broker.call(ROOT, OBJECTS, "GetManagedObjects")
        return {path.rsplit("/", 1)[1]: interfaces[DEVICE]["SerialNumber"]
                for path, interfaces in objects.items() if DEVICE in interfaces}

    def test_as_many_as_the_kernel_has(self):
        card = broker.load_simulated("30-mlx5-connectx.json")
        cards = [card | {"parent": f"{n >> 8:04x}:{n & 255:02x}:00.0", "serial": hex(n)}
                 for n in range(MANY)]
        directory = broker.new_directory("many")
        for n, content in enumerate(cards):
            (directory / f"{n:04}.json").write_text(broker.json.dumps(content))
        broker.control("daemon", "stop")
        broker.control("daemon", "start", "--simulate", directory)
        wanted = {f"fwctl{n}": hex(n) for n in range(MANY)}
        self.assertEqual(self.names_and_serials(), wanted)
        for n in random.Random(1).sample(range(MANY), 64):
            unplug(n % 40, f"fwctl{n}")
        broker.until(lambda: self.names_and_serials() == wanted, "some do not return")
        broker.restart()


if __name__ == "__main__":
    broker.main()
