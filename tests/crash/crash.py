# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the crash tests share: a fwctld in directories of its own, run under stop-at and killed.

They run in a session (tests/lib/session) for its bus and its polkitd, with --no-daemon: fwctld is
started here, once and again. Its log is in the build, so on a filesystem of the machine; its state is
in the session, a tmpfs, where the many flushes of a simulated device cost nothing.
"""

import collections
import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

# In front: there is another module dbus.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

# pylint: disable=wrong-import-position
import broker  # noqa: E402
import dbus  # noqa: E402

BUILD = pathlib.Path(os.environ["FWCTLD_BUILD"])
STOP_AT = BUILD / "tests/crash/stop-at"
KILLED = 137
LONG = os.environ.get("FWCTLD_LONG", "") != ""

# The Features of the device, and the selection that a change of each is seen in.
BASES = {broker.COLD: "saved", broker.CONVENTIONAL: "saved", broker.IMMEDIATE: "current"}

# What a call gets when fwctld has gone.
GONE = {f"org.freedesktop.DBus.Error.{name}"
        for name in ("NoReply", "ServiceUnknown", "NameHasNoOwner", "Disconnected")}


class Dead(Exception):
    """fwctld has ended, and so has the script."""


def device(parent="mem0", serial="0x5e17"):
    """A device that keeps its values."""
    content = broker.load_simulated()
    content["features"] = [f for f in content["features"] if f["uuid"] in BASES]
    return content | {"persistent": True, "parent": parent, "serial": serial}


class Place:
    """A directory with a log, a state directory and simulated devices. begin(place) makes what there
    is before the first start."""

    def __init__(self, *devices, config="", begin=None):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="place-", dir=BUILD / "tests/crash"))
        self.log = self.path / "log"
        self.state = pathlib.Path(os.environ["TMPDIR"]) / self.path.name
        self.stderr = self.path / "stderr"
        self.list = self.path / "list"
        self.config = self.path / "fwctld.conf"
        self.config.write_text(f"[Broker]\n{config}\n")
        self.devices = self.path / "devices"
        self.devices.mkdir()
        self.begin = begin
        self.seal_key = None  # a file with the first key, where somebody knows it
        self.sealed_at = 0  # when they came to know it
        self._files = {}
        self.first = {}
        for i, content in enumerate(devices or [device()]):
            (self.devices / f"{i:02}.json").write_text(json.dumps(content))
            name = f"fwctl{i}"
            self._files[name] = f"simulated-{content['parent']}-{content['serial']}.json"
            for feature in content["features"]:
                self.first[name, feature["uuid"]] = feature["current"]

    def remove(self):
        self.clear()
        shutil.rmtree(self.path)

    def clear(self):
        for path in (self.log, self.state):
            shutil.rmtree(path, ignore_errors=True)
        for path in (self.stderr, self.list):
            path.unlink(missing_ok=True)

    def reset(self):
        """As before the first start."""
        self.clear()
        self.forget_key()
        if self.begin:
            self.begin(self)

    def learn_key(self, text):
        self.seal_key = self.path / "first-key"
        self.seal_key.write_text(text)
        self.sealed_at = time.monotonic_ns()

    def forget_key(self):
        self.seal_key = None

    def files(self):
        """Path to content, of all files of the log and of the state."""
        return {str(path): path.read_bytes() for directory in (self.log, self.state)
                for path in sorted(directory.iterdir())}

    def put(self, files):
        """Makes these all files that there are."""
        self.clear()
        for directory in (self.log, self.state):
            directory.mkdir(0o700)
        for path, data in files.items():
            pathlib.Path(path).write_bytes(data)

    def store(self):
        """(device, Feature) to the value that the device holds: where a change of it is seen."""
        values = dict(self.first)
        for name, file in self._files.items():
            with contextlib.suppress(FileNotFoundError):
                for feature in json.loads((self.state / file).read_text())["features"]:
                    values[name, feature["uuid"]] = feature[BASES[feature["uuid"]]]
        return values

    def calls(self):
        """The calls that stop-at has listed."""
        return [json.loads(line) for line in self.list.read_text().splitlines()]

    def said(self):
        return self.stderr.read_text(errors="replace") if self.stderr.exists() else ""


class _Watch:
    """A connection that hears who has fwctld's name, and what fwctld tells everybody."""

    def __init__(self):
        self.connection = dbus.Connection()
        self.connection.subscribe("sender='org.freedesktop.DBus',member='NameOwnerChanged',"
                                  f"arg0='{broker.NAME}'")
        self.connection.subscribe(f"sender='{broker.NAME}'")

    def drain(self):
        """Takes in all that was sent before now: the bus answers behind it."""
        self.connection.bus_call("GetId")

    def forget(self):
        self.drain()
        self.connection.signals.clear()

    def has_owner(self):
        return self.connection.bus_call("NameHasOwner", "s", broker.NAME)[0]

    def named(self):
        return any(signal.member == "NameOwnerChanged" and signal.body[2]
                   for signal in self.connection.signals)

    def told(self, member):
        """The arguments of the signals of that name, until now."""
        self.drain()
        return [signal.body for signal in self.connection.signals if signal.member == member]


