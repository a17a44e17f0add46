#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# session: --simulate policy/simulated --rules tests/integration/users.rules
"""Which questions polkit is asked, and in which order: a monitor on the bus sees each of them."""

import os
import signal
import time

import broker
from broker import (ALLOWED, ASKED, COLD, CONVENTIONAL, CXL, DENIED, DEVICE, MANAGER, READ_COLD,
                    ROOT, SLOW_COLD, answer_rule, device)
import dbus

POLKIT = "org.freedesktop.PolicyKit1"
AUTHORITY = "/org/freedesktop/PolicyKit1/Authority"
MARKER = "/marker"


class Question:
    """A call of CheckAuthorization as the bus has carried it."""

    def __init__(self, message):
        (_, subject), action, self.details, flags, self.cancellation_id = message.body
        self.subject = subject["name"]
        self.action = action.removeprefix(broker.NAME + ".")
        self.interactive = flags & 1 == 1


class Monitor:
    """Sees the calls of one member, whoever makes them."""

    def __init__(self, member="CheckAuthorization"):
        self.member = member
        self._connection = dbus.Connection()
        self._connection.call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                              "org.freedesktop.DBus.Monitoring", "BecomeMonitor", "asu",
                              [f"type='method_call',member='{member}'"], 0)

    def take(self):
        """The calls since the last time: all that came before one of our own."""
        broker.connection(DENIED).send(broker.NAME, MARKER, "org.example", self.member)
        taken = []
        while (message := self._connection.wait_for_call()).path != MARKER:
            taken.append(message)
        return taken

    def asked(self):
        """About whom fwctld asked polkit; those who wait for rules to be read ask about others."""
        return [Question(message) for message in self.take()
                if message.body[0][0] == "system-bus-name"]


def polkit_pid():
    bus = broker.connection(DENIED)
    return bus.bus_call("GetConnectionUnixProcessID", "s", POLKIT)[0]


class Stopped:
    """polkitd does nothing during the block."""

    def __enter__(self):
        self._pid = polkit_pid()
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self._pid, signal.SIGCONT)


def send_get(to, feature=COLD, on="fwctl0", **how):
    return to.send(broker.NAME, device(on), CXL, "GetFeature", "ssa{sv}", feature, "current", {},
                   **how)


def send_set(to):
    return broker.send_set(COLD, bytes(4), to=to)


def until_taken(caller):
    """Waits until fwctld has taken all calls of a connection; this one waits for nothing else."""
    caller.call(broker.NAME, device(), CXL, "ListFeatures", "a{sv}", {})


