"""Carries a push out on a link until every device has come to its end, or somebody stops it.

Knows trio, the store and signals; what is done, and when it is over, is for ``hub.push`` to say.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from math import inf

import trio

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.commands import Pause
from ota_engine.hub.kernel.devices import Client
from ota_engine.hub.push.commands import BeginPush, ResumePush
from ota_engine.hub.push.course import ACTOR
from ota_engine.hub.push.progress import Chronicle, WaitEnd
from ota_engine.hub.push.report import PushFacts
from ota_engine.hub.push.verdict import PushStanding
from ota_engine.link.contract import NodeInfo
from ota_engine.records import (
    Activation,
    ImageRecord,
    ImageTerms,
    Override,
    PushRecord,
    PushState,
    Record,
    Snapshot,
    VersionPolicy,
)
from ota_engine.shell.meeting import require_member
from ota_engine.shell.proofs import proofs_of
from ota_engine.shell.push_plan import take_over_plan
from ota_engine.shell.runner import Shell, Witness
from ota_engine.shell.service import Setup, open_engine, open_virtual_service
from ota_engine.shell.waiting import wait_for
from ota_engine.store.holds import is_there
from ota_engine.store.location import place_of
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc

SHOW_EVERY = 0.25  # seconds between two pictures for whoever looks on
NODE_RATE = 1000.0  # requests a second of one device: the air allows 60, virtual dongles may hurry
NOTIFY_SPACING = 0.25  # seconds between two devices contacted: somebody watches and waits

#: Told the time, where every device stands, and why there is no radio if there is none.
Watcher = Callable[[Monotonic, Sequence[PushStanding], str | None], None]


@dataclass(frozen=True, slots=True)
class PushRequest:
    """What to push.

    Attributes:
        images: the files.
        devices: who is to be updated; None for everybody the radio knows.
        policy: which version steps are allowed.
        activation: when devices may run what they hold.
        activation_utc: for ``Activation.AT``.
        timeout: seconds after which to stop waiting.
        terms: what a catalogue says of the files.
        sources: where they were taken from, by SHA-256.
        overrides: terms that do not count.
        in_order: the firmwares of one device are updated in the order of the files.
        resume: go on with the push that was interrupted; only ``timeout`` counts then.
        dry: say what would be done, and offer nothing.
    """

    images: tuple[ImageRecord, ...] = ()
    devices: tuple[Eui64, ...] | None = None
    policy: VersionPolicy = VersionPolicy.UPGRADE
    activation: Activation = Activation.IMMEDIATE
    activation_utc: Utc | None = None
    timeout: float = inf
    terms: tuple[ImageTerms, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    in_order: bool = False
    resume: bool = False
    dry: bool = False


@dataclass(frozen=True, slots=True)
class PushResult:
    """What became of a push.

    Attributes:
        push: what was asked for.
        images: its files by SHA-256.
        terms: what a catalogue says of them, by SHA-256.
        sources: where they were taken from, by SHA-256.
        standings: where every firmware stands.
        chronicle: how far each was, and when.
        ending: how it came to stand still.
        withdrawn: deliveries of an earlier push that it ended.
        dry: nothing was offered.
    """

    push: PushRecord
    images: dict[str, ImageRecord]
    terms: dict[str, ImageTerms]
    sources: Mapping[str, str]
    standings: tuple[PushStanding, ...]
    chronicle: Chronicle
    ending: WaitEnd
    withdrawn: int
    dry: bool

    @property
    def facts(self) -> PushFacts:
        """What a report is made from."""
        return PushFacts(
            self.push,
            self.images,
            self.terms,
            self.sources,
            self.standings,
            self.ending,
            self.withdrawn,
            self.dry,
        )


async def push(setup: Setup, request: PushRequest, watch: Watcher) -> PushResult:
    """Push over an entered link until every device has come to its end.

    SIGINT and SIGTERM end it early; what was decided is on disk, and ``resume`` goes on with it.

    Args:
        setup: the link, the state folder and the keys.
        request: what to do.
        watch: shows how it goes.

    Raises:
        LocalError: a device is not in the network, or there is nothing to go on with.
        StoreError: the state folder cannot be used.
    """
    over = trio.Event()

    def committed(rows: Sequence[Record]) -> None:
        if any(isinstance(row, PushRecord) and row.state is PushState.ENDED for row in rows):
            over.set()

    nodes = setup.link.nodes
    devices = None if request.resume else _devices(request.devices, nodes)
    async with _engine(setup, request, committed) as shell:
        await shell.command(_command(request, devices, nodes, setup.security))
        run = _Run(shell, watch)
        ending = await run.until(over, request.timeout)
    return run.result(ending, request)


def _engine(
    setup: Setup, request: PushRequest, committed: Witness
) -> AbstractAsyncContextManager[Shell]:
    """An engine on the state folder; for a dry run, on a copy of what it remembers."""
    if request.dry:
        return open_copy(setup, committed)

    def prepare(store: Store) -> None:
        take_over_plan(setup.state, store, needed=request.resume)

    return open_engine(setup, prepare, committed)


@asynccontextmanager
async def open_copy(setup: Setup, committed: Witness) -> AsyncIterator[Shell]:
    """An engine that knows what the state folder remembers, keeps nothing and offers nothing.

    What an earlier push left open is paused in it, so that a device in mid download is told to wait.
    """
    with Store.in_memory() as store:
        place = place_of(setup.state)
        if is_there(place):
            with Store.inspect(place) as remembered:
                store.apply(_everything(remembered.load()))
        async with open_virtual_service(
            setup.link,
            store,
            setup.config,
            wall_clock=setup.wall_clock,
            security=None,
            committed=committed,
        ) as shell:
            await shell.command(Pause(None, "a dry run looks on", ACTOR))
            yield shell


def _everything(snapshot: Snapshot) -> list[Record]:
    """What a copy has to know: parents before their children."""
    return [
        *snapshot.images,
        *snapshot.terms,
        *snapshot.devices,
        *snapshot.assignments,
        *snapshot.sessions,
    ]


def _command(
    request: PushRequest,
    devices: tuple[Eui64, ...] | None,
    nodes: Mapping[Eui64, NodeInfo],
    security: Security | None,
) -> BeginPush | ResumePush:
    clients = clients_of(nodes)
    proofs = {} if request.dry else proofs_of(nodes, security)
    if devices is None:
        return ResumePush(clients, proofs)
    return BeginPush(
        images=request.images,
        devices=devices,
        everyone=request.devices is None,
        policy=request.policy,
        activation=request.activation,
        activation_utc=request.activation_utc,
        terms=request.terms,
        overrides=request.overrides,
        in_order=request.in_order,
        clients=clients,
        proofs=proofs,
        dry=request.dry,
    )


def clients_of(nodes: Mapping[Eui64, NodeInfo]) -> dict[Eui64, Client]:
    """Where the OTA clients of devices are, as far as the radio knows."""
    return {
        device: Client(node.endpoint, node.profile)
        for device, node in nodes.items()
        if node.profile
    }


def _devices(named: Sequence[Eui64] | None, nodes: Mapping[Eui64, NodeInfo]) -> tuple[Eui64, ...]:
    """Whom to update: those named, if the radio knows them, or everybody."""
    if named is None:
        if not nodes:
            raise LocalError(
                "no device of this network is known here: name the --state folder they joined with, "
                "or let them join with 'zota radio permit', then push"
            )
        return tuple(nodes)
    for device in named:
        require_member(device, nodes)
    return tuple(dict.fromkeys(named))


class _Run:
    """One push under way, as those see it who look on."""

    def __init__(self, shell: Shell, watch: Watcher) -> None:
        self._shell = shell
        self._watch = watch
        self._chronicle = Chronicle()
        self._standings: tuple[PushStanding, ...] = ()

    async def until(self, over: trio.Event, seconds: float) -> WaitEnd:
        """Look on until it is over, the time is up, or a signal says to stop."""

        async def look_on() -> None:
            while not over.is_set():
                self._look()
                with trio.move_on_after(SHOW_EVERY):
                    await over.wait()

        ending = await wait_for(look_on, seconds)
        self._look()
        return ending

    def _look(self) -> None:
        engine, now = self._shell.engine, Monotonic(trio.current_time())
        self._standings = tuple(engine.pushes.standings(now))
        self._chronicle.watch(now, self._standings)
        self._watch(now, self._standings, engine.link_down)

    def result(self, ending: WaitEnd, request: PushRequest) -> PushResult:
        """What became of it."""
        engine = self._shell.engine
        record = engine.pushes.last
        assert record is not None  # noqa: S101 - it was begun, or resumed
        images = {sha256: engine.image(sha256) for sha256 in record.images}
        terms = {sha256: engine.terms(sha256) for sha256 in record.images}
        return PushResult(
            record,
            {sha256: image for sha256, image in images.items() if image is not None},
            {sha256: stated for sha256, stated in terms.items() if stated is not None},
            request.sources,
            self._standings,
            self._chronicle,
            ending,
            engine.pushes.withdrawn,
            request.dry,
        )
