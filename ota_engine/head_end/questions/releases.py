"""What can be asked of releases: steps, what was tested, dates, defects, and the paths between versions."""

from dataclasses import dataclass
from typing import Any, Final

from ota_engine.fleet.approvals.checklist import Coverage, ItemState, checklist, coverage
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.releases.repository import paths_text
from ota_engine.fleet.releases.roadmap import roadmap
from ota_engine.fleet.releases.rows import (
    ContentItem,
    CplEntry,
    FirmwareRelease,
    HopAgreement,
    KnownDefect,
    ManufacturedVersion,
    Milestone,
    PathOverride,
    PlannedDate,
    UpgradePath,
)
from ota_engine.head_end.deciding import asked as asked_of
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View
from ota_engine.head_end.questions.decided import DecisionShown, decisions_shown
from ota_engine.head_end.questions.scope import (
    release_of,
    releases_seen,
    sees_all_products,
    variants_seen,
)


@dataclass(frozen=True, slots=True)
class AskReleases:
    """Which releases there are, and where they stand."""

    variant: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseList:
    """Releases, in the order of their ids."""

    items: tuple[FirmwareRelease, ...]


@dataclass(frozen=True, slots=True)
class AskRelease:
    """All that is known of a release."""

    release: str


@dataclass(frozen=True, slots=True)
class AskRoadmap:
    """Which dates are planned, how they changed, and what new devices are made with."""

    variant: str = ""


@dataclass(frozen=True, slots=True)
class Roadmap:
    """Dates and versions made.

    Attributes:
        dates: by release, milestone and number; the highest number holds.
        made: with which release devices of each variant are made; the highest number holds.
    """

    dates: tuple[PlannedDate, ...]
    made: tuple[ManufacturedVersion, ...]


@dataclass(frozen=True, slots=True)
class AskPaths:
    """From which versions others are reached: the Firmware Information Repository."""

    variant: str = ""


@dataclass(frozen=True, slots=True)
class PathList:
    """The repository.

    Attributes:
        entries: versions of the Central Products List, with what is known of the ways to each.
        paths: between them, as stated.
        agreements: paths of more than one hop that were agreed.
        overrides: releases that devices take although no path is stated.
    """

    entries: tuple[CplEntry, ...]
    paths: tuple[UpgradePath, ...]
    agreements: tuple[HopAgreement, ...]
    overrides: tuple[PathOverride, ...]


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """All that is known of a release.

    Attributes:
        release: its row.
        steps: of its checklist, each with what shows it or what is missing.
        coverage: how much of today's estate its tests stand for.
        items: what is in it.
        defects: what is known to be wrong in it.
        dates: of the roadmap, each with its history, oldest first.
        paths: to it, as the repository writes them; empty where nobody said.
        decisions: about it, the oldest first.
    """

    release: FirmwareRelease
    steps: tuple[ItemState, ...]
    coverage: Coverage
    items: tuple[ContentItem, ...]
    defects: tuple[KnownDefect, ...]
    dates: dict[Milestone, tuple[PlannedDate, ...]]
    paths: str
    decisions: tuple[DecisionShown, ...]

    @property
    def revision(self) -> int:
        """Of the release, for decisions about it."""
        return self.release.revision

    def as_values(self) -> dict[str, Any]:
        """The report as plain values, ready for JSON."""
        one = self.release
        return {
            "release": one.release,
            "variant": one.variant,
            "version": one.version,
            "cpl": one.cpl,
            "type": one.type,
            "status": one.status,
            "manufacture": one.manufacture,
            "sha256": one.sha256,
            "notes": one.notes,
            "successor": one.successor,
            "author": one.author,
            "revision": one.revision,
            "changed": one.changed,
            "paths": self.paths,
            "steps": [step._asdict() for step in self.steps],
            "coverage": {**self.coverage._asdict(), "permille": self.coverage.permille},
            "items": [
                {"item": item.item, "kind": item.kind, "title": item.title}
                | {"agreed_by": list(item.agreed_by)}
                for item in self.items
            ],
            "defects": [
                {"defect": row.defect, "category": row.category, "hits": list(row.hits)}
                | {"text": row.text, "fixed_in": row.fixed_in}
                for row in self.defects
            ],
            "dates": {
                milestone: [
                    {"planned_utc": row.planned_utc, "person": row.person, "reason": row.reason}
                    for row in rows
                ]
                for milestone, rows in self.dates.items()
            },
        }


def _releases(asked: AskReleases, view: View) -> ReleaseList:
    with view.desk.store.reading():
        found = releases_seen(view)
    return ReleaseList(tuple(one for one in found if asked.variant in ("", one.variant)))


def _release(asked: AskRelease, view: View) -> ReleaseReport:
    store = view.desk.store
    with store.reading():
        release = release_of(view, asked.release)
        about = ("subject", f"release:{release.release}")
        decisions = decisions_shown(view, store.walk(Select(DecisionRow, (about,))))
    return asked_of(view.desk, lambda work: _report(work, release, decisions))


def _report(
    work: Work, release: FirmwareRelease, decisions: tuple[DecisionShown, ...]
) -> ReleaseReport:
    name = release.release
    entry = work.get(CplEntry, release.cpl)
    paths = work.select(UpgradePath, cpl=release.cpl)
    return ReleaseReport(
        release,
        checklist(work, release),
        coverage(work, release),
        work.select(ContentItem, release=name),
        work.select(KnownDefect, release=name),
        roadmap(work, name),
        "" if entry is None else paths_text(entry.paths, paths),
        decisions,
    )


def _roadmap(asked: AskRoadmap, view: View) -> Roadmap:
    store = view.desk.store
    with store.reading():
        seen = [one for one in releases_seen(view) if asked.variant in ("", one.variant)]
        known = {one.release for one in seen}
        dates = [row for row in store.select(Select(PlannedDate)) if row.release in known]
        variants = _variants(asked.variant, view)
        made = [row for row in store.select(Select(ManufacturedVersion)) if row.variant in variants]
    return Roadmap(tuple(dates), tuple(made))


def _paths(asked: AskPaths, view: View) -> PathList:
    store = view.desk.store
    with store.reading():
        variants = _variants(asked.variant, view)
        entries = [row for row in store.select(Select(CplEntry)) if row.variant in variants]
        known = {row.cpl for row in entries}
        releases = {row.release for row in releases_seen(view) if row.variant in variants}
        return PathList(
            tuple(entries),
            tuple(row for row in store.select(Select(UpgradePath)) if row.variant in variants),
            tuple(row for row in store.select(Select(HopAgreement)) if row.cpl in known),
            tuple(row for row in store.select(Select(PathOverride)) if row.release in releases),
        )


def _variants(wanted: str, view: View) -> "_Variants":
    if sees_all_products(view):
        return _Variants(wanted, None)
    return _Variants(wanted, frozenset(one.variant for one in variants_seen(view)))


class _Variants:
    """Variants that are asked for and seen; the repository may name some that nobody entered."""

    def __init__(self, wanted: str, seen: frozenset[str] | None) -> None:
        self._wanted, self._seen = wanted, seen

    def __contains__(self, variant: str) -> bool:
        return self._wanted in ("", variant) and (self._seen is None or variant in self._seen)


QUESTIONS: Final[Questions] = {
    AskReleases: QuestionRow("releases", _releases, ReleaseList),
    AskRelease: QuestionRow("releases/{release}", _release, ReleaseReport),
    AskRoadmap: QuestionRow("roadmap", _roadmap, Roadmap),
    AskPaths: QuestionRow("paths", _paths, PathList),
}
