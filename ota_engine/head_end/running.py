"""Lets time pass for a fleet: looks at what is due, brings notices, sleeps until something is.

Others may decide meanwhile, in processes of their own: the database is where they meet. So no sleep is
long, and nothing is kept in mind from one look to the next but how patient to be with whom.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import trio

from ota_engine.head_end.courier import CourierRound, NoticeCourier
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc

LONGEST_PAUSE_S: Final = 30.0
SHORTEST_PAUSE_S: Final = 1.0


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


async def look(desk: FleetDesk, courier: NoticeCourier, utc: Utc) -> Looked:
    """Look at whatever is due, and bring what notices there are.

    What notices that arrived make possible is looked at in the same call.
    """
    due = desk.wake(utc)
    notices = await courier.round()
    due += desk.wake(utc)
    return Looked(utc, due, notices, desk.next_wake())


async def run(
    desk: FleetDesk,
    courier: NoticeCourier,
    clock: Callable[[], Utc],
    report: Callable[[Looked], None],
) -> None:
    """Let time pass until cancelled.

    Args:
        desk: of the fleet.
        courier: brings its notices.
        clock: gives the time of the calendar.
        report: is told of every look.
    """
    while True:
        done = await look(desk, courier, clock())
        report(done)
        until = LONGEST_PAUSE_S if done.next_utc is None else done.next_utc - clock()
        await trio.sleep(min(max(until, SHORTEST_PAUSE_S), LONGEST_PAUSE_S))
