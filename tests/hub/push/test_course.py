"""The course of a push with one device: what it is asked, what it is assigned, and when it is over."""

from itertools import pairwise

import pytest

from images.catalogue import Range
from ota_engine.hub.delivery.commands import (
    Assign,
    Inquire,
    NotifyDevice,
    OperatorCommand,
    Withdraw,
)
from ota_engine.hub.kernel.devices import Client
from ota_engine.hub.push import course as rules
from ota_engine.hub.push.course import AwaitedProof, Course, Rules
from ota_engine.hub.push.fitness import Candidate
from ota_engine.hub.push.seen import DeviceSeen
from ota_engine.hub.push.verdict import COMMAND_WITHIN, PushStanding, PushVerdict
from ota_engine.records import Override, PushRecord, SessionState, Term, VersionPolicy
from ota_engine.times import Monotonic
from tests.hub.push.samples import (
    DEVICE,
    KIND,
    NEW,
    OLD,
    UTC,
    a_push,
    candidate,
    described,
    firmware,
    image,
    session,
    silent,
)

IMAGE = image()
PROOF = AwaitedProof("its alert", PushVerdict.UPDATED)


class Walk:
    """One device of a push, with its time."""

    def __init__(
        self,
        *candidates: Candidate,
        proof: AwaitedProof | None = None,
        dry: bool = False,
        **fields: object,
    ) -> None:
        some = candidates or (candidate(IMAGE),)
        push = a_push(*(one.image.record for one in some), **fields)  # type: ignore[arg-type]
        self.rules = Rules(push, some, dry, COMMAND_WITHIN)
        self.course = Course(DEVICE, Client(1, 0x0109), proof)

    @property
    def push(self) -> PushRecord:
        return self.rules.push

    def act(self, now: float, seen: DeviceSeen | None = None) -> list[OperatorCommand]:
        return self.course.act(seen or silent(), self.rules, Monotonic(now), UTC + now)

    def stand(self, now: float, seen: DeviceSeen) -> PushStanding:
        (standing,) = self.course.standings(seen, self.rules, Monotonic(now))
        return standing

    def over(self, now: float, seen: DeviceSeen) -> bool:
        standings = self.course.standings(seen, self.rules, Monotonic(now))
        return self.course.over(standings, seen, self.rules, Monotonic(now))

    def due(self, now: float, seen: DeviceSeen) -> float:
        return self.course.due(seen, self.rules, Monotonic(now))


def assigned(commands: list[OperatorCommand]) -> list[str]:
    return [one.assignment.sha256 for one in commands if isinstance(one, Assign)]


# --- asking ---------------------------------------------------------------------------------------


def test_a_device_is_first_asked_what_it_is_where_the_radio_says_its_client_is() -> None:
    assert Walk().act(5.0) == [Inquire(DEVICE, 1, 0x0109, rules.ACTOR)]


def test_what_it_said_before_the_push_is_not_believed() -> None:
    orders = Walk().act(5.0, described(firmware(told_at=4.0), told_at=4.0))
    assert [type(order) for order in orders] == [Inquire]


def test_nothing_is_offered_to_a_device_before_it_has_said_what_it_is() -> None:
    walk = Walk()
    orders = [order for now in range(200) for order in walk.act(float(now))]
    assert {type(order) for order in orders} == {Inquire}


def test_a_silent_device_is_asked_ever_less_often_and_no_one_looks_in_between() -> None:
    walk = Walk()
    asked, now = [], 0.0
    while now < 600:
        assert walk.act(now), "looked for nothing"
        asked.append(now)
        now = walk.due(now, silent())
    gaps = [after - before for before, after in pairwise(asked)]
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (rules.ASK_AGAIN, rules.ASK_AT_LEAST)


def test_one_that_was_never_heard_is_not_notified_and_soon_asked_only_now_and_then() -> None:
    walk, unheard = Walk(), described(told_at=0.0)
    asked = [now for now in range(5, 200) if walk.act(float(now), unheard)]
    assert asked == [5, 10, 50, 110, 170]
    walk = Walk()
    orders = [order for now in range(5, 200) for order in walk.act(float(now), unheard)]
    assert {type(order) for order in orders} == {Inquire}


def test_one_that_answers_without_saying_its_type_is_notified_so_that_it_queries() -> None:
    walk = Walk()
    walk.act(5.0)
    shy = described(told_at=6.0)
    assert walk.act(5.0 + rules.ASK_AGAIN, shy) == [NotifyDevice(DEVICE, actor=rules.ACTOR)]


