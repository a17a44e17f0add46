#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""The D-Bus interfaces: as a person types with busctl(1), and as a program relies on."""

import json
import os
import shutil
import subprocess

import broker
from broker import (ALLOWED, ASKED, COLD, CXL, CXL_TEST, DENIED, DEVICE, IMMEDIATE, INVALID_ARGS,
                    MANAGER,
                    NAME, PROPERTIES, ROOT, SIMULATION, SLOW_COLD, busctl, call, device)
import dbus

MANAGER_TYPES = {
    "Version": "s", "ImmediateChanges": "s", "KernelTainted": "b", "Lockdown": "s",
    "CatalogDigest": "s", "CatalogOverrides": "as",
    "AuditSequence": "t", "AuditHash": "s", "AuditState": "s", "AuditSealedSince": "t",
    "Limits": "a{st}", "Load": "a{st}",
}
DEVICE_TYPES = {
    "Name": "s", "Type": "s", "Driver": "s", "Parent": "s", "Aliases": "as", "SerialNumber": "s",
    "FirmwareVersion": "s", "Simulated": "b", "QueueDepth": "u", "PendingResets": "aa{sv}",
    "ResetRequired": "s",
}
FEATURE_TYPES = {
    "uuid": "s", "name": "s", "owner": "s", "interface": "s", "summary": "s", "effect": "s",
    "effects": "as", "resets": "as", "action": "s", "changeable": "b", "get-size": "q",
    "set-size": "q", "get-version": "y", "set-version": "y", "selections": "as",
}
METHODS = {
    "Manager.GetAuditRecords": "tua{sv}", "Manager.ReloadCatalog": "a{sv}",
    "Manager.SetUpSeal": "a{sv}",
    "Device.Rpc": "ayua{sv}", "Device.RpcBatch": "a(ayua{sv})a{sv}", "Device.Explain": "aya{sv}",
    "Mlx5.AccessRegister": "qsuaya{sv}",
    "Cxl.ListFeatures": "a{sv}", "Cxl.GetFeature": "ssa{sv}", "Cxl.SetFeature": "saya{sv}",
    "Cxl.ExplainSetFeature": "saya{sv}",
    "Simulation.Reset": "sa{sv}", "Simulation.Unplug": "a{sv}", "Simulation.SetFault": "a{sv}",
}
COMMON = ["Device", "Simulation"]
INTERFACES = {ROOT: ["Manager"], device("fwctl0"): [*COMMON, "Cxl"],
              device("fwctl1"): [*COMMON, "Cxl"], device("fwctl2"): [*COMMON, "Mlx5"],
              device("fwctl3"): COMMON, device("fwctl4"): COMMON}
# Valid ones for each of these, without the a{sv} that all end with.
ARGUMENTS = {
    "Manager.GetAuditRecords": (1, 1), "Device.Rpc": (b"", 0), "Device.Explain": (b"",),
    "Device.RpcBatch": ([],), "Mlx5.AccessRegister": (0x5004, "read", 0, bytes(16)),
    "Cxl.GetFeature": (COLD, "current"), "Cxl.SetFeature": (COLD, bytes(4)),
    "Cxl.ExplainSetFeature": (COLD, bytes(4)), "Simulation.Reset": ("cold",),
}


def busctl_json(*words):
    done = busctl("--json=short", *words)
    if done.status != 0:
        raise AssertionError(done.err)
    return json.loads(done.out)


def types_of(variants):
    return {key: value["type"] for key, value in variants.items()}


