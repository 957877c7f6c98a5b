"""Answers Image Block Requests: which octets, to whom, and when not yet.

The path of a block is stateless: everything needed stands in the request, checked against an
immutable image, so duplicates, reordering and a restart of ours are harmless. The session beside it
only watches: how far the device has asked, how often it asked again, and when it was heard.
"""

from math import ceil

from images.eui64 import format_eui64
from ota_engine.delivery.airtime import block_exchange_time
from ota_engine.delivery.estate import Estate
from ota_engine.delivery.peer import Peer, Session
from ota_engine.delivery.period import BlockPeriod
from ota_engine.delivery.quirks import quirk_for
from ota_engine.delivery.session import Step
from ota_engine.errors import PeerError
from ota_engine.events import Packet, Priority, Send, SendFailed, SendStatus
from ota_engine.records import SessionState
from ota_engine.zcl.commands import Command, ImageBlockResponse
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.hot import decode_block_request, decode_block_response, encode_block_data
from ota_engine.zcl.ota import encode
from ota_engine.zcl.status import Status

LOW = Priority.LOW.value
DOWNLOADING = SessionState.DOWNLOADING
#: States from which a block request begins or continues a download.
OPEN = frozenset(
    {
        SessionState.ASSIGNED,
        SessionState.OFFERED,
        SessionState.QUEUED,
        SessionState.STALLED,
        SessionState.PAUSED,
        SessionState.VERIFYING,
    }
)
SHRINK = (64, 56, 50, 48, 40, 32, 24, 16, 8)  # octets: the steps down when a frame does not fit
SAFE_BLOCK = 40  # octets: what a node gets after three blocks in a row were not delivered
LOST_BLOCKS = 3
FLOOD = 10  # requests a node may make against its WAIT_FOR_DATA before they are dropped