_watches = []


def watch():
    if not _watches:
        _watches.append(_Watch())
    return _watches[0]


class Fwctld:
    """One run of it; under stop-at where there are options for that."""

    def __init__(self, place, *stop_options):
        self.place = place
        command = [BUILD / "daemon/fwctld", "--config", place.config, "--simulate", place.devices,
                   "--catalog", broker.CATALOG, "--log-directory", place.log,
                   "--state-directory", place.state]
        if stop_options:
            command = [STOP_AT, "--list", place.list, *stop_options, "--", *command]
        watch().forget()
        with open(place.stderr, "ab") as stderr:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [str(word) for word in command], stdin=subprocess.DEVNULL, stderr=stderr,
                stdout=subprocess.DEVNULL, cwd=place.path)
        self._pidfd = os.pidfd_open(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        os.close(self._pidfd)

    def ready(self):
        """Waits until it serves; False where it ended before."""
        end = time.monotonic() + dbus.PATIENCE
        while not watch().named():
            if self.process.poll() is not None:
                return False
            if time.monotonic() > end:
                raise TimeoutError("fwctld does not take its name")
            select.select([watch().connection, self._pidfd], [], [], 1)
            watch().connection.receive(timeout=0)
        return True

    def start(self):
        if not self.ready():
            raise AssertionError(f"fwctld does not start:\n{self.place.said()[-2000:]}")
        return self

    def wait(self):
        """Its exit status, once it has ended and the bus knows."""
        status = self.process.wait(dbus.PATIENCE)
        while watch().has_owner():
            time.sleep(0.001)
        return status

    def end(self):
        """Asks it to end."""
        self.process.terminate()
        return self.wait()


# ---- What is done with it

class Answer:
    """What came of one change."""

    def __init__(self, feature, data, on, user):
        self.feature = feature
        self.data = data.hex()
        self.on = on
        self.user = user
        self.result = {}
        self.error = ""
        self.message = ""
        self.at = 0

    @property
    def sequence(self):
        return self.result.get("audit-sequence", 0)

    def __repr__(self):
        return (f"<{self.on} {self.feature[-2:]}={self.data} "
                f"{self.error or self.result.get('outcome')}>")


class Caller:
    """Makes changes and remembers the answers, until fwctld is dead."""

    def __init__(self, place=None):
        self.place = place
        self.answers = []

    def _send(self, answer, data, reason):
        options = dict(broker.TAINT)
        if reason:
            options["reason"] = ("s", reason)
        caller = broker.connection(answer.user)
        return broker.send(broker.device(answer.on), broker.CXL, "SetFeature", "saya{sv}",
                           answer.feature, data, options, to=caller)

    def _take(self, answer, serial):
        try:
            answer.result = broker.connection(answer.user).answer(serial)[0]
        except dbus.Error as error:
            if error.name in GONE:
                raise Dead from error
            answer.error = error.name.removeprefix(f"{broker.NAME}.Error.")
            answer.message = error.message
        answer.at = time.monotonic_ns()
        self.answers.append(answer)
        return answer

    def change(self, feature, data, on="fwctl0", user=broker.ALLOWED, reason=None):
        answer = Answer(feature, data, on, user)
        return self._take(answer, self._send(answer, data, reason))

    def changes_at_once(self, *changes):
        """Each (device, Feature, data), sent before any is answered."""
        sent = []
        for on, feature, data in changes:
            answer = Answer(feature, data, on, broker.ALLOWED)
            sent.append((answer, self._send(answer, data, None)))
        for answer, serial in sent:
            self._take(answer, serial)

    def fault(self, *words):
        self._ask(broker.set_fault, *words)

    def seal(self):
        key = self._ask(broker.call, broker.ROOT, broker.MANAGER, "SetUpSeal", "a{sv}", {})
        self.place.learn_key(f"{key}\n")

    @staticmethod
    def _ask(function, *arguments):
        try:
            return function(*arguments)
        except dbus.Error as error:
            if error.name in GONE:
                raise Dead from error
            raise


def run_to_death(place, script, *stop_options):
    """Runs a script with fwctld under stop-at, to its end or fwctld's, and then ends it. Returns the
    exit status and the answers that came."""
    caller = Caller(place)
    with Fwctld(place, "--data", *stop_options) as fwctld:
        if fwctld.ready():
            with contextlib.suppress(Dead):
                script(caller)
            fwctld.process.terminate()
        return fwctld.wait(), caller.answers


def counts(calls, *directories):
    """How many there are of each (call, path) in these directories."""
    return collections.Counter((call["call"], call["path"]) for call in calls if any(
        path in (call["path"], *map(str, pathlib.Path(call["path"]).parents))
        for path in map(str, directories)))


def describe(call):
    """A call as people read it: "fdatasync audit-00000001.jsonl"."""
    return f"{call['call']} {shorten(call['path'])}" + (
        f" to {shorten(call['to'])}" if "to" in call else "")


def shorten(path):
    return re.sub(r"\[.*|\d{5,}(?=\])", "", os.path.basename(path)) or path
