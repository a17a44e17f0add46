#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated/conformance --rules tests/integration/users.rules
"""mlx5, bnxt and pds devices. In the guest the same tests run on the devices of the test module."""

import os
import struct

import broker
import wire
from broker import DENIED, TAINT
from wire import (READ, WRITE, access_register, batch, bnxt_of, bnxt_status, by_type, explain, mlx5,
                  mlx5_status, pds, register, rpc)

OWN_REGISTER, FIXED_REGISTER, LONG_REGISTER, NO_REGISTER = 0x9014, 0x9020, 0x9009, 0x9fff
FIRST = bytes(range(16))
BNXT = wire.load_catalog("bnxt")
KERNEL_ADDRESS = 0xffff888000000000


def own_address():
    """One that the daemon has mapped: of its stack."""
    with open(os.environ["FWCTLD_PIDFILE"], encoding="ascii") as file:
        pid = file.read().strip()
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        line = next(line for line in maps if line.rstrip().endswith("[stack]"))
    return int(line.split("-")[1].split()[0], 16) - 4096


class Mlx5(broker.TestCase):
    def test_a_query(self):
        response, info = rpc("mlx5", mlx5(0x101), room=272)
        self.assertEqual(mlx5_status(response), (0, 0))
        self.assertEqual(len(response), 272)
        self.assertEqual(info, {"command": "mlx5/query-adapter", "effect": "none",
                                "scope": "configuration"})

    def test_mstflint_reads_and_writes_a_register(self):
        """What mstflint's access_register() does: read, write with the data, read again."""
        before, info = access_register(OWN_REGISTER, "read", bytes(16))
        self.assertEqual((before, info["effect"], info["scope"]),
                         (FIRST, "none", "debug-read-only"))
        with broker.Recorded() as recorded:
            written, info = access_register(OWN_REGISTER, "write", FIRST[::-1],
                                            options={"reason": ("s", "as mstflint does")})
        self.assertEqual(written, FIRST[::-1])
        self.assertEqual((info["outcome"], info["scope"]), ("applied", "configuration"))
        self.assertEqual(recorded.types, ["intent", "outcome"])
        intent = recorded.records[0]
        self.assertEqual(intent["command"]["name"], "mlx5/access-register")
        self.assertEqual(intent["command"]["register"], "0x9014")
        # It is MCIA, which takes a module's password.
        self.assertNotIn("data", intent)
        self.assertEqual(access_register(OWN_REGISTER, "read", bytes(16))[0], FIRST[::-1])
        access_register(OWN_REGISTER, "write", FIRST)

    def test_both_ways_are_the_same(self):
        typed, _ = access_register(OWN_REGISTER, "read", bytes(16))
        raw, info = rpc("mlx5", register(OWN_REGISTER, READ, bytes(16)), room=32)
        self.assertEqual(raw[16:], typed)
        self.assertEqual(info["command"], "mlx5/access-register")

    def test_the_firmware_says_no(self):
        for number, method in ((NO_REGISTER, "read"), (FIXED_REGISTER, "write")):
            with broker.Recorded() as recorded:
                message = self.refused("DeviceError", access_register, number, method, bytes(8))
            self.assertIn("BAD_PARAM (0x3, syndrome 0x1)", message)
        self.assertEqual([record.get("data") for record in recorded.records], ["00" * 8, None])
        self.assertEqual(recorded.records[1]["outcome"],
                         {"class": "failed", "status": "BAD_PARAM"})

    def test_an_unnamed_register(self):
        """Any other write is immediate, any other read is debug-read."""
        for method, effect, action in ((WRITE, "immediate", "change-immediate"),
                                       (READ, "none", "debug-read")):
            answer = explain("mlx5", register(NO_REGISTER, method, bytes(8)))
            self.assertEqual((answer["effect"], answer["action"]),
                             (effect, f"{broker.NAME}.{action}"))

    def test_malformed(self):
        bad = [mlx5(0x101)[:15], b"", mlx5(0x101, reserved=1), register(OWN_REGISTER, 2, bytes(16)),
               register(OWN_REGISTER, 0x8001, bytes(16))]
        for raw in bad:
            with self.subTest(raw=raw.hex()):
                self.refused("Malformed", rpc, "mlx5", raw)

    def test_unknown(self):
        for opcode in (0x100 - 1, 0x0a00, 0xffff, 0x0200):
            self.refused("UnknownCommand", rpc, "mlx5", mlx5(opcode))

    def test_the_size_of_the_answer(self):
        for room in (0, 1, 15, 16, 17, 4096):
            response, _ = rpc("mlx5", register(LONG_REGISTER, READ, bytes(1024)), room=room)
            self.assertEqual(len(response), room)
            self.assertEqual(response[16:], (bytes([0xa5]) * 1024 + bytes(4096))[:max(room - 16, 0)])

    def test_two_mebibytes(self):
        most = wire.MOST
        response, _ = rpc("mlx5", mlx5(0x101, data=bytes(most - 16)), room=most)
        self.assertEqual(len(response), most)
        self.refused("TooLarge", rpc, "mlx5", mlx5(0x101, data=bytes(most - 15)), room=16)
        self.refused("TooLarge", rpc, "mlx5", mlx5(0x101), room=most + 1)

    def test_a_write_is_authorized_by_itself(self):
        rule = broker.answer_rule('action.lookup("register") === "0x9014" && '
                                  'action.id.indexOf("change-immediate") > 0', "NO")
        with broker.rules(rule):
            self.refused("NotAuthorized", access_register, OWN_REGISTER, "write", FIRST)
            access_register(OWN_REGISTER, "read", bytes(16))


