#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""fwctl rpc and explain: requests that are built from words, and requests that come as they are."""

import json
import os
import pathlib
import subprocess

import broker
import wire
from broker import fwctl, fwctl_json

DONE, USAGE, DENIED, REFUSED, DEVICE, ABSENT = 0, 2, 3, 4, 5, 7
MLX5, BNXT, PDS = "fwctl2", "fwctl3", "fwctl4"


def piped(*words, stdin=b""):
    """(status, stdout, stderr) of fwctl as the allowed user, with bytes for input and output."""
    done = subprocess.run(["session-control", "as", broker.ALLOWED, "fwctl", *words], input=stdin,
                          capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr.decode()


def file_of(data):
    path = pathlib.Path(os.environ["TMPDIR"]) / "buffer"
    path.write_bytes(data)
    path.chmod(0o644)
    return path


class Piped(broker.TestCase):
    def test_raw_in_and_raw_out(self):
        raw = wire.register(0x5004, wire.READ, bytes(64))
        status, out, _ = piped("rpc", MLX5, "--max-response", "80", stdin=raw)
        self.assertEqual((status, len(out), out[:8]), (DONE, 80, bytes(8)))
        self.assertEqual(out, wire.rpc("mlx5", raw, room=80)[0])

    def test_cxl(self):
        raw = bytes.fromhex("00050000" "00000000" "08000000" "00000000" "30000000" "0000" "0000")
        status, out, _ = piped("rpc", "mem0", stdin=raw)
        self.assertEqual((status, len(out)), (DONE, 8 + 8 + 48))

    def test_json(self):
        status, out, _ = piped("--json", "rpc", MLX5, stdin=wire.mlx5(0x101))
        document = json.loads(out)
        self.assertEqual((status, document["command"]), (DONE, "mlx5/query-adapter"))
        self.assertRegex(document["response"], "^(00){16}")

    def test_nothing_and_nonsense(self):
        for raw, error in ((b"", "Malformed"), (b"x" * 15, "Malformed"),
                           (b"\xff" * 16, "UnknownCommand"), (bytes(2 ** 21 + 1), "TooLarge")):
            status, out, err = piped("--json", "rpc", MLX5, stdin=raw)
            self.assertEqual((status, out), (REFUSED, b""), err)
            self.assertEqual(json.loads(err)["error"], f"{broker.NAME}.Error.{error}")

    def test_explain(self):
        status, out, _ = piped("--json", "explain", MLX5,
                               stdin=wire.register(0x9028, wire.WRITE, bytes(16)))
        document = json.loads(out)
        self.assertEqual((status, document["effect"], document["action"]),
                         (DONE, "disruptive", f"{broker.NAME}.disrupt"))


class Built(broker.TestCase):
    def test_bnxt(self):
        document = fwctl_json("rpc", BNXT, "bnxt/ver-get", "hwrm-intf-maj=1")
        self.assertEqual(document["fields"]["hwrm-fw-major"], 230)
        text = fwctl("rpc", BNXT, "bnxt/ver-get").out
        self.assert_words(text, "bnxt/ver-get", "Response (", "hwrm-fw-major", "230")

    def test_bnxt_buffers(self):
        words = ("rpc", BNXT, "bnxt/nvm-get-variable", "data-len=16", "option-num=108")
        self.assertEqual(fwctl_json(*words)["buffers"], ["4a00"])
        self.assert_words(fwctl(*words).out, "Buffer (2 bytes)", "4a 00")
        status, _, _ = piped("rpc", BNXT, "bnxt/nvm-set-variable", "data-len=16",
                             "option-num=108", "--buffer", str(file_of(b"\x4b\0")))
        self.assertEqual(status, DONE)
        self.assertEqual(fwctl_json(*words)["buffers"], ["4b00"])

    def test_mlx5(self):
        document = fwctl_json("rpc", MLX5, "mlx5/query-adapter", "op-mod=0", "payload=00")
        self.assertEqual(document["command"], "mlx5/query-adapter")
        read = fwctl_json("rpc", MLX5, "mlx5/access-register", "register=PTYS",
                          "data=" + "00" * 64, "--max-response", "80")
        typed, _ = wire.access_register(0x5004, "read", bytes(64))
        self.assertEqual(bytes.fromhex(read["response"])[16:], typed)

    def test_pds(self):
        wire.put_drop_in("pds.json", (broker.SOURCE / "policy/examples/pds-catalog.json").read_text())
        wire.reload_catalog()
        document = fwctl_json("rpc", PDS, "pds/health.query", "response=16")
        self.assertEqual([len(buffer) for buffer in document["buffers"]], [32])
        wire.remove_drop_in("pds.json")
        wire.reload_catalog()

    def test_explain(self):
        document = fwctl_json("explain", BNXT, "bnxt/func-reset")
        self.assertEqual((document["effect"], document["overlaps"]), ("disruptive", "devlink"))
        self.assert_words(fwctl("explain", BNXT, "bnxt/func-reset").out, "disruptive", "shared")

    def test_what_people_read_of_changes(self):
        """The register in the log, what waits by its command, and that secrets are not there."""
        with broker.Recorded() as recorded:
            text = fwctl("rpc", MLX5, "mlx5/access-register", "register=MFRL", "method=write",
                         "data=" + "00" * 8).out
        self.assert_words(text, "disruptive", "applied")
        number = recorded.records[0]["seq"]
        # By its name; the story has the number.
        self.assert_words(fwctl("audit").out, "MFRL")
        self.assert_words(fwctl("audit", "show", str(number)).out, "Register", "0x9028",
                          "Value to be set   0000000000000000")
        with broker.Recorded() as recorded:
            text = fwctl("rpc", BNXT, "bnxt/nvm-modify", "len=4", "--buffer", file_of(b"abcd"),
                         "--allow-taint").out
        self.assert_words(text, "Waits for", "a reset: cold")
        self.assert_words(fwctl("show", BNXT).out, "bnxt/nvm-modify waits for a reset: cold")
        number = recorded.records[0]["seq"]
        self.assert_words(fwctl("audit", "show", str(number)).out, "not recorded")
        self.assertNotIn(b"abcd".hex(), str(recorded.records))

    def test_what_is_wrong_with_the_words(self):
        for words in (("rpc",), ("rpc", BNXT, "bnxt/ver-get", "nonsense=1"),
                      ("rpc", BNXT, "bnxt/ver-get", "hwrm-intf-maj=256"),
                      ("rpc", BNXT, "bnxt/ver-get", "hwrm-intf-maj"),
                      ("rpc", MLX5, "mlx5/query-adapter", "op-mod=65536"),
                      ("rpc", MLX5, "mlx5/query-adapter", "payload=0"),
                      ("rpc", MLX5, "mlx5/query-adapter", "op-mod=0", "op-mod=0"),
                      ("rpc", MLX5, "mlx5/access-register", "method=burn"),
                      ("rpc", MLX5, "mlx5/access-register", "register=NONSENSE"),
                      ("rpc", "mem0", "cxl/get-feature"),
                      ("rpc", BNXT, "--max-response", "0"),
                      ("rpc", BNXT, "bnxt/ver-get", "--buffer", "/nowhere"),
                      ("get", "mem0", "cxl-test", "--buffer", "x")):
            with self.subTest(words):
                done = fwctl(*words)
                self.assertEqual((done.status, done.out), (USAGE, ""), done.err)
                self.assertRegex(done.err, "^fwctl: ")
        done = fwctl("rpc", BNXT, "mlx5/query-adapter")
        self.assertEqual((done.status, done.out), (REFUSED, ""))
        self.assertEqual(fwctl("rpc", "fwctl9", "bnxt/ver-get").status, ABSENT)

    def test_exit_codes_of_the_broker(self):
        self.assertEqual(fwctl("rpc", BNXT, "bnxt/func-reset", user=broker.DENIED).status, DENIED)
        self.assertEqual(fwctl("rpc", BNXT, "bnxt/dbg-erase-nvm").status, REFUSED)
        self.assertEqual(fwctl("rpc", MLX5, "mlx5/access-register", "register=0x9ff0",
                               "data=00").status, DEVICE)


if __name__ == "__main__":
    broker.main()
