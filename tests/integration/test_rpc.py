#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""Device.Rpc and Device.Explain, which take the driver's own wire format: struct fwctl_rpc_cxl and
fwctl_rpc_cxl_out of the kernel's fwctl/cxl.h."""

import hashlib
import struct
import uuid

import broker
from broker import (COLD, DENIED, DEVICE, FIXED, HUGE, IMMEDIATE, LARGE, NAME, TAINT, call, device)

SUPPORTED, GET, SET = 0x0500, 0x0501, 0x0502
MOST = 2 * 1024 * 1024
CURRENT, DEFAULT, SAVED = 0, 1, 2
SAVED_ACROSS_RESET = 8


def request(opcode, payload, flags=0, reserved=0, size=None):
    return struct.pack("<IIII", opcode, flags, len(payload) if size is None else size,
                       reserved) + payload


def supported_request(count, start=0, reserved=0):
    return request(SUPPORTED, struct.pack("<IHH", count, start, reserved))


def get_request(feature, count, offset=0, selection=CURRENT):
    return request(GET, uuid.UUID(feature).bytes + struct.pack("<HHB", offset, count, selection))


def set_request(feature, data, flags=SAVED_ACROSS_RESET, offset=0, version=1, reserved=bytes(9)):
    return request(SET, uuid.UUID(feature).bytes + struct.pack("<IHB", flags, offset, version) +
                   reserved + data)


def rpc(raw, room=MOST, options=None, user=broker.ALLOWED):
    return call(device(), DEVICE, "Rpc", "ayua{sv}", raw, room, options or {}, user=user)


def explain(raw, options=None, user=broker.ALLOWED):
    return call(device(), DEVICE, "Explain", "aya{sv}", raw, options or {}, user=user)


def parse(response):
    """The device's return code and the payload; the header says how long that is."""
    size, code = struct.unpack_from("<II", response)
    if len(response) != 8 + size:
        raise AssertionError(f"{len(response)} bytes, and the header says 8 and {size}")
    return code, response[8:]


class Equal(broker.TestCase):
    """The typed methods and the wire format are the same path."""

    @classmethod
    def setUpClass(cls):
        broker.restart_mem0()

    def test_get(self):
        features = broker.list_features()
        names = {CURRENT: "current", DEFAULT: "default", SAVED: "saved"}
        for feature, entry in features.items():
            for number, selection in names.items():
                if selection not in entry["selections"]:
                    continue
                with self.subTest(feature, selection=selection):
                    response, info = rpc(get_request(feature, entry["get-size"], selection=number))
                    self.assertEqual(parse(response), (0, broker.get_feature(feature, selection)))
                    self.assertEqual(info, {
                        "command": "cxl/get-feature", "effect": "none", "scope": "configuration"})

    def test_get_a_part(self):
        value = broker.get_feature(LARGE)
        response, _ = rpc(get_request(LARGE, 100, offset=1000), room=108)
        self.assertEqual(parse(response), (0, value[1000:1100]))

    def test_set(self):
        for feature, size, effect, scope in ((COLD, 4, "after-reset", "debug-write"),
                                             (IMMEDIATE, 4, "immediate", "debug-write-full"),
                                             (HUGE, 60000, "immediate", "debug-write-full")):
            with self.subTest(feature):
                raw = set_request(feature, b"\x61" * size)
                with broker.Recorded() as log:
                    response, info = rpc(raw, options=TAINT | {"reason": ("s", "by wire")})
                    typed = broker.set_feature(feature, b"\x61" * size)
                self.assertEqual(parse(response), (0, b""))
                self.assertEqual(info, {
                    "command": "cxl/set-feature", "effect": effect, "scope": scope,
                    "audit-sequence": log.records[0]["seq"], "outcome": "applied",
                    "resets": ["cold"] if effect == "after-reset" else [],
                    "pending": effect == "after-reset"})
                self.assertEqual(typed["before"], b"\x61" * size)
                by_wire, by_method = log.records[0], log.records[2]
                self.assertEqual(by_wire["reason"], "by wire")
                self.assertEqual(by_wire["request_sha256"], hashlib.sha256(raw).hexdigest())
                for key in ("request_sha256", "data", "command", "auth", "device"):
                    self.assertEqual(by_wire[key], by_method[key], key)

    def test_refusals(self):
        for feature, data in ((FIXED, bytes(16)), (COLD, bytes(3)), (COLD, bytes(5)),
                              ("96dad7d6-fde8-482b-a733-75774e06db8a", bytes(2)),
                              ("00000000-0000-0000-0000-000000000000", bytes(4))):
            with self.subTest(feature):
                answer = broker.explain_set(feature, data)
                self.assertEqual(explain(set_request(feature, data), TAINT), answer)
                self.refused(answer["refusal"], broker.set_feature, feature, data)
                self.refused(answer["refusal"], rpc, set_request(feature, data), options=TAINT)

    def test_explanation(self):
        raw = get_request(COLD, 4)
        self.assertEqual(explain(raw), {
            "command": "cxl/get-feature", "effect": "none", "effects": [], "resets": [],
            "scope": "configuration", "owner": "fwctl", "overlaps": "", "interface": "",
            "action": f"{NAME}.read", "taints": False,
            "unit": "shared", "timeout-ms": 10000, "authorization": "yes", "refusal": "",
            "reason": ""})
        answer = explain(raw, user=DENIED)
        self.assertEqual((answer["authorization"], answer["refusal"]),
                         ("no", f"{NAME}.Error.NotAuthorized"))
        self.assertEqual(explain(set_request(COLD, bytes(4)), TAINT),
                         broker.explain_set(COLD, bytes(4)))

    def test_supported_features(self):
        features = broker.list_features()
        everything = len(features) * 48
        for room, count in ((everything, len(features)), (3 * 48, 3), (3 * 48 + 47, 3), (0, 0)):
            with self.subTest(room):
                response, info = rpc(supported_request(room), room=16 + room)
                self.assertEqual(info["command"], "cxl/get-supported-features")
                code, payload = parse(response)
                entries, total = struct.unpack_from("<HH", payload)
                self.assertEqual((code, entries, total), (0, count, len(features)))
                self.assertEqual(len(payload), 8 + 48 * count)
                shown = [str(uuid.UUID(bytes=payload[8 + 48 * i:24 + 48 * i]))
                         for i in range(count)]
                self.assertEqual(shown, list(features)[:count])


