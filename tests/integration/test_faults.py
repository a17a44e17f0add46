#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""Devices that fail, lie, hang and vanish: what the caller and the audit log are told."""

import broker
from broker import COLD, CXL, DENIED, DEVICE, IMMEDIATE, NAME, SLOW_COLD, call, device
import dbus
import wire

MFRL = 0x9028


class Faults(broker.TestCase):
    """A device that goes wrong."""

    @classmethod
    def setUpClass(cls):
        broker.restart_mem0()

    def refused_change(self, error, feature=COLD):
        """Asserts that a change fails so; returns the error's message and the recorded outcome."""
        with broker.Recorded() as log:
            message = self.refused(error, broker.set_feature, feature, b"\x99\0\0\0")
        self.assertEqual(log.types, ["intent", "outcome"])
        return message, log.records[1]["outcome"]

    def test_an_errno_leaves_the_outcome_unknown(self):
        broker.set_fault("set-feature", "errno", "EIO")
        message, outcome = self.refused_change("OutcomeUnknown")
        self.assertIn("EIO", message)
        self.assertEqual((outcome["class"], outcome["errno"]), ("unknown", "EIO"))
        # What was read back helps whoever looks into it.
        self.assertEqual(outcome["readback"], broker.get_feature(COLD, "saved").hex())
        self.assertEqual(broker.pending().get(COLD), None)

    def test_an_errno_from_before_the_command_is_a_refusal(self):
        broker.set_fault("set-feature", "errno", "EPERM")
        message, outcome = self.refused_change("KernelRefused")
        self.assertIn("EPERM", message)
        self.assertEqual((outcome["class"], outcome["errno"]), ("refused", "EPERM"))

    def test_a_status_of_the_device(self):
        broker.set_fault("set-feature", "status", "PAYLOADLEN")
        message, outcome = self.refused_change("DeviceError")
        self.assert_words(message, "PAYLOADLEN", "0x16")
        self.assertEqual((outcome["class"], outcome["status"]), ("failed", "PAYLOADLEN"))

    def test_a_status_without_a_name(self):
        broker.set_fault("set-feature", "status", "0x7777")
        message, outcome = self.refused_change("DeviceError")
        self.assert_words(message, "unknown", "0x7777")
        self.assertEqual(outcome["class"], "failed")

    def test_a_false_success_is_not_believed(self):
        for feature, selection in ((COLD, "saved"), (IMMEDIATE, "current")):
            before = broker.get_feature(feature, selection)
            broker.set_fault("set-feature", "false-success")
            with broker.Recorded() as log:
                result = broker.set_feature(feature, b"\x98\x97\0\0")
            self.assertEqual((result["outcome"], result["pending"]), ("unverified", False))
            outcome = log.records[1]["outcome"]
            self.assertEqual((outcome["class"], outcome["readback"]), ("unverified", before.hex()))
            self.assertEqual(broker.get_feature(feature, selection), before)

    def test_a_value_that_cannot_be_read_back_is_unverified(self):
        broker.set_fault("get-feature", "errno", "EIO", count=2)
        result = broker.set_feature(IMMEDIATE, b"\x96\0\0\0")
        self.assertEqual(result["outcome"], "unverified")
        self.assertEqual(broker.get_feature(IMMEDIATE), b"\x96\0\0\0")

    def test_a_value_that_cannot_be_read_before_is_not_replaced(self):
        before = broker.get_feature(IMMEDIATE)
        broker.set_fault("get-feature", "status", "BUSY")
        with broker.Recorded() as log:
            self.assertIn("BUSY",
                          self.refused("DeviceError", broker.set_feature, IMMEDIATE, b"\x95\0\0\0"))
        self.assertEqual(log.types, ["deny"])
        self.assertEqual(broker.get_feature(IMMEDIATE), before)

    def test_reads_that_fail(self):
        broker.set_fault("get-feature", "errno", "EIO")
        self.assertIn("EIO", self.refused("KernelRefused", broker.get_feature, COLD))
        broker.set_fault("get-feature", "status", "UNSUPPORTED")
        self.assertIn("UNSUPPORTED", self.refused("DeviceError", broker.get_feature, COLD))
        broker.set_fault("get-feature", "false-success")
        self.assertEqual(broker.get_feature(COLD), b"")

    def test_faults_that_there_are_not(self):
        for fault in (("get-feature", "explode"), ("reset", "errno", "EIO"),
                      ("get-feature", "errno", "ENONSENSE"),
                      ("get-feature", "errno"), ("get-feature", "unplug", "now")):
            with self.subTest(fault):
                self.refused("Malformed", broker.set_fault, *fault)
        self.refused(broker.INVALID_ARGS, call, device(), broker.SIMULATION, "SetFault", "a{sv}",
                     {})


