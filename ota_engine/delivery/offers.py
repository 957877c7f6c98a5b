"""Image Notify and the answers to queries: who is told of an image, and who is given one."""

from ota_engine.delivery.blocks import BlockServer
from ota_engine.delivery.estate import Estate
from ota_engine.delivery.image import ServedImage
from ota_engine.delivery.orders import NotifyBroadcast
from ota_engine.delivery.pacing import Channel
from ota_engine.delivery.peer import BATTERY, Peer, Session
from ota_engine.delivery.policy import Verdict, decide
from ota_engine.delivery.reports import WAITING_FOR_MAINS, Reports
from ota_engine.delivery.session import Step
from ota_engine.errors import LocalError
from ota_engine.events import (
    BROADCAST_RX_ON,
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    Packet,
    Priority,
    Send,
)
from ota_engine.records import SessionState
from ota_engine.zcl.commands import (
    Command,
    ImageNotify,
    QueryDeviceSpecificFileRequest,
    QueryDeviceSpecificFileResponse,
    QueryNextImageRequest,
    QueryNextImageResponse,
)
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.hot import decode_query_next_image_request, encode_query_next_image_response
from ota_engine.zcl.ota import decode, encode
from ota_engine.zcl.status import Status

ALL_ENDPOINTS = 0xFF
EVERYONE = 100  # per cent of clients that answer a notify
NOBODY = QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE)
#: States in which a device has nothing under way and may be notified.
IDLE = frozenset({SessionState.ASSIGNED, SessionState.STALLED})
#: An attempt is over, or the device gave up what it had: a new offer begins a new attempt. One that
#: holds the image may ask whether there is a newer one, and then goes on holding it.
RESTARTS_ATTEMPT = frozenset({SessionState.FAILED, SessionState.UPDATED, SessionState.RESTARTING})


