"""Cluster 0x0708, server side: announces changes of tenancy and supplier, and answers devices that ask.

The hub speaks as its Gas Proxy Function. Any octets from a device end in an answer of the cluster, a
Default Response, or silence where ZCL asks for it. What a device does with a change is its own; the hub
knows who asked, who acknowledged and who refused, and says so.
"""

from typing import Final

from images.eui64 import Eui64, format_eui64
from ota_engine.bucket import Bucket
from ota_engine.errors import PeerError
from ota_engine.events import (
    DEVICE_MANAGEMENT_CLUSTER,
    Joined,
    LinkUp,
    Packet,
    Priority,
    Send,
    SendFailed,
)
from ota_engine.hub.kernel.deadlines import Deadline
from ota_engine.hub.kernel.happenings import DeviceForgotten, FirmwareTold
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.premises.attributes import attributes_of
from ota_engine.hub.premises.changes import PremisesChanges, PremisesStatus, publication
from ota_engine.hub.premises.publishing import Publication, Publisher
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
from ota_engine.zcl.device_management import GetChangeOfTenancy, command_of, decode, encode
from ota_engine.zcl.frame import (
    HEADER_LENGTH,
    ZclHeader,
    cluster_frame,
    general_frame,
    parse_header,
)
from ota_engine.zcl.general import (
    READ_ATTRIBUTES_RESPONSE,
    AttributeRecord,
    DefaultResponse,
    ReadAttributes,
    ReadAttributesResponse,
)
from ota_engine.zcl.general import decode as decode_general
from ota_engine.zcl.general import encode as encode_general
from ota_engine.zcl.refusal import has_header, refusal
from ota_engine.zcl.status import Status

SPEECH_RATE: Final = 2.0  # frames of this cluster a second that a device is answered
SPEECH_BURST: Final = 10.0
#: A device that never heard of what is taken back says so, and is content.
_CONTENT: Final = frozenset({Status.SUCCESS, Status.NOT_FOUND})
#: It may do better another time.
_PASSING: Final = frozenset({Status.FAILURE, Status.INSUFFICIENT_SPACE})
_ACTION: Final = {
    PremisesReply.ASKED: "fetched",
    PremisesReply.TAKEN: "acknowledged",
    PremisesReply.REFUSED: "refused",
}


class Premises:
    """What one hub says of its premises.

    Args:
        kernel: shared with the other parts of the hub.
        snapshot: what the store remembers.
    """

    def __init__(self, kernel: Kernel, snapshot: Snapshot) -> None:
        self._kernel = kernel
        self._changes = PremisesChanges(snapshot.changes, snapshot.replies, kernel.output.persist)
        self._publisher = Publisher(kernel, self._changes)
        self._speech: dict[Eui64, Bucket] = {}

    # --- what people ask -------------------------------------------------------------------------

    def announce(self, request: AnnounceChange, now: Monotonic) -> None:
        """Have devices told of a change.

        Raises:
            LocalError: a value does not fit its field, or a newer announcement stands.
        """
        change = self._changes.announce(request, self._kernel.clock.utc(now))
        if change is not None:
            self._audit(request.actor, "announce", change, now)
            self._publisher.begin(now)

    def cancel(self, request: CancelChange, now: Monotonic) -> None:
        """Have devices told that a change does not come.

        Raises:
            LocalError: none was announced, or it has taken effect.
        """
        change = self._changes.cancel(request.subject, self._kernel.clock.utc(now))
        if change is not None:
            self._audit(request.actor, "cancel", change, now)
            self._publisher.begin(now)

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

    # --- the link and time -----------------------------------------------------------------------

    def link_up(self, _: LinkUp, now: Monotonic) -> None:
        """The radio is ready: who has not heard is told."""
        self._publisher.begin(now)

    def joined(self, event: Joined, now: Monotonic) -> None:
        """A device announced itself: if it has not heard, it is told."""
        self._publisher.there(event.device, now, anew=True)

    def firmware_told(self, told: FirmwareTold, now: Monotonic) -> None:
        """A device is heard, for the first time in a while: if it has not heard of a change, it is told."""
        self._publisher.there(told.device, now, anew=False)

    def device_forgotten(self, forgotten: DeviceForgotten, _: Monotonic) -> None:
        """A stranger took the room of another."""
        self._speech.pop(forgotten.device, None)
        self._publisher.forget(forgotten.device)

    def ring(self, deadline: Deadline, now: Monotonic) -> None:
        """Publish to a device once more."""
        self._publisher.ring(Eui64(deadline.key), now)

    def send_failed(self, event: SendFailed, now: Monotonic) -> None:
        """A frame did not arrive."""
        self._kernel.output.count("premises_not_delivered")
        self._publisher.not_delivered(event.send, now)

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
        known = attributes_of(self._changes.all_standing(self._kernel.clock.utc(now)))
        room = self._kernel.radio.max_payload - HEADER_LENGTH
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
        said = self._publisher.acknowledged(device, sequence)
        if said is None or status in _PASSING:
            return
        change = self._changes.standing(said.subject, self._kernel.clock.utc(now))
        if change is None or said != Publication.of(change):
            return  # of what was replaced meanwhile
        reply = PremisesReply.TAKEN if status in _CONTENT else PremisesReply.REFUSED
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
        self._publisher.arrived(device, change.subject)
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
        """Answer with a Default Response, except to one."""
        if not has_header(packet.payload):
            self._kernel.output.count("frame_without_header")
            return
        if error.status != Status.NOT_FOUND:
            self._kernel.output.count("peer_errors")
        frame = refusal(packet.payload, error.status)
        if frame is not None:
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
