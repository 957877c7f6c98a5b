"""What is still missing before a release may be approved, and what its tests cover of today's estate.

All types of release go through all steps (firmware management, 3.2 and 3.3). An emergency security release
may leave some out when two persons say so; what it must show nevertheless has no waiver.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from ota_engine.fleet.approvals.rows import (
    ApprovalEvidence,
    ChecklistItem,
    CustomerFeedback,
    ExitCriteria,
    ItemWaiver,
    UitWindow,
    WindowState,
)
from ota_engine.fleet.inventory.rows import Home, HomeStatus
from ota_engine.fleet.kernel.decisions import SUPPLIERS
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import with_role
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseType
from ota_engine.times import DAY_S
from ota_engine.wording import counted

MOST_PLANNED_UIT_S: Final = 28 * DAY_S  # a planned release: up to four weeks
PERMILLE: Final = 1000
CATEGORIES: Final = 5

#: What a plan asks of SIT that says nothing else; the numbers are ours, a plan states its own.
DEFAULT_PASSED_PERMILLE: Final = 950
DEFAULT_OPEN_ISSUES: Final = (0, 0, 10, 50, 1000)

#: Steps that two persons may leave out, by type of release.
WAIVABLE: Final[Mapping[ReleaseType, frozenset[ChecklistItem]]] = {
    ReleaseType.SEC: frozenset(),
    ReleaseType.PLANNED: frozenset(),
    ReleaseType.UNPLANNED: frozenset(),
    ReleaseType.EMERGENCY: frozenset(
        {
            ChecklistItem.PIT_ENTRY,
            ChecklistItem.UIT,
            ChecklistItem.FEEDBACK,
            ChecklistItem.PROVING,
        }
    ),
}

#: Steps shown by a document; the others by what the fleet itself has seen.
WITH_EVIDENCE: Final = frozenset(ChecklistItem) - {ChecklistItem.UIT, ChecklistItem.FEEDBACK}


class ItemState(NamedTuple):
    """How one step stands.

    Attributes:
        item: which.
        done: it is taken, or left out as two persons decided.
        text: by what, or what is missing.
    """

    item: ChecklistItem
    done: bool
    text: str


class Coverage(NamedTuple):
    """How much of today's estate the tests of a release stand for.

    Attributes:
        homes: of the estate that are installed.
        covered: of these, in configuration sets that were tested.
        untested: sets that nobody tested, with their homes, the largest first.
        scenarios: business scenarios that were tested.
        untested_scenarios: tested for another release, and not for this one.
    """

    homes: int
    covered: int
    untested: tuple[tuple[str, int], ...]
    scenarios: tuple[str, ...]
    untested_scenarios: tuple[str, ...]

    @property
    def permille(self) -> int:
        """Share of homes in tested sets, in thousandths, rounded down; 0 where there are no homes."""
        return self.covered * PERMILLE // self.homes if self.homes else 0


def evidence_of(work: Work, release: str) -> dict[ChecklistItem, ApprovalEvidence]:
    """Read the evidence that holds."""
    rows = work.select(ApprovalEvidence, release=release, order=("item", "number"))
    return {row.item: row for row in rows}


def checklist(work: Work, release: FirmwareRelease) -> tuple[ItemState, ...]:
    """Say how each step stands."""
    shown = evidence_of(work, release.release)
    waived = {row.item: row for row in work.select(ItemWaiver, release=release.release)}
    return tuple(_state(item, shown, waived, work, release) for item in ChecklistItem)


def missing(states: Iterable[ItemState]) -> str:
    """Say in one line what is missing; empty for nothing."""
    return "; ".join(f"{state.item}: {state.text}" for state in states if not state.done)


def _state(
    item: ChecklistItem,
    shown: Mapping[ChecklistItem, ApprovalEvidence],
    waived: Mapping[ChecklistItem, ItemWaiver],
    work: Work,
    release: FirmwareRelease,
) -> ItemState:
    waiver = waived.get(item)
    if waiver is not None and waiver.second:
        return ItemState(item, True, f"left out by {waiver.person} and {waiver.second}")
    if item is ChecklistItem.UIT:
        return _uit(work, release)
    if item is ChecklistItem.FEEDBACK:
        return _feedback(work, release)
    evidence = shown.get(item)
    if evidence is None:
        return ItemState(item, False, "there is no evidence: record it")
    if item is ChecklistItem.SIT_EXIT:
        wrong = _sit_lacks(evidence, work.get(ExitCriteria, release.release))
        if wrong:
            return ItemState(item, False, wrong)
    return ItemState(item, True, f"{evidence.text}, recorded by {evidence.person}")


def _sit_lacks(evidence: ApprovalEvidence, criteria: ExitCriteria | None) -> str:
    least = DEFAULT_PASSED_PERMILLE if criteria is None else criteria.passed_permille
    most = DEFAULT_OPEN_ISSUES if criteria is None else criteria.open_issues
    if not evidence.run:
        return "the evidence counts no tests: record how many were run and passed"
    if evidence.passed * PERMILLE < least * evidence.run:
        return (
            f"{evidence.passed:,} of {counted(evidence.run, 'test')} passed, and {least} of 1,000"
            " must: have more pass"
        )
    if len(evidence.open_issues) != CATEGORIES:
        return "the evidence counts no open issues: record how many of each category are open"
    for category, (count, allowed) in enumerate(zip(evidence.open_issues, most, strict=True), 1):
        if count > allowed:
            return f"{count:,} open of category {category}, and {allowed:,} may be: close some"
    return ""


def _uit(work: Work, release: FirmwareRelease) -> ItemState:
    window = work.get(UitWindow, release.release)
    if window is None:
        return ItemState(ChecklistItem.UIT, False, "the window is not planned: open it")
    if window.state is not WindowState.OVER:
        return ItemState(ChecklistItem.UIT, False, "the window is not over: wait for its end")
    return ItemState(ChecklistItem.UIT, True, "the window is over")


def _feedback(work: Work, release: FirmwareRelease) -> ItemState:
    item = ChecklistItem.FEEDBACK
    said = {row.party for row in work.select(CustomerFeedback, release=release.release)}
    window = work.get(UitWindow, release.release)
    silent = [party for party in with_role(work, SUPPLIERS) if party not in said]
    if not silent:
        return ItemState(item, True, f"{counted(len(said), 'party', 'parties')} gave it")
    if window is not None and window.state is WindowState.OVER:
        return ItemState(item, True, f"{', '.join(window.skipped) or 'nobody'} skipped it")
    return ItemState(item, False, f"{', '.join(silent)} may still give it: wait for the window")


def coverage(work: Work, release: FirmwareRelease) -> Coverage:
    """Compare what was tested with the estate as it is today."""
    shown = work.select(ApprovalEvidence)
    mine = [row for row in shown if row.release == release.release]
    tested = {name for row in mine for name in row.configurations}
    scenarios = {name for row in mine for name in row.scenarios}
    known = {name for row in shown for name in row.scenarios}
    counts = {
        str(name): homes
        for (name,), homes in work.counts(
            Home, ("configuration",), status=HomeStatus.COMPLETE
        ).items()
    }
    untested = sorted(
        ((name, homes) for name, homes in counts.items() if name not in tested),
        key=lambda one: (-one[1], one[0]),
    )
    return Coverage(
        sum(counts.values()),
        sum(homes for name, homes in counts.items() if name in tested),
        tuple(untested),
        tuple(sorted(scenarios)),
        tuple(sorted(known - scenarios)),
    )
