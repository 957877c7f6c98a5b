"""How a phase goes on by itself: its hours, its rate, what it waits for, what it asks of gateways."""

from datetime import UTC, datetime

from ota_engine.fleet.calendar.local_time import local_of
from ota_engine.fleet.campaigns.rows import CampaignState, GatewayReport, MemberState, PhaseState
from ota_engine.fleet.campaigns.steering import KeepHome
from ota_engine.fleet.port import Verb
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.rollout import HOUR, RollOutTown, gate, phase, policy


def begun_at(town: RollOutTown) -> list[datetime]:
    """Local times at which homes were begun, from the audit of the phase's credit."""
    return [local_of(Utc(town.member(one.home).since_utc)) for one in town.told(Verb.ASSIGN)]


def test_homes_begin_in_the_hours_that_were_agreed_on_either_side_of_a_change_of_clocks() -> None:
    town = RollOutTown(40)
    town.utc = Utc(datetime(2027, 3, 17, 12, tzinfo=UTC).timestamp())  # summer time: 28 March
    night = {"begins": "22:00", "ends": "06:00"}
    town.begin(policy(phase("all", per_hour=1), download_window=night))
    town.pass_time(6 * DAY)
    hours = {(moment.date(), moment.hour) for moment in begun_at(town)}
    assert len(town.told(Verb.ASSIGN)) == 40
    assert all(hour >= 22 or hour < 6 for _, hour in hours)
    assert max(day for day, _ in hours).isoformat() > "2027-03-28"


def test_nothing_begins_on_a_day_that_was_left_out() -> None:
    town = RollOutTown(4)
    days = [f"2027-01-{day}" for day in range(22, 26)]
    assert local_of(Utc(BEGIN + 7 * DAY)).date().isoformat() == "2027-01-22"
    town.begin(policy(blackout=days))
    town.pass_time(3 * DAY)
    assert not town.told(Verb.ASSIGN)
    town.pass_time(DAY)
    assert {moment.date().isoformat() for moment in begun_at(town)} == {"2027-01-26"}


def test_what_was_transferred_outside_the_hours_of_activation_waits_with_that_reason() -> None:
    town = RollOutTown(1)
    town.begin(policy(activation_window={"begins": "02:00", "ends": "04:00"}))
    town.transfer("h1")
    assert town.state("h1") is MemberState.TRANSFERRED
    assert town.member("h1").reason
    town.pass_time(DAY)
    (told,) = town.told(Verb.ACTIVATE)
    assert told.at_utc is not None
    assert 2 <= local_of(Utc(told.at_utc)).hour < 4


def test_the_rate_grows_with_what_has_activated() -> None:
    ramp = {"start_per_hour": 2, "factor_permille": 2_000, "every_activated": 2}
    values = policy(phase("all", per_hour=16, ramp=ramp))
    silent, lively = RollOutTown(80), RollOutTown(80)
    for town in (silent, lively):
        town.begin(values)
        assert len(town.told(Verb.ASSIGN)) == 2
        for _ in range(5):
            if town is lively:
                town.finish(*town.in_state(MemberState.OFFERED))
            town.pass_time(HOUR)
    assert 10 <= len(silent.told(Verb.ASSIGN)) <= 12
    assert 40 <= len(lively.told(Verb.ASSIGN)) <= 6 * 16


def test_no_more_homes_are_under_way_at_once_than_agreed() -> None:
    town = RollOutTown(10)
    town.begin(policy(phase("all", at_once=3)))
    assert len(town.told(Verb.ASSIGN)) == 3
    town.finish(town.in_state(MemberState.OFFERED)[0])
    town.pass_time(2 * HOUR)
    assert len(town.in_state(MemberState.OFFERED)) == 3


def test_homes_that_wait_are_named_in_the_verdict_and_keep_no_gate_shut() -> None:
    town = RollOutTown(4)
    town.announce_after_release(policy(phase("pilot", 4), phase("mass")))
    town.deliver("east")
    town.pass_time(7 * DAY + HOUR)
    town.finish(*town.in_state(MemberState.OFFERED))
    town.pass_time(3 * DAY)
    assert town.phase(1).state is PhaseState.PASSED
    passed = next(row for row in town.verdicts() if row.verdict == "pass")
    assert passed.named == "2 homes wait: notice has not reached west"
    town.deliver()
    town.pass_time(8 * DAY)
    assert len(town.told(Verb.ASSIGN)) == 4


