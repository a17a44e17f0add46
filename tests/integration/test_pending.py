#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""Changes that wait for a reset: what PendingResets says, and for how long."""

import os
import pathlib
import subprocess

import broker
from broker import COLD, CONVENTIONAL, CXL_RESET, DEVICE, device


class Pending(broker.TestCase):
    def setUp(self):
        broker.restart_mem0()

    def tearDown(self):
        broker.reset("cold")

    def test_each_reset_makes_live_what_waits_for_it(self):
        value = b"\x21\x43\x65\x87"
        waiting = {COLD: ["cold"], CONVENTIONAL: ["conventional"], CXL_RESET: ["cxl"]}
        before = {feature: broker.get_feature(feature) for feature in waiting}
        for feature in waiting:
            broker.set_feature(feature, value)
        for kind, feature, required in (("function", None, "cold"), ("cxl", CXL_RESET, "cold"),
                                        ("conventional", CONVENTIONAL, "cold"), ("cold", COLD, "")):
            with self.subTest(kind):
                broker.reset(kind)
                waiting.pop(feature, None)
                self.assertEqual(broker.pending(), waiting)
                self.assertEqual(broker.get_property(device(), DEVICE, "ResetRequired"), required)
                for each, old in before.items():
                    self.assertEqual(broker.get_feature(each), old if each in waiting else value)

    def test_a_more_thorough_reset_does_too(self):
        broker.set_feature(CXL_RESET, bytes(4))
        self.assertEqual(broker.get_property(device(), DEVICE, "ResetRequired"), "cxl")
        broker.reset("cold")
        self.assertEqual(broker.pending(), {})
        self.assertEqual(broker.get_feature(CXL_RESET), bytes(4))

    def test_setting_it_back_waits_for_nothing(self):
        current = broker.get_feature(COLD)
        self.assertTrue(broker.set_feature(COLD, b"\x31\0\0\0")["pending"])
        self.assertEqual(broker.pending(), {COLD: ["cold"]})
        self.assertFalse(broker.set_feature(COLD, current)["pending"])
        self.assertEqual(broker.pending(), {})

    def test_the_last_change_is_the_one_that_waits(self):
        broker.set_feature(COLD, b"\x31\0\0\0")
        last = broker.set_feature(COLD, b"\x32\0\0\0")
        changes = broker.get_property(device(), DEVICE, "PendingResets")
        self.assertEqual(changes, [
            {"feature": COLD, "resets": ["cold"], "audit-sequence": last["audit-sequence"]}])

    def test_an_unknown_reset(self):
        self.refused("Malformed", broker.reset, "lukewarm")

    def restart_with_saved(self, *features):
        """fwctld anew, and a device that has kept these saved values."""
        content = broker.load_simulated()
        for entry in content["features"]:
            if entry["uuid"] in features:
                entry["saved"] = "44332211"
        broker.restart("--simulate", broker.simulated_directory("kept", content))

    def test_it_survives_a_restart_of_the_daemon(self):
        results = [broker.set_feature(f, b"\x44\x33\x22\x11") for f in (COLD, CXL_RESET)]
        self.restart_with_saved(COLD, CXL_RESET)
        self.assertEqual(broker.pending(), {COLD: ["cold"], CXL_RESET: ["cxl"]})
        changes = broker.get_property(device(), DEVICE, "PendingResets")
        self.assertEqual([c["audit-sequence"] for c in changes],
                         [r["audit-sequence"] for r in results])

    def test_what_the_device_has_lost_waits_no_more(self):
        broker.set_feature(COLD, b"\x44\x33\x22\x11")
        broker.set_feature(CXL_RESET, b"\x44\x33\x22\x11")
        self.restart_with_saved(COLD)
        self.assertEqual(broker.pending(), {COLD: ["cold"]})

    def test_a_reboot_is_a_reset(self):
        features = (COLD, CONVENTIONAL, CXL_RESET)
        for feature in features:
            broker.set_feature(feature, b"\x44\x33\x22\x11")
        boot_id = pathlib.Path(os.environ["TMPDIR"]) / "boot_id"
        boot_id.write_text("01234567-89ab-4def-8123-456789abcdef\n")
        place = "/proc/sys/kernel/random/boot_id"
        subprocess.run(["mount", "--bind", boot_id, place], check=True)
        try:
            # This device has ignored it: what is left is what a reboot does not reset for sure.
            self.restart_with_saved(*features)
            self.assertEqual(broker.pending(), {CXL_RESET: ["cxl"]})
        finally:
            subprocess.run(["umount", place], check=True)

    def test_a_damaged_state_file_is_put_aside(self):
        broker.set_feature(COLD, b"\x44\x33\x22\x11")
        state = pathlib.Path(os.environ["FWCTLD_STATE"])
        file, = state.glob("pending-*0d*.json")
        file.write_text("{")
        self.restart_with_saved(COLD)
        self.assertEqual(broker.pending(), {})
        self.assertTrue(file.with_name(file.name + ".damaged").exists())
        self.assertEqual(broker.set_feature(COLD, bytes(4))["pending"], True)


if __name__ == "__main__":
    broker.main()
