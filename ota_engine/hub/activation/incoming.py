"""Messages that devices send: parsed, verified, and given to whom they belong.

What is not to be believed is audited and changes nothing. Knows the kinds of messages by their
codes; what they mean to an order or a reading is those parts' to know.
"""

from collections import OrderedDict
from datetime import datetime
from typing import Final

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.envelope import Message, parse
from ota_engine.gbcs.protection import authenticate
from ota_engine.hub.activation.limits import AuditLimit
from ota_engine.hub.activation.moments import date_of
from ota_engine.hub.activation.news import news_of
from ota_engine.hub.activation.orders import Orders
from ota_engine.hub.activation.outcomes import told
from ota_engine.hub.activation.readings import WAYS, Readings
from ota_engine.hub.activation.security import Security
from ota_engine.hub.kernel.happenings import AlertTold
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.tunnel.hub import MessageReceived
from ota_engine.records import OutcomeKind
from ota_engine.times import Monotonic
from ota_engine.wording import one_line

REMEMBERED: Final = 1024  # alerts; one that comes again is known by its device and counter
ANSWERS: Final = frozenset(
    {
        (MessageCode.ACTIVATE_FIRMWARE, Cra.RESPONSE),
        (MessageCode.FIRMWARE_ACTIVATION_ALERT, Cra.ALERT),
    }
)


class Incoming:
    """The one door for messages of devices."""

    def __init__(
        self, security: Security, orders: Orders, readings: Readings, kernel: Kernel
    ) -> None:
        self._keys = security.keys
        self._orders = orders
        self._readings = readings
        self._kernel = kernel
        self._limit = AuditLimit()
        self._alerts: OrderedDict[str, None] = OrderedDict()

    def take(self, event: MessageReceived, now: Monotonic) -> None:
        """Take one message; whatever its octets are, nothing is raised."""
        try:
            message = parse(event.octets)
            if message.originator != event.device:
                raise PeerError(f"a message of {format_eui64(message.originator)}")
            authenticate(message, self._keys, now=self._moment(now))
            self._readings.shown(message)
            self._give(message, event.octets, now)
        except PeerError as error:
            self._disbelieve(event, str(error), now)

    def _moment(self, now: Monotonic) -> datetime | None:
        """The time certificates must be valid at, None while no clock is trusted."""
        clock = self._kernel.clock
        return None if clock.doubt(now) else date_of(clock.utc(now))

    def _give(self, message: Message, octets: bytes, now: Monotonic) -> None:
        if (message.message_code, message.cra) in ANSWERS:
            self._orders.answered(message, octets, now)
        elif message.cra is Cra.RESPONSE and message.message_code in WAYS:
            self._readings.answered(message, octets, now)
        elif message.cra is Cra.ALERT:
            self._alert(message, octets, now)
        else:
            raise PeerError(f"message code {message.message_code:04X} is nothing we asked for")

    def _alert(self, message: Message, octets: bytes, now: Monotonic) -> None:
        """Pass an alert on; one that comes again is the same outcome and is told once."""
        news = news_of(message)
        outcome = told(
            message,
            octets,
            self._kernel.clock.utc(now),
            kind=OutcomeKind.ALERT,
            succeeded=news.good,
            reason=news.text,
            version=news.version,
            sha256=self._image_of(Eui64(message.originator), news.manufacturer_image_hash),
        )
        if outcome.key in self._alerts:
            self._kernel.output.count("alert_repeated")
            return
        self._alerts[outcome.key] = None
        if len(self._alerts) > REMEMBERED:
            self._alerts.popitem(last=False)
        self._kernel.output.report(outcome)
        self._kernel.happen(AlertTold(Eui64(message.originator)))

    def _image_of(self, device: Eui64, digest: bytes) -> str:
        image = self._kernel.image_held(device, digest) if digest else None
        return "" if image is None else image.sha256

    def _disbelieve(self, event: MessageReceived, reason: str, now: Monotonic) -> None:
        self._kernel.output.count("messages_not_believed")
        if self._limit.allows(event.device, now):
            subject = format_eui64(event.device)
            self._kernel.output.audit(
                "device",
                "message not believed",
                subject,
                now,
                reason=one_line(reason),
                octets=len(event.octets),
            )
