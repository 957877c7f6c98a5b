"""An attempt is used up by an outcome of the device or by silence, never by our own waiting."""

from ota_engine.fleet.campaigns.rows import DeviceToReplace, MemberState
from ota_engine.fleet.campaigns.steering import KeepHome
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.times import Utc
from tests.fleet.estate import DAY, VERSION
from tests.fleet.rollout import HOUR, RollOutTown, policy
from tests.fleet.town import OLD_VERSION


def test_waiting_for_a_place_uses_up_no_attempt() -> None:
    town = RollOutTown(2)
    town.begin(policy(per_gateway=1))
    (waiting,) = town.in_state(MemberState.WAITING)
    town.pass_time(DAY)
    assert town.member(waiting).used == 0
    assert town.member(waiting).attempt == 0


def test_being_put_off_under_way_uses_up_no_attempt() -> None:
    town = RollOutTown(1)
    town.begin()
    for _ in range(5):
        town.decide("eve", KeepHome("c1", "h1", Utc(town.utc + DAY)))
        town.pass_time(DAY + HOUR)
    assert town.state("h1") is MemberState.OFFERED
    assert town.member("h1").used == 0
    assert len(town.told(Verb.WITHDRAW)) == 5
    town.finish("h1")
    assert town.state("h1") is MemberState.ACTIVATED


def test_a_home_has_as_many_attempts_as_agreed_and_is_then_listed_for_replacement() -> None:
    town = RollOutTown(1)
    town.begin(policy(attempts=3))
    town.fail("h1")
    member = town.member("h1")
    assert (member.used, member.attempt) == (3, 3)
    listed = town.row(DeviceToReplace)
    assert (listed.home, listed.reason) == ("h1", "it did not start")


def test_a_delivery_that_comes_to_no_end_uses_up_an_attempt() -> None:
    town = RollOutTown(1)
    town.begin()
    town.say("h1", HubWord.REACHED)
    town.pass_time(3 * DAY)
    assert town.member("h1").used == 1


def test_an_activation_of_which_the_device_says_nothing_uses_up_an_attempt() -> None:
    town = RollOutTown(1)
    town.begin()
    town.transfer("h1")
    assert town.state("h1") is MemberState.SCHEDULED
    town.pass_time(DAY)
    assert town.member("h1").used == 1
    assert "the device has not said that it runs the release" in town.member("h1").reason


def test_a_word_of_an_earlier_attempt_does_not_end_the_present_one() -> None:
    town = RollOutTown(1)
    town.begin()
    town.say("h1", HubWord.FAILED, reason="the image did not verify")
    town.pass_time(DAY + HOUR)
    town.say("h1", HubWord.FAILED, reason="again", attempt=1)
    assert town.state("h1") is MemberState.OFFERED
    assert town.member("h1").used == 1


def test_a_hub_that_nobody_hears_of_is_listed_and_heard_when_it_speaks_again() -> None:
    town = RollOutTown(1)
    town.begin()
    town.pass_time(14 * DAY)
    assert town.state("h1") is MemberState.UNREACHABLE
    assert town.row(DeviceToReplace).reason == "the hub says nothing"
    town.finish("h1")
    assert town.state("h1") is MemberState.ACTIVATED
    assert not town.rows(DeviceToReplace)
    town.check_sums()


def test_a_device_that_falls_back_to_its_old_version_counts_as_failed() -> None:
    town = RollOutTown(1)
    town.begin()
    town.finish("h1")
    town.report("h1", OLD_VERSION)
    assert town.state("h1") is MemberState.FAILED
    assert town.member("h1").reason == "fell back to another version"


def test_a_device_that_says_the_release_runs_has_ended_whoever_asked_it() -> None:
    town = RollOutTown(1)
    town.begin()
    town.fail("h1")
    town.report("h1", VERSION)
    assert town.state("h1") is MemberState.ACTIVATED
    town.check_sums()


def test_activation_without_the_devices_own_word_ends_nothing() -> None:
    town = RollOutTown(1)
    town.begin()
    town.transfer("h1")
    town.say("h1", HubWord.ACTIVATED, version=None)
    assert town.state("h1") is MemberState.SCHEDULED


def test_a_hub_whose_clock_was_ahead_is_heard_when_its_device_falls_back() -> None:
    town = RollOutTown(1)
    town.begin()
    town.transfer("h1")
    town.say("h1", HubWord.ACTIVATED, utc=Utc(town.utc + DAY))
    assert town.state("h1") is MemberState.ACTIVATED
    town.utc = Utc(town.utc + HOUR)
    town.report("h1", OLD_VERSION)
    assert town.state("h1") is MemberState.FAILED