class TestCase(broker.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.monitor = Monitor()

    @classmethod
    def configure(cls, text):
        broker.write_config(text)
        broker.restart()

    def setUp(self):
        self.caller = dbus.Connection(ALLOWED)
        self.monitor.take()

    def read(self, *arguments, to=None):
        to = to or self.caller
        self.assertEqual(len(to.answer(send_get(to, *arguments))[0]), 4)

    def actions(self):
        return [question.action for question in self.monitor.asked()]


class Kept(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Long enough for the slowest machine, so that only what should makes polkit be asked again.
        cls.configure("KeepAuthorizationSec=60")

    @classmethod
    def tearDownClass(cls):
        cls.configure("")

    def keep(self):
        """One read, whose answer is kept, as a second one shows."""
        self.read()
        self.read()
        self.assertEqual(self.actions(), ["read"])

    def test_the_same_read_is_asked_once(self):
        for _ in range(20):
            self.read()
        self.assertEqual(self.actions(), ["read"])
        # By whichever method it comes.
        self.caller.call(broker.NAME, device(), DEVICE, "Rpc", "ayua{sv}", READ_COLD, 64, {})
        self.assertEqual(self.actions(), [])

    def test_at_the_same_time(self):
        serials = [send_get(self.caller) for _ in range(12)]
        for serial in serials:
            self.caller.answer(serial)
        self.assertEqual(self.actions(), ["read"])

    def test_another_question_is_asked(self):
        self.keep()
        for arguments in ((CONVENTIONAL,), (SLOW_COLD, "fwctl1")):
            self.read(*arguments)
            self.assertEqual(self.actions(), ["read"])
        other = dbus.Connection(ALLOWED)
        self.read(to=other)
        questions = self.monitor.asked()
        self.assertEqual([question.subject for question in questions], [other.name])

    def test_a_change_is_always_asked(self):
        self.keep()
        for _ in range(3):
            self.caller.answer(send_set(self.caller))
        self.assertEqual(self.actions(), ["change-after-reset"] * 3)

    def test_the_audit_log(self):
        for _ in range(3):
            self.caller.call(broker.NAME, ROOT, MANAGER, "GetAuditRecords", "tua{sv}", 1, 1, {})
        self.assertEqual(self.actions(), ["read-audit"])
        for _ in range(2):
            self.caller.call(broker.NAME, ROOT, MANAGER, "ReloadCatalog", "a{sv}", {})
        self.assertEqual(self.actions(), ["manage"] * 2)

    def test_an_explanation_asks_anew(self):
        self.keep()
        for _ in range(2):
            self.caller.call(broker.NAME, device(), DEVICE, "Explain", "aya{sv}", READ_COLD, {})
        self.assertEqual(self.actions(), ["read"] * 2)

    def test_a_changed_rule_holds_at_once(self):
        self.keep()
        with broker.rules(answer_rule("true", "NO")):
            self.refused("NotAuthorized", self.caller.answer, send_get(self.caller))
        self.read()

    def test_another_polkitd_is_asked_anew(self):
        self.keep()
        broker.control("polkit", "stop")
        try:
            self.refused("NotAuthorized", self.caller.answer, send_get(self.caller))
        finally:
            broker.control("polkit", "start")
        self.monitor.take()
        self.keep()

    def test_nobody_else_can_say_that_something_changed(self):
        self.keep()
        target = self.caller.bus_call("GetNameOwner", "s", broker.NAME)[0]
        dbus.Connection(DENIED).emit(target, AUTHORITY, f"{POLKIT}.Authority", "Changed")
        self.read()
        self.assertEqual(self.actions(), [])

    def test_a_no_is_not_kept(self):
        caller = dbus.Connection(DENIED)
        for _ in range(2):
            self.refused("NotAuthorized", caller.answer, send_get(caller))
        self.assertEqual(self.actions(), ["read"] * 2)

    def test_fwctld_starts_before_polkitd(self):
        broker.control("polkit", "stop")
        try:
            broker.restart()
        finally:
            broker.control("polkit", "start")
        self.monitor.take()
        self.keep()
        with broker.rules(answer_rule("true", "NO")):
            self.refused("NotAuthorized", self.caller.answer, send_get(self.caller))

    def test_match_rules_do_not_grow(self):
        self.read()  # the first question to polkit adds some
        monitor = Monitor("AddMatch")
        for _ in range(5):
            self.read(to=dbus.Connection(ALLOWED))
        self.assertEqual(monitor.take(), [])


class Person(TestCase):
    def test_a_temporary_authorization_is_not_kept(self):
        self.configure("KeepAuthorizationSec=60")
        root = dbus.Connection()
        self.monitor.take()
        sizes = broker.call_as(ASKED, lambda: read_as_authenticated(root))
        self.assertEqual(sizes, [4, 4, 4])
        asked = [question.interactive for question in self.monitor.asked()]
        # Without a person; with one; then by what the person has left behind, each time anew.
        self.assertEqual(asked, [False, True, False, False])
        self.configure("")


def read_as_authenticated(root):
    """Three reads of a caller whose agent says at the first one that root has authenticated."""
    listener, caller = dbus.Connection(), dbus.Connection()
    broker.register_agent(listener)
    serial = send_get(caller, interactive=True)
    begin = listener.wait_for_call()
    _, _, _, _, cookie, identities = begin.body
    kind, details = identities[0]
    root.call(POLKIT, AUTHORITY, f"{POLKIT}.Authority", "AuthenticationAgentResponse2",
              "us(sa{sv})", os.getuid(), cookie, (kind, {"uid": ("u", details["uid"])}))
    listener.reply(begin, "")
    answers = [caller.answer(serial)]
    answers += [caller.answer(send_get(caller)) for _ in range(2)]
    return [len(answer[0]) for answer in answers]


class Configured(TestCase):
    @classmethod
    def tearDownClass(cls):
        cls.configure("")

    def test_off(self):
        self.configure("KeepAuthorizationSec=0")
        for _ in range(3):
            self.read()
        self.assertEqual(self.actions(), ["read"] * 3)

    def test_it_is_over_after_a_while(self):
        self.configure("KeepAuthorizationSec=1")
        self.read()
        time.sleep(1.1)
        self.read()
        self.assertEqual(self.actions(), ["read"] * 2)

    def test_the_record_says_that_it_was_kept(self):
        self.configure("KeepAuthorizationSec=60\nRecordReads=yes")
        with broker.Recorded() as log:
            for _ in range(2):
                self.read()
        first, second = (record["auth"] for record in log.records)
        self.assertEqual(first, {"action": f"{broker.NAME}.read", "result": "yes"})
        self.assertEqual(second["result"], "yes")
        self.assertEqual(list(second["details"]), ["fwctld.kept-ms"])
        self.assertRegex(second["details"]["fwctld.kept-ms"], r"^\d+$")

    def test_limits(self):
        self.configure("AuthorizationsPerConnection=2\nAuthorizationsPerUser=3")
        other = dbus.Connection(ALLOWED)
        with Stopped():
            waiting = [(self.caller, send_set(self.caller)) for _ in range(2)]
            message = self.refused("LimitExceeded", self.caller.answer, send_set(self.caller))
            self.assertRegex(message, r"^2 .* connection .*; call again in \d\d+ ms$")
            waiting.append((other, send_set(other)))
            message = self.refused("LimitExceeded", other.answer, send_set(other))
            self.assertRegex(message, r"^3 .* user .*; call again in \d\d+ ms$")
            # Each user has its own.
            another = dbus.Connection(DENIED)
            waiting.append((another, send_set(another)))
        for caller, serial in waiting[:3]:
            caller.answer(serial)
        self.refused("NotAuthorized", another.answer, waiting[3][1])


class Silent(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.configure("PolkitTimeoutSec=5\nKeepAuthorizationSec=60")

    @classmethod
    def tearDownClass(cls):
        cls.configure("")

    def test_only_those_wait_who_need_polkit(self):
        self.read()
        self.monitor.take()
        with Stopped():
            changes = [send_set(self.caller) for _ in range(3)]
            self.read()
            self.assertIn(COLD, broker.list_features())
            for serial in changes:
                message = self.refused("NotAuthorized", self.caller.answer, serial)
                self.assertIn("polkit did not answer", message)
            # The bus lets fwctld wait for so many answers, and this is one of them still.
            for _ in range(2):
                self.refused("NotAuthorized", self.caller.answer, send_set(self.caller))
            self.assertEqual(self.actions(), ["change-after-reset"])
        self.assertEqual(self.caller.answer(send_set(self.caller))[0]["outcome"], "applied")

    def test_an_interactive_call(self):
        with Stopped():
            self.refused("NotAuthorized", self.caller.answer,
                         send_get(self.caller, CONVENTIONAL, interactive=True))
        self.read(CONVENTIONAL)


class Turns(TestCase):
    def test_a_flood_delays_another_user_by_one_question(self):
        greedy, other = dbus.Connection(ALLOWED), dbus.Connection(DENIED)
        self.monitor.take()
        with Stopped():
            flood = [send_set(greedy) for _ in range(16)]
            until_taken(greedy)
            mine = [send_set(other) for _ in range(3)]
            until_taken(other)
        for serial in flood:
            greedy.answer(serial)
        for serial in mine:
            self.refused("NotAuthorized", other.answer, serial)
        subjects = [question.subject for question in self.monitor.asked()]
        self.assertEqual(subjects.count(greedy.name), 16)
        self.assertEqual([i for i, name in enumerate(subjects) if name == other.name], [1, 3, 5])

    def test_a_call_that_left_is_worked_at_still(self):
        # Whoever comes, asks and leaves has one question at polkitd all the same.
        with Stopped():
            for _ in range(5):
                sender = dbus.Connection(ALLOWED)
                send_set(sender)
                until_taken(sender)
                sender.close()
            self.assertEqual(len(self.monitor.asked()), 1)
        self.read()


if __name__ == "__main__":
    broker.main()
