"""The Firmware Information Repository: which versions there are, and from which each may be reached.

Paths are CPL entry ids, *N/A* where there is none, empty where nobody said; each with who stated it and
how much it may be relied upon. They are edited later, with who, when and why. The source (upgrade paths
in the Central Products List) asks for information only; that devices are refused for want of a path is
this fleet's own rule, and has an override.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    no_revision,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_id, refuse_words
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.releases.acts import MOST_VERSION, refuse_foreign_maker
from ota_engine.fleet.releases.planner import circle
from ota_engine.fleet.releases.rows import (
    CplEntry,
    PathChange,
    PathKnowledge,
    PathStanding,
    UpgradePath,
)
from ota_engine.times import Utc

MOST_ENTRIES: Final = 10_000  # of one act


@dataclass(frozen=True, slots=True)
class StatedPath:
    """One path to a version."""

    from_cpl: str
    standing: PathStanding
    source: str


@dataclass(frozen=True, slots=True)
class RepositoryEntry:
    """One version, with all paths to it."""

    cpl: str
    variant: str
    version: int
    knowledge: PathKnowledge
    paths: tuple[StatedPath, ...] = ()


@dataclass(frozen=True, slots=True)
class EditPaths:
    """The paths to one version are these."""

    entry: RepositoryEntry


@dataclass(frozen=True, slots=True)
class EnterRepository:
    """Many versions and the paths to them, from a file."""

    entries: tuple[RepositoryEntry, ...]


class _Pages:
    """The repository as it stands, with what is being changed."""

    def __init__(self, work: Work) -> None:
        self.entries = {row.cpl: row for row in work.select(CplEntry)}
        self.ids = {(row.variant, row.version): row.cpl for row in self.entries.values()}
        self.variants = {row.variant: row for row in work.select(Variant)}
        self.paths: dict[str, dict[str, UpgradePath]] = {}
        for path in work.select(UpgradePath):
            self.paths.setdefault(path.cpl, {})[path.from_cpl] = path


def paths_text(knowledge: PathKnowledge, paths: Iterable[UpgradePath]) -> str:
    """Write the paths to a version as the repository does."""
    if knowledge is PathKnowledge.NONE:
        return "N/A"
    if knowledge is PathKnowledge.UNKNOWN:
        return ""
    return "; ".join(f"{path.from_cpl} ({path.standing}, {path.source})" for path in paths)


def _edit(act: EditPaths, actor: Actor, work: Work, utc: Utc) -> str:
    _take([act.entry], actor, work, utc)
    return f"paths to {act.entry.cpl} are changed by {actor.person}"


def _enter(act: EnterRepository, actor: Actor, work: Work, utc: Utc) -> str:
    if not 0 < len(act.entries) <= MOST_ENTRIES:
        raise _senseless(f"{len(act.entries):,} entries at once: give 1 to {MOST_ENTRIES:,}")
    changed = _take(act.entries, actor, work, utc)
    return f"{changed:,} of {len(act.entries):,} entries are changed by {actor.person}"


def _take(entries: Iterable[RepositoryEntry], actor: Actor, work: Work, utc: Utc) -> int:
    refuse_words(actor.reason, "the reason")
    pages = _Pages(work)
    entries = list(entries)
    before = dict(pages.entries)
    for entry in entries:
        _list(entry, actor, pages)
    changed = sum(_state(entry, before, actor, pages, work, utc) for entry in entries)
    found = circle({cpl: tuple(paths) for cpl, paths in pages.paths.items()})
    if found:
        way = " from ".join((*found, found[0]))
        raise _senseless(f"the paths make a circle: {way}: take one of them out")
    return changed


def _list(entry: RepositoryEntry, actor: Actor, pages: _Pages) -> None:
    """Have the entry, before paths name it."""
    refuse_bad_id(entry.cpl, "a CPL entry")
    variant = pages.variants.get(entry.variant)
    if variant is None:
        raise _senseless(f"{entry.variant}: there is no such variant: import it first")
    refuse_foreign_maker(actor, variant)
    if not 0 <= entry.version <= MOST_VERSION:
        raise _senseless(f"{entry.version:#x} is no file version: give 32 bits")
    held = pages.entries.get(entry.cpl)
    named = f"{entry.variant} {entry.version:08X}"
    if held is not None and (held.variant, held.version) != (entry.variant, entry.version):
        raise _senseless(
            f"{entry.cpl} stands for {held.variant} {held.version:08X}, not {named}:"
            " give the id of this version"
        )
    other = pages.ids.get((entry.variant, entry.version), entry.cpl)
    if other != entry.cpl:
        raise _senseless(f"{named} is {other}: give that id instead of {entry.cpl}")
    if held is None:
        pages.ids[entry.variant, entry.version] = entry.cpl
        pages.entries[entry.cpl] = CplEntry(entry.cpl, entry.variant, entry.version)


def _state(
    entry: RepositoryEntry,
    before: dict[str, CplEntry],
    actor: Actor,
    pages: _Pages,
    work: Work,
    utc: Utc,
) -> bool:
    """Have the paths to an entry, and say whether that changes anything."""
    row = pages.entries[entry.cpl]
    knowledge = PathKnowledge(entry.knowledge)
    if (knowledge is PathKnowledge.STATED) != bool(entry.paths):
        raise _senseless(
            f"{entry.cpl}: paths are either stated, or none, or unknown: say one of these"
        )
    old = pages.paths.get(entry.cpl, {})
    new = {path.from_cpl: _path(path, row, pages) for path in entry.paths}
    if entry.cpl in before and (row.paths, old) == (knowledge, new):
        return False
    for name in old.keys() - new.keys():
        work.drop(old[name])
    for name, path in new.items():
        if old.get(name) != path:
            work.put(path)
    pages.paths[entry.cpl] = new
    text = f"paths stated by {actor.person}"
    number = row.revision + 1 if entry.cpl in before else 1
    work.put(replace(row, paths=knowledge, revision=number, changed=text))
    work.put(
        PathChange(
            entry.cpl,
            number,
            paths_text(row.paths, old.values()),
            paths_text(knowledge, new.values()),
            actor.person,
            actor.reason,
            utc,
        )
    )
    return True


def _path(path: StatedPath, row: CplEntry, pages: _Pages) -> UpgradePath:
    source = pages.entries.get(path.from_cpl)
    if source is None:
        raise _senseless(f"{path.from_cpl}, from which {row.cpl} is reached, is not listed: add it")
    if source.variant != row.variant:
        raise _senseless(
            f"{path.from_cpl} is for {source.variant} and {row.cpl} for {row.variant}: no upgrade"
            " goes from the one to the other"
        )
    who = refuse_words(path.source, "the source of a path")
    return UpgradePath(row.cpl, path.from_cpl, row.variant, PathStanding(path.standing), who)


def _senseless(text: str) -> DecisionRefused:
    return DecisionRefused(RefusalCode.CONTENT, text)


_KEEPERS: Final = frozenset({PartyRole.OPERATOR, PartyRole.ADMINISTRATOR, PartyRole.MANUFACTURER})


def _revision(act: EditPaths, work: Work) -> int | None:
    found = work.get(CplEntry, act.entry.cpl)
    return None if found is None else found.revision


ACTS: Final = {
    EditPaths: ActRow(_KEEPERS, lambda act: f"cpl:{act.entry.cpl}", _revision, _edit),
    EnterRepository: ActRow(_KEEPERS, lambda act: "repository", no_revision, _enter),
}
