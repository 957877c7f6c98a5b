"""Which homes a gateway is told are its own, and above which counters it draws there; reads only."""

from collections.abc import Mapping

from images.eui64 import parse_eui64
from ota_engine.fleet.gateways.moving import beyond
from ota_engine.fleet.gateways.rows import HomeCounter, HomeMove, MoveState
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.gateway.wire import MOST_HOMES, HomeGiven
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc


def number_of_homes(desk: FleetDesk, gateway: str) -> int:
    """Count the homes that belong to a gateway, told or not, within a reading."""
    counts = desk.store.count(Counts(Home, ("gateway",), (("gateway", gateway),)))
    return counts.get((gateway,), 0)


def leaving_homes(desk: FleetDesk) -> dict[str, str]:
    """Read which homes are to be let go, and by which gateway, within a reading."""
    rows = desk.store.select(Select(HomeMove, (("state", MoveState.LEAVING),)))
    return {row.home: row.source for row in rows}


def homes_of(
    desk: FleetDesk, gateway: str, leaving: Mapping[str, str], utc: Utc
) -> tuple[HomeGiven, ...]:
    """Read the homes that are a gateway's own and not leaving it, within a reading.

    A home that came by another way than a move, an import say, has counters of a gateway that was not asked
    for them: they count as those of one that says nothing.

    Args:
        desk: of the fleet.
        gateway: its name.
        leaving: by home, the gateway that is to let it go.
        utc: now.
    """
    store = desk.store
    rows = store.select(Select(Home, (("gateway", gateway),), (), ("home",), MOST_HOMES))
    return tuple(
        HomeGiven(
            row.home,
            {
                parse_eui64(counter.originator): _floor(counter, gateway, utc)
                for counter in store.select(Select(HomeCounter, (("home", row.home),)))
            },
        )
        for row in rows
        if leaving.get(row.home) != gateway
    )


def _floor(counter: HomeCounter, gateway: str, utc: Utc) -> int:
    return counter.highest if counter.gateway == gateway else beyond(counter.highest, utc)
