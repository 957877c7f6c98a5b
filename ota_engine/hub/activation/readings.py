"""Asks devices what firmware they run, each by the message of its kind, until one is answered.

Knows questions and their answers; what a version means for an order is ``orders``' to know. A
question is not stored: after a restart whoever needs the answer asks again, with new counters.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import MessageCode, ReadCode
from ota_engine.gbcs.envelope import Message, serialise
from ota_engine.gbcs.meters import (
    INVOKE_ID_MASK,
    GasVersionRequest,
    GasVersionResponse,
    VersionRequest,
    VersionResponse,
)
from ota_engine.gbcs.payloads import Payload, ReadVersion, VersionRead, read_payload
from ota_engine.gbcs.protection import protect
from ota_engine.gbcs.verification import Verification
from ota_engine.hub.activation.counters import Counters
from ota_engine.hub.activation.moments import trusted_utc
from ota_engine.hub.activation.outcomes import told
from ota_engine.hub.activation.post import Post
from ota_engine.hub.activation.security import Security
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import OutcomeKind, OutcomeRecord, Verdict
from ota_engine.times import NEVER, Monotonic

#: How a version may be read, HAN devices first (CS08, GBCS 11.8). No device says of which kind it
#: is until it answers or alerts, so one that leaves a question open is asked in the next way.
WAYS: Final = (
    MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
    MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
    MessageCode.READ_GAS_FIRMWARE_VERSION,
)
#: Alerts by which a device shows of which kind it is.
SHOWN_BY: Final = {
    MessageCode.FIRMWARE_RECEIPT_DLMS: MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
    MessageCode.FIRMWARE_RECEIPT_GBZ: MessageCode.READ_GAS_FIRMWARE_VERSION,
    MessageCode.PPMID_ACTIVATION_ALERT: MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
}
NO_ANSWER: Final = "no answer"
TRIES: Final = 6  # questions without an answer after which a reading ends: every way twice


class Reading(NamedTuple):
    """What became of a reading; said to the parts of the hub when it ends.

    Attributes:
        device: whom was asked.
        version: what it says it runs, None without a believable word.
        reason: why there is none.
        message: the answer as it came.
        verification: what its signature and MAC are worth.
    """

    device: Eui64
    version: int | None
    reason: str
    message: bytes = b""
    verification: Verification | None = None


@dataclass(slots=True)
class _Inquiry:
    """A reading under way; any of its questions may be answered, also an earlier one."""

    number: int
    device: Eui64
    by_person: bool
    user: tuple[Eui64, int] | None = None  # on whose behalf, and with which counter
    counters: list[int] = field(default_factory=list)  # of the questions, all by the broker
    tries: int = 0
    unanswered: int = 0  # questions that arrived
    trouble: str = NO_ANSWER


class Readings:
    """At most one reading for each device of our own, and one for each that a user asks for."""

    def __init__(
        self,
        security: Security,
        counters: Counters,
        post: Post,
        kernel: Kernel,
    ) -> None:
        """Every reading that ends, by a version or without, is a ``Reading`` that happens."""
        self._security = security
        self._counters = counters
        self._post = post
        self._kernel = kernel
        self._inquiries: dict[int, _Inquiry] = {}
        self._begun = 0
        self._ways: dict[Eui64, MessageCode] = {}
        self._deadlines = kernel.deadlines

    def ring(self, number: int, now: Monotonic) -> None:
        """A question was not answered in time: repeat it."""
        self._ask(self._inquiries[number], now)

    def read(self, device: Eui64, now: Monotonic, *, by_person: bool = False) -> None:
        """Begin a reading, or join the one under way."""
        inquiry = next((one for one in self._of(device) if one.user is None), None)
        if inquiry is not None:
            inquiry.by_person |= by_person
            return
        self._begin(device, None, now, by_person=by_person)

    def read_for(self, device: Eui64, user: Eui64, counter: int, now: Monotonic) -> None:
        """Begin a reading on behalf of a user, unless the same is under way."""
        if not self.asks(device, user, counter):
            self._begin(device, (user, counter), now, by_person=True)

    def asks(self, device: Eui64, user: Eui64, counter: int) -> bool:
        """Whether a reading on behalf of a user is under way."""
        return any(one.user == (user, counter) for one in self._of(device))

    def _of(self, device: Eui64) -> list[_Inquiry]:
        return [one for one in self._inquiries.values() if one.device == device]

    def _begin(
        self, device: Eui64, user: tuple[Eui64, int] | None, now: Monotonic, *, by_person: bool
    ) -> None:
        self._begun += 1
        inquiry = _Inquiry(self._begun, device, by_person, user)
        self._inquiries[inquiry.number] = inquiry
        self._ask(inquiry, now)

    def within_reach(self, device: Eui64, now: Monotonic) -> None:
        """A device can be reached again: what waits for it need not wait longer."""
        for inquiry in self._of(device):
            if self._deadlines.is_set(Alarm.READING, inquiry.number):
                self._deadlines.move(now, Alarm.READING, inquiry.number)

    def shown(self, message: Message) -> None:
        """A believed message shows of which kind its device is."""
        code = message.message_code
        if code in WAYS or code in SHOWN_BY:
            way = SHOWN_BY.get(MessageCode(code), MessageCode(code))
            self._ways[Eui64(message.originator)] = way

    # --- questions ---------------------------------------------------------------------------

    def _ask(self, inquiry: _Inquiry, now: Monotonic) -> None:
        device = inquiry.device
        if inquiry.tries >= TRIES:
            self._end(inquiry, Reading(device, None, inquiry.trouble), now)
            return
        inquiry.tries += 1
        obstacle = self._post.obstacle(device)
        if obstacle:
            inquiry.trouble = obstacle
            self._again(inquiry, now)
            return
        way = self._ways.get(device) or WAYS[inquiry.unanswered % len(WAYS)]
        question = self._question(inquiry, way, now)
        inquiry.counters.append(question.counter)
        self._post.send(
            device,
            serialise(protect(question, self._security.keys)),
            lambda trouble, when: self._received(inquiry, trouble, when),
            now,
        )

    def _question(self, inquiry: _Inquiry, way: MessageCode, now: Monotonic) -> Message:
        """Write a question: the broker's, on behalf of the user who asks, or of the supplier.

        It uses up no originator counter of theirs, so an order that is still to be sent again does
        not become a replay by it.
        """
        utc = trusted_utc(self._kernel.clock, now)
        counter = self._counters.draw(self._security.broker, utc)
        supplier = self._security.supplier
        party, party_counter = inquiry.user or (supplier, self._counters.draw(supplier, utc))
        return compose.command(
            way,
            _asking(way, counter),
            originator=self._security.broker,
            recipient=inquiry.device,
            counter=counter,
            party=party,
            party_counter=party_counter,
        )

    def _received(self, inquiry: _Inquiry, trouble: str, now: Monotonic) -> None:
        """A question arrived, or did not."""
        if self._inquiries.get(inquiry.number) is inquiry:
            inquiry.trouble = f"not delivered: {trouble}" if trouble else NO_ANSWER
            inquiry.unanswered += not trouble
            self._again(inquiry, now)

    def _again(self, inquiry: _Inquiry, now: Monotonic) -> None:
        patience = self._security.patience
        first = patience.answer_within if inquiry.trouble == NO_ANSWER else patience.deliver_again
        due = now + patience.pause(first, inquiry.tries)
        self._deadlines.move(due, Alarm.READING, inquiry.number)

    # --- answers -----------------------------------------------------------------------------

    def answered(self, message: Message, octets: bytes, now: Monotonic) -> None:
        """Take a believed answer.

        Raises:
            PeerError: nothing was asked of this device under this counter.
        """
        device = Eui64(message.originator)
        ours = message.recipient == self._security.broker
        asked = (one for one in self._of(device) if message.counter in one.counters)
        inquiry = next(asked, None)
        if inquiry is None or not ours:
            raise PeerError(
                f"{format_eui64(device)} answers counter {message.counter}, "
                "under which it was asked nothing"
            )
        version, reason = _version(read_payload(message))
        utc = self._kernel.clock.utc(now)
        outcome = told(
            message,
            octets,
            utc,
            kind=OutcomeKind.VERSION,
            succeeded=version is not None,
            reason=reason,
            version=version,
        )
        reading = Reading(device, version, reason, octets, outcome.verification)
        self._end(inquiry, reading, now, outcome)

    def _end(
        self,
        inquiry: _Inquiry,
        reading: Reading,
        now: Monotonic,
        outcome: OutcomeRecord | None = None,
    ) -> None:
        del self._inquiries[inquiry.number]
        self._deadlines.move(NEVER, Alarm.READING, inquiry.number)
        if inquiry.by_person:
            self._kernel.output.report(outcome or self._unanswered(inquiry, reading, now))
        self._kernel.happen(reading)

    def _unanswered(self, inquiry: _Inquiry, reading: Reading, now: Monotonic) -> OutcomeRecord:
        utc = self._kernel.clock.utc(now)
        asked = inquiry.counters[0] if inquiry.counters else round(utc * 1000)
        on_behalf = "" if inquiry.user is None else "-{:016x}-{}".format(*inquiry.user)
        return OutcomeRecord(
            key=f"version-{inquiry.device:016x}{on_behalf}-unanswered-{asked}",
            utc=utc,
            device=inquiry.device,
            kind=OutcomeKind.VERSION,
            verdict=Verdict.FAILED,
            reason=reading.reason,
            sha256="",
            version_before=None,
            version_after=None,
        )


def _asking(way: MessageCode, counter: int) -> Payload:
    if way is MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION:
        return VersionRequest(counter & INVOKE_ID_MASK)
    if way is MessageCode.READ_GAS_FIRMWARE_VERSION:
        return GasVersionRequest()
    return ReadVersion()


def _version(payload: Payload) -> tuple[int | None, str]:
    """Take the version out of an answer, and say in words what it was."""
    match payload:
        case VersionRead(version, ReadCode.SUCCESS):
            return version, f"runs 0x{version:08X}"
        case VersionResponse(_, int(version), _) | GasVersionResponse(int(version), _, _):
            return version, f"runs 0x{version:08X}"
        case _:
            return None, "the device could not read its version"
