# SPDX-License-Identifier: LGPL-2.1-or-later
"""For tests that measure, with the programs of tests/bench.

A program that imports it takes --build DIR and --long in front of its other arguments. Nothing is
compared with a time: both sides of a comparison are measured in the same run.
"""

import json
import pathlib
import subprocess
import sys
import unittest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / "build"
LONG = False
SKIPPED = 77

while sys.argv[1:2] in (["--build"], ["--long"]):
    if sys.argv.pop(1) == "--long":
        LONG = True
    else:
        BUILD = pathlib.Path(sys.argv.pop(1)).resolve()


def measure(program, *arguments):
    """What a program of tests/bench says, as a dict; its test is skipped where it cannot measure."""
    done = subprocess.run([BUILD / "tests/bench" / program, *map(str, arguments)],
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == SKIPPED:
        raise unittest.SkipTest(done.stdout.strip())
    done.check_returncode()
    return json.loads(done.stdout)


def until_met(found, is_met, again, times):
    """Measures anew what misses its bound, so many times at most: the noise of a busy machine misses it
    now and then, and what is really worse each time. Returns what was found last."""
    for _ in range(times):
        if is_met(found):
            break
        found = again()
    return found
