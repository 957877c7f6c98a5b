"""What may be decided beside what others decide, and what is decided alone."""

from dataclasses import replace
from typing import Any

import pytest

from images.eui64 import Eui64
from ota_engine.fleet.beside import AloneError, Beside, homes_of
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    GatewayReport,
    Member,
    MemberState,
    PhaseState,
    Sum,
    SumSample,
)
from ota_engine.fleet.fleet import Due, FleetEvent
from ota_engine.fleet.inventory.rows import Home, HomeStatus, InstalledDevice
from ota_engine.fleet.kernel.effects import AuditNote, Draw, Join, Reply, Tally
from ota_engine.fleet.kernel.rows import (
    Ask,
    Changed,
    Counts,
    RowKey,
    Select,
    Standings,
    Strata,
    Unloaded,
    key_of,
)
from ota_engine.fleet.notices.delivery import NoticeDelivered
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, InstructionTaken, Verb
from ota_engine.times import Utc

DEVICE = Eui64(0x00DB_1234_0000_0001)
TARGETS = Strata("hub-1", (), 2)


def member(home: str, **changes: Any) -> Member:
    row = Member("c", home, DEVICE, 1, "set-a", 7, MemberState.OFFERED, since_utc=1.0)
    return replace(row, **changes)


def outcome(home: str) -> HubOutcome:
    return HubOutcome("k", "c", 1, home, DEVICE, HubWord.REACHED, "", None, b"", Utc(1.0))


def phase(**changes: Any) -> CampaignPhase:
    return replace(CampaignPhase("c", 1, "pilot", PhaseState.RUNNING), **changes)


def home(name: str) -> Home:
    return Home(name, "North", "gw", HomeStatus.COMPLETE, "set-a", "east", "east")


def notice(name: str) -> Notice:
    return Notice(name, "east", NoticeKind.ACTIVATED, "home:h1", "it runs", "{}", 1.0)


def changed(before: Any, after: Any) -> Changed:
    row = after if before in (None, Unloaded.UNKNOWN) else before
    return Changed(key_of(row), before, after)


def test_a_batch_is_of_the_homes_that_its_events_name() -> None:
    events: list[FleetEvent] = [outcome("h1"), Due(member("h2")), InstructionTaken("c/h3/1/assign")]
    homes = homes_of(events, lambda keys: dict.fromkeys(keys, "h3"))
    assert homes == frozenset(("h1", "h2", "h3"))


@pytest.mark.parametrize("event", [Due(phase()), NoticeDelivered("n", "east")])
def test_a_batch_with_an_event_of_no_home_is_decided_alone(event: Any) -> None:
    assert homes_of([outcome("h1"), event], lambda keys: {}) is None


@pytest.mark.parametrize(
    "ask",
    [
        RowKey(Member, ("c", "h1")),
        RowKey(Home, ("h1",)),
        RowKey(InstalledDevice, (DEVICE,)),
        RowKey(Campaign, ("c",)),
        RowKey(CampaignPhase, ("c", 1)),
        Select(Instruction, (("home", "h1"),)),
        Select(Campaign, (("state", "running"),)),
    ],
)
def test_rows_of_its_own_homes_and_of_nobody_are_read_beside_others(ask: Ask) -> None:
    Beside(["h1"]).asks([ask])


@pytest.mark.parametrize(
    "ask",
    [
        RowKey(Member, ("c", "h2")),
        RowKey(Home, ("h2",)),
        RowKey(Sum, ("c", 1, "planned", "")),
        RowKey(SumSample, ("c", 1, "planned", 1)),
        Select(Sum, (("campaign", "c"),)),
        Select(Member, (("campaign", "c"),)),
        Select(Member, (("home", "h2"),)),
        Select(CampaignPhase, (("campaign", "c"),)),
        Select(Notice, (("subject", "home:h1"),)),
        Counts(Member, ("state",)),
        TARGETS,
        Standings((DEVICE,)),
    ],
)
def test_rows_of_other_homes_and_what_moves_is_read_alone(ask: Ask) -> None:
    with pytest.raises(AloneError):
        Beside(["h1"]).asks([ask])


def test_a_row_that_turns_out_to_be_of_another_home_is_decided_alone() -> None:
    ask = RowKey(Instruction, ("c/h2/1/assign",))
    row = Instruction("c/h2/1/assign", "gw", "c", 1, "h2", DEVICE, Verb.ASSIGN)
    watch = Beside(["h1"])
    watch.asks([ask])
    watch.found([(ask, None)])
    with pytest.raises(AloneError, match="Instruction of another home"):
        watch.found([(ask, row)])


@pytest.mark.parametrize(
    "change",
    [
        changed(member("h1"), member("h1", state=MemberState.TRANSFERRED)),
        changed(None, member("h1")),
        changed(phase(), phase(due_utc=5.0, last_end_utc=5.0, observed_utc=5.0)),
        changed(None, GatewayReport("gw", 1.0)),
        changed(GatewayReport("gw", 1.0), GatewayReport("gw", 2.0)),
        changed(Unloaded.UNKNOWN, notice("n")),
    ],
)
def test_its_own_rows_marks_and_what_is_added_are_kept_beside_others(change: Changed) -> None:
    tally = Tally("c", 1, "activated", "", 1)
    Beside(["h1"]).keeps([change], [tally, AuditNote("fleet", "noted", "home:h1", {})])


@pytest.mark.parametrize(
    "change",
    [
        changed(member("h2"), member("h2", state=MemberState.TRANSFERRED)),
        changed(home("h2"), None),
        changed(phase(), phase(state=PhaseState.PENDING)),
        changed(phase(), None),
        changed(Unloaded.UNKNOWN, phase(due_utc=5.0)),
        changed(notice("n"), replace(notice("n"), delivered_utc=5.0)),
        changed(notice("n"), None),
    ],
)
def test_what_others_read_is_changed_alone(change: Changed) -> None:
    with pytest.raises(AloneError):
        Beside(["h1"]).keeps([change], [])


def test_what_was_looked_for_in_vain_is_not_added_beside_others() -> None:
    watch = Beside(["h1"])
    watch.asks([key_of(notice("n"))])
    with pytest.raises(AloneError):
        watch.keeps([changed(None, notice("n"))], [])


@pytest.mark.parametrize(
    "effect",
    [
        Reply(True, "", "", 1),
        Draw("c", "00", TARGETS, (), 1.0),
        Join("c", "00", TARGETS, 1, 1.0),
    ],
)
def test_decisions_and_what_is_of_all_homes_are_alone(effect: Any) -> None:
    with pytest.raises(AloneError):
        Beside(["h1"]).keeps([], [effect])
