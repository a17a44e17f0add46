#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated/conformance --rules tests/integration/users.rules
"""Requests and responses in memfds, and descriptors that are none."""

import ctypes
import fcntl
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
OF_SIZE = ALL & ~fcntl.F_SEAL_WRITE
PUNCH_HOLE = 0x03  # FALLOC_FL_PUNCH_HOLE, and KEEP_SIZE as it needs
QUERY = 0x101  # mlx5/query-adapter
DENIED_BY_BUS = "org.freedesktop.DBus.Error.AccessDenied"
BNXT = wire.load_catalog("bnxt")


def memfd(data, seals=ALL):
    fd = os.memfd_create("request", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


def room(size, seals=OF_SIZE, allocated=None):
    """A memfd for a response. It is at the end of its bytes, which must not matter."""
    fd = os.memfd_create("response", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    if size and allocated != 0:
        os.posix_fallocate(fd, 0, allocated or size)
    os.lseek(fd, 0, os.SEEK_END)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


def punch_hole(fd, at, size):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fallocate(fd, PUNCH_HOLE, ctypes.c_long(at), ctypes.c_long(size)) != 0:
        raise OSError(ctypes.get_errno(), "fallocate")


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
        # What a client does not read must not be held against fwctld: no message has any.
        self.assertEqual(broker.connection().fds, 0)

    def own(self, fd):
        self.owned.append(fd)
        return fd

    def send(self, kind, most, options, raw=b"", **how):
        return broker.send(device(by_type(kind)), DEVICE, "Rpc", "ayua{sv}", raw, most, options,
                           **how)

    def rpc(self, kind, most, options, raw=b"", user=ALLOWED):
        serial = self.send(kind, most, options, raw, to=broker.connection(user))
        return broker.connection(user).answer(serial)

    def with_memfd(self, kind, raw, most=4096, options=None, response=False, user=ALLOWED):
        """As wire.rpc(), with the request in a memfd, and perhaps the response in another: then that
        is what is returned in place of the empty one."""
        options = {"request-memfd": ("h", self.own(memfd(raw)))} | (options or {})
        if response:
            return self.into(self.own(room(most)), kind, most, b"", options, user)
        return self.rpc(kind, most, options, user=user)

    def into(self, fd, kind, most, raw, options=None, user=ALLOWED):
        """A call whose response is to be in @fd."""
        options = {"response-memfd": ("h", fd)} | (options or {})
        empty, info = self.rpc(kind, most, options, raw, user)
        self.assertEqual(empty, b"")
        return [os.pread(fd, info.pop("response-size"), 0), info]


class Answers(MemfdTest):
    """They are those that a request in the message gets."""

    def assert_same(self, kind, raw, most):
        same = list(wire.rpc(kind, raw, most))
        self.assertEqual(self.with_memfd(kind, raw, most), same)
        self.assertEqual(self.with_memfd(kind, raw, most, response=True), same)
        self.assertEqual(self.into(self.own(room(most)), kind, most, raw), same)

    def test_small_ones(self):
        self.assert_same("mlx5", mlx5(QUERY), 16)
        self.assert_same("bnxt", bnxt_of(BNXT["ver-get"], (16, 1, 1), (17, 1, 10)), 4096)

    def test_an_empty_answer(self):
        self.assert_same("mlx5", register(0x9009, READ, bytes(1024)), 0)

    def test_large_ones(self):
        for size in (65536, MOST):
            self.assert_same("mlx5", mlx5(QUERY, data=os.urandom(size - 16)), size)

    def test_what_is_around_it_stays(self):
        """One memfd serves for many calls: each writes its response to the beginning, and no more."""
        fd = self.own(room(MOST))
        os.pwrite(fd, b"x" * MOST, 0)
        for size in (272, 16, 272):
            self.assertEqual(len(self.into(fd, "mlx5", size, mlx5(QUERY))[0]), size)
        self.assertEqual(os.pread(fd, MOST, 272), b"x" * (MOST - 272))

    def test_memory_that_is_taken_away(self):
        """By the time that there is a response, it is not for us to allocate it again."""
        fd = self.own(room(8192))
        name = by_type("cxl")
        raw = struct.pack("<IIIIIHH", 0x0500, 0, 8, 0, 64, 0, 0)
        expected = list(wire.rpc("cxl", raw, 8192))
        broker.set_fault("get-supported-features", "hang-ms", "700", on=name)
        caller = broker.connection()
        serial = self.send("cxl", 8192, {"response-memfd": ("h", fd)}, raw, to=caller)
        broker.until(lambda: broker.get_property(device(name), DEVICE, "QueueDepth") > 0,
                     "it does not run")
        punch_hole(fd, 4096, 4096)
        self.assertEqual(caller.answer(serial), expected)
        self.assertEqual(os.pread(fd, 8192, 0), bytes(8192))
        self.assertLess(os.fstat(fd).st_blocks * 512, 8192)
        broker.set_fault("get-supported-features", "hang-ms", "0", on=name)

    def test_a_change(self):
        value = os.urandom(16)
        before = self.with_memfd("mlx5", register(0x9014, READ, bytes(16)))[0][16:32]
        with broker.Recorded() as recorded:
            response, info = self.with_memfd("mlx5", register(0x9014, WRITE, value), response=True)
        self.assertEqual((info["outcome"], recorded.types), ("applied", ["intent", "outcome"]))
        self.assertEqual(response[16:32], value)
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
        [before] = info["buffers"]
        value = os.urandom(4)
        _, info = self.variable(
            "nvm-set-variable", options={"buffers-memfd": ("ah", [self.own(memfd(value))])})
        self.assertEqual(info["outcome"], "applied")
        _, info = self.variable("nvm-get-variable")
        self.assertEqual(info["buffers"], [value])
        self.variable("nvm-set-variable", options={"buffers": ("aay", [before])})

    def test_refused(self):
        for buffers in ([], [b"abc"], [b"abcde"], [b"abcd", b"abcd"], [b"a", b"b", b"c"],
                        [b"a", b"b", b"c", b"d"]):
            fds = [self.own(memfd(buffer)) for buffer in buffers]
            # One more than the bus lets through is not for fwctld to refuse.
            options = {"buffers-memfd": ("ah", fds)}
            error = "Malformed" if len(fds) < 4 else DENIED_BY_BUS
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
        self.refused("TooLarge", self.into, self.own(room(MOST)), "mlx5", MOST + 1, mlx5(QUERY))

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
                       {"response-memfd": ("b", True)}):
            self.refused(broker.INVALID_ARGS, self.rpc, "mlx5", 272, option)

    def test_other_methods(self):
        fd = self.own(memfd(mlx5(QUERY)))
        at = device(by_type("mlx5"))
        for option in ({"request-memfd": ("h", fd)}, {"buffers-memfd": ("ah", [fd])},
                       {"response-memfd": ("h", fd)}):
            for member, signature, arguments in (
                    ("Explain", "aya{sv}", [b"", option]),
                    ("RpcBatch", "a(ayua{sv})a{sv}", [[(b"", 16, option)], {}])):
                self.refused(DENIED_BY_BUS, broker.call, at, DEVICE, member, signature, *arguments)


class NoRoom(MemfdTest):
    """Where a response cannot be put, or where it is not for us to say what it costs."""

    def refused_room(self, fd, words, error="Malformed", most=272):
        with broker.Recorded() as recorded:
            message = self.refused(error, self.into, self.own(fd), "mlx5", most,
                                   register(0x9014, WRITE, bytes(16)))
        self.assert_words(message, words)
        self.assertEqual(recorded.types, [])

    def test_seals(self):
        for missing in SEALS[:3]:
            self.refused_room(room(4096, OF_SIZE & ~missing), "F_SEAL_SEAL")
        self.refused_room(room(4096, 0), "F_SEAL_SEAL")
        self.refused_room(room(4096, ALL), "F_SEAL_WRITE")
        self.refused_room(room(4096, OF_SIZE | F_SEAL_FUTURE_WRITE), "F_SEAL_FUTURE_WRITE")

    def test_sizes(self):
        self.refused_room(room(0), "small")
        self.refused_room(room(271), "small")
        self.refused_room(room(MOST - 1), "small", most=MOST + 1)
        self.refused_room(room(MOST + 1), "smaller", "TooLarge")
        self.refused_room(room(1 << 50, allocated=4096), "smaller", "TooLarge")

    def test_holes(self):
        self.refused_room(room(8192, allocated=0), "fallocate")
        self.refused_room(room(8192, allocated=4096), "fallocate")
        fd = room(MOST)
        punch_hole(fd, MOST // 2, 4096)
        self.refused_room(fd, "fallocate")

    def test_one_to_read_only(self):
        fd = self.own(room(4096))
        self.refused_room(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY), "F_SEAL_WRITE")
        self.refused_room(os.open(f"/proc/self/fd/{fd}", os.O_WRONLY), "F_SEAL_WRITE")

    def test_what_is_no_memfd(self):
        for fd in (*os.pipe(), os.eventfd(1), os.open("/dev/null", os.O_RDWR)):
            self.refused_room(fd, "memfd_create")
        with tempfile.TemporaryFile() as file:
            os.posix_fallocate(file.fileno(), 0, 4096)
            # One in a tmpfs has a seal too: that no seal can be added.
            self.refused_room(os.dup(file.fileno()), "response-memfd")
            self.assertEqual(file.read(), bytes(4096))


class Descriptors(MemfdTest):
    """None is held for longer than it takes to copy, and none that nobody asked for."""

    @classmethod
    def tearDownClass(cls):
        broker.restart()

    def test_none_is_left(self):
        self.with_memfd("mlx5", mlx5(QUERY), response=True)
        # An answer is sent before its call is put away; the next one comes after that.
        broker.manager("Version")
        before = sorted(descriptors())
        data = mlx5(QUERY, data=bytes(200000))
        for _ in range(50):
            self.with_memfd("mlx5", data, response=True)
            self.refused("Malformed", self.with_memfd, "mlx5", b"x")
            self.refused("UnknownCommand", self.with_memfd, "mlx5", mlx5(0xffff), response=True)
            self.refused("Malformed", self.rpc, "mlx5", 16,
                         {"request-memfd": ("h", self.own(memfd(b"x", 0)))})
            self.refused("DeviceError", self.with_memfd, "mlx5", register(0x9fff, READ, bytes(8)),
                         response=True)
            self.refused("Malformed", self.with_memfd, "mlx5", data, most=16,
                         options={"response-memfd": ("h", self.own(room(8)))})
        with self.assertRaises(dbus.Error):
            self.rpc("mlx5", 16, {"nothing": ("h", self.owned[0])})
        broker.manager("Version")
        self.assertEqual(sorted(descriptors()), before)

    def test_none_while_the_request_waits(self):
        """Those of a call that waits, and those that came along with it, are closed. One for each call
        is left, where its response goes; when the caller leaves it is closed too."""
        name = by_type("cxl")
        before = len(descriptors())
        caller = dbus.Connection(ALLOWED)
        broker.set_fault("get-feature", "hang-ms", "600000", on=name)
        feature = next(iter(broker.list_features(name)))
        hanging = broker.send(device(name), CXL, "GetFeature", "ssa{sv}", feature, "current", {},
                              to=caller)
        raw = struct.pack("<IIIIIHH", 0x0500, 0, 8, 0, 64, 0, 0)
        options = {"request-memfd": ("h", self.own(memfd(raw))),
                   "response-memfd": ("h", self.own(room(65536)))}
        waiting = [broker.send(device(name), DEVICE, "Rpc", "ayua{sv}", b"", 65536, options,
                               to=caller, fds=[self.owned[0]] * 2) for _ in range(8)]
        broker.until(lambda: broker.get_property(device(name), DEVICE, "QueueDepth") > 8,
                     "the requests do not wait")
        self.assertEqual(len(descriptors()), before + 8)
        self.assertEqual(sum("memfd:response" in link for link in descriptors()), 8)
        leaving = dbus.Connection(ALLOWED)
        broker.send(device(name), DEVICE, "Rpc", "ayua{sv}", b"", 65536, options, to=leaving)
        broker.until(lambda: len(descriptors()) == before + 9, "it does not wait")
        leaving.close()
        broker.until(lambda: len(descriptors()) == before + 8, "its descriptor stays open")
        broker.unplug(name)
        for serial in [hanging, *waiting]:
            self.refused("DeviceGone", caller.answer, serial)
        caller.close()
        broker.manager("Version")
        self.assertFalse(any("memfd" in link for link in descriptors()))

    def test_a_client_that_leaves(self):
        before = sorted(descriptors())
        for _ in range(20):
            caller = dbus.Connection(ALLOWED)
            options = {"request-memfd": ("h", self.own(memfd(mlx5(QUERY, data=bytes(MOST - 16))))),
                       "response-memfd": ("h", self.own(room(MOST)))}
            self.send("mlx5", MOST, options, to=caller)
            caller.close()
        broker.until(lambda: sorted(descriptors()) == before, "descriptors stay open")

    def test_a_client_that_does_not_read(self):
        """More answers than the bus lets a sender have descriptors under way, and others go on."""
        caller = dbus.Connection(ALLOWED)
        options = {"response-memfd": ("h", self.own(room(272)))}
        serials = []
        for _ in range(20):
            serials += [self.send("mlx5", 272, options, mlx5(QUERY), to=caller) for _ in range(50)]
            broker.until(lambda: broker.manager("Load")["calls"] <= 1, "calls stay")
        for serial in serials:
            self.assertEqual(caller.answer(serial)[1]["response-size"], 272)
        self.assertEqual(caller.fds, 0)
        caller.close()

    def test_what_comes_without_being_asked_for(self):
        fd = self.own(memfd(mlx5(QUERY)))
        caller = broker.connection()
        # On a request that names none of them, it is let through and closed.
        for _ in range(20):
            serial = self.send("mlx5", 272, {}, mlx5(QUERY), fds=[fd] * 4)
            self.assertEqual(len(caller.answer(serial)[0]), 272)
        broker.manager("Version")
        self.assertFalse(any("memfd" in link for link in descriptors()))
        # The bus refuses more than four, and any to another method.
        serial = self.send("mlx5", 272, {}, mlx5(QUERY), fds=[fd] * 5)
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
