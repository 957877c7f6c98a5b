"""Cluster 0x0708, server side: tells devices of changes of tenancy and supplier, and answers those who ask.

The hub speaks as its Gas Proxy Function. Any octets from a device end in an answer of the cluster, a
Default Response, or silence where ZCL asks for it. What a device does with a change is its own; the hub
knows who asked, who acknowledged and who refused, and says so.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from images.eui64 import Eui64, format_eui64
from ota_engine.backoff import doubled
from ota_engine.bucket import Bucket
from ota_engine.errors import PeerError
from ota_engine.events import (
    DEVICE_MANAGEMENT_CLUSTER,
    OTA_SERVER_ENDPOINT,
    SMART_ENERGY,
    Joined,
    LinkUp,
    Packet,
    Priority,
    Send,
    SendFailed,
)
from ota_engine.hub.kernel.deadlines import Alarm, Deadline
from ota_engine.hub.kernel.happenings import DeviceForgotten, FirmwareTold
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.premises.attributes import attributes_of
from ota_engine.hub.premises.changes import PremisesChanges, PremisesStatus, publication
from ota_engine.hub.premises.requests import AnnounceChange, CancelChange
from ota_engine.records import (
    OutcomeKind,
    OutcomeRecord,
    PremisesChangeRecord,
    PremisesReply,
    PremisesSubject,
    Snapshot,
    Verdict,
)
from ota_engine.times import Monotonic
from ota_engine.wording import one_line
from ota_engine.zcl.device_management import (
    GetChangeOfTenancy,
    ServerCommand,
    command_of,
    decode,
    encode,
)
from ota_engine.zcl.frame import ZclHeader, cluster_frame, general_frame, parse_header
from ota_engine.zcl.general import (
    DEFAULT_RESPONSE,
    READ_ATTRIBUTES_RESPONSE,
    AttributeRecord,
    DefaultResponse,
    ReadAttributes,
    ReadAttributesResponse,
)
from ota_engine.zcl.general import command_of as general_command_of
from ota_engine.zcl.general import decode as decode_general
from ota_engine.zcl.general import encode as encode_general
from ota_engine.zcl.status import Status

SPACING: Final = 0.25  # seconds between the first publications to two devices
AFTER_JOINING: Final = 2.0  # seconds a device is left in peace after it announced itself
AGAIN_S: Final = 60.0  # until what was not acknowledged is published again; doubled each time...
AGAIN_AT_MOST_S: Final = 21_600.0  # ...up to this
SAID_REMEMBERED: Final = 1024  # publications whose acknowledgement may still come
SPEECH_RATE: Final = 2.0  # frames of this cluster a second that a device is answered
SPEECH_BURST: Final = 10.0
#: A device that never heard of what is taken back says so, and is content.
_CONTENT: Final = frozenset({Status.SUCCESS, Status.NOT_FOUND})
_ACTION: Final = {
    PremisesReply.ASKED: "fetched",
    PremisesReply.TAKEN: "acknowledged",
    PremisesReply.REFUSED: "refused",
}


class _Said(NamedTuple):
    """A publication that a device has not acknowledged yet."""

    subject: PremisesSubject
    issuer_event_id: int
    cancelled: bool


class Premises:
    """What one hub says of its premises.

    Args:
        kernel: shared with the other parts of the hub.
        snapshot: what the store remembers.
    """

    def __init__(self, kernel: Kernel, snapshot: Snapshot) -> None:
        self._kernel = kernel
        self._changes = PremisesChanges(snapshot.changes, snapshot.replies, kernel.output.persist)
        self._tries: dict[Eui64, int] = {}  # publications since there was something new to say
        self._said: OrderedDict[tuple[Eui64, int], _Said] = OrderedDict()
        self._undelivered: set[tuple[PremisesSubject, Eui64]] = set()  # answers
        self._speech: dict[Eui64, Bucket] = {}
        self._sequence = 0

    # --- what people ask -------------------------------------------------------------------------

    def announce(self, request: AnnounceChange, now: Monotonic) -> None:
        """Have devices told of a change.

        Raises:
            LocalError: a value does not fit its field, or a newer announcement stands.
        """
        change = self._changes.announce(request, self._kernel.clock.utc(now))
        if change is not None:
            self._audit(request.actor, "announce", change, now)
            self._tell_everybody(now)

    def cancel(self, request: CancelChange, now: Monotonic) -> None:
        """Have devices told that a change does not come.

        Raises:
            LocalError: none was announced, or it has taken effect.
        """
        change = self._changes.cancel(request.subject, self._kernel.clock.utc(now))
        if change is not None:
            self._audit(request.actor, "cancel", change, now)
            self._tell_everybody(now)

    def _audit(self, actor: str, action: str, change: PremisesChangeRecord, now: Monotonic) -> None:
        self._kernel.output.audit(
            one_line(actor),
            f"{action} change of {change.subject}",
            f"event {change.issuer_event_id}",
            now,
            control=change.control,
            implementation_utc=change.implementation_utc,
            provider=change.provider,
            proposed_provider=change.proposed_provider,
        )

    def status(self) -> tuple[PremisesStatus, ...]:
        """View the changes that were announced last, and who knows of them."""
        return self._changes.status()

    # --- publishing ------------------------------------------------------------------------------

    def link_up(self, _: LinkUp, now: Monotonic) -> None:
        """The radio is ready: who has not heard is told."""
        self._tell_everybody(now)

    def joined(self, event: Joined, now: Monotonic) -> None:
        """A device announced itself: if it has not heard, it is told."""
        self._tries.pop(event.device, None)
        if self._owed(event.device, now):
            self._publish_at(Monotonic(now + AFTER_JOINING), event.device)

    def firmware_told(self, told: FirmwareTold, now: Monotonic) -> None:
        """A device is heard, for the first time since a start if not ever: if it has not heard, it is told."""
        if self._owed(told.device, now):
            due = Monotonic(now + AFTER_JOINING)
            self._kernel.deadlines.at_latest(due, Alarm.PUBLISH, told.device)

    def device_forgotten(self, forgotten: DeviceForgotten, _: Monotonic) -> None:
        """A stranger took the room of another."""
        self._speech.pop(forgotten.device, None)
        self._tries.pop(forgotten.device, None)
        self._undelivered -= {(subject, forgotten.device) for subject in PremisesSubject}

    def ring(self, deadline: Deadline, now: Monotonic) -> None:
        """Publish to a device what it is not known to know, and again later until it is."""
        device = Eui64(deadline.key)
        owed = self._owed(device, now)
        route = self._kernel.devices.route(device)
        if not owed or self._kernel.radio.down is not None:
            return  # it is told when the radio is back
        for change in owed if route is not None else ():
            self._publish(device, change)
        tries = self._tries[device] = self._tries.get(device, 0) + 1
        self._publish_at(Monotonic(now + doubled(AGAIN_S, AGAIN_AT_MOST_S, tries)), device)

    def send_failed(self, event: SendFailed, now: Monotonic) -> None:
        """A frame did not arrive; what was an answer is published, for its device may ask no more."""
        self._kernel.output.count("premises_not_delivered")
        device, payload = event.send.destination, event.send.payload
        subject = _subject_answered(payload)
        if subject is not None:
            self._undelivered.add((subject, device))
            self._kernel.deadlines.at_latest(Monotonic(now + AGAIN_S), Alarm.PUBLISH, device)

    def _tell_everybody(self, now: Monotonic) -> None:
        due = now
        for device in self._kernel.devices.known():
            self._tries.pop(device.eui64, None)
            if device.profile in {0, SMART_ENERGY} and self._owed(device.eui64, now):
                self._publish_at(due, device.eui64)
                due = Monotonic(due + SPACING)

    def _owed(self, device: Eui64, now: Monotonic) -> list[PremisesChangeRecord]:
        """What a device is not known to know, or was answered in vain."""
        utc = self._kernel.clock.utc(now)
        standing = (self._changes.standing(subject, utc) for subject in PremisesSubject)
        return [
            change
            for change in standing
            if change is not None
            and (
                not self._changes.knows(device, change)
                or (change.subject, device) in self._undelivered
            )
        ]

    def _publish_at(self, due: Monotonic, device: Eui64) -> None:
        self._kernel.deadlines.move(due, Alarm.PUBLISH, device)

    def _publish(self, device: Eui64, change: PremisesChangeRecord) -> None:
        route = self._kernel.devices.route(device)
        if route is None:
            return
        self._sequence = (self._sequence + 1) & 0xFF
        key = device, self._sequence
        self._said.pop(key, None)
        self._said[key] = _Said(change.subject, change.issuer_event_id, change.cancelled)
        if len(self._said) > SAID_REMEMBERED:
            self._said.popitem(last=False)
        publish = publication(change)
        frame = cluster_frame(
            command_of(publish),
            self._sequence,
            encode(publish),
            from_server=True,
            disable_default_response=False,
        )
        self._kernel.output.count("premises_published")
        self._kernel.output.send(
            Send(
                device,
                OTA_SERVER_ENDPOINT,
                route.endpoint,
                SMART_ENERGY,
                DEVICE_MANAGEMENT_CLUSTER,
                frame,
                True,
                route.sleepy,
                Priority.NORMAL,
                0,
            )
        )

    # --- packets ---------------------------------------------------------------------------------

    def receive(self, packet: Packet, now: Monotonic) -> None:
        """Answer one packet of cluster 0x0708."""
        devices = self._kernel.devices
        devices.meet(packet.source).came_by(packet, known=devices.remembers(packet.source))
        speech = self._speech.get(packet.source)
        if speech is None:
            speech = self._speech[packet.source] = Bucket(SPEECH_RATE, SPEECH_BURST)
        if not speech.take(1.0, now):
            self._kernel.output.count("frame_over_rate")
            return
        try:
            self._dispatch(packet, parse_header(packet.payload), now)
        except PeerError as error:
            self._refuse(packet, error)

    def _dispatch(self, packet: Packet, header: ZclHeader, now: Monotonic) -> None:
        if header.manufacturer_code is not None:
            raise PeerError(
                "manufacturer-specific commands are not served",
                Status.UNSUP_CLUSTER_COMMAND
                if header.cluster_specific
                else Status.UNSUP_GENERAL_COMMAND,
            )
        payload = packet.payload[header.length :]
        if not header.cluster_specific:
            self._general(packet, header, payload, now)
        elif header.from_server:
            self._kernel.output.count("unexpected_direction")
        else:
            question = decode(header.command, payload, from_server=False)
            tenancy = isinstance(question, GetChangeOfTenancy)
            self._answer(
                packet,
                header,
                PremisesSubject.TENANCY if tenancy else PremisesSubject.SUPPLIER,
                now,
            )

    def _answer(
        self, packet: Packet, header: ZclHeader, subject: PremisesSubject, now: Monotonic
    ) -> None:
        change = self._changes.standing(subject, self._kernel.clock.utc(now))
        if change is None:
            raise PeerError(f"no change of {subject} is known", Status.NOT_FOUND)
        publish = publication(change)
        frame = cluster_frame(
            command_of(publish), header.sequence, encode(publish), from_server=True
        )
        self._replied(packet.source, change, PremisesReply.ASKED, Status.SUCCESS, now)
        self._reply(packet, frame)

    def _general(self, packet: Packet, header: ZclHeader, payload: bytes, now: Monotonic) -> None:
        command = decode_general(header.command, payload)
        match command:
            case ReadAttributes(attributes):
                self._read(packet, attributes, now)
            case DefaultResponse(_, status):
                self._acknowledged(packet.source, header.sequence, status, now)

    def _read(self, packet: Packet, wanted: tuple[int, ...], now: Monotonic) -> None:
        """Answer with what is proposed, as far as one frame goes."""
        utc = self._kernel.clock.utc(now)
        standing = (self._changes.standing(subject, utc) for subject in PremisesSubject)
        known = attributes_of([change for change in standing if change is not None])
        room = self._kernel.radio.max_payload - 3
        records: list[AttributeRecord] = []
        for attribute in wanted:
            unknown = AttributeRecord(attribute, Status.UNSUPPORTED_ATTRIBUTE)
            records.append(known.get(attribute, unknown))
            if len(encode_general(ReadAttributesResponse(tuple(records)))) > room:
                records.pop()
                break
        answer = encode_general(ReadAttributesResponse(tuple(records)))
        self._reply(
            packet,
            general_frame(READ_ATTRIBUTES_RESPONSE, packet.payload[1], answer, from_server=True),
        )

    def _acknowledged(self, device: Eui64, sequence: int, status: int, now: Monotonic) -> None:
        """A device says what it makes of a publication."""
        said = self._said.pop((device, sequence), None)
        if said is None:
            return
        change = self._changes.standing(said.subject, self._kernel.clock.utc(now))
        if change is None or said[1:] != (change.issuer_event_id, change.cancelled):
            return  # of what was replaced meanwhile
        taken = status in _CONTENT
        reply = PremisesReply.TAKEN if taken else PremisesReply.REFUSED
        self._replied(device, change, reply, status, now)

    def _replied(
        self,
        device: Eui64,
        change: PremisesChangeRecord,
        reply: PremisesReply,
        status: int,
        now: Monotonic,
    ) -> None:
        """Keep and tell what a device let the hub know, if it is news."""
        utc, output = self._kernel.clock.utc(now), self._kernel.output
        self._undelivered.discard((change.subject, device))
        if not self._changes.replied(device, change, reply, status, utc):
            return
        action = _ACTION[reply]
        what = f"{'cancelled ' if change.cancelled else ''}change of {change.subject}"
        event = change.issuer_event_id
        output.audit(
            "device", f"{action} {what}", format_eui64(device), now, event=event, status=status
        )
        reason = f"{action} the {what}, event {event}"
        if reply is PremisesReply.REFUSED:
            reason += f", with status 0x{status:02X}"
        state = "cancelled-" if change.cancelled else ""
        output.report(
            OutcomeRecord(
                key=f"{change.subject}-{event}-{state}{device:016x}-{action}",
                utc=utc,
                device=device,
                kind=OutcomeKind(change.subject.value),
                verdict=Verdict.of(reply is not PremisesReply.REFUSED),
                reason=reason,
                sha256="",
                version_before=None,
                version_after=None,
            )
        )

    # --- answers ---------------------------------------------------------------------------------

    def _refuse(self, packet: Packet, error: PeerError) -> None:
        """Answer with a Default Response, except to one (which would go round for ever)."""
        payload = packet.payload
        manufacturer = payload[1:3] if payload and payload[0] & 0x04 else b""
        at = 1 + len(manufacturer)
        if len(payload) < at + 2:
            self._kernel.output.count("frame_without_header")
            return
        sequence, command = payload[at], payload[at + 1]
        if payload[0] & 0x03 == 0 and command in (DEFAULT_RESPONSE, READ_ATTRIBUTES_RESPONSE):
            return
        if error.status != Status.NOT_FOUND:
            self._kernel.output.count("peer_errors")
        response = DefaultResponse(command, error.status)
        frame = general_frame(
            general_command_of(response),
            sequence,
            encode_general(response),
            from_server=payload[0] & 0x08 == 0,
            manufacturer_code=int.from_bytes(manufacturer, "little") if manufacturer else None,
        )
        self._reply(packet, frame)

    def _reply(self, packet: Packet, frame: bytes) -> None:
        device = self._kernel.devices.get(packet.source)
        self._kernel.output.send(
            Send(
                packet.source,
                packet.destination_endpoint,
                packet.source_endpoint,
                packet.profile,
                DEVICE_MANAGEMENT_CLUSTER,
                frame,
                True,
                device is not None and device.sleepy,
                Priority.NORMAL,
                0,
            )
        )


def _subject_answered(frame: bytes) -> PremisesSubject | None:
    """What a frame of ours answered a question about; None for any other frame."""
    header = parse_header(frame)
    if not (header.cluster_specific and header.disable_default_response):
        return None
    tenancy = header.command == ServerCommand.PUBLISH_CHANGE_OF_TENANCY
    return PremisesSubject.TENANCY if tenancy else PremisesSubject.SUPPLIER
