"""What is known to be wrong in a release, and whether new devices may be made with it all the same.

Firmware with a defect that hits installation, smart services or the HAN goes over the air only
(firmware management principles, Appendix B).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_id, refuse_words
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.releases.acts import ABOUT_RELEASE, changed, release_of
from ota_engine.fleet.releases.rows import (
    DefectCategory,
    DefectHit,
    KnownDefect,
)
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class RecordDefect:
    """Something is wrong in a release; ``hits`` are texts of ``DefectHit``."""

    release: str
    defect: str
    category: int
    hits: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class ResolveDefect:
    """A later release is without it; this one stays as it is."""

    release: str
    defect: str
    fixed_in: str


def forbids_manufacture(defects: Iterable[KnownDefect]) -> tuple[KnownDefect, ...]:
    """Name the defects for which a release goes over the air only."""
    return tuple(defect for defect in defects if defect.hits)


def _record(act: RecordDefect, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    refuse_bad_id(act.defect, "a defect")
    if act.category not in list(DefectCategory):
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{act.category} is no category of a defect: give 1 to 5"
        )
    wrong = [hit for hit in act.hits if hit not in list(DefectHit)]
    if wrong:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{wrong[0]!a} is nothing that a defect hits: give any of {', '.join(DefectHit)}",
        )
    text = refuse_words(act.text, "the text")
    row = KnownDefect(act.release, act.defect, act.category, tuple(act.hits), text)
    work.put(row)
    what = f"given defect {act.defect} by {actor.person}"
    stop = bool(row.hits) and release.manufacture
    if stop:
        what += ": over the air only from now on"
    changed(work, replace(release, manufacture=release.manufacture and not stop), what)
    return f"release {act.release} is {what}"


def _resolve(act: ResolveDefect, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    defect = work.get(KnownDefect, act.release, act.defect)
    if defect is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.defect}: no such defect of {act.release}: record it first"
        )
    later = release_of(work, act.fixed_in)
    if later.variant != release.variant or later.release == release.release:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{act.fixed_in} is no other release for {release.variant}: name one that is",
        )
    work.put(replace(defect, fixed_in=act.fixed_in))
    what = f"without {act.defect} in {act.fixed_in}, says {actor.person}"
    changed(work, release, what)
    return f"release {act.release} is {what}"


ACTS: Final = {
    RecordDefect: ActRow(
        SUPPLIERS | {PartyRole.OPERATOR, PartyRole.MANUFACTURER}, *ABOUT_RELEASE, _record
    ),
    ResolveDefect: ActRow(
        frozenset({PartyRole.OPERATOR, PartyRole.MANUFACTURER}), *ABOUT_RELEASE, _resolve
    ),
}
