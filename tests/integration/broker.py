# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the integration tests share: fwctld in a session (tests/lib/session), asked as its users.

Each test program has a line "# session: OPTIONS" with what its session needs; tests/integration/run
reads it. By users.rules, the user ALLOWED may do everything and DENIED nothing; ASKED is to
authenticate, and so is everybody without those rules.
"""

import contextlib
import glob
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
import unittest
import xml.etree.ElementTree

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "lib"))

# pylint: disable=wrong-import-position
import dbus  # noqa: E402
import tap  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SIMULATED = SOURCE / "policy/simulated"
CATALOG = SOURCE / "policy/catalog"

ALLOWED, DENIED, ASKED = "nobody", "daemon", "games"

NAME = "org.fwctl.Broker1"
ROOT = "/org/fwctl/Broker1"
MANAGER, DEVICE, CXL, MLX5, SIMULATION = (f"{NAME}.{x}" for x in (
    "Manager", "Device", "Cxl", "Mlx5", "Simulation"))
PROPERTIES = "org.freedesktop.DBus.Properties"
INVALID_ARGS = "org.freedesktop.DBus.Error.InvalidArgs"

# Those of policy/simulated: two CXL devices, mlx5, bnxt and pds.
DEVICES = [f"fwctl{n}" for n in range(5)]

# Of the simulated mem0; policy/simulated/README.md has the list.
FIXED, COLD, CONVENTIONAL, CXL_RESET = (f"f3c71d00-0000-4000-8000-{n:012x}" for n in range(1, 5))
IMMEDIATE, DATA, POLICY, LOG = (f"f3c71d00-0000-4000-8000-{n:012x}" for n in range(5, 9))
MIXED, RESERVED, BACKGROUND, NO_EFFECT = (f"f3c71d00-0000-4000-8000-{n:012x}" for n in range(9, 13))
INVALID_RESETS, LARGE, HUGE = (f"f3c71d00-0000-4000-8000-{n:012x}" for n in range(13, 16))
CXL_TEST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
# Of the slow mem1.
SLOW_COLD, SLOW_IMMEDIATE = (f"f3c71d00-0000-4000-8000-{n:012x}" for n in range(257, 259))

# The payload of Get Feature: UUID, offset, count, selection, behind a header of 16 bytes.
READ_COLD = (bytes.fromhex("01050000" "00000000" "15000000" "00000000") +
             bytes.fromhex(COLD.replace("-", "")) + bytes.fromhex("0000" "0400" "00"))

TAINT = {"allow-taint": ("b", True)}


def device(name="fwctl0"):
    return f"{ROOT}/device/{name}"


# ---- Callers

_connections = {}


def connection(user=ALLOWED):
    """The connection of a user that all tests of this process share."""
    if user not in _connections:
        _connections[user] = dbus.Connection(user)
    return _connections[user]


def send(path, interface, member, signature="", *values, user=ALLOWED, to=None, **how):
    """Sends a call to the broker; returns what answer() of the connection takes."""
    caller = to or connection(user)
    return caller.send(NAME, path, interface, member, signature, *values, **how)


def call(path, interface, member, signature="", *values, user=ALLOWED, interactive=False):
    """Calls the broker. Returns nothing, the one result, or a list of them."""
    caller = connection(user)
    serial = send(path, interface, member, signature, *values, to=caller, interactive=interactive)
    results = caller.answer(serial)
    return results[0] if len(results) == 1 else results or None


def get_property(path, interface, name, user=ALLOWED):
    return call(path, PROPERTIES, "Get", "ss", interface, name, user=user)


def manager(name):
    return get_property(ROOT, MANAGER, name)


def list_features(name="fwctl0"):
    features = call(device(name), CXL, "ListFeatures", "a{sv}", {})
    return {feature["uuid"]: feature for feature in features}


def get_feature(feature, selection="current", on="fwctl0", user=ALLOWED):
    """The value alone."""
    return call(device(on), CXL, "GetFeature", "ssa{sv}", feature, selection, {}, user=user)[0]


def set_feature(feature, data, options=None, on="fwctl0", user=ALLOWED):
    options = TAINT if options is None else options
    return call(device(on), CXL, "SetFeature", "saya{sv}", feature, data, options, user=user)


def send_set(feature, data, on="fwctl0", **how):
    return send(device(on), CXL, "SetFeature", "saya{sv}", feature, data, TAINT, **how)


def explain_set(feature, data, options=None, on="fwctl0", user=ALLOWED):
    options = TAINT if options is None else options
    return call(device(on), CXL, "ExplainSetFeature", "saya{sv}", feature, data, options, user=user)


def set_fault(command, do, value=None, count=1, on="fwctl0"):
    fault = {"command": ("s", command), "do": ("s", do), "call": ("u", count)}
    if value is not None:
        fault["value"] = ("s", value)
    call(device(on), SIMULATION, "SetFault", "a{sv}", fault)


def reset(kind, on="fwctl0"):
    call(device(on), SIMULATION, "Reset", "sa{sv}", kind, {})


def unplug(on="fwctl0"):
    call(device(on), SIMULATION, "Unplug", "a{sv}", {})


def devices():
    """The names of the devices that there are."""
    objects = call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    return sorted(path.rsplit("/", 1)[1] for path in objects if path.startswith(device("")))


def pending(on="fwctl0"):
    """Feature to resets, of the changes that wait for one."""
    changes = get_property(device(on), DEVICE, "PendingResets")
    return {change.get("feature", change.get("command")): change["resets"] for change in changes}


class Method:
    """A method as introspection shows it."""

    def __init__(self, path, interface, element):
        self.path = path
        self.interface = interface
        self.name = element.get("name")
        self.short = f"{interface.removeprefix(NAME + '.')}.{self.name}"
        self.signature = "".join(arg.get("type") for arg in element.findall("arg")
                                 if arg.get("direction") == "in")


def introspect(path):
    text = call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
    return xml.etree.ElementTree.fromstring(text)


def paths():
    return [ROOT] + [device(name) for name in devices()]


def methods():
    """All methods of all objects, but those of the standard interfaces."""
    return [Method(path, interface.get("name"), element)
            for path in paths()
            for interface in introspect(path).findall("interface")
            if not interface.get("name").startswith("org.freedesktop.DBus.")
            for element in interface.findall("method")]


# ---- The session

def control(*words, text=None):
    """Runs session-control; what fails there fails the test."""
    done = subprocess.run(["session-control", *map(str, words)], input=text, text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"session-control {words}: {done.returncode}\n{done.stderr}")


@contextlib.contextmanager
def rules(text):
    """Puts polkit rules in front of all others."""
    control("rules", "put", "10-test.rules", text=text)
    try:
        yield
    finally:
        control("rules", "remove", "10-test.rules")


def answer_rule(condition, answer="YES"):
    """A rule that answers so where a condition over action and subject holds."""
    return f"""polkit.addRule(function (action, subject) {{
        if (action.id.indexOf("{NAME}.") === 0 && ({condition})) {{
            return polkit.Result.{answer};
        }}
    }});
