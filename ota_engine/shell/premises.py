"""Announces changes of tenancy and supplier over a link, and waits until every device has let us know.

Knows trio, the service and signals; what may be announced, and to whom and how often it is told, is the
engine's to say.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import trio

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import SMART_ENERGY
from ota_engine.hub.delivery.commands import Inquire
from ota_engine.hub.premises.changes import PremisesStatus
from ota_engine.hub.premises.requests import PremisesRequest
from ota_engine.hub.push.progress import WaitEnd
from ota_engine.records import PremisesReplyRecord, PremisesSubject, Record
from ota_engine.shell.meeting import require_member
from ota_engine.shell.runner import Shell
from ota_engine.shell.service import Setup, open_engine
from ota_engine.shell.waiting import wait_for

SETTLE_S: Final = 5.0  # after a change has taken effect, for devices to clear

#: Told of every device that lets us know.
ReplyWatcher = Callable[[PremisesReplyRecord], None]


@dataclass(frozen=True, slots=True)
class PremisesTold:
    """How far it came.

    Attributes:
        status: the change, and who knows it.
        silent: devices that have not let us know.
        ending: of the wait.
    """

    status: PremisesStatus
    silent: tuple[Eui64, ...]
    ending: WaitEnd


async def tell(
    setup: Setup,
    request: PremisesRequest,
    devices: Sequence[Eui64],
    watch: ReplyWatcher,
    seconds: float,
    *,
    stay: bool = False,
) -> PremisesTold:
    """Announce a change, or take one back, and wait until every device has let us know.

    Args:
        setup: where, and with what.
        request: what is to be told.
        devices: whom to wait for; none for everybody of Smart Energy.
        watch: is told of each.
        seconds: how long to wait.
        stay: go on until the change has taken effect, too.

    Raises:
        LocalError: it may not be announced, or a device is not in the network.
        StoreError: the state folder cannot be used.
    """
    nodes = setup.link.nodes
    for device in devices:
        require_member(device, nodes)
    everybody = [eui64 for eui64, one in nodes.items() if one.profile in {0, SMART_ENERGY}]
    if not everybody:
        raise LocalError(
            "no device of this network is known here: name the --state folder they joined with, "
            "or let them join with 'zota radio permit'"
        )
    expected = tuple(devices or everybody)
    async with _open(setup) as (shell, replies):
        for device in expected:
            node = nodes[device]
            await shell.command(Inquire(device, node.endpoint, node.profile, request.actor))
        await shell.command(request)
        subject = request.subject

        async def hear() -> None:
            while _silent(shell, subject, expected):
                record = await replies.receive()
                if record.subject is subject:
                    watch(record)
            if stay:
                await _stay(setup, _status(shell, subject))

        ending = await wait_for(hear, seconds)
        silent = _silent(shell, subject, expected)
        return PremisesTold(_status(shell, subject), silent, ending)


async def _stay(setup: Setup, status: PremisesStatus) -> None:
    due = status.change.implementation_utc
    left = 0.0 if due is None or status.change.cancelled else due - setup.wall_clock()
    await trio.sleep(max(0.0, left) + SETTLE_S)


def _status(shell: Shell, subject: PremisesSubject) -> PremisesStatus:
    return next(one for one in shell.engine.premises_status() if one.change.subject is subject)


def _silent(shell: Shell, subject: PremisesSubject, expected: Iterable[Eui64]) -> tuple[Eui64, ...]:
    """Who has not let us know of the change as it stands."""
    known = {reply.device for reply in _status(shell, subject).replies}
    return tuple(device for device in expected if device not in known)


@asynccontextmanager
async def _open(
    setup: Setup,
) -> AsyncIterator[tuple[Shell, trio.MemoryReceiveChannel[PremisesReplyRecord]]]:
    into, replies = trio.open_memory_channel[PremisesReplyRecord](10_000)

    def committed(rows: Sequence[Record]) -> None:
        for row in rows:
            if isinstance(row, PremisesReplyRecord):
                into.send_nowait(row)

    async with open_engine(setup, committed=committed) as shell:
        yield shell, replies
