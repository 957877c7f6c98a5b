"""Puts a running engine together: store, writer, couriers and shell around one link."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path

import structlog
import trio

from ota_engine.errors import StoreError
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine
from ota_engine.link.contract import Link
from ota_engine.shell.runner import Shell, Witness, nobody
from ota_engine.store.location import place_of
from ota_engine.store.store import Store
from ota_engine.store.writer import InlineWriter, Writer, open_writer
from ota_engine.telling.courier import Courier
from ota_engine.telling.json_lines import SINK_NAME, JsonLinesSink
from ota_engine.telling.registration import register
from ota_engine.telling.sink import Sink
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

LINGER_S = 5.0  # of real time, for sinks to be told the last outcomes
FULL_DISK_S = 60.0  # for somebody to make room, until a command gives up

log = structlog.get_logger()


@asynccontextmanager
async def open_service(
    link: Link,
    state: Path,
    config: DeliveryConfig,
    *,
    wall_clock: Callable[[], Utc] = this_machine,
    prepare: Callable[[Store], None] | None = None,
    sinks: Sequence[Sink] = (),
    security: Security | None = None,
    committed: Witness = nobody,
    patience: float = inf,
    pace: float = 1.0,
) -> AsyncIterator[Shell]:
    """Run an engine on an entered link, with everything it remembers in the folder ``state``.

    Args:
        link: the radio.
        state: an existing folder.
        config: how the server behaves.
        wall_clock: returns UTC seconds.
        prepare: may change what is remembered before the engine is made of it.
        sinks: who is told of outcomes besides the file, each at its own pace.
        security: keys and parties; without them no order to activate can be given.
        committed: sees every row that is on disk.
        patience: seconds to wait for room on a full disk.
        pace: seconds of trio's clock in a real one; disks and receivers live in those.

    The engine goes on where the last one stopped, killed or not. On leaving, what was decided is
    committed and what was reported is in every sink or waits in the outbox; sinks that answer get
    ``LINGER_S`` seconds for what still waits then.

    Raises:
        StoreFull: the disk is full, and nobody made room in time.
        StoreError: the folder is in use by another engine, damaged, or of a newer version.
        LocalError: a key that ``security`` speaks of is not in it.
    """
    with (
        Store.open(place_of(state)) as store,
        JsonLinesSink(state / SINK_NAME) as file,
    ):
        async with open_writer(store, _alarm) as writer:
            if prepare is not None:
                await writer.call(prepare, store)
            await writer.call(register, store, sinks)
            engine = Engine(config, await writer.call(store.load), security)
            telling = _telling(writer, store, (file, *sinks), wall_clock, LINGER_S * pace)
            async with _running(
                engine, writer, telling, link, wall_clock, committed, patience
            ) as shell:
                yield shell


@asynccontextmanager
async def open_virtual_service(
    link: Link,
    store: Store,
    config: DeliveryConfig,
    *,
    wall_clock: Callable[[], Utc],
    sinks: Sequence[Sink] = (),
    security: Security | None = None,
    committed: Witness = nobody,
    patience: float = inf,
) -> AsyncIterator[Shell]:
    """The same under a virtual clock, which no thread may outrun: the store is written inline.

    Sinks that are remote are told nothing, for they could not answer before time has jumped; what
    they are to hear waits (``shell.afterwards``).

    Raises:
        LocalError: two sinks have one name, or ``security`` speaks of a key that is not in it.
    """
    register(store, [sink for sink in sinks if sink.name != SINK_NAME])
    engine = Engine(config, store.load(), security)
    told = [sink for sink in sinks if not sink.remote]
    writer = InlineWriter(store)
    telling = _telling(writer, store, told, wall_clock, LINGER_S)
    async with _running(engine, writer, telling, link, wall_clock, committed, patience) as shell:
        yield shell


@asynccontextmanager
async def _running(
    engine: Engine,
    writer: Writer,
    telling: AbstractAsyncContextManager[Callable[[], None]],
    link: Link,
    wall_clock: Callable[[], Utc],
    committed: Witness,
    patience: float,
) -> AsyncIterator[Shell]:
    """Run an engine and the couriers of its sinks; the engine ends first."""
    async with telling as notify, trio.open_nursery() as nursery:
        shell = Shell(
            engine,
            writer,
            link,
            wall_clock=wall_clock,
            notify=notify,
            alarm=_alarm,
            committed=committed,
            patience=patience,
        )
        nursery.start_soon(shell.run)
        yield shell
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def _telling(
    writer: Writer,
    store: Store,
    sinks: Sequence[Sink],
    wall_clock: Callable[[], Utc],
    linger_s: float,
) -> AsyncIterator[Callable[[], None]]:
    """Carry outcomes to the sinks; yields what says that there is something new."""
    couriers = [
        Courier(writer, store, sink, wall_clock=wall_clock, report=_report) for sink in sinks
    ]
    async with trio.open_nursery() as nursery:
        for courier in couriers:
            nursery.start_soon(courier.run)
        yield lambda: _wake(couriers)
        with trio.move_on_after(linger_s):
            for courier in couriers:
                await courier.settle()
        nursery.cancel_scope.cancel()


def _wake(couriers: Iterable[Courier]) -> None:
    for courier in couriers:
        courier.wake()


@dataclass(frozen=True, slots=True)
class Setup:
    """Where an engine is to run, and with what.

    Attributes:
        link: an entered link.
        state: an existing folder.
        wall_clock: returns UTC seconds.
        virtual: time jumps, so the store is written inline, and remote sinks are told afterwards.
        config: how the server behaves.
        security: keys and parties; without them no order to activate can be given.
        sinks: who is told of outcomes besides the file.
        pace: seconds of trio's clock in a real one, where time does not jump.
    """

    link: Link
    state: Path
    wall_clock: Callable[[], Utc]
    virtual: bool
    config: DeliveryConfig
    security: Security | None = None
    sinks: Sequence[Sink] = ()
    pace: float = 1.0


@asynccontextmanager
async def open_engine(
    setup: Setup,
    prepare: Callable[[Store], None] | None = None,
    committed: Witness = nobody,
) -> AsyncIterator[Shell]:
    """Run an engine in real time or in time that jumps, whichever its setup says.

    Args:
        setup: where, and with what.
        prepare: may change what is remembered before the engine is made of it.
        committed: sees every row that is on disk.

    Raises:
        StoreFull: the disk is full, and nobody made room within ``FULL_DISK_S`` seconds; where time
            jumps, at once.
        StoreError: the folder is in use by another engine, damaged, or of a newer version.
    """
    if not setup.virtual:
        async with open_service(
            setup.link,
            setup.state,
            setup.config,
            wall_clock=setup.wall_clock,
            prepare=prepare,
            sinks=setup.sinks,
            security=setup.security,
            committed=committed,
            patience=FULL_DISK_S,
            pace=setup.pace,
        ) as shell:
            yield shell
        return
    with (
        Store.open(place_of(setup.state), durable=False) as store,
        JsonLinesSink(setup.state / SINK_NAME, inline=True) as file,
    ):
        if prepare is not None:
            prepare(store)
        async with open_virtual_service(
            setup.link,
            store,
            setup.config,
            wall_clock=setup.wall_clock,
            sinks=(file, *setup.sinks),
            security=setup.security,
            committed=committed,
            patience=0.0,
        ) as shell:
            yield shell


def _report(line: str) -> None:
    log.warning("courier", problem=line)


def _alarm(error: StoreError | None) -> None:
    if error is None:
        log.info("store", recovered=True)
    else:
        log.error("store", problem=str(error), effect="frames are withheld until it passes")
