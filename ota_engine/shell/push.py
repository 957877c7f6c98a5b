"""Carries a push out on a link until every device has come to its end, or somebody stops it.

Knows trio, the store and signals; what is to be done is for ``campaigns.push`` to say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import trio

from images.eui64 import Eui64, format_eui64
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.commands import AddImage
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine
from ota_engine.hub.push.plan import PushPlan
from ota_engine.hub.push.push import ACTOR, Push, PushStanding
from ota_engine.hub.push.summary import Chronicle, WaitEnd
from ota_engine.link.contract import Link
from ota_engine.records import (
    Activation,
    AuditRecord,
    ImageRecord,
    Record,
    SessionState,
    Unassigned,
    VersionPolicy,
)
from ota_engine.shell.push_plan import save_plan
from ota_engine.shell.runner import Shell
from ota_engine.shell.service import Setup, open_engine
from ota_engine.shell.waiting import wait_for
from ota_engine.store.store import Store
from ota_engine.telling.sink import Sink

LOOK_EVERY = 0.25  # seconds between two looks at the engine
NODE_RATE = 1000.0  # requests a second of one device: the air allows 60, virtual dongles may hurry
NOTIFY_SPACING = 0.25  # seconds between two devices contacted: somebody watches and waits
#: Deliveries of an earlier push that a new one stops: those in which something more may be served.
#: A device that holds its image, or is about to run it, is left to do so.
STOPPED = frozenset(
    {
        SessionState.ASSIGNED,
        SessionState.OFFERED,
        SessionState.QUEUED,
        SessionState.DOWNLOADING,
        SessionState.PAUSED,
        SessionState.STALLED,
        SessionState.FAILED,
        SessionState.ABORTED,
    }
)

#: Told the time, where every device stands, and why there is no radio if there is none.
Watcher = Callable[[float, Sequence[PushStanding], str | None], None]


@dataclass(frozen=True, slots=True)
class PushRequest:
    """What to push.

    Attributes:
        images: the files.
        devices: who is to be updated; None for everybody the radio knows.
        policy: which version steps are allowed.
        activation: when devices may run what they hold.
        activation_utc: for ``Activation.AT``.
        config: how the server behaves.
        timeout: seconds after which to stop waiting.
        resume: the plan of an interrupted push to go on with; only ``config`` and ``timeout`` count
            then.
    """

    images: tuple[ImageRecord, ...]
    devices: tuple[Eui64, ...] | None
    policy: VersionPolicy
    activation: Activation
    activation_utc: float | None
    config: DeliveryConfig
    timeout: float = inf
    resume: PushPlan | None = None


@dataclass(frozen=True, slots=True)
class PushResult:
    """What became of a push; ``stopped`` counts deliveries of an earlier one that it ended."""

    plan: PushPlan
    images: dict[str, ImageRecord]
    standings: tuple[PushStanding, ...]
    chronicle: Chronicle
    ending: WaitEnd
    stopped: int


async def push(
    link: Link,
    state: Path,
    request: PushRequest,
    watch: Watcher,
    *,
    wall_clock: Callable[[], float],
    virtual: bool,
    security: Security | None = None,
    sinks: Sequence[Sink] = (),
) -> PushResult:
    """Push over an entered link until every device has come to its end.

    SIGINT and SIGTERM end it early; what was decided is on disk, and the plan says how to go on.

    Args:
        link: the radio.
        state: an existing folder for the database and the plan.
        request: what to do.
        watch: shows how it goes.
        wall_clock: returns UTC seconds.
        virtual: time jumps, so the store is written inline.
        security: keys and parties, with which transfers are told of by signed alerts.
        sinks: who is told of outcomes besides the file.

    Raises:
        LocalError: a device is not in the network, or an image is gone from the catalogue.
        StoreError: the state folder cannot be used.
    """
    resumed = request.resume is not None
    plan = request.resume or _plan(request, link, wall_clock())
    stopped = 0

    def prepare(store: Store) -> None:
        nonlocal stopped
        stopped = 0 if resumed else stop_earlier(store, plan.created_utc)

    setup = Setup(link, state, wall_clock, virtual, request.config, security, sinks)
    async with open_engine(setup, prepare) as shell:
        for image in request.images:
            await shell.command(AddImage(image, ACTOR))
        images = _catalogued(plan, shell.engine)
        if not resumed:
            save_plan(state, plan)
        campaign = Push(plan, tuple(images.values()), _clients(link), by_order=security is not None)
        run = _Run(shell, campaign, watch, wall_clock)
        ending = await run.until_over(request.timeout)
    if not (ending.interrupted or ending.timed_out):
        plan = replace(plan, ended_utc=wall_clock())
        save_plan(state, plan)
    return PushResult(plan, images, run.standings, run.chronicle, ending, stopped)


# --- the plan ------------------------------------------------------------------------------------


def _plan(request: PushRequest, link: Link, utc: float) -> PushPlan:
    return PushPlan(
        images=tuple(dict.fromkeys(image.sha256 for image in request.images)),
        devices=_devices(request.devices, link.nodes),
        everyone=request.devices is None,
        policy=request.policy,
        activation=request.activation,
        activation_utc=request.activation_utc,
        created_utc=utc,
    )


def _devices(named: Sequence[Eui64] | None, nodes: Mapping[Eui64, object]) -> tuple[Eui64, ...]:
    """Whom to update: those named, if the radio knows them, or everybody."""
    if named is None:
        if not nodes:
            raise LocalError(
                "no device is in this network: let some join with 'zota radio permit', then push"
            )
        return tuple(nodes)
    for device in named:
        if device not in nodes:
            there = ", ".join(format_eui64(node) for node in list(nodes)[:8]) or "no device"
            raise LocalError(
                f"{format_eui64(device)} is not in this network ({there}): let it join with "
                "'zota radio permit', or name another"
            )
    return tuple(dict.fromkeys(named))


def _catalogued(plan: PushPlan, engine: Engine) -> dict[str, ImageRecord]:
    images = {}
    for sha256 in plan.images:
        image = engine.image(sha256)
        if image is None:
            raise LocalError(f"image {sha256[:16]} is not in the catalogue: give the file again")
        images[sha256] = image
    return images


def _clients(link: Link) -> dict[Eui64, tuple[int, int]]:
    """Where the OTA clients are, as far as the radio knows."""
    return {
        device: (node.endpoint, node.profile) for device, node in link.nodes.items() if node.profile
    }


def stop_earlier(store: Store, utc: float) -> int:
    """Withdraw the deliveries of earlier pushes that have not ended; returns how many."""
    records: list[Record] = []
    stopped = [session for session in store.load().sessions if session.state in STOPPED]
    for session in stopped:
        detail = canonical_json({"reason": "a new push begins", "sha256": session.sha256})
        subject = format_eui64(session.device)
        records.append(Unassigned(session.device, session.sha256))
        records.append(AuditRecord(utc, ACTOR, "withdraw", subject, detail))
    if records:
        store.apply(records)
    return len(stopped)


# --- the run -------------------------------------------------------------------------------------


class _Run:
    """One push under way."""

    def __init__(
        self, shell: Shell, push: Push, watch: Watcher, wall_clock: Callable[[], float]
    ) -> None:
        self.chronicle = Chronicle()
        self.standings: tuple[PushStanding, ...] = ()
        self._shell = shell
        self._push = push
        self._watch = watch
        self._wall_clock = wall_clock

    async def until_over(self, seconds: float) -> WaitEnd:
        """Go on until all have ended, the time is up, or a signal says to stop."""
        ending = await wait_for(self._until_ended, seconds)
        self._look()
        return ending

    async def _until_ended(self) -> None:
        engine = self._shell.engine
        while True:
            now = trio.current_time()
            utc = self._wall_clock()
            for order in self._push.advance(engine.device, engine.status(), now, utc):
                await self._shell.command(order)
            if self._look():
                return
            await trio.sleep(LOOK_EVERY)

    def _look(self) -> bool:
        """See where everybody stands, and show it; returns whether all have ended."""
        engine, now = self._shell.engine, trio.current_time()
        self.standings = tuple(self._push.standings(engine.device, engine.status(), now))
        self.chronicle.watch(now, self.standings)
        self._watch(now, self.standings, engine.link_down)
        return all(standing.verdict is not None for standing in self.standings)
