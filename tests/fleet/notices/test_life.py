"""The table of a notice: total, every state reached, and what a party knows it knows for good."""

from ota_engine.fleet.notices.life import NOTICES, TRANSITIONS, NoticeStep
from ota_engine.fleet.notices.rows import NoticeState


def test_every_pair_is_settled_and_every_state_is_reached() -> None:
    pairs = set(TRANSITIONS) | NOTICES.ignored | NOTICES.impossible
    assert pairs == {(state, step) for state in NoticeState for step in NoticeStep}
    assert {*TRANSITIONS.values()} == set(NoticeState)


def test_nothing_leads_out_of_delivered() -> None:
    assert not [step for state, step in TRANSITIONS if state is NoticeState.DELIVERED]


def test_only_a_person_brings_again_what_was_given_up_unless_it_arrived_after_all() -> None:
    ways = {step for state, step in TRANSITIONS if state is NoticeState.DEAD}
    assert ways == {NoticeStep.REQUEUE, NoticeStep.DELIVER}