class Bnxt(broker.TestCase):
    def test_version(self):
        """HWRM_VER_GET, the first thing that every tool asks."""
        raw = bnxt_of(BNXT["ver-get"], (16, 1, 1), (17, 1, 10))
        response, info = rpc("bnxt", raw)
        code, req_type, length = bnxt_status(response)
        self.assertEqual((code, req_type, length), (0, 0, len(response)))
        self.assertEqual(info["scope"], "debug-read-only")
        self.assertIn("hwrm-intf-maj-8b", info["fields"])

    def variable(self, name, option, bits, **more):
        command = BNXT[name]
        raw = bnxt_of(command, (24, 2, bits), (26, 2, option))
        return rpc("bnxt", raw, **more)

    def test_a_variable_counts_bits(self):
        """The firmware counts bits where the driver copies bytes: kernel trap 2."""
        _, info = self.variable("nvm-get-variable", 1, 32)
        self.assertEqual(info["buffers"], [bytes([1, 2, 3, 4])])
        _, info = self.variable("nvm-get-variable", 1, 12)
        self.assertEqual([len(buffer) for buffer in info["buffers"]], [2])

    def test_a_variable_is_set(self):
        for size in (0, 3, 5, 32):
            self.refused("Malformed", self.variable, "nvm-set-variable", 1, 32,
                         buffers=[bytes(size)])
        self.refused("Malformed", self.variable, "nvm-set-variable", 1, 32)
        self.refused("Malformed", self.variable, "nvm-get-variable", 1, 32, buffers=[bytes(4)])
        with broker.Recorded() as recorded:
            _, info = self.variable("nvm-set-variable", 1, 32, buffers=[b"\x0a\x0b\x0c\x0d"])
        self.assertEqual((info["outcome"], info["effect"]), ("applied", "after-reset"))
        _, info = self.variable("nvm-get-variable", 1, 32)
        self.assertEqual(info["buffers"], [b"\x0a\x0b\x0c\x0d"])
        # A secret: the digest stands for it (kernel trap 20).
        intent = recorded.records[0]
        self.assertNotIn("data", intent)
        self.assertNotIn("0a0b0c0d", str(recorded.records))
        self.assertRegex(intent["request_sha256"], "^[0-9a-f]{64}$")
        self.variable("nvm-set-variable", 1, 32, buffers=[bytes([1, 2, 3, 4])])

    def test_a_flash_item_is_read(self):
        raw = bnxt_of(BNXT["nvm-read"], (24, 2, 1), (28, 4, 8), (32, 4, 16))
        _, info = rpc("bnxt", raw)
        self.assertEqual(info["buffers"], [bytes(range(8, 24))])

    def test_the_firmware_says_no(self):
        message = self.refused("DeviceError", self.variable, "nvm-get-variable", 77, 8)
        self.assertIn("ENTITY_NOT_PRESENT (0x13)", message)

    def test_no_address_passes(self):
        """Each place of an address, and values that lead somewhere or nowhere."""
        for name, command in BNXT.items():
            for pointer in command.get("pointers", []):
                for value in (1, -1, own_address(), KERNEL_ADDRESS):
                    with self.subTest(name, offset=pointer["offset"], value=value):
                        raw = bnxt_of(command, (pointer["offset"], 8, value))
                        self.refused("Malformed", rpc, "bnxt", raw, options=TAINT)

    def test_no_length_reaches_beyond(self):
        for name, command in BNXT.items():
            for pointer in command.get("pointers", []):
                if "length-offset" not in pointer:
                    continue
                most = (1 << (8 * pointer["length-width"])) - 1
                for length in (0, 65537, most):
                    raw = bnxt_of(command, (pointer["length-offset"], pointer["length-width"],
                                            length))
                    if length == 65537 and most == 65535:
                        continue
                    if length == 65535 and pointer["length-unit"] in ("bytes", "bits"):
                        continue
                    with self.subTest(name, length=length):
                        self.refused("TooLarge" if length else "Malformed", rpc, "bnxt", raw,
                                     options=TAINT)

    def test_what_nobody_has_published(self):
        hidden = [c for c in BNXT.values() if c.get("layout") == "unpublished"]
        self.assertGreater(len(hidden), 20)
        for command in hidden:
            with self.subTest(command["name"]):
                raw = wire.bnxt(int(command["opcode"], 0), 24)
                self.refused("NotSupported", rpc, "bnxt", raw, options=TAINT)

    def test_bytes_that_mean_nothing(self):
        raw = bytearray(bnxt_of(BNXT["nvm-read"]))
        raw[38] = 1
        self.refused("Malformed", rpc, "bnxt", bytes(raw))

    def test_the_header_is_the_brokers(self):
        raw = wire.bnxt(0, 24, (16, 1, 1), header=(5, 7, 9, 0x1000))
        self.assertEqual(bnxt_status(rpc("bnxt", raw)[0])[0], 0)

    def test_what_disrupts_is_no_read(self):
        for name in ("func-reset", "fw-reset", "port-prbs-test", "dbg-serdes-test"):
            raw = bnxt_of(BNXT[name])
            self.assertEqual(explain("bnxt", raw)["action"], f"{broker.NAME}.disrupt", name)

    def test_a_denied_change_is_recorded(self):
        with broker.Recorded() as recorded:
            self.refused("NotAuthorized", rpc, "bnxt", bnxt_of(BNXT["func-reset"]), user=DENIED)
        self.assertEqual(recorded.types, ["deny"])
        self.assertEqual(recorded.records[0]["command"]["name"], "bnxt/func-reset")

    def test_a_change_that_waits(self):
        broker.restart()
        raw = bnxt_of(BNXT["nvm-modify"], (24, 2, 1), (28, 4, 0), (32, 4, 4))
        rpc("bnxt", raw, options=TAINT, buffers=[b"abcd"])
        name = by_type("bnxt")
        waits = broker.get_property(broker.device(name), broker.DEVICE, "PendingResets")
        self.assertEqual([change["command"] for change in waits], ["bnxt/nvm-modify"])
        self.assertNotEqual(broker.get_property(broker.device(name), broker.DEVICE,
                                                "ResetRequired"), "")


