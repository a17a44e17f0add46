#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""A build with -Dimmediate_changes=disabled and -Dlibcxl=disabled; run by ./check for that build."""

import os
import pathlib

import broker
import tap

CAP_SYS_RAWIO = 17


class Least(broker.TestCase):
    def test_it_says_so(self):
        self.assertEqual(broker.manager("ImmediateChanges"), "compiled-out")

    def test_an_immediate_change_is_refused_whatever_polkit_says(self):
        self.refused("ImmediateChangesBlocked", broker.set_feature, broker.IMMEDIATE, bytes(4),
                     broker.TAINT)

    def test_a_change_at_a_reset_works(self):
        result = broker.set_feature(broker.COLD, bytes(4), broker.TAINT)
        self.assertEqual(result["outcome"], "applied")

    def test_the_capability_is_gone(self):
        pid = pathlib.Path(os.environ["FWCTLD_PIDFILE"]).read_text().strip()
        status = dict(line.split(":", 1) for line in
                      pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        for name in ("CapEff", "CapPrm", "CapBnd", "CapInh"):
            self.assertFalse(int(status[name], 16) >> CAP_SYS_RAWIO & 1, name)


if __name__ == "__main__":
    tap.main()
