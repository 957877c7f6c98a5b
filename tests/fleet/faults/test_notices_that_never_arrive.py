"""Fault: notices that never reach a party."""

from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.notices.delivery import NoticeUndelivered, RequeueNotices
from ota_engine.fleet.notices.rows import Notice, NoticeKind, NoticeState
from tests.fleet.estate import DAY
from tests.fleet.town import Town


def two_suppliers() -> Town:
    town = Town()
    town.home("h1", "east")
    town.home("h2", "west")
    town.campaign()
    town.deliver("east")
    return town


def fail(town: Town, party: str, *, given_up: bool) -> None:
    for notice in town.rows(Notice, party=party, state=NoticeState.WAITING):
        town.happen(NoticeUndelivered(notice.notice, party, "404\nNot Found", given_up))


def test_only_homes_of_the_party_that_was_not_reached_wait() -> None:
    town = two_suppliers()
    fail(town, "west", given_up=True)
    town.pass_time(9 * DAY)
    assert town.member("h1").state is MemberState.OFFERED
    assert town.member("h2").reason == "notice has not reached west"


def test_after_three_days_the_operator_is_told_who_was_not_reached() -> None:
    town = two_suppliers()
    town.pass_time(4 * DAY)
    texts = [told.text for told in town.notices(NoticeKind.LATE, party="dcc")]
    assert "west was to take the notice in time, and has not" in texts
    assert not any("east" in text for text in texts)


def test_the_trouble_of_a_notice_is_one_line() -> None:
    town = two_suppliers()
    fail(town, "west", given_up=False)
    notice = town.notices(NoticeKind.AVAILABLE, party="west")[0]
    assert (notice.state, notice.trouble) == (NoticeState.WAITING, r"404\nNot Found")


def test_what_was_given_up_is_brought_again_on_a_persons_word_and_seven_days_run_from_then() -> (
    None
):
    town = two_suppliers()
    fail(town, "west", given_up=True)
    town.pass_time(20 * DAY)
    town.decide("olive", RequeueNotices("west"))
    town.deliver("west")
    town.pass_time(6.5 * DAY)
    assert town.member("h2").state is MemberState.WAITING
    town.pass_time(1.5 * DAY)
    assert town.member("h2").state is MemberState.OFFERED


def test_where_nothing_was_given_up_there_is_nothing_to_bring_again() -> None:
    town = two_suppliers()
    assert "nothing to bring again" in town.refused("olive", RequeueNotices("east"))


def test_trouble_that_is_told_after_the_delivery_takes_nothing_back() -> None:
    town = two_suppliers()
    (notice,) = town.notices(NoticeKind.AVAILABLE, party="east")
    town.happen(NoticeUndelivered(notice.notice, "east", "too late", True))
    assert town.notices(NoticeKind.AVAILABLE, party="east") == [notice]


def test_trouble_with_a_notice_that_nobody_wrote_is_nothing() -> None:
    town = two_suppliers()
    before = town.notices()
    town.happen(NoticeUndelivered("nothing", "east", "?", True))
    assert town.notices() == before