class Wrong(broker.TestCase):
    @classmethod
    def setUpClass(cls):
        broker.restart_mem0()

    def test_malformed(self):
        wrong = {
            "nothing": b"",
            "half a header": get_request(COLD, 4)[:15],
            "a header alone": request(GET, b""),
            "a size that says less": request(GET, bytes(21), size=20),
            "a size that says more": request(GET, bytes(21), size=22),
            "a huge size": request(GET, bytes(21), size=0xffffffff),
            "header flags": request(GET, bytes(21), flags=1),
            "a reserved field": request(GET, bytes(21), reserved=1),
            "reserved bytes of a list": supported_request(48, reserved=1),
            "no count": get_request(COLD, 0),
            "a count beyond the value": get_request(COLD, 5),
            "an offset beyond the value": get_request(COLD, 1, offset=4),
            "an offset that wraps": get_request(COLD, 4, offset=0xffff),
            "selection 3": get_request(COLD, 4, selection=3),
            "a part of a transfer": set_request(COLD, bytes(4), flags=1),
            "reserved flags": set_request(COLD, bytes(4), flags=0x10),
            "an offset of a Set": set_request(COLD, bytes(4), offset=4),
            "reserved bytes of a Set": set_request(COLD, bytes(4), reserved=b"\x01" + bytes(8)),
            "a Set without data": set_request(COLD, b""),
            "a Set of too little": set_request(COLD, bytes(3)),
            "a Set of another version": set_request(COLD, bytes(4), version=2),
        }
        for what, raw in wrong.items():
            with self.subTest(what):
                self.refused("Malformed", rpc, raw, options=TAINT)
                self.assertEqual(explain(raw, TAINT)["refusal"], f"{NAME}.Error.Malformed")
        self.assertFalse(broker.kernel_tainted())

    def test_commands_that_there_are_not(self):
        for opcode in (0, 0x0503, 0x4300, 0x10502, 0xffffffff):
            with self.subTest(opcode):
                self.refused("UnknownCommand", rpc, request(opcode, bytes(21)), options=TAINT)
                answer = explain(request(opcode, bytes(21)))
                self.assertEqual((answer["command"], answer["refusal"]),
                                 ("", f"{NAME}.Error.UnknownCommand"))

    def test_too_large(self):
        self.refused("TooLarge", rpc, bytes(MOST + 1))
        self.refused("TooLarge", rpc, get_request(COLD, 4), room=MOST + 1)
        self.refused("TooLarge", explain, bytes(MOST + 1))
        self.refused("TooLarge", rpc, set_request(COLD, bytes(65536)), options=TAINT)
        # One that is just not too large is looked into.
        self.refused("Malformed", rpc, bytes(MOST))

    def test_no_room_for_the_answer(self):
        message = self.refused("Malformed", rpc, get_request(COLD, 4), room=11)
        self.assertIn("12 bytes", message)
        self.assertEqual(parse(rpc(get_request(COLD, 4), room=12)[0])[0], 0)
        self.refused("Malformed", rpc, set_request(COLD, bytes(4)), room=7, options=TAINT)
        self.assertFalse(broker.kernel_tainted())

    def test_taint(self):
        self.refused("WouldTaint", rpc, set_request(COLD, bytes(4)))
        self.assertEqual(explain(set_request(COLD, bytes(4)))["refusal"],
                         f"{NAME}.Error.WouldTaint")

    def test_options_of_other_methods(self):
        for option in ({"expect": ("ay", b"")}, {"version": ("y", 1)}):
            self.refused(broker.INVALID_ARGS, rpc, get_request(COLD, 4), options=option)

    def test_the_error_of_the_device(self):
        broker.set_fault("get-feature", "status", "BUSY")
        self.assertIn("BUSY", self.refused("DeviceError", rpc, get_request(COLD, 4)))


if __name__ == "__main__":
    broker.main()
