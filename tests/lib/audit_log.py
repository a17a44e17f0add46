# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes audit logs by docs/audit.md, for tests of what reads them: a reading of the format that shares
nothing with fwctld's and with the verifier's."""

import hashlib
import hmac
import json
import os

COMMON = (',"time":"2026-11-25T21:29:02.123456Z","boot_time":86400123456,'
          '"boot_id":"5d1f4c5e-2b1a-4c3d-9e8f-0123456789ab"')
DAEMON = f'"daemon":{{"version":"0.1.0","catalog":"{"c0" * 32}"}}'
DEVICE = ('"device":{"name":"fwctl0","type":"cxl","parent":"/devices/pci0000:0c/0000:0c:00.0/'
          '0000:0d:00.0/mem0","serial":"0x5e17","firmware":"2.1","generation":1},'
          '"command":{"name":"cxl/set-feature","opcode":"0x0502",'
          '"feature":"f3c71d00-0000-4000-8000-000000000002","effect":"immediate",'
          '"effects":["immediate-config-change"],"scope":"debug-write-full","persistent":true}')
INTENT = ('"peer":{"bus_name":":1.42","uid":1000,"gid":1000,"label":"unconfined","unverified":{'
          '"pid":4242,"exe":"/usr/bin/fwctl","unit":"session-3.scope","session":"3",'
          f'"loginuid":1000}}}},{DEVICE},"request_sha256":"{"ab" * 32}","data":"{"0d" * 32}",'
          f'"before":"{"0c" * 32}","reason":"ticket 17: \\"Prüfung\\"","auth":{{"action":'
          '"org.fwctl.Broker1.change-immediate","result":"yes"},"taint":{"before":false,'
          '"after":false}')
OUTCOME = (f'{DEVICE},"outcome":{{"class":"applied","status":"SUCCESS","readback":"{"0d" * 32}"}},'
           '"taint":{"before":false,"after":false}')


def hmac_sha256(key, data):
    return hmac.digest(key, data, "sha256")


class Log:
    """A log in a directory that is written record by record. seal() seals it from the next segment
    on."""

    def __init__(self, directory):
        self.directory = directory
        self.directory.mkdir()
        self.sequence, self.hash = 0, "0" * 64
        self.segment, self.size, self.file = 0, 0, None
        self.since, self.key_id, self.key = 0, "", None
        self.first = 0  # record of the segment

    def path(self, segment):
        return self.directory / f"audit-{segment:08}.jsonl"

    def add(self, kind, members):
        self.sequence += 1
        text = (f'{{"v":1,"seq":{self.sequence},"type":"{kind}"{COMMON},{members},'
                f'"prev":"{self.hash}",').encode()
        if self.since:
            text += b'"mac":"%s",' % hmac_sha256(self.key, text).hex().encode()
            self.key = hmac_sha256(self.key, b"fwctld: next key")
        self.hash = hashlib.sha256(text).hexdigest()
        self.size += self.file.write(text + f'"hash":"{self.hash}"}}\n'.encode())

    def seal(self):
        """Returns what the holder of the first key gets."""
        self.since, self.key = self.sequence + 1, os.urandom(32)
        self.key_id = hmac_sha256(self.key, b"fwctld: key id").hex()[:16]
        return f"fwctld-seal-1:{self.since}:{self.key.hex()}\n"

    def begin(self, more=""):
        self.end()
        self.segment, self.size, self.first = self.segment + 1, 0, self.sequence + 1
        self.file = open(self.path(self.segment), "wb", buffering=1 << 20)
        seal = f',"seal":{{"since":{self.since},"id":"{self.key_id}"}}' if self.since else ""
        self.add("genesis", f'{DAEMON},"segment":{self.segment}{seal}{more}')

    def change(self):
        request = f'"request":"5d1f4c5e-{self.sequence}",{DAEMON}'
        self.add("intent", f"{request},{INTENT}")
        self.add("outcome", f"{request},{OUTCOME}")

    def rotate(self, cause="size"):
        self.add("rotate", f'{DAEMON},"cause":"{cause}"')

    def give_up(self, rest):
        """The segment ends with bytes that do not count, and the next one says so."""
        gap = {"segment": self.segment, "last": self.sequence, "size": self.size, "errno": "EIO"}
        self.file.write(rest)
        self.begin(f',"gap":{json.dumps(gap)}')

    def prune(self, segment, first, last, last_hash):
        pruned = {"segment": segment, "first": first, "last": last, "hash": last_hash}
        self.add("prune", f'{DAEMON},"cause":"size","pruned":{json.dumps(pruned)}')
        self.path(segment).unlink()

    def end(self):
        if self.file:
            self.file.close()
