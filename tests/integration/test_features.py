#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""Features of CXL devices through the whole path: caller, broker, simulated device, audit log, and
back."""

import os
import pathlib

import broker
from broker import (ALLOWED, ASKED, BACKGROUND, COLD, CONVENTIONAL, CXL, CXL_RESET, CXL_TEST, DATA,
                    DENIED,
                    FIXED, HUGE, IMMEDIATE, INVALID_RESETS, LARGE, LOG, MIXED, NAME, NO_EFFECT,
                    POLICY, RESERVED, SLOW_COLD, SLOW_IMMEDIATE, TAINT, call, device)
import dbus

# What a change of each Feature is: effect, resets, outcome, whether it then waits for a reset; or
# its refusal.
CHANGES = {
    "fwctl0": {
        FIXED: "NotSupported",
        COLD: ("after-reset", ["cold"], "applied", True),
        CONVENTIONAL: ("after-reset", ["conventional"], "applied", True),
        CXL_RESET: ("after-reset", ["cxl"], "applied", True),
        IMMEDIATE: ("immediate", [], "applied", False),
        DATA: ("immediate", [], "applied", False),
        POLICY: ("immediate", [], "applied", False),
        LOG: ("immediate", [], "applied", False),
        MIXED: ("immediate", ["cold"], "applied", False),
        RESERVED: "NotSupported",
        BACKGROUND: "NotSupported",
        NO_EFFECT: "NotSupported",
        # Bits that mean nothing without effects-valid: taken for immediate, and not seen to be.
        INVALID_RESETS: ("immediate", [], "unverified", False),
        LARGE: ("after-reset", ["cold"], "applied", True),
        HUGE: ("immediate", [], "applied", False),
        # cxl_test takes a new value at once, whatever it reports.
        CXL_TEST: ("after-reset", ["cold"], "applied", False),
    },
    "fwctl1": {
        SLOW_COLD: ("after-reset", ["cold"], "applied", True),
        SLOW_IMMEDIATE: ("immediate", [], "applied", False),
    },
}

EDAC = "/sys/bus/edac/devices/cxl_mem0"
_REPAIR = {"max-operation-latency": 2, "device-initiated-capable": True, "device-initiated": False}
_ECS_UNIT = {"realtime-reporting": True, "threshold": "256", "count-mode": "rows",
             "reset-counter": False}
# The kernel's own: interface and fields.
OWNED = {
    "patrol-scrub": (f"{EDAC}/scrub0", {
        "cycle-changeable": True, "realtime-reporting": True, "cycle-hours": 12,
        "min-cycle-hours": 1,
        "enabled": True}),
    "ecs": (f"{EDAC}/ecs_fru*", {"log-entry-type": 0} | {
        f"fru{n}.{key}": value for n in (0, 1) for key, value in _ECS_UNIT.items()}),
    "sppr": (f"{EDAC}/mem_repair*", _REPAIR | {"operation-class": 1, "operation-subclass": 0}),
    "hppr": (f"{EDAC}/mem_repair*", _REPAIR | {"operation-class": 1, "operation-subclass": 1}),
    "cacheline-sparing": (f"{EDAC}/mem_repair*", _REPAIR |
                          {"operation-class": 2, "operation-subclass": 0}),
    "row-sparing": (f"{EDAC}/mem_repair*", _REPAIR |
                    {"operation-class": 2, "operation-subclass": 1}),
    "bank-sparing": (f"{EDAC}/mem_repair*", _REPAIR |
                     {"operation-class": 2, "operation-subclass": 2}),
    "rank-sparing": (f"{EDAC}/mem_repair*", _REPAIR |
                     {"operation-class": 2, "operation-subclass": 3}),
}


def pattern(size, seed=0x5a):
    return bytes((seed + 7 * i) & 0xff for i in range(size))


class EveryFeature(broker.TestCase):
    @classmethod
    def setUpClass(cls):
        broker.restart()

    def check_change(self, on, entry, value, wanted):
        feature = entry["uuid"]
        effect, resets, outcome, waits = wanted
        base = ("saved" if effect == "after-reset" and
                "saved" in entry["selections"] else "current")
        before = broker.get_feature(feature, base, on=on)
        with broker.Recorded() as log:
            result = broker.set_feature(feature, value, on=on)
        self.assertEqual(result, {
            "audit-sequence": log.records[0]["seq"], "outcome": outcome, "effect": effect,
            "resets": resets, "pending": waits, "before": before,
        })
        self.check_records(log, on, entry, value, before)
        after = before if outcome == "unverified" else value
        self.assertEqual(broker.get_feature(feature, base, on=on), after)
        if waits:
            self.assertNotEqual(broker.get_feature(feature, on=on), value)
        self.assertEqual(broker.pending(on).get(feature), resets if waits else None)

    def check_records(self, log, on, entry, value, before):
        self.assertEqual(log.types, ["intent", "outcome"])
        intent, outcome = log.records
        self.assertEqual(intent["request"], outcome["request"])
        self.assertEqual((intent["data"], intent["before"]), (value.hex(), before.hex()))
        self.assertEqual(intent["device"]["name"], on)
        self.assertEqual(intent["command"]["feature"], entry["uuid"])
        self.assertEqual(intent["command"]["effects"], entry["effects"])
        self.assertTrue(intent["command"]["persistent"])
        self.assertEqual(intent["auth"], {"action": entry["action"], "result": "yes"})
        if outcome["outcome"]["class"] == "applied":
            self.assertEqual(outcome["outcome"]["readback"], value.hex())

    def check_explanation(self, on, entry, value, refusal):
        """What is told beforehand is what then happens."""
        answer = broker.explain_set(entry["uuid"], value, on=on)
        self.assertEqual(answer["refusal"], f"{NAME}.Error.{refusal}" if refusal else "",
                         answer["reason"])
        self.assertEqual((answer["command"], answer["authorization"], answer["taints"]),
                         ("cxl/set-feature", "yes", True))
        self.assertEqual((answer["owner"], answer["effects"], answer["resets"]),
                         (entry["owner"], entry["effects"], entry["resets"]))
        if entry["changeable"]:
            self.assertEqual((answer["effect"], answer["action"]),
                             (entry["effect"], entry["action"]))

    def test_change_of_each(self):
        for on, changes in CHANGES.items():
            features = broker.list_features(on)
            vendors = {uuid for uuid, entry in features.items() if entry["owner"] == "fwctl"}
            self.assertEqual(vendors, set(changes))
            for uuid, wanted in changes.items():
                entry = features[uuid]
                value = pattern(entry["set-size"] or 1)
                with self.subTest(uuid, on=on):
                    refusal = wanted if isinstance(wanted, str) else ""
                    self.assertEqual(entry["changeable"], not refusal)
                    self.check_explanation(on, entry, value, refusal)
                    if refusal:
                        self.refused(refusal, broker.set_feature, uuid, value, on=on)
                    else:
                        self.assertEqual((entry["effect"], entry["resets"]), wanted[:2])
                        self.check_change(on, entry, value, wanted)
        self.assert_log_whole()

    def test_explanation_of_what_is_wrong(self):
        wrong = ((COLD, bytes(3), {}), (COLD, bytes(5), {}), (COLD, b"", {}),
                 (COLD, bytes(4), {"version": ("y", 9)}),
                 ("00000000-0000-0000-0000-000000000000", bytes(4), {}))
        for feature, data, options in wrong:
            with self.subTest(feature, size=len(data)):
                options = TAINT | options
                try:
                    refusal = broker.explain_set(feature, data, options)["refusal"]
                except dbus.Error as error:
                    refusal = error.name
                self.assertNotEqual(refusal, "")
                self.refused(refusal, broker.set_feature, feature, data, options)

    def test_read_of_each(self):
        for on in CHANGES:
            for entry in broker.list_features(on).values():
                for selection in ("current", "default", "saved"):
                    with self.subTest(entry["uuid"], selection=selection):
                        if selection not in entry["selections"]:
                            self.refused("NotSupported", broker.get_feature, entry["uuid"],
                                         selection, on=on)
                            continue
                        data, info = call(device(on), CXL, "GetFeature", "ssa{sv}", entry["uuid"],
                                          selection, {})
                        self.assertEqual(len(data), entry["get-size"])
                        info.pop("fields", None)
                        self.assertEqual(info,
                                         {"selection": selection, "version": 1, "effect": "none"})


class KernelOwned(broker.TestCase):
    def test_read_with_fields(self):
        for name, (_, fields) in OWNED.items():
            with self.subTest(name):
                _, info = call(device(), CXL, "GetFeature", "ssa{sv}", name, "current", {})
                self.assertEqual(info["fields"], fields)

    def test_listed_with_their_interface(self):
        owned = {f["name"]: f for f in broker.list_features().values() if f["owner"] != "fwctl"}
        self.assertEqual(set(owned), set(OWNED))
        for name, (interface, _) in OWNED.items():
            entry = owned[name]
            self.assertEqual((entry["owner"], entry["interface"]), ("edac", interface))
            self.assertFalse(entry["changeable"])

    def test_change_is_refused_whatever_polkit_says(self):
        for name, (interface, _) in OWNED.items():
            for user in (ALLOWED, DENIED, ASKED, None):
                with self.subTest(name, user=user), broker.Recorded() as log:
                    message = self.refused("KernelOwned", broker.set_feature, name, b"\x01\x01",
                                           user=user)
                    self.assertIn(interface, message)
                self.assertEqual(log.types, ["deny"])
                self.assertEqual(log.records[0]["auth"]["result"], "not-asked")
                self.assertEqual(log.records[0]["outcome"]["status"], "KernelOwned")

    def test_explained(self):
        answer = broker.explain_set("patrol-scrub", b"\x01\x01")
        self.assertEqual((answer["owner"], answer["refusal"]),
                         ("edac", f"{NAME}.Error.KernelOwned"))
        self.assertIn(OWNED["patrol-scrub"][0], answer["reason"])


class Refusals(broker.TestCase):
    def test_compare_and_set(self):
        broker.set_feature(IMMEDIATE, b"\x01\0\0\0")
        expect = TAINT | {"expect": ("ay", b"\x01\0\0\0")}
        self.assertEqual(broker.set_feature(IMMEDIATE, b"\x02\0\0\0", expect)["outcome"], "applied")
        with broker.Recorded() as log:
            self.refused("Conflict", broker.set_feature, IMMEDIATE, b"\x03\0\0\0", expect)
        self.assertEqual(broker.get_feature(IMMEDIATE), b"\x02\0\0\0")
        self.assertEqual([r["outcome"]["status"] for r in log.records], ["Conflict"])

    def test_compare_and_set_of_what_waits_compares_the_saved_value(self):
        current = broker.get_feature(COLD)
        broker.set_feature(COLD, b"\x0a\0\0\0")
        self.refused("Conflict", broker.set_feature, COLD, b"\x0b\0\0\0", TAINT |
                     {"expect": ("ay", current)})
        result = broker.set_feature(COLD, b"\x0b\0\0\0", TAINT | {"expect": ("ay", b"\x0a\0\0\0")})
        self.assertEqual(result["before"], b"\x0a\0\0\0")

    def test_compare_with_a_value_of_another_size(self):
        for expect in (b"", bytes(3), bytes(5)):
            self.refused("Conflict", broker.set_feature, COLD, bytes(4), TAINT |
                         {"expect": ("ay", expect)})
        self.refused("TooLarge", broker.set_feature, COLD, bytes(4), TAINT |
                     {"expect": ("ay", bytes(65536))})

    def test_sizes(self):
        for size in (0, 3, 5, 65535):
            message = self.refused("Malformed", broker.set_feature, COLD, bytes(size))
            self.assertRegex(message, "exactly 4 bytes|set-size")
        self.refused("TooLarge", broker.set_feature, COLD, bytes(65536))
        self.refused("Malformed", broker.set_feature, HUGE, bytes(59999))

    def test_version(self):
        right, wrong = TAINT | {"version": ("y", 1)}, TAINT | {"version": ("y", 2)}
        self.assertEqual(broker.set_feature(COLD, bytes(4), right)["outcome"], "applied")
        self.assertIn("version 1",
                      self.refused("Malformed", broker.set_feature, COLD, bytes(4), wrong))

    def test_unknown_feature(self):
        for name in ("none-such", "", "00000000-0000-0000-0000-000000000000", SLOW_COLD):
            with self.subTest(name):
                self.refused("UnknownFeature", broker.get_feature, name)
                self.refused("UnknownFeature", broker.set_feature, name, bytes(4))

    def test_names_and_cases_of_a_feature(self):
        value = broker.get_feature("cxl-test")
        for name in (CXL_TEST, CXL_TEST.upper()):
            self.assertEqual(broker.get_feature(name), value)

    def test_unknown_selection(self):
        for selection in ("", "Current", "tomorrow", "0"):
            self.refused("Malformed", broker.get_feature, COLD, selection)

    def test_nothing_of_that_reached_the_device(self):
        broker.restart_mem0()
        for feature, data in ((COLD, bytes(3)), (FIXED, bytes(16)), ("patrol-scrub", bytes(2)),
                              (RESERVED, bytes(4))):
            with self.assertRaises(dbus.Error):
                broker.set_feature(feature, data)
        self.assertFalse(broker.kernel_tainted())


class Taint(broker.TestCase):
    def setUp(self):
        broker.restart_mem0()

    def test_only_who_accepts_it_taints(self):
        for feature, size in ((COLD, 4), (IMMEDIATE, 4)):
            for options in ({}, {"allow-taint": ("b", False)}):
                with broker.Recorded() as log:
                    message = self.refused("WouldTaint", broker.set_feature, feature, bytes(size),
                                           options)
                self.assertIn("allow-taint", message)
                self.assertEqual(log.records[0]["outcome"]["status"], "WouldTaint")
                self.assertEqual(broker.explain_set(feature, bytes(size), options)["refusal"],
                                 f"{NAME}.Error.WouldTaint")
        self.assertFalse(broker.kernel_tainted())

    def test_once_tainted_nobody_is_asked(self):
        with broker.Recorded() as log:
            broker.set_feature(COLD, bytes(4))
            self.assertTrue(broker.kernel_tainted())
            self.assertEqual(broker.explain_set(COLD, b"\x01\0\0\0", {})["refusal"], "")
            broker.set_feature(COLD, b"\x01\0\0\0", {})
        self.assertEqual([record["taint"] for record in log.records], [
            {"before": False, "after": False}, {"before": False, "after": True},
            {"before": True, "after": True}, {"before": True, "after": True}])

    def test_reading_does_not_taint(self):
        broker.get_feature(COLD)
        broker.explain_set(COLD, bytes(4))
        self.assertFalse(broker.kernel_tainted())


class Configured(broker.TestCase):
    def tearDown(self):
        broker.write_config("")
        broker.restart_mem0()

    def test_immediate_changes_blocked(self):
        broker.write_config("ImmediateChanges=no")
        broker.restart_mem0()
        self.assertEqual(broker.manager("ImmediateChanges"), "blocked")
        for feature, size in ((IMMEDIATE, 4), (DATA, 8), (POLICY, 2), (LOG, 1), (MIXED, 4),
                              (INVALID_RESETS, 4), (HUGE, 60000)):
            with self.subTest(feature):
                before = broker.get_feature(feature)
                self.refused("ImmediateChangesBlocked", broker.set_feature, feature, bytes(size))
                self.assertEqual(broker.explain_set(feature, bytes(size))["refusal"],
                                 f"{NAME}.Error.ImmediateChangesBlocked")
                self.assertEqual(broker.get_feature(feature), before)
        self.assertFalse(broker.kernel_tainted())
        self.assertEqual(broker.set_feature(COLD, bytes(4))["outcome"], "applied")

    def test_then_the_capability_for_them_is_dropped(self):
        def has_rawio():
            pid = pathlib.Path(os.environ["FWCTLD_PIDFILE"]).read_text().strip()
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            sets = dict(line.split(":\t", 1) for line in status.splitlines())
            return [bool(int(sets[name], 16) >> 17 & 1) for name in ("CapPrm", "CapEff", "CapBnd")]
        broker.write_config("")
        broker.restart_mem0()
        self.assertEqual(has_rawio()[:2], [True, True])
        broker.write_config("ImmediateChanges=no")
        broker.restart_mem0()
        self.assertEqual(has_rawio(), [False, False, False])

    def test_reads_are_recorded_where_that_is_wanted(self):
        broker.write_config("RecordReads=yes")
        broker.restart_mem0()
        with broker.Recorded() as log:
            broker.get_feature(COLD)
        self.assertEqual(log.types, ["outcome"])
        record = log.records[0]
        self.assertEqual((record["command"]["name"], record["command"]["feature"],
                          record["peer"]["uid"]),
                         ("cxl/get-feature", COLD, 65534))
        self.assert_log_whole()


if __name__ == "__main__":
    broker.main()
