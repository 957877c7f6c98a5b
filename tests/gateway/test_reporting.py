"""What a gateway says to its head end and when: everything once, in order, whatever is lost in between."""

from random import Random
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.fleet.port import Instruction, Verb
from ota_engine.gateway.in_tray import InTray
from ota_engine.gateway.reporting import (
    LINGER_S,
    LONGEST_PAUSE_S,
    Patience,
    Reporting,
)
from ota_engine.times import NEVER, Monotonic
from tests.gateway.homes import GATEWAY, HCALCS, PPMID

AT_ONCE: Final = 3  # outcomes that fit into a report of these tests


def started(heard: int = 0) -> Reporting:
    reporting = Reporting(Random(1))
    reporting.greeted(heard, Monotonic(0.0))
    first = reporting.next_report(Monotonic(LINGER_S))
    assert first is not None
    assert first.whole
    reporting.answered(heard, Monotonic(1.0))
    return reporting


def test_nothing_is_sent_while_there_is_nothing_to_say() -> None:
    reporting = started()
    assert reporting.wake == NEVER
    assert reporting.next_report(Monotonic(1e9)) is None


def test_what_comes_together_is_said_together() -> None:
    reporting = started()
    reporting.said(1, Monotonic(10.0))
    reporting.took("c/h1/1", Monotonic(10.1))
    reporting.said(2, Monotonic(10.2))
    assert reporting.next_report(Monotonic(10.2)) is None
    assert reporting.wake == 10.0 + LINGER_S
    assert reporting.next_report(Monotonic(10.0 + LINGER_S)) == (0, ("c/h1/1",), False)
    assert reporting.wake == NEVER, "one is under way"
    reporting.answered(2, Monotonic(11.0))
    assert reporting.wake == NEVER


def test_nothing_is_said_to_a_head_end_that_has_not_greeted() -> None:
    reporting = started()
    reporting.parted()
    reporting.said(1, Monotonic(10.0))
    assert reporting.wake == NEVER
    reporting.greeted(0, Monotonic(100.0))
    assert reporting.wake < 101.0


def test_a_head_end_that_was_restored_hears_again_what_it_has_lost() -> None:
    reporting = started(heard=7)
    reporting.said(9, Monotonic(10.0))
    assert reporting.next_report(Monotonic(11.0)) == (7, (), False)
    reporting.answered(2, Monotonic(11.0))
    again = reporting.next_report(Monotonic(20.0))
    assert again is not None
    assert again.after == 2


def test_keys_of_a_report_that_is_not_answered_are_said_again() -> None:
    reporting = started()
    reporting.took("c/h1/1", Monotonic(10.0))
    reporting.next_report(Monotonic(11.0))
    reporting.failed(Monotonic(12.0))
    assert reporting.next_report(Monotonic(12.0)) is None
    assert reporting.next_report(reporting.wake) == (0, ("c/h1/1",), False)


def test_a_first_report_that_is_not_answered_is_whole_again() -> None:
    reporting = Reporting(Random(1))
    reporting.greeted(0, Monotonic(0.0))
    reporting.next_report(Monotonic(1.0))
    reporting.failed(Monotonic(2.0))
    assert reporting.next_report(reporting.wake) == (0, (), True)


def test_pauses_grow_to_five_minutes_and_are_not_the_same_for_two_gateways() -> None:
    one, two = Patience(Random("gw-1")), Patience(Random("gw-2"))
    pauses = [(one.failed(Monotonic(0.0)), two.failed(Monotonic(0.0))) for _ in range(20)]
    assert all(0.5 <= pause <= LONGEST_PAUSE_S for pair in pauses for pause in pair)
    assert pauses[-1][0] >= LONGEST_PAUSE_S / 2
    assert pauses[-1][0] != pauses[-1][1]
    assert one.failed(Monotonic(0.0), 900.0) == 900.0, "the other side has asked for it"
    one.worked()
    assert one.failed(Monotonic(0.0)) <= 1.0


def test_a_head_end_that_hears_nothing_is_not_told_without_a_pause() -> None:
    reporting = started()
    reporting.said(1, Monotonic(10.0))
    now, sent = Monotonic(10.0), 0
    while now < 1_000.0:
        now = reporting.wake
        assert reporting.next_report(now) is not None
        sent += 1
        reporting.answered(0, now)
    assert sent < 20


STEPS: Final = st.lists(
    st.sampled_from(("say", "take", "answer", "lose", "lose answer", "part", "restore", "wait")),
    max_size=60,
)


