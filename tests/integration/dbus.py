# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small D-Bus client, for what busctl(1) cannot show: the names of errors, several calls of one
connection at once, a connection that goes away, a call without an interface, megabytes, descriptors.

Values: ay is bytes, any other array a list, a{..} a dict, a struct a tuple. A variant is written as
the pair (signature, value), and read as the value alone; busctl --json shows the types. A descriptor
that is sent stays the caller's; one that came is the receiver's to close.
"""

import contextlib
import os
import pwd
import select
import socket
import struct

# How long anything is waited for before the test fails: it hangs.
PATIENCE = 120

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
_NO_AUTO_START, _ALLOW_INTERACTION = 2, 4
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME = range(1, 5)
_REPLY_SERIAL, _DESTINATION, _SENDER, _SIGNATURE = range(5, 9)

_UNIX_FDS = 9

_FIXED = {"h": "I", "y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d"}
_ALIGN = {"g": 1, "v": 1, "s": 4, "o": 4, "a": 4, "(": 8, "{": 8}
_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


class Error(Exception):
    """An error that came as the answer to a call."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


class Gone(Exception):
    """The bus has closed the connection."""


def _align_of(code):
    return struct.calcsize(_FIXED[code]) if code in _FIXED else _ALIGN[code]


def split(signature):
    """The complete types of a signature."""
    types = []
    while signature:
        end = depth = 0
        while end == 0 or depth > 0 or signature[end - 1] == "a":
            depth += (signature[end] in "({") - (signature[end] in ")}")
            end += 1
        types.append(signature[:end])
        signature = signature[end:]
    return types


class Index(int):
    """In place of a descriptor: an index as it stands in the message, which may lead nowhere."""


class _Writer:
    def __init__(self):
        self.data = bytearray()
        self.fds = []

    def pad(self, to):
        self.data.extend(bytes(-len(self.data) % to))

    def fixed(self, code, value):
        self.pad(struct.calcsize(_FIXED[code]))
        self.data.extend(struct.pack("<" + _FIXED[code], value))

    def all(self, signature, values):
        types = split(signature)
        if len(types) != len(values):
            raise ValueError(f"{len(values)} values for the signature {signature}")
        for one, value in zip(types, values):
            self.one(one, value)

    def one(self, signature, value):
        code = signature[0]
        if code == "h" and not isinstance(value, Index):
            self.fixed(code, len(self.fds))
            self.fds.append(value)
        elif code in _FIXED:
            self.fixed(code, value)
        elif code in "so":
            text = value.encode() + b"\0"
            self.fixed("u", len(text) - 1)
            self.data.extend(text)
        elif code == "g":
            text = value.encode() + b"\0"
            self.data.extend(bytes([len(text) - 1]) + text)
        elif code == "v":
            self.one("g", value[0])
            self.one(value[0], value[1])
        elif code == "a":
            self._array(signature[1:], value)
        else:
            self.pad(8)
            self.all(signature[1:-1], value)

    def _array(self, element, value):
        self.fixed("u", 0)
        at = len(self.data)
        self.pad(_align_of(element[0]))
        start = len(self.data)
        if element == "y":
            self.data.extend(value)
        else:
            for item in value.items() if element[0] == "{" else value:
                self.one(element, item)
        struct.pack_into("<I", self.data, at - 4, len(self.data) - start)


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def pad(self, to):
        self.at += -self.at % to

    def take(self, size):
        self.at += size
        return self.data[self.at - size : self.at]

    def fixed(self, code):
        size = struct.calcsize(_FIXED[code])
        self.pad(size)
        return struct.unpack("<" + _FIXED[code], self.take(size))[0]

    def all(self, signature):
        return [self.one(one) for one in split(signature)]

    def one(self, signature):
        code = signature[0]
        if code == "b":
            return self.fixed(code) != 0
        if code in _FIXED:
            return self.fixed(code)
        if code in "so":
            return self.take(self.fixed("u") + 1)[:-1].decode()
        if code == "g":
            return self.take(self.fixed("y") + 1)[:-1].decode()
        if code == "v":
            return self.one(self.one("g"))
        if code == "a":
            return self._array(signature[1:])
        self.pad(8)
        return tuple(self.all(signature[1:-1]))

    def _array(self, element):
        size = self.fixed("u")
        self.pad(_align_of(element[0]))
        if element == "y":
            return bytes(self.take(size))
        end = self.at + size
        items = []
        while self.at < end:
            items.append(self.one(element))
        return dict(items) if element[0] == "{" else items


class Message:
    """One that came. body is the list of its arguments, fds the number of its descriptors."""

    def __init__(self, data):
        reader = _Reader(data)
        _, self.type, self.flags, _ = reader.take(4)
        _, self.serial = reader.all("uu")
        fields = dict(reader.one("a(yv)"))
        reader.pad(8)
        self.path = fields.get(_PATH)
        self.interface = fields.get(_INTERFACE)
        self.member = fields.get(_MEMBER)
        self.error = fields.get(_ERROR_NAME)
        self.reply_serial = fields.get(_REPLY_SERIAL)
        self.sender = fields.get(_SENDER)
        self.fds = fields.get(_UNIX_FDS, 0)
        self.body = reader.all(fields.get(_SIGNATURE, ""))