class Offers:
    """The query path of the server."""

    def __init__(self, estate: Estate, blocks: BlockServer, reports: Reports) -> None:
        self._estate = estate
        self._blocks = blocks
        self._reports = reports
        self._sequence = 0

    # --- queries -----------------------------------------------------------------------------

    def query(self, packet: Packet, peer: Peer, now: float) -> None:
        """Answer a Query Next Image Request.

        Raises:
            PeerError: the request is malformed.
        """
        request = decode_query_next_image_request(packet.payload)
        self._learn(peer, request, now)
        response = self._respond(
            peer,
            request.manufacturer_code,
            request.image_type,
            request.current_file_version,
            request.hardware_version,
            now,
        )
        frame = encode_query_next_image_response(packet.payload[1], response)
        self._estate.reply(packet, peer, frame)
        if peer.sessions and peer.power_source is None:
            self._reports.ask(peer)  # its endpoint was not known yet when it announced itself

    def query_device_specific(self, packet: Packet, peer: Peer, now: float) -> None:
        """Answer a Query Device Specific File Request; the file must be for the asking node.

        Raises:
            PeerError: the request is malformed.
        """
        request = decode(Command.QUERY_DEVICE_SPECIFIC_FILE_REQUEST, packet.payload[3:])
        assert isinstance(request, QueryDeviceSpecificFileRequest)  # noqa: S101 - by command
        response = NOBODY
        if request.request_node_address == peer.eui64:
            response = self._respond(
                peer,
                request.manufacturer_code,
                request.image_type,
                request.file_version,
                peer.hardware_version,
                now,
            )
        payload = encode(QueryDeviceSpecificFileResponse(*response))
        frame = cluster_frame(
            Command.QUERY_DEVICE_SPECIFIC_FILE_RESPONSE,
            packet.payload[1],
            payload,
            from_server=True,
        )
        self._estate.reply(packet, peer, frame)

    def _learn(self, peer: Peer, request: QueryNextImageRequest, now: float) -> None:
        code, kind, version, hardware = request[1:5]
        known = (peer.manufacturer_code, peer.image_type, peer.file_version, peer.hardware_version)
        if known == (code, kind, version, hardware):
            return
        peer.manufacturer_code, peer.image_type = code, kind
        peer.file_version = version
        if hardware is not None:
            peer.hardware_version = hardware
        self._estate.measure(peer)
        self._estate.touch(peer, now)

    def _respond(
        self,
        peer: Peer,
        manufacturer_code: int,
        image_type: int,
        running: int,
        hardware: int | None,
        now: float,
    ) -> QueryNextImageResponse:
        allowed = self._estate.config.authorised
        if allowed is not None and peer.eui64 not in allowed:
            self._estate.count("query_not_authorised")
            return QueryNextImageResponse(Status.NOT_AUTHORIZED)
        session = self._session_of(peer, manufacturer_code, image_type)
        if session is None:
            self._estate.count("query_without_assignment")
            return NOBODY
        self._reports.queried(peer, session, running, now)
        if session.state is SessionState.UPDATED and running == session.image.key.file_version:
            return NOBODY
        verdict = decide(
            session.image,
            session.assignment.policy,
            peer.eui64,
            running,
            hardware,
            self._estate.config.hardware,
        )
        if verdict.offer and self._offer(peer, session, running, now):
            return _offering(session.image)
        self._refuse(peer, session, verdict, running, now)
        return NOBODY

    def _session_of(self, peer: Peer, code: int, kind: int) -> Session | None:
        for session in peer.sessions.values():
            if session.image.key[:2] == (code, kind):
                return session
        for session in peer.sessions.values():
            if session.state is SessionState.ASSIGNED:
                self._estate.explain(
                    peer,
                    session,
                    f"the device asks for image type 0x{kind:04X} of manufacturer 0x{code:04X}, "
                    f"the image is 0x{session.image.key[1]:04X} of 0x{session.image.key[0]:04X}",
                )
        return None

    def _offer(self, peer: Peer, session: Session, running: int, now: float) -> bool:
        estate = self._estate
        if session.state is SessionState.ABORTED:
            return False
        if session.state in RESTARTS_ATTEMPT:
            if session.attempt >= estate.config.max_attempts:
                return False
            session.attempt += 1
            session.offset = session.blocks = 0
            session.version_after = None
            session.complete = session.came_back = False
        session.attempt = max(session.attempt, 1)
        session.version_before = running
        session.notified = True
        peer.current = session
        peer.last_offset = -1
        if session.state is SessionState.ASSIGNED:
            session.started_utc = estate.clock.utc(now)
        estate.step(peer, session, Step.OFFER, now, self._why_waiting(peer))
        self._blocks.watch(peer, now)
        return True

    def _why_waiting(self, peer: Peer) -> str:
        if peer.power_source == BATTERY:
            return WAITING_FOR_MAINS
        return "offered; the device has not asked for a block yet"

    def _refuse(
        self, peer: Peer, session: Session, verdict: Verdict, running: int, now: float
    ) -> None:
        estate = self._estate
        if verdict.offer:
            estate.count("query_after_last_attempt")
            return
        estate.count("query_refused")
        session.version_before = session.version_before or running
        if verdict.same:
            session.version_after = running
            estate.step(peer, session, Step.REPORTED_NEW, now, verdict.reason)
        elif estate.step(peer, session, Step.REFUSE, now, verdict.reason):
            session.attempt = max(session.attempt, 1)
            estate.outcome(peer, session, "transfer", False, verdict.reason, now)

    # --- notifies ----------------------------------------------------------------------------

    def notify_soon(self, peer: Peer, now: float) -> None:
        """Put a device in line for its unicast Image Notify; one goes out per ``notify_spacing``."""
        channel = self._estate.channel_of(peer)
        channel.to_notify[peer.eui64] = None
        if not channel.notify_armed:
            channel.notify_armed = True
            self._estate.timers.at(now, "notify", peer.channel)

    def notify_next(self, number: int, now: float) -> None:
        """Notify the next idle device of a channel while there are places for its download."""
        estate = self._estate
        channel = estate.channels[number]
        places = channel.places
        if estate.link_down is None and places.active + places.queued < places.limit:
            self._notify_first(channel, now)
        channel.notify_armed = bool(channel.to_notify)
        if channel.notify_armed:
            estate.timers.at(now + estate.config.notify_spacing, "notify", number)

    def _notify_first(self, channel: Channel, now: float) -> None:
        """Notify whoever is first in line and still has nothing under way."""
        while channel.to_notify:
            eui64 = next(iter(channel.to_notify))
            del channel.to_notify[eui64]
            peer = self._estate.peers.get(eui64)
            if peer is not None and self._may_notify(peer):
                self.notify(peer, now)
                return

    def _may_notify(self, peer: Peer) -> bool:
        return peer.endpoint != ALL_ENDPOINTS and any(
            not session.notified and self._idle(session) for session in peer.sessions.values()
        )

    def _idle(self, session: Session) -> bool:
        """Whether a device has nothing under way and a query of it would be welcome."""
        if session.state is SessionState.FAILED:
            return session.attempt < self._estate.config.max_attempts
        return session.state in IDLE

    def notify(self, peer: Peer, now: float) -> None:
        """Send a unicast Image Notify: the device queries whatever version it runs."""
        for session in peer.sessions.values():
            session.notified = True
        self._estate.count("notify")
        self._estate.timers.at(now + self._estate.config.notify_again, "again", peer.eui64)
        self._estate.frame(peer, self._notify_frame(ImageNotify(0, EVERYONE)))

    def notify_again(self, peer: Peer, now: float) -> None:
        """A notified device that still has nothing under way goes back in line."""
        for session in peer.sessions.values():
            if session.notified and self._idle(session):
                session.notified = False
                self.notify_soon(peer, now)

    def broadcast(self, order: NotifyBroadcast) -> None:
        """Broadcast an Image Notify on one profile to every client that is awake.

        Raises:
            LocalError: the payload type or jitter is out of range, or needs an image.
        """
        if not 0 <= order.payload_type <= 3 or not 1 <= order.jitter <= EVERYONE:
            raise LocalError("an Image Notify has payload type 0..3 and jitter 1..100")
        fields: list[int | None] = [None, None, None]
        if order.payload_type:
            image = self._estate.images.get(order.sha256 or "")
            if image is None:
                raise LocalError(f"payload type {order.payload_type} needs an image; add it first")
            fields[: order.payload_type] = image.key[: order.payload_type]
        frame = self._notify_frame(ImageNotify(order.payload_type, order.jitter, *fields))
        self._estate.send(
            Send(
                BROADCAST_RX_ON,
                OTA_SERVER_ENDPOINT,
                ALL_ENDPOINTS,
                order.profile,
                OTA_UPGRADE_CLUSTER,
                frame,
                False,
                False,
                Priority.NORMAL,
                0,
            )
        )

    def _notify_frame(self, notify: ImageNotify) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFF
        return cluster_frame(
            Command.IMAGE_NOTIFY,
            self._sequence,
            encode(notify),
            from_server=True,
            disable_default_response=True,
        )


def _offering(image: ServedImage) -> QueryNextImageResponse:
    return QueryNextImageResponse(Status.SUCCESS, *image.key, image.size)
