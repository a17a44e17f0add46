#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""What polkit may answer, when it does, and who is still there then."""

import broker
from broker import (ALLOWED, ASKED, COLD, CXL, CXL_TEST, DENIED, DEVICE, MANAGER, NAME, ROOT, call,
                    device)
import dbus


def read(user=ALLOWED):
    return broker.get_feature(COLD, user=user)


class Answers(broker.TestCase):
    """What else polkit may answer, or not."""

    def test_without_interaction_a_challenge_is_a_no(self):
        message = self.refused("NotAuthorizedCanObtain", read, ASKED)
        self.assertIn("interactive", message)

    def test_interaction_without_an_agent(self):
        self.refused("NotAuthorizedCanObtain", call, device(), CXL, "GetFeature", "ssa{sv}", COLD,
                     "current", {}, user=ASKED, interactive=True)

    def test_explanation_never_asks_a_person(self):
        answer = call(device(), CXL, "ExplainSetFeature", "saya{sv}", COLD, bytes(4), broker.TAINT,
                      user=ASKED, interactive=True)
        self.assertEqual(answer["authorization"], "challenge")
        self.assertEqual(answer["refusal"], f"{NAME}.Error.NotAuthorizedCanObtain")

    def test_polkitd_is_missing(self):
        broker.control("polkit", "stop")
        try:
            for function in (read, lambda: broker.set_feature(COLD, bytes(4)),
                             lambda: call(ROOT, MANAGER, "GetAuditRecords", "tua{sv}", 1, 1, {})):
                message = self.refused("NotAuthorized", function)
                self.assertIn("polkitd", message)
            self.assertEqual(broker.audit_records()[-1]["auth"]["result"], "unavailable")
            answer = broker.explain_set(COLD, bytes(4))
            self.assertEqual(answer["authorization"], "no")
            # What is free does not need it.
            self.assertIn(COLD, broker.list_features())
        finally:
            broker.control("polkit", "start")
        self.assertEqual(len(read()), 4)

    def test_polkitd_ends_while_it_is_asked(self):
        with SlowAnswer() as asked:
            serial = broker.send_set(COLD, bytes(4))
            asked()
            broker.control("polkit", "stop")
            try:
                self.refused("NotAuthorized", broker.connection().answer, serial)
            finally:
                broker.control("polkit", "start")

    def test_other_calls_go_on_while_polkit_is_asked(self):
        with SlowAnswer() as asked:
            serial = broker.send_set(COLD, bytes(4))
            asked()
            self.assertIn(COLD, broker.list_features())
            self.assertFalse(broker.connection().answered(serial))
        self.assertEqual(broker.connection().answer(serial)[0]["outcome"], "applied")

    def test_a_sender_that_vanishes_before_the_answer(self):
        value = broker.get_feature(COLD, "saved")
        with broker.Recorded() as log:
            with SlowAnswer() as asked:
                sender = dbus.Connection(ALLOWED)
                broker.send_set(COLD, b"\x66\x66\0\0", to=sender)
                asked()
                sender.close()
                self.until_gone(sender.name)
            # polkit has answered by now: it takes one question after the other.
            self.assertEqual(broker.get_feature(COLD, "saved"), value)
        self.assertEqual(log.types, [])

    def until_gone(self, name):
        """Waits until the bus, and after it the broker, know that a connection has left."""
        bus = broker.connection(DENIED)
        broker.until(lambda: not bus.bus_call("NameHasOwner", "s", name)[0], "the name stays")
        broker.get_property(ROOT, MANAGER, "Version", user=DENIED)


class SlowAnswer:
    """Makes polkit answer only when the block ends; asked() waits until it is asked."""

    def __init__(self):
        self.directory = broker.new_directory("slow-answer")
        self.directory.chmod(0o777)
        script = f"cd {self.directory}; touch asked; until [ -e go ]; do sleep 0.05; done"
        self.rules = broker.rules(f"""polkit.addRule(function (action, subject) {{
            if (action.lookup("command") === "cxl/set-feature") {{
                polkit.spawn(["/bin/sh", "-c", "{script}"]);
                return polkit.Result.YES;
            }}
        }});""")

    def asked(self):
        broker.until((self.directory / "asked").exists, "polkit was not asked")

    def __enter__(self):
        self.rules.__enter__()
        return self.asked

    def __exit__(self, *exception):
        (self.directory / "go").touch()
        self.rules.__exit__(*exception)


class Agent(broker.TestCase):
    """An authentication agent, with a person who says no."""

    READ = (CXL, "GetFeature", "ssa{sv}", CXL_TEST, "current", {})

    def test_dismissed(self):
        heard = self.with_agent(*self.READ)
        self.assertEqual(heard["asked"], ["Read Feature cxl-test of CXL memory device mem0"])
        self.assertEqual(heard["error"], f"{NAME}.Error.NotAuthorizedDismissed")

    def test_the_person_is_only_asked_where_the_caller_allows_it(self):
        heard = self.with_agent(*self.READ, interactive=False)
        self.assertEqual(heard["asked"], [])
        self.assertEqual(heard["error"], f"{NAME}.Error.NotAuthorizedCanObtain")

    def test_nobody_is_asked_for_an_explanation(self):
        heard = self.with_agent(CXL, "ExplainSetFeature", "saya{sv}", CXL_TEST, bytes(4), {})
        self.assertEqual((heard["asked"], heard["error"]), ([], ""))

    def test_the_caller_leaves_while_the_person_thinks(self):
        with broker.Recorded() as log:
            heard = self.with_agent(CXL, "SetFeature", "saya{sv}", CXL_TEST, bytes(4),
                                    broker.TAINT, leave=True)
        self.assertEqual(heard["then"], "CancelAuthentication")
        self.assertEqual(log.types, [])
        self.assertEqual(len(read()), 4)

    def with_agent(self, *arguments, **options):
        """Runs agent() below in a process of the user, as polkit wants it of an agent."""
        return broker.call_as(ASKED, lambda: agent(*arguments, **options))


def agent(*arguments, interactive=True, leave=False):
    """Calls the broker as a caller whose agent dismisses what it is asked, or who leaves then.
    Returns what the agent was asked, and the error."""
    heard = {"asked": [], "error": ""}
    listener, caller = dbus.Connection(), dbus.Connection()
    broker.register_agent(listener)
    serial = caller.send(NAME, device(), *arguments, interactive=interactive)
    while not caller.answered(serial):
        if not listener.calls:
            listener.receive(timeout=0.05)
            continue
        begin = listener.calls.pop(0)
        heard["asked"].append(begin.body[1])
        if leave:
            caller.close()
            heard["then"] = listener.wait_for_call().member
            return heard
        listener.reply_error(begin, "org.freedesktop.PolicyKit1.Error.Cancelled", "dismissed")
    try:
        caller.answer(serial)
    except dbus.Error as error:
        heard["error"] = error.name
    return heard


if __name__ == "__main__":
    broker.main()
