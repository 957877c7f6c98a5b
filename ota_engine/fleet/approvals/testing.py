"""What persons record while a release is tested: evidence, the UIT window, feedback, sets, waivers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.approvals.checklist import (
    CATEGORIES,
    MOST_PLANNED_UIT_S,
    PERMILLE,
    WAIVABLE,
    WITH_EVIDENCE,
)
from ota_engine.fleet.approvals.rows import (
    ApprovalEvidence,
    ChecklistItem,
    CustomerFeedback,
    ExitCriteria,
    FeedbackPosition,
    ItemWaiver,
    SetReservation,
    UitWindow,
    WindowState,
)
from ota_engine.fleet.inventory.rows import ConfigurationSet
from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_digest, refuse_words
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.parties.acts import party_of, refuse_author
from ota_engine.fleet.releases.acts import ABOUT_RELEASE, changed, release_of
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus, ReleaseType
from ota_engine.times import Utc
from ota_engine.wording import counted, utc_text


@dataclass(frozen=True, slots=True)
class RecordEvidence:
    """A step was taken, and this document shows it; see ``ApprovalEvidence``."""

    release: str
    item: ChecklistItem
    sha256: str
    text: str
    run: int = 0
    passed: int = 0
    open_issues: tuple[int, ...] = ()
    configurations: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetExitCriteria:
    """The plan of a release asks this of SIT; see ``ExitCriteria``."""

    release: str
    passed_permille: int
    open_issues: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OpenUit:
    """Customers test from then until then; given again, the window is moved."""

    release: str
    opens_utc: float
    closes_utc: float
    agreed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GiveFeedback:
    """A customer says what it found."""

    release: str
    position: FeedbackPosition
    text: str


@dataclass(frozen=True, slots=True)
class ReserveSet:
    """A customer tests on a configuration set for a time; ``shared_with`` may, too."""

    release: str
    configuration: str
    from_utc: float
    until_utc: float
    shared_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WaiveItem:
    """A step is to be left out; the second person who decides the same makes it so."""

    release: str
    item: ChecklistItem


def _draft(work: Work, name: str) -> FirmwareRelease:
    release = release_of(work, name)
    if release.status is not ReleaseStatus.DRAFT:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{name} is {release.status}: what led there stands; enter another release",
            release.revision,
        )
    return release


def _record(act: RecordEvidence, actor: Actor, work: Work, utc: Utc) -> str:
    release = _draft(work, act.release)
    item = ChecklistItem(act.item)
    if item not in WITH_EVIDENCE:
        raise _senseless(
            f"{item} is no document: open its window, and let customers give their feedback"
        )
    refuse_bad_digest(act.sha256)
    if not 0 <= act.passed <= act.run:
        raise _senseless(f"{act.passed:,} of {act.run:,} tests passed: correct the numbers")
    _refuse_bad_issues(act.open_issues)
    _refuse_unknown_sets(act.configurations, work)
    before = work.select(ApprovalEvidence, release=act.release, item=item)
    work.put(
        ApprovalEvidence(
            act.release,
            item,
            len(before) + 1,
            act.sha256,
            refuse_words(act.text, "the text"),
            act.run,
            act.passed,
            tuple(act.open_issues),
            tuple(act.configurations),
            tuple(act.scenarios),
            actor.person,
            utc,
        )
    )
    return _noted(work, release, f"shown {item} by {actor.person}")


def _refuse_unknown_sets(configurations: Iterable[str], work: Work) -> None:
    unknown = [one for one in configurations if work.get(ConfigurationSet, one) is None]
    if unknown:
        raise _senseless(
            f"no home has had configuration set {', '.join(unknown)}: name sets as the estate lists them"
        )


def _criteria(act: SetExitCriteria, actor: Actor, work: Work, utc: Utc) -> str:
    release = _draft(work, act.release)
    if not 0 <= act.passed_permille <= PERMILLE:
        raise _senseless(f"{act.passed_permille} is no share: give 0 to 1000 thousandths")
    if not act.open_issues:
        raise _senseless("how many issues may be open is not said: give a number per category")
    _refuse_bad_issues(act.open_issues)
    reason = refuse_words(actor.reason, "the reason")
    issues = tuple(act.open_issues)
    work.put(ExitCriteria(act.release, act.passed_permille, issues, actor.person, reason))
    return _noted(work, release, f"given exit criteria by {actor.person}")


def _open(act: OpenUit, actor: Actor, work: Work, utc: Utc) -> str:
    release = _draft(work, act.release)
    if not act.opens_utc < act.closes_utc:
        raise _senseless("the window ends before it begins: give a later end")
    if act.closes_utc <= utc:
        raise _senseless("the window has ended already: give a later end")
    for party in act.agreed_by:
        party_of(work, party)
    _refuse_unagreed(release, act)
    before = work.get(UitWindow, act.release)
    if before is not None and before.state is WindowState.OVER:
        raise DecisionRefused(
            RefusalCode.STATE, f"UIT of {act.release} is over: enter another release to test anew"
        )
    text = f"planned until {utc_text(Utc(act.closes_utc))} by {actor.person}"
    work.put(
        UitWindow(
            act.release,
            act.opens_utc,
            act.closes_utc,
            tuple(act.agreed_by),
            WindowState.OPEN,
            (),
            act.closes_utc,
            1 if before is None else before.revision + 1,
            text,
        )
    )
    announce(
        work,
        NoticeKind.ROADMAP,
        f"release:{act.release}",
        with_role(work, SUPPLIERS),
        f"UIT of release {act.release} is {text}",
        {"release": act.release, "opens_utc": act.opens_utc, "closes_utc": act.closes_utc},
        utc,
    )
    return _noted(work, release, f"given a UIT window {text}")


def _refuse_unagreed(release: FirmwareRelease, act: OpenUit) -> None:
    """A planned release has four weeks, an unplanned one what customers agree to, a SEC one its plan."""
    longest = act.closes_utc - act.opens_utc
    if release.type is ReleaseType.PLANNED and longest > MOST_PLANNED_UIT_S:
        raise _senseless("UIT of a planned release takes four weeks at most: give an earlier end")
    if release.type is ReleaseType.UNPLANNED and not act.agreed_by:
        raise _senseless("UIT of an unplanned release is agreed: name the parties that agreed")


def window_due(window: UitWindow, work: Work, utc: Utc) -> None:
    """End a window: who gave no feedback is written down and told."""
    said = {row.party for row in work.select(CustomerFeedback, release=window.release)}
    skipped = tuple(party for party in with_role(work, SUPPLIERS) if party not in said)
    work.put(
        replace(
            window,
            state=WindowState.OVER,
            skipped=skipped,
            due_utc=None,
            revision=window.revision + 1,
            changed="over",
        )
    )
    subject = f"release:{window.release}"
    work.note("fleet", "UIT over", subject, skipped=list(skipped))
    if skipped:
        announce(
            work,
            NoticeKind.LATE,
            subject,
            (*skipped, *with_role(work, {PartyRole.OPERATOR})),
            f"UIT of {window.release} is over, {counted(len(skipped), 'party', 'parties')} gave no"
            " feedback",
            {"release": window.release, "skipped": list(skipped)},
            utc,
        )


def _feedback(act: GiveFeedback, actor: Actor, work: Work, utc: Utc) -> str:
    release = _draft(work, act.release)
    position = FeedbackPosition(act.position)
    text = refuse_words(act.text, "the text")
    row = CustomerFeedback(act.release, actor.party, position, text, actor.person, utc)
    work.put(row)
    return _noted(work, release, f"told by {actor.party} that it {position}")


def _reserve(act: ReserveSet, actor: Actor, work: Work, utc: Utc) -> str:
    release = _draft(work, act.release)
    if not act.from_utc < act.until_utc:
        raise _senseless("the reservation ends before it begins: give a later end")
    for party in act.shared_with:
        party_of(work, party)
    for other in work.select(SetReservation, release=act.release, configuration=act.configuration):
        apart = other.until_utc <= act.from_utc or act.until_utc <= other.from_utc
        if other.party != actor.party and not apart and actor.party not in other.shared_with:
            raise DecisionRefused(
                RefusalCode.STATE,
                f"{act.configuration} is {other.party}'s until {utc_text(Utc(other.until_utc))}:"
                f" ask {other.party} to share it, or take another time",
            )
    work.put(
        SetReservation(
            act.release,
            act.configuration,
            actor.party,
            act.from_utc,
            act.until_utc,
            tuple(act.shared_with),
        )
    )
    return _noted(work, release, f"tested on {act.configuration} by {actor.party}")


def _waive(act: WaiveItem, actor: Actor, work: Work, utc: Utc) -> str:
    release = _draft(work, act.release)
    item = ChecklistItem(act.item)
    if item not in WAIVABLE[release.type]:
        raise DecisionRefused(
            RefusalCode.FORBIDDEN,
            f"{item} of a release of type {release.type} is never left out: have it done",
            release.revision,
        )
    reason = refuse_words(actor.reason, "the reason")
    waiver = work.get(ItemWaiver, act.release, item)
    if waiver is None:
        work.put(ItemWaiver(act.release, item, actor.person, reason))
        return _noted(work, release, f"asked by {actor.person} to leave out {item}")
    if waiver.second:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{item} of {act.release} is left out already: nothing to decide",
            release.revision,
        )
    refuse_author(actor, waiver.person, f"asked to leave out {item}", release.revision)
    work.put(replace(waiver, second=actor.person, second_reason=reason, utc=utc))
    return _noted(work, release, f"without {item}, say {waiver.person} and {actor.person}")


def _noted(work: Work, release: FirmwareRelease, text: str) -> str:
    changed(work, release, text)
    return f"release {release.release} is {text}"


def _refuse_bad_issues(issues: Iterable[int]) -> None:
    numbers = list(issues)
    if numbers and (len(numbers) != CATEGORIES or min(numbers) < 0):
        raise _senseless(f"{numbers} are no open issues: give five numbers, of category 1 to 5")


def _senseless(text: str) -> DecisionRefused:
    return DecisionRefused(RefusalCode.CONTENT, text)


_OPERATORS: Final = frozenset({PartyRole.OPERATOR})
_TESTERS: Final = frozenset({PartyRole.OPERATOR, PartyRole.CSP, PartyRole.MANUFACTURER})

ACTS: Final = {
    RecordEvidence: ActRow(_TESTERS, *ABOUT_RELEASE, _record),
    SetExitCriteria: ActRow(_OPERATORS, *ABOUT_RELEASE, _criteria),
    OpenUit: ActRow(_OPERATORS, *ABOUT_RELEASE, _open),
    GiveFeedback: ActRow(SUPPLIERS, *ABOUT_RELEASE, _feedback),
    ReserveSet: ActRow(SUPPLIERS, *ABOUT_RELEASE, _reserve),
    WaiveItem: ActRow(frozenset({PartyRole.OPERATOR, PartyRole.APPROVER}), *ABOUT_RELEASE, _waive),
}
