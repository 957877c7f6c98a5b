"""Finds the way from one version to another over the graph of stated paths; knows no rows and no work.

A path whose standing is unknown is on the map and is not walked. A circle is refused when paths are
edited (``circle``); the planner ends all the same where there is one.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from ota_engine.fleet.releases.rows import PathKnowledge, PathStanding, UpgradePath


class PathGraph(NamedTuple):
    """All that is known of the ways between the versions of one variant.

    Attributes:
        knowledge: what is known of the ways to each CPL entry.
        paths: for each entry, the standing of the paths to it by the entry they come from.
    """

    knowledge: Mapping[str, PathKnowledge]
    paths: Mapping[str, Mapping[str, PathStanding]]


class UpgradeRoute(NamedTuple):
    """The entries to be installed, one after the other; the last one is what was asked for."""

    hops: tuple[str, ...]


class NoRoute(NamedTuple):
    """There is none.

    Attributes:
        reason: which path is missing, in words.
    """

    reason: str


def graph(knowledge: Mapping[str, PathKnowledge], paths: Iterable[UpgradePath]) -> PathGraph:
    """Make a graph of rows."""
    by_target: dict[str, dict[str, PathStanding]] = {}
    for path in paths:
        by_target.setdefault(path.cpl, {})[path.from_cpl] = path.standing
    return PathGraph(knowledge, by_target)


def plan(paths: PathGraph, start: str, target: str) -> UpgradeRoute | NoRoute:
    """Find the way with the fewest hops; of equal ones the one through the first ids.

    Args:
        paths: the map.
        start: CPL entry of what a device runs.
        target: CPL entry of what it is to run.
    """
    came_from: dict[str, str] = {target: ""}
    ahead = deque([target])
    while ahead:
        entry = ahead.popleft()
        for source, standing in sorted(paths.paths.get(entry, {}).items()):
            if standing is PathStanding.UNKNOWN or source in came_from:
                continue
            came_from[source] = entry
            if source == start:
                return UpgradeRoute(_hops(came_from, start))
            ahead.append(source)
    return NoRoute(_missing(paths, start, target))


def _hops(following: Mapping[str, str], start: str) -> tuple[str, ...]:
    hops = []
    entry = following[start]
    while entry:
        hops.append(entry)
        entry = following[entry]
    return tuple(hops)


def _missing(paths: PathGraph, start: str, target: str) -> str:
    known = paths.knowledge.get(target, PathKnowledge.UNKNOWN)
    if known is PathKnowledge.NONE:
        return f"{target} has no upgrade path (N/A): it is installed at manufacture only"
    if known is PathKnowledge.UNKNOWN:
        return f"the upgrade paths to {target} are unknown: ask its manufacturer to state them"
    if paths.paths.get(target, {}).get(start) is PathStanding.UNKNOWN:
        return f"the standing of the path from {start} to {target} is unknown: have it stated"
    return f"no path from {start} to {target} is stated: ask the manufacturer to state one"


def circle(paths: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Find a circle among paths.

    Args:
        paths: for each entry, the entries from which it is reached.

    Returns:
        the entries of one circle, each reached from the next and the last from the first; empty
        where there is none.
    """
    ordered = {entry: sorted(paths[entry]) for entry in sorted(paths)}
    try:
        TopologicalSorter(ordered).prepare()
    except CycleError as error:
        _, *found = error.args[1]
        return tuple(reversed(found))
    return ()
