"""Upgrade End: what a device is told once it holds the whole image, and when it may run it."""

from math import ceil

from ota_engine.errors import PeerError
from ota_engine.events import ALL_ENDPOINTS, Packet
from ota_engine.hub.delivery.download import Session
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.session import FINAL, HOLDING, UNDER_WAY, SessionStep
from ota_engine.hub.delivery.transfers import Transfers
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.images import ImageKey
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.kernel.quirks import TimeForm, quirk_for
from ota_engine.records import Activation, SessionState
from ota_engine.times import NEVER, Monotonic, Utc
from ota_engine.wording import utc_text
from ota_engine.zcl.commands import Command, UpgradeEndRequest, UpgradeEndResponse
from ota_engine.zcl.frame import general_frame
from ota_engine.zcl.general import DEFAULT_RESPONSE, DefaultResponse
from ota_engine.zcl.general import encode as encode_general
from ota_engine.zcl.hot import decode_upgrade_end_request, encode_upgrade_end_response
from ota_engine.zcl.status import Status

WAIT_INDEFINITELY = 0xFFFFFFFF  # upgrade time: until another Upgrade End Response
EPSILON = 1e-6  # seconds: sums of floating point times
LONGEST_COUNTDOWN = 3600  # seconds; clients cap every wait at an hour, so longer ones are held
ZIGBEE_EPOCH = 946684800  # 2000-01-01 in seconds since 1970-01-01
RELEASE_TOKEN = 2  # of every unsolicited Upgrade End Response
ABORTS_FORGIVEN = 10  # downloads a client may break off in one attempt
TELL_AGAIN = 60.0  # seconds after one that was not delivered
#: States in which a device holds its image until it is let apply it.
WAITING = frozenset({SessionState.HELD, SessionState.SCHEDULED, SessionState.AWAITING_COMMAND})
#: States in which a device has not begun with an image, or is done with it.
NOT_AT_IT = FINAL | {SessionState.ASSIGNED}


