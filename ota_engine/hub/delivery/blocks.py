"""Answers Image Block Requests: which octets, to whom, and when not yet.

The path of a block is stateless: everything needed stands in the request, checked against an
immutable image, so duplicates, reordering and a restart of ours are harmless. The session beside it
only watches: how far the device has asked, how often it asked again, and when it was heard.
"""

from math import ceil
from typing import Any, Final

from images.airtime import block_exchange_time
from images.eui64 import format_eui64
from ota_engine.bucket import Bucket
from ota_engine.errors import PeerError
from ota_engine.events import Packet, Priority, Send
from ota_engine.hub.delivery.download import DOWNLOADING, Session
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.period import BlockPeriod
from ota_engine.hub.delivery.session import HOLDING, OPEN, SessionStep
from ota_engine.hub.delivery.transfers import Transfers
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.images import UNKNOWN_VERSION, ImageKey
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.kernel.quirks import quirk_for
from ota_engine.records import SessionState
from ota_engine.times import LONG_AGO, Monotonic
from ota_engine.zcl.commands import Command, ImageBlockResponse
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.hot import encode_block_wait, read_block_request
from ota_engine.zcl.ota import encode
from ota_engine.zcl.status import Status

LOW: Final = Priority.LOW.value
BLOCK_TOKEN: Final = 1  # of every ``Send`` that carries a block
TAIL = 4096  # octets: the largest page; holes this close to the end are asked for after the end
OVER_RATE_WAIT = 1.0  # seconds
INVITED_AGAIN = 30.0  # seconds at least between two invitations of a device to say what it runs

_new: Final = tuple.__new__  # what Send's own constructor calls, without its argument parsing
_SEND: Final = Send