class Pds(broker.TestCase):
    @classmethod
    def setUpClass(cls):
        wire.put_pds_catalog()

    @classmethod
    def tearDownClass(cls):
        wire.remove_drop_in("pds.json")
        wire.reload_catalog()

    def test_a_read(self):
        response, info = rpc("pds", pds(1, 0x10001, out_length=64))
        self.assertEqual(info["buffers"], [bytes(range(64))])
        self.assertEqual(info["command"], "pds/test.read")
        # The header comes back without an address.
        self.assertEqual(len(response), 48)
        self.assertEqual(response[16:24] + response[40:48], bytes(16))

    def test_a_write(self):
        with broker.Recorded() as recorded:
            _, info = rpc("pds", pds(1, 0x20002, 16, 16), buffers=[FIRST])
        self.assertEqual((info["outcome"], info["effect"]), ("applied", "immediate"))
        self.assertTrue(recorded.records[0]["data"].endswith(FIRST.hex()))
        _, info = rpc("pds", pds(1, 0x20002, 16, 16), buffers=[bytes(16)])
        self.assertEqual(info["outcome"], "applied")

    def test_what_the_administrator_does_not_list(self):
        for endpoint, operation in ((1, 0x10004), (7, 1), (2, 0x10001), (1, 0x20001), (1, 1)):
            message = self.refused("UnknownCommand", rpc, "pds", pds(endpoint, operation))
            self.assertIn("administrator", message)

    def test_no_loose_match(self):
        """The driver ignores bits 31-24 and takes lower versions: kernel trap 12."""
        self.refused("Malformed", rpc, "pds", pds(1, 0x01010001, out_length=4))
        self.refused("UnknownCommand", rpc, "pds", pds(1, 0x00000001, out_length=4))

    def test_no_address_passes(self):
        for value in (1, 2**64 - 1, own_address(), KERNEL_ADDRESS):
            for pointers in ((value, 0), (0, value)):
                self.refused("Malformed", rpc, "pds",
                             pds(1, 0x10001, 16, 16, pointers), buffers=[bytes(16)])

    def test_lengths(self):
        self.refused("Malformed", rpc, "pds", pds(1, 0x10001, 16, 16), buffers=[bytes(15)])
        self.refused("TooLarge", rpc, "pds", pds(1, 0x10001, 0, wire.MOST + 1))
        # More than this card takes: the driver says so before the card sees it.
        self.refused("KernelRefused", rpc, "pds", pds(1, 0x10001, 0, 4097))

    def test_the_firmware_says_no(self):
        self.refused("DeviceError", rpc, "pds", pds(1, 0x10006, out_length=4))

    def test_a_secret_is_not_recorded(self):
        with broker.Recorded() as recorded:
            try:
                rpc("pds", pds(1, 0x10005, 16), buffers=[b"correct horse ba"], options=TAINT)
            except broker.dbus.Error as error:
                self.assertIn(error.name.rsplit(".", 1)[1], ("Lockdown", "KernelRefused"))
        self.assertNotIn(b"correct horse ba".hex(), str(recorded.records))