class UpgradeEnds:
    """The end of every download, and the release of held ones."""

    def __init__(self, kernel: Kernel, transfers: Transfers) -> None:
        self._kernel = kernel
        self._transfers = transfers

    def request(self, packet: Packet, peer: Peer, now: Monotonic) -> None:
        """Answer an Upgrade End Request.

        Raises:
            PeerError: malformed, or a success that no complete download stands behind (ABORT).
        """
        request = decode_upgrade_end_request(packet.payload)
        session = self._session_of(packet, peer, request)
        if request.status == Status.SUCCESS:
            self._succeeded(packet, peer, session, now)
            return
        if session is not None:
            if request.status == Status.REQUIRE_MORE_IMAGE:
                self._needs_more(peer, session, now)
            else:
                self._gave_up(peer, session, request.status, now)
        self._acknowledge(packet, peer)

    def _session_of(self, packet: Packet, peer: Peer, request: UpgradeEndRequest) -> Session | None:
        if request.manufacturer_code is not None:
            key = request[1:4]
            return next((one for one in peer.sessions.values() if one.image.key == key), None)
        return self._only_one(packet, peer)

    def _only_one(self, packet: Packet, peer: Peer) -> Session | None:
        """What an end without key fields is of: the one session it can be, else none."""
        begun = [
            one
            for one in peer.sessions.values()
            if one.state not in NOT_AT_IT and _lives_there(packet, peer, one)
        ]
        under_way = [one for one in begun if one.state in UNDER_WAY]
        found = begun if len(begun) == 1 else under_way
        if len(found) == 1:
            return found[0]
        self._kernel.output.count("end_of_unknown_firmware")
        return None

    def _succeeded(
        self, packet: Packet, peer: Peer, session: Session | None, now: Monotonic
    ) -> None:
        if session is None or not session.complete:
            self._kernel.output.count("end_without_download")
            raise PeerError("nothing complete was downloaded from here", Status.ABORT)
        if session.state in FINAL:
            raise PeerError("this download has been ended", Status.ABORT)
        wait = self._decide(peer, session, now)
        sequence = packet.payload[1]
        frame = encode_upgrade_end_response(sequence, self._response(session, wait, now))
        peer.note_said(session, Command.UPGRADE_END_RESPONSE, packet.source_endpoint, sequence)
        self._transfers.reply(packet, peer, frame)

    def _needs_more(self, peer: Peer, session: Session, now: Monotonic) -> None:
        if session.complete and session.state not in FINAL:
            reason = "held by the device until it has its other files"
            self._transfers.step(peer, session, SessionStep.MORE, now, reason)

    def _gave_up(self, peer: Peer, session: Session, status: int, now: Monotonic) -> None:
        reason = f"the device ended with {_name(status)}"
        if status == Status.INVALID_IMAGE and quirk_for(*session.target).whole_blocks:
            reason += f"; it takes whole blocks only, the link carries {peer.device.carries} octets"
        if status == Status.ABORT and not session.complete and session.aborts < ABORTS_FORGIVEN:
            # It could not hear us; that says nothing about the image, and it may try again.
            session.broke_off()
            self._transfers.step(peer, session, SessionStep.STALL, now, reason)
            return
        self._transfers.step(peer, session, SessionStep.BAD, now, reason)

    def _acknowledge(self, packet: Packet, peer: Peer) -> None:
        """Every end but a success is answered by a Default Response, never by an upgrade time."""
        answer = encode_general(DefaultResponse(Command.UPGRADE_END_REQUEST, Status.SUCCESS))
        frame = general_frame(DEFAULT_RESPONSE, packet.payload[1], answer, from_server=True)
        self._transfers.reply(packet, peer, frame)

    # --- when ---------------------------------------------------------------------------------

    def _decide(self, peer: Peer, session: Session, now: Monotonic) -> float | None:
        """Choose the seconds to wait, None for 'until told', and take the session there."""
        if session.state is SessionState.RESTARTING:
            return self._apply(peer, session, now)
        activation = session.assignment.activation
        if activation is Activation.EXTERNAL:
            reason = "holds the image; waits for a command to activate"
            self._transfers.step(peer, session, SessionStep.EXTERN, now, reason)
            return None
        pause = self._transfers.paused or peer.paused
        if pause or activation is Activation.WAIT:
            reason = pause or "holds the image; waits for an operator's release"
            self._transfers.step(peer, session, SessionStep.HOLD, now, reason)
            return None
        if activation is Activation.IMMEDIATE:
            return self._apply(peer, session, now)
        return self._schedule(peer, session, now)

    def _schedule(self, peer: Peer, session: Session, now: Monotonic) -> float | None:
        """Wait for a set time. Every answer is worked out afresh, so a clock step cannot stick."""
        clock = self._kernel.clock
        doubt = clock.doubt(now)
        delayed = session.assignment.activation is Activation.DELAYED
        if delayed and (clock.known or session.due_utc is None):
            left = self._left_of_delay(session, now)
        elif doubt:
            self._transfers.step(peer, session, SessionStep.SCHEDULE, now, doubt)
            self._kernel.deadlines.at_latest(clock.sane_at(now), Alarm.ACTIVATION, peer.eui64)
            return None
        else:
            at = session.assignment.activation_utc or Utc(0.0)
            session.schedule_utc(at)
            left = at - clock.utc(now)
        if left <= 0:
            return self._apply(peer, session, now)
        reason = f"holds the image until {utc_text(session.due_utc or Utc(0.0))}"
        self._transfers.step(peer, session, SessionStep.SCHEDULE, now, reason)
        self._kernel.deadlines.at_latest(now + left, Alarm.ACTIVATION, peer.eui64)
        return left if left <= LONGEST_COUNTDOWN else None

    def _left_of_delay(self, session: Session, now: Monotonic) -> float:
        """Seconds left of a delay, which no step of the wall clock changes.

        Only across a restart of ours does the wall clock say how much has passed; one in doubt says
        nothing, and the delay begins anew.
        """
        clock = self._kernel.clock
        if session.due == NEVER:
            delay = float(session.assignment.activation_delay)
            if session.due_utc is not None and not clock.doubt(now):
                delay = min(delay, session.due_utc - clock.utc(now))
            session.set_due(now + delay, clock.utc(now + delay))
        return session.due - now

    def _apply(self, peer: Peer, session: Session, now: Monotonic) -> float:
        """Let the device apply the image now: no seconds to wait.

        One that does not hear of it asks again within the longest wait of a client.
        """
        restart = quirk_for(*session.image.key[:2]).restart_for
        session.allow_until(now + LONGEST_COUNTDOWN + restart)
        self._transfers.step(peer, session, SessionStep.APPLY, now, "told to apply; restarts")
        self._kernel.deadlines.at_latest(session.deadline, Alarm.OVERDUE, peer.eui64)
        return 0.0

    def review(self, peer: Peer, now: Monotonic, *, tell: bool = False) -> None:
        """Look again at devices that wait for us: their time, the clock or a pause may have changed.

        Args:
            peer: the device.
            now: monotonic seconds.
            tell: also tell those that go on counting down, because their time may have changed.
        """
        if self._kernel.radio.down is not None:
            return  # everybody is looked at again when it is up
        for session in list(peer.sessions.values()):
            before = session.state
            if before not in WAITING:
                continue
            wait = self._decide(peer, session, now)
            if session.state is not before or (tell and before is SessionState.SCHEDULED):
                self._send(peer, session, wait, now)

    def release(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """An operator lets a device apply its image now, or as soon as it holds it."""
        self._kernel.output.persist(session.activate_by(Activation.IMMEDIATE))
        self.review(peer, now)

    def stop(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """Stop the countdown of a device that was given a time."""
        if session.state is SessionState.SCHEDULED and self._kernel.radio.down is None:
            self._send(peer, session, None, now)

    def external_only(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """The device answers an upgrade time with NOT_AUTHORIZED: only a command activates it."""
        if session.state in HOLDING:
            self._kernel.output.persist(session.activate_by(Activation.EXTERNAL))
            reason = "the device activates by command only"
            self._transfers.step(peer, session, SessionStep.EXTERN, now, reason)

    # --- frames -------------------------------------------------------------------------------

    def not_told(self, peer: Peer, now: Monotonic) -> None:
        """An unsolicited response did not arrive."""
        self._kernel.deadlines.at_latest(now + TELL_AGAIN, Alarm.TELL_AGAIN, peer.eui64)

    def tell_again(self, peer: Peer, now: Monotonic) -> None:
        """Repeat an unsolicited response that did not arrive, while it still matters."""
        for session in peer.sessions.values():
            if session.state is SessionState.RESTARTING and not session.came_back:
                self._send(peer, session, 0.0, now)

    def _send(self, peer: Peer, session: Session, wait: float | None, now: Monotonic) -> None:
        """Send an unsolicited Upgrade End Response."""
        client, sequence = peer.device.client(session.target), self._transfers.next_sequence()
        frame = encode_upgrade_end_response(sequence, self._response(session, wait, now))
        peer.note_said(session, Command.UPGRADE_END_RESPONSE, client.endpoint, sequence)
        self._transfers.frame(peer, client, frame, token=RELEASE_TOKEN)

    def _response(self, session: Session, wait: float | None, now: Monotonic) -> UpgradeEndResponse:
        key: ImageKey = session.image.key
        if wait is None:
            return UpgradeEndResponse(*key, 0, WAIT_INDEFINITELY)
        seconds = ceil(wait - EPSILON)
        form = quirk_for(key.manufacturer_code, key.image_type).time_form
        if form is TimeForm.ABSOLUTE:
            base = max(1, int(self._kernel.clock.utc(now)) - ZIGBEE_EPOCH)
            return UpgradeEndResponse(*key, base, base + seconds)
        if form is TimeForm.RELATIVE_PLUS_ONE:
            seconds = max(1, seconds)
        return UpgradeEndResponse(*key, 0, seconds)


def _lives_there(packet: Packet, peer: Peer, session: Session) -> bool:
    """Whether a frame may come from the client that a session is for."""
    known = peer.device.firmwares.get(session.target)
    return known is None or known.endpoint in (ALL_ENDPOINTS, packet.source_endpoint)


def _name(status: int) -> str:
    try:
        return Status(status).name
    except ValueError:
        return f"status 0x{status:02X}"