def test_one_whose_model_counts_is_asked_until_it_has_told_it() -> None:
    wanted = candidate(IMAGE, models=("A-1",))
    walk = Walk(wanted)
    walk.act(5.0)
    assert [type(one) for one in walk.act(20.0, described(firmware()))] == [Inquire]
    assert walk.stand(20.0, described(firmware())).reason.startswith("asked for its model")
    assert assigned(walk.act(21.0, described(firmware(), model="A-1"))) == [IMAGE.sha256]


# --- choosing -------------------------------------------------------------------------------------


def test_a_device_that_fits_is_assigned_the_image_on_the_terms_of_the_push() -> None:
    override = Override(Term.BASE, "tried by hand")
    walk = Walk(policy=VersionPolicy.DOWNGRADE, overrides=(override,))
    walk.act(5.0)
    (order,) = walk.act(11.0, described(firmware()))
    assert isinstance(order, Assign)
    wish = order.assignment
    assert (wish.sha256, wish.policy, wish.waived) == (
        IMAGE.sha256,
        VersionPolicy.DOWNGRADE,
        (Term.BASE,),
    )


def test_every_firmware_of_a_device_gets_its_own_image() -> None:
    other = image(kind=0x99)
    walk = Walk(candidate(IMAGE), candidate(other))
    walk.act(5.0)
    orders = walk.act(11.0, described(firmware(), firmware(0x99)))
    assert assigned(orders) == [IMAGE.sha256, other.sha256]


def test_hardware_told_after_an_image_was_assigned_leads_to_the_one_for_it() -> None:
    mine = image(3, minimum_hardware_version=0x0100, maximum_hardware_version=0x01FF)
    newer = image(4, minimum_hardware_version=0x0200, maximum_hardware_version=0x02FF)
    walk = Walk(candidate(mine), candidate(newer))
    walk.act(5.0)
    assert assigned(walk.act(11.0, described(firmware()))) == [newer.sha256]
    unstarted = session(newer, SessionState.ASSIGNED, blocks=0, offset=0)
    tells = described(firmware(hardware=0x0101), sessions=(unstarted,))
    withdrawn, order = walk.act(12.0, tells)
    assert withdrawn == Withdraw(DEVICE, newer.sha256, rules.ACTOR, rules.CHOSEN_ANEW)
    assert assigned([order]) == [mine.sha256]


@pytest.mark.parametrize("state", [SessionState.DOWNLOADING, SessionState.STALLED])
def test_a_download_that_has_begun_is_left_to_itself(state: SessionState) -> None:
    newer = image(4)
    walk = Walk(candidate(IMAGE), candidate(newer))
    walk.act(5.0)
    running = session(IMAGE, state, offset=10)
    assert assigned(walk.act(11.0, described(firmware(), sessions=(running,)))) == []


def test_a_device_that_has_come_one_step_is_given_the_next() -> None:
    step, goal = candidate(image(2)), candidate(image(3), bases=(Range(2, 2),))
    walk = Walk(step, goal)
    walk.act(5.0)
    assert assigned(walk.act(11.0, described(firmware(version=1)))) == [step.image.sha256]
    done = session(step.image.record, SessionState.UPDATED)
    runs = described(firmware(version=2, told_at=50.0), sessions=(done,))
    assert assigned(walk.act(50.0, runs)) == [goal.image.sha256]


def test_a_reinstalled_version_is_not_installed_again() -> None:
    walk = Walk(policy=VersionPolicy.REINSTALL)
    walk.act(5.0)
    done = session(IMAGE, SessionState.UPDATED)
    runs = described(firmware(version=NEW, told_at=50.0), sessions=(done,))
    assert walk.act(50.0, runs) == []
    assert walk.over(50.0, runs)


@pytest.mark.parametrize(
    ("version", "expected"), [(NEW, PushVerdict.CURRENT), (NEW + 1, PushVerdict.REFUSED)]
)
def test_a_device_that_no_image_fits_ends_without_an_order(
    version: int, expected: PushVerdict
) -> None:
    walk = Walk()
    walk.act(5.0)
    told = described(firmware(version=version))
    assert walk.act(11.0, told) == []
    assert walk.stand(12.0, told).verdict is expected
    assert walk.over(12.0, told)


