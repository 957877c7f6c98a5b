"""A push from the engine's side: whom it asks, what it assigns, and when it is over."""

from itertools import pairwise

import pytest

from ota_engine.hub.delivery.commands import Assign, Inquire, NotifyDevice, OperatorCommand
from ota_engine.hub.delivery.status import DeviceStatus, SessionStatus
from ota_engine.hub.push import push as rules
from ota_engine.hub.push.push import Push, PushVerdict
from ota_engine.records import SessionState, VersionPolicy
from tests.hub.push.samples import DEVICE, NEW, OLD, UTC, described, image, plan, seen, session

IMAGE = image()


def a_push(**fields: object) -> Push:
    return Push(plan(IMAGE, **fields), (IMAGE,), {DEVICE: (1, 0x0109)})  # type: ignore[arg-type]


def advance(
    push: Push, now: float, *devices: DeviceStatus, sessions: tuple[SessionStatus, ...] = ()
) -> list[OperatorCommand]:
    return push.advance(seen(*devices), sessions, now, UTC + now)


def verdict(push: Push, now: float, *sessions: SessionStatus) -> PushVerdict | None:
    (standing,) = push.standings(seen(described()), sessions, now)
    return standing.verdict


def test_a_device_is_first_asked_what_it_is_where_the_radio_says_its_client_is() -> None:
    assert advance(a_push(), 5.0) == [Inquire(DEVICE, 1, 0x0109, rules.ACTOR)]


def test_what_it_said_before_the_push_is_not_believed() -> None:
    orders = advance(a_push(), 5.0, described(told_at=4.0))
    assert [type(order) for order in orders] == [Inquire]


def test_nothing_is_offered_to_a_device_before_it_has_said_what_it_is() -> None:
    push = a_push()
    orders = [order for now in range(200) for order in advance(push, float(now))]
    assert {type(order) for order in orders} == {Inquire}


def test_a_silent_device_is_asked_ever_less_often() -> None:
    push = a_push()
    asked = [now for now in range(600) if advance(push, float(now))]
    gaps = [after - before for before, after in pairwise(asked)]
    assert gaps == sorted(gaps)
    assert gaps[0] == rules.ASK_AGAIN
    assert gaps[-1] == rules.ASK_AT_LEAST


def test_one_that_answers_without_saying_its_type_is_notified_so_that_it_queries() -> None:
    push = a_push()
    shy = described(kind=None, told_at=6.0)
    advance(push, 5.0)
    assert advance(push, 5.0 + rules.ASK_AGAIN, shy) == [NotifyDevice(DEVICE, actor=rules.ACTOR)]


def test_a_device_that_fits_is_assigned_the_image_on_the_terms_of_the_plan() -> None:
    push = a_push(policy=VersionPolicy.DOWNGRADE)
    advance(push, 5.0)
    (order,) = advance(push, 6.0, described(told_at=5.5))
    assert isinstance(order, Assign)
    assert order.assignment.sha256 == IMAGE.sha256
    assert order.assignment.policy is VersionPolicy.DOWNGRADE


def test_a_device_with_a_session_is_left_to_it() -> None:
    push = a_push()
    advance(push, 5.0)
    running = session(IMAGE, SessionState.DOWNLOADING, offset=10)
    assert advance(push, 6.0, described(told_at=5.5), sessions=(running,)) == []


def test_a_session_that_somebody_wanted_earlier_is_not_this_pushs() -> None:
    push = a_push()
    earlier = session(IMAGE, SessionState.UPDATED, assigned_utc=UTC - 1)
    assert verdict(push, 6.0, earlier) is None


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (described(version=NEW), PushVerdict.CURRENT),
        (described(version=NEW + 1), PushVerdict.REFUSED),
        (described(kind=0x99), PushVerdict.REFUSED),
    ],
)
def test_a_device_that_no_image_fits_ends_without_an_order(
    device: DeviceStatus, expected: PushVerdict
) -> None:
    push = a_push()
    advance(push, 5.0)
    assert advance(push, 11.0, device) == []
    assert verdict(push, 12.0) is expected


def test_with_all_a_device_of_another_kind_is_passed_over() -> None:
    push = a_push(everyone=True)
    advance(push, 5.0)
    advance(push, 11.0, described(kind=0x99))
    assert verdict(push, 12.0) is PushVerdict.PASSED_OVER


def test_with_all_a_device_that_never_answers_is_passed_over_in_time() -> None:
    push = a_push(everyone=True)
    advance(push, 5.0)
    advance(push, 5.0 + rules.EVERYONE_WITHIN - 0.1)
    assert verdict(push, 64.9) is None
    advance(push, 5.0 + rules.EVERYONE_WITHIN)
    assert verdict(push, 65.0) is PushVerdict.PASSED_OVER


def test_a_device_that_was_named_is_waited_for() -> None:
    push = a_push()
    for now in range(0, 36000, 60):
        advance(push, float(now))
    assert verdict(push, 36000.0) is None


@pytest.mark.parametrize("state", SessionState)
def test_every_state_of_a_session_is_an_end_or_under_way(state: SessionState) -> None:
    expected = {
        SessionState.UPDATED: PushVerdict.UPDATED,
        SessionState.FAILED: PushVerdict.FAILED,
        SessionState.ABORTED: PushVerdict.ABORTED,
        SessionState.HELD: PushVerdict.HOLDING,
        SessionState.AWAITING_COMMAND: PushVerdict.AWAITING,
    }
    assert verdict(a_push(), 1000.0, session(IMAGE, state)) is expected.get(state)


def test_a_command_may_come_within_a_while_before_waiting_for_it_is_an_end() -> None:
    waiting = session(IMAGE, SessionState.AWAITING_COMMAND, since=100.0)
    push = a_push()
    assert verdict(push, 100.0 + rules.COMMAND_WITHIN - 1, waiting) is None
    assert verdict(push, 100.0 + rules.COMMAND_WITHIN, waiting) is PushVerdict.AWAITING


def test_a_failure_before_any_block_is_a_refusal() -> None:
    refused = session(IMAGE, SessionState.FAILED, blocks=0, offset=0)
    assert verdict(a_push(), 5.0, refused) is PushVerdict.REFUSED


def test_an_end_that_turns_out_to_be_none_is_none() -> None:
    push = a_push()
    assert verdict(push, 5.0, session(IMAGE, SessionState.FAILED)) is PushVerdict.FAILED
    assert verdict(push, 6.0, session(IMAGE, SessionState.DOWNLOADING)) is None


@pytest.mark.parametrize("state", [SessionState.VERIFYING, SessionState.STALLED])
def test_one_that_has_all_and_says_nothing_is_asked_again(state: SessionState) -> None:
    push = a_push()
    silent = session(IMAGE, state, since=10.0)
    assert advance(push, 10.0 + rules.CHASE_EVERY - 1, sessions=(silent,)) == []
    (order,) = advance(push, 10.0 + rules.CHASE_EVERY, sessions=(silent,))
    assert isinstance(order, Inquire)
    assert advance(push, 11.0 + rules.CHASE_EVERY, sessions=(silent,)) == []


def test_one_that_stalled_in_mid_download_is_not_pressed() -> None:
    stalled = session(IMAGE, SessionState.STALLED, offset=10, since=0.0)
    assert advance(a_push(), 1000.0, sessions=(stalled,)) == []


def test_the_version_shown_is_what_the_device_said_in_this_run() -> None:
    push = a_push()
    (told,) = push.standings(seen(described(version=OLD)), (), 20.0)
    (untold,) = push.standings(seen(described(told_at=float("-inf"))), (), 20.0)
    assert (told.running, untold.running) == (OLD, None)