class Ends:
    """A gateway's reporting and a head end, with what is lost between them."""

    def __init__(self) -> None:
        self.reporting, self.now = Reporting(Random(3)), Monotonic(0.0)
        self.heard, self.said, self.taken = 0, 0, 0
        self.keys: set[str] = set()

    def step(self, name: str) -> None:
        getattr(self, name.replace(" ", "_"))()
        self.now = Monotonic(self.now + 0.1)

    def say(self) -> None:
        self.said += 1
        self.reporting.said(self.said, self.now)

    def take(self) -> None:
        self.taken += 1
        self.reporting.took(f"{self.taken}", self.now)

    def answer(self) -> None:
        if self._arrives():
            self.reporting.answered(self.heard, self.now)

    def lose_answer(self) -> None:
        if self._arrives():
            self.reporting.failed(self.now)

    def lose(self) -> None:
        if self.reporting.next_report(self.now) is not None:
            self.reporting.failed(self.now)

    def part(self) -> None:
        self.reporting.parted()

    def restore(self) -> None:
        self.heard = max(0, self.heard - 2)
        self.reporting.parted()

    def wait(self) -> None:
        if self.reporting.wake == NEVER:
            self.reporting.greeted(self.heard, self.now)
        self.now = max(self.now, self.reporting.wake)

    def _arrives(self) -> bool:
        report = self.reporting.next_report(self.now)
        if report is None:
            return False
        assert report.after == self.reporting.heard
        if report.after <= self.heard:
            self.heard = max(self.heard, min(self.said, report.after + AT_ONCE))
        self.keys.update(report.taken)
        return True


@given(STEPS)
def test_every_outcome_and_key_arrives_in_the_end_whatever_is_lost(steps: list[str]) -> None:
    ends = Ends()
    for step in [*steps, *["wait", "answer"] * 40]:
        ends.step(step)
    assert ends.heard == ends.said
    assert ends.keys == {f"{one}" for one in range(1, ends.taken + 1)}


# --- instructions that wait for an image ---------------------------------------------------------


def told(verb: Verb, number: int, *, device: int = PPMID, sha256: str = "") -> Instruction:
    key = f"c/h1/{device}/{number}"
    return Instruction(key, GATEWAY, "c", 1, "h1", Eui64(device), verb, sha256, 2, number=number)


def test_a_delivery_waits_for_its_image_and_so_does_what_is_said_of_it_later() -> None:
    tray = InTray()
    assign, activate = told(Verb.ASSIGN, 1, sha256="aa"), told(Verb.ACTIVATE, 2)
    other = told(Verb.ASSIGN, 1, device=HCALCS, sha256="bb")
    for one in (assign, activate, other):
        tray.put(one)
    assert tray.wanted("h1", lambda _: False) == ["aa", "bb"]
    assert tray.take("h1", {"bb"}.__contains__) == [other]
    assert tray.take("h1", {"bb"}.__contains__) == []
    assert tray.take("h1", {"aa"}.__contains__) == [assign, activate]
    assert len(tray) == 0


def test_a_delivery_that_is_withdrawn_needs_no_image() -> None:
    tray = InTray()
    assign, withdraw = told(Verb.ASSIGN, 1, sha256="aa"), told(Verb.WITHDRAW, 2)
    tray.put(assign)
    tray.put(withdraw)
    assert tray.wanted("h1", lambda _: False) == []
    assert tray.take("h1", lambda _: False) == [assign, withdraw]


def test_a_delivery_that_is_assigned_anew_after_it_was_withdrawn_needs_its_image() -> None:
    tray = InTray()
    for one in (told(Verb.WITHDRAW, 1), told(Verb.ASSIGN, 2, sha256="aa")):
        tray.put(one)
    assert tray.wanted("h1", lambda _: False) == ["aa"]
    assert [one.verb for one in tray.take("h1", lambda _: False)] == [Verb.WITHDRAW]


def test_what_is_said_twice_is_taken_once() -> None:
    tray = InTray()
    tray.put(told(Verb.CALENDAR, 1))
    tray.put(told(Verb.CALENDAR, 1))
    assert len(tray.take("h1", lambda _: False)) == 1


def test_what_is_for_another_home_is_left_for_its_hub() -> None:
    tray = InTray()
    tray.put(told(Verb.CALENDAR, 1))
    assert tray.take("h2", lambda _: True) == []
    assert len(tray) == 1
