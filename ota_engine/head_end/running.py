"""Lets time pass for a fleet: looks at what is due, brings notices, talks to hubs in this process.

Two kinds of runs share it. One beside whom others decide, in processes of their own, sleeps until
something is due, and no sleep is long; a server looks twice a second, few rows in one commit, as what
people and hubs want of it comes in between. Nothing is kept in mind from one look to the next but how
patient to be with whom.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

import trio

from ota_engine.backoff import doubled
from ota_engine.errors import StoreConflict, StoreError, StoreLost, first_of
from ota_engine.fleet.beside import home_of
from ota_engine.fleet.fleet import Due
from ota_engine.fleet.orders.rows import OrderBatch
from ota_engine.gateway.contract import FleetGateway
from ota_engine.head_end.courier import CourierRound, NoticeCourier
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.exchange import give_and_hear
from ota_engine.head_end.repeating import Repeating
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.paced_clock import sleep_s
from ota_engine.store.backends.turns import Share
from ota_engine.times import Utc

LONGEST_PAUSE_S: Final = 30.0
SHORTEST_PAUSE_S: Final = 1.0
LOOK_S: Final = 0.5  # of a server: at what is due, and at gateways
NOTICES_S: Final = 1.0  # between rounds of a server's courier
ROWS_AT_ONCE: Final = 100  # rows looked at in one commit


CalendarClock = Callable[[], Utc]


class Looked(NamedTuple):
    """What one look at a fleet has done.

    Attributes:
        utc: when.
        due: rows whose time had come.
        notices: what became of them.
        next_utc: when the next row's time comes; None for never.
    """

    utc: Utc
    due: int
    notices: CourierRound
    next_utc: Utc | None


async def look(room: DeskRoom, courier: NoticeCourier, utc: Utc) -> Looked:
    """Look at whatever is due and this process's to look at, and bring what notices there are.

    What notices that arrived make possible is looked at in the same call.
    """
    mine = partial(_is_in, await room.share())
    due = await room.use(lambda desk: desk.wake(utc, mine))
    notices = await courier.round()
    due += await room.use(lambda desk: desk.wake(utc, mine))
    return Looked(utc, due, notices, await room.use(lambda desk: desk.next_wake()))


async def run(
    room: DeskRoom,
    courier: NoticeCourier,
    clock: Callable[[], Utc],
    report: Callable[[Looked], None],
    trouble: Callable[[str], None],
) -> None:
    """Let time pass until cancelled; a database's server that goes away is waited for, and whoever is in the way.

    Args:
        room: the fleet.
        courier: brings its notices.
        clock: gives the time of the calendar.
        report: is told of every look.
        trouble: is told once, in one line, what is waited for.
    """
    failures = 0
    while True:
        lost = ""
        try:
            done = await look(room, courier, clock())
        except* (StoreLost, StoreConflict) as passing:  # a draw or a list may take minutes
            lost = str(first_of(passing))
        if lost:
            await trio.lowlevel.checkpoint_if_cancelled()  # who leaves waits for no server
            if not failures:
                trouble(lost)
            failures += 1
            await trio.sleep(doubled(SHORTEST_PAUSE_S, LONGEST_PAUSE_S, failures))
            continue
        failures = 0
        report(done)
        pause = LONGEST_PAUSE_S if done.next_utc is None else sleep_s(clock, done.next_utc)
        await trio.sleep(min(max(pause, SHORTEST_PAUSE_S), LONGEST_PAUSE_S))


class FleetLoops:
    """What goes on by itself behind the doors of a server, whatever doors it has.

    Args:
        room: the fleet.
        clock: gives the time of the calendar.
        report: is told of every trouble, in one line.
        courier: brings notices; None where nobody does.
        gateways: hubs in this process, by the name under which homes are given to them.
    """

    def __init__(
        self,
        room: DeskRoom,
        clock: Callable[[], Utc],
        report: Callable[[str], None],
        *,
        courier: NoticeCourier | None = None,
        gateways: Mapping[str, FleetGateway] | None = None,
    ) -> None:
        self._room = room
        self._clock = clock
        self._repeating = Repeating(report)
        self._courier = courier
        self._gateways = dict(gateways or {})

    async def run(self) -> None:
        """Do it until cancelled."""
        async with trio.open_nursery() as nursery:
            each = self._repeating.each
            nursery.start_soon(each, LOOK_S, self._wake)
            if self._courier is not None:
                nursery.start_soon(each, NOTICES_S, partial(_bring, self._courier))
            for name, gateway in self._gateways.items():
                nursery.start_soon(each, LOOK_S, partial(self._exchange, name, gateway))

    async def _wake(self) -> None:
        """Look at rows whose time has come, few in one commit: others come in between."""
        mine = partial(_is_in, await self._room.share())
        due = await self._room.use_patiently(lambda desk: desk.due(self._clock(), mine))
        faults: list[Exception] = []
        for events in _parted(due):
            faults += await self._let_happen(events)
        if faults:
            raise faults[0]

    async def _let_happen(self, events: Sequence[Due]) -> list[Exception]:
        """Let rows do what their time has come for; where we fail at one, the others do it all the same."""
        try:
            await self._room.use_patiently(partial(_handle, events=events, utc=self._clock()))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - raised in the end; one row must not hold up the others
            if len(events) == 1:
                return [error]
            return [fault for one in events for fault in await self._let_happen([one])]
        return []

    async def _exchange(self, name: str, gateway: FleetGateway) -> None:
        await give_and_hear(self._room.use_patiently, gateway, name, self._clock)


async def _bring(courier: NoticeCourier) -> None:
    await courier.round()


def _handle(desk: FleetDesk, events: Sequence[Due], utc: Utc) -> None:
    desk.handle(events, utc)


def _is_in(share: Share, due: Due) -> bool:
    """Whether a row whose time has come is for this process to look at."""
    home = home_of(due)
    return share.is_first if home is None else share.has(home)


def _parted(due: Sequence[Due]) -> Iterable[Sequence[Due]]:
    """Part rows for commits that last alike: one that stands for many devices is one of its own.

    Those of homes come by themselves, as other processes may decide of other homes meanwhile.
    """
    heavy = [one for one in due if isinstance(one.row, OrderBatch)]
    of_homes = [one for one in due if home_of(one) is not None]
    others = [one for one in due if home_of(one) is None and not isinstance(one.row, OrderBatch)]
    for light in (others, of_homes):
        for start in range(0, len(light), ROWS_AT_ONCE):
            yield light[start : start + ROWS_AT_ONCE]
    for one in heavy:
        yield [one]
