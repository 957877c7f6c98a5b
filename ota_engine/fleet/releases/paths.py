"""Whether a release may be given to devices that run a version: by a stated path, or by an override."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    about,
)
from ota_engine.fleet.kernel.identifiers import refuse_words
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.parties.acts import party_of, refuse_author
from ota_engine.fleet.releases.acts import ABOUT_RELEASE, USERS, release_of
from ota_engine.fleet.releases.planner import NoRoute, PathGraph, UpgradeRoute, graph, plan
from ota_engine.fleet.releases.rows import (
    CplEntry,
    FirmwareRelease,
    HopAgreement,
    PathOverride,
    UpgradePath,
)
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class OverridePath:
    """Devices that run a version take a release although no path says so."""

    release: str
    version: int


@dataclass(frozen=True, slots=True)
class AgreeHops:
    """Parties agreed that a version is reached in more than one hop; all users are told."""

    cpl: str
    from_cpl: str
    agreed_by: tuple[str, ...]


def map_of(work: Work, variant: str) -> tuple[PathGraph, dict[int, str]]:
    """Read all paths of a variant, and the CPL ids of its versions."""
    entries = work.select(CplEntry, variant=variant)
    paths = graph(
        {entry.cpl: entry.paths for entry in entries}, work.select(UpgradePath, variant=variant)
    )
    return paths, {entry.version: entry.cpl for entry in entries}


def _route(
    paths: PathGraph, ids: dict[int, str], release: FirmwareRelease, version: int
) -> UpgradeRoute | NoRoute:
    start = ids.get(version)
    if start is None:
        return NoRoute(
            f"{release.variant} {version:08X} has no CPL entry: enter it in the repository"
        )
    return plan(paths, start, release.cpl)


def path_refusals(
    work: Work, release: FirmwareRelease, versions: Iterable[int | None]
) -> dict[int | None, str]:
    """Say which versions may not take a release in one step, and why.

    Args:
        work: the event in hand.
        release: that is to be taken.
        versions: that devices run; None where nobody said what they run.

    Returns:
        a line for each version that may not; none for those that may, by path or by override.
    """
    paths, ids = map_of(work, release.variant)
    overridden = {row.version for row in work.select(PathOverride, release=release.release)}
    agreed = {row.from_cpl for row in work.select(HopAgreement, cpl=release.cpl)}
    found: dict[int | None, str] = {}
    for version in dict.fromkeys(versions):
        if version is None:
            found[version] = "nobody said what it runs: wait until it reports its version"
        elif version != release.version and version not in overridden:
            route = _route(paths, ids, release, version)
            text = _refusal(route, ids.get(version, ""), agreed)
            if text:
                found[version] = text
    return found


def _refusal(route: UpgradeRoute | NoRoute, start: str, agreed: set[str]) -> str:
    if isinstance(route, NoRoute):
        return f"{route.reason}, or override it"
    *between, target = route.hops
    if not between:
        return ""
    way = ", ".join(between)
    if start in agreed:
        return f"{target} is reached by way of {way}, as agreed: roll that out first"
    return (
        f"{target} is {len(route.hops)} hops from {start} (by way of {way}), and one is the rule:"
        " agree an exception, or override it"
    )


def _override(act: OverridePath, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    refuse_author(actor, release.author, f"entered {act.release}", release.revision)
    reason = refuse_words(actor.reason, "the reason")
    if act.version not in path_refusals(work, release, [act.version]):
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{act.version:08X} may take {act.release} already: there is nothing to override",
        )
    work.put(PathOverride(act.release, act.version, actor.person, reason, utc))
    return f"{act.version:08X} may take {act.release}, says {actor.person}: {reason}"


def _agree(act: AgreeHops, actor: Actor, work: Work, utc: Utc) -> str:
    for cpl in (act.cpl, act.from_cpl):
        if work.get(CplEntry, cpl) is None:
            raise DecisionRefused(
                RefusalCode.UNKNOWN, f"{cpl}: there is no such CPL entry: enter it first"
            )
    if not act.agreed_by:
        raise DecisionRefused(RefusalCode.CONTENT, "nobody agreed: name the parties that did")
    for party in act.agreed_by:
        party_of(work, party)
    reason = refuse_words(actor.reason, "the reason")
    work.put(HopAgreement(act.cpl, act.from_cpl, act.agreed_by, actor.person, reason))
    text = f"{act.cpl} is reached from {act.from_cpl} in more than one hop"
    announce(
        work,
        NoticeKind.ROADMAP,
        f"cpl:{act.cpl}",
        with_role(work, USERS),
        f"{text}: {reason}",
        {"cpl": act.cpl, "from_cpl": act.from_cpl, "agreed_by": list(act.agreed_by)},
        utc,
    )
    return f"{text}, agreed by {', '.join(act.agreed_by)}"


ACTS: Final = {
    OverridePath: ActRow(
        frozenset({PartyRole.APPROVER}),
        *ABOUT_RELEASE,
        _override,
    ),
    AgreeHops: ActRow(frozenset({PartyRole.OPERATOR}), *about("cpl", CplEntry), _agree),
}
