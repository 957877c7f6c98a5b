"""What can be asked of gateways: how each stands, what it is to do, what is wrong with it, what goes on live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ota_engine.fleet.gateways.rows import (
    GatewayAlert,
    GatewayContact,
    HomeMove,
    MoveState,
    RegisteredGateway,
)
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Counts, RowKey, Select
from ota_engine.fleet.port import Instruction, InstructionState, Verb
from ota_engine.gateway.wire import LiveTransfer
from ota_engine.head_end.questions.asking import (
    EVERY_HOME,
    NotThereError,
    QuestionRow,
    Questions,
    View,
)
from ota_engine.head_end.questions.paging import bounded, cursor, cut, place
from ota_engine.head_end.questions.scope import HOMES, sees_home
from ota_engine.store.fleet.book import FleetStore

SILENT_S: Final = 900.0  # after which a gateway that says nothing counts as silent
MOST_SHOWN: Final = 200  # homes, instructions and alerts of one gateway


class GatewayStanding(StrEnum):
    """How a gateway stands, in a word."""

    ADMITTED = "admitted"  # it has not registered yet
    WORKING = "working"
    TROUBLED = "in trouble"
    SILENT = "silent"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class AskGateways:
    """Which gateways there are and how each stands, by their names.

    Attributes:
        most: give no more than so many.
        after: ``more`` of the page before.
    """

    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class GatewayLine:
    """One gateway.

    Attributes:
        gateway: its name.
        standing: in a word.
        seen_utc: when it said anything last; None for never.
        software: what it runs, in its own words.
        protocol: version of the words that both speak.
        clock_off_s: seconds by which its clock is ahead.
        homes: that belong to it.
        running: homes whose hub runs, by its own word.
        waiting: instructions that it has not taken.
        heard: number of the last of its outcomes that is kept.
        trouble: what is wrong with it, in one line; empty for nothing.
    """

    gateway: str
    standing: GatewayStanding
    seen_utc: float | None
    software: str
    protocol: int
    clock_off_s: float
    homes: int
    running: int
    waiting: int
    heard: int
    trouble: str


@dataclass(frozen=True, slots=True)
class GatewayList:
    """Gateways, on this page and in all."""

    items: tuple[GatewayLine, ...]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class AskGateway:
    """How one gateway stands."""

    gateway: str


@dataclass(frozen=True, slots=True)
class WaitingInstruction:
    """Something that a gateway has not taken yet."""

    home: str
    campaign: str
    verb: Verb
    at_utc: float | None


@dataclass(frozen=True, slots=True)
class GatewaySheet:
    """One gateway, with what belongs to it; no more than ``MOST_SHOWN`` of each.

    Attributes:
        line: how it stands.
        address: from where it called last; empty for never.
        instance: what tells it from another of its name; empty before it has registered.
        registered_utc: when it did; None before.
        code_until_utc: until when a code can be used that it has not used; None for none.
        revision: of the gateway.
        changed: what was decided about it last.
        revoked: why it may take nothing any more; empty while it may.
        homes: that belong to it.
        leaving: of these, by the gateway that each goes to.
        waiting: what it has not taken.
        alerts: what somebody has to look at.
    """

    line: GatewayLine
    address: str
    instance: str
    registered_utc: float | None
    code_until_utc: float | None
    revision: int
    changed: str
    revoked: str
    homes: tuple[str, ...]
    leaving: Mapping[str, str]
    waiting: tuple[WaitingInstruction, ...]
    alerts: tuple[GatewayAlert, ...]


@dataclass(frozen=True, slots=True)
class AskLive:
    """Which transfers are under way now; by asking, one has gateways tell of them for a while.

    Attributes:
        home: in this home alone; empty for all.
        most: give no more than so many.
    """

    home: str = ""
    most: int = 200


@dataclass(frozen=True, slots=True)
class LiveLine:
    """One transfer under way.

    Attributes:
        gateway: that tells of it.
        transfer: as it told.
        since_utc: when it was told of first.
    """

    gateway: str
    transfer: LiveTransfer
    since_utc: float


@dataclass(frozen=True, slots=True)
class LiveList:
    """Transfers under way.

    Attributes:
        told: they are known here; not so beside the server, which alone is told of them.
        items: the latest first.
    """

    told: bool
    items: tuple[LiveLine, ...]


def _gateways(asked: AskGateways, view: View) -> GatewayList:
    most = bounded(asked.most)
    after = place(asked.after, str)
    store = view.desk.store
    with store.reading():
        rows = store.select(Select(RegisteredGateway))
        later = [row for row in rows if after is None or row.gateway > after[0]]
        page, goes_on = cut(later[: most + 1], most)
        items = _lines(store, page, view.utc)
    more = cursor(items[-1].gateway) if goes_on else ""
    return GatewayList(items, len(rows), more)


def _gateway(asked: AskGateway, view: View) -> GatewaySheet:
    store = view.desk.store
    name = asked.gateway
    with store.reading():
        rows = store.select(Select(RegisteredGateway, (("gateway", name),)))
        if not rows:
            raise NotThereError(f"{name[:60]!a}: there is no such gateway")
        (row,) = rows
        (line,) = _lines(store, rows, view.utc)
        contact = _contacts(store, [name]).get(name)
        leaving = store.select(
            Select(HomeMove, (("state", MoveState.LEAVING), ("source", name)), limit=MOST_SHOWN)
        )
        homes = store.select(Select(Home, (("gateway", name),), (), ("home",), MOST_SHOWN))
        where = (("state", InstructionState.WAITING), ("gateway", name))
        waiting = store.select(Select(Instruction, where, (), ("number", "key"), MOST_SHOWN))
        alerts = store.select(
            Select(
                GatewayAlert,
                (("open", True), ("gateway", name)),
                (),
                ("first_utc",),
                MOST_SHOWN,
            )
        )
    unused = row.code and not row.code_instance and row.code_until_utc >= view.utc
    return GatewaySheet(
        line,
        "" if contact is None else contact.address,
        row.instance,
        row.registered_utc,
        row.code_until_utc if unused else None,
        row.revision,
        row.changed,
        row.revoked,
        tuple(home.home for home in homes),
        {move.home: move.target for move in leaving},
        tuple(WaitingInstruction(one.home, one.campaign, one.verb, one.at_utc) for one in waiting),
        tuple(alerts),
    )


def _live(asked: AskLive, view: View) -> LiveList:
    most = bounded(asked.most)
    if view.live is None:
        return LiveList(told=False, items=())
    found = [one for one in view.live.look() if asked.home in ("", one.transfer.home)]
    store = view.desk.store
    with store.reading():
        names = dict.fromkeys(one.transfer.home for one in found)
        homes = store.load(RowKey(Home, (name,)) for name in names)
        seen = {row.home for _, row in homes if row is not None and sees_home(view, row)}
    mine = [one for one in found if one.transfer.home in seen]
    mine.sort(key=lambda one: (-one.since_utc, one.transfer.home, one.transfer.device))
    lines = (LiveLine(one.gateway, one.transfer, one.since_utc) for one in mine[:most])
    return LiveList(told=True, items=tuple(lines))


def _lines(
    store: FleetStore, rows: Sequence[RegisteredGateway], utc: float
) -> tuple[GatewayLine, ...]:
    waiting = store.count(Counts(Instruction, ("gateway",), (("state", InstructionState.WAITING),)))
    contacts = _contacts(store, [row.gateway for row in rows])
    return tuple(
        _line(row, contacts.get(row.gateway), _homes(store, row.gateway), waiting, utc)
        for row in rows
    )


def _line(
    row: RegisteredGateway,
    contact: GatewayContact | None,
    homes: int,
    waiting: Mapping[tuple[Any, ...], int],
    utc: float,
) -> GatewayLine:
    known = contact or GatewayContact(row.gateway, 0.0)
    return GatewayLine(
        row.gateway,
        _standing(row, contact, utc),
        None if contact is None else contact.seen_utc,
        known.software,
        known.protocol,
        known.clock_off_s,
        homes,
        known.homes,
        waiting.get((row.gateway,), 0),
        known.heard,
        known.trouble,
    )


def _standing(
    row: RegisteredGateway, contact: GatewayContact | None, utc: float
) -> GatewayStanding:
    if row.revoked:
        return GatewayStanding.REVOKED
    if row.registered_utc is None or contact is None:
        return GatewayStanding.ADMITTED
    if utc > contact.seen_utc + SILENT_S:
        return GatewayStanding.SILENT
    return GatewayStanding.TROUBLED if contact.trouble else GatewayStanding.WORKING


def _homes(store: FleetStore, gateway: str) -> int:
    counts = store.count(Counts(Home, ("gateway",), (("gateway", gateway),)))
    return counts.get((gateway,), 0)


def _contacts(store: FleetStore, names: list[str]) -> dict[str, GatewayContact]:
    found = store.load(RowKey(GatewayContact, (name,)) for name in names)
    return {row.gateway: row for _, row in found if row is not None}


QUESTIONS: Final[Questions] = {
    AskGateways: QuestionRow("gateways", _gateways, GatewayList, EVERY_HOME),
    AskGateway: QuestionRow("gateways/{gateway}", _gateway, GatewaySheet, EVERY_HOME),
    AskLive: QuestionRow("live", _live, LiveList, HOMES),
}
