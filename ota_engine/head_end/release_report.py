"""What is known of a release, for people: its steps, what was tested, its dates, defects and paths."""

from dataclasses import dataclass
from typing import Any

from ota_engine.errors import LocalError
from ota_engine.fleet.approvals.checklist import Coverage, ItemState, checklist, coverage
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.releases.repository import paths_text
from ota_engine.fleet.releases.roadmap import roadmap
from ota_engine.fleet.releases.rows import (
    ContentItem,
    CplEntry,
    FirmwareRelease,
    KnownDefect,
    Milestone,
    PlannedDate,
    UpgradePath,
)
from ota_engine.head_end.deciding import asked
from ota_engine.head_end.desk import FleetDesk


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
    """

    release: FirmwareRelease
    steps: tuple[ItemState, ...]
    coverage: Coverage
    items: tuple[ContentItem, ...]
    defects: tuple[KnownDefect, ...]
    dates: dict[Milestone, tuple[PlannedDate, ...]]
    paths: str

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


def release_report(desk: FleetDesk, name: str) -> ReleaseReport:
    """Gather what is known of a release.

    Raises:
        LocalError: there is no such release.
    """
    return asked(desk, lambda work: _report(work, name))


def _report(work: Work, name: str) -> ReleaseReport:
    release = work.get(FirmwareRelease, name)
    if release is None:
        raise LocalError(f"{name}: there is no such release: zota release list names them")
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
    )
