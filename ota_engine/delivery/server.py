"""The OTA server: sends every packet, deadline and order to the part that answers it.

Any octets from a device end in an answer of the cluster, a Default Response, or silence where ZCL
asks for it; nothing a device sends raises out of here.
"""

from images.eui64 import Eui64
from ota_engine.delivery.blocks import BlockServer
from ota_engine.delivery.config import DeliveryConfig
from ota_engine.delivery.estate import Estate
from ota_engine.delivery.offers import Offers
from ota_engine.delivery.operator import Operator
from ota_engine.delivery.orders import Order
from ota_engine.delivery.pages import PageServer
from ota_engine.delivery.peer import BATTERY, Peer
from ota_engine.delivery.quirks import quirk_for
from ota_engine.delivery.reports import WAITING_FOR_MAINS, Reports
from ota_engine.delivery.session import Step
from ota_engine.delivery.upgrade_end import UpgradeEnds
from ota_engine.errors import PeerError
from ota_engine.events import (
    BASIC_CLUSTER,
    OTA_UPGRADE_CLUSTER,
    ClockObserved,
    Joined,
    Left,
    LinkDown,
    LinkUp,
    Packet,
    SendFailed,
)
from ota_engine.records import SessionState, Snapshot
from ota_engine.zcl.commands import Attribute, Command
from ota_engine.zcl.frame import ZclHeader, general_frame, parse_header
from ota_engine.zcl.general import (
    DEFAULT_RESPONSE,
    UINT16,
    AttributeRecord,
    DefaultResponse,
    ReadAttributes,
    ReadAttributesResponse,
    ReportAttributes,
)
from ota_engine.zcl.general import READ_ATTRIBUTES_RESPONSE as READ_RESPONSE
from ota_engine.zcl.general import decode as decode_general
from ota_engine.zcl.general import encode as encode_general
from ota_engine.zcl.status import Status

CLUSTER_REVISION = 3  # of our side: MinimumBlockPeriod in milliseconds
HEADER = 3  # octets of a ZCL header without manufacturer code
PLAIN_CLIENT_COMMAND = 0x01  # frame control: cluster command, to the server, no manufacturer code
CONTROL_MASK = 0x0F
EPSILON = 1e-6  # seconds: sums of floating point times
UNKNOWN_COMMAND = Status.UNSUP_CLUSTER_COMMAND
STALLABLE = frozenset({SessionState.OFFERED, SessionState.QUEUED, SessionState.DOWNLOADING})


