#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""Drop-ins of the catalog: what vendors and the administrator may change, and when it counts."""

import json
import pathlib
import shutil

import broker
import wire
from broker import fwctl_json, manager
from wire import bnxt_of, explain, reload_catalog

BNXT = wire.load_catalog("bnxt")


def effect_of(name):
    return explain("bnxt", bnxt_of(BNXT[name]))["effect"]


def change_of(name, **keys):
    return {"format": 1, "driver": "bnxt", "commands": [{"name": name} | keys]}


class Administrator(broker.TestCase):
    def setUp(self):
        self.addCleanup(self.forget)

    def forget(self):
        shutil.rmtree(wire.administrator_catalog(), ignore_errors=True)
        reload_catalog()

    def test_loosening_is_shown(self):
        self.assertEqual(manager("CatalogOverrides"), [])
        before = manager("CatalogDigest")
        wire.put_drop_in("10-site.json", change_of("fw-reset", effect="immediate"))
        # Not before it is loaded.
        self.assertEqual(effect_of("fw-reset"), "disruptive")
        reload_catalog()
        self.assertEqual(effect_of("fw-reset"), "immediate")
        self.assertNotEqual(manager("CatalogDigest"), before)
        overrides = manager("CatalogOverrides")
        self.assertEqual(len(overrides), 1)
        self.assert_words(overrides[0], "10-site.json", "bnxt/fw-reset",
                          "effect immediate instead of disruptive", "loosened by the administrator")
        self.assertEqual(fwctl_json("status")["catalog-overrides"], overrides)
        self.assert_words(broker.fwctl("status").out, overrides[0])
        self.forget()
        self.assertEqual((manager("CatalogDigest"), manager("CatalogOverrides")), (before, []))

    def test_tightening_is_shown_too(self):
        wire.put_drop_in("10-site.json", change_of("port-clr-stats", effect="disruptive"))
        reload_catalog()
        self.assertEqual(effect_of("port-clr-stats"), "disruptive")
        self.assert_words(manager("CatalogOverrides")[0], "tightened by the administrator")

    def test_whole_or_not_at_all(self):
        good = change_of("port-clr-stats", effect="disruptive")
        bad = change_of("fw-sync", effect="mild")
        before = manager("CatalogDigest")
        wire.put_drop_in("10-good.json", good)
        for text in (json.dumps(bad), "{", '{"format": 1, "driver": "bnxt", "driver": "cxl"}'):
            wire.put_drop_in("20-bad.json", text)
            message = self.refused("Malformed", reload_catalog)
            self.assertIn("stays as it was", message)
            self.assertEqual(manager("CatalogDigest"), before)
            self.assertEqual(effect_of("port-clr-stats"), "immediate")
        wire.remove_drop_in("20-bad.json")
        reload_catalog()
        self.assertEqual(effect_of("port-clr-stats"), "disruptive")

    def test_who_may_not_manage_reloads_nothing(self):
        wire.put_drop_in("10-site.json", change_of("fw-reset", effect="none"))
        self.refused("NotAuthorized", reload_catalog, user=broker.DENIED)
        self.assertEqual(effect_of("fw-reset"), "disruptive")


class Vendor(broker.TestCase):
    """In catalog.d beside the catalog, here beside a copy of it."""

    def setUp(self):
        self.catalog = broker.new_directory("catalog")
        shutil.copytree(broker.CATALOG, self.catalog, dirs_exist_ok=True)
        self.drop_ins = pathlib.Path(f"{self.catalog}.d")
        shutil.rmtree(self.drop_ins, ignore_errors=True)
        self.drop_ins.mkdir()
        broker.restart("--catalog", self.catalog)
        self.addCleanup(broker.restart)

    def put(self, content):
        (self.drop_ins / "50-acme.json").write_text(json.dumps(content))

    def test_it_may_tighten(self):
        self.put(change_of("port-clr-stats", effect="disruptive"))
        reload_catalog()
        self.assertEqual(effect_of("port-clr-stats"), "disruptive")
        self.assert_words(manager("CatalogOverrides")[0], "tightened by a vendor")

    def test_it_may_not_loosen(self):
        before = manager("CatalogDigest")
        for keys in ({"effect": "immediate"}, {"effect": "none"}, {"unit": "own"}):
            self.put(change_of("fw-reset", **keys))
            self.refused("Malformed", reload_catalog)
            self.assertEqual(manager("CatalogDigest"), before)
            self.assertEqual(effect_of("fw-reset"), "disruptive")

    def test_it_may_add_a_register(self):
        register = {"name": "ACME", "id": "0x9ffe", "summary": "A register", "source": "a test",
                    "write": {"effect": "disruptive"}}
        self.put({"format": 1, "driver": "mlx5", "registers": [register]})
        reload_catalog()
        raw = wire.register(0x9ffe, wire.WRITE, bytes(8))
        self.assertEqual(explain("mlx5", raw)["effect"], "disruptive")
        # An unlisted write is immediate: a vendor's word does not make it milder.
        register["write"] = {"effect": "after-reset", "resets": ["cold"]}
        self.put({"format": 1, "driver": "mlx5", "registers": [register]})
        self.refused("Malformed", reload_catalog)
        self.assertEqual(explain("mlx5", raw)["effect"], "disruptive")

    def test_it_lists_no_operation_of_pds(self):
        self.put({"format": 1, "driver": "pds",
                  "commands": [wire.pds_command("test.read", 1, "0x00010001")]})
        self.refused("Malformed", reload_catalog)


if __name__ == "__main__":
    broker.main()