@contextlib.contextmanager
def _effective_user(user):
    """The bus asks the kernel who connects: the effective user at that moment."""
    if user is None:
        yield
        return
    entry = pwd.getpwnam(user)
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(entry.pw_gid)
    os.seteuid(entry.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


class Connection:
    """A connection of a user (root where it is None) to the system bus."""

    def __init__(self, user=None):
        self.user = user
        self.serial = 0
        self.signals = []
        self.calls = []
        self._buffer = bytearray()
        self.fds = 0  # that came with messages
        self._replies = {}
        address = os.environ["DBUS_SYSTEM_BUS_ADDRESS"].removeprefix("unix:path=").split(",")[0]
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        with _effective_user(user):
            self._socket.connect(address)
        uid = pwd.getpwnam(user).pw_uid if user else os.geteuid()
        self._socket.sendall(b"\0AUTH EXTERNAL " + str(uid).encode().hex().encode() + b"\r\n")
        answer = self._socket.recv(4096)
        if not answer.startswith(b"OK "):
            raise Gone(answer.decode())
        self._socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        answer = self._socket.recv(4096)
        if not answer.startswith(b"AGREE_UNIX_FD"):
            raise Gone(answer.decode())
        self._socket.sendall(b"BEGIN\r\n")
        self.name = self.bus_call("Hello")[0]

    def fileno(self):
        return self._socket.fileno()

    def close(self):
        self._socket.close()

    def _send(self, kind, fields, signature="", values=(), flags=0, fds=()):
        self.serial += 1
        body = _Writer()
        body.all(signature, values)
        body.fds.extend(fds)
        if signature:
            fields[_SIGNATURE] = ("g", signature)
        if body.fds:
            fields[_UNIX_FDS] = ("u", len(body.fds))
        message = _Writer()
        message.data.extend(struct.pack("<cBBB", b"l", kind, flags, 1))
        message.all("uua(yv)", [len(body.data), self.serial, list(fields.items())])
        message.pad(8)
        data = message.data + body.data
        sent = socket.send_fds(self._socket, [data], body.fds) if body.fds else 0
        self._socket.sendall(memoryview(data)[sent:])
        return self.serial

    def send(self, destination, path, interface, member, signature="", *values, interactive=False,
             fds=()):
        """Sends a call and does not wait; answer() takes what this returns. @fds go with it, though
        no value leads to them."""
        fields = {_PATH: ("o", path), _MEMBER: ("s", member), _DESTINATION: ("s", destination)}
        if interface:
            fields[_INTERFACE] = ("s", interface)
        flags = _NO_AUTO_START | (_ALLOW_INTERACTION if interactive else 0)
        return self._send(CALL, fields, signature, values, flags, fds)

    def reply(self, call, signature, *values):
        """Answers a call that somebody made to this connection."""
        fields = {_DESTINATION: ("s", call.sender), _REPLY_SERIAL: ("u", call.serial)}
        self._send(RETURN, fields, signature, values)

    def reply_error(self, call, name, message):
        """Answers a call that somebody made to this connection."""
        fields = {
            _DESTINATION: ("s", call.sender),
            _ERROR_NAME: ("s", name),
            _REPLY_SERIAL: ("u", call.serial),
        }
        self._send(ERROR, fields, "s", [message])

    def emit(self, destination, path, interface, member, signature="", *values):
        """Sends a signal to one connection alone."""
        fields = {_PATH: ("o", path), _INTERFACE: ("s", interface), _MEMBER: ("s", member),
                  _DESTINATION: ("s", destination)}
        self._send(SIGNAL, fields, signature, values)

    def _read_message(self):
        """The next message out of the buffer; None where it is not all there."""
        if len(self._buffer) < 16:
            return None
        body, _, fields = struct.unpack_from("<III", self._buffer, 4)
        size = 16 + fields + -fields % 8 + body
        if len(self._buffer) < size:
            return None
        message = Message(bytes(self._buffer[:size]))
        del self._buffer[:size]
        return message

    def _sort(self, message):
        if message.type in (RETURN, ERROR):
            self._replies[message.reply_serial] = message
        elif message.type == SIGNAL:
            self.signals.append(message)
        else:
            self.calls.append(message)

    def receive(self, timeout=PATIENCE):
        """Takes in what has come, after waiting until something has; False where nothing did."""
        if not select.select([self._socket], [], [], timeout)[0]:
            return False
        data = self._socket.recv(1 << 20)
        if not data:
            raise Gone("the bus has closed the connection")
        self._buffer.extend(data)
        while message := self._read_message():
            self.fds += message.fds
            self._sort(message)
        return True

    def answered(self, serial):
        """Whether the answer to a call has come, as far as is known without waiting."""
        while self.receive(timeout=0):
            pass
        return serial in self._replies

    def answer(self, serial):
        """Waits for the answer to a call, and returns its arguments; raises Error."""
        while serial not in self._replies:
            if not self.receive():
                raise TimeoutError("no answer came")
        reply = self._replies.pop(serial)
        if reply.type == ERROR:
            raise Error(reply.error, reply.body[0] if reply.body else "")
        return reply.body

    def call(self, *arguments, **options):
        return self.answer(self.send(*arguments, **options))

    def bus_call(self, member, signature="", *values):
        return self.call(*_BUS, member, signature, *values)

    def subscribe(self, rule):
        self.bus_call("AddMatch", "s", f"type='signal',{rule}")

    def wait_for_call(self):
        """Takes the first call that somebody made, or makes, to this connection."""
        while not self.calls:
            if not self.receive():
                raise TimeoutError("no call came")
        return self.calls.pop(0)

    def wait_for(self, wanted):
        """Takes the first signal that wanted(message) is true for out of those that came, or that
        come."""
        while True:
            for i, message in enumerate(self.signals):
                if wanted(message):
                    return self.signals.pop(i)
            if not self.receive():
                raise TimeoutError("no such signal came")