class Busctl(broker.TestCase):
    def test_tree(self):
        lines = busctl("tree", "--list", NAME).out.split()
        for path in (ROOT, device("fwctl0"), device("fwctl1")):
            self.assertIn(path, lines)

    def test_introspect(self):
        for path, types in ((ROOT, MANAGER_TYPES), (device(), DEVICE_TYPES)):
            shown = {}
            for line in busctl("introspect", "--no-legend", NAME, path).out.splitlines():
                words = line.split()
                shown[words[0]] = words[1:3]
            for name, signature in types.items():
                self.assertEqual(shown[f".{name}"], ["property", signature])
            interfaces = [MANAGER] if path == ROOT else [DEVICE, CXL, SIMULATION]
            for interface in interfaces:
                self.assertEqual(shown[interface][0], "interface")
        self.assertEqual(shown[".SetFeature"], ["method", "saya{sv}"])

    def test_call(self):
        done = busctl("call", NAME, device(), CXL, "GetFeature", "ssa{sv}", CXL_TEST, "current", 0)
        self.assertEqual(done.status, 0, done.err)
        self.assertTrue(done.out.startswith("aya{sv} 4 239 190 173 222 "), done.out)

    def test_set_and_get_property(self):
        done = busctl("call", NAME, device(), CXL, "SetFeature", "saya{sv}", COLD, 4, 1, 2, 3, 4,
                      2, "allow-taint", "b", "true", "reason", "s", "typed by hand")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn('"outcome" s "applied"', done.out)
        done = busctl("get-property", NAME, device(), DEVICE, "ResetRequired")
        self.assertEqual(done.out.strip(), 's "cold"')

    def test_error_is_words(self):
        done = busctl("call", NAME, device(), CXL, "GetFeature", "ssa{sv}", "none-such", "current",
                      0)
        self.assertEqual(done.status, 1)
        self.assertIn("no Feature of that name", done.err)

    def test_monitor(self):
        with broker.running("busctl", "monitor", "--json=short", NAME) as monitor:
            self.assertIn("Monitoring", monitor.stderr.readline())
            serial = broker.send_set(COLD, b"\x05\0\0\0")
            broker.connection().answer(serial)
            members = set()
            while "AuditRecordAppended" not in members:
                members.add(json.loads(monitor.stdout.readline()).get("member"))
        self.assertIn("SetFeature", members)

    def test_others_may_not_monitor(self):
        # Values are in these messages.
        done = busctl("monitor", NAME)
        self.assertNotEqual(done.status, 0)
        self.assertEqual(done.out, "")


