"""Decides for a whole network of hubs: events, rows and the time in, effects out.

It has the face of the hub's ``Engine`` but for the rows: they are handed to it. ``needs`` names the
rows that an event is sure to want, so that a shell can load those of many events at once; what is
missing then is named by ``RowsWanted``.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from ota_engine.fleet.approvals import acts as approval_acts
from ota_engine.fleet.approvals import ending, testing
from ota_engine.fleet.approvals.rows import UitWindow
from ota_engine.fleet.calendar import consent, deferrals, diary, sequencing, slots, timekeeping
from ota_engine.fleet.calendar.rows import Deferral, HomeDiary, Slot, TimeMark
from ota_engine.fleet.campaigns import acts as campaign_acts
from ota_engine.fleet.campaigns import (
    assessment,
    choices,
    emergency,
    nominations,
    progress,
    reports,
    steering,
    troubles,
)
from ota_engine.fleet.campaigns.homes import gaining, hearing, upheavals
from ota_engine.fleet.campaigns.homes.words import SignedWord
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, Member
from ota_engine.fleet.gateways import acts as gateway_acts
from ota_engine.fleet.gateways import moving
from ota_engine.fleet.gateways.moving import CountersTold, HomeReleased, MemoryLost
from ota_engine.fleet.gateways.rows import HomeMove
from ota_engine.fleet.inventory import acts as inventory_acts
from ota_engine.fleet.inventory import arrivals, registration
from ota_engine.fleet.inventory.arrivals import DeviceTold, HomeTold
from ota_engine.fleet.inventory.happenings import (
    DeviceMoved,
    GatewayChanged,
    Happening,
    HomeVanished,
    HubReplaced,
    SupplierChanged,
    TenancyChanged,
)
from ota_engine.fleet.inventory.registration import SupplierTold, TenancyTold
from ota_engine.fleet.inventory.rows import Home, InstalledDevice
from ota_engine.fleet.judging import decide
from ota_engine.fleet.kernel.decisions import ActRow, Decision
from ota_engine.fleet.kernel.effects import FleetEffect
from ota_engine.fleet.kernel.rows import RowKey, Rows, Select, key_of, key_values, replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices import clocks, delivery
from ota_engine.fleet.notices.delivery import NoticeDelivered, NoticeUndelivered
from ota_engine.fleet.notices.rows import Notice, PartyClock, StatusSchedule
from ota_engine.fleet.orders import acts as order_acts
from ota_engine.fleet.orders import (
    answering,
    commands,
    deliveries,
    outbox,
    tenancies,
)
from ota_engine.fleet.orders import hearing as order_hearing
from ota_engine.fleet.orders import upheavals as order_upheavals
from ota_engine.fleet.orders.events import RequestReceived
from ota_engine.fleet.orders.outbox import DocumentDelivered, DocumentUndelivered
from ota_engine.fleet.orders.rows import DeviceCommand, DeviceOrder, OrderBatch, UserDocument
from ota_engine.fleet.parties import acts as party_acts
from ota_engine.fleet.parties.rows import Responsibility, Tenancy
from ota_engine.fleet.port import (
    HubOutcome,
    HubWord,
    Instruction,
    InstructionState,
    InstructionTaken,
)
from ota_engine.fleet.releases import acts as release_acts
from ota_engine.fleet.releases import defects, paths, repository, roadmap
from ota_engine.times import Utc

MOST_DUE: Final = 1_000  # rows looked at in one commit
MOST_BATCHES: Final = 10  # of orders, each of which stands for a thousand devices


class Due(NamedTuple):
    """The time of a row has come."""

    row: Any


#: What happens to homes and devices, and who listens; an event and all that follows is one commit.
_LISTENERS: Final[dict[type[Any], tuple[Callable[[Any, Work, Utc], None], ...]]] = {
    SupplierChanged: (
        gaining.supplier_changed,
        upheavals.supplier_changed,
        order_upheavals.supplier_changed,
        tenancies.supplier_changed,
    ),
    TenancyChanged: (tenancies.tenancy_changed,),
    HubReplaced: (upheavals.hub_replaced, order_upheavals.hub_replaced),
    DeviceMoved: (upheavals.device_moved, order_upheavals.device_moved),
    HomeVanished: (upheavals.home_vanished, order_upheavals.home_vanished),
    GatewayChanged: (
        upheavals.gateway_changed,
        order_upheavals.gateway_changed,
        tenancies.gateway_changed,
    ),
}


def _tell(happened: Iterable[Happening], work: Work, utc: Utc) -> None:
    for one in happened:
        for listener in _LISTENERS.get(type(one), ()):
            listener(one, work, utc)


def _supplier_due(row: Responsibility, work: Work, utc: Utc) -> None:
    _tell(registration.supplier_due(row, work, utc), work, utc)


def _tenancy_due(row: Tenancy, work: Work, utc: Utc) -> None:
    _tell(registration.tenancy_due(row, work, utc), work, utc)


def _move_due(row: HomeMove, work: Work, utc: Utc) -> None:
    _tell(moving.move_due(row, work, utc), work, utc)


def _command_due(row: DeviceCommand, work: Work, utc: Utc) -> None:
    if row.reference == tenancies.SUPPLIER:
        tenancies.supplier_due(row, work, utc)
    else:
        commands.command_due(row, work, utc)


#: What each kind of row does when its time has come.
_DUE: Final[dict[type[Any], Callable[[Any, Work, Utc], None]]] = {
    CampaignPhase: progress.due,
    Member: hearing.due,
    Responsibility: _supplier_due,
    Tenancy: _tenancy_due,
    TimeMark: timekeeping.due,
    PartyClock: clocks.due,
    StatusSchedule: reports.due,
    Deferral: deferrals.due,
    Slot: choices.due,
    HomeDiary: choices.diary_due,
    UitWindow: testing.window_due,
    OrderBatch: deliveries.batch_due,
    DeviceOrder: deliveries.order_due,
    DeviceCommand: _command_due,
    HomeMove: _move_due,
}

#: What is told of homes and devices, and who takes it.
_TOLD: Final[dict[type[Any], Callable[[Any, Work, Utc], list[Happening]]]] = {
    SupplierTold: registration.supplier_told,
    TenancyTold: registration.tenancy_told,
    DeviceTold: arrivals.device_told,
    HomeTold: arrivals.home_told,
    CountersTold: moving.counters_told,
    HomeReleased: moving.home_released,
    MemoryLost: moving.memory_lost,
}

#: What is kept free in a home because of what is told of it.
_AHEAD: Final[dict[type[Any], Callable[[Any, Work, Utc], None]]] = {
    SupplierTold: diary.supplier_told,
    TenancyTold: diary.tenancy_told,
}


def _taken(event: InstructionTaken, work: Work, utc: Utc) -> None:
    row = work.get(Instruction, event.key)
    if row is not None and row.state is InstructionState.WAITING:
        work.put(replaced(row, state=InstructionState.TAKEN))


def _heard(event: HubOutcome, work: Work, utc: Utc) -> None:
    """Orders listen first: they compare what a device runs with what it ran before.

    A message that came before is told to nobody who answers for the home since.
    """
    if not event.message or work.get(SignedWord, event.key) is None:
        event = order_hearing.heard(event, work, utc)
    hearing.heard(event, work, utc)


def _told(event: Any, work: Work, utc: Utc) -> None:
    _tell(_TOLD[type(event)](event, work, utc), work, utc)
    if type(event) in _AHEAD:
        _AHEAD[type(event)](event, work, utc)


def _due(event: Due, work: Work, utc: Utc) -> None:
    kind = type(event.row)
    row = work.get(kind, *key_values(kind, event.row))
    if row is not None and row.due_utc is not None and row.due_utc <= utc:
        _DUE[kind](row, work, utc)


#: What every other event than a decision or a request does.
_DOES: Final[dict[type[Any], Callable[[Any, Work, Utc], None]]] = {
    HubOutcome: _heard,
    InstructionTaken: _taken,
    NoticeDelivered: delivery.delivered,
    NoticeUndelivered: lambda event, work, utc: delivery.undelivered(event, work),
    DocumentDelivered: outbox.document_delivered,
    DocumentUndelivered: lambda event, work, utc: outbox.document_undelivered(event, work),
    SupplierTold: _told,
    TenancyTold: _told,
    DeviceTold: _told,
    HomeTold: _told,
    CountersTold: _told,
    HomeReleased: _told,
    MemoryLost: _told,
    Due: _due,
}

_Told = (
    SupplierTold | TenancyTold | DeviceTold | HomeTold | CountersTold | HomeReleased | MemoryLost
)
FleetEvent = (
    _Told
    | Decision
    | HubOutcome
    | InstructionTaken
    | NoticeDelivered
    | NoticeUndelivered
    | RequestReceived
    | DocumentDelivered
    | DocumentUndelivered
    | Due
)


class Fleet:
    """All parts of the fleet, composed.

    Attributes:
        acts: every kind of act there is.
    """

    def __init__(self) -> None:
        self.acts: dict[type[Any], ActRow] = {
            **party_acts.ACTS,
            **inventory_acts.ACTS,
            **gateway_acts.ACTS,
            **release_acts.ACTS,
            **defects.ACTS,
            **roadmap.ACTS,
            **repository.ACTS,
            **paths.ACTS,
            **testing.ACTS,
            **approval_acts.ACTS,
            **ending.ACTS,
            **campaign_acts.ACTS,
            **delivery.ACTS,
            **diary.ACTS,
            **slots.ACTS,
            **sequencing.ACTS,
            **consent.ACTS,
            **deferrals.ACTS,
            **timekeeping.ACTS,
            **steering.ACTS,
            **troubles.ACTS,
            **assessment.ACTS,
            **nominations.ACTS,
            **emergency.ACTS,
            **order_acts.ACTS,
            **outbox.ACTS,
        }

    def needs(self, event: FleetEvent) -> Iterator[RowKey]:
        """Name rows that an event is sure to want."""
        match event:
            case HubOutcome():
                yield from _of_outcome(event)
            case InstructionTaken():
                yield RowKey(Instruction, (event.key,))
            case NoticeDelivered() | NoticeUndelivered():
                yield RowKey(Notice, (event.notice, event.party))
            case RequestReceived():
                yield from answering.needs(event)
            case DocumentDelivered() | DocumentUndelivered():
                yield RowKey(UserDocument, (event.document,))
            case Due():
                yield key_of(event.row)
                yield from _beside(event.row)
            case (
                SupplierTold()
                | TenancyTold()
                | DeviceTold()
                | HomeTold()
                | CountersTold()
                | HomeReleased()
                | MemoryLost()
            ):
                yield from _of_told(event)

    def handle(self, event: FleetEvent, rows: Rows, utc: Utc) -> list[FleetEffect]:
        """Let something happen.

        Raises:
            RowsWanted: rows are missing: load them and call again.
        """
        work = Work(rows)
        match event:
            case Decision():
                return decide(event, self.acts, rows, utc)
            case RequestReceived():
                return answering.received(event, rows, utc, _tell)
            case _:
                _DOES[type(event)](event, work, utc)
        return work.effects

    @staticmethod
    def due(utc: Utc) -> tuple[Select, ...]:
        """Name the rows whose time has come; each is an event ``Due``."""
        most = (("due_utc", utc),)
        return tuple(
            Select(kind, (), most, ("due_utc",), MOST_BATCHES if kind is OrderBatch else MOST_DUE)
            for kind in _DUE
        )

    @staticmethod
    def timed() -> tuple[type[Any], ...]:
        """Name the kinds of rows that have a ``due_utc``."""
        return tuple(_DUE)


def _of_outcome(event: HubOutcome) -> Iterator[RowKey]:
    yield from order_hearing.needs(event)
    if event.message:
        yield RowKey(SignedWord, (event.key,))
    yield RowKey(Campaign, (event.campaign,))
    yield RowKey(Member, (event.campaign, event.home))
    yield RowKey(Home, (event.home,))
    if event.version is not None or event.word is HubWord.TRANSFERRED:
        yield RowKey(InstalledDevice, (event.device,))
    if event.word is HubWord.TRANSFERRED:
        yield RowKey(HomeDiary, (event.home,))


def _of_told(event: _Told) -> Iterator[RowKey]:
    yield RowKey(Home, (event.home,))
    if isinstance(event, DeviceTold):
        yield RowKey(InstalledDevice, (event.device,))
    elif isinstance(event, SupplierTold):
        yield RowKey(Responsibility, (event.home, event.fuel, event.from_utc))
    elif isinstance(event, HomeReleased | MemoryLost):
        yield RowKey(HomeMove, (event.home,))


def _beside(row: Any) -> Iterator[RowKey]:
    """Name rows that are wanted with one whose time has come."""
    if isinstance(row, Member | Slot | Responsibility):
        yield RowKey(Home, (row.home,))
    if isinstance(row, Slot):
        yield RowKey(Member, (row.campaign, row.home))
