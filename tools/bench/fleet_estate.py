"""Estates to measure the fleet on, what hubs say there, and the bare statements it is compared with."""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from emulators.estate.paperwork import paperwork, stated_paths
from emulators.estate.population import EstateSpec, homes, people
from emulators.estate.rehearsal import Rehearsal
from emulators.estate.rehearsed import Rehearsed
from emulators.estate.scenario import Scenario, read_scenario
from emulators.simulation.journal import Journal
from ota_engine.canonical import canonical_json
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.fleet import Fleet, FleetEvent
from ota_engine.fleet.kernel.decisions import Decision
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.notices.delivery import NoticeDelivered
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.port import (
    HubOutcome,
    HubWord,
    Instruction,
    InstructionState,
    InstructionTaken,
    Verb,
)
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.rows import ReleaseType
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.backends.database import Database
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc

BEGIN = Utc(1_800_000_000.0)
OLD_VERSION, VERSION = 0x0001_0000, 0x0002_0000
KEY = "00112233445566778899aabbccddeeff"
BATCH = 1_000  # outcomes in one commit, or bare updates
WORDS = (HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED)
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "hub-campaign.toml"
GATE = {"observation_s": 0.0}


class CountingDesk(FleetDesk):
    """A desk that counts the transitions of homes, and may be told to stop.

    Attributes:
        transitions: homes begun, and words of hubs about them.
        seconds: of processor time in which they were handled.
    """

    transitions = 0
    seconds = 0.0
    most: int | None = None

    def handle_within(
        self, events: Sequence[FleetEvent], utc: Utc, known: Iterable[Any] = ()
    ) -> list[Reply]:
        """Let events happen, and count."""
        self.transitions += sum(isinstance(one, HubOutcome | InstructionTaken) for one in events)
        if self.most is not None and self.transitions > self.most:
            raise Enough
        began = time.process_time()
        try:
            return super().handle_within(events, utc, known)
        finally:
            self.seconds += time.process_time() - began


class Enough(Exception):  # noqa: N818 - no error: what was to be measured has been
    """As many transitions as were wanted."""


@contextmanager
def estate(number: int, seed: int) -> Iterator[CountingDesk]:
    """A database of so many homes, in a file that goes with the block."""
    spec = EstateSpec(number, seed)
    with tempfile.TemporaryDirectory() as folder:
        store = FleetStore.open(Path(folder) / "fleet.sqlite", durable=False)
        with store.transaction():
            store.insert(people(spec))
            store.insert(homes(spec))
        yield CountingDesk(Fleet(), store)
        store.close()


def decide(desk: FleetDesk, person: str, act: object, utc: Utc) -> None:
    """Let a person decide something that must be taken."""
    reply = desk.decide(Decision(f"{person}/{act!r}", person, act, "bench", None, utc), utc)
    if not reply.accepted:
        raise RuntimeError(reply.text)


def offered(desk: FleetDesk, number: int) -> tuple[list[Instruction], Utc]:
    """Bring a campaign of one phase so far that all homes are begun.

    Returns:
        what gateways were told, and the time.
    """
    phase = {"name": "all", "per_hour": number * 1_000, "at_once": number * 2, "gate": GATE}
    policy = canonical_json({"key": KEY, "notice_days": 7, "phases": [phase]})
    cpl, digest = "CPL-1", "ab" * 32
    release = EnterRelease("r1", "hub-1", VERSION, cpl, ReleaseType.PLANNED, digest)
    with desk.store.transaction():
        desk.store.insert(stated_paths("hub-1", {"CPL-0": OLD_VERSION, cpl: VERSION}))
        desk.store.insert(paperwork("r1", VERSION, cpl, digest, BEGIN))
    for person, act in (
        ("olive", release),
        ("peter", ApproveRelease("r1")),
        ("olive", ProposeCampaign("c1", "r1", policy)),
        ("peter", ApproveCampaign("c1")),
    ):
        decide(desk, person, act, BEGIN)
    told: list[Instruction] = []
    utc = BEGIN
    while len(told) < number:
        told += take(desk, utc)
        following = desk.next_wake()
        if following is None:
            raise RuntimeError(f"only {len(told)} homes were begun")
        utc = max(utc, following)
        desk.wake(utc)
    return told, utc


def take(desk: FleetDesk, utc: Utc) -> list[Instruction]:
    """Take what waits for gateways and parties; returns what homes are to be given."""
    store = desk.store
    with store.reading():
        waiting = store.select(Select(Instruction, (("state", InstructionState.WAITING),)))
        notices = store.select(Select(Notice, (("state", NoticeState.WAITING),)))
    desk.handle([InstructionTaken(one.key) for one in waiting], utc)
    desk.handle([NoticeDelivered(one.notice, one.party) for one in notices], utc)
    return [one for one in waiting if one.verb is Verb.ASSIGN]


