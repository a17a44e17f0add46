#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --rules tests/integration/users.rules --simulate policy/simulated
"""Devices that vanish with work in hand, and new ones under the same number."""

import unittest

import broker
import dbus
from broker import COLD, CXL, DEVICE, IMMEDIATE, SIMULATION

OBJECTS = "org.freedesktop.DBus.ObjectManager"
FIRST, OTHER = bytes.fromhex("01000000"), bytes.fromhex("02000000")


def unplug(return_ms, on="fwctl0"):
    broker.call(broker.device(on), SIMULATION, "Unplug", "a{sv}",
                {"return-ms": ("u", return_ms)})


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


if __name__ == "__main__":
    broker.main()