def test_a_gateway_that_has_not_spoken_for_long_keeps_the_gate_shut() -> None:
    town = RollOutTown(2)
    town.begin(policy(phase("pilot", 1, gate=gate(stale_s=DAY)), phase("mass")))
    (home,) = town.in_state(MemberState.OFFERED)
    town.finish(home)
    town.pass_time(3 * DAY)
    assert town.verdicts()[-1].missing == "a report of gateway gw"
    town.report(home, 0x0002_0000)
    assert town.row(GatewayReport).utc == town.utc
    town.pass_time(2 * HOUR)
    assert town.phase(1).state is PhaseState.PASSED


def test_a_release_that_is_withdrawn_meanwhile_begins_nowhere() -> None:
    town = RollOutTown(2)
    town.announce()
    release = town.row(FirmwareRelease, release="r1")
    town.withdraw_release(release)
    town.pass_time(8 * DAY)
    assert not town.told(Verb.ASSIGN)
    assert town.stands().state is CampaignState.HELD
    assert town.stands().reason == f"release r1 is {ReleaseStatus.WITHDRAWN}"


def test_a_home_that_waited_and_comes_late_begins_no_new_observation_unless_it_fails() -> None:
    for fails in (False, True):
        town = RollOutTown(4)
        pilot = phase("pilot", 4, gate=gate(success_permille=500))
        town.announce_after_release(policy(pilot, phase("mass"), attempts=1))
        town.deliver("east")
        town.pass_time(7 * DAY)
        town.finish(*town.in_state(MemberState.OFFERED))
        town.deliver()
        town.decide("olive", KeepHome("c1", "h2", Utc(town.utc + 1.5 * DAY)))
        town.decide("olive", KeepHome("c1", "h4", Utc(town.utc + 30 * DAY)))
        settled = town.utc
        town.put_notice_back("west")
        town.pass_time(1.5 * DAY + HOUR)
        assert town.in_state(MemberState.OFFERED) == ["h2"]
        if fails:
            town.fail("h2")
        else:
            town.finish("h2")
        town.pass_time(settled + 2 * DAY - town.utc)
        passed = town.phase(1).state is PhaseState.PASSED
        assert passed is not fails
        town.pass_time(2 * DAY)
        assert town.phase(1).state is PhaseState.PASSED


def test_a_phase_that_has_passed_writes_no_more_verdicts_but_of_failures() -> None:
    town = RollOutTown(4)
    town.begin(policy(phase("pilot", 2, gate=gate(failures=0)), phase("mass"), attempts=1))
    late, other = town.in_state(MemberState.OFFERED)
    town.decide("olive", KeepHome("c1", late, Utc(town.utc + 9 * DAY)))
    town.finish(other)
    town.pass_time(3 * DAY)
    assert town.phase(1).state is PhaseState.PASSED
    number = len(town.verdicts())
    town.pass_time(7 * DAY)
    assert town.state(late) is MemberState.OFFERED
    assert len(town.verdicts()) == number
    town.fail(late)
    town.pass_time(60)
    assert town.verdicts()[-1].verdict == "fail"
    assert town.stands().state is CampaignState.HELD


def test_a_gate_is_judged_while_a_server_whose_clock_is_ahead_hears_of_one_home_after_the_other() -> (
    None
):
    town = RollOutTown(20)
    town.begin(policy(phase("all", gate=gate(failures_permille=100)), attempts=1))
    for number in range(1, 21):
        town.utc = Utc(town.utc + 5.0)  # by the clock of that server
        town.fail(f"h{number}")
        town.utc = Utc(town.utc - 3.0)
        town.desk.wake(town.utc)
    assert town.stands().state is CampaignState.HELD


def test_a_report_that_a_clock_ahead_has_dated_is_none_once_its_gateway_speaks_again() -> None:
    town = RollOutTown(2)
    town.begin()
    town.put(GatewayReport("gw", town.utc + DAY))
    town.reach("h1")
    assert town.row(GatewayReport, gateway="gw").utc == town.utc
