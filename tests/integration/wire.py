# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests of the mlx5, bnxt and pds wire formats, and devices of each type to send them to."""

import json
import os
import pathlib
import struct

import broker
from broker import CATALOG, DEVICE, MLX5, ROOT, call, device

MOST = 2 * 1024 * 1024

ACCESS_REGISTER = 0x805
WRITE, READ = 0, 1


# ---- Devices

def by_type(kind):
    """The name of the first device of a type."""
    for name in broker.devices():
        if broker.get_property(device(name), DEVICE, "Type") == kind:
            return name
    raise AssertionError(f"there is no {kind} device")


def rpc(kind, raw, room=4096, options=None, buffers=None, user=broker.ALLOWED):
    """Response and info of the first device of a type."""
    options = dict(options or {})
    if buffers is not None:
        options["buffers"] = ("aay", buffers)
    return call(device(by_type(kind)), DEVICE, "Rpc", "ayua{sv}", raw, room, options, user=user)


def explain(kind, raw, options=None, user=broker.ALLOWED):
    return call(device(by_type(kind)), DEVICE, "Explain", "aya{sv}", raw, options or {}, user=user)


def batch(kind, requests, options=None, user=broker.ALLOWED):
    return call(device(by_type(kind)), DEVICE, "RpcBatch", "a(ayua{sv})a{sv}", requests,
                options or {}, user=user)


def access_register(register, method, data, argument=0, options=None, user=broker.ALLOWED):
    return call(device(by_type("mlx5")), MLX5, "AccessRegister", "qsuaya{sv}", register, method,
                argument, data, options or {}, user=user)


# ---- Wire formats

def mlx5(opcode, op_mod=0, own=bytes(8), data=b"", uid=0, reserved=0):
    return struct.pack(">HHHH", opcode, uid, reserved, op_mod) + own + data


def register(number, method, data, argument=0, opcode=ACCESS_REGISTER):
    return mlx5(opcode, method, struct.pack(">HHI", 0, number, argument), data)


def mlx5_status(response):
    status, syndrome = struct.unpack_from(">BxxxI", response)
    return status, syndrome


def bnxt(req_type, size, *fields, header=(0xffff, 0, 0xffff, 0)):
    """A request of @size bytes; fields are (offset, width, value)."""
    raw = bytearray(size)
    ring, sequence, target, address = header
    struct.pack_into("<HHHHQ", raw, 0, req_type, ring, sequence, target, address)
    for offset, width, value in fields:
        raw[offset:offset + width] = (value % (1 << (8 * width))).to_bytes(width, "little")
    return bytes(raw)


def bnxt_status(response):
    """Error code, request type and length."""
    code, req_type, _, length = struct.unpack_from("<HHHH", response)
    return code, req_type, length


def pds(endpoint, operation, in_length=0, out_length=0, pointers=(0, 0)):
    return struct.pack("<IIIIQIIIIQ", operation, endpoint, 0, in_length, pointers[0], 0, 0, 0,
                       out_length, pointers[1])


def load_catalog(driver):
    """The commands of a driver by their names."""
    commands = json.loads((CATALOG / f"{driver}.json").read_text())["commands"]
    return {command["name"]: command for command in commands}


def bnxt_of(command, *fields):
    """The request of a catalog's entry: its lengths say 24 unless @fields do."""
    lengths = [(p["length-offset"], p["length-width"], 24) for p in command.get("pointers", [])
               if "length-offset" in p]
    return bnxt(int(command["opcode"], 0), command["request-size"], *lengths, *fields)


# ---- The administrator's catalog

def administrator_catalog():
    return pathlib.Path(os.environ["FWCTLD_CONFIG"]) / "catalog.d"


def put_drop_in(name, content):
    administrator_catalog().mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (administrator_catalog() / name).write_text(text)


def remove_drop_in(name):
    (administrator_catalog() / name).unlink()


def reload_catalog(user=broker.ALLOWED):
    call(ROOT, broker.MANAGER, "ReloadCatalog", "a{sv}", {}, user=user)


def pds_command(name, endpoint, operation, effect="none", scope="configuration", **more):
    return {"name": name, "endpoint": endpoint, "operation": operation, "effect": effect,
            "scope": scope, "owner": "fwctl", "unit": "own", "timeout-ms": 10000,
            "summary": f"The test's operation {name}", "source": "tests"} | more


def put_pds_catalog():
    """Lists the operations of the test's pds device, but for one."""
    put_drop_in("pds.json", {"format": 1, "driver": "pds", "commands": [
        pds_command("test.read", 1, "0x00010001"),
        pds_command("test.write", 1, "0x00020002", "immediate"),
        pds_command("test.debug", 1, "0x00010003", scope="debug-read-only"),
        pds_command("test.fails", 1, "0x00010006"),
        pds_command("test.secret", 1, "0x00010005", "disruptive", "debug-write-full",
                    secrets=True),
    ]})
    reload_catalog()
