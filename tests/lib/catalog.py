# SPDX-License-Identifier: LGPL-2.1-or-later
"""For tests of what fwctl does with the files of the catalog, without a broker.

A program that imports it takes --build DIR in front of its other arguments.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / "build"
SHIPPED = TOP / "policy/catalog"
(DONE, FAILED, USAGE, REFUSED) = (0, 1, 2, 4)
CLIENT_ERROR = "org.fwctl.Client1.Error."

if sys.argv[1:2] == ["--build"]:
    BUILD = pathlib.Path(sys.argv[2]).resolve()
    del sys.argv[1:3]


def fwctl(*words, catalog=SHIPPED, configuration="/nonexistent"):
    if catalog:
        words = (*words, "--catalog", catalog)
    # No bus: the verbs must not need one. Nothing of this host's own.
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/",
                   "FWCTL_CATALOG": "/nonexistent", "FWCTL_CONFIGURATION": str(configuration)}
    return subprocess.run([BUILD / "client/fwctl", *words], text=True, capture_output=True,
                          check=False, env=environment)


def shipped(driver):
    return json.loads((SHIPPED / f"{driver}.json").read_text())


def without(entry, *keys):
    return {key: value for key, value in entry.items() if key not in keys}


def drop_in(driver, **members):
    return {"format": 1, "driver": driver, "commands": [], **members}


# Drop-ins of a vendor that does not exist.
OPERATION = {"name": "acme.get-led", "endpoint": 1, "operation": "0x00010003", "effect": "none",
             "scope": "configuration", "owner": "fwctl", "unit": "own", "timeout-ms": 1000,
             "summary": "Read which LED is lit", "source": "ACME manual, section 3"}
FEATURE = {"name": "acme-led", "uuid": "0fd3a9b4-5c3e-4c43-9d1a-6e1f6f0c9a11", "owner": "fwctl",
           "summary": "Which LED is lit", "source": "ACME manual, section 4"}
REGISTER = {"name": "ACMELED", "id": "0xf0e1", "summary": "Which LED is lit",
            "source": "ACME manual, section 5"}


class CatalogTest(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.place)

    def json(self, *words, **keywords):
        done = fwctl(*words, "--json", **keywords)
        self.assertEqual((done.returncode, done.stderr), (DONE, ""), words)
        return json.loads(done.stdout)

    def words(self, *words, **keywords):
        done = fwctl(*words, **keywords)
        self.assertEqual((done.returncode, done.stderr), (DONE, ""), words)
        return done.stdout

    def fails(self, status, error, *words, says="", **keywords):
        """Without data on stdout; why is on stderr, in one line or one document."""
        done = fwctl(*words, **keywords)
        self.assertEqual((done.returncode, done.stdout), (status, ""), (words, done.stderr))
        self.assertRegex(done.stderr, r"\Afwctl: [^\n]+\n\Z")
        done = fwctl(*words, "--json", **keywords)
        self.assertEqual((done.returncode, done.stdout), (status, ""), (words, done.stderr))
        document = json.loads(done.stderr)
        self.assertEqual(document["error"], error)
        self.assertIn(says, document["message"])

    def copy(self):
        """A catalog of our own, and the folder for its drop-ins."""
        catalog = self.place / "catalog"
        shutil.copytree(SHIPPED, catalog)
        (self.place / "catalog.d").mkdir()
        return catalog, self.place / "catalog.d"