class Cxl(broker.TestCase):
    """What ndctl's own fwctl test does: list, get, set, get; and outputs that are too small."""

    FEATURE = bytes([0xff] * 16)

    def rpc(self, opcode, payload, room, **more):
        raw = struct.pack("<IIII", opcode, 0, len(payload), 0) + payload
        return broker.call(broker.device(self.name), broker.DEVICE, "Rpc", "ayua{sv}", raw, room,
                           more, user=broker.ALLOWED)[0]

    def setUp(self):
        self.name = next(name for name in broker.devices()
                         if broker.CXL_TEST in features_of(name))

    def get(self, room=12):
        return self.rpc(0x501, self.FEATURE + struct.pack("<HHB", 0, 4, 0), room)

    def set(self, value, room=8):
        header = self.FEATURE + struct.pack("<IHB9x", 8, 0, 1)
        return self.rpc(0x502, header + value, room, **TAINT)

    def test_the_sequence(self):
        listed = self.rpc(0x500, struct.pack("<IHH", 48, 0, 0), 8 + 8 + 48)
        self.assertEqual(struct.unpack_from("<II", listed), (56, 0))
        before = self.get()[8:]
        self.set(bytes(4))
        self.assertEqual(self.get()[8:], bytes(4))
        self.refused("Malformed", self.get, room=11)
        self.refused("Malformed", self.set, before, room=7)
        self.set(before)
        self.assertEqual(self.get()[8:], before)


def features_of(name):
    if broker.get_property(broker.device(name), broker.DEVICE, "Type") != "cxl":
        return {}
    return broker.list_features(name)