class Shape(broker.TestCase):
    def test_methods(self):
        for path in broker.paths():
            there = {m.short: m.signature for m in broker.methods() if m.path == path}
            wanted = {k: v for k, v in METHODS.items() if k.split(".")[0] in INTERFACES[path]}
            self.assertEqual(there, wanted, path)

    def test_every_member_is_documented(self):
        text = subprocess.run([os.environ["FWCTLD_BUILD"] + "/daemon/fwctld", "--introspect"],
                              check=True, capture_output=True, text=True).stdout
        root = broker.xml.etree.ElementTree.fromstring(text)
        members = [m for kind in ("method", "property", "signal") for m in root.iter(kind)]
        self.assertEqual(len(members), len(METHODS) + len(MANAGER_TYPES) + len(DEVICE_TYPES) + 1)
        for member in members:
            words = [a.get("value") for a in member.findall("annotation")
                     if a.get("name") == "org.gtk.GDBus.DocString"]
            self.assertRegex(words[0], r"\w", member.get("name"))
            for argument in member.findall("arg"):
                self.assertTrue(argument.get("name"), member.get("name"))

    def test_introspection_on_the_bus_names_arguments(self):
        method = [m for m in broker.introspect(device()).iter("method") if m.get("name") ==
                  "SetFeature"]
        self.assertEqual([a.get("name") for a in method[0].findall("arg")],
                         ["feature", "data", "options", "result"])

    def test_properties_and_their_types(self):
        for path, interface, types in ((ROOT, MANAGER, MANAGER_TYPES),
                                       (device(), DEVICE, DEVICE_TYPES)):
            reply = busctl_json("call", NAME, path, PROPERTIES, "GetAll", "s", interface)
            self.assertEqual(types_of(reply["data"][0]), types)

    def test_no_property_can_be_written(self):
        for path in broker.paths():
            for element in broker.introspect(path).iter("property"):
                self.assertEqual(element.get("access"), "read", element.get("name"))
        self.refused("org.freedesktop.DBus.Error.PropertyReadOnly", call, ROOT, PROPERTIES, "Set",
                     "ssv", MANAGER, "AuditState", ("s", "ok"))

    def test_manager_values(self):
        self.assertRegex(broker.manager("Version"), r"^\d+\.\d+\.\d+$")
        self.assertEqual(broker.manager("ImmediateChanges"), "allowed")
        self.assertIn(broker.manager("Lockdown"),
                      ("none", "integrity", "confidentiality", "unknown"))
        self.assertRegex(broker.manager("CatalogDigest"), "^[0-9a-f]{64}$")
        self.assertEqual(broker.manager("AuditState"), "ok")
        last = broker.audit_records()[-1]
        self.assertEqual(broker.manager("AuditSequence"), last["seq"])
        self.assertEqual(broker.manager("AuditHash"), last["hash"])

    def test_device_values(self):
        wanted = {
            "Name": "fwctl0", "Type": "cxl", "Driver": "simulated",
            "Parent": "/sys/devices/simulated/0000:0d:00.0/mem0",
            "Aliases": ["mem0", "0000:0d:00.0"],
            "SerialNumber": "0x5e17", "FirmwareVersion": "2.1", "Simulated": True, "QueueDepth": 0,
        }
        values = call(device(), PROPERTIES, "GetAll", "s", DEVICE)
        self.assertEqual({key: values[key] for key in wanted}, wanted)

    def test_managed_objects(self):
        objects = call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        ours = {path: sorted(i for i in interfaces if i.startswith(NAME))
                for path, interfaces in objects.items()}
        self.assertEqual(ours, {path: sorted(f"{NAME}.{i}" for i in interfaces)
                                for path, interfaces in INTERFACES.items() if path != ROOT})
        self.assertEqual(set(objects[device()][DEVICE]), set(DEVICE_TYPES))

    def test_metadata_is_for_everybody(self):
        for user in (DENIED, ASKED):
            self.assertEqual(broker.get_property(device(), DEVICE, "Name", user=user), "fwctl0")
            objects = call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                           user=user)
            self.assertIn(device(), objects)

    def test_list_features_keys_and_types(self):
        reply = busctl_json("call", NAME, device(), CXL, "ListFeatures", "a{sv}", 0)
        features = {f["uuid"]["data"]: types_of(f) for f in reply["data"][0]}
        self.assertEqual(len(features), 24)
        self.assertEqual(features.pop(CXL_TEST), FEATURE_TYPES | {"set-fields": "a(sqyyy)"})
        for uuid, types in features.items():
            self.assertEqual(types, FEATURE_TYPES, uuid)

    def test_list_features_values(self):
        features = broker.list_features()
        cold = features[COLD]
        self.assertEqual(cold, {
            "uuid": COLD, "name": "", "owner": "fwctl", "interface": "", "summary": "",
            "effect": "after-reset", "effects": ["config-change-cold-reset", "effects-valid"],
            "resets": ["cold"], "action": f"{NAME}.change-after-reset", "changeable": True,
            "get-size": 4, "set-size": 4, "get-version": 1, "set-version": 1,
            "selections": ["current", "default", "saved"],
        })
        scrub = next(f for f in features.values() if f["name"] == "patrol-scrub")
        self.assertEqual((scrub["owner"], scrub["interface"], scrub["changeable"], scrub["action"]),
                         ("edac", "/sys/bus/edac/devices/cxl_mem0/scrub0", False, ""))
        self.assertEqual(features[IMMEDIATE]["action"], f"{NAME}.change-immediate")

    def test_types_of_results(self):
        reply = busctl_json("call", NAME, device(), CXL, "GetFeature", "ssa{sv}", CXL_TEST,
                            "current", 0)
        self.assertEqual(reply["type"], "aya{sv}")
        self.assertEqual(types_of(reply["data"][1]),
                         {"selection": "s", "version": "y", "effect": "s", "fields": "a{sv}"})
        words = ("saya{sv}", COLD, 4, 1, 1, 1, 1, 1, "allow-taint", "b", "true")
        reply = busctl_json("call", NAME, device(), CXL, "SetFeature", *words)
        self.assertEqual(types_of(reply["data"][0]), {
            "audit-sequence": "t", "outcome": "s", "effect": "s", "resets": "as", "pending": "b",
            "before": "ay",
        })
        reply = busctl_json("call", NAME, device(), CXL, "ExplainSetFeature", *words)
        self.assertEqual(types_of(reply["data"][0]), {
            "command": "s", "effect": "s", "effects": "as", "resets": "as", "scope": "s",
            "owner": "s", "overlaps": "s", "interface": "s", "unit": "s", "action": "s",
            "timeout-ms": "t", "taints": "b",
            "authorization": "s", "refusal": "s", "reason": "s",
        })
        reply = busctl_json("get-property", NAME, device(), DEVICE, "PendingResets")
        self.assertEqual(types_of(reply["data"][0]),
                         {"feature": "s", "resets": "as", "audit-sequence": "t"})


