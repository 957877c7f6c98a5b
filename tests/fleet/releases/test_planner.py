"""The way over the graph of paths: found, missing in so many ways, and never endless."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.fleet.releases.planner import NoRoute, UpgradeRoute, circle, graph, plan
from ota_engine.fleet.releases.rows import PathKnowledge, PathStanding, UpgradePath

STATED = PathKnowledge.STATED
MANDATORY = PathStanding.MANDATORY


def paths(*pairs: tuple[str, str], standing: PathStanding = MANDATORY) -> list[UpgradePath]:
    """Paths from the first to the second of each pair."""
    return [UpgradePath(target, source, "v", standing, "maker") for source, target in pairs]


def way(start: str, target: str, *pairs: tuple[str, str]) -> UpgradeRoute | NoRoute:
    found = paths(*pairs)
    return plan(graph({path.cpl: STATED for path in found}, found), start, target)


def test_one_hop_is_found() -> None:
    assert way("A", "B", ("A", "B")) == UpgradeRoute(("B",))


def test_of_several_ways_the_shortest_is_taken() -> None:
    pairs = (("A", "B"), ("B", "C"), ("C", "D"), ("A", "C"))
    assert way("A", "D", *pairs) == UpgradeRoute(("C", "D"))


def test_a_missing_path_is_named() -> None:
    found = way("A", "C", ("B", "C"))
    assert isinstance(found, NoRoute)
    assert found.reason.startswith("no path from A to C is stated")


def test_none_is_not_unknown() -> None:
    none = plan(graph({"B": PathKnowledge.NONE}, []), "A", "B")
    unknown = plan(graph({"B": PathKnowledge.UNKNOWN}, []), "A", "B")
    assert isinstance(none, NoRoute) and "N/A" in none.reason
    assert isinstance(unknown, NoRoute) and "are unknown" in unknown.reason
    assert plan(graph({}, []), "A", "B") == unknown


def test_a_path_of_unknown_standing_is_not_walked() -> None:
    found = graph({"B": STATED}, paths(("A", "B"), standing=PathStanding.UNKNOWN))
    answer = plan(found, "A", "B")
    assert isinstance(answer, NoRoute) and "standing" in answer.reason


def test_best_endeavours_are_walked() -> None:
    found = graph({"B": STATED}, paths(("A", "B"), standing=PathStanding.BEST_ENDEAVOURS))
    assert plan(found, "A", "B") == UpgradeRoute(("B",))


NAMES = st.sampled_from("ABCDEFG")


@given(st.lists(st.tuples(NAMES, NAMES), max_size=20), NAMES, NAMES)
def test_any_graph_is_walked_to_an_end_along_stated_paths(
    pairs: list[tuple[str, str]], start: str, target: str
) -> None:
    answer = way(start, target, *pairs)
    if isinstance(answer, UpgradeRoute):
        steps = (start, *answer.hops)
        assert answer.hops[-1] == target
        assert set(pairwise(steps)) <= set(pairs)
        assert len(set(answer.hops)) == len(answer.hops)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=20))
def test_a_circle_is_named_exactly_where_there_is_one(pairs: list[tuple[str, str]]) -> None:
    sources: dict[str, set[str]] = {}
    for source, target in pairs:
        sources.setdefault(target, set()).add(source)
    found = circle(sources)
    for entry, source in zip(found, (*found[1:], *found[:1]), strict=True):
        assert source in sources[entry]
    left = {name: set(those) for name, those in sources.items()}
    while free := {
        name for name in {*left, *(s for t in left.values() for s in t)} if not left.get(name)
    }:
        left = {name: those - free for name, those in left.items() if name not in free}
    assert bool(found) == bool(left)
