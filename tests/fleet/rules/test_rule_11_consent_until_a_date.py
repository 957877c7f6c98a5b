"""Rule 11: where it was agreed, a supplier's consent is needed until a date, and silence holds.

Source: Communications Hub firmware management, 2.1 (hypercare: customers approve upgrades until six
months after a go-live).
"""

from ota_engine.fleet.calendar.consent import GiveConsent, RequireConsent, WithdrawConsent
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.notices.rows import NoticeKind, PartyClock
from ota_engine.fleet.port import HubWord, Verb
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.town import Town


def asked(*suppliers: str, until_day: float = 180) -> Town:
    town = Town()
    town.home("h1", *suppliers)
    town.decide("olive", RequireConsent("hub-1", BEGIN + until_day * DAY, "go-live plan"))
    town.campaign()
    town.deliver()
    return town


def test_silence_holds_and_the_party_that_is_silent_is_named() -> None:
    town = asked("east")
    town.pass_time(60 * DAY)
    member = town.member("h1")
    assert (member.state, member.reason) == (MemberState.WAITING, "east has not agreed")


def test_a_home_begins_once_each_of_its_suppliers_has_agreed() -> None:
    town = asked("east", "west")
    town.decide("eve", GiveConsent("c1"))
    town.pass_time(10 * DAY)
    assert town.member("h1").reason == "west has not agreed"
    town.decide("will", GiveConsent("c1"))
    town.pass_time(2 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_consent_that_was_withdrawn_holds_the_activation_too() -> None:
    town = asked("east")
    town.decide("eve", GiveConsent("c1"))
    town.pass_time(8 * DAY)
    town.decide("eve", WithdrawConsent("c1"))
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    assert Verb.ACTIVATE not in [told.verb for told in town.instructions()]
    assert town.member("h1").reason == "east has not agreed"


def test_after_the_date_nobody_is_waited_for() -> None:
    town = asked("east", until_day=20)
    town.pass_time(22 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_who_is_late_to_answer_is_told_so_and_so_is_the_operator() -> None:
    town = asked("east")
    town.pass_time(8 * DAY)
    late = [told for told in town.notices(NoticeKind.LATE) if "agrees" in told.text]
    assert {told.party for told in late} >= {"east", "dcc"}
    assert town.row(PartyClock, clock="c1/consent", party="east").late


def test_who_answers_in_time_is_not_late() -> None:
    town = asked("east")
    town.decide("eve", GiveConsent("c1"))
    town.pass_time(30 * DAY)
    clock = town.row(PartyClock, clock="c1/consent", party="east")
    assert (clock.met_utc, clock.late) == (BEGIN, False)


def test_consent_to_a_campaign_that_was_not_approved_is_refused() -> None:
    town = asked("east")
    assert "look at its id" in town.refused("eve", GiveConsent("c9"))


def test_only_suppliers_consent() -> None:
    town = asked("east")
    assert "may not decide this" in town.refused("olive", GiveConsent("c1"))


def test_a_rule_for_a_variant_that_nobody_knows_is_refused() -> None:
    town = asked("east")
    assert "import it first" in town.refused("olive", RequireConsent("hub-9", BEGIN, "?"))