class Calls(broker.TestCase):
    def test_unknown_option_of_every_method(self):
        options = {"nonsense": ("b", True)}
        for method in broker.methods():
            for user in (ALLOWED, DENIED):
                with self.subTest(method.short, user=user):
                    message = self.refused(INVALID_ARGS, call, method.path, method.interface,
                                           method.name, method.signature,
                                           *ARGUMENTS.get(method.short, ()), options, user=user)
                    self.assertRegex(message, "no such option|SetFault takes")
        self.assertEqual(broker.devices(), broker.DEVICES)

    def test_options_that_others_take(self):
        values = {"allow-taint": ("b", True), "expect": ("ay", b""), "reason": ("s", ""),
                  "version": ("y", 1), "buffers": ("aay", []), "uid": ("u", 0),
                  "type": ("s", "deny")}
        filters = "device command request since until"
        values |= {name: ("s", "2026-11-25") for name in filters.split()}
        sets, runs = "allow-taint expect reason version", "allow-taint reason buffers"
        taken = {"Device.Rpc": runs, "Device.Explain": runs, "Device.RpcBatch": "allow-taint reason",
                 "Mlx5.AccessRegister": "allow-taint reason", "Cxl.SetFeature": sets,
                 "Cxl.ExplainSetFeature": sets, "Manager.GetAuditRecords": filters + " uid type"}
        for method in broker.methods():
            for option in values.keys() - set(taken.get(method.short, "").split()):
                with self.subTest(method.short, option=option):
                    self.refused(INVALID_ARGS, call, method.path, method.interface, method.name,
                                 method.signature, *ARGUMENTS.get(method.short, ()),
                                 {option: values[option]})

    def test_option_of_the_wrong_type(self):
        message = self.refused(INVALID_ARGS, broker.set_feature, COLD, bytes(4),
                               {"allow-taint": ("s", "yes")})
        self.assertIn("'b'", message)

    def test_option_that_comes_twice(self):
        twice = [("allow-taint", ("b", True)), ("allow-taint", ("b", True))]

        class Twice(dict):
            def items(self):
                return twice
        self.refused(INVALID_ARGS, broker.set_feature, COLD, bytes(4), Twice())

    def test_option_reason_is_bounded(self):
        options = broker.TAINT | {"reason": ("s", "x" * 65536)}
        self.assertEqual(broker.set_feature(COLD, bytes(4), options)["outcome"], "applied")
        options["reason"] = ("s", "x" * 65537)
        self.refused("TooLarge", broker.set_feature, COLD, bytes(4), options)

    def test_wrong_signature(self):
        self.refused(INVALID_ARGS, call, device(), CXL, "GetFeature", "ss", COLD, "current")

    def test_interface_left_out(self):
        # D-Bus lets a caller leave it out. libsystemd 252 finds no such method; one that does must
        # not lead around the authorization.
        for user, errors in ((ALLOWED, "Unknown"), (DENIED, "Unknown|NotAuthorized")):
            with self.subTest(user), broker.Recorded() as log:
                try:
                    call(device(), None, "SetFeature", "saya{sv}", COLD, bytes(4), broker.TAINT,
                         user=user)
                    self.assertEqual(user, ALLOWED)
                except dbus.Error as error:
                    self.assertRegex(error.name, errors)
            if user == DENIED:
                self.assertNotIn("intent", log.types)

    def test_what_is_not_there(self):
        unknown = "org.freedesktop.DBus.Error.Unknown"
        for arguments in ((device("fwctl7"), DEVICE, "Rpc", "ayua{sv}", b"", 0, {}),
                          (device("fwctl00"), CXL, "ListFeatures", "a{sv}", {}),
                          (device() + "/more", CXL, "ListFeatures", "a{sv}", {}),
                          (device(), MANAGER, "ReloadCatalog", "a{sv}", {}),
                          (ROOT, DEVICE, "Rpc", "ayua{sv}", b"", 0, {}),
                          (ROOT, MANAGER, "Nonsense", ""),
                          (ROOT, PROPERTIES, "Get", "ss", MANAGER, "Nonsense")):
            with self.subTest(arguments[:3]), self.assertRaises(dbus.Error) as caught:
                call(*arguments)
            self.assertTrue(caught.exception.name.startswith(unknown), caught.exception)

    def test_audit_records_in_pages(self):
        last = broker.manager("AuditSequence")
        lines = call(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", last - 1, 10, {})
        self.assertEqual([json.loads(line)["seq"] for line in lines], [last - 1, last])
        self.assertEqual(call(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", last + 1, 10, {}), [])
        self.assertEqual(call(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", 1, 0, {}), [])
        self.assertEqual(len(call(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", 0, 2, {})), 2)


class Signals(broker.TestCase):
    """Everybody hears them: the listener may do nothing."""

    def setUp(self):
        self.listener = dbus.Connection(DENIED)
        self.addCleanup(self.listener.close)
        self.listener.subscribe(f"sender='{NAME}'")

    def changed(self, path, interface, name):
        """The new value of a property, from the next signal that has it."""
        def wanted(signal):
            return (signal.path == path and signal.member == "PropertiesChanged" and
                    signal.body[0] == interface and name in signal.body[1])
        return self.listener.wait_for(wanted).body[1][name]

    def test_pending_resets(self):
        broker.set_feature(COLD, b"\x11\0\0\0")
        changes = self.changed(device(), DEVICE, "PendingResets")
        self.assertIn(COLD, [change["feature"] for change in changes])
        self.listener.signals.clear()
        broker.set_feature(COLD, b"\x12\0\0\0")
        self.assertEqual(self.changed(device(), DEVICE, "ResetRequired"), "cold")
        broker.reset("cold")
        self.assertEqual(self.changed(device(), DEVICE, "PendingResets"), [])
        self.listener.signals.clear()
        broker.reset("cold")
        self.assertEqual(self.changed(device(), DEVICE, "ResetRequired"), "")

    def test_audit_sequence_and_hash(self):
        broker.set_feature(IMMEDIATE, b"\x13\0\0\0")
        last = broker.audit_records()[-1]
        wanted = {"AuditSequence": last["seq"], "AuditHash": last["hash"]}
        # The first of the two records may have been overtaken by the second.
        self.listener.wait_for(lambda signal: signal.member == "PropertiesChanged" and
                               wanted.items() <= signal.body[1].items())

    def test_audit_record_appended_carries_no_values(self):
        before = broker.get_feature(IMMEDIATE)
        broker.set_feature(IMMEDIATE, b"\x14\0\0\0", broker.TAINT | {"reason": ("s", "a secret")})
        records = broker.audit_records()[-2:]
        for record in records:
            signal = self.listener.wait_for(lambda s: s.member == "AuditRecordAppended")
            self.assertEqual((signal.path, signal.interface), (ROOT, MANAGER))
            self.assertEqual(signal.body,
                             [record["seq"], record["type"], device(), "cxl/set-feature"])
            for secret in (before.hex(), "14000000", "secret", IMMEDIATE):
                self.assertNotIn(secret, str(signal.body))

    def test_kernel_tainted(self):
        broker.restart()
        self.assertFalse(broker.kernel_tainted())
        broker.set_feature(COLD, b"\x15\0\0\0")
        self.assertTrue(self.changed(ROOT, MANAGER, "KernelTainted"))
        self.assertTrue(broker.kernel_tainted())

    def test_catalog_digest(self):
        copy = broker.new_directory("catalog")
        shutil.copy(broker.CATALOG / "cxl.json", copy)
        broker.restart("--catalog", copy)
        digest = broker.manager("CatalogDigest")
        text = (copy / "cxl.json").read_text()

        (copy / "cxl.json").write_text(text.replace('"cxl-test"', '"renamed"'))
        call(ROOT, MANAGER, "ReloadCatalog", "a{sv}", {})
        renamed = self.changed(ROOT, MANAGER, "CatalogDigest")
        self.assertNotEqual(renamed, digest)
        self.assertEqual(broker.list_features()[CXL_TEST]["name"], "renamed")
        broker.set_feature("renamed", bytes(4))
        self.assertEqual(broker.audit_records()[-1]["daemon"]["catalog"], renamed)

        (copy / "cxl.json").write_text(text[:-10])
        self.refused("Malformed", call, ROOT, MANAGER, "ReloadCatalog", "a{sv}", {})
        self.assertEqual(broker.manager("CatalogDigest"), renamed)
        self.assertEqual(len(broker.get_feature("renamed")), 4)
        broker.restart()

    def test_interfaces_removed(self):
        announced = set(call(ROOT, "org.freedesktop.DBus.ObjectManager",
                             "GetManagedObjects")[device("fwctl1")])
        call(device("fwctl1"), SIMULATION, "Unplug", "a{sv}", {})
        signal = self.listener.wait_for(lambda s: s.member == "InterfacesRemoved")
        self.assertEqual(signal.path, ROOT)
        self.assertEqual(signal.body[0], device("fwctl1"))
        # All that InterfacesAdded and GetManagedObjects told of it, or clients keep the object.
        self.assertEqual(set(signal.body[1]), announced)
        self.assertEqual(broker.devices(), [n for n in broker.DEVICES if n != "fwctl1"])
        with self.assertRaises(dbus.Error):
            broker.get_feature(SLOW_COLD, on="fwctl1")
        broker.restart()
        self.assertEqual(broker.devices(), broker.DEVICES)


if __name__ == "__main__":
    broker.main()
