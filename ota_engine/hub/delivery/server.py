"""The OTA server: sends every packet, deadline and order to the part that answers it.

Any octets from a device end in an answer of the cluster, a Default Response, or silence where ZCL
asks for it; nothing a device sends raises out of here.
"""

from collections.abc import Callable

from images.eui64 import Eui64
from ota_engine.errors import PeerError
from ota_engine.events import (
    BASIC_CLUSTER,
    OTA_UPGRADE_CLUSTER,
    ClockObserved,
    Packet,
    SendFailed,
)
from ota_engine.hub.delivery.blocks import BLOCK_TOKEN, BlockServer
from ota_engine.hub.delivery.commands import OperatorCommand
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.contacts import Contacts
from ota_engine.hub.delivery.estate import WAITING_FOR_MAINS, Estate
from ota_engine.hub.delivery.losses import Losses
from ota_engine.hub.delivery.offers import Offers
from ota_engine.hub.delivery.operator import Operator
from ota_engine.hub.delivery.pages import PageServer
from ota_engine.hub.delivery.peer import INTERRUPTED, Peer
from ota_engine.hub.delivery.presence import Presence
from ota_engine.hub.delivery.reports import Reports
from ota_engine.hub.delivery.session import SessionStep
from ota_engine.hub.delivery.timers import Alarm, Timer
from ota_engine.hub.delivery.upgrade_end import RELEASE_TOKEN, UpgradeEnds
from ota_engine.records import OutcomeKind, Snapshot
from ota_engine.zcl.commands import Attribute, Command
from ota_engine.zcl.frame import ZclHeader, general_frame, parse_header
from ota_engine.zcl.general import (
    DEFAULT_RESPONSE,
    READ_ATTRIBUTES_RESPONSE,
    UINT16,
    AttributeRecord,
    DefaultResponse,
    ReadAttributes,
    ReadAttributesResponse,
    ReportAttributes,
)
from ota_engine.zcl.general import decode as decode_general
from ota_engine.zcl.general import encode as encode_general
from ota_engine.zcl.status import Status

SERVED = frozenset({OTA_UPGRADE_CLUSTER, BASIC_CLUSTER})
CLUSTER_REVISION = 3  # of our side: MinimumBlockPeriod in milliseconds
HEADER = 3  # octets of a ZCL header without manufacturer code
READ_RECORD = 6  # octets of the largest record we answer a Read Attributes with
PLAIN_CLIENT_COMMAND = 0x01  # frame control: cluster command, to the server, no manufacturer code
CONTROL_MASK = 0x0F
BLOCK_REQUEST = Command.IMAGE_BLOCK_REQUEST.value
CLOCK_STEP = 1.0  # seconds: a smaller difference between two readings is drift
#: What a client says with a Default Response when it cannot take what it was offered.
OFFER_REFUSALS = frozenset({Status.INSUFFICIENT_SPACE, Status.INVALID_IMAGE, Status.NOT_AUTHORIZED})


