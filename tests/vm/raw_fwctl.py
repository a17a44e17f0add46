# SPDX-License-Identifier: LGPL-2.1-or-later
"""fwctl devices without fwctld: raw ioctls, and what the module fwctl_test tells of them in debugfs.

Memory whose address is to go into a request is a Buffer.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import pathlib
import struct
import typing

CONFIGURATION, DEBUG_READ, DEBUG_WRITE, DEBUG_WRITE_FULL = range(4)

RPC_MAX = 2 * 1024 * 1024

_INFO, _RPC = 0x9A00, 0x9A01
_PAGE = mmap.PAGESIZE
_CANARY = 0x5C
_DEBUGFS = pathlib.Path("/sys/kernel/debug/fwctl_test")
_PARENTS = pathlib.Path("/sys/devices/platform")
_DRIVER = pathlib.Path("/sys/bus/platform/drivers/fwctl_test")
_TAINT_FWCTL = 1 << 19

# Addresses that no buffer has: NULL, one byte on, the last one, a kernel address, no canonical one.
BAD_ADDRESSES = (0, 1, 2**64 - 1, 0xFFFF888000000000, 0x8000000000000000)


def tainted():
    """Whether fwctl has tainted the kernel."""
    return int(pathlib.Path("/proc/sys/kernel/tainted").read_text()) & _TAINT_FWCTL != 0


class Buffer:
    """Memory with a page of canaries on each side. It ends at the end of its last page."""

    def __init__(self, size, data=b""):
        pages = -(-size // _PAGE) * _PAGE
        self._map = mmap.mmap(-1, pages + 2 * _PAGE)
        self._map[:] = bytes([_CANARY]) * len(self._map)
        self._at = _PAGE + pages - size
        self.size = size
        self._map[self._at:self._at + size] = data.ljust(size, b"\0")
        view = (ctypes.c_char * len(self._map)).from_buffer(self._map)
        self.address = ctypes.addressof(view) + self._at
        self._view = view  # holds the map where it is

    @property
    def data(self):
        return self._map[self._at:self._at + self.size]

    def is_alone(self):
        """Whether nobody wrote beside it."""
        around = self._map[:self._at] + self._map[self._at + self.size:]
        return around == bytes([_CANARY]) * len(around)


class Answer(typing.NamedTuple):
    """What FWCTL_RPC has answered: the name of an errno, or a response and its reported length."""

    error: str
    response: bytes = b""
    reported: int = 0


class Seen(typing.NamedTuple):
    """What the firmware saw of a call."""

    call: int
    scope: int
    request: bytes
    buffers: list


class Device:
    """A device of fwctl_test: "mlx5", "bnxt", "pds" or "cxl"."""

    def __init__(self, name):
        self.parent = f"fwctl-test-{name}.0"
        self._file = os.open(self.node, os.O_RDWR | os.O_CLOEXEC)

    @property
    def name(self):
        return next((_PARENTS / self.parent / "fwctl").iterdir()).name

    @property
    def node(self):
        return f"/dev/fwctl/{self.name}"

    def close(self):
        os.close(self._file)

    def info(self, room=8):
        """(type, what the driver tells, how long it says that that is)."""
        data = ctypes.create_string_buffer(b"\xff" * room, room)
        raw = bytearray(struct.pack("<IIIIQ", 24, 0, 0, room, ctypes.addressof(data)))
        fcntl.ioctl(self._file, _INFO, raw)
        _, _, kind, length, _ = struct.unpack("<IIIIQ", raw)
        return kind, data.raw, length

    def rpc(self, scope, request, room):
        source = ctypes.create_string_buffer(request, len(request) or 1)
        target = Buffer(max(room, 1))
        raw = bytearray(struct.pack("<IIIIQQ", 32, scope, len(request), room,
                                    ctypes.addressof(source), target.address))
        try:
            fcntl.ioctl(self._file, _RPC, raw)
        except OSError as error:
            return Answer(errno.errorcode[error.errno])
        reported = struct.unpack_from("<I", raw, 12)[0]
        assert target.is_alone(), "the kernel wrote beside the room for the response"
        return Answer("", target.data[:min(room, reported)], reported)

    def calls(self):
        """How many have come to the driver, refused ones too."""
        return int((_DEBUGFS / self.parent / "calls").read_text())

    def last(self):
        """The last call that came to the firmware; None before the first."""
        words = [line.split(" ") for line in
                 (_DEBUGFS / self.parent / "last").read_text().splitlines()]
        if not words:
            return None
        (_, call), (_, scope), (_, request) = words[:3]
        return Seen(int(call), int(scope), bytes.fromhex(request),
                    [bytes.fromhex(data) for _, data in words[3:]])

    def unbind(self):
        (_DRIVER / "unbind").write_text(self.parent)

    def bind(self):
        (_DRIVER / "bind").write_text(self.parent)