"""


def write_config(text):
    """Makes the text fwctld's only drop-in; it holds from the next start on."""
    directory = pathlib.Path(os.environ["FWCTLD_CONFIG"]) / "fwctld.conf.d"
    directory.mkdir(exist_ok=True)
    (directory / "50-test.conf").write_text(f"[Broker]\n{text}\n" if text else "")


def restart(*options):
    """fwctld anew: untainted, all simulated devices as in their files."""
    control("daemon", "restart", *options)


def restart_with_new_log():
    """The same, with an empty log and without the key that sealed the old one."""
    control("daemon", "stop")
    for variable in ("FWCTLD_LOG", "FWCTLD_STATE"):
        for file in pathlib.Path(os.environ[variable]).iterdir():
            file.unlink()
    control("daemon", "start")


def start_mem0():
    """Starts fwctld with mem0 alone: the other one makes that slow."""
    control("daemon", "start", "--simulate", simulated_directory("mem0", load_simulated()))


def restart_mem0():
    control("daemon", "stop")
    start_mem0()


def kernel_tainted():
    return manager("KernelTainted")


def new_directory(name):
    path = pathlib.Path(os.environ["TMPDIR"]) / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    return path


def load_simulated(name="10-cxl-expander.json"):
    return json.loads((SIMULATED / name).read_text())


def simulated_directory(name, *contents):
    """A folder with simulated devices of these contents."""
    path = new_directory(name)
    for i, content in enumerate(contents):
        (path / f"{i:02}.json").write_text(json.dumps(content))
    return path


# ---- The audit log

def audit_records():
    """All records, from the files."""
    lines = []
    for name in sorted(glob.glob(os.environ["FWCTLD_LOG"] + "/audit-*.jsonl")):
        lines += pathlib.Path(name).read_text().splitlines()
    return [json.loads(line) for line in lines]


