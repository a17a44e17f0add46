#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""The end of the bus: what runs is finished and recorded, what waits is not begun, and fwctld ends with a
failure, for systemd to start it again on the next bus."""

import os
import pathlib
import signal
import subprocess

import broker
import dbus
from broker import ALLOWED, ASKED, COLD, CONVENTIONAL, DEVICE, FIXED, IMMEDIATE, device

FAILURE = 1


def depth():
    return broker.get_property(device(), DEVICE, "QueueDepth")


def kill_bus():
    pid = broker.connection(None).bus_call("GetConnectionUnixProcessID", "s",
                                           "org.freedesktop.DBus")[0]
    os.kill(pid, signal.SIGKILL)


class BusDies(broker.TestCase):
    def test_with_a_change_running_and_others_waiting(self):
        asked, other = dbus.Connection(ASKED), dbus.Connection(ALLOWED)
        broker.set_fault("set-feature", "hang-ms", "2000")
        running = broker.send_set(COLD, b"\x51\0\0\0")
        broker.until_recorded("intent", COLD)
        # One waits for its turn, a read does, and one waits for polkit.
        broker.send_set(CONVENTIONAL, b"\x52\0\0\0", to=other)
        broker.send(device(), broker.CXL, "GetFeature", "ssa{sv}", FIXED, "current", {}, to=other)
        broker.send_set(IMMEDIATE, b"\x53\0\0\0", to=asked, interactive=True)
        broker.until(lambda: depth() == 3, "they do not wait")
        self.assertFalse(broker.connection().answered(running))
        kill_bus()
        # By itself: daemon stop would send it a signal, and what comes first is the reason.
        status = pathlib.Path(os.environ["FWCTLD_SESSION"]) / "fwctld.status"
        broker.until(status.exists, "fwctld goes on without a bus")
        ended = subprocess.run(["session-control", "daemon", "stop"], capture_output=True,
                               text=True, check=False)
        # A crash, or a sanitizer, would have ended it with another status.
        self.assertEqual(ended.returncode, FAILURE, ended.stderr)
        said = pathlib.Path(os.environ["FWCTLD_STDERR"]).read_text(encoding="utf-8")
        self.assert_words(said, "The connection to the bus has ended")
        for sign in ("Sanitizer", "runtime error:", "Assertion"):
            self.assertNotIn(sign, said)
        records = broker.audit_records()
        intents = [record for record in records if record["type"] == "intent"]
        self.assertEqual([record["command"]["feature"] for record in intents], [COLD])
        outcome = next(record for record in records if record["type"] == "outcome")
        self.assertEqual((outcome["request"], outcome["outcome"]["class"]),
                         (intents[0]["request"], "applied"))
        self.assert_log_whole()


if __name__ == "__main__":
    broker.main()