class OtaServer:
    """Cluster 0x0019, server side, for every device of an estate."""

    def __init__(self, config: DeliveryConfig, snapshot: Snapshot) -> None:
        self.estate = Estate(config, snapshot)
        self._peers = self.estate.peers
        self._contacts = Contacts(self.estate)
        self._blocks = BlockServer(self.estate)
        self._pages = PageServer(self.estate, self._blocks)
        self._reports = Reports(self.estate, self._contacts)
        self._offers = Offers(self.estate, self._blocks, self._reports, self._contacts)
        self._ends = UpgradeEnds(self.estate)
        self._losses = Losses(self.estate)
        self.presence = Presence(
            self.estate, self._contacts, self._reports, self._ends, resumed=bool(snapshot.sessions)
        )
        self._operator = Operator(self.estate, self._contacts, self._ends)
        self._commands = {
            Command.QUERY_NEXT_IMAGE_REQUEST: self._offers.query,
            Command.IMAGE_PAGE_REQUEST: self._pages.begin,
            Command.UPGRADE_END_REQUEST: self._ends.request,
            Command.QUERY_DEVICE_SPECIFIC_FILE_REQUEST: self._offers.query_device_specific,
        }
        #: Who takes packets of clusters that are not the delivery's, and wakes that are not.
        self.foreign: Callable[[Packet, float], None] = self._unserved
        self.neighbour: Callable[[float], None] = _nothing_due
        self._alarms = {
            Alarm.NOTIFY_AGAIN: self._contacts.again,
            Alarm.STALL: self._stall,
            Alarm.PAGE: self._pages.go_on,
            Alarm.OVERDUE: self._reports.overdue,
            Alarm.ACTIVATION: self._ends.review,
            Alarm.TELL_AGAIN: self._ends.tell_again,
        }

    # --- packets -----------------------------------------------------------------------------

    def receive(self, packet: Packet, now: float) -> None:
        """Answer one packet of a cluster we serve; others go to ``foreign``."""
        peer = self._peers.get(packet.source)
        if peer is None or packet[1:6] != peer.route:
            if packet.cluster not in SERVED:
                self.foreign(packet, now)
                return
            peer = self.estate.peer_of(packet)
        peer.last_heard = now
        payload = packet.payload
        if (
            len(payload) >= HEADER
            and payload[2] == BLOCK_REQUEST
            and payload[0] & CONTROL_MASK == PLAIN_CLIENT_COMMAND
            and packet.cluster == OTA_UPGRADE_CLUSTER
        ):
            try:
                self._blocks.answer(packet, peer, now)
            except PeerError as error:
                if peer.speech.take(1.0, now):
                    self._refuse(packet, peer, error)
        elif peer.speech.take(1.0, now):
            try:
                self._dispatch(packet, peer, parse_header(payload), now)
            except PeerError as error:
                self._refuse(packet, peer, error)
        else:
            self.estate.count("frame_over_rate")

    def _unserved(self, _: Packet, __: float) -> None:
        self.estate.count("foreign_cluster")

    def _dispatch(self, packet: Packet, peer: Peer, header: ZclHeader, now: float) -> None:
        if header.manufacturer_code is not None:
            raise PeerError(
                "manufacturer-specific commands are not served",
                Status.UNSUP_CLUSTER_COMMAND
                if header.cluster_specific
                else Status.UNSUP_GENERAL_COMMAND,
            )
        if not header.cluster_specific:
            self._general(packet, peer, header, now)
            return
        if header.from_server:
            self.estate.count("unexpected_direction")
            return
        handler = self._commands.get(header.command)  # type: ignore[call-overload]
        if handler is None or packet.cluster != OTA_UPGRADE_CLUSTER:
            raise PeerError(
                f"command 0x{header.command:02X} is unknown", Status.UNSUP_CLUSTER_COMMAND
            )
        handler(packet, peer, now)

    def _general(self, packet: Packet, peer: Peer, header: ZclHeader, now: float) -> None:
        command = decode_general(header.command, packet.payload[header.length :])
        if isinstance(command, ReadAttributesResponse | ReportAttributes):
            asked = isinstance(command, ReadAttributesResponse)
            self._reports.attributes(packet, peer, command.records, asked=asked)
        elif isinstance(command, ReadAttributes):
            self._read_by_peer(packet, peer, command)
        elif isinstance(command, DefaultResponse):
            self._default_response(packet, peer, command, now)

    def _read_by_peer(self, packet: Packet, peer: Peer, command: ReadAttributes) -> None:
        """Answer with what we have, ClusterRevision, as far as one frame goes."""
        room = (self.estate.max_payload - HEADER) // READ_RECORD
        ours = Attribute.CLUSTER_REVISION if packet.cluster == OTA_UPGRADE_CLUSTER else None
        records = tuple(
            AttributeRecord(attribute, Status.SUCCESS, UINT16, CLUSTER_REVISION)
            if attribute == ours
            else AttributeRecord(attribute, Status.UNSUPPORTED_ATTRIBUTE)
            for attribute in command.attributes[:room]
        )
        answer = encode_general(ReadAttributesResponse(records))
        frame = general_frame(READ_ATTRIBUTES_RESPONSE, packet.payload[1], answer, from_server=True)
        self.estate.reply(packet, peer, frame)

    def _default_response(
        self, packet: Packet, peer: Peer, response: DefaultResponse, now: float
    ) -> None:
        """A device refuses something we sent; MALFORMED_COMMAND is known to mean nothing."""
        session = peer.current
        if session is None or packet.cluster != OTA_UPGRADE_CLUSTER:
            return
        if response.command == Command.UPGRADE_END_RESPONSE:
            if response.status == Status.NOT_AUTHORIZED:
                self._ends.external_only(peer, session, now)
        elif (
            response.command == Command.QUERY_NEXT_IMAGE_RESPONSE
            and response.status in OFFER_REFUSALS
        ):
            reason = f"the device refused the offer with {Status(response.status).name}"
            if self.estate.step(peer, session, SessionStep.BAD, now, reason):
                self.estate.outcome(peer, session, OutcomeKind.TRANSFER, False, reason, now)

    def _refuse(self, packet: Packet, peer: Peer, error: PeerError) -> None:
        """Answer with a Default Response, except to one (which would go round for ever)."""
        self.estate.count("peer_errors")
        payload = packet.payload
        manufacturer = payload[1:3] if payload and payload[0] & 0x04 else b""
        at = 1 + len(manufacturer)
        if len(payload) < at + 2:
            self.estate.count("frame_without_header")
            return
        sequence, command = payload[at], payload[at + 1]
        if payload[0] & 0x03 == 0 and command in (DEFAULT_RESPONSE, READ_ATTRIBUTES_RESPONSE):
            return
        answer = encode_general(DefaultResponse(command, error.status))
        frame = general_frame(
            DEFAULT_RESPONSE,
            sequence,
            answer,
            from_server=payload[0] & 0x08 == 0,
            manufacturer_code=int.from_bytes(manufacturer, "little") if manufacturer else None,
        )
        self.estate.reply(packet, peer, frame)

    # --- the rest of the link ----------------------------------------------------------------

    def send_failed(self, event: SendFailed, now: float) -> None:
        """Learn from a frame that did not arrive; clients ask again by protocol."""
        peer = self.estate.peers.get(event.send.destination)
        if peer is not None and event.send.token == BLOCK_TOKEN:
            self._losses.failed(event, peer, now)
        elif peer is not None and event.send.token == RELEASE_TOKEN:
            self._ends.not_told(peer, now)
        else:
            self.estate.count("frame_not_delivered")

    def clock_observed(self, event: ClockObserved, now: float) -> None:
        """Take a reading of the wall clock; a step in it changes every set time."""
        clock = self.estate.clock
        doubted = clock.doubt(now)
        step = clock.observe(event.utc, now)
        self.estate.note_clock()
        stepped = abs(step) > CLOCK_STEP
        if stepped:
            self.estate.event("clock step", None, now, seconds=round(step, 3))
        if stepped or doubted:
            for peer in self.estate.peers.values():
                self._ends.review(peer, now, tell=stepped)

    def order(self, order: OperatorCommand, now: float) -> None:
        """Do what an operator asks.

        Raises:
            LocalError: the order names something that is not there.
        """
        self._operator.obey(order, now)

    # --- deadlines ---------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        """Do everything that is due."""
        timers = self.estate.timers
        while (timer := timers.pop_due(now)) is not None:
            self._ring(timer, now)

    def _ring(self, timer: Timer, now: float) -> None:
        if timer.alarm is Alarm.CONTACT:
            self._contacts.next(timer.key, now)
            return
        if timer.alarm is Alarm.NEIGHBOUR:
            self.neighbour(now)
            return
        peer = self._peers.get(Eui64(timer.key))
        if peer is not None:
            self._alarms[timer.alarm](peer, now)

    def _stall(self, peer: Peer, now: float) -> None:
        """Give a silent device's place away; one that waits for mains is not silent."""
        due = self._blocks.silent_at(peer)
        if not any(session.state in INTERRUPTED for session in peer.sessions.values()):
            return
        if now < due:
            self.estate.timers.at(due, Alarm.STALL, peer.eui64)
            return
        reason = f"not heard for {now - peer.last_heard:.0f} s"
        for session in peer.sessions.values():
            if session.reason == WAITING_FOR_MAINS:
                continue  # its next query has it watched again
            if self.estate.step(peer, session, SessionStep.STALL, now, reason):
                self.estate.count("stalled")
                self.estate.notify_later(peer, now)
        self.estate.explain_idle(peer)


def _nothing_due(_: float) -> None:
    """Where the delivery has no neighbour."""