class Batch(broker.TestCase):
    def burn(self, *writes, **more):
        requests = [(register(number, WRITE, data), 16 + len(data), {}) for number, data in writes]
        return batch("mlx5", requests, **more)

    def test_a_register_is_burnt(self):
        values = [bytes([i]) * 16 for i in range(20)]
        with broker.Recorded() as recorded:
            results = self.burn(*((OWN_REGISTER, value) for value in values))
        self.assertEqual([response[16:] for response, _ in results], values)
        self.assertEqual({info["outcome"] for _, info in results}, {"applied"})
        self.assertEqual(recorded.types, ["intent", "outcome"] * 20)
        access_register(OWN_REGISTER, "write", FIRST)

    def test_it_stops_at_the_first_that_fails(self):
        with broker.Recorded() as recorded:
            results = self.burn((OWN_REGISTER, bytes(16)), (FIXED_REGISTER, bytes(8)),
                                (OWN_REGISTER, FIRST))
        self.assertEqual(len(results), 2)
        self.assertEqual(results[0][1]["outcome"], "applied")
        self.assertEqual(results[1][1]["error"], f"{broker.NAME}.Error.DeviceError")
        self.assertIn("BAD_PARAM", results[1][1]["message"])
        self.assertEqual(recorded.types, ["intent", "outcome"] * 2)
        self.assertEqual(access_register(OWN_REGISTER, "read", bytes(16))[0], bytes(16))
        access_register(OWN_REGISTER, "write", FIRST)

    def test_one_that_is_refused_refuses_all(self):
        with broker.Recorded() as recorded:
            message = self.refused("Malformed", batch, "mlx5", [
                (register(OWN_REGISTER, WRITE, bytes(16)), 32, {}),
                (register(OWN_REGISTER, 7, bytes(16)), 32, {})])
        self.assertIn("request 2 of 2 is refused: ", message)
        self.assertEqual(recorded.types, [])
        self.assertEqual(access_register(OWN_REGISTER, "read", bytes(16))[0], FIRST)

    def test_each_thing_is_asked_about(self):
        """A rule that denies one register denies a batch that has it among others."""
        with broker.rules(broker.answer_rule('action.lookup("register") === "0x9020"', "NO")):
            with broker.Recorded() as recorded:
                self.refused("NotAuthorized", self.burn, (OWN_REGISTER, bytes(16)),
                             (FIXED_REGISTER, bytes(8)))
            self.assertEqual(recorded.types, ["deny"])
            self.burn((OWN_REGISTER, FIRST))
        self.refused("NotAuthorized", self.burn, (OWN_REGISTER, FIRST), user=DENIED)

    def test_bounds(self):
        many = [(OWN_REGISTER, FIRST)] * 1025
        self.refused("TooLarge", self.burn, *many)
        different = [(0x9100 + i, bytes(8)) for i in range(9)]
        self.refused("TooLarge", self.burn, *different)
        large = [(register(OWN_REGISTER, READ, bytes(16)), wire.MOST, {})] * 3
        self.refused("TooLarge", batch, "mlx5", large)
        self.assertIsNone(batch("mlx5", []) or None)

    def test_options_hold_for_each(self):
        """A debug write, with and without allow-taint; the reason stands in each record."""
        raw = bnxt_of(BNXT["nvm-modify"], (24, 2, 1), (32, 4, 4))
        requests = [(raw, 64, {"buffers": ("aay", [b"abcd"])})] * 2
        if not broker.kernel_tainted():
            self.refused("WouldTaint", batch, "bnxt", requests)
        with broker.Recorded() as recorded:
            results = batch("bnxt", requests, TAINT | {"reason": ("s", "ticket 4")})
        self.assertEqual([info["outcome"] for _, info in results], ["applied"] * 2)
        self.assertEqual([r.get("reason") for r in recorded.records if r["type"] == "intent"],
                         ["ticket 4"] * 2)
        self.assertEqual(results[0][1]["resets"], ["cold"])
        self.assertTrue(results[0][1]["pending"])

    def test_few_at_once(self):
        """Each is worth many calls: four of a connection are under way, the fifth is refused."""
        raw = register(OWN_REGISTER, WRITE, FIRST)
        # With these, four batches are what MiBPerConnection= lets in, and five are more.
        room = 38000
        caller = broker.dbus.Connection(broker.ALLOWED)
        self.addCleanup(caller.close)
        path = broker.device(by_type("mlx5"))
        # So that none ends before the last one comes; devices of the kernel are slow enough.
        if broker.get_property(path, broker.DEVICE, "Simulated"):
            broker.set_fault("access-register", "hang-ms", "3000", on=by_type("mlx5"))
        serials = [broker.send(path, broker.DEVICE, "RpcBatch", "a(ayua{sv})a{sv}",
                               [(raw, room, {})] * 100, {}, to=caller) for _ in range(5)]
        refused = 0
        for serial in serials:
            try:
                self.assertEqual(len(caller.answer(serial)[0]), 100)
            except broker.dbus.Error as error:
                self.assertEqual(error.name, f"{broker.NAME}.Error.LimitExceeded")
                refused += 1
        self.assertEqual(refused, 1)

    def test_buffers(self):
        command = BNXT["nvm-get-variable"]
        raw = bnxt_of(command, (24, 2, 32), (26, 2, 1))
        results = batch("bnxt", [(raw, 64, {}), (raw, 64, {})])
        self.assertEqual([info["buffers"] for _, info in results], [[bytes([1, 2, 3, 4])]] * 2)


if __name__ == "__main__":
    broker.main()
