"""Rule 7: what else goes on in a home defers its upgrade, with the reason, and never drops it.

Source: the users' requirements (002): change of supplier, price and tariff changes, the supplier's own
firmware, upload of historical data, top-up.
"""

import pytest

from ota_engine.fleet.calendar.deferrals import AnswerDeferral
from ota_engine.fleet.calendar.diary import BookCalendar, ClearCalendar
from ota_engine.fleet.calendar.rows import Deferral, EntryKind, HomeStep
from ota_engine.fleet.calendar.slots import SetWindow
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.port import HubWord, Verb
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.town import Town

STOP_DOWNLOADS = {
    EntryKind.SUPPLIER_CHANGE,
    EntryKind.TENANCY_CHANGE,
    EntryKind.SUPPLIER_FIRMWARE,
    EntryKind.DATA_UPLOAD,
}


def booked(kind: EntryKind, from_day: float, until_day: float) -> Town:
    """A home that may begin on the seventh day, and has an entry in its calendar."""
    town = Town()
    town.home("h1", "east", "west")
    town.campaign()
    town.deliver()
    entry = BookCalendar("e1", ("h1",), kind, BEGIN + from_day * DAY, BEGIN + until_day * DAY)
    town.decide("eve", entry)
    return town


@pytest.mark.parametrize("kind", EntryKind)
def test_an_entry_defers_the_steps_that_it_would_disturb(kind: EntryKind) -> None:
    town = booked(kind, 6, 9)
    town.pass_time(7.5 * DAY)
    member = town.member("h1")
    if kind in STOP_DOWNLOADS:
        assert (member.state, member.reason) == (MemberState.WAITING, f"calendar: {kind}")
        town.pass_time(2 * DAY)
        assert town.member("h1").state is MemberState.OFFERED
        return
    assert member.state is MemberState.OFFERED
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    assert Verb.ACTIVATE not in [told.verb for told in town.instructions()]
    assert town.member("h1").reason == f"calendar: {kind}"
    town.pass_time(2 * DAY)
    (told,) = [told for told in town.instructions() if told.verb is Verb.ACTIVATE]
    assert told.at_utc is not None and told.at_utc >= BEGIN + 9 * DAY


def test_one_entry_is_booked_in_many_homes_at_once() -> None:
    town = Town()
    homes = tuple(f"h{number}" for number in range(50))
    for home in homes:
        town.home(home)
    entry = BookCalendar("prices", homes, EntryKind.PRICE, BEGIN, BEGIN + DAY)
    assert town.decide("eve", entry) == "price change is booked in 50 homes"


def test_what_is_cleared_defers_no_more() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 60)
    town.decide("eve", ClearCalendar("e1", ("h1",)))
    town.pass_time(7.5 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_an_entry_that_is_booked_after_the_hub_was_told_takes_the_activation_back() -> None:
    town = Town()
    town.home("h1", "east", "west")
    town.campaign()
    town.deliver()
    town.decide("olive", SetWindow("c1", HomeStep.ACTIVATION, BEGIN + 20 * DAY, BEGIN + 60 * DAY))
    town.pass_time(7.5 * DAY)
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    town.pass_time(12.4 * DAY)
    assert town.member("h1").state is MemberState.SCHEDULED
    entry = BookCalendar("e", ("h1",), EntryKind.TARIFF, BEGIN + 19.9 * DAY, BEGIN + 22 * DAY)
    town.decide("eve", entry)
    town.pass_time(60)
    assert [told.verb for told in town.instructions()][-1] is Verb.RECALL
    assert town.member("h1").reason == "calendar: tariff change"
    town.pass_time(3 * DAY)
    assert town.instructions()[-1].at_utc == BEGIN + 22 * DAY


def test_a_home_is_looked_at_as_soon_as_its_calendar_is_cleared() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 60)
    town.pass_time(9 * DAY)
    assert town.member("h1").state is MemberState.WAITING
    town.decide("eve", ClearCalendar("e1", ("h1",)))
    town.pass_time(3_600)
    assert town.member("h1").state is MemberState.OFFERED


def test_a_supplier_cannot_clear_what_another_one_booked() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 60)
    assert "has an entry" in town.refused("will", ClearCalendar("e1", ("h1",)))


def test_a_supplier_cannot_book_in_homes_that_it_does_not_answer_for() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 60)
    entry = BookCalendar("e2", ("h1",), EntryKind.PRICE, BEGIN, BEGIN + DAY)
    assert "does not answer for home h1" in town.refused("nora", entry)


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 60)
    entry = BookCalendar("e2", ("h1",), "party", BEGIN, BEGIN + DAY)
    assert "price change" in town.refused("eve", entry)


def test_an_entry_that_is_over_before_it_begins_is_refused() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 60)
    entry = BookCalendar("e2", ("h1",), EntryKind.PRICE, BEGIN + DAY, BEGIN)
    assert "mend its times" in town.refused("eve", entry)


def test_after_the_limit_somebody_is_asked_and_the_home_still_waits() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 400)
    town.pass_time(70 * DAY)
    asked = town.notices(NoticeKind.DEFERRED)
    assert sorted(notice.party for notice in asked) == ["dcc", "east", "west"]
    assert town.member("h1").state is MemberState.WAITING


def test_many_homes_that_reach_the_limit_in_a_day_make_one_question() -> None:
    town = Town()
    homes = tuple(f"h{number}" for number in range(20))
    for home in homes:
        town.home(home)
    town.campaign()
    town.deliver()
    town.decide("eve", BookCalendar("e", homes, EntryKind.DATA_UPLOAD, BEGIN, BEGIN + 400 * DAY))
    town.pass_time(70 * DAY)
    assert len(town.notices(NoticeKind.DEFERRED, party="dcc")) == 1


def test_the_operator_may_let_a_home_go_on_whatever_its_calendar_says() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 400)
    town.pass_time(70 * DAY)
    town.decide("olive", AnswerDeferral("c1", ("h1",), None))
    town.pass_time(8 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_the_operator_may_put_a_home_off_further_and_is_asked_again() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 400)
    town.pass_time(70 * DAY)
    town.decide("olive", AnswerDeferral("c1", ("h1",), BEGIN + 100 * DAY))
    town.pass_time(40 * DAY)
    assert len(town.notices(NoticeKind.DEFERRED, party="dcc")) == 2
    assert town.member("h1").state is MemberState.WAITING


def test_a_home_whose_calendar_is_free_again_is_not_asked_about() -> None:
    town = booked(EntryKind.DATA_UPLOAD, 5, 10)
    town.pass_time(12 * DAY)
    assert town.member("h1").state is MemberState.OFFERED
    assert town.rows(Deferral) == []
    town.pass_time(100 * DAY)
    assert town.notices(NoticeKind.DEFERRED) == []
