"""How a home comes from one gateway to another: let go, with its counters, then taken; pure.

A home belongs to one gateway at every time. What was told to the one and is not done is told to the other,
under the same keys: neither does again what the other has done, for it is the device that says what it
runs, and its counters go along, so that no command is sent under a counter that was used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from images.eui64 import Eui64, format_eui64
from ota_engine.fleet.gateways.rows import HomeCounter, HomeMove, MoveState
from ota_engine.fleet.inventory.happenings import GatewayChanged, Happening
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import RowKey, replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.port import Instruction, InstructionState
from ota_engine.times import Utc

#: By how much a counter goes beyond what it may have reached at a gateway that says nothing any more. It
#: follows UTC in milliseconds, or goes up by one where it is ahead of that; so what was drawn lies below
#: the time now, unless the clock there is ahead. A day covers that, and more commands than a hub sends.
MARGIN: Final = 86_400_000
ACTOR: Final = "fleet"


class CountersTold(NamedTuple):
    """A gateway says which counters it has used last in a home of its own.

    Attributes:
        home: pseudonym.
        gateway: that says so.
        counters: the highest, by originator.
    """

    home: str
    gateway: str
    counters: Mapping[Eui64, int]


class HomeReleased(NamedTuple):
    """A gateway does nothing more in a home; its counters were told before.

    Attributes:
        home: pseudonym.
        gateway: that lets it go.
    """

    home: str
    gateway: str


class MemoryLost(NamedTuple):
    """The gateway of a home has another memory than before: what it was told and has used is gone.

    Attributes:
        home: pseudonym.
        gateway: whose memory it was.
    """

    home: str
    gateway: str


def counters_told(event: CountersTold, work: Work, utc: Utc) -> list[Happening]:
    """Keep the highest of each, if the home is the gateway's own to speak of."""
    home = work.get(Home, event.home)
    if home is None or home.gateway != event.gateway:
        return []
    for originator, highest in sorted(event.counters.items()):
        name = format_eui64(originator)
        known = work.get(HomeCounter, event.home, name)
        if known is None or highest > known.highest or known.gateway != event.gateway:
            most = highest if known is None else max(highest, known.highest)
            work.put(HomeCounter(event.home, name, most, event.gateway, utc))
    return []


def home_released(event: HomeReleased, work: Work, utc: Utc) -> list[Happening]:
    """Give a home that was let go to whom it is meant for.

    Where that is not to be any more, or never was, its gateway is told anew what it has let go of.
    """
    home, move = work.get(Home, event.home), work.get(HomeMove, event.home)
    if home is None or home.gateway != event.gateway:
        return []
    if move is None or move.state is not MoveState.LEAVING or move.source != event.gateway:
        return _taken_over(home, home.gateway, work, utc)
    _settle(move, work, utc)
    return _taken_over(home, move.target, work, utc)


def memory_lost(event: MemoryLost, work: Work, utc: Utc) -> list[Happening]:
    """Tell the gateway of a home anew, or whoever is to have it; counters go beyond what may have been used."""
    home, move = work.get(Home, event.home), work.get(HomeMove, event.home)
    if home is None or home.gateway != event.gateway:
        return []
    target = home.gateway
    if move is not None and move.state is MoveState.LEAVING:
        target = move.target
        _settle(move, work, utc)
    _raise_counters(event.home, work, utc)
    return _taken_over(home, target, work, utc)


def move_due(move: HomeMove, work: Work, utc: Utc) -> list[Happening]:
    """Give a home away without its gateway's word: every counter goes beyond what that may have used."""
    _settle(move, work, utc)
    home = work.get(Home, move.home)
    if home is None or home.gateway != move.source:
        return []
    _raise_counters(move.home, work, utc)
    return _taken_over(home, move.target, work, utc)


def beyond(highest: int, utc: Utc) -> int:
    """A counter that was surely not used yet, by what was known last of one."""
    return max(highest, int(utc * 1000)) + MARGIN


def tell_anew(keys: Iterable[RowKey], target: str, work: Work) -> None:
    """Have a gateway told what another has taken, under the same keys.

    Args:
        keys: of instructions that may be there.
        target: the gateway.
        work: the event in hand.
    """
    asked = list(keys)
    work.require(asked)
    for key in asked:
        row = work.get(Instruction, *key.values)
        if row is not None:
            work.put(replaced(row, gateway=target, state=InstructionState.WAITING))


def _settle(move: HomeMove, work: Work, utc: Utc) -> None:
    work.put(replace(move, state=MoveState.MOVED, moved_utc=utc, due_utc=None))


def _raise_counters(home: str, work: Work, utc: Utc) -> None:
    for row in work.select(HomeCounter, home=home):
        work.put(replace(row, highest=beyond(row.highest, utc)))


def _taken_over(home: Home, target: str, work: Work, utc: Utc) -> list[Happening]:
    source = home.gateway
    waiting = work.select(
        Instruction, state=InstructionState.WAITING, gateway=source, home=home.home
    )
    for row in waiting:
        work.put(replaced(row, gateway=target))
    for counter in work.select(HomeCounter, home=home.home):
        work.put(replace(counter, gateway=target, utc=utc))
    work.put(replace(home, gateway=target))
    what = "home moved" if source != target else "home told anew"
    work.note(ACTOR, what, f"home:{home.home}", source=source, target=target)
    return [GatewayChanged(home.home, source, target)]