class BlockServer:
    """The block path of the server."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._rate = estate.config.node_requests_per_second
        self._burst = 2 * self._rate
        self._budgeted = estate.config.channel_share < 1.0
        self._period = BlockPeriod(estate)

    def answer(self, packet: Packet, peer: Peer, now: float) -> None:
        """Answer one request: data, WAIT_FOR_DATA, ABORT, or the exception's status.

        Raises:
            PeerError: malformed, past the end, or for an image this device is not assigned.
        """
        request = decode_block_request(packet.payload)
        session = peer.current
        if session is None or request[1:4] != session.image.key:
            session = self.session_for(peer, request[1:4], now)
        level = peer.level + (now - peer.level_at) * self._rate
        peer.level_at = now
        if level > self._burst:  # noqa: PLR1730 - min() costs more, and this is every block
            level = self._burst
        if level < 1.0:
            peer.level = level
            self._over_rate(packet, peer, now)
            return
        peer.level = level - 1.0
        offset = request.file_offset
        size = session.image.block_size(offset, request.maximum_data_size, peer.carries)
        if session.state is not DOWNLOADING or peer.page is not None or self._period.wanted:
            peer.page = None  # a block request ends the page the node asked for before
            if not self.open_for(packet, peer, session, offset, now) or self._period.paces(
                packet, peer, request, now
            ):
                return
        if self._budgeted:
            short = self.charge(peer, size, now)
            if short:
                self.wait(packet, peer, now, short)
                return
        self._serve(packet, peer, session, offset, size, now)

    def charge(self, peer: Peer, size: int, now: float) -> float:
        """Charge a block to the channel's air budget; returns the seconds it is short of."""
        budget = self._estate.channel_of(peer).budget
        if budget is None:
            return 0.0
        cost = block_exchange_time(size, peer.relays + 1, self._estate.security)
        return budget.take(cost, now)

    def _serve(
        self, packet: Packet, peer: Peer, session: Session, offset: int, size: int, now: float
    ) -> None:
        image = session.image
        if offset == peer.last_offset:
            session.retries += 1
        else:
            peer.last_offset = offset
            session.blocks += 1
            if offset > session.offset:
                session.offset = offset
                if offset >= session.flush_at or now >= session.flush_due:
                    self._flush(peer, session, now)
        if offset + size == image.size:
            self.all_asked(peer, session, now)
        self._estate.send(
            Send(
                packet.source,
                packet.destination_endpoint,
                packet.source_endpoint,
                packet.profile,
                packet.cluster,
                image.block(packet.payload[1], offset, size),
                False,
                peer.sleepy,
                LOW,
                1,
            )
        )

    def all_asked(self, peer: Peer, session: Session, now: float) -> None:
        """The last octet has been asked for: the device checks the image, for as long as it takes."""
        image = session.image
        session.complete = True
        session.offset = image.size
        self._estate.step(peer, session, Step.LAST, now, "the device checks the whole image")
        self._estate.timers.at(now + quirk_for(*image.key[:2]).verify_for, "verify", peer.eui64)

    def _flush(self, peer: Peer, session: Session, now: float) -> None:
        """Write progress now and then: what a restart forgets costs nothing but the display."""
        config = self._estate.config
        session.flush_at = session.offset + int(session.image.size * config.flush_step)
        session.flush_due = now + config.flush_every
        self._estate.save(peer, session)

    def session_for(self, peer: Peer, key: tuple[int, ...], now: float) -> Session:
        """Find the session of the image a request names, and make it the current one.

        Raises:
            PeerError: NO_IMAGE_AVAILABLE, when the device is not assigned that image.
        """
        for session in peer.sessions.values():
            if session.image.key == key:
                peer.current = session
                peer.last_offset = -1
                return session
        self._estate.count("block_of_unassigned_image")
        if peer.eui64 in self._estate.peers and peer.refused != key:
            peer.refused = key
            code, kind, version = key
            self._estate.audit(
                "engine",
                "refused a block of an image that is not assigned",
                format_eui64(peer.eui64),
                now,
                manufacturer_code=code,
                image_type=kind,
                file_version=version,
            )
        raise PeerError("this image is not assigned to this device", Status.NO_IMAGE_AVAILABLE)

    # --- when not to serve -------------------------------------------------------------------

    def open_for(
        self, packet: Packet, peer: Peer, session: Session, offset: int, now: float
    ) -> bool:
        """Say whether a session may be served now; if not, the client has been answered."""
        if session.state is DOWNLOADING:
            return True
        if session.state not in OPEN:
            self._estate.count("block_in_closed_session")
            self._answer(packet, peer, ImageBlockResponse(Status.ABORT))
            return False
        pause = self._estate.paused or peer.paused
        if pause:
            self._estate.step(peer, session, Step.PAUSE, now, pause)
            self.wait(packet, peer, now, self._estate.config.max_wait)
            return False
        return self._admit(packet, peer, session, offset, now)

    def _admit(self, packet: Packet, peer: Peer, session: Session, offset: int, now: float) -> bool:
        """Give the session a place on its channel, or queue it and tell the client when to ask."""
        places = self._estate.channel_of(peer).places
        if session.state is SessionState.VERIFYING and session.offset >= session.image.size:
            session.offset = offset  # it asks again: the truth is what it asks for
        if places.ask(peer.eui64, now):
            self._begin(peer, session, now)
            return True
        wait = places.wait_for(peer.eui64, now, self._estate.config.max_wait)
        reason = f"waits for one of {places.limit} places on the channel"
        self._estate.step(peer, session, Step.QUEUE, now, reason)
        self.wait(packet, peer, now, wait)
        self.watch(peer, now)
        return False

    def _begin(self, peer: Peer, session: Session, now: float) -> None:
        if session.attempt == 0:
            session.attempt = 1
            session.started_utc = self._estate.clock.utc(now)
        config = self._estate.config
        session.flush_at = session.offset + int(session.image.size * config.flush_step)
        session.flush_due = now + config.flush_every
        self._estate.step(peer, session, Step.BLOCK, now)
        self.watch(peer, now)

    def watch(self, peer: Peer, now: float) -> None:
        """Keep one stall timer per device; it looks at ``last_heard`` when it fires."""
        if not peer.stall_armed:
            peer.stall_armed = True
            self._estate.timers.at(now + self.stall_after(peer), "stall", peer.eui64)

    def stall_after(self, peer: Peer) -> float:
        """Seconds without a request after which this device's place is given away."""
        quirk = quirk_for(peer.manufacturer_code or 0, peer.image_type or 0)
        after = quirk.stall_after or self._estate.config.stall_after
        return max(after, peer.waits_until - peer.last_heard + after)

    def _over_rate(self, packet: Packet, peer: Peer, now: float) -> None:
        """Answer a flood with WAIT_FOR_DATA, and a flood that goes on in spite of it not at all."""
        self._estate.count("block_over_rate")
        if now < peer.waits_until:
            peer.dropped += 1
            if peer.dropped > FLOOD:
                self._estate.count("block_dropped")
                return
        else:
            peer.dropped = 0
        self.wait(packet, peer, now, 1.0)

    def wait(self, packet: Packet, peer: Peer, now: float, seconds: float) -> None:
        """Answer WAIT_FOR_DATA in the relative form: current time 0, request time in seconds."""
        whole = max(1, ceil(seconds))
        peer.waits_until = now + whole
        self._estate.count("wait_for_data")
        self._answer(
            packet,
            peer,
            ImageBlockResponse(Status.WAIT_FOR_DATA, current_time=0, request_time=whole),
        )

    def _answer(self, packet: Packet, peer: Peer, response: ImageBlockResponse) -> None:
        frame = cluster_frame(
            Command.IMAGE_BLOCK_RESPONSE, packet.payload[1], encode(response), from_server=True
        )
        self._estate.reply(packet, peer, frame, ack=False)

    # --- learning from failures --------------------------------------------------------------

    def failed(self, failure: SendFailed, peer: Peer, now: float) -> None:
        """Learn from a block that did not arrive: shrink, and send again if it never left."""
        block = decode_block_response(failure.send.payload)
        if block.data is None or block.file_offset is None:
            return
        peer.failures += 1
        self._estate.count("block_not_delivered")
        too_long = failure.status == SendStatus.MESSAGE_TOO_LONG
        if too_long:
            smaller = next((size for size in SHRINK if size < len(block.data)), 1)
        elif peer.failures >= LOST_BLOCKS and peer.carries > SAFE_BLOCK:
            smaller = SAFE_BLOCK
        else:
            return
        peer.failures = 0
        peer.block_limit = smaller
        self._estate.measure(peer)
        self._estate.touch(peer, now)
        self._estate.event("block limit", peer.eui64, now, octets=smaller, status=failure.status)
        if too_long:
            frame = encode_block_data(
                failure.send.payload[1],
                block.manufacturer_code or 0,
                block.image_type or 0,
                block.file_version or 0,
                block.file_offset,
                block.data[:smaller],
            )
            self._estate.send(failure.send._replace(payload=frame))
