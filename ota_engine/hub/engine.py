"""The engine: takes events and the time, returns effects; composes the parts of a hub, does no I/O.

A shell owns one engine. It passes every event with its own time to ``handle``, or what a link hands
over at once to ``handle_batch``, calls ``wake`` when ``next_wake`` has come, and carries out the
effects in order: a ``Persist`` is committed before any ``Send`` behind it leaves. The parts do not
know each other: a packet goes by its cluster to one of them, every other event by its type to those
it concerns, a deadline to whose it is, and what one part says (``kernel.happenings``) to those who
take it, all within the same call.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import (
    BASIC_CLUSTER,
    DEVICE_MANAGEMENT_CLUSTER,
    OTA_UPGRADE_CLUSTER,
    TUNNELING_CLUSTER,
    ClockObserved,
    Effect,
    Joined,
    Left,
    LinkDown,
    LinkEvent,
    LinkUp,
    Packet,
    SendFailed,
)
from ota_engine.hub.activation.activations import Activations
from ota_engine.hub.activation.readings import Reading
from ota_engine.hub.activation.requests import (
    ActivateImage,
    AskVersion,
    CancelOrder,
    OrderRequest,
    PassCommand,
    TellVersion,
)
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.commands import OperatorCommand
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.server import OtaServer
from ota_engine.hub.delivery.status import (
    DeviceStatus,
    SessionStatus,
    device_status,
    statuses,
    statuses_of,
)
from ota_engine.hub.kernel.deadlines import Alarm, Deadline
from ota_engine.hub.kernel.happenings import (
    AlertTold,
    ClockChanged,
    DeviceForgotten,
    FirmwareTold,
    NamesTold,
    QueryHeard,
    Refused,
    SessionChanged,
    TransferEnded,
    Wanted,
)
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.premises.changes import PremisesStatus
from ota_engine.hub.premises.premises import Premises
from ota_engine.hub.premises.requests import AnnounceChange, CancelChange, PremisesRequest
from ota_engine.hub.push.commands import BeginPush, PushCommand, ResumePush, StopPush
from ota_engine.hub.push.pushes import DeliveryView, Pushes
from ota_engine.records import ImageRecord, ImageTerms, OrderRecord, Snapshot
from ota_engine.times import Monotonic

_PACKET: Final = Packet  # asked for with every event
DEFAULT = DeliveryConfig()
NOTHING = Snapshot()
#: What a person can ask of an engine.
EngineRequest: TypeAlias = OperatorCommand | OrderRequest | PushCommand | PremisesRequest
#: Takes a value of one type, and the time.
Taker: TypeAlias = Callable[[Any, Monotonic], None]


class Engine:
    """Delivery of firmware to the devices of one or more links, pushes, orders to activate, premises.

    Attributes:
        kernel: what the parts share.
        delivery: serves images.
        pushes: decide who gets which.
        premises: tells devices of changes of tenancy and supplier.
    """

    def __init__(
        self,
        config: DeliveryConfig = DEFAULT,
        snapshot: Snapshot = NOTHING,
        security: Security | None = None,
    ) -> None:
        """Go on where an earlier run stopped.

        Args:
            config: of the delivery.
            snapshot: what the store remembers of an earlier run.
            security: keys and parties; without them no order to activate can be given.

        Raises:
            LocalError: the hub that ``security`` names has no signing key in it.
        """
        self.kernel = Kernel(
            snapshot,
            strangers=config.strangers,
            profile=config.profile,
            block_size=config.block_size,
        )
        is_hub = security is not None and security.hub is not None
        self.delivery = OtaServer(self.kernel, config, snapshot, one_image_each=is_hub)
        self._activations = (
            None if security is None else Activations(self.kernel, security, snapshot)
        )
        view = DeliveryView(self.device, self.status, self._sessions_of)
        self.pushes = Pushes(self.kernel, snapshot.pushes, view, by_order=security is not None)
        self.premises = Premises(self.kernel, snapshot)
        self._remembered = snapshot.orders
        self._output = self.kernel.output
        self._deadlines = self.kernel.deadlines
        self._happenings = self.kernel.happenings
        self._nobody: Taker = self._unserved
        self._clusters = self._by_cluster()
        self._takers = self._by_type()
        self._command = (self.delivery.command,)
        self._owners = self._by_alarm()

    # --- who takes what --------------------------------------------------------------------------

    def _by_cluster(self) -> dict[int, Taker]:
        """A packet goes to one part."""
        clusters: dict[int, Taker] = {
            OTA_UPGRADE_CLUSTER: self.delivery.receive,
            BASIC_CLUSTER: self.delivery.receive_basic,
            DEVICE_MANAGEMENT_CLUSTER: self.premises.receive,
        }
        if self._activations is not None:
            clusters[TUNNELING_CLUSTER] = self._activations.receive
        return clusters

    def _by_type(self) -> dict[type[Any], tuple[Taker, ...]]:
        """Everything else goes to all whom it concerns: first the kernel, then its parts."""
        kernel, delivery, presence = self.kernel, self.delivery, self.delivery.presence
        takers: dict[type[Any], tuple[Taker, ...]] = {
            Joined: (kernel.joined, presence.joined, self.premises.joined),
            Left: (presence.left,),
            LinkUp: (kernel.link_up, presence.link_up, self.premises.link_up),
            LinkDown: (kernel.link_down, presence.link_down),
            SendFailed: (self._send_failed,),
            ClockObserved: (kernel.clock_observed,),
            ClockChanged: (delivery.clock_changed,),
            QueryHeard: (delivery.query_heard,),
            DeviceForgotten: (delivery.device_forgotten, self.premises.device_forgotten),
            Wanted: (self._wanted,),
            Refused: (self.pushes.refused,),
            FirmwareTold: (self.pushes.told, self.premises.firmware_told),
            NamesTold: (self.pushes.named,),
            SessionChanged: (delivery.session_changed, self.pushes.session_changed),
            AlertTold: (self.pushes.proven,),
            BeginPush: (self.pushes.begin,),
            ResumePush: (self.pushes.resume,),
            StopPush: (self.pushes.stop,),
            AnnounceChange: (self.premises.announce,),
            CancelChange: (self.premises.cancel,),
            ActivateImage: (_no_keys,),
            PassCommand: (_no_keys,),
            CancelOrder: (_no_keys,),
            AskVersion: (_no_keys,),
            TellVersion: (_no_keys,),
        }
        signed = self._activations
        if signed is not None:
            takers[Joined] += (signed.joined,)
            takers[Left] += (signed.left,)
            takers[LinkUp] += (signed.link_up,)
            takers[LinkDown] += (signed.link_down,)
            takers[ClockObserved] += (signed.clock_observed,)
            takers[TransferEnded] = (signed.transfer_ended,)
            takers[Reading] = (signed.version_read,)
            takers[ActivateImage] = (signed.activate,)
            takers[PassCommand] = (signed.pass_on,)
            takers[CancelOrder] = (signed.cancel,)
            takers[AskVersion] = (signed.read_version,)
            takers[TellVersion] = (signed.tell_version,)
        return takers

    def _by_alarm(self) -> dict[Alarm, Callable[[Deadline, Monotonic], None]]:
        """A deadline is one part's."""
        owners: dict[Alarm, Callable[[Deadline, Monotonic], None]] = dict.fromkeys(
            self.delivery.ALARMS, self.delivery.ring
        )
        owners[Alarm.PUSH] = self.pushes.ring
        owners[Alarm.PUBLISH] = self.premises.ring
        if self._activations is not None:
            owners |= dict.fromkeys(self._activations.ALARMS, self._activations.ring)
        return owners

    # --- events and time -------------------------------------------------------------------------

    def handle(
        self, event: LinkEvent | ClockObserved | EngineRequest, now: Monotonic
    ) -> list[Effect]:
        """Take one event that happened at monotonic ``now`` seconds.

        Raises:
            LocalError: what a person asks names something that is not there, or may not be.
        """
        if type(event) is _PACKET and event.cluster == OTA_UPGRADE_CLUSTER:
            self.delivery.receive(event, now)  # as nearly all are: no look-up for them
        else:
            self._pass_on(event, now)
        if self._happenings:
            self._hand_on(now)
        return self._output.drain()

    def handle_batch(self, batch: Sequence[LinkEvent]) -> list[Effect]:
        """Take what a link hands over at once, each event at its own time.

        Deadlines that come before an event are met before it, each at its own time too. What is to be
        done is what ``handle`` and ``wake`` would have said one after the other, in one list: all rows
        first, then all frames, each in the order in which they were decided.

        Args:
            batch: events of a link, oldest first.
        """
        deadlines, receive, happenings = self._deadlines, self.delivery.receive, self._happenings
        for event in batch:
            now = event.time
            while deadlines.next_due <= now:
                self._ring(deadlines.next_due)
            if type(event) is _PACKET and event.cluster == OTA_UPGRADE_CLUSTER:
                receive(event, now)
            else:
                self._pass_on(event, now)
            if happenings:
                self._hand_on(now)
        return self._output.drain()

    def _pass_on(self, event: LinkEvent | ClockObserved | EngineRequest, now: Monotonic) -> None:
        """Hand an event to those whom it concerns."""
        if type(event) is _PACKET:
            self._clusters.get(event.cluster, self._nobody)(event, now)
        else:
            for take in self._takers.get(type(event), self._command):
                take(event, now)

    @property
    def next_wake(self) -> Monotonic:
        """When ``wake`` is due next, monotonic seconds; infinite when nothing is pending."""
        return self._deadlines.next_due

    def wake(self, now: Monotonic) -> list[Effect]:
        """Do what is due."""
        self._ring(now)
        return self._output.drain()

    def _ring(self, now: Monotonic) -> None:
        while (deadline := self._deadlines.pop_due(now)) is not None:
            self._owners[deadline.alarm](deadline, now)
            if self._happenings:
                self._hand_on(now)

    def _hand_on(self, now: Monotonic) -> None:
        """Hand what the parts say to those who take it, until nothing is left.

        What follows from a happening goes before what happened after it.
        """
        new, takers = self._happenings, self._takers
        left = new[::-1]  # the next is the last of it
        new.clear()
        while left:
            happening = left.pop()
            for take in takers.get(type(happening), ()):
                take(happening, now)
            if new:
                left += new[::-1]
                new.clear()

    def _wanted(self, wanted: Wanted, now: Monotonic) -> None:
        """A part asks for what people ask for otherwise."""
        request = wanted.request
        try:
            for take in self._takers.get(type(request), self._command):
                take(request, now)
        except LocalError as error:
            self.kernel.happen(Refused(request, str(error)))

    def _unserved(self, _: Packet, __: Monotonic) -> None:
        self.kernel.output.count("foreign_cluster")

    def _send_failed(self, event: SendFailed, now: Monotonic) -> None:
        """What became of a frame concerns whose it was."""
        if event.send.cluster == TUNNELING_CLUSTER and self._activations is not None:
            self._activations.send_failed(event, now)
        elif event.send.cluster == DEVICE_MANAGEMENT_CLUSTER:
            self.premises.send_failed(event, now)
        else:
            self.delivery.send_failed(event, now)

    # --- views -----------------------------------------------------------------------------------

    def status(self) -> list[SessionStatus]:
        """View every session as it stands."""
        return statuses(self.delivery.transfers)

    def orders(self) -> tuple[OrderRecord, ...]:
        """View every order to activate as it stands, lowest numbers first."""
        return self._remembered if self._activations is None else self._activations.orders()

    def order(self, number: int) -> OrderRecord | None:
        """View one order; None if no order has this number."""
        if self._activations is not None:
            return self._activations.order(number)
        return next((order for order in self._remembered if order.number == number), None)

    def command(self, device: Eui64, originator: Eui64, counter: int) -> OrderRecord | None:
        """View the order whose command has this counter; None if there is none."""
        signed = self._activations
        return None if signed is None else signed.command(device, originator, counter)

    def asks(self, device: Eui64, user: Eui64, counter: int) -> bool:
        """Whether a device is being asked what it runs on behalf of a user."""
        return self._activations is not None and self._activations.asks(device, user, counter)

    def premises_status(self) -> tuple[PremisesStatus, ...]:
        """View the changes of tenancy and supplier that were announced last, and who knows of them."""
        return self.premises.status()

    def device(self, device: Eui64) -> DeviceStatus | None:
        """View one device as it described itself; None if nothing is known of it."""
        return device_status(self.delivery.transfers, device)

    def _sessions_of(self, device: Eui64) -> list[SessionStatus]:
        return statuses_of(self.delivery.transfers, device)

    def terms(self, sha256: str) -> ImageTerms | None:
        """Look up the terms an image is released on; None where its header says all."""
        return self.kernel.images.terms(sha256)

    def image(self, sha256: str) -> ImageRecord | None:
        """Look up an image that is served."""
        image = self.kernel.images.get(sha256)
        return None if image is None else image.record

    @property
    def link_down(self) -> str | None:
        """Why there is no radio, None while there is one."""
        return self.kernel.radio.down

    @property
    def counters(self) -> Mapping[str, int]:
        """What was counted since this engine began, by name."""
        counters = self.kernel.output.counters
        if self._activations is None:
            return counters
        tunnels = self._activations.counters
        return counters | {f"tunnel_{name}": n for name, n in tunnels.items()}


def _no_keys(_: OrderRequest, __: Monotonic) -> NoReturn:
    raise LocalError("this engine has no keys to sign with: give it a key folder")
