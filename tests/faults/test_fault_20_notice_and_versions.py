"""Fault 20: notices that are too short or late, and versions that were skipped, over any dates and any graph.

A refusal has a reason, setting a rule aside is in the audit trail, and no hub is told anything before its time.
Source: SEC Appendix AB, clause 5.2; Communications Hub firmware management (001), section 3.5; document 004.
"""

from dataclasses import replace

from hypothesis import event, given
from hypothesis import strategies as st

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import (
    THIRD_VERSION,
    ApproveCampaign,
    OverrideRule,
    ProposeCampaign,
)
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.notices.delivery import NoticeDelivered
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.paths import OverridePath, path_refusals
from ota_engine.fleet.releases.repository import EnterRepository, RepositoryEntry, StatedPath
from ota_engine.fleet.releases.rows import (
    FirmwareRelease,
    PathKnowledge,
    PathStanding,
    ReleaseType,
)
from tests.fleet.estate import DAY, VERSION, Estate
from tests.fleet.rollout import RollOutTown, policy
from tests.fleet.town import Town
from tests.tiers import examples

WEEK = 7 * DAY
PARTS = 4  # of a step, at the end of each of which somebody looks
PARTIES = "east", "west", "north"


# --- dates ----------------------------------------------------------------------------------------


@given(days=st.integers(-1, 8))
@examples(20)
def test_a_campaign_that_gives_less_than_seven_days_is_refused_with_the_reason(days: int) -> None:
    town = RollOutTown(1)
    town.approved_release()
    proposed = ProposeCampaign("c1", "r1", canonical_json(policy(notice_days=days)))
    reply = town.ask("olive", proposed)
    assert reply.accepted == (days >= 7)
    if not reply.accepted:
        assert "notice" in reply.text
        assert "\n" not in reply.text


@given(
    homes=st.lists(
        st.tuples(st.sampled_from(PARTIES), st.sampled_from(PARTIES)), min_size=1, max_size=5
    ),
    notice_days=st.integers(7, 9),
    steps=st.lists(
        st.tuples(
            st.floats(0.0, 5.0), st.lists(st.sampled_from(PARTIES), max_size=3), st.booleans()
        ),
        min_size=1,
        max_size=6,
    ),
)
@examples(60)
def test_no_hub_hears_of_a_release_less_than_seven_days_after_the_last_of_its_suppliers_did(
    homes: list[tuple[str, str]],
    notice_days: int,
    steps: list[tuple[float, list[str], bool]],
) -> None:
    """Whenever notices reach whom they reach, late, twice or never."""
    town = Town()
    suppliers = {}
    for number, (electricity, gas) in enumerate(homes):
        town.home(f"h{number}", electricity, gas)
        suppliers[f"h{number}"] = {electricity, gas}
    text = {**policy(), "notice_days": notice_days}
    town.campaign(policy=text)
    reached: dict[str, float] = {}
    for days, parties, twice in [*steps, (15.0, [], False)]:
        for party in parties:
            if town.deliver(party):
                reached.setdefault(party, town.utc)
        if twice:
            sent = town.rows(Notice, state=NoticeState.DELIVERED)
            town.happen(*(NoticeDelivered(one.notice, one.party) for one in sent))
        for _ in range(PARTS):
            town.pass_time(days * DAY / PARTS)
            for one in town.instructions():
                those = suppliers[one.home]
                assert those <= reached.keys(), "somebody was never told"
                assert max(reached[party] for party in those) + WEEK <= town.utc
    event(f"{len(town.instructions())} of {len(homes)} homes in the end")
    assert town.store.verify_audit() is None


# --- versions -------------------------------------------------------------------------------------


@given(
    running=st.lists(st.sampled_from((1, 2, VERSION - 1, VERSION)), min_size=1, max_size=4),
    overridden=st.booleans(),
)
@examples(40)
def test_a_third_version_is_refused_by_name_and_let_in_only_by_an_audited_override(
    running: list[int], overridden: bool
) -> None:
    town = RollOutTown(len(running))
    for device, version in zip(town.rows(InstalledDevice), running, strict=True):
        town.put(replace(device, version=version))
    town.approved_release()
    town.decide("olive", ProposeCampaign("c1", "r1", canonical_json(policy())))
    too_many = len({*running, VERSION}) > 2
    reply = town.ask("peter", ApproveCampaign("c1"))
    assert reply.accepted == (not too_many), reply.text
    if not too_many:
        return
    assert "third version" in reply.text
    assert all(f"{version:08X}" in reply.text for version in {*running} - {VERSION})
    if overridden:
        town.decide("peter", OverrideRule("c1", THIRD_VERSION), "until May")
        town.decide("paula", ApproveCampaign("c1"))
        (line,) = [row for row in lines(town) if row[0] == "override"]
        assert "until May" in line[1]
    else:
        town.pass_time(60 * DAY)
        assert town.instructions() == []


VERSIONS = st.integers(1, 5)


@given(
    paths=st.sets(st.tuples(VERSIONS, VERSIONS).filter(lambda pair: pair[0] < pair[1])),
    running=st.lists(VERSIONS, min_size=1, max_size=3, unique=True),
    target=st.integers(2, 6),
    set_aside=st.booleans(),
)
@examples(80)
def test_over_any_graph_of_paths_a_skipped_version_is_refused_and_setting_it_aside_is_audited(
    paths: set[tuple[int, int]], running: list[int], target: int, set_aside: bool
) -> None:
    estate = Estate(1)
    entries = [entry(version, paths) for version in range(1, 7)]
    estate.decide("ada", EnterRepository(tuple(entries)), "as the repository lists them")
    entered = EnterRelease("r", "hub-1", target, f"C{target}", ReleaseType.PLANNED, "ab" * 32)
    estate.decide("olive", entered)
    release = estate.row(FirmwareRelease)
    found = estate.read(lambda work: path_refusals(work, release, running))
    for version in running:
        direct = version == target or (version, target) in paths
        assert (version not in found) == direct, f"{version} to {target}: {found.get(version)}"
        if direct:
            continue
        assert "\n" not in found[version]
        if set_aside:
            estate.decide("peter", OverridePath("r", version), "the maker agreed")
    left = estate.read(lambda work: path_refusals(work, release, running))
    assert left == ({} if set_aside else found)
    audited = [text for action, text in lines(estate) if "the maker agreed" in text]
    assert len(audited) == (len(found) if set_aside else 0)
    assert estate.store.verify_audit() is None


def entry(version: int, paths: set[tuple[int, int]]) -> RepositoryEntry:
    sources = sorted(source for source, to in paths if to == version)
    known = PathKnowledge.STATED if sources else PathKnowledge.NONE
    stated_ways = tuple(
        StatedPath(f"C{source}", PathStanding.MANDATORY, "maker") for source in sources
    )
    return RepositoryEntry(f"C{version}", "hub-1", version, known, stated_ways)


def lines(estate: Estate) -> list[tuple[str, str]]:
    with estate.store.reading():
        return [(row.record.action, row.record.detail) for row in estate.store.trail()]