class Unplugged(broker.TestCase):
    def setUp(self):
        broker.restart()

    @classmethod
    def tearDownClass(cls):
        broker.restart()

    def hang(self, command, send, depth=1):
        """Sends a call that does not come back by itself, and waits until the device has it."""
        broker.set_fault(command, "hang-ms", "600000")
        serial = send()
        broker.until(lambda: broker.get_property(device(), DEVICE, "QueueDepth") == depth,
                     "nothing runs")
        return serial

    def test_while_a_change_hangs(self):
        answer = broker.connection().answer
        changing = self.hang("set-feature", lambda: broker.send_set(COLD, b"\x77\0\0\0"))
        broker.until_recorded("intent", COLD)
        waiting = [broker.send(device(), CXL, "GetFeature", "ssa{sv}", COLD, "current", {}),
                   broker.send_set(IMMEDIATE, bytes(4))]
        broker.until(lambda: broker.get_property(device(), DEVICE, "QueueDepth") == 3,
                     "nothing waits")
        with broker.Recorded() as log:
            broker.unplug()
            self.refused("DeviceGone", answer, changing)
            for serial in waiting:
                self.refused("DeviceGone", answer, serial)
        # The clerk records what waited, beside the device's worker.
        self.assertEqual(sorted(log.types), ["deny", "outcome"])
        denial, outcome = sorted(log.records, key=lambda record: record["type"])
        # ENODEV is from before the command was sent: the kernel holds an unplug until it is done.
        self.assertEqual((outcome["outcome"]["class"], outcome["outcome"]["errno"]),
                         ("refused", "ENODEV"))
        self.assertEqual(denial["outcome"]["status"], "DeviceGone")
        self.assertEqual(broker.devices(), broker.DEVICES[1:])
        self.assert_log_whole()

    def test_while_a_read_hangs(self):
        serial = self.hang("get-feature", lambda: broker.send(
            device(), CXL, "GetFeature", "ssa{sv}", COLD, "current", {}))
        broker.unplug()
        self.refused("DeviceGone", broker.connection().answer, serial)

    def test_by_the_command_itself(self):
        broker.set_fault("set-feature", "unplug")
        self.refused("DeviceGone", broker.set_feature, COLD, bytes(4))
        broker.until(lambda: broker.devices() == broker.DEVICES[1:], "the device stays")
        self.assert_log_whole()

    def test_while_polkit_is_asked_about_it(self):
        serial = broker.send_set(COLD, bytes(4))
        broker.unplug()
        # Whichever came first: the change was made, or refused, and is recorded.
        try:
            broker.connection().answer(serial)
        except dbus.Error as error:
            self.assertEqual(error.name, f"{NAME}.Error.DeviceGone")
        self.assert_log_whole()

    def test_a_hanging_device_delays_nothing_else(self):
        with broker.Recorded() as log:
            serial = self.hang("set-feature", lambda: broker.send_set(COLD, b"\x76\0\0\0"))
            # All these come back, while the first call does not.
            self.assertEqual(broker.set_feature(SLOW_COLD, b"\x75\0\0\0", on="fwctl1")["outcome"],
                             "applied")
            self.assertIn(COLD, broker.list_features())
            self.assertEqual(broker.get_property(device(), DEVICE, "QueueDepth"), 1)
            self.assertEqual(broker.manager("AuditState"), "ok")
            self.assertEqual(broker.explain_set(COLD, bytes(4))["refusal"], "")
            self.refused("KernelOwned", broker.set_feature, "ecs", bytes(5))
            self.refused("NotAuthorized", broker.set_feature, COLD, bytes(4), user=DENIED)
            self.assertFalse(broker.connection().answered(serial))
            broker.unplug()
            self.refused("DeviceGone", broker.connection().answer, serial)
        self.assertEqual(log.types, ["intent", "intent", "outcome", "deny", "deny", "outcome"])

    def test_the_slow_device_does_not_delay_the_other(self):
        caller = broker.connection()
        slow = broker.send(device("fwctl1"), CXL, "GetFeature", "ssa{sv}", SLOW_COLD, "current", {})
        broker.until(lambda: broker.get_property(device("fwctl1"), DEVICE, "QueueDepth") == 1 or
                     caller.answered(slow), "nothing runs")
        for _ in range(3):
            broker.get_feature(COLD)
        self.assertEqual(len(caller.answer(slow)[0]), 4)


class Stop(broker.TestCase):
    def test_a_batch_stops_with_the_daemon(self):
        """What runs is finished and recorded; what waits behind it is not begun."""
        broker.restart()
        broker.set_fault("access-register", "hang-ms", "1500", on="fwctl2")
        write = (wire.register(MFRL, wire.WRITE, bytes(8)), 64, {})
        before = len(broker.audit_records())
        serial = broker.send(device("fwctl2"), DEVICE, "RpcBatch", "a(ayua{sv})a{sv}",
                             [write] * 50, {})
        broker.until(lambda: len(broker.audit_records()) > before, "nothing begins")
        broker.control("daemon", "stop")
        records = broker.audit_records()[before:]
        self.assertEqual([record["type"] for record in records], ["intent", "outcome"])
        results = broker.connection().answer(serial)[0]
        self.assertEqual(len(results), 2)
        self.assertEqual(results[1][1]["error"], f"{NAME}.Error.DeviceBusy")
        broker.control("daemon", "start")


if __name__ == "__main__":
    broker.main()
