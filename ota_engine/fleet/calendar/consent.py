"""Consent of suppliers, where it was agreed that one is needed until a date; silence holds.

It is an optional rule of a variant, as for the months after a go-live (Communications Hub firmware
management, 2.1, hypercare). The party's clock, where it is late, is told; it gives no consent.
"""

from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.calendar.rows import Consent, ConsentRule
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    about,
    no_revision,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices import clocks
from ota_engine.fleet.notices.rows import StatusSchedule
from ota_engine.times import Utc
from ota_engine.wording import utc_text


@dataclass(frozen=True, slots=True)
class RequireConsent:
    """Until a date, suppliers must agree before homes of a variant are upgraded."""

    variant: str
    until_utc: float
    source: str


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """A supplier agrees to a campaign in its homes."""

    campaign: str


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    """A supplier agrees no longer: no home of it begins, and none under way activates."""

    campaign: str


def consent_clock(campaign: str) -> str:
    """Name the clock within which suppliers are to say whether they agree."""
    return f"{campaign}/consent"


def is_needed(rule: ConsentRule | None, utc: Utc) -> bool:
    """Whether a rule holds at a time."""
    return rule is not None and utc < rule.until_utc


def _require(act: RequireConsent, actor: Actor, work: Work, utc: Utc) -> str:
    if work.get(Variant, act.variant) is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.variant}: there is no such variant: import it first"
        )
    earlier = work.get(ConsentRule, act.variant)
    revision = earlier.revision + 1 if earlier else 1
    work.put(ConsentRule(act.variant, act.until_utc, act.source, actor.person, revision))
    return f"consent is needed for {act.variant} until {utc_text(Utc(act.until_utc))}"


def _give(act: GiveConsent, actor: Actor, work: Work, utc: Utc) -> str:
    _refuse_unknown(act.campaign, work)
    work.put(Consent(act.campaign, actor.party, True, utc, actor.person, actor.reason))
    clocks.met(work, consent_clock(act.campaign), actor.party, utc)
    return f"{actor.party} agrees to campaign {act.campaign}"


def _withdraw(act: WithdrawConsent, actor: Actor, work: Work, utc: Utc) -> str:
    _refuse_unknown(act.campaign, work)
    work.put(Consent(act.campaign, actor.party, False, utc, actor.person, actor.reason))
    clocks.met(work, consent_clock(act.campaign), actor.party, utc)
    return f"{actor.party} does not agree to campaign {act.campaign}"


def _refuse_unknown(campaign: str, work: Work) -> None:
    if work.get(StatusSchedule, campaign) is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{campaign}: no such campaign was approved: look at its id"
        )


def _subject(act: GiveConsent | WithdrawConsent) -> str:
    return f"campaign:{act.campaign}"


ACTS: Final = {
    RequireConsent: ActRow(
        frozenset({PartyRole.OPERATOR, PartyRole.APPROVER}),
        *about("variant", ConsentRule),
        _require,
    ),
    GiveConsent: ActRow(SUPPLIERS, _subject, no_revision, _give),
    WithdrawConsent: ActRow(SUPPLIERS, _subject, no_revision, _withdraw),
}
