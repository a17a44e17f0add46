# SPDX-License-Identifier: LGPL-2.1-or-later
"""A unittest runner that prints TAP.

A test program ends with

    if __name__ == "__main__":
        tap.main()

and takes names of tests (TestCase, TestCase.test_method) as arguments to run only those. What a
test prints goes to standard error, so that standard output holds nothing but TAP.
"""

import contextlib
import sys
import unittest


class TapResult(unittest.TestResult):
    """Prints one line for each test. A failing subtest fails its test, once."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.count = 0
        self.skip_count = 0
        self.failed = 0
        self._problems = []
        self._extra = ""

    def _print(self, line):
        print(line, file=self.stream, flush=True)

    def _line(self, good, test, extra=""):
        self.count += 1
        self.failed += not good
        self.skip_count += good and extra != ""
        # A "#" in a name would start a TAP directive.
        name = test.id().removeprefix("__main__.").replace("#", "%")
        self._print(f"{'ok' if good else 'not ok'} {self.count} - {name}{extra}")

    def _diagnose(self, text):
        for line in text.rstrip().splitlines():
            self._print(f"# {line}")

    def _problem(self, test, text):
        if isinstance(test, unittest.TestCase):
            self._problems.append(text)
        else:  # setUpClass() or setUpModule(), which stand for all their tests
            self._line(False, test)
            self._diagnose(text)

    def startTest(self, test):
        super().startTest(test)
        self._problems = []
        self._extra = ""

    def stopTest(self, test):
        super().stopTest(test)
        self._line(not self._problems, test, self._extra if not self._problems else "")
        for text in self._problems:
            self._diagnose(text)

    def addError(self, test, err):
        super().addError(test, err)
        self._problem(test, self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._problem(test, self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            failure = issubclass(err[0], test.failureException)
            text = (self.failures if failure else self.errors)[-1][1]
            self._problem(test, f"{subtest}\n{text}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._extra = f" # SKIP {reason}"
        if not isinstance(test, unittest.TestCase):
            self._line(True, test, self._extra)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._problems.append("succeeded, and was expected to fail")


def main(module="__main__"):
    """Runs the module's tests and exits: 0, or 1 when one failed or there was none."""
    loader = unittest.TestLoader()
    names = sys.argv[1:]
    module = sys.modules[module]
    suite = (loader.loadTestsFromNames(names, module) if names
             else loader.loadTestsFromModule(module))
    result = TapResult(sys.stdout)
    with contextlib.redirect_stdout(sys.stderr):
        suite.run(result)
    passed = result.count - result.failed - result.skip_count
    print(f"1..{result.count}")
    print(f"# {passed} passed, {result.failed} failed, {result.skip_count} skipped", flush=True)
    sys.exit(0 if result.count > 0 and result.failed == 0 else 1)
