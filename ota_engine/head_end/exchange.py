"""Brings instructions to a gateway and what it says back: each is kept before it counts as told.

Knows the desk and the port, no clock. Whatever stops it in between, the same is given and said again.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

from ota_engine.errors import ZotaError
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.port import HubOutcome, Instruction, InstructionState
from ota_engine.gateway.contract import FleetGateway
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc

T = TypeVar("T")
AT_ONCE: Final = 500  # instructions given, and outcomes taken, in one commit


class Exchanged(NamedTuple):
    """What one exchange brought.

    Attributes:
        taken: instructions that the gateway has taken.
        heard: outcomes that the fleet has kept.
    """

    taken: int
    heard: int


class DeskUse(Protocol):
    """Does something with a desk, wherever that is used."""

    async def __call__(self, call: Callable[[FleetDesk], T], /) -> T:
        """Do it, and give what comes of it."""


async def exchange(desk: FleetDesk, gateway: FleetGateway, name: str, utc: Utc) -> Exchanged:
    """Give a gateway what waits for it, and take what it says.

    Args:
        desk: of the fleet.
        gateway: whom to talk to.
        name: of the gateway, as homes are given to it.
        utc: now.

    Raises:
        StoreError: the database failed; what was not kept is given and said again.
    """

    async def use(call: Callable[[FleetDesk], T]) -> T:
        return call(desk)

    return await give_and_hear(use, gateway, name, lambda: utc)


async def give_and_hear(
    use: DeskUse, gateway: FleetGateway, name: str, clock: Callable[[], Utc]
) -> Exchanged:
    """Exchange with a gateway by a desk that others use, too; see ``exchange``.

    Args:
        use: the desk.
        gateway: whom to talk to.
        name: of the gateway.
        clock: gives UTC.
    """
    waiting = await use(lambda desk: _waiting(desk, name))
    taken = await gateway.give(waiting) if waiting else ()
    if taken:
        await use(lambda desk: desk.handle(taken, clock()))
    said = (await gateway.outcomes())[:AT_ONCE]
    heard, fault = await _hear(use, said, clock)
    if heard:
        await gateway.settle([one.key for one in heard])
    if fault is not None:
        raise fault
    return Exchanged(len(taken), len(heard))


async def _hear(
    use: DeskUse, said: Sequence[HubOutcome], clock: Callable[[], Utc]
) -> tuple[Sequence[HubOutcome], Exception | None]:
    """Let the fleet keep what was said; where it fails at one outcome, the others are kept all the same.

    Returns:
        what is kept, and the first fault of ours.
    """
    if not said:
        return (), None
    try:
        await use(lambda desk: desk.handle(said, clock()))
    except ZotaError:
        raise
    except Exception as error:  # noqa: BLE001 - raised in the end; one outcome must not hold up the others
        if len(said) == 1:
            return (), error
    else:
        return said, None
    kept: list[HubOutcome] = []
    first: Exception | None = None
    for one in said:
        heard, fault = await _hear(use, [one], clock)
        kept += heard
        first = first or fault
    return kept, first


def _waiting(desk: FleetDesk, name: str) -> list[Instruction]:
    where = (("state", InstructionState.WAITING), ("gateway", name))
    with desk.store.reading():
        return desk.store.select(Select(Instruction, where, (), ("number", "key"), AT_ONCE))
