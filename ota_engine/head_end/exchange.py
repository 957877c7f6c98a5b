"""Brings instructions to a gateway and what it says back: each is kept before it counts as told.

Knows the desk and the port, no clock. Whatever stops it in between, the same is given and said again.
"""

from typing import Final, NamedTuple

from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.port import Instruction, InstructionState
from ota_engine.gateway.contract import FleetGateway
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc

AT_ONCE: Final = 500  # instructions given, and outcomes taken, in one commit


class Exchanged(NamedTuple):
    """What one exchange brought.

    Attributes:
        taken: instructions that the gateway has taken.
        heard: outcomes that the fleet has kept.
    """

    taken: int
    heard: int


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
    with desk.store.reading():
        where = (("state", InstructionState.WAITING), ("gateway", name))
        waiting = desk.store.select(Select(Instruction, where, (), ("number", "key"), AT_ONCE))
    taken = await gateway.give(waiting) if waiting else ()
    if taken:
        desk.handle(taken, utc)
    said = (await gateway.outcomes())[:AT_ONCE]
    if said:
        desk.handle(said, utc)
        await gateway.settle([one.key for one in said])
    return Exchanged(len(taken), len(said))
