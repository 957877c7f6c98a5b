"""Rule 20: upgrade paths are CPL entry ids, "N/A" if none, editable later; they inform, and can be overridden.

Source: document 004, upgrade paths in the Central Products List (Firmware Information Repository).
"""

from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.paths import AgreeHops, OverridePath, path_refusals
from ota_engine.fleet.releases.repository import (
    EditPaths,
    EnterRepository,
    RepositoryEntry,
    StatedPath,
)
from ota_engine.fleet.releases.rows import (
    CplEntry,
    FirmwareRelease,
    PathChange,
    PathKnowledge,
    PathOverride,
    PathStanding,
    ReleaseType,
    UpgradePath,
)
from tests.fleet.estate import Estate

MANDATORY = PathStanding.MANDATORY


def entry(
    number: int, *sources: str, knowledge: PathKnowledge | None = None, variant: str = "hub-1"
) -> RepositoryEntry:
    """Version ``number`` as C<number>, reached from some."""
    known = knowledge or (PathKnowledge.STATED if sources else PathKnowledge.NONE)
    stated = tuple(StatedPath(source, MANDATORY, "maker") for source in sources)
    return RepositoryEntry(f"C{number}", variant, number, known, stated)


def listed(*entries: RepositoryEntry) -> Estate:
    """An estate with a repository, and a release r3 of version 3."""
    estate = Estate(1)
    estate.decide("ada", EnterRepository(entries), "as the repository lists them")
    act = EnterRelease("r3", "hub-1", 3, "C3", ReleaseType.PLANNED, "ab" * 32)
    estate.decide("olive", act)
    return estate


def refusals(estate: Estate, *versions: int | None) -> dict[int | None, str]:
    """Which versions may not take r3, and why."""
    release = estate.row(FirmwareRelease)
    return estate.read(lambda work: path_refusals(work, release, versions))


def test_a_stated_path_lets_a_version_take_a_release() -> None:
    assert refusals(listed(entry(1), entry(3, "C1")), 1) == {}


def test_a_refusal_says_which_path_is_missing() -> None:
    found = refusals(listed(entry(1), entry(2), entry(3, "C1")), 1, 2, 9, None)
    assert found.keys() == {2, 9, None}
    assert "no path from C2 to C3 is stated" in found[2]
    assert "hub-1 00000009 has no CPL entry" in found[9]
    assert "reports its version" in found[None]


def test_no_path_is_not_an_unknown_path() -> None:
    none = refusals(listed(entry(1), entry(3)), 1)[1]
    unknown = refusals(listed(entry(1), entry(3, knowledge=PathKnowledge.UNKNOWN)), 1)[1]
    assert "N/A" in none
    assert "are unknown" in unknown


def test_an_approver_overrides_a_refusal_with_a_reason_that_is_kept() -> None:
    estate = listed(entry(1), entry(3))
    assert "may not decide" in estate.refused("sam", OverridePath("r3", 1))
    assert "is empty" in estate.refused("peter", OverridePath("r3", 1), " ")
    estate.decide("peter", OverridePath("r3", 1), "the maker agreed by letter")
    assert refusals(estate, 1) == {}
    kept = estate.row(PathOverride)
    assert (kept.person, kept.reason) == ("peter", "the maker agreed by letter")
    assert "nothing to override" in estate.refused("peter", OverridePath("r3", 1))


def test_whoever_entered_a_release_does_not_override_its_paths() -> None:
    estate = listed(entry(1), entry(3))
    assert "somebody else" in estate.refused("olive", OverridePath("r3", 1))


