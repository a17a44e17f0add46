#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated/conformance --rules tests/integration/users.rules
"""Requests and answers in sealed memfds, and descriptors that are none."""

import fcntl
import mmap
import os
import pathlib
import socket
import struct
import tempfile

import broker
import dbus
import wire
from broker import ALLOWED, CXL, DENIED, DEVICE, NAME, TAINT, device
from wire import MOST, READ, WRITE, bnxt_of, by_type, mlx5, register

SEALS = fcntl.F_SEAL_SEAL, fcntl.F_SEAL_SHRINK, fcntl.F_SEAL_GROW, fcntl.F_SEAL_WRITE
F_SEAL_FUTURE_WRITE = 0x10
ALL = sum(SEALS)
QUERY = 0x101  # mlx5/query-adapter
DENIED_BY_BUS = "org.freedesktop.DBus.Error.AccessDenied"
BNXT = wire.load_catalog("bnxt")


def memfd(data, seals=ALL):
    fd = os.memfd_create("request", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


def take(fd):
    """What is in a descriptor that came, from where it stands."""
    with open(fd, "rb") as file:
        return file.read()


def pid():
    return pathlib.Path(os.environ["FWCTLD_PIDFILE"]).read_text(encoding="ascii").strip()


def descriptors():
    """Those that fwctld has, as what they lead to."""
    found = []
    for link in pathlib.Path(f"/proc/{pid()}/fd").iterdir():
        try:
            found.append(os.readlink(link))
        except FileNotFoundError:
            pass
    return found


def bytes_read(task):
    """How many bytes a thread, or all of them, has read from files."""
    text = pathlib.Path(f"/proc/{task}/io").read_text(encoding="ascii")
    return int(text.split("rchar: ")[1].split()[0])


class MemfdTest(broker.TestCase):
    def setUp(self):
        self.owned = []

    def tearDown(self):
        for fd in self.owned:
            os.close(fd)

    def own(self, fd):
        self.owned.append(fd)
        return fd

    def send(self, kind, room, options, raw=b"", **how):
        return broker.send(device(by_type(kind)), DEVICE, "Rpc", "ayua{sv}", raw, room, options,
                           **how)

    def rpc(self, kind, room, options, raw=b"", user=ALLOWED):
        serial = self.send(kind, room, options, raw, to=broker.connection(user))
        return broker.connection(user).answer(serial)

    def with_memfd(self, kind, raw, room=4096, options=None, response=False, user=ALLOWED):
        """As wire.rpc(), with the request in a memfd, and perhaps the response."""
        options = {"request-memfd": ("h", self.own(memfd(raw)))} | (options or {})
        if response:
            options["response-memfd"] = ("b", True)
        return self.rpc(kind, room, options, user=user)


class Answers(MemfdTest):
    """They are those that a request in the message gets."""

    def assert_same(self, kind, raw, room):
        response, info = wire.rpc(kind, raw, room)
        self.assertEqual(self.with_memfd(kind, raw, room), [response, info])
        for options, request in (({}, raw), ({"request-memfd": ("h", self.own(memfd(raw)))}, b"")):
            empty, other = self.rpc(kind, room, options | {"response-memfd": ("b", True)}, request)
            self.assertEqual(empty, b"")
            self.assertEqual(take(other.pop("response-memfd")), response)
            self.assertEqual(other, info)

    def test_small_ones(self):
        self.assert_same("mlx5", mlx5(QUERY), 16)
        self.assert_same("bnxt", bnxt_of(BNXT["ver-get"], (16, 1, 1), (17, 1, 10)), 4096)

    def test_an_empty_answer(self):
        self.assert_same("mlx5", register(0x9009, READ, bytes(1024)), 0)

    def test_large_ones(self):
        for size in (65536, MOST):
            self.assert_same("mlx5", mlx5(QUERY, data=os.urandom(size - 16)), size)

    def test_what_is_small_comes_as_asked(self):
        """A caller that asks for a memfd looks for one, whatever the size."""
        empty, info = self.rpc("mlx5", 272, {"response-memfd": ("b", True)}, mlx5(QUERY))
        self.assertEqual((empty, len(take(info["response-memfd"]))), (b"", 272))
        response, info = self.rpc("mlx5", 272, {"response-memfd": ("b", False)}, mlx5(QUERY))
        self.assertEqual((len(response), "response-memfd" in info), (272, False))

    def test_the_answer_is_sealed(self):
        _, info = self.rpc("mlx5", MOST, {"response-memfd": ("b", True)}, mlx5(QUERY))
        fd = self.own(info["response-memfd"])
        self.assertEqual(fcntl.fcntl(fd, fcntl.F_GET_SEALS) & ALL, ALL)
        self.assertEqual(os.stat(fd).st_size, MOST)
        self.assertRaises(PermissionError, os.write, fd, b"x")
        self.assertRaises(PermissionError, mmap.mmap, fd, MOST)

    def test_a_change(self):
        value = os.urandom(16)
        before = self.with_memfd("mlx5", register(0x9014, READ, bytes(16)))[0][16:32]
        with broker.Recorded() as recorded:
            _, info = self.with_memfd("mlx5", register(0x9014, WRITE, value), response=True)
        self.assertEqual((info["outcome"], recorded.types), ("applied", ["intent", "outcome"]))
        self.assertEqual(take(info["response-memfd"])[16:32], value)
        self.with_memfd("mlx5", register(0x9014, WRITE, before))

    def test_the_firmware_says_no(self):
        self.refused("DeviceError", self.with_memfd, "mlx5", register(0x9fff, READ, bytes(8)),
                     response=True)

    def test_it_is_judged_like_any_other(self):
        self.refused("NotAuthorized", self.with_memfd, "mlx5", mlx5(QUERY), user=DENIED)
        self.refused("UnknownCommand", self.with_memfd, "mlx5", mlx5(0xffff))
        self.refused("Malformed", self.with_memfd, "mlx5", bytes(3))
        with broker.Recorded() as recorded:
            self.refused("NotAuthorized", self.with_memfd, "mlx5",
                         register(0x9014, WRITE, bytes(16)), user=DENIED)
        self.assertEqual(recorded.types, ["deny"])


class Buffers(MemfdTest):
    def variable(self, name, **how):
        raw = bnxt_of(BNXT[name], (24, 2, 32), (26, 2, 1))
        return self.with_memfd("bnxt", raw, **how)

    def test_to_the_device_and_from_it(self):
        _, info = self.variable("nvm-get-variable", response=True)
        [before] = map(take, info["buffers-memfd"])
        os.close(info["response-memfd"])
        self.assertNotIn("buffers", info)
        value = os.urandom(4)
        _, info = self.variable(
            "nvm-set-variable", options={"buffers-memfd": ("ah", [self.own(memfd(value))])})
        self.assertEqual(info["outcome"], "applied")
        _, info = self.variable("nvm-get-variable")
        self.assertEqual(info["buffers"], [value])
        self.variable("nvm-set-variable", options={"buffers": ("aay", [before])})

    def test_refused(self):
        for buffers in ([], [b"abc"], [b"abcde"], [b"abcd", b"abcd"], [b"a", b"b", b"c"]):
            fds = [self.own(memfd(buffer)) for buffer in buffers]
            # One more than the bus lets through is not for fwctld to refuse.
            options = {"buffers-memfd": ("ah", fds)}
            error = "Malformed" if len(fds) < 3 else DENIED_BY_BUS
            self.refused(error, self.variable, "nvm-set-variable", options=options)
        four = self.own(memfd(b"abcd"))
        self.refused("Malformed", self.variable, "nvm-set-variable",
                     options={"buffers-memfd": ("ah", [four]), "buffers": ("aay", [b"abcd"])})
        same = [dbus.Index(0)] * 3
        self.refused("Malformed", self.rpc, "bnxt", 4096, {"buffers-memfd": ("ah", same)},
                     bnxt_of(BNXT["nvm-set-variable"], (24, 2, 32), (26, 2, 1)))


class Refused(MemfdTest):
    def refused_fd(self, fd, error="Malformed", raw=b"", **options):
        options = {"request-memfd": ("h", fd)} | options
        return self.refused(error, self.rpc, "mlx5", 272, options, raw)

    def test_each_seal_is_missing(self):
        for missing in SEALS:
            fd = self.own(memfd(mlx5(QUERY), ALL & ~missing))
            self.assert_words(self.refused_fd(fd), "F_SEAL_WRITE")
        fd = self.own(memfd(mlx5(QUERY), ALL & ~fcntl.F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        self.refused_fd(fd)
        self.refused_fd(self.own(memfd(mlx5(QUERY), 0)))

    def test_other_kinds_of_descriptors(self):
        reader, writer = os.pipe()
        one, other = socket.socketpair()
        listener = socket.create_server(("127.0.0.1", 0))
        temporary = tempfile.TemporaryFile()
        temporary.write(mlx5(QUERY))
        temporary.flush()
        kinds = [reader, writer, one.fileno(), listener.fileno(), temporary.fileno()]
        self.owned += [reader, writer]
        flags = {"/dev/zero": os.O_RDONLY, "/dev/null": os.O_RDWR, __file__: os.O_RDONLY,
                 "/proc/self/status": os.O_RDONLY, "/": os.O_DIRECTORY | os.O_PATH}
        kinds += [self.own(os.open(path, flag)) for path, flag in flags.items()]
        kinds.append(self.own(os.eventfd(1)))
        for fd in kinds:
            with self.subTest(os.readlink(f"/proc/self/fd/{fd}")):
                self.refused_fd(fd)
        # None of them was read.
        self.assertEqual(os.lseek(temporary.fileno(), 0, os.SEEK_CUR), len(mlx5(QUERY)))
        for end in (one, other, listener, temporary):
            end.close()

    def test_a_fifo_that_nobody_writes_to(self):
        path = pathlib.Path(os.environ["TMPDIR"]) / "fifo"
        os.mkfifo(path)
        self.refused_fd(self.own(os.open(path, os.O_RDWR)))

    def test_sizes(self):
        self.assert_words(self.refused_fd(self.own(memfd(b""))), "empty")
        fd = self.own(os.memfd_create("large", os.MFD_ALLOW_SEALING))
        os.ftruncate(fd, MOST + 1)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, ALL)
        self.refused_fd(fd, "TooLarge")
        fd = self.own(os.memfd_create("huge", os.MFD_ALLOW_SEALING))
        os.ftruncate(fd, 1 << 50)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, ALL)
        self.refused_fd(fd, "TooLarge")
        self.refused("TooLarge", self.rpc, "mlx5", MOST + 1, {"response-memfd": ("b", True)},
                     mlx5(QUERY))

    def test_twice(self):
        self.refused_fd(self.own(memfd(mlx5(QUERY))), raw=mlx5(QUERY))

    def test_an_index_that_leads_nowhere(self):
        fd = self.own(memfd(mlx5(QUERY)))
        for index in (0, 1, 2, 0x7fffffff, 0xffffffff):
            serial = self.send("mlx5", 272, {"request-memfd": ("h", dbus.Index(index))},
                               fds=[fd] if index else [])
            self.assert_words(self.refused("Malformed", broker.connection().answer, serial),
                              "attach")

    def test_other_types(self):
        fd = self.own(memfd(mlx5(QUERY)))
        for option in ({"request-memfd": ("u", 0)}, {"request-memfd": ("ah", [fd])},
                       {"request-memfd": ("ay", mlx5(QUERY))}, {"buffers-memfd": ("h", fd)},
                       {"response-memfd": ("h", fd)}):
            self.refused(broker.INVALID_ARGS, self.rpc, "mlx5", 272, option)

    def test_other_methods(self):
        fd = self.own(memfd(mlx5(QUERY)))
        at = device(by_type("mlx5"))
        for option in ({"request-memfd": ("h", fd)}, {"buffers-memfd": ("ah", [fd])}):
            for member, signature, arguments in (
                    ("Explain", "aya{sv}", [b"", option]),
                    ("RpcBatch", "a(ayua{sv})a{sv}", [[(b"", 16, option)], {}])):
                self.refused(DENIED_BY_BUS, broker.call, at, DEVICE, member, signature, *arguments)
        option = {"response-memfd": ("b", True)}
        for member, signature, arguments in (
                ("Explain", "aya{sv}", [mlx5(QUERY), option]),
                ("RpcBatch", "a(ayua{sv})a{sv}", [[(mlx5(QUERY), 16, option)], {}])):
            self.refused(broker.INVALID_ARGS, broker.call, at, DEVICE, member, signature,
                         *arguments)


class Descriptors(MemfdTest):
    """None is held for longer than it takes to copy, and none that nobody asked for."""

    @classmethod
    def tearDownClass(cls):
        broker.restart()

    def test_none_is_left(self):
        self.with_memfd("mlx5", mlx5(QUERY), response=True)
        before = sorted(descriptors())
        data = mlx5(QUERY, data=bytes(200000))
        for _ in range(50):
            os.close(self.with_memfd("mlx5", data, response=True)[1]["response-memfd"])
            self.refused("Malformed", self.with_memfd, "mlx5", b"x")
            self.refused("UnknownCommand", self.with_memfd, "mlx5", mlx5(0xffff), response=True)
            self.refused("Malformed", self.rpc, "mlx5", 16,
                         {"request-memfd": ("h", self.own(memfd(b"x", 0)))})
            self.refused("DeviceError", self.with_memfd, "mlx5", register(0x9fff, READ, bytes(8)))
        with self.assertRaises(dbus.Error):
            self.rpc("mlx5", 16, {"nothing": ("h", self.owned[0])})
        self.assertEqual(sorted(descriptors()), before)

    def test_none_while_the_request_waits(self):
        """Those of a call that waits, and those that came along with it, are closed."""
        name = by_type("cxl")
        before = len(descriptors())
        caller = dbus.Connection(ALLOWED)
        broker.set_fault("get-feature", "hang-ms", "600000", on=name)
        feature = next(iter(broker.list_features(name)))
        hanging = broker.send(device(name), CXL, "GetFeature", "ssa{sv}", feature, "current", {},
                              to=caller)
        raw = struct.pack("<IIIIIHH", 0x0500, 0, 8, 0, 64, 0, 0)
        options = {"request-memfd": ("h", self.own(memfd(raw)))}
        waiting = [broker.send(device(name), DEVICE, "Rpc", "ayua{sv}", b"", 65536, options,
                               to=caller, fds=[self.owned[0]] * 2) for _ in range(8)]
        broker.until(lambda: broker.get_property(device(name), DEVICE, "QueueDepth") > 8,
                     "the requests do not wait")
        self.assertEqual(len(descriptors()), before)
        self.assertFalse(any("memfd" in link for link in descriptors()))
        broker.unplug(name)
        for serial in [hanging, *waiting]:
            self.refused("DeviceGone", caller.answer, serial)
        caller.close()

    def test_a_client_that_leaves(self):
        before = sorted(descriptors())
        for _ in range(20):
            caller = dbus.Connection(ALLOWED)
            options = {"request-memfd": ("h", self.own(memfd(mlx5(QUERY, data=bytes(MOST - 16))))),
                       "response-memfd": ("b", True)}
            self.send("mlx5", MOST, options, to=caller)
            caller.close()
        broker.until(lambda: sorted(descriptors()) == before, "descriptors stay open")

    def test_a_client_that_takes_none(self):
        """It asks for what the bus cannot give to it; that is its own affair, and nobody else's."""
        caller = dbus.Connection(ALLOWED, takes_fds=False)
        before = sorted(descriptors())
        self.send("mlx5", 272, {"response-memfd": ("b", True)}, mlx5(QUERY), to=caller)
        self.assertEqual(len(caller.answer(self.send("mlx5", 272, {}, mlx5(QUERY), to=caller))[0]),
                         272)
        broker.until(lambda: sorted(descriptors()) == before, "descriptors stay open")

    def test_what_comes_without_being_asked_for(self):
        fd = self.own(memfd(mlx5(QUERY)))
        caller = broker.connection()
        # On a request that names none of them, it is let through and closed.
        for _ in range(20):
            serial = self.send("mlx5", 272, {}, mlx5(QUERY), fds=[fd] * 3)
            self.assertEqual(len(caller.answer(serial)[0]), 272)
        self.assertFalse(any("memfd" in link for link in descriptors()))
        # The bus refuses more than three, and any to another method.
        serial = self.send("mlx5", 272, {}, mlx5(QUERY), fds=[fd] * 4)
        self.refused(DENIED_BY_BUS, caller.answer, serial)
        for interface, member in ((DEVICE, "RpcBatch"), (None, "Rpc"), (CXL, "Rpc"),
                                  ("org.freedesktop.DBus.Peer", "Ping")):
            serial = caller.send(NAME, device(by_type("mlx5")), interface, member, "", fds=[fd])
            self.refused(DENIED_BY_BUS, caller.answer, serial)


class Threads(MemfdTest):
    def test_a_socket_that_lingers(self):
        """Who closes it last, which is fwctld, would wait for ten minutes."""
        listener = socket.create_server(("127.0.0.1", 0))
        lingering = socket.create_connection(listener.getsockname())
        lingering.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 600))
        lingering.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                lingering.send(bytes(1 << 16))
        fd = lingering.fileno()
        caller = broker.connection()
        stray = self.send("mlx5", 272, {}, mlx5(QUERY), fds=[fd] * 3)
        named = self.send("mlx5", 272, {"request-memfd": ("h", fd)}, fds=[fd] * 2)
        lingering.close()
        self.assertEqual(len(caller.answer(stray)[0]), 272)
        self.refused("Malformed", caller.answer, named)
        self.assertEqual(broker.get_property(device(by_type("mlx5")), DEVICE, "Type"), "mlx5")
        listener.close()

    def test_the_bus_thread_does_not_read_it(self):
        """What was swapped out takes time to read: another thread does."""
        data = mlx5(QUERY, data=bytes(MOST - 16))
        self.with_memfd("mlx5", data)
        bus, everyone = bytes_read(f"{pid()}/task/{pid()}"), bytes_read(pid())
        for _ in range(4):
            self.with_memfd("mlx5", data)
        self.assertGreaterEqual(bytes_read(pid()) - everyone, 4 * MOST)
        self.assertLess(bytes_read(f"{pid()}/task/{pid()}") - bus, MOST)


if __name__ == "__main__":
    broker.main()
