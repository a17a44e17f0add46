#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""Who may do what: each method asks polkit, with details that a rule can bind on, and nothing
happens without a yes."""

import os
import pathlib
import re
import subprocess

import broker
from broker import (ALLOWED, ASKED, COLD, CONVENTIONAL, CXL, CXL_TEST, DENIED, DEVICE, FIXED,
                    IMMEDIATE, MANAGER, NAME, READ_COLD, ROOT, SIMULATION, SLOW_COLD, answer_rule,
                    call, device)
import dbus
import wire

# Metadata and explanations. No other method is free.
FREE = {"Cxl.ListFeatures", "Device.Explain", "Cxl.ExplainSetFeature"}

# A read of each simulated device, by its number.
READS = [READ_COLD, READ_COLD.replace(bytes.fromhex(COLD.replace("-", "")),
                                      bytes.fromhex(SLOW_COLD.replace("-", ""))),
         wire.mlx5(0x101),
         wire.bnxt_of(wire.load_catalog("bnxt")["nvm-get-variable"], (24, 2, 8), (26, 2, 108)),
         wire.pds(1, 0x00010001, out_length=16)]
# What a fault calls them.
READ_NAMES = ["get-feature", "get-feature", "query-adapter", "nvm-get-variable", "rpc"]


def read_of(path):
    return READS[int(path[-1])]


# Valid arguments of all others, by device; each method that there is must be here or be free.
ARGUMENTS = {
    "Manager.GetAuditRecords": lambda _: ("tua{sv}", 1, 1, {}),
    "Manager.ReloadCatalog": lambda _: ("a{sv}", {}),
    "Manager.SetUpSeal": lambda _: ("a{sv}", {}),
    "Device.Rpc": lambda path: ("ayua{sv}", read_of(path), 64, {}),
    "Device.RpcBatch": lambda path: ("a(ayua{sv})a{sv}", [(read_of(path), 64, {})] * 2, {}),
    "Mlx5.AccessRegister": lambda _: ("qsuaya{sv}", 0x5004, "read", 0, bytes(16), {}),
    "Cxl.GetFeature": lambda path: ("ssa{sv}", feature_of(path), "current", {}),
    "Cxl.SetFeature": lambda path: ("saya{sv}", feature_of(path), b"\x77\0\0\0", broker.TAINT),
    "Simulation.Reset": lambda _: ("sa{sv}", "cold", {}),
    "Simulation.SetFault": lambda path: ("a{sv}", {
        "command": ("s", READ_NAMES[int(path[-1])]), "call": ("u", 1000), "do": ("s", "errno"),
        "value": ("s", "EIO")}),
    "Simulation.Unplug": lambda _: ("a{sv}", {}),
}
# The action that each asks for, with these.
ACTIONS = {
    "Manager.GetAuditRecords": "read-audit", "Manager.ReloadCatalog": "manage",
    "Manager.SetUpSeal": "manage",
    "Device.Rpc": "read", "Device.RpcBatch": "read", "Mlx5.AccessRegister": "debug-read",
    "Cxl.GetFeature": "read", "Cxl.SetFeature": "change-after-reset",
    "Simulation.Reset": "manage", "Simulation.SetFault": "manage", "Simulation.Unplug": "manage",
}


def feature_of(path):
    return COLD if path == device() else SLOW_COLD


def polkit_version():
    text = subprocess.run(["pkaction", "--version"], check=True, capture_output=True,
                          text=True).stdout
    return int(re.search(r"(\d+)\s*$", text)[1])


def read(user=ALLOWED, feature=COLD, on="fwctl0"):
    return broker.get_feature(feature, on=on, user=user)


class Walk(broker.TestCase):
    """Over the methods that introspection shows, not over a list of ours."""

    @classmethod
    def setUpClass(cls):
        # Of a pds card only what the administrator lists is known.
        example = broker.SOURCE / "policy/examples/pds-catalog.json"
        wire.put_drop_in("pds.json", example.read_text())

    @classmethod
    def tearDownClass(cls):
        wire.remove_drop_in("pds.json")

    def asked(self):
        """Those that are not free. One that nobody has listed fails."""
        found = broker.methods()
        self.assertLessEqual(FREE | set(ARGUMENTS), {method.short for method in found})
        for method in found:
            if method.short in FREE:
                continue
            self.assertIn(method.short, ARGUMENTS, "a new method: say here what its arguments are")
            arguments = ARGUMENTS[method.short](method.path)
            self.assertEqual(arguments[0], method.signature, method.short)
            yield method, arguments

    def call_method(self, method, arguments, user):
        return call(method.path, method.interface, method.name, *arguments, user=user)

    def state(self):
        """All that one of the methods could change."""
        features = [uuid for uuid, f in broker.list_features().items()
                    if "saved" in f["selections"]]
        return ([broker.get_feature(f, s) for f in features for s in ("current", "saved")],
                [broker.get_feature(SLOW_COLD, "saved", on="fwctl1")], broker.devices(),
                broker.pending(), broker.kernel_tainted(), broker.manager("CatalogDigest"))

    def test_every_method_is_denied(self):
        broker.restart()
        # A change that a reset would make live.
        broker.set_feature(CONVENTIONAL, b"\x42\0\0\0")
        before = self.state()
        for user, error in ((DENIED, "NotAuthorized"), (ASKED, "NotAuthorizedCanObtain")):
            for method, arguments in self.asked():
                with self.subTest(method.short, path=method.path, user=user):
                    message = self.refused(error, self.call_method, method, arguments, user)
                    self.assertIn(f"{NAME}.{ACTIONS[method.short]} ", message)
        self.assertEqual(self.state(), before)

    def test_the_arguments_are_valid(self):
        # Else the walk above would show nothing. What unplugs comes last.
        broker.restart()
        calls = sorted(self.asked(), key=lambda item: item[0].name == "Unplug")
        for method, arguments in calls:
            with self.subTest(method.short, path=method.path):
                self.call_method(method, arguments, ALLOWED)
        self.assertEqual(broker.devices(), [])
        broker.restart()

    def test_every_free_method_is_free(self):
        for arguments in ((CXL, "ListFeatures", "a{sv}", {}),
                          (DEVICE, "Explain", "aya{sv}", READ_COLD, {}),
                          (CXL, "ExplainSetFeature", "saya{sv}", COLD, bytes(4), {})):
            self.assertIn(f"{arguments[0].removeprefix(NAME + '.')}.{arguments[1]}", FREE)
            for user in (ALLOWED, DENIED, ASKED):
                call(device(), *arguments, user=user)

    def test_a_denial_sends_nothing_to_the_device(self):
        # A fault that waits for the next call shows whether there was one.
        broker.restart()
        broker.set_fault("get-feature", "errno", "EIO")
        broker.set_fault("set-feature", "errno", "EIO")
        self.refused("NotAuthorized", read, DENIED)
        self.refused("NotAuthorized", broker.set_feature, COLD, bytes(4), user=DENIED)
        self.refused("NotAuthorized", call, device(), DEVICE, "Rpc", "ayua{sv}", READ_COLD, 64, {},
                     user=DENIED)
        broker.explain_set(COLD, bytes(4), user=DENIED)
        self.assertFalse(broker.kernel_tainted())
        self.refused("KernelRefused", read)
        self.refused("OutcomeUnknown", broker.set_feature, COLD, bytes(4))

    def test_a_denied_change_is_recorded(self):
        for user, uid, result in ((DENIED, 1, "no"), (ASKED, 5, "challenge")):
            with broker.Recorded() as log, self.assertRaises(dbus.Error):
                broker.set_feature(COLD, b"\x55\0\0\0", broker.TAINT | {"reason": ("s", "why not")},
                                   user=user)
            self.assertEqual(log.types, ["deny"])
            record = log.records[0]
            self.assertEqual(record["peer"]["uid"], uid)
            self.assertEqual(record["peer"]["bus_name"], broker.connection(user).name)
            self.assertEqual(record["auth"],
                             {"action": f"{NAME}.change-after-reset", "result": result})
            self.assertEqual((record["data"], record["reason"]), ("55000000", "why not"))
            self.assertEqual(record["outcome"]["class"], "refused")

    def test_a_denied_read_is_not_recorded(self):
        with broker.Recorded() as log:
            self.refused("NotAuthorized", read, DENIED)
        self.assertEqual(log.types, [])


class Root(broker.TestCase):
    def test_root_is_asked_too(self):
        # polkit before 125 ignores the flag that asks for rules about root, and says yes. Whatever
        # it says is in the record.
        obeys = polkit_version() >= 125
        with broker.rules(answer_rule("true", "NO")), broker.Recorded() as log:
            self.refused("NotAuthorized", broker.set_feature, COLD, bytes(4))
            if obeys:
                self.refused("NotAuthorized", broker.set_feature, COLD, bytes(4), user=None)
            else:
                broker.set_feature(COLD, bytes(4), user=None)
        record = log.records[1]
        self.assertEqual(record["peer"]["uid"], 0)
        self.assertEqual(record["type"], "deny" if obeys else "intent")
        self.assertEqual(record["auth"]["result"], "no" if obeys else "yes")

    def test_root_is_no_way_around_polkit(self):
        broker.control("polkit", "stop")
        try:
            for function in (read, lambda user: broker.set_feature(COLD, bytes(4), user=user)):
                self.refused("NotAuthorized", function, user=None)
        finally:
            broker.control("polkit", "start")


class Rules(broker.TestCase):
    """What a rule can bind on."""

    def test_one_feature_for_one_user(self):
        condition = (f"subject.user === '{ASKED}' && action.id === '{NAME}.change-after-reset' && "
                     "action.lookup('device') === 'fwctl0' && "
                     f"action.lookup('feature') === '{COLD}'")
        with broker.rules(answer_rule(condition)):
            result = broker.set_feature(COLD, b"\x01\0\0\0", user=ASKED)
            self.assertEqual(result["outcome"], "applied")
            for function in (lambda: read(ASKED),
                             lambda: broker.set_feature(CONVENTIONAL, bytes(4), user=ASKED),
                             lambda: broker.set_feature(CXL_TEST, bytes(4), user=ASKED),
                             lambda: broker.set_feature(IMMEDIATE, bytes(4), user=ASKED),
                             lambda: broker.set_feature(SLOW_COLD, bytes(4), on="fwctl1",
                                                        user=ASKED),
                             lambda: call(device(), SIMULATION, "Reset", "sa{sv}", "cold", {},
                                          user=ASKED),
                             lambda: call(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", 1, 1, {},
                                          user=ASKED)):
                self.refused("NotAuthorizedCanObtain", function)
            self.refused("NotAuthorized", broker.set_feature, COLD, bytes(4), user=DENIED)
        self.refused("NotAuthorizedCanObtain", broker.set_feature, COLD, bytes(4), user=ASKED)

    def check_detail(self, key, value, good, bad):
        """A rule that wants a detail to be so lets one call through, and another not."""
        condition = f"subject.user === '{ASKED}' && action.lookup('{key}') === '{value}'"
        with self.subTest(key, value=value), broker.rules(answer_rule(condition)):
            good()
            self.refused("NotAuthorizedCanObtain", bad)

    def test_each_detail_can_be_bound_on(self):
        def get(feature=COLD, on="fwctl0"):
            return lambda: read(ASKED, feature, on)

        def change(feature=COLD, on="fwctl0"):
            return lambda: broker.set_feature(feature, bytes(4), on=on, user=ASKED)
        slow = get(SLOW_COLD, "fwctl1")
        self.check_detail("device", "fwctl0", get(), slow)
        self.check_detail("device.serial", "0x5e18", slow, get())
        self.check_detail("device.parent", "/sys/devices/simulated/0000:0d:00.0/mem0", get(), slow)
        self.check_detail("command", "cxl/get-feature", get(), change())
        self.check_detail("command", "cxl/set-feature", change(), get())
        self.check_detail("feature", FIXED, get(FIXED), get())
        self.check_detail("effect", "none", get(), change())
        self.check_detail("effect", "after-reset", change(), change(IMMEDIATE))
        self.check_detail("effect", "immediate", change(IMMEDIATE), change())
        self.check_detail("scope", "configuration", get(), change())
        self.check_detail("scope", "debug-write", change(), change(IMMEDIATE))
        self.check_detail("scope", "debug-write-full", change(IMMEDIATE), get())
        self.check_detail("taints", "true", change(), get())
        self.check_detail("taints", "false", get(), change())
        # What is so for both devices: a rule that wants another value lets nothing through.
        for key, value in (("device.type", "cxl"), ("driver", "simulated")):
            self.check_detail(key, value, get(),
                              lambda: call(ROOT, MANAGER, "GetAuditRecords", "tua{sv}",
                                                              1, 1, {}, user=ASKED))

    def asked_about(self, function):
        """What polkit was told: a rule writes it down, and says no."""
        file = pathlib.Path(os.environ["TMPDIR"]) / "asked"
        file.unlink(missing_ok=True)
        script = f"""polkit.addRule(function (action, subject) {{
            polkit.spawn(["/bin/sh", "-c", "printf %s \\"$0\\" >{file}",
                          action.id + String(action)]);
            return polkit.Result.NO;
        }});"""
        with broker.rules(script):
            self.refused("NotAuthorized", function)
        text = file.read_text()
        return text.split("[")[0], dict(re.findall(r"([a-z.]+)='([^']*)'", text.split("' ", 1)[1]))

    def test_details_are_those_that_are_documented(self):
        identity = {
            "device": "fwctl0", "device.type": "cxl", "driver": "simulated",
            "device.serial": "0x5e17",
            "device.parent": "/sys/devices/simulated/0000:0d:00.0/mem0",
        }
        action, details = self.asked_about(lambda: broker.set_feature(CXL_TEST, bytes(4)))
        self.assertEqual(action, f"{NAME}.change-after-reset")
        self.assertEqual(details, identity | {
            "command": "cxl/set-feature", "feature": CXL_TEST, "effect": "after-reset",
            "scope": "debug-write", "taints": "true",
            "polkit.message": "Change Feature cxl-test of CXL memory device mem0, effective "
                              "after a reset and kept from then on; this taints the kernel",
        })
        action, details = self.asked_about(read)
        self.assertEqual(action, f"{NAME}.read")
        self.assertEqual(details, identity | {
            "command": "cxl/get-feature", "feature": COLD, "effect": "none",
            "scope": "configuration", "taints": "false",
            "polkit.message": f"Read Feature {COLD} of CXL memory device mem0",
        })
        action, details = self.asked_about(lambda: broker.reset("cold"))
        self.assertEqual(action, f"{NAME}.manage")
        self.assertEqual(details, identity | {"polkit.message": "Reset a simulated device"})
        action, details = self.asked_about(lambda: call(ROOT, MANAGER, "ReloadCatalog", "a{sv}",
                                                        {}))
        self.assertEqual(action, f"{NAME}.manage")
        self.assertEqual(details, {"polkit.message": "Reload the catalog of firmware commands"})

    def test_values_are_no_details(self):
        _, details = self.asked_about(lambda: broker.set_feature(
            COLD, b"\xca\xfe\xba\xbe", broker.TAINT | {"reason": ("s", "my secret")}))
        self.assertNotRegex(str(details), "cafebabe|my secret")


if __name__ == "__main__":
    broker.main()
