"""Upgrade End: what a device is told once it holds the whole image, and when it may run it."""

from math import ceil

from ota_engine.delivery.estate import Estate
from ota_engine.delivery.image import ImageKey
from ota_engine.delivery.peer import Peer, Session
from ota_engine.delivery.quirks import TimeForm, quirk_for
from ota_engine.delivery.session import COMPLETE, FINAL, Step
from ota_engine.errors import PeerError
from ota_engine.events import Packet
from ota_engine.records import Activation, SessionState
from ota_engine.zcl.commands import Command, UpgradeEndRequest, UpgradeEndResponse
from ota_engine.zcl.frame import cluster_frame, general_frame
from ota_engine.zcl.general import DEFAULT_RESPONSE, DefaultResponse
from ota_engine.zcl.general import encode as encode_general
from ota_engine.zcl.hot import decode_upgrade_end_request
from ota_engine.zcl.ota import encode
from ota_engine.zcl.status import Status

WAIT_INDEFINITELY = 0xFFFFFFFF  # upgrade time: until another Upgrade End Response
LONGEST_COUNTDOWN = 3600  # seconds; clients cap every wait at an hour, so longer ones are held
ZIGBEE_EPOCH = 946684800  # 2000-01-01 in seconds since 1970-01-01


class UpgradeEnds:
    """The end of every download, and the release of held ones."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def request(self, packet: Packet, peer: Peer, now: float) -> None:
        """Answer an Upgrade End Request.

        Raises:
            PeerError: malformed, or a success that no complete download stands behind (ABORT).
        """
        request = decode_upgrade_end_request(packet.payload)
        session = self._session_of(peer, request)
        if request.status == Status.SUCCESS:
            self._succeeded(packet, peer, session, now)
            return
        if session is not None:
            if request.status == Status.REQUIRE_MORE_IMAGE:
                self._needs_more(peer, session, now)
            else:
                self._gave_up(peer, session, request.status, now)
        self._acknowledge(packet, peer)

    def _session_of(self, peer: Peer, request: UpgradeEndRequest) -> Session | None:
        if request.manufacturer_code is None:
            return peer.current
        key = request[1:4]
        return next((s for s in peer.sessions.values() if s.image.key == key), None)

    def _needs_more(self, peer: Peer, session: Session, now: float) -> None:
        if session.state in COMPLETE or session.complete:
            self._estate.step(
                peer, session, Step.MORE, now, "held by the device until it has its other files"
            )

    def _gave_up(self, peer: Peer, session: Session, status: int, now: float) -> None:
        reason = f"the device ended with {_name(status)}"
        kind = "activation" if session.state is SessionState.RESTARTING else "transfer"
        if self._estate.step(peer, session, Step.BAD, now, reason):
            self._estate.outcome(peer, session, kind, False, reason, now)

    def _acknowledge(self, packet: Packet, peer: Peer) -> None:
        """Every end but a success is answered by a Default Response, never by an upgrade time."""
        answer = DefaultResponse(Command.UPGRADE_END_REQUEST, Status.SUCCESS)
        frame = general_frame(
            DEFAULT_RESPONSE,
            packet.payload[1],
            encode_general(answer),
            from_server=True,
        )
        self._estate.reply(packet, peer, frame)

    def _succeeded(self, packet: Packet, peer: Peer, session: Session | None, now: float) -> None:
        if session is None or not session.complete or session.state is SessionState.UPDATED:
            self._estate.count("end_without_download")
            raise PeerError("nothing complete was downloaded from here", Status.ABORT)
        if session.state in FINAL:
            raise PeerError("this download has been ended", Status.ABORT)
        if session.state not in COMPLETE:
            # It asked for a block again, or was offered the file again, after the last octet.
            self._estate.step(peer, session, Step.LAST, now, "the device has the whole image")
        if session.state is SessionState.VERIFYING:
            self._estate.outcome(
                peer, session, "transfer", True, "the device verified the image", now
            )
        wait = self._decide(peer, session, now)
        payload = encode(self._response(session, wait, now))
        frame = cluster_frame(
            Command.UPGRADE_END_RESPONSE, packet.payload[1], payload, from_server=True
        )
        self._estate.reply(packet, peer, frame)

    # --- when ---------------------------------------------------------------------------------

    def _decide(self, peer: Peer, session: Session, now: float) -> float | None:
        """Choose the seconds to wait, None for 'until told', and take the session there."""
        if session.state is SessionState.RESTARTING or session.released:
            self._apply(peer, session, now)
            return 0.0
        activation = session.assignment.activation
        if activation is Activation.EXTERNAL:
            self._estate.step(
                peer, session, Step.EXTERN, now, "holds the image; waits for a command to activate"
            )
            return None
        if activation is Activation.WAIT:
            self._estate.step(
                peer, session, Step.HOLD, now, "holds the image; waits for an operator's release"
            )
            return None
        if activation is Activation.IMMEDIATE:
            self._apply(peer, session, now)
            return 0.0
        return self._schedule(peer, session, now)

    def _schedule(self, peer: Peer, session: Session, now: float) -> float | None:
        """Wait for a set time. Every answer is worked out afresh, so a clock step cannot stick."""
        clock = self._estate.clock
        if session.due_utc is None:
            assignment = session.assignment
            delay = clock.utc(now) + assignment.activation_delay
            at = assignment.activation_utc
            session.due_utc = delay if assignment.activation is Activation.DELAYED else at
        if session.due_utc is None or not clock.sane(now):
            self._estate.step(peer, session, Step.SCHEDULE, now, clock.reason)
            self._estate.timers.at(max(now + 1.0, clock.sane_at(now)), "due", peer.eui64)
            return None
        left = session.due_utc - clock.utc(now)
        if left <= 0:
            self._apply(peer, session, now)
            return 0.0
        self._estate.step(peer, session, Step.SCHEDULE, now, "holds the image until its time")
        self._estate.timers.at(now + left, "due", peer.eui64)
        return left if left <= LONGEST_COUNTDOWN else None

    def _apply(self, peer: Peer, session: Session, now: float) -> None:
        quirk = quirk_for(*session.image.key[:2])
        session.came_back = False
        if self._estate.step(peer, session, Step.APPLY, now, "told to apply; restarts"):
            self._estate.timers.at(now + quirk.restart_for, "silent", peer.eui64)

    def due(self, peer: Peer, now: float) -> None:
        """A set time may have come: release the sessions whose time it is."""
        for session in list(peer.sessions.values()):
            if session.state is SessionState.SCHEDULED and self._schedule(peer, session, now) == 0:
                self._send(peer, session, 0.0, now)

    def release(self, peer: Peer, session: Session, now: float) -> None:
        """An operator lets a waiting device apply its image now."""
        session.released = True
        if session.state in (SessionState.HELD, SessionState.SCHEDULED):
            self._apply(peer, session, now)
            self._send(peer, session, 0.0, now)

    def external_only(self, peer: Peer, session: Session, now: float) -> None:
        """The device answers an upgrade time with NOT_AUTHORIZED: only a command activates it."""
        if session.state in COMPLETE:
            self._estate.step(
                peer, session, Step.EXTERN, now, "the device activates by command only"
            )

    # --- frames -------------------------------------------------------------------------------

    def _send(self, peer: Peer, session: Session, wait: float | None, now: float) -> None:
        """Send an unsolicited Upgrade End Response."""
        payload = encode(self._response(session, wait, now))
        self._estate.frame(
            peer, cluster_frame(Command.UPGRADE_END_RESPONSE, 0, payload, from_server=True)
        )

    def _response(self, session: Session, wait: float | None, now: float) -> UpgradeEndResponse:
        key: ImageKey = session.image.key
        if wait is None:
            return UpgradeEndResponse(*key, 0, WAIT_INDEFINITELY)
        seconds = ceil(wait)
        form = quirk_for(key.manufacturer_code, key.image_type).time_form
        if form is TimeForm.ABSOLUTE:
            base = max(1, int(self._estate.clock.utc(now)) - ZIGBEE_EPOCH)
            return UpgradeEndResponse(*key, base, base + seconds)
        if form is TimeForm.RELATIVE_PLUS_ONE:
            seconds = max(1, seconds)
        return UpgradeEndResponse(*key, 0, seconds)


def _name(status: int) -> str:
    try:
        return Status(status).name
    except ValueError:
        return f"status 0x{status:02X}"
