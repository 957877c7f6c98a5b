"""The OTA server: sends every packet, deadline and order to the part that answers it.

Any octets from a device end in an answer of the cluster, a Default Response, or silence where ZCL
asks for it; nothing a device sends raises out of here.
"""

from typing import Any, ClassVar, Final

from images.eui64 import Eui64
from ota_engine.errors import PeerError
from ota_engine.events import OTA_UPGRADE_CLUSTER, Packet, SendFailed
from ota_engine.hub.delivery.blocks import BLOCK_TOKEN, BlockServer
from ota_engine.hub.delivery.commands import OperatorCommand
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.contacts import Contacts
from ota_engine.hub.delivery.losses import Losses
from ota_engine.hub.delivery.offers import Offers
from ota_engine.hub.delivery.operator import Operator
from ota_engine.hub.delivery.pages import PageServer
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.presence import Presence
from ota_engine.hub.delivery.reports import Reports
from ota_engine.hub.delivery.session import INTERRUPTED, UNDER_WAY, SessionStep
from ota_engine.hub.delivery.transfers import WAITING_FOR_MAINS, Transfers
from ota_engine.hub.delivery.upgrade_end import RELEASE_TOKEN, UpgradeEnds
from ota_engine.hub.kernel.deadlines import Alarm, Deadline
from ota_engine.hub.kernel.happenings import (
    ClockChanged,
    DeviceForgotten,
    QueryHeard,
    SessionChanged,
)
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import SessionState, Snapshot
from ota_engine.times import Monotonic
from ota_engine.zcl.commands import Attribute, Command
from ota_engine.zcl.frame import ZclHeader, general_frame, parse_header
from ota_engine.zcl.general import (
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
from ota_engine.zcl.refusal import has_header, refusal
from ota_engine.zcl.status import Status

CLUSTER_REVISION = 3  # of our side: MinimumBlockPeriod in milliseconds
HEADER: Final = 3  # octets of a ZCL header without manufacturer code
READ_RECORD = 6  # octets of the largest record we answer a Read Attributes with
PLAIN_CLIENT_COMMAND: Final = (
    0x01  # frame control: cluster command, to the server, no manufacturer code
)
CONTROL_MASK: Final = 0x0F
BLOCK_REQUEST: Final = Command.IMAGE_BLOCK_REQUEST.value
TURN = "its turn has come; waits for the device to ask"
#: What a client says with a Default Response when it cannot take what it was offered.
OFFER_REFUSALS = frozenset({Status.INSUFFICIENT_SPACE, Status.INVALID_IMAGE, Status.NOT_AUTHORIZED})


class OtaServer:
    """Clusters 0x0019 and 0x0000, server side, for every device of a hub."""

    #: The deadlines that are its own.
    ALARMS: ClassVar = frozenset(
        {
            Alarm.CONTACT,
            Alarm.NOTIFY_AGAIN,
            Alarm.STALL,
            Alarm.PAGE,
            Alarm.OVERDUE,
            Alarm.ACTIVATION,
            Alarm.TELL_AGAIN,
        }
    )

    def __init__(
        self, kernel: Kernel, config: DeliveryConfig, snapshot: Snapshot, *, one_image_each: bool
    ) -> None:
        """Go on where an earlier run stopped.

        Args:
            kernel: shared with the other parts of the hub.
            config: of the delivery.
            snapshot: what the store remembers.
            one_image_each: only one image is stored for each device, as a Communications Hub does.
        """
        self._kernel = kernel
        self.transfers = Transfers(kernel, config, snapshot)
        transfers = self.transfers
        self._peers = transfers.peers
        self._contacts = Contacts(kernel, transfers)
        self._blocks = BlockServer(kernel, transfers)
        self._pages = PageServer(kernel, transfers, self._blocks)
        self._reports = Reports(kernel, transfers, self._contacts)
        self._offers = Offers(kernel, transfers, self._blocks, self._reports, self._contacts)
        self._ends = UpgradeEnds(kernel, transfers)
        self._losses = Losses(kernel, transfers)
        self.presence = Presence(
            kernel,
            transfers,
            self._reports,
            self._ends,
            resumed=bool(snapshot.sessions),
        )
        self._operator = Operator(
            kernel, transfers, self._contacts, self._ends, one_image_each=one_image_each
        )
        self._commands = {
            Command.QUERY_NEXT_IMAGE_REQUEST: self._offers.query,
            Command.IMAGE_PAGE_REQUEST: self._pages.begin,
            Command.UPGRADE_END_REQUEST: self._ends.request,
            Command.QUERY_DEVICE_SPECIFIC_FILE_REQUEST: self._offers.query_device_specific,
        }
        self._alarms = {
            Alarm.NOTIFY_AGAIN: self._contacts.again,
            Alarm.STALL: self._stall,
            Alarm.PAGE: self._pages.go_on,
            Alarm.OVERDUE: self._reports.overdue,
            Alarm.ACTIVATION: self._ends.review,
            Alarm.TELL_AGAIN: self._ends.tell_again,
        }

    # --- packets -----------------------------------------------------------------------------

    def receive(self, packet: Packet, now: Monotonic) -> None:
        """Answer one packet of cluster 0x0019."""
        fields: tuple[Any, ...] = packet  # as it came: they are only compared
        peer = self._peers.get(fields[0])
        way = (fields[1], fields[2], fields[3], fields[4], fields[5])
        if peer is None or way != peer.device.route:
            peer = self.transfers.peer_of(packet, now)
        payload = packet.payload
        if (
            len(payload) >= HEADER
            and payload[2] == BLOCK_REQUEST
            and payload[0] & CONTROL_MASK == PLAIN_CLIENT_COMMAND
        ):
            try:
                self._blocks.answer(packet, peer, now)
            except PeerError as error:
                if peer.speech.take(1.0, now):
                    self._refuse(packet, peer, error)
        else:
            self._converse(packet, peer, now)

    def receive_basic(self, packet: Packet, now: Monotonic) -> None:
        """Answer one packet of cluster 0x0000."""
        self._converse(packet, self.transfers.peer_of(packet, now), now)

    def _converse(self, packet: Packet, peer: Peer, now: Monotonic) -> None:
        """Take whatever is not a block request, as often as a device may speak."""
        peer.heard(now)
        if not peer.speech.take(1.0, now):
            self._kernel.output.count("frame_over_rate")
            return
        try:
            self._dispatch(packet, peer, parse_header(packet.payload), now)
        except PeerError as error:
            self._refuse(packet, peer, error)

    def _dispatch(self, packet: Packet, peer: Peer, header: ZclHeader, now: Monotonic) -> None:
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
            self._kernel.output.count("unexpected_direction")
            return
        handler = self._commands.get(header.command)  # type: ignore[call-overload]
        if handler is None or packet.cluster != OTA_UPGRADE_CLUSTER:
            raise PeerError(
                f"command 0x{header.command:02X} is unknown", Status.UNSUP_CLUSTER_COMMAND
            )
        handler(packet, peer, now)

    def _general(self, packet: Packet, peer: Peer, header: ZclHeader, now: Monotonic) -> None:
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
        room = (self._kernel.radio.max_payload - HEADER) // READ_RECORD
        ours = Attribute.CLUSTER_REVISION if packet.cluster == OTA_UPGRADE_CLUSTER else None
        records = tuple(
            AttributeRecord(attribute, Status.SUCCESS, UINT16, CLUSTER_REVISION)
            if attribute == ours
            else AttributeRecord(attribute, Status.UNSUPPORTED_ATTRIBUTE)
            for attribute in command.attributes[:room]
        )
        answer = encode_general(ReadAttributesResponse(records))
        frame = general_frame(READ_ATTRIBUTES_RESPONSE, packet.payload[1], answer, from_server=True)
        self.transfers.reply(packet, peer, frame)

    def _default_response(
        self, packet: Packet, peer: Peer, response: DefaultResponse, now: Monotonic
    ) -> None:
        """A device refuses something we sent; MALFORMED_COMMAND is known to mean nothing."""
        session = peer.whose(response.command, packet.source_endpoint, packet.payload[1])
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
            self.transfers.step(peer, session, SessionStep.BAD, now, reason)

    def _refuse(self, packet: Packet, peer: Peer, error: PeerError) -> None:
        """Answer with a Default Response, except to one (which would go round for ever)."""
        self._kernel.output.count("peer_errors")
        if not has_header(packet.payload):
            self._kernel.output.count("frame_without_header")
            return
        frame = refusal(packet.payload, error.status)
        if frame is not None:
            self.transfers.reply(packet, peer, frame)

    # --- the rest of the link ----------------------------------------------------------------

    def send_failed(self, event: SendFailed, now: Monotonic) -> None:
        """Learn from a frame that did not arrive; clients ask again by protocol."""
        peer = self.transfers.named(event.send.destination)
        if peer is not None and event.send.token == BLOCK_TOKEN:
            self._losses.failed(event, peer, now)
        elif peer is not None and event.send.token == RELEASE_TOKEN:
            self._ends.not_told(peer, now)
        else:
            self._kernel.output.count("frame_not_delivered")

    def query_heard(self, heard: QueryHeard, now: Monotonic) -> None:
        """Answer a query, after what follows from what it told."""
        packet, request = heard
        self._offers.answer(packet, request, self.transfers.meet(packet.source), now)

    def clock_changed(self, change: ClockChanged, now: Monotonic) -> None:
        """Set times may be nearer or farther than they were."""
        for peer in self.transfers.remembered():
            self._ends.review(peer, now, tell=change.stepped)

    def device_forgotten(self, forgotten: DeviceForgotten, _: Monotonic) -> None:
        """A stranger took the room of another."""
        self.transfers.forget_device(forgotten.device)

    def command(self, command: OperatorCommand, now: Monotonic) -> None:
        """Do what an operator asks.

        Raises:
            LocalError: the command names something that is not there.
        """
        self._operator.obey(command, now)

    # --- deadlines ---------------------------------------------------------------------------

    def ring(self, deadline: Deadline, now: Monotonic) -> None:
        """Do what is due."""
        if deadline.alarm is Alarm.CONTACT:
            self._contacts.next(deadline.key, now)
            return
        peer = self._peers.get(Eui64(deadline.key))
        if peer is not None:
            self._alarms[deadline.alarm](peer, now)

    def session_changed(self, change: SessionChanged, now: Monotonic) -> None:
        """Other firmwares of the device may have waited for what this session was at."""
        peer = self._peers.get(change.device)
        held_up = change.before in UNDER_WAY or change.before is SessionState.ASSIGNED
        if peer is None or not held_up or change.state in UNDER_WAY:
            return
        for session in peer.sessions.values():
            if session.let_go():
                self.transfers.explain(peer, session, TURN)
        self._contacts.turn(peer, change.sha256, now)

    def _stall(self, peer: Peer, now: Monotonic) -> None:
        """Give a silent device's place away; one that waits for mains is not silent."""
        stalled = False
        for session in peer.sessions.values():
            if session.state not in INTERRUPTED or session.reason == WAITING_FOR_MAINS:
                continue  # in the latter case its next query has it watched again
            due = self._blocks.silent_at(peer, session)
            if now < due:
                self._kernel.deadlines.at_latest(due, Alarm.STALL, peer.eui64)
                continue
            silent = peer.last_heard <= session.heard
            what = "not heard" if silent else "the device has asked for nothing of it"
            reason = f"{what} for {now - session.heard:.0f} s"
            if self.transfers.step(peer, session, SessionStep.STALL, now, reason):
                self._kernel.output.count("stalled")
                self.transfers.notify_later(peer, now)
                stalled = True
        if stalled:
            self.transfers.explain_idle(peer)
