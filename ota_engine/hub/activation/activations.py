"""Everything that goes by signed message: puts orders, readings, alerts and the hub together.

Knows the tunnels and when they are to be listened to; decides nothing of its own.
"""

from collections.abc import Mapping

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.events import ClockObserved, Joined, Left, LinkDown, LinkUp, Packet, SendFailed
from ota_engine.gbcs.certificates import KeyUse
from ota_engine.hub.activation.counters import Counters
from ota_engine.hub.activation.hub import Hub
from ota_engine.hub.activation.incoming import Incoming
from ota_engine.hub.activation.orders import Orders
from ota_engine.hub.activation.post import Post
from ota_engine.hub.activation.readings import Reading, Readings
from ota_engine.hub.activation.requests import (
    ActivateImage,
    AskVersion,
    CancelOrder,
    PassCommand,
    TellVersion,
)
from ota_engine.hub.activation.security import Security
from ota_engine.hub.kernel.deadlines import Alarm, Deadline
from ota_engine.hub.kernel.happenings import TransferEnded
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.tunnel.hub import HubTunnels, MessageDelivered, MessageReceived
from ota_engine.records import OrderRecord, Snapshot
from ota_engine.times import Monotonic
from ota_engine.wording import one_line


class Activations:
    """One engine's orders to activate, and what devices say of them."""

    #: The deadlines that are its own, and those of its tunnels.
    ALARMS = frozenset({Alarm.ORDER, Alarm.READING, Alarm.LINE, Alarm.SWEEP})

    def __init__(self, kernel: Kernel, security: Security, snapshot: Snapshot) -> None:
        """Take up what an earlier run left.

        Raises:
            LocalError: the hub's signing key is not at hand.
        """
        self._kernel = kernel
        self._security = security
        self._tunnels = HubTunnels(kernel.deadlines)
        self._post = Post(self._tunnels, kernel)
        counters = Counters(snapshot.counters, kernel.output.persist)
        self._readings = Readings(security, counters, self._post, kernel)
        self._orders = Orders(
            security, snapshot.orders, counters, self._post, kernel, self._readings
        )
        self._incoming = Incoming(security, self._orders, self._readings, kernel)
        hub = security.hub
        self._hub = None if hub is None else Hub(hub, security, counters, kernel)

    # --- what people ask ---------------------------------------------------------------------

    def activate(self, request: ActivateImage, now: Monotonic) -> None:
        """Give an order.

        Raises:
            LocalError: it may not be given.
        """
        self._orders.activate(request, now)
        self._settle(now)

    def pass_on(self, request: PassCommand, now: Monotonic) -> None:
        """Bring a device what its user has signed.

        Raises:
            LocalError: it may not be passed on.
        """
        self._orders.pass_on(request, now)
        self._settle(now)

    def cancel(self, request: CancelOrder, now: Monotonic) -> None:
        """Take an order back.

        Raises:
            LocalError: there is no such order, or it has ended.
        """
        self._orders.cancel(request, now)
        self._settle(now)

    def read_version(self, request: AskVersion, now: Monotonic) -> None:
        """Ask a device what it runs; the answer, or that there is none, is an outcome.

        Raises:
            LocalError: no key is at hand to ask with, or it is the hub itself, whom nobody can ask.
        """
        if request.device == self._security.hub:
            raise LocalError(
                f"{format_eui64(request.device)} is the hub itself: no message asks what it runs"
            )
        self._security.require_agreement(request.device)
        self._security.require_certificate(request.device, KeyUse.AGREEMENT)
        subject = format_eui64(request.device)
        self._kernel.output.audit(one_line(request.actor), "read version", subject, now)
        self._kernel.devices.remember_at(request.device, now)
        if request.user is None:
            self._readings.read(request.device, now, by_person=True)
        else:
            self._readings.read_for(request.device, request.user, request.counter, now)
        self._settle(now)

    def tell_version(self, request: TellVersion, now: Monotonic) -> None:
        """Answer for the hub itself what it runs.

        Raises:
            LocalError: this engine plays no hub, or lacks its key.
        """
        hub, own = self._hub, self._security.hub
        if hub is None or own is None:
            raise LocalError("this engine has no key of the hub itself to answer with")
        self._security.require_agreement(own)
        self._kernel.output.audit(one_line(request.actor), "read version", format_eui64(own), now)
        hub.tell_version(request, now)

    def orders(self) -> tuple[OrderRecord, ...]:
        """All orders, lowest numbers first."""
        return self._orders.book.orders()

    def order(self, number: int) -> OrderRecord | None:
        """Look an order up."""
        return self._orders.book.order(number)

    def command(self, device: Eui64, originator: Eui64, counter: int) -> OrderRecord | None:
        """Look up the order whose command has this counter."""
        return self._orders.book.command(device, originator, counter)

    def asks(self, device: Eui64, user: Eui64, counter: int) -> bool:
        """Whether a device is being asked on behalf of a user."""
        return self._readings.asks(device, user, counter)

    @property
    def counters(self) -> Mapping[str, int]:
        """What the tunnels counted since this engine began, by name."""
        return self._tunnels.counters

    # --- the link ----------------------------------------------------------------------------

    def receive(self, packet: Packet, now: Monotonic) -> None:
        """Take a frame of the Tunneling cluster."""
        self._tunnels.receive(packet, now)
        self._settle(now)

    def send_failed(self, event: SendFailed, now: Monotonic) -> None:
        """A frame of ours did not arrive."""
        self._tunnels.failed(event, now)
        self._settle(now)

    def joined(self, event: Joined, now: Monotonic) -> None:
        """A device announced itself."""
        self._tunnels.joined(event.device, now)
        self._settle(now)
        self._orders.within_reach(event.device, now)
        self._readings.within_reach(event.device, now)
        self._settle(now)

    def left(self, event: Left, now: Monotonic) -> None:
        """A device left the network."""
        self._tunnels.left(event.device, now)
        self._settle(now)

    def link_up(self, _: LinkUp, now: Monotonic) -> None:
        """The radio is ready."""
        self._orders.link_up(now)
        self._settle(now)

    def link_down(self, _: LinkDown, now: Monotonic) -> None:
        """The radio is gone."""
        self._tunnels.link_down(now)
        self._settle(now)

    # --- time --------------------------------------------------------------------------------

    def clock_observed(self, _: ClockObserved, now: Monotonic) -> None:
        """The wall clock was read."""
        self._orders.clock_set(now)
        self._settle(now)

    def ring(self, deadline: Deadline, now: Monotonic) -> None:
        """Do what is due."""
        match deadline.alarm:
            case Alarm.ORDER:
                self._orders.ring(deadline.key, now)
            case Alarm.READING:
                self._readings.ring(deadline.key, now)
            case Alarm.LINE:
                self._tunnels.ring(Eui64(deadline.key), now)
            case _:
                self._tunnels.sweep(now)
        self._settle(now)

    # --- what other parts say ----------------------------------------------------------------

    def version_read(self, reading: Reading, now: Monotonic) -> None:
        """A reading has ended."""
        self._orders.version_read(reading, now)
        self._settle(now)

    def transfer_ended(self, transfer: TransferEnded, now: Monotonic) -> None:
        """A transfer has ended: the Communications Hub Function tells of it, if we play it."""
        if self._hub is not None:
            self._hub.transferred(transfer, now)

    def _settle(self, now: Monotonic) -> None:
        """Carry to and from the tunnels until nothing is left."""
        while True:
            sends, events = self._tunnels.drain()
            for send in sends:
                self._kernel.output.send(send)
            for event in events:
                if isinstance(event, MessageReceived):
                    self._incoming.take(event, now)
                elif isinstance(event, MessageDelivered):
                    self._post.delivered(event.token, now)
                else:
                    self._post.undelivered(event.token, event.reason, now)
            if not events:
                break