def outcomes(told: Sequence[Instruction], word: HubWord, utc: Utc) -> list[FleetEvent]:
    """What the hubs of some homes say."""
    return [
        HubOutcome(
            f"{one.key}/{word}",
            one.campaign,
            one.attempt,
            one.home,
            one.device,
            word,
            "",
            one.version if word is HubWord.ACTIVATED else None,
            b"",
            utc,
        )
        for one in told
    ]


def bare_plan(driver: Database) -> None:
    """Insert the rows of all members in the order of the hash, with nothing else."""
    driver.execute("BEGIN IMMEDIATE")
    driver.execute(
        "CREATE TABLE bare (campaign, home, device, phase, stratum, rank, state, reason, since_utc,"
        " attempt, version_before)"
    )
    driver.execute(
        "INSERT INTO bare SELECT 'c1', h.home, d.device, 1, h.configuration,"
        " draw_number(?, h.home) AS number, 'planned', '', 0.0, 0, d.version"
        " FROM homes AS h JOIN fleet_devices AS d ON d.home = h.home ORDER BY number, h.home",
        (bytes.fromhex(KEY),),
    )
    driver.execute("ROLLBACK")


def bare_members(driver: Database) -> None:
    """Make a copy of the members, with their indexes and nothing else."""
    (text,) = driver.execute("SELECT sql FROM sqlite_master WHERE name = 'members'").fetchone()
    driver.execute(text.replace("TABLE members", "TABLE bare_members"))
    for name, text in driver.execute(
        "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'members' AND type = 'index'"
        " AND sql IS NOT NULL"
    ).fetchall():
        driver.execute(
            text.replace(name, f"bare_{name}").replace(" ON members", " ON bare_members")
        )
    driver.execute("INSERT INTO bare_members SELECT * FROM members")


def bare_update(driver: Database) -> None:
    """Update every row of that copy once, in one statement and one commit."""
    driver.execute("BEGIN IMMEDIATE")
    driver.execute("UPDATE bare_members SET state = 'bare', since_utc = ?", (BEGIN,))
    driver.execute("COMMIT")


def bare_transitions(driver: Database, told: Sequence[Instruction]) -> None:
    """Update a copy of the members, as often as hubs say something, with a line of audit each."""
    bare_members(driver)
    driver.execute(
        "CREATE TABLE bare_audit (sequence INTEGER PRIMARY KEY, utc, actor, action, subject, detail)"
    )
    sequence = 0
    for word in WORDS:
        for start in range(0, len(told), BATCH):
            part = told[start : start + BATCH]
            driver.execute("BEGIN IMMEDIATE")
            driver.executemany(
                "UPDATE bare_members SET state = ?, since_utc = ?, due_utc = ?"
                " WHERE campaign = ? AND home = ?",
                [(word, BEGIN, BEGIN, one.campaign, one.home) for one in part],
            )
            driver.executemany(
                "INSERT INTO bare_audit VALUES (?, ?, 'hub', ?, ?, '')",
                [(sequence + at, BEGIN, word, one.home) for at, one in enumerate(part)],
            )
            sequence += len(part)
            driver.execute("COMMIT")


def rehearse(number: int, seed: int, most: int | None = None) -> tuple[CountingDesk, float]:
    """Rehearse the shipped example on an estate of so many homes, to the end or to a limit.

    Returns:
        the desk, and the processor time of everything but making the estate.
    """
    with rehearsed(read_scenario(EXAMPLE.read_text(), number, seed), most) as (desk, took, _):
        return desk, took


@contextmanager
def rehearsed(
    scenario: Scenario, most: int | None = None
) -> Iterator[tuple[CountingDesk, float, Rehearsed | None]]:
    """Rehearse a scenario, to the end or to a limit; its database goes with the block.

    Yields:
        the desk, the processor time of everything but making the estate, and the result at its end.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = FleetStore.open(Path(folder) / "fleet.sqlite", durable=False)
        desk = CountingDesk(Fleet(), store)
        desk.most = most
        began = time.process_time()
        spent = [0.0]
        insert = store.insert

        def untimed(rows: Iterator[object]) -> None:
            before = time.process_time()
            insert(rows)
            spent[0] += time.process_time() - before

        store.insert = untimed  # type: ignore[method-assign, assignment] # only here, to leave it out
        result = None
        with suppress(Enough):
            result = Rehearsal(scenario, desk, Journal()).run()
        took = time.process_time() - began - spent[0]
        try:
            yield desk, took, result
        finally:
            store.close()
