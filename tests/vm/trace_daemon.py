# SPDX-License-Identifier: LGPL-2.1-or-later
"""fwctld under strace, and what it did: the writes to the audit log, their flushes, and the ioctls.

strace tells the order; ioctl-trace.c, preloaded into fwctld, tells each FWCTL_RPC's scope and
command by a line that it writes just before the ioctl, to a file of its own and so for strace to
see too.
"""

import contextlib
import os
import pathlib
import re
import typing

import broker

CALLS = "write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,ioctl"
# FWCTL_RPC and FWCTL_INFO, as strace prints what it has no name for.
RPC = "_IOC(_IOC_NONE, 0x9a, 0x1, 0)"


class Ioctl(typing.NamedTuple):
    """A FWCTL_RPC."""

    scope: int
    opcode: int


class _Told(typing.NamedTuple):
    """What ioctl-trace.c tells of the FWCTL_RPC that comes next in its thread."""

    ioctl: Ioctl


LIST, GET, SET = Ioctl(0, 0x500), Ioctl(0, 0x501), Ioctl(2, 0x502)


def _parse_ioctl(text):
    found = re.search(r"FWCTL_RPC scope=(\d+) opcode=(0x[0-9a-f]+)", text)
    return Ioctl(int(found[1]), int(found[2], 0))


def _read_calls(lines):
    """(thread, call) in the order in which they began, each whole even if others came between."""
    calls, begun = [], {}
    for line in lines:
        thread, text = re.match(r"(\d+)\s+(.*)", line).groups()
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
        if resumed:
            begun.pop(thread)[1] += resumed[1]
        else:
            calls.append([thread, text.removesuffix("<unfinished ...>")])
            if calls[-1][1] != text:
                begun[thread] = calls[-1]
    return calls


def _event(text):
    """What a call is to the order of things; None where it is nothing."""
    name = text.partition("(")[0]
    if "ioctl-trace>" in text:
        return _Told(_parse_ioctl(text))
    if re.match(r"\w+\(\d+<[^>]*/audit-\d+\.jsonl>", text):
        if name in ("fsync", "fdatasync"):
            return "flush" if re.search(r"\) += 0$", text) else f"failed {name}"
        kind = re.search(r'\\"type\\":\\"(\w+)\\"', text)
        return kind[1] if kind else "part of a record"
    if name == "ioctl" and RPC in text:
        return "ioctl"
    return None


def _merge(events):
    """The events of a thread; each ioctl that strace saw is what was told of it just before."""
    merged = []
    for event in events:
        if event == "ioctl":
            told = merged.pop() if merged else None
            if not isinstance(told, _Told):
                raise AssertionError(f"an ioctl that was not told: {events}")
            event = told.ioctl
        merged.append(event)
    if any(isinstance(event, _Told) for event in merged):
        raise AssertionError(f"an ioctl that was told and did not come: {events}")
    return merged


class Trace:
    """A fwctld that is traced. The order of things is known once it has ended."""

    def __init__(self, name):
        directory = broker.new_directory(name)
        self._strace = directory / "strace"
        self._ioctls = directory / "ioctl-trace"
        self.threads = {}  # to the list of its events

    def wrapper(self):
        library = pathlib.Path(os.environ["FWCTLD_BUILD"]) / "tests/vm/vm-ioctl-trace.so"
        return (f"strace -f -y -s 256 -o {self._strace} -e trace={CALLS} -e signal=none "
                f"-E LD_PRELOAD={library} -E FWCTLD_IOCTL_TRACE={self._ioctls}")

    def ioctls(self):
        """All FWCTL_RPCs until now."""
        return [_parse_ioctl(line) for line in self._ioctls.read_text().splitlines()]

    def read(self):
        for thread, text in _read_calls(self._strace.read_text().splitlines()):
            event = _event(text)
            if event is not None:
                self.threads.setdefault(thread, []).append(event)
        self.threads = {thread: _merge(events) for thread, events in self.threads.items()}

    def seen_ioctls(self):
        """The same of its whole life, as strace saw them."""
        return [event for events in self.threads.values() for event in events
                if isinstance(event, Ioctl)]


@contextlib.contextmanager
def traced(name):
    """Starts fwctld anew under a trace. After the block another one runs, and all is known."""
    trace = Trace(name)
    os.environ["FWCTLD_WRAPPER"] = trace.wrapper()
    try:
        broker.restart()
    finally:
        del os.environ["FWCTLD_WRAPPER"]
    broker.until_kernel_devices()
    yield trace
    broker.restart()
    trace.read()
    broker.until_kernel_devices()
