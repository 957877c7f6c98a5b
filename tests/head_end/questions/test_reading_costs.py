"""What a page about a campaign costs: the same over any number of homes, counted in steps of the database."""

from collections.abc import Callable
from itertools import count
from typing import Any, Final

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.kernel.decisions import SUPPLIERS
from ota_engine.head_end.questions.asking import LOCAL, View, Viewer
from ota_engine.head_end.questions.campaigns import AskCampaign, AskCampaigns, AskWaiting
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.questions.gates import AskGateHistory
from ota_engine.head_end.questions.homes import AskHome
from ota_engine.head_end.questions.homes_in_campaigns import AskCampaignHomes
from ota_engine.head_end.questions.notices import AskNotices
from ota_engine.head_end.questions.overview import AskOverview
from tests.fleet.databases import sqlite_of
from tests.fleet.estate import Estate
from tests.fleet.rollout import phase, policy

FEW, MANY = 800, 8_000
MOST: Final = 1.2  # times as many steps for ten times as many homes
REASONS: Final = 8


def rolled_out(homes: int) -> Estate:
    """An estate with a campaign under way: a third of the homes wait, for a few reasons."""
    estate = Estate(homes)
    estate.approved_release()
    text = canonical_json(policy(phase("pilot", homes // 2), phase("mass")))
    estate.decide("olive", ProposeCampaign("c1", "r1", text))
    estate.decide("peter", ApproveCampaign("c1"))
    driver = estate.store.driver
    with estate.store.transaction():
        driver.execute(
            "UPDATE members SET state = 'waiting', reason = 'reason ' || (rank % ?),"
            " since_utc = since_utc + rank WHERE rank % 3 = 0",
            (REASONS,),
        )
        driver.execute("UPDATE members SET state = 'activated' WHERE rank % 3 = 1")
        driver.execute("DELETE FROM sums")
        driver.execute(
            "INSERT INTO sums SELECT campaign, phase, state, reason, count(*) FROM members"
            " GROUP BY 1, 2, 3, 4"
        )
    return estate


@pytest.fixture(scope="module")
def few() -> Estate:
    return rolled_out(FEW)


@pytest.fixture(scope="module")
def many() -> Estate:
    return rolled_out(MANY)


def steps(estate: Estate, call: Callable[[], Any]) -> int:
    """Count the steps that the database takes."""
    call()  # statements are prepared once
    counted = count()
    sqlite_of(estate.store).set_progress_handler(lambda: next(counted) < 0, 1)
    try:
        call()
    finally:
        sqlite_of(estate.store).set_progress_handler(None, 1)
    return next(counted)


@pytest.mark.parametrize(
    "question",
    [
        AskCampaign("c1"),
        AskWaiting("c1"),
        AskCampaigns(),
        AskGateHistory("c1"),
        AskCampaignHomes("c1", ("waiting",), most=10),
        AskCampaignHomes("c1", ("waiting",), "reason 3", 2, most=10),
        AskNotices(homes=False, subject="campaign:c1"),
        AskHome("h00000003"),
    ],
    ids=repr,
)
def test_a_page_about_a_campaign_costs_the_same_over_any_number_of_homes(
    few: Estate, many: Estate, question: Any
) -> None:
    small, large = (
        steps(estate, lambda estate=estate: ask(question, View(estate.desk, LOCAL, estate.utc)))  # type: ignore[misc] # bound now
        for estate in (few, many)
    )
    assert 0 < large <= MOST * small


@pytest.mark.parametrize("question", [AskOverview(), AskNotices("supplier-1", homes=False, most=6)])
def test_the_newest_notices_to_a_party_are_read_in_the_order_of_an_index(
    few: Estate, question: Any
) -> None:
    driver = sqlite_of(few.store)
    viewer = Viewer("sam", "supplier-1", frozenset(SUPPLIERS))
    statements: list[str] = []
    driver.set_trace_callback(statements.append)
    try:
        assert ask(question, View(few.desk, viewer, few.utc))
    finally:
        driver.set_trace_callback(None)
    (page,) = [text for text in statements if "ORDER BY r.created_utc DESC" in text]
    plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {page}")]
    assert any("USING INDEX ix_notices_some_party_created_utc (party=?)" in it for it in plan)
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_homes_that_wait_are_listed_the_longest_waiting_first_page_by_page(many: Estate) -> None:
    found: list[tuple[float, str]] = []
    after, pages = "", 0
    while pages == 0 or after:
        question = AskCampaignHomes("c1", ("waiting",), most=200, after=after)
        page = ask(question, View(many.desk, LOCAL, many.utc))
        assert page.total == ask(AskWaiting("c1"), View(many.desk, LOCAL, many.utc)).homes
        found += [(home.since_utc, home.home) for home in page.items]
        after, pages = page.more, pages + 1
    assert found == sorted(set(found))
    assert len(found) == page.total > 1_000
    assert pages == -(-len(found) // 200)


def test_a_supplier_counts_its_own_homes_as_they_are(many: Estate) -> None:
    viewer = Viewer("sam", "supplier-1", frozenset(SUPPLIERS))
    status = ask(AskCampaign("c1"), View(many.desk, viewer, many.utc))
    whole = ask(AskCampaign("c1"), View(many.desk, LOCAL, many.utc))
    rows = many.store.driver.execute(
        "SELECT m.phase, m.state, count(*) FROM members AS m JOIN homes AS h USING (home)"
        " WHERE 'supplier-1' IN (h.electricity, h.gas) GROUP BY 1, 2"
    ).fetchall()
    assert {
        (phase.number, state, homes)
        for phase in status.phases
        for state, homes in (phase.own or {}).items()
    } == set(rows)
    assert [phase.counts for phase in status.phases] == [phase.counts for phase in whole.phases]
    assert [phase.own for phase in whole.phases] == [None, None]
    waiting = sum(homes for _, state, homes in rows if state == "waiting")
    assert sum(one.homes for one in status.waiting) == waiting > 0
    assert all(one.since_utc is not None for one in status.waiting)


@pytest.mark.parametrize("party", ["supplier-1", "supplier-2"])
def test_a_suppliers_homes_that_wait_are_the_same_by_either_way(many: Estate, party: str) -> None:
    viewer = Viewer("sam", party, frozenset(SUPPLIERS))
    rows = many.store.driver.execute(
        "SELECT m.since_utc, m.home FROM members AS m JOIN homes AS h USING (home)"
        " WHERE ? IN (h.electricity, h.gas) AND m.state = 'waiting' ORDER BY 1, 2",
        (party,),
    ).fetchall()
    for most in (
        5,
        1_000,
    ):  # a few are found sooner by the index of homes that wait, many by the supplier's
        found: list[tuple[float, str]] = []
        after = ""
        while not found or after:
            question = AskCampaignHomes("c1", ("waiting",), most=most, after=after)
            page = ask(question, View(many.desk, viewer, many.utc))
            found += [(home.since_utc, home.home) for home in page.items]
            after = page.more
            if most == 5 and len(found) > 40:
                break
        assert found == rows[: len(found)]
        assert page.total == len(rows) >= len(found)