def test_paths_are_edited_later_with_who_when_and_why() -> None:
    estate = listed(entry(1), entry(2, "C1"), entry(3))
    estate.decide("ada", EditPaths(entry(3, "C2")), "the maker has tested it")
    change = estate.rows(PathChange, cpl="C3")[-1]
    assert (change.number, change.before, change.after) == (2, "N/A", "C2 (mandatory, maker)")
    assert (change.person, change.reason, change.utc) == (
        "ada",
        "the maker has tested it",
        estate.utc,
    )
    estate.decide("ada", EditPaths(entry(3, "C1")), "C2 is withdrawn")
    assert [path.from_cpl for path in estate.rows(UpgradePath, cpl="C3")] == ["C1"]


def test_an_edit_on_what_was_seen_before_another_edit_is_refused() -> None:
    estate = listed(entry(1), entry(3))
    assert estate.ask("ada", EditPaths(entry(3, "C1")), "tested", revision=1).accepted
    late = estate.ask("ada", EditPaths(entry(3)), "not tested", revision=1)
    assert not late.accepted
    assert "revision 2, you saw 1" in late.text


def test_a_repository_entered_twice_changes_nothing() -> None:
    estate = listed(entry(1), entry(2, "C1"))
    text = estate.decide("ada", EnterRepository((entry(1), entry(2, "C1"))), "again")
    assert text.startswith("0 of 2 entries")


def test_ids_and_versions_go_one_to_one() -> None:
    estate = listed(entry(1), entry(3))
    other = RepositoryEntry("C9", "hub-1", 1, PathKnowledge.NONE)
    assert "hub-1 00000001 is C1" in estate.refused("ada", EditPaths(other))
    moved = RepositoryEntry("C1", "hub-1", 7, PathKnowledge.NONE)
    assert "C1 stands for hub-1 00000001" in estate.refused("ada", EditPaths(moved))
    taken = EnterRelease("r4", "hub-1", 4, "C3", ReleaseType.PLANNED, "ab" * 32)
    assert "C3 stands for" in estate.refused("olive", taken)


def test_no_path_leads_from_another_variant_or_from_nowhere() -> None:
    estate = listed(entry(1), entry(3))
    estate.put(Variant("hub-2", "CHF", "Other", "Hub", "1"))
    estate.decide("ada", EditPaths(entry(5, variant="hub-2")), "listed")
    assert "no upgrade" in estate.refused("ada", EditPaths(entry(3, "C5")))
    assert "not listed" in estate.refused("ada", EditPaths(entry(3, "C99")))
    both = RepositoryEntry(
        "C3", "hub-1", 3, PathKnowledge.NONE, (StatedPath("C1", MANDATORY, "m"),)
    )
    assert "either stated, or none" in estate.refused("ada", EditPaths(both))


def test_a_maker_states_paths_of_its_own_products_only() -> None:
    estate = listed(entry(1), entry(3))
    estate.put(Variant("hub-1", "CHF", "Maker", "Hub", "1", maker="another"))
    assert "made by another" in estate.refused("mona", EditPaths(entry(3, "C1")))


def test_more_than_one_hop_takes_an_agreement_that_users_are_told_of() -> None:
    estate = listed(entry(1), entry(2, "C1"), entry(3, "C2"))
    assert "2 hops from C1 (by way of C2)" in refusals(estate, 1)[1]
    assert "nobody agreed" in estate.refused("olive", AgreeHops("C3", "C1", ()))
    estate.decide("olive", AgreeHops("C3", "C1", ("maker", "supplier-1")), "flash is too small")
    assert "roll that out first" in refusals(estate, 1)[1]
    told = {row.party for row in estate.rows(Notice, kind=NoticeKind.ROADMAP)}
    assert {"supplier-1", "supplier-4", "maker"} <= told


def test_smets1_hubs_are_listed_with_paths() -> None:
    estate = Estate(1)
    estate.put(Variant("old-hub", "CHF", "Maker", "Old", "1", smets=1))
    entries = entry(1, variant="old-hub"), entry(2, "C1", variant="old-hub")
    estate.decide("ada", EnterRepository(entries), "SMETS1")
    assert estate.row(CplEntry, cpl="C2").paths is PathKnowledge.STATED