def test_nothing_is_assigned_in_a_dry_run() -> None:
    walk = Walk(dry=True)
    walk.act(5.0)
    told = described(firmware())
    assert walk.act(11.0, told) == []
    standing = walk.stand(11.0, told)
    assert (standing.verdict, standing.sha256) == (PushVerdict.WOULD, IMAGE.sha256)
    assert walk.over(11.0, told)


# --- firmware that has not been told yet ----------------------------------------------------------


def test_a_device_of_another_type_is_asked_for_other_firmware_before_it_is_refused() -> None:
    walk = Walk()
    walk.act(5.0)
    other = described(firmware(0x99))
    assert walk.act(11.0, other) == [NotifyDevice(DEVICE, actor=rules.ACTOR)]
    assert walk.stand(11.0, other).verdict is None
    assert walk.due(11.0, other) == 11.0 + rules.MORE_WITHIN
    assert walk.act(11.0 + rules.MORE_WITHIN, other) == []
    assert walk.stand(11.0 + rules.MORE_WITHIN, other).verdict is PushVerdict.REFUSED
    both = described(firmware(0x99), firmware(told_at=15.0))
    assert assigned(walk.act(15.0, both)) == [IMAGE.sha256]


def test_a_device_whose_one_chip_is_done_is_waited_for_to_name_the_other() -> None:
    other = image(kind=0x99)
    walk = Walk(candidate(IMAGE), candidate(other))
    walk.act(5.0)
    walk.act(11.0, described(firmware()))
    done = described(firmware(), sessions=(session(IMAGE, SessionState.UPDATED),))
    assert walk.stand(12.0, done).verdict is PushVerdict.UPDATED
    assert not walk.over(12.0, done)
    assert walk.over(11.0 + rules.MORE_WITHIN, done)


def test_firmware_that_no_image_is_for_is_not_held_against_a_device_with_another() -> None:
    walk = Walk()
    walk.act(5.0)
    two = described(
        firmware(), firmware(0x99), sessions=(session(IMAGE, SessionState.UPDATED, since=11.0),)
    )
    assert walk.stand(12.0, two).firmware == (0x121D, KIND)
    assert walk.over(12.0, two)


# --- everybody ------------------------------------------------------------------------------------


def test_with_all_a_device_of_another_kind_is_passed_over() -> None:
    walk = Walk(everyone=True)
    walk.act(5.0)
    other = described(firmware(0x99))
    walk.act(11.0, other)
    assert walk.stand(11.0 + rules.MORE_WITHIN, other).verdict is PushVerdict.PASSED_OVER


def test_with_all_a_device_of_another_model_is_passed_over() -> None:
    walk = Walk(candidate(IMAGE, models=("A-1",)), everyone=True)
    walk.act(5.0)
    other = described(firmware(), model="B-2")
    walk.act(11.0, other)
    standing = walk.stand(30.0, other)
    assert (standing.verdict, "'B-2'" in standing.reason) == (PushVerdict.PASSED_OVER, True)


def test_with_all_a_device_that_never_answers_is_passed_over_in_time() -> None:
    walk = Walk(everyone=True)
    walk.act(5.0)
    assert walk.stand(64.9, silent()).verdict is None
    assert walk.stand(65.0, silent()).verdict is PushVerdict.PASSED_OVER
    assert walk.act(65.0) == []


def test_a_device_that_was_named_is_waited_for() -> None:
    walk = Walk()
    for now in range(0, 36000, 60):
        walk.act(float(now))
    assert walk.stand(36000.0, silent()).verdict is None


# --- sessions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", SessionState)
def test_every_state_of_a_session_is_an_end_or_under_way(state: SessionState) -> None:
    expected = {
        SessionState.UPDATED: PushVerdict.UPDATED,
        SessionState.FAILED: PushVerdict.FAILED,
        SessionState.ABORTED: PushVerdict.ABORTED,
        SessionState.HELD: PushVerdict.HOLDING,
        SessionState.AWAITING_COMMAND: PushVerdict.AWAITING,
    }
    seen = described(sessions=(session(IMAGE, state),))
    assert Walk().stand(1000.0, seen).verdict is expected.get(state)


