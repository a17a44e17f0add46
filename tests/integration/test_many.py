#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --no-daemon --rules tests/integration/users.rules
"""As many devices as the kernel's fwctl knows, from the first to the last of them."""

import json
import os
import pathlib

import broker
from broker import control, fwctl_json

MANY = 4096  # FWCTL_MAX_DEVICES in drivers/fwctl/main.c
LAST = f"fwctl{MANY - 1}"


def simulated(directory, devices):
    """A folder with so many CXL devices; each tells its number as its serial, and in its Feature."""
    path = broker.new_directory(directory)
    content = broker.load_simulated("20-cxl-slow.json") | {"latency-ms": 0}
    feature = content["features"][0]
    for i in range(devices):
        value = {key: f"{i:08x}" for key in ("current", "default", "saved")}
        device = content | {"parent": f"mem{i}", "serial": hex(i),
                            "host": f"{i >> 8:04x}:{i & 0xff:02x}:00.0",
                            "features": [feature | value]}
        (path / f"{i:04}.json").write_text(json.dumps(device))
    return path


class Many(broker.TestCase):
    @classmethod
    def setUpClass(cls):
        control("daemon", "start", "--simulate", simulated("many", MANY))

    def test_all_are_listed(self):
        listed = fwctl_json("list")
        self.assertEqual({device["name"]: device["serial-number"] for device in listed},
                         {f"fwctl{i}": hex(i) for i in range(MANY)})

    def test_each_answers_for_itself(self):
        for number in (0, 1, 2047, MANY - 1):
            with self.subTest(number):
                value = broker.get_feature(broker.SLOW_COLD, on=f"fwctl{number}")
                self.assertEqual(value.hex(), f"{number:08x}")

    def test_the_last_by_its_names(self):
        for name in (LAST, f"mem{MANY - 1}", "000f:ff:00.0"):
            with self.subTest(name):
                self.assertEqual(fwctl_json("get", name, broker.SLOW_COLD)["data"],
                                 f"{MANY - 1:08x}")

    def test_one_leaves(self):
        broker.unplug("fwctl4000")
        broker.until(lambda: "fwctl4000" not in broker.devices(), "it is still there")
        self.assertEqual(len(broker.devices()), MANY - 1)
        control("daemon", "restart", "--simulate",
                pathlib.Path(os.environ["TMPDIR"]) / "many")
        self.assertEqual(len(broker.devices()), MANY)


if __name__ == "__main__":
    broker.main()
