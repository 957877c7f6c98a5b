"""Rule 3: seven days of notice at least, counted from the notice that really reached the party.

Source: SEC Appendix AB, clause 5.2; Communications Hub firmware management, appendix A.
"""

from ota_engine.fleet.campaigns.rows import GateDecision, MemberState
from ota_engine.fleet.notices.delivery import NoticeDelivered
from ota_engine.fleet.port import HubWord
from tests.fleet.estate import DAY
from tests.fleet.town import Town


def test_a_home_waits_until_seven_days_after_the_notice_reached_its_supplier() -> None:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    town.pass_time(5 * DAY)
    town.deliver()
    town.pass_time(6.9 * DAY)
    member = town.member("h1")
    assert (member.state, member.reason) == (MemberState.WAITING, "notice to east is running")
    assert town.instructions() == []
    town.pass_time(2 * DAY)
    assert [told.home for told in town.instructions()] == ["h1"]


def test_homes_of_a_party_that_was_not_reached_wait_with_that_reason_and_others_proceed() -> None:
    town = Town()
    town.home("h1", "east")
    town.home("h2", "west")
    town.campaign()
    town.deliver("east")
    town.pass_time(9 * DAY)
    assert town.member("h1").state is MemberState.OFFERED
    member = town.member("h2")
    assert (member.state, member.reason) == (MemberState.WAITING, "notice has not reached west")


def test_in_a_home_of_two_suppliers_the_later_notice_counts() -> None:
    town = Town()
    town.home("h1", "east", "west")
    town.campaign()
    town.deliver("east")
    town.pass_time(3 * DAY)
    town.deliver("west")
    town.pass_time(6 * DAY)
    assert town.member("h1").reason == "notice to west is running"
    town.pass_time(2 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_a_notice_that_is_delivered_twice_counts_from_the_first_time() -> None:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    first = town.deliver("east")
    town.pass_time(4 * DAY)
    town.happen(*(NoticeDelivered(told.notice, told.party) for told in first))
    town.pass_time(4 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_the_gate_names_the_parties_that_were_not_reached_and_how_many_homes_wait() -> None:
    town = Town()
    town.home("h1", "east")
    town.home("h2", "west")
    town.home("h3", "west")
    town.campaign()
    town.deliver("east")
    town.pass_time(7.5 * DAY)
    for word in (HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED):
        town.say("h1", word)
    town.pass_time(3 * DAY)
    last = town.rows(GateDecision, campaign="c1")[-1]
    assert (last.verdict, last.named) == ("pass", "2 homes wait: notice has not reached west")


def test_a_home_without_any_supplier_waits_for_no_notice() -> None:
    town = Town()
    town.home("h1", "")
    town.campaign()
    town.pass_time(7.5 * DAY)
    assert town.member("h1").state is MemberState.OFFERED