def test_a_command_may_come_within_a_while_before_waiting_for_it_is_an_end() -> None:
    waiting = described(sessions=(session(IMAGE, SessionState.AWAITING_COMMAND, since=100.0),))
    walk = Walk()
    walk.act(100.0, waiting)
    assert walk.stand(100.0 + COMMAND_WITHIN - 1, waiting).verdict is None
    assert walk.due(100.0, waiting) <= COMMAND_WITHIN + 100.0
    assert walk.stand(100.0 + COMMAND_WITHIN, waiting).verdict is PushVerdict.AWAITING


def test_a_failure_before_any_block_is_a_refusal() -> None:
    refused = session(IMAGE, SessionState.FAILED, blocks=0, offset=0)
    assert Walk().stand(5.0, described(sessions=(refused,))).verdict is PushVerdict.REFUSED


def test_an_end_that_turns_out_to_be_none_is_none() -> None:
    walk = Walk()
    failed = described(sessions=(session(IMAGE, SessionState.FAILED),))
    going = described(sessions=(session(IMAGE, SessionState.DOWNLOADING),))
    assert walk.stand(5.0, failed).verdict is PushVerdict.FAILED
    assert walk.stand(6.0, going).verdict is None


@pytest.mark.parametrize(
    ("state", "pauses"),
    [
        (SessionState.VERIFYING, (2.0, 4.0, 8.0, rules.CHASE_EVERY, rules.CHASE_EVERY)),
        (SessionState.STALLED, (2.0, 4.0, 8.0, rules.CHASE_EVERY)),
        (SessionState.RESTARTING, (rules.RESTART_WITHIN, rules.RESTART_WITHIN)),
    ],
)
def test_one_that_has_all_and_says_nothing_is_asked_soon_and_then_less_often(
    state: SessionState, pauses: tuple[float, ...]
) -> None:
    """Some never say that they hold an image: what they wait for is not the server's to order."""
    walk = Walk()
    quiet = described(firmware(), sessions=(session(IMAGE, state, since=20.0),))
    walk.act(5.0, quiet)
    now = 20.0
    for pause in pauses:
        assert walk.due(now, quiet) == now + pause
        assert walk.act(now + pause - 0.5, quiet) == []
        now += pause
        (order,) = walk.act(now, quiet)
        assert isinstance(order, Inquire)


def test_one_that_begins_to_check_again_is_asked_soon_again() -> None:
    walk = Walk()
    first = described(firmware(), sessions=(session(IMAGE, SessionState.VERIFYING, since=20.0),))
    walk.act(5.0, first)
    for now in (22.0, 26.0, 34.0):
        assert len(walk.act(now, first)) == 1
    anew = described(firmware(), sessions=(session(IMAGE, SessionState.VERIFYING, since=90.0),))
    assert len(walk.act(92.0, anew)) == 1
    assert walk.due(92.0, anew) == 96.0


def test_one_that_stalled_in_mid_download_is_not_pressed() -> None:
    stalled = session(IMAGE, SessionState.STALLED, offset=10, since=0.0)
    assert Walk().act(1000.0, described(firmware(told_at=1000.0), sessions=(stalled,))) == []


def test_the_version_shown_is_what_the_device_said_in_this_run() -> None:
    walk = Walk()
    walk.act(5.0)
    assert walk.stand(20.0, described(firmware(version=OLD))).running == OLD
    assert walk.stand(20.0, silent()).running is None


# --- proof ----------------------------------------------------------------------------------------


def test_the_proof_of_an_update_is_waited_for() -> None:
    walk = Walk(proof=PROOF)
    done = described(firmware(), sessions=(session(IMAGE, SessionState.UPDATED, since=100.0),))
    walk.act(5.0, done)
    waits = walk.stand(101.0, done)
    assert waits.verdict is None
    assert "waits for its alert, 60 s at most" in waits.reason
    walk.course.proven(Monotonic(102.0))
    assert walk.stand(102.0, done).verdict is PushVerdict.UPDATED
    assert walk.stand(102.0, done).proof == ""


def test_a_proof_that_does_not_come_is_waited_for_so_long_and_then_missed() -> None:
    walk = Walk(proof=PROOF)
    done = described(firmware(), sessions=(session(IMAGE, SessionState.UPDATED, since=100.0),))
    walk.act(5.0, done)
    assert walk.due(101.0, done) == 100.0 + rules.PROOF_WITHIN
    missed = walk.stand(100.0 + rules.PROOF_WITHIN, done)
    assert (missed.verdict, missed.proof) == (
        PushVerdict.UPDATED,
        "its alert did not come within 60 s",
    )