class BlockServer:
    """The block path of the server."""

    def __init__(self, kernel: Kernel, transfers: Transfers) -> None:
        self._kernel = kernel
        self._transfers = transfers
        self._rate = transfers.config.node_requests_per_second
        self._burst = 2 * self._rate
        self._send = kernel.output.send
        self._budgeted = transfers.config.channel_share < 1.0
        self._period = BlockPeriod(kernel, transfers)
        self._stranger_audits = Bucket(rate=1 / 60, burst=10.0)  # rows a second, rows

    def answer(self, packet: Packet, peer: Peer, now: Monotonic) -> None:
        """Answer one request: data, WAIT_FOR_DATA, ABORT, or the exception's status.

        Raises:
            PeerError: malformed, past the end, or for an image this device is not assigned.
        """
        if not peer.may_ask(self._rate, self._burst, now):
            self._too_early(packet, peer, now)
            return
        payload = packet.payload
        request = read_block_request(payload)
        session, key = peer.current, request[1:4]
        if session is None or key != session.image.key:
            session = self.session_for(peer, key, now)
        offset = request[4]
        image, device = session.served, peer.device
        size = image.block_size(offset, request[5], device.carries)
        if session.state is not DOWNLOADING or peer.page is not None or self._period.wanted:
            peer.end_page()  # a block request ends the page the node asked for before
            if not self.open_for(packet, peer, session, offset, now) or self._period.paces(
                packet, peer, now
            ):
                return
            image = session.served  # one that has just begun may take its element alone
            size = image.block_size(offset, request[5], device.carries)
        if self._budgeted:
            short = self.charge(peer, size, now)
            if short:
                self.wait(packet, peer, now, short)
                return
        if session.note_block(offset, now):
            self._flush(peer, session, now)
        if offset + size == image.size and session.state is DOWNLOADING:
            self.all_asked(peer, session, now)
        frame = image.block(payload[1], offset, size)
        back: tuple[Any, ...] = (frame, False, device.sleepy, LOW, BLOCK_TOKEN)
        self._send(_new(_SEND, device.reply_to + back))

    def charge(self, peer: Peer, size: int, now: Monotonic) -> float:
        """Charge a block to the air budget; returns the seconds it is short of."""
        if not self._budgeted:
            return 0.0
        channel = self._transfers.channel_of(peer)
        cost = block_exchange_time(size, peer.device.relays + 1, self._kernel.radio.security)
        return channel.charge(peer.purse(channel), cost, now)

    def all_asked(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """The last octet has been asked for: the device checks the image, as long as that takes."""
        session.all_asked(now + quirk_for(*session.target).verify_for)
        self._transfers.step(
            peer, session, SessionStep.LAST, now, "the device checks the whole image"
        )
        self._kernel.deadlines.at_latest(session.deadline, Alarm.OVERDUE, peer.eui64)

    def _flush(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """Write progress now and then: what a restart forgets costs nothing but the display."""
        self._flush_later(session, now)
        self._transfers.save(peer, session)

    def _flush_later(self, session: Session, now: Monotonic) -> None:
        config = self._transfers.config
        step = int(session.served.size * config.flush_step)
        session.flush_after(step, now + config.flush_every)

    def session_for(self, peer: Peer, key: tuple[int, ...], now: Monotonic) -> Session:
        """Find the session of the image a request names, and make it the current one.

        Raises:
            PeerError: NO_IMAGE_AVAILABLE, when the device is not assigned that image.
        """
        for session in peer.sessions.values():
            if session.image.key == key:
                self._transfers.turn_to(peer, session, now)
                return session
        self._kernel.output.count("block_of_unassigned_image")
        self._audit_refusal(peer, ImageKey(*key), now)
        raise PeerError("this image is not assigned to this device", Status.NO_IMAGE_AVAILABLE)

    def _audit_refusal(self, peer: Peer, key: ImageKey, now: Monotonic) -> None:
        """Say once for each image what a device asked for in vain; strangers have one budget."""
        if not peer.is_news(key):
            return
        stranger = not self._kernel.devices.remembers(peer.eui64)
        if stranger and not self._stranger_audits.take(1.0, now):
            return
        peer.note_refusal(key)
        self._kernel.output.audit(
            "engine",
            "refused a block of an image that is not assigned",
            format_eui64(peer.eui64),
            now,
            **key._asdict(),
        )

    # --- when not to serve -------------------------------------------------------------------

    def open_for(
        self, packet: Packet, peer: Peer, session: Session, offset: int, now: Monotonic
    ) -> bool:
        """Say whether a session may be served now; if not, the client has been answered.

        Raises:
            PeerError: the device may not have this image at all.
        """
        state = session.state
        session.asked_for(now)
        if state is DOWNLOADING or state in HOLDING:
            return (
                True  # a request that was delayed or repeated on its way; its answer does no harm
            )
        if state is SessionState.VERIFYING and offset + TAIL >= session.served.size:
            return True  # the last block again, or a hole of the last page
        if state not in OPEN:
            self._kernel.output.count("block_in_closed_session")
            self._answer(packet, peer, ImageBlockResponse(Status.ABORT))
            if session.doubtful and now >= (peer.notified_at or LONG_AGO) + INVITED_AGAIN:
                self._transfers.contact_anew(peer, now)  # its query tells
            return False
        self._check_entitled(peer, session)
        pause = self._transfers.paused or peer.paused
        if pause:
            self._transfers.step(peer, session, SessionStep.PAUSE, now, pause)
            self.wait(packet, peer, now, self._transfers.config.max_wait)
            return False
        return self._admit(packet, peer, session, offset, now)

    def _check_entitled(self, peer: Peer, session: Session) -> None:
        """A client may go straight to blocks, without the query that would have been refused."""
        config = self._transfers.config
        if config.authorised is not None and peer.eui64 not in config.authorised:
            raise PeerError("this device is not authorised", Status.NOT_AUTHORIZED)
        if session.state is not SessionState.ASSIGNED:
            return
        known = peer.device.firmwares.get(session.target)
        running = UNKNOWN_VERSION if known is None else known.file_version
        hardware = None if known is None else known.hardware_version
        verdict = self._transfers.decide(peer, session, running, hardware)
        if not verdict.offer:
            raise PeerError(verdict.reason, Status.NO_IMAGE_AVAILABLE)

    def _admit(
        self, packet: Packet, peer: Peer, session: Session, offset: int, now: Monotonic
    ) -> bool:
        """Give the session a place on its channel, or queue it and tell the client when to ask."""
        places = self._transfers.channel_of(peer).places
        if session.state is SessionState.VERIFYING:
            session.ask_from(offset)
        if places.ask(peer.eui64, now):
            self._begin(peer, session, now)
            return True
        wait = places.wait_for(peer.eui64, now, self._transfers.config.max_wait)
        reason = f"waits for one of {places.limit} places on the channel"
        self._transfers.step(peer, session, SessionStep.QUEUE, now, reason)
        self.wait(packet, peer, now, wait)
        self.watch(peer, session, now)
        return False

    def _begin(self, peer: Peer, session: Session, now: Monotonic) -> None:
        known = peer.device.firmwares.get(session.target)
        running = None if known is None else known.file_version
        session.begin(running, self._kernel.clock.utc(now))
        self._flush_later(session, now)
        self._transfers.step(peer, session, SessionStep.BLOCK, now)
        self.watch(peer, session, now)

    def watch(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """Have somebody look when the device has not asked for this image for too long."""
        due = now + self._patience(session)
        self._kernel.deadlines.at_latest(due, Alarm.STALL, peer.eui64)

    def silent_at(self, peer: Peer, session: Session) -> Monotonic:
        """When a session's place is given away, unless the device asks for its image before."""
        return max(session.heard, peer.waits_until) + self._patience(session)

    def _patience(self, session: Session) -> float:
        spacing = (
            self._period.wanted or 0
        ) / 1000  # seconds it was asked to leave between requests
        stall_after = quirk_for(*session.target).stall_after
        return spacing + (stall_after or self._transfers.config.stall_after)

    def _too_early(self, packet: Packet, peer: Peer, now: Monotonic) -> None:
        """Answer a client that asks faster than it may, or though it was told to wait.

        One that goes on regardless is answered once a second; the rest of its flood is dropped.
        """
        self._kernel.output.count("block_too_early")
        if now >= peer.waits_until:
            self.wait(packet, peer, now, OVER_RATE_WAIT)
        elif peer.hush(now):
            self._say_wait(packet, peer, peer.waits_until - now)
        else:
            self._kernel.output.count("block_dropped")

    def wait(self, packet: Packet, peer: Peer, now: Monotonic, seconds: float) -> None:
        """Answer WAIT_FOR_DATA, and give the client no block before that time is up."""
        peer.hold(now + self._say_wait(packet, peer, seconds))

    def _say_wait(self, packet: Packet, peer: Peer, seconds: float) -> int:
        """Answer in the relative form: current time 0, request time in whole seconds."""
        whole = max(1, ceil(seconds))
        self._kernel.output.count("wait_for_data")
        frame = encode_block_wait(packet.payload[1], 0, whole)
        self._transfers.reply(packet, peer, frame, ack=False)
        return whole

    def _answer(self, packet: Packet, peer: Peer, response: ImageBlockResponse) -> None:
        frame = cluster_frame(
            Command.IMAGE_BLOCK_RESPONSE, packet.payload[1], encode(response), from_server=True
        )
        self._transfers.reply(packet, peer, frame, ack=False)