class OtaServer:
    """Cluster 0x0019, server side, for every device of an estate."""

    def __init__(self, config: DeliveryConfig, snapshot: Snapshot) -> None:
        self.estate = Estate(config, snapshot)
        self._blocks = BlockServer(self.estate)
        self._pages = PageServer(self.estate, self._blocks)
        self._reports = Reports(self.estate)
        self._offers = Offers(self.estate, self._blocks, self._reports)
        self._ends = UpgradeEnds(self.estate)
        self._operator = Operator(self.estate, self._offers, self._reports, self._ends)
        self._commands = {
            Command.QUERY_NEXT_IMAGE_REQUEST: self._offers.query,
            Command.IMAGE_PAGE_REQUEST: self._pages.begin,
            Command.UPGRADE_END_REQUEST: self._ends.request,
            Command.QUERY_DEVICE_SPECIFIC_FILE_REQUEST: self._offers.query_device_specific,
        }
        self._rearm()

    def _rearm(self) -> None:
        """After a restart, deadlines are made anew from what the sessions say."""
        timers = self.estate.timers
        for peer, session in self.estate.sessions():
            if session.state is SessionState.SCHEDULED:
                timers.at(0.0, "due", peer.eui64)
            elif session.state is SessionState.RESTARTING:
                timers.at(0.0, "restarting", peer.eui64)
            elif session.state is SessionState.ASSIGNED:
                self._offers.notify_soon(peer, 0.0)

    # --- packets -----------------------------------------------------------------------------

    def receive(self, packet: Packet, now: float) -> None:
        """Answer one packet of any cluster we serve."""
        payload = packet.payload
        peer = self.estate.peer_of(packet)
        try:
            if (
                len(payload) > HEADER
                and payload[2] == Command.IMAGE_BLOCK_REQUEST
                and payload[0] & CONTROL_MASK == PLAIN_CLIENT_COMMAND
                and packet.cluster == OTA_UPGRADE_CLUSTER
            ):
                self._blocks.answer(packet, peer, now)
            else:
                self._dispatch(packet, peer, parse_header(payload), now)
        except PeerError as error:
            self.estate.count("peer_errors")
            self._refuse(packet, peer, error)

    def _dispatch(self, packet: Packet, peer: Peer, header: ZclHeader, now: float) -> None:
        if header.manufacturer_code is not None:
            raise PeerError("manufacturer-specific commands are not served", UNKNOWN_COMMAND)
        if not header.cluster_specific:
            self._general(packet, peer, header, now)
            return
        if packet.cluster != OTA_UPGRADE_CLUSTER or header.from_server:
            self.estate.count("unexpected_direction")
            return
        handler = self._commands.get(header.command)  # type: ignore[call-overload]
        if handler is None:
            raise PeerError(f"command 0x{header.command:02X} is unknown", UNKNOWN_COMMAND)
        handler(packet, peer, now)

    def _general(self, packet: Packet, peer: Peer, header: ZclHeader, now: float) -> None:
        command = decode_general(header.command, packet.payload[header.length :])
        if isinstance(command, ReadAttributesResponse | ReportAttributes):
            if packet.cluster in (OTA_UPGRADE_CLUSTER, BASIC_CLUSTER):
                asked = isinstance(command, ReadAttributesResponse)
                self._reports.attributes(packet, peer, command.records, asked=asked)
        elif isinstance(command, ReadAttributes):
            self._read_by_peer(packet, peer, command)
        elif isinstance(command, DefaultResponse):
            self._default_response(packet, peer, command, now)

    def _read_by_peer(self, packet: Packet, peer: Peer, command: ReadAttributes) -> None:
        records = tuple(
            AttributeRecord(attribute, Status.SUCCESS, UINT16, CLUSTER_REVISION)
            if attribute == Attribute.CLUSTER_REVISION
            else AttributeRecord(attribute, Status.UNSUPPORTED_ATTRIBUTE)
            for attribute in command.attributes
        )
        frame = general_frame(
            READ_RESPONSE,
            packet.payload[1],
            encode_general(ReadAttributesResponse(records)),
            from_server=True,
        )
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
        elif response.command == Command.QUERY_NEXT_IMAGE_RESPONSE and response.status in (
            Status.INSUFFICIENT_SPACE,
            Status.INVALID_IMAGE,
            Status.NOT_AUTHORIZED,
        ):
            reason = f"the device refused the offer with {Status(response.status).name}"
            if self.estate.step(peer, session, Step.BAD, now, reason):
                self.estate.outcome(peer, session, "transfer", False, reason, now)

    def _refuse(self, packet: Packet, peer: Peer, error: PeerError) -> None:
        """Answer with a Default Response, except to one (which would go round for ever)."""
        payload = packet.payload
        if len(payload) < HEADER:
            return
        general = payload[0] & 0x03 == 0
        manufacturer_specific = payload[0] & 0x04 != 0
        if manufacturer_specific and len(payload) < HEADER + 2:
            return
        at = 3 if manufacturer_specific else 1
        sequence, command = payload[at], payload[at + 1]
        if general and command in (DEFAULT_RESPONSE, READ_RESPONSE):
            return
        answer = encode_general(DefaultResponse(command, error.status))
        frame = general_frame(DEFAULT_RESPONSE, sequence, answer, from_server=True)
        self.estate.reply(packet, peer, frame)

    # --- the rest of the link ----------------------------------------------------------------

    def joined(self, event: Joined, now: float) -> None:
        """A device announced itself."""
        estate = self.estate
        peer = estate.peers.get(event.device) or estate.stranger(event.device)
        where = (event.network_address, event.sleepy, event.channel, event.relays)
        peer.last_heard = now
        if where != (peer.network_address, peer.sleepy, peer.channel, peer.relays):
            peer.network_address, peer.sleepy, peer.channel, peer.relays = where
            estate.measure(peer)
            estate.touch(peer, now)
        if peer.sessions:
            self._reports.announced(peer, now)
            self._offers.notify_soon(peer, now)

    def left(self, event: Left, now: float) -> None:
        """A device left; its sessions wait, because it may be back."""
        peer = self.estate.peers.get(event.device)
        if peer is None:
            return
        for session in peer.sessions.values():
            self.estate.step(peer, session, Step.STALL, now, "the device left the network")

    def link_up(self, event: LinkUp, now: float) -> None:
        """The radio is ready: learn what it carries and wake those who waited for it."""
        estate = self.estate
        estate.link_down = None
        estate.max_payload = event.max_payload
        estate.security = 9 if event.aps_security else 0
        for peer in estate.peers.values():
            estate.measure(peer)
            if peer.sessions:
                self._offers.notify_soon(peer, now)
        estate.event("link up", None, now, link=event.link)

    def link_down(self, event: LinkDown, now: float) -> None:
        """The radio is gone; sessions keep their state and show why nothing moves."""
        self.estate.link_down = event.reason
        for peer, session in self.estate.sessions():
            self.estate.step(peer, session, Step.STALL, now, f"the radio is down: {event.reason}")
        self.estate.event("link down", None, now, link=event.link, reason=event.reason)

    def send_failed(self, event: SendFailed, now: float) -> None:
        """Learn from a frame that did not arrive; clients ask again by protocol."""
        peer = self.estate.peers.get(event.send.destination)
        if peer is not None and event.send.token == 1:
            self._blocks.failed(event, peer, now)
        else:
            self.estate.count("frame_not_delivered")

    def clock_observed(self, event: ClockObserved, now: float) -> None:
        """Take a reading of the wall clock, and note a step in it."""
        step = self.estate.clock.observe(event.utc, now)
        if abs(step) > 1.0:
            self.estate.event("clock step", None, now, seconds=round(step, 3))

    def order(self, order: Order, now: float) -> None:
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
            if timer.kind == "notify":
                self._offers.notify_next(timer.key, now)
                continue
            peer = self.estate.peers.get(Eui64(timer.key))
            if peer is not None:
                self._wake_peer(timer.kind, peer, now)

    def _wake_peer(self, kind: str, peer: Peer, now: float) -> None:
        if kind == "page":
            self._pages.go_on(peer, now)
        elif kind == "stall":
            self._stall(peer, now)
        elif kind == "verify":
            self._verify_overdue(peer, now)
        elif kind == "due":
            self._ends.due(peer, now)
        elif kind == "silent":
            self._reports.silent(peer, now)
        elif kind == "restarting":
            self._reports.resume_waiting(peer, now)
        elif kind == "again":
            self._offers.notify_again(peer, now)

    def _stall(self, peer: Peer, now: float) -> None:
        peer.stall_armed = False
        session = peer.current
        if session is None or session.state not in STALLABLE:
            return
        due = peer.last_heard + self._blocks.stall_after(peer)
        if now + EPSILON < due:
            peer.stall_armed = True
            self.estate.timers.at(due, "stall", peer.eui64)
            return
        on_battery = peer.power_source == BATTERY
        if on_battery and session.state is SessionState.OFFERED:
            return  # not silent: it waits for mains, and its next query arms the timer again
        self.estate.count("stalled")
        silence = f"not heard for {now - peer.last_heard:.0f} s"
        reason = WAITING_FOR_MAINS if on_battery else silence
        self.estate.step(peer, session, Step.STALL, now, reason)
        session.notified = False
        self.estate.timers.at(now + self.estate.config.notify_again, "again", peer.eui64)

    def _verify_overdue(self, peer: Peer, now: float) -> None:
        for session in peer.sessions.values():
            if session.state is SessionState.VERIFYING:
                longest = quirk_for(*session.image.key[:2]).verify_for
                if now + EPSILON >= session.since + longest:
                    reason = f"no word for {longest:.0f} s after the last block"
                    self.estate.step(peer, session, Step.STALL, now, reason)
