"""A live emulated home area network behind the Link interface, for the trio shell.

Runs an ``emulators.air.network.Network`` on trio's clock, whatever that is: real time, time that runs
fifty times faster (``trio.testing.MockClock(rate=50)``), or virtual time that jumps. Decides
nothing about devices or frames.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import trio

from emulators.air.network import Network
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import kind_of
from emulators.home.arrivals import Arrivals
from emulators.node import COORDINATOR, Node, NodeAction
from images.eui64 import Eui64
from ota_engine.events import LinkDown, LinkEvent, LinkUp, Send
from ota_engine.link.contract import ClientEndpoint, LinkDownError, LinkInfo, NodeInfo
from ota_engine.times import LONG_AGO, Monotonic

BATCHES = 64  # waiting for a slow reader before events are dropped


class Han:
    """The link to an emulated network. Enter it, then switch nodes on.

    Args:
        network: nodes and air, with nothing run yet.
        batch_seconds: how much time one batch may span. Zero hands every event over at its exact
            time; more carries more events per wake-up, and answers leave when the batch ends.
    """

    def __init__(self, network: Network, *, batch_seconds: float = 0.0) -> None:
        self.network = network
        self._batch_seconds = batch_seconds
        self._arrivals = Arrivals()
        self._port = network.attach(self._arrivals)
        self._into, self._events = trio.open_memory_channel[list[LinkEvent]](BATCHES)
        self._stack = AsyncExitStack()
        self._sleep = trio.CancelScope()
        self._earliest = LONG_AGO  # the next batch is handed over no sooner
        self._dropped = 0

    # --- Link ------------------------------------------------------------------------------------

    @property
    def info(self) -> LinkInfo:
        """What this radio is."""
        return LinkInfo(
            own=COORDINATOR,
            pan_id=0x1A62,
            channel=11,
            kind="han",
            max_payload=self.network.max_payload,
            aps_security=self.network.aps_security,
            max_in_flight=0,
        )

    @property
    def events(self) -> trio.MemoryReceiveChannel[list[LinkEvent]]:
        """Batches of what happened."""
        return self._events

    @property
    def dropped(self) -> int:
        """How many events were lost because nobody took them in time."""
        return self._dropped

    @property
    def nodes(self) -> Mapping[Eui64, NodeInfo]:
        """The nodes that have power."""
        return {
            eui64: NodeInfo(
                station.node.network_address,
                station.node.sleepy,
                station.placement.link_quality,
                station.placement.relays,
                Monotonic(station.fast_since),
                tuple(ClientEndpoint(*client) for client in station.node.clients),
                _device_ids(station.node),
            )
            for eui64, station in self.network.stations.items()
            if station.online
        }

    async def send(self, frame: Send) -> None:
        """Put one frame on the emulated air; its failure comes as an event.

        Raises:
            LinkDownError: the coordinator is unplugged.
        """
        self.put((frame,))

    def put(self, frames: Sequence[Send]) -> None:
        """Put frames on the emulated air, one behind the other; what fails comes as an event.

        Raises:
            LinkDownError: the coordinator is unplugged.
        """
        if not self.network.link_is_up:
            raise LinkDownError("the emulated coordinator is unplugged")
        self.network.submit(self._port, frames, self.present())
        self.wake_if_due()

    async def permit(self, seconds: int) -> None:
        """Let devices join: emulated ones always may."""

    async def __aenter__(self) -> Self:
        """Start the air."""
        nursery = await self._stack.enter_async_context(trio.open_nursery())
        self._stack.callback(nursery.cancel_scope.cancel)
        self._into.send_nowait([self._first_event()])
        nursery.start_soon(self._run)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the air; nodes keep the state they are in, and another link may take over."""
        try:
            await self._stack.__aexit__(kind, error, traceback)
        finally:
            self._into.close()
            self.network.detach(self._port)

    # --- the switches of an operator or a test ---------------------------------------------------

    def power_on(self, device: Eui64) -> None:
        """Switch a node on."""
        self.network.power_on(device, self.present())
        self.wake_if_due()

    def power_off(self, device: Eui64) -> None:
        """Cut a node's power."""
        self.present()
        self.network.power_off(device)

    def perform(self, device: Eui64, actions: Iterable[NodeAction]) -> None:
        """Carry out what a node decided because somebody pressed its button."""
        self.network.perform(device, actions, self.present())
        self.wake_if_due()

    def unplug(self, reason: str = "unplugged") -> None:
        """Take the coordinator away."""
        self.network.link_down(reason, self.present())
        self._flush()

    def plug_in(self) -> None:
        """Bring the coordinator back."""
        now = self.present()
        self.network.link_up(self._link_up(), now)
        self._flush()

    # --- for what lives beside it ----------------------------------------------------------------

    def present(self) -> Monotonic:
        """Let what is overdue on a busy machine happen first, in its order; the time it is now."""
        now = Monotonic(trio.current_time())
        self.network.run(now)
        return now

    def wake_if_due(self) -> None:
        """Something new is in the agenda: sleep no longer than until it is due."""
        if self._sleep.deadline <= self._earliest:
            return  # it wakes as soon as it may
        due = self._next_due()
        if due < self._sleep.deadline:  # noqa: PLR1730 - to set one costs more than to look
            self._sleep.deadline = due

    # --- within ----------------------------------------------------------------------------------

    def _first_event(self) -> LinkEvent:
        if self.network.link_is_up:
            return self._link_up()
        return LinkDown("han", "unplugged", Monotonic(trio.current_time()))

    def _link_up(self) -> LinkUp:
        network = self.network
        now = Monotonic(trio.current_time())
        return LinkUp("han", COORDINATOR, network.max_payload, network.aps_security, now)

    async def _run(self) -> None:
        """Let the network live: sleep until something is due, then hand over what happened.

        A sleep that ends by ``Cancelled``, as trio's own do, costs a fifth more than one that is told
        that its time has come.
        """
        task = trio.lowlevel.current_task()

        def get_up(_: object) -> trio.lowlevel.Abort:
            trio.lowlevel.reschedule(task)
            return trio.lowlevel.Abort.FAILED

        while True:
            now = Monotonic(trio.current_time())
            self.network.run(now)
            self._flush()
            self._earliest = now + self._batch_seconds
            with trio.CancelScope(deadline=self._next_due()) as self._sleep:
                await trio.lowlevel.wait_task_rescheduled(get_up)
            await trio.lowlevel.checkpoint_if_cancelled()

    def _next_due(self) -> Monotonic:
        return max(self.network.agenda.next_time(), self._earliest)

    def _flush(self) -> None:
        batch = self._arrivals.take()
        if not batch:
            return
        try:
            self._into.send_nowait(batch)
        except trio.WouldBlock:
            self._dropped += len(batch)


def _device_ids(node: Node) -> frozenset[int]:
    return (
        frozenset({kind_of(node.spec).device_id})
        if isinstance(node, EmulatedDevice)
        else frozenset()
    )
