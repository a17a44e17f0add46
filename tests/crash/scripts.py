# SPDX-License-Identifier: LGPL-2.1-or-later
"""What fwctld is stopped at: scripts of changes, and the logs that they begin with."""

import hashlib
import time

import crash
from crash import broker
import promises

import audit_log  # of tests/lib

REASON = "a reason that makes the record longer than a sector of a disk; " * 12
MIB = 1 << 20
DAYS = 24 * 60 * 60


def changes(caller):
    """One of each kind: waits for a reset, at once, denied, failed by the device, the same again."""
    caller.change(broker.COLD, b"\x01\0\0\0")
    caller.change(broker.IMMEDIATE, b"\x02\0\0\0", reason=REASON)
    caller.change(broker.COLD, b"\x03\0\0\0", user=broker.DENIED)
    caller.fault("set-feature", "status", "BUSY")
    caller.change(broker.CONVENTIONAL, b"\x04\0\0\0")
    caller.change(broker.COLD, b"\x01\0\0\0")


def one_change(caller):
    caller.change(broker.COLD, b"\x01\0\0\0")


def two_changes(caller):
    caller.change(broker.COLD, b"\x01\0\0\0")
    caller.change(broker.IMMEDIATE, b"\x02\0\0\0")


def changes_at_once(caller):
    """Of two devices, so that records of one stand between those of the other."""
    for value in (b"\x05\0\0\0", b"\x06\0\0\0")[:2 if crash.LONG else 1]:
        caller.changes_at_once(*((on, feature, value) for on in ("fwctl0", "fwctl1")
                                 for feature in (broker.COLD, broker.IMMEDIATE)))


def sealing(caller):
    caller.change(broker.COLD, b"\x01\0\0\0")
    caller.seal()
    caller.change(broker.COLD, b"\x02\0\0\0")


def nothing(_):
    """Only the start, and what it finds to do."""


TWO_DEVICES = (crash.device(), crash.device("mem1", "0x5e18"))


class Began:
    """A log that was written before. With a seal from its second segment on, where that is said."""

    def __init__(self, sealed=False):
        self.sealed = sealed

    def __call__(self, place):
        place.state.mkdir(0o700)
        log = audit_log.Log(place.log)
        self.write(log, place)
        log.end()
        if self.sealed:
            self.write_key(log, place.state / "seal-key")

    def write(self, log, place):
        raise NotImplementedError

    def begin_second(self, log, place):
        """The second segment, of which on the seal holds."""
        log.rotate("seal" if self.sealed else "size")
        if self.sealed:
            place.learn_key(log.seal())
        log.begin()

    @staticmethod
    def write_key(log, path):
        text = (f"fwctld-seal-state-1 {log.since:020} {log.sequence + 1:020} {log.key.hex()} "
                f"{log.key_id} ")
        path.write_text(f"{text}{hashlib.sha256(text.encode()).hexdigest()}\n")
        path.chmod(0o600)


class Old(Began):
    """All segments are so old that the last is closed and the others are removed, with this
    configuration."""

    config = "AuditSegmentDays=1\nAuditKeepDays=2"

    def write(self, log, place):
        then = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() - 10 * DAYS))
        log.common = audit_log.COMMON.replace("2026-11-25T21:29:02.123456Z", then)
        log.begin()
        log.change()
        self.begin_second(log, place)
        log.change()
        log.rotate("age")
        log.begin()
        log.change()


class Long(Began):
    """The next intent makes the last segment too long, so that the next one begins before the
    outcome."""

    config = "AuditSegmentMiB=1"

    def write(self, log, place):
        log.begin()
        log.change()
        self.begin_second(log, place)
        while log.size < MIB - 500:
            log.change()


class CutOff:
    """What is there after another crash of the same place."""

    def __init__(self, place, script, part=None):
        """Kills it before the first outcome of the script, or after a part of that."""
        place.reset()
        crash.run_to_death(place, script, "--within", place.log)
        number = next(call["n"] for call in place.calls() if call["call"] == "write"
                      and b'"type":"outcome"' in bytes.fromhex(call["data"]))
        place.reset()
        stop = ("--kill", number) if part is None else ("--tear", f"{number},{part}")
        crash.run_to_death(place, script, "--within", place.log, *stop)
        self._files = place.files()
        self.open = promises.open_intents(promises.raw_records(place.log))

    def __call__(self, place):
        place.put(self._files)
