# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts fwctld on what a crash has left, and checks every promise."""

import contextlib

import crash
import promises
from promises import expect

# No value of the scripts.
LATER = b"\x77\x88\x99\xaa"


class Left:
    """What a crash has left, and who was told what before it."""

    def __init__(self, place, answers, told):
        self.place = place
        self.answers = answers
        self.told = told
        self.records = promises.raw_records(place.log)
        self.store = place.store()

    def check(self):
        """All promises, by two restarts."""
        promises.check_causes(self.place, self.records)
        left_open = promises.open_intents(self.records)
        with crash.Fwctld(self.place) as fwctld:
            fwctld.start()
            answers = self._change_again()
            records = self._settled()
            fwctld.end()
        self._check_records(records, left_open)
        promises.check_answers(records, self.answers + answers, self.place.said())
        promises.check_tidy(self.place)
        self._check_once_more()

    def _change_again(self):
        """e: at once, so also while something waits to be read back."""
        caller = crash.Caller()
        for device, feature in self.store:
            answer = caller.change(feature, LATER, on=device)
            expect(answer.result.get("outcome") == "applied", "e", answer, answer.message)
        return caller.answers

    def _settled(self):
        """The records, once no intent is open."""
        with contextlib.suppress(TimeoutError):
            crash.broker.until(
                lambda: not promises.open_intents(promises.raw_records(self.place.log)), "")
        promises.verify(self.place.log)
        return promises.check_chain(self.place.log)

    def _check_records(self, records, left_open):
        expect(records[:len(self.records)] == self.records, "f", "a record was lost or changed")
        promises.check_told(records, self.told)
        for intent in left_open.values():
            recover = promises.check_recovered(intent, records, self.store)
            later = [record for record in records
                     if record["type"] == "intent" and record["seq"] > intent["seq"]
                     and record["device"]["name"] == intent["device"]["name"]
                     and record["command"]["feature"] == intent["command"]["feature"]
                     and record["data"] == LATER.hex()]
            expect(later and later[0]["seq"] > recover["seq"], "d",
                   f"intent {intent['seq']} was open when the Feature was changed again")

    def _check_once_more(self):
        before = promises.log_bytes(self.place)
        with crash.Fwctld(self.place) as fwctld:
            fwctld.start()
            fwctld.end()
        expect(promises.log_bytes(self.place) == before, "g", "another restart changed the log")
