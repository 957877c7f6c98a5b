"""Makes sure that a device is there before anything is asked of it; knows the link and the shell."""

from collections.abc import Mapping
from math import inf
from typing import Final

import trio

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.hub.delivery.commands import Inquire
from ota_engine.link.contract import NodeInfo
from ota_engine.shell.runner import Shell

MEET_WITHIN: Final = 15.0  # seconds a device has to say something before we go on without it
ASK_EVERY: Final = 5.0  # seconds between two questions
NAMED: Final = 8  # other devices that a complaint names


def require_member(device: Eui64, nodes: Mapping[Eui64, NodeInfo]) -> None:
    """Refuse a device that the radio does not know.

    Raises:
        LocalError: it does not.
    """
    if device not in nodes:
        there = ", ".join(format_eui64(node) for node in list(nodes)[:NAMED]) or "no device"
        raise LocalError(
            f"{format_eui64(device)} is not in this network ({there}): let it join with "
            "'zota radio permit', or name another"
        )


async def meet(shell: Shell, nodes: Mapping[Eui64, NodeInfo], device: Eui64, actor: str) -> bool:
    """Ask a device what it is until it says something; returns whether it did in time.

    So that its address and hardware are known when an order is given, also in a new state folder.

    Raises:
        LocalError: the radio does not know it.
    """
    require_member(device, nodes)
    engine, ask_at = shell.engine, -inf
    with trio.move_on_after(MEET_WITHIN):
        while not _was_heard(shell, device):
            now = trio.current_time()
            if engine.link_down is None and now >= ask_at:
                ask_at = now + ASK_EVERY
                node = nodes[device]
                await shell.command(Inquire(device, node.endpoint, node.profile, actor))
                continue  # it may have answered meanwhile
            with trio.move_on_at(ask_at if engine.link_down is None else inf):
                await shell.heard()
    return _was_heard(shell, device)


def _was_heard(shell: Shell, device: Eui64) -> bool:
    seen = shell.engine.device(device)
    return seen is not None and seen.last_heard > 0
