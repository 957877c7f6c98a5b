"""Gives orders to activate over a link, and follows each until the device has had its say.

Knows trio, the service and signals; what may be ordered, sent and believed is the engine's to say.
Every step is seen once it is on disk, so what was shown is what an interruption leaves.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from math import inf
from typing import Final

import trio

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.hub.activation.order import has_ended
from ota_engine.hub.activation.requests import ActivateImage, AskVersion, CancelOrder
from ota_engine.hub.activation.running import RunsAlready, runs_already
from ota_engine.hub.delivery.commands import AddImage
from ota_engine.hub.push.progress import WaitEnd
from ota_engine.records import (
    ImageRecord,
    OrderRecord,
    OrderState,
    OutcomeKind,
    OutcomeRecord,
    Record,
    SessionState,
)
from ota_engine.shell.meeting import meet
from ota_engine.shell.runner import Shell
from ota_engine.shell.service import Setup, open_engine
from ota_engine.shell.waiting import wait_for
from ota_engine.times import LONG_AGO, Utc

ACTOR: Final = "zota activate"
TELL_WITHIN: Final = 5.0  # seconds a device that was heard has to say what it runs
#: States in which a device has taken an order that is for later.
TAKEN: Final = frozenset({OrderState.ACCEPTED, OrderState.DUE})

#: States of a delivery whose image no longer waits to be run.
RUN_OR_GIVEN_UP: Final = frozenset(
    {SessionState.UPDATED, SessionState.FAILED, SessionState.ABORTED}
)
#: The end of a wait for what was there already.
AT_ONCE: Final = WaitEnd(interrupted=False, timed_out=False, seconds=0.0)

#: Told of every step of an order.
Watcher = Callable[[OrderRecord], None]


@dataclass(frozen=True, slots=True)
class ActivationRequest:
    """What to order.

    Attributes:
        device: whom.
        manufacturer_image_hash: of the image to run, 32 octets.
        image: the file, if it is at hand, for the catalogue.
        execution_utc: when to run it, None for now.
        wait: go on until the device tells the outcome, also where the order is for later.
        timeout: seconds after which to stop waiting.
    """

    device: Eui64
    manufacturer_image_hash: bytes
    image: ImageRecord | None = None
    execution_utc: Utc | None = None
    wait: bool = False
    timeout: float = inf


@dataclass(frozen=True, slots=True)
class Followed:
    """Where an order stood when nobody followed it any longer.

    Attributes:
        order: as it stood.
        over: what was waited for has come.
        ending: of the wait.
        reports: the version a device tells that runs the ordered image, None where it is not known.
    """

    order: OrderRecord
    over: bool
    ending: WaitEnd
    reports: int | None = None


@dataclass(frozen=True, slots=True)
class VersionTold:
    """What a device said it runs; no outcome if it was not waited for."""

    outcome: OutcomeRecord | None
    ending: WaitEnd


async def activate(
    setup: Setup, request: ActivationRequest, watch: Watcher
) -> Followed | RunsAlready:
    """Order a device to run an image, or go on with the same order if it is open already.

    A device that is known to run the image is ordered nothing; it is asked first what it runs.

    Raises:
        LocalError: the order may not be given, or the device is not in the network.
        StoreError: the state folder cannot be used.
    """
    later = request.execution_utc is not None and not request.wait

    def over(order: OrderRecord) -> bool:
        return has_ended(order) or (later and order.state in TAKEN)

    async with _open(setup) as desk:
        given = desk.open_order(request.device)
        if given is not None and _is_same(given, request):
            watch(given)
        else:
            await meet(desk.shell, setup.link.nodes, request.device, ACTOR)
            already = await desk.runs_already(request)
            if already is not None:
                return already
            given = await desk.give(request)
        followed = await desk.follow(given, over, watch, request.timeout)
        return replace(followed, reports=desk.reports(desk.image(request)))


async def cancel(setup: Setup, number: int, watch: Watcher, seconds: float = inf) -> Followed:
    """Take an order back; the device has to accept that if the command may have left.

    One that is cancelled already stays so, and nothing is sent.

    Raises:
        LocalError: there is no such order, or it has ended otherwise.
        StoreError: the state folder cannot be used.
    """
    async with _open(setup) as desk:
        given = desk.shell.engine.order(number)
        if given is not None and given.state is OrderState.CANCELLED:
            return Followed(given, True, AT_ONCE)
        await desk.shell.command(CancelOrder(number, ACTOR))
        order = desk.shell.engine.order(number)
        assert order is not None  # noqa: S101 - it was just cancelled
        return await desk.follow(order, has_ended, watch, seconds)


async def cancel_for(setup: Setup, device: Eui64, watch: Watcher, seconds: float = inf) -> Followed:
    """Take back the open order of a device; if its last one is cancelled already, nothing is sent.

    Raises:
        LocalError: it has none.
        StoreError: the state folder cannot be used.
    """
    async with _open(setup) as desk:
        order = desk.open_order(device)
        last = desk.last_order(device)
        if order is None and last is not None and last.state is OrderState.CANCELLED:
            return Followed(last, True, AT_ONCE)
        if order is None:
            raise LocalError(
                f"{format_eui64(device)} has no open order: see 'zota orders list' for ended ones"
            )
        await desk.shell.command(CancelOrder(order.number, ACTOR))
        return await desk.follow(order, has_ended, watch, seconds)


async def read_version(setup: Setup, device: Eui64, seconds: float = inf) -> VersionTold:
    """Ask a device by a message of its kind what it runs.

    Raises:
        LocalError: the device is not in the network, or a key is missing.
        StoreError: the state folder cannot be used.
    """
    async with _open(setup) as desk:
        await meet(desk.shell, setup.link.nodes, device, ACTOR)
        await desk.shell.command(AskVersion(device, ACTOR))
        return await desk.hear_version(device, seconds)


def _is_same(order: OrderRecord, request: ActivationRequest) -> bool:
    """Whether an open order is what is asked for, so that asking again is to go on with it."""
    wanted = request.manufacturer_image_hash, request.execution_utc
    return (order.manufacturer_image_hash, order.execution_utc) == wanted


@asynccontextmanager
async def _open(setup: Setup) -> "AsyncIterator[_Desk]":
    into, records = trio.open_memory_channel[Record](inf)

    def committed(rows: Sequence[Record]) -> None:
        for row in rows:
            if isinstance(row, OrderRecord | OutcomeRecord):
                into.send_nowait(row)

    async with open_engine(setup, committed=committed) as shell:
        yield _Desk(shell, records)


class _Desk:
    """A running engine, and what it has committed since it was opened."""

    def __init__(self, shell: Shell, records: trio.MemoryReceiveChannel[Record]) -> None:
        self.shell = shell
        self._records = records

    def open_order(self, device: Eui64) -> OrderRecord | None:
        """The order of ours for a device that has not ended; there is one at most."""
        orders = (one for one in self.shell.engine.orders() if not one.passed)
        return next((one for one in orders if one.device == device and not has_ended(one)), None)

    def last_order(self, device: Eui64) -> OrderRecord | None:
        """The order of a device that was given last."""
        orders = self.shell.engine.orders()
        return next((one for one in reversed(orders) if one.device == device), None)

    async def runs_already(self, request: ActivationRequest) -> RunsAlready | None:
        """How it is known that a device runs what it would be ordered to run."""
        engine, device = self.shell.engine, request.device
        with trio.move_on_after(TELL_WITHIN):
            while self._has_still_to_tell(request):
                await self.shell.heard()
        seen = engine.device(device)
        if seen is None:
            return None
        image = self.image(request)
        waits = any(
            image is not None
            and (one.device, one.sha256) == (device, image.sha256)
            and one.state not in RUN_OR_GIVEN_UP
            for one in engine.status()
        )
        orders, told = engine.orders(), seen.firmwares
        return runs_already(
            device,
            request.manufacturer_image_hash,
            image,
            orders,
            told,
            reports=self.reports(image),
            waits=waits,
        )

    def image(self, request: ActivationRequest) -> ImageRecord | None:
        """The image that is to be run, None where only its hash is known."""
        held = self.shell.engine.kernel.image_held
        return request.image or held(request.device, request.manufacturer_image_hash)

    def reports(self, image: ImageRecord | None) -> int | None:
        """The version a device tells that runs an image, as far as the image is known."""
        return None if image is None else self.shell.engine.kernel.images.reported_by(image)

    def _has_still_to_tell(self, request: ActivationRequest) -> bool:
        """Whether a device that was heard has not said yet what it runs of the image's firmware."""
        seen, image = self.shell.engine.device(request.device), request.image
        if seen is None or not seen.last_heard or image is None:
            return False
        told = seen.firmware(image.manufacturer_code, image.image_type)
        return told is None or told.told_at == LONG_AGO

    async def give(self, request: ActivationRequest) -> OrderRecord:
        """Have the order committed."""
        sha256 = ""
        if request.image is not None:
            sha256 = request.image.sha256
            await self.shell.command(AddImage(request.image, ACTOR))
        await self.shell.command(
            ActivateImage(
                request.device,
                request.manufacturer_image_hash,
                request.execution_utc,
                ACTOR,
                sha256=sha256,
            )
        )
        return self.shell.engine.orders()[-1]

    async def follow(
        self,
        order: OrderRecord,
        over: Callable[[OrderRecord], bool],
        watch: Watcher,
        seconds: float,
    ) -> Followed:
        """Show every step of an order until it is over, or time or patience is.

        Args:
            order: as it stands now; steps that led there and were not shown are shown first.
            over: whether there is nothing more to wait for.
            watch: is shown every step.
            seconds: how long to wait.
        """
        last = order

        async def look_on() -> None:
            nonlocal last
            while self._records.statistics().current_buffer_used or not over(last):
                record = await self._records.receive()
                if isinstance(record, OrderRecord) and record.number == order.number:
                    last = record
                    watch(record)

        ending = await wait_for(look_on, seconds)
        return Followed(last, over(last), ending)

    async def hear_version(self, device: Eui64, seconds: float) -> VersionTold:
        """Wait for the outcome of a reading."""
        heard: OutcomeRecord | None = None

        async def listen() -> None:
            nonlocal heard
            while heard is None:
                record = await self._records.receive()
                if isinstance(record, OutcomeRecord) and record.kind is OutcomeKind.VERSION:
                    heard = record if record.device == device else None

        ending = await wait_for(listen, seconds)
        return VersionTold(heard, ending)