class Recorded:
    """The records that a block of code brought about."""

    def __enter__(self):
        self._before = len(audit_records())
        return self

    def __exit__(self, *_):
        self.records = audit_records()[self._before:]
        self.types = [record["type"] for record in self.records]


def until(condition, what):
    """Waits for something that another process does; fails when it hangs."""
    end = time.monotonic() + dbus.PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def until_kernel_devices():
    """Waits for all devices of the kernel: fwctld has its name before those that are slow to open."""
    until(lambda: set(os.listdir("/sys/class/fwctl")) <= set(devices()), "a device is missing")


def until_recorded(kind, feature):
    """Waits for the newest record to be of that type and about that Feature."""
    def there():
        last = audit_records()[-1]
        return last["type"] == kind and last["command"]["feature"] == feature
    until(there, f"no {kind} about {feature}")


# ---- Commands

class Done:
    """A command that has ended."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        for sign in ("Sanitizer", "runtime error:"):
            if sign in done.stderr:
                raise AssertionError(done.stderr)


def run_as(user, *words, stdin=None):
    prefix = ["session-control", "as", user] if user else []
    done = subprocess.run([*prefix, *map(str, words)], input=stdin or "", text=True, check=False,
                          capture_output=True, timeout=dbus.PATIENCE)
    return Done(done)


@contextlib.contextmanager
def running(*words):
    """A command that runs during the block, and not longer."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def busctl(*words, user=ALLOWED):
    return run_as(user, "busctl", *words)


def fwctl(*words, user=ALLOWED, stdin=None):
    return run_as(user, "fwctl", *words, stdin=stdin)


def fwctl_json(*words, user=ALLOWED):
    """The document that fwctl prints when it succeeds."""
    done = fwctl("--json", *words, user=user)
    if done.status != 0:
        raise AssertionError(f"{words}: {done.status} {done.err}")
    return json.loads(done.out)


def call_as(user, function):
    """What a function returns in a process of its own, which is the user's."""
    entry = pwd.getpwnam(user)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            os.write(writer, json.dumps(function()).encode())
        except BaseException:  # pylint: disable=broad-exception-caught
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as stream:
        result = stream.read()
    os.waitpid(child, 0)
    return json.loads(result)


def register_agent(to):
    """Makes a connection the authentication agent of this process."""
    stat = pathlib.Path("/proc/self/stat").read_text()
    start_time = int(stat.rsplit(")", 1)[1].split()[19])
    subject = ("unix-process", {"pid": ("u", os.getpid()), "start-time": ("t", start_time)})
    to.call("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
            "org.freedesktop.PolicyKit1.Authority", "RegisterAuthenticationAgent", "(sa{sv})ss",
            subject, "C", "/agent")


class TestCase(unittest.TestCase):
    """With the assertions that more than one test program needs."""

    maxDiff = None

    def run(self, result=None):
        """Whatever hangs, such as a read from a command, ends in a failure."""
        def give_up(*_):
            raise TimeoutError("the test hangs")
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(3 * dbus.PATIENCE)
        try:
            return super().run(result)
        finally:
            signal.alarm(0)

    def refused(self, error, function, *arguments, **options):
        """Asserts the broker's error of that name, and returns its message."""
        name = error if "." in error else f"{NAME}.Error.{error}"
        with self.assertRaises(dbus.Error) as caught:
            function(*arguments, **options)
        self.assertEqual(caught.exception.name, name, caught.exception.message)
        # It says what to do, in the form of a sentence.
        self.assertRegex(caught.exception.message, r"^\S+ .*\w")
        return caught.exception.message

    def assert_log_whole(self, open_intents=0):
        verdict = fwctl_json("audit", "verify", os.environ["FWCTLD_LOG"], user=None)
        self.assertEqual(verdict["open-intents"], open_intents)
        self.assertEqual(verdict["records"], len(audit_records()))

    def assert_words(self, text, *words):
        for word in words:
            self.assertRegex(text, re.escape(str(word)))


def main():
    """Runs the tests of the program; where one fails, what fwctld had to say may tell why."""
    try:
        tap.main()
    except SystemExit as end:
        if end.code:
            for line in pathlib.Path(os.environ["FWCTLD_STDERR"]).read_text().splitlines()[-60:]:
                print(f"# fwctld: {line}")
        raise
