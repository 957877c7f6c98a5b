"""A path with a circle: refused when it is stated, and walked to an end where it stands all the same."""

from ota_engine.fleet.releases.paths import path_refusals
from ota_engine.fleet.releases.repository import (
    EditPaths,
    EnterRepository,
    RepositoryEntry,
    StatedPath,
)
from ota_engine.fleet.releases.rows import (
    FirmwareRelease,
    PathKnowledge,
    PathStanding,
    UpgradePath,
)
from tests.fleet.estate import Estate


def entry(number: int, *sources: str) -> RepositoryEntry:
    known = PathKnowledge.STATED if sources else PathKnowledge.NONE
    stated = tuple(StatedPath(source, PathStanding.MANDATORY, "maker") for source in sources)
    return RepositoryEntry(f"C{number}", "hub-1", number, known, stated)


def test_a_circle_in_a_file_is_named_and_nothing_of_it_counts() -> None:
    estate = Estate(1)
    act = EnterRepository((entry(1, "C3"), entry(2, "C1"), entry(3, "C2")))
    assert "circle: C1 from C3 from C2 from C1" in estate.refused("ada", act)
    assert not estate.rows(UpgradePath)


def test_an_edit_that_closes_a_circle_is_refused() -> None:
    estate = Estate(1)
    estate.decide("ada", EnterRepository((entry(1), entry(2, "C1"), entry(3, "C2"))))
    assert "circle" in estate.refused("ada", EditPaths(entry(1, "C3")))
    assert "circle" in estate.refused("ada", EditPaths(entry(1, "C1")))


def test_the_planner_ends_where_a_circle_stands_all_the_same() -> None:
    estate = Estate(1)
    estate.approved_release()
    release = estate.row(FirmwareRelease)
    for target, source in (("X", "Y"), ("Y", "X"), (release.cpl, "X")):
        estate.put(UpgradePath(target, source, "hub-1", PathStanding.MANDATORY, "maker"))
    found = estate.read(lambda work: path_refusals(work, release, [0x77]))
    assert "no CPL entry" in found[0x77]
