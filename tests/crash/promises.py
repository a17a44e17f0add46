# SPDX-License-Identifier: LGPL-2.1-or-later
"""What fwctld promises about its log, whatever happened to it (docs/audit.md), as checks.

Each check raises AssertionError with the letter of the promise:

  a  no value of a device has changed without an intent that was there before
  b  the log verifies
  c  what a caller was told is in the log
  d  no intent is left open, and what a recover record says is what the device holds
  e  after a restart a Feature can be changed again
  f  records that anybody was told of are there, and no unfinished file is left
  g  one more restart changes nothing
"""

import hashlib
import json
import subprocess

import broker

NO_HASH = "0" * 64
CLOSING = ("outcome", "recover")
UNRECORDED = "The refusal of a change of fwctl0 cannot be recorded"


def expect(condition, promise, *words):
    if not condition:
        raise AssertionError(f"promise {promise}: {' '.join(map(str, words))}")


def segments(directory):
    """The text of each segment, oldest first: what of it counts."""
    texts = _texts(directory)
    for number, text in texts.items():
        gap = json.loads(text.partition(b"\n")[0] or b"{}").get("gap")
        if gap:
            earlier = f"{gap['segment']:08}"
            expect(int(number) == gap["segment"] + 1, "b", "a gap behind another segment", gap)
            texts[earlier] = texts[earlier][:gap["size"]]
    return [texts[number] for number in sorted(texts)]


def _texts(directory):
    texts = {}
    for path in sorted(directory.glob("audit-*.jsonl*")) if directory.exists() else ():
        number = path.name[6:14]
        if path.suffix == ".zst":
            texts.setdefault(number, subprocess.run(["zstd", "-dcq", path], check=True,
                                                    capture_output=True).stdout)
        else:
            texts[number] = path.read_bytes()
    return texts


def whole_lines(text):
    """Without an end that was never all on the disk: a hole and what is behind, half a line."""
    text = text.partition(b"\0")[0]
    return text[:text.rfind(b"\n") + 1].splitlines()


def raw_records(directory):
    """The records that a crash has left."""
    return [json.loads(line) for text in segments(directory) for line in whole_lines(text)]


def check_chain(directory):
    """Sequence and hashes, by code that is nobody's but this one's. Returns the records."""
    records, previous = [], None
    for text in segments(directory):
        expect(text.endswith(b"\n"), "b", "a segment ends in the middle of a line")
        for line in text.splitlines():
            record = json.loads(line)
            body = line[:line.rindex(b'"hash":')]
            expect(hashlib.sha256(body).hexdigest() == record["hash"], "b", "hash of", record)
            if previous:
                expect(record["prev"] == previous["hash"], "b", "prev of", record["seq"])
                expect(record["seq"] == previous["seq"] + 1, "f", "there is a gap before",
                       record["seq"])
            else:
                expect(record["seq"] > 1 or record["prev"] == NO_HASH, "b", "the first prev")
            records.append(record)
            previous = record
    return records


def verify(directory, open_intents=0):
    done = broker.fwctl("--json", "audit", "verify", directory, user=None)
    expect(done.status == 0, "b", f"fwctl audit verify: {done.status} {done.err}{done.out}")
    verdict = json.loads(done.out)
    if open_intents is not None:
        expect(verdict["open-intents"] == open_intents, "d", "open intents:", verdict)
    return verdict


def check_causes(place, records):
    """a, of the records there are and the values there are."""
    for (device, feature), value in place.store().items():
        if value == place.first[device, feature]:
            continue
        expect(any(record["type"] == "intent" and record["command"].get("feature") == feature
                   and record["device"]["name"] == device and record["data"] == value
                   for record in records),
               "a", f"{device} holds {value} in {feature}, and no intent says so")


def check_answers(records, answers, said=""):
    """c: of each answer that came. A refusal that could not be recorded is told in the journal."""
    by_request = {}
    for record in records:
        if "request" in record:
            by_request.setdefault(record["request"], []).append(record)
    for answer in answers:
        alike = [each for each in by_request.values()
                 if each[0]["command"].get("feature") == answer.feature
                 and each[0].get("data") == answer.data
                 and each[0]["device"]["name"] == answer.on]
        if answer.sequence:
            alike = [each for each in alike if each[0]["seq"] == answer.sequence]
        stories = [[record["type"] for record in each] for each in alike]
        classes = [each[-1].get("outcome", {}).get("class") for each in alike]
        if answer.error == "NotAuthorized":
            expect(["deny"] in stories or UNRECORDED in said, "c", answer, "is not in the log")
        elif answer.error == "DeviceError":
            expect("failed" in classes, "c", answer, "is not in the log:", stories)
        elif not answer.error:
            expect(["intent", "outcome"] in stories and answer.result["outcome"] in classes,
                   "c", answer, answer.sequence, "is not in the log:", stories, classes)


def open_intents(records):
    """Those without an outcome, by their request."""
    found = {}
    for record in records:
        if record["type"] == "intent":
            found[record["request"]] = record
        elif record["type"] in CLOSING:
            found.pop(record.get("request"), None)
    return found


def check_recovered(intent, records, store):
    """d: that one record closes the intent, and is right about a device that held these values."""
    closing = [r for r in records if r["type"] in CLOSING and r["request"] == intent["request"]]
    expect(len(closing) == 1 and closing[0]["type"] == "recover", "d",
           f"intent {intent['seq']} is closed by", closing)
    recover = closing[0]
    expect(recover["intent"] == intent["seq"], "d", "recover names another intent", recover)
    for member in ("device", "command"):
        expect(recover[member] == intent[member], "d", f"recover has another {member}", recover)
    held = store[intent["device"]["name"], intent["command"]["feature"]]
    data, before = intent["data"], intent["before"]
    if held == data and before != data:
        right = ("applied", None)
    elif before == data:
        right = ("unknown", "SAME_VALUE" if held == data else "OTHER_VALUE")
    else:
        right = ("unknown", "FORMER_VALUE" if held == before else "OTHER_VALUE")
    outcome = recover["outcome"]
    expect((outcome["class"], outcome.get("status")) == right, "d",
           f"recover of {before} to {data} with {held} on the device says", outcome)
    return recover


def check_told(records, told):
    """f: of each record that was announced."""
    types = {record["seq"]: record["type"] for record in records}
    for sequence, kind, *_ in told:
        expect(types.get(sequence) == kind, "f", f"record {sequence} ({kind}) was announced")


def check_tidy(place):
    """f: what is left when nothing is under way."""
    hidden = [path.name for directory in (place.log, place.state)
              for path in directory.glob(".*")]
    expect(not hidden, "f", "left behind:", hidden)


def log_bytes(place):
    return {path.name: path.read_bytes() for path in sorted(place.log.iterdir())}
