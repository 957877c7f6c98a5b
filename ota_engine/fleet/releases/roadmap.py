"""The roadmap: when a release is planned for what, how that changed, and what devices are made with.

A date that changes and another manufactured version are told to all users (firmware management, roadmap
of each hub variant).
"""

from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.identifiers import refuse_words
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.releases.acts import (
    ABOUT_RELEASE,
    USERS,
    changed,
    refuse_foreign_maker,
    release_of,
    variant_of,
)
from ota_engine.fleet.releases.rows import (
    ManufacturedVersion,
    Milestone,
    PlannedDate,
)
from ota_engine.times import Utc
from ota_engine.wording import utc_text


@dataclass(frozen=True, slots=True)
class PlanDate:
    """A release is planned for a date, or for another one than before."""

    release: str
    milestone: Milestone
    planned_utc: float


@dataclass(frozen=True, slots=True)
class MakeWith:
    """New devices of the release's variant are made with it from a time on."""

    release: str
    from_utc: float


def roadmap(work: Work, release: str) -> dict[Milestone, tuple[PlannedDate, ...]]:
    """Read the dates of a release, each with its history, oldest first."""
    found: dict[Milestone, tuple[PlannedDate, ...]] = {}
    for row in work.select(PlannedDate, release=release, order=("milestone", "number")):
        found[row.milestone] = (*found.get(row.milestone, ()), row)
    return found


def made_with(work: Work, variant: str, utc: Utc) -> str:
    """Say with which release devices of a variant are made at a time; empty where nobody said."""
    rows = work.select(ManufacturedVersion, variant=variant, order=("number",))
    return next((row.release for row in reversed(rows) if row.from_utc <= utc), "")


def _plan(act: PlanDate, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    refuse_foreign_maker(actor, variant_of(work, release.variant))
    milestone = Milestone(act.milestone)
    reason = refuse_words(actor.reason, "the reason")
    before = work.select(PlannedDate, release=act.release, milestone=milestone, order=("number",))
    if before and before[-1].planned_utc == act.planned_utc:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{milestone} of {act.release} is planned for then already: give another date",
        )
    number = len(before) + 1
    work.put(
        PlannedDate(act.release, milestone, number, act.planned_utc, utc, actor.person, reason)
    )
    when = utc_text(Utc(act.planned_utc))
    text = f"planned for {milestone} on {when}"
    changed(work, release, f"{text} by {actor.person}")
    if before:
        announce(
            work,
            NoticeKind.ROADMAP,
            f"release:{act.release}",
            with_role(work, USERS),
            f"release {act.release}: {milestone} is now {when}: {reason}",
            {
                "release": act.release,
                "milestone": milestone,
                "before_utc": before[-1].planned_utc,
                "planned_utc": act.planned_utc,
                "reason": reason,
            },
            utc,
        )
    return f"release {act.release} is {text}"


def _make(act: MakeWith, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    refuse_foreign_maker(actor, variant_of(work, release.variant))
    if not release.manufacture:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{act.release} is not approved for manufacture: have that approved first",
            release.revision,
        )
    reason = refuse_words(actor.reason, "the reason")
    before = work.select(ManufacturedVersion, variant=release.variant, order=("number",))
    if before and before[-1].release == act.release:
        raise DecisionRefused(
            RefusalCode.STATE, f"{release.variant} is made with {act.release} already: name another"
        )
    work.put(
        ManufacturedVersion(
            release.variant, len(before) + 1, act.release, act.from_utc, actor.person, reason
        )
    )
    text = f"what {release.variant} is made with from {utc_text(Utc(act.from_utc))}"
    changed(work, release, text)
    announce(
        work,
        NoticeKind.ROADMAP,
        f"variant:{release.variant}",
        with_role(work, USERS),
        f"{release.variant} is made with release {act.release}",
        {
            "variant": release.variant,
            "before": before[-1].release if before else "",
            "release": act.release,
            "version": release.version,
            "from_utc": act.from_utc,
        },
        utc,
    )
    return f"release {act.release} is {text}"


_KEEPERS: Final = frozenset({PartyRole.OPERATOR, PartyRole.MANUFACTURER})

ACTS: Final = {
    PlanDate: ActRow(_KEEPERS, *ABOUT_RELEASE, _plan),
    MakeWith: ActRow(_KEEPERS, *ABOUT_RELEASE, _make),
}
