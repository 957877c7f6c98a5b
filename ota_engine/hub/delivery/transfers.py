"""What the delivery remembers, and the one way to change it so that others hear of it.

Knows devices' sessions and channels; decides nothing about the protocol. Every change of a session
is stored, journalled and told to the other parts of the hub here, and the ends that it is are reported.
"""

from collections.abc import Iterable, Iterator

from images.eui64 import Eui64
from ota_engine.events import (
    ALL_ENDPOINTS,
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SERVER_ENDPOINTS,
    Packet,
    Priority,
    Send,
)
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.download import Session
from ota_engine.hub.delivery.pacing import Channel
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.policy import Asker, OfferDecision, OfferTerms, decide
from ota_engine.hub.delivery.session import (
    FINAL,
    HOLDING,
    INTERRUPTED,
    UNDER_WAY,
    End,
    SessionStep,
    ends_of,
    next_state,
)
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.devices import Client, Device
from ota_engine.hub.kernel.happenings import SessionChanged, TransferEnd, TransferEnded
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import (
    AssignmentRecord,
    OutcomeKind,
    OutcomeRecord,
    SessionState,
    Snapshot,
    Verdict,
)
from ota_engine.times import Monotonic

#: The states that have a place on the channel, or wait for one.
ON_CHANNEL = frozenset({SessionState.DOWNLOADING, SessionState.QUEUED})
#: The states in which nothing happens until the device is reached, or asks.
UNSTARTED = frozenset({SessionState.ASSIGNED, SessionState.OFFERED, SessionState.STALLED})
#: The states in which a transfer is over: the device has the image, or will not have it.
LANDED = FINAL | HOLDING
WAITING_FOR_MAINS = "waiting for mains"
#: Why a transfer has come to a good end.
VERIFIED = "the device verified the image"
SHOWN = "the device runs the image"
NORMAL = Priority.NORMAL.value

_new = tuple.__new__  # what Send's own constructor calls, without its argument parsing


class Transfers:
    """The devices and sessions of one hub's delivery.

    Attributes:
        config: of the delivery.
        paused: an operator's reason for all devices, None while they may go on.
    """

    def __init__(self, kernel: Kernel, config: DeliveryConfig, snapshot: Snapshot) -> None:
        self.config = config
        self.paused: str | None = None
        self._kernel = kernel
        self._sequence = 0
        self._peers: dict[Eui64, Peer] = {}
        self._channels: dict[int, Channel] = {}
        saved = {(record.device, record.sha256): record for record in snapshot.sessions}
        for device in kernel.devices:
            self._peers[device.eui64] = Peer(device)
        for assignment in snapshot.assignments:
            image = kernel.images.get(assignment.sha256)
            assert image is not None  # noqa: S101 - the store holds the image of every assignment
            record = saved.get((assignment.device, assignment.sha256))
            self.remember(assignment.device).restore(
                Session(assignment, image)
                if record is None
                else Session.restored(record, assignment, image)
            )

    # --- devices ---------------------------------------------------------------------------------

    @property
    def peers(self) -> dict[Eui64, Peer]:
        """Everybody heard or named, for the path of a block; to look up only."""
        return self._peers

    def remembered(self) -> Iterator[Peer]:
        """Those somebody named, in that order."""
        for device in self._kernel.devices:
            yield self._peer(device)

    def sessions(self) -> Iterable[tuple[Peer, Session]]:
        """Every session with its device, in the order devices were named."""
        for peer in self.remembered():
            for session in peer.sessions.values():
                yield peer, session

    def meet(self, device: Eui64) -> Peer:
        """Find or make the peer of a device that is heard."""
        return self._peer(self._kernel.devices.meet(device))

    def remember(self, device: Eui64) -> Peer:
        """Find or make a peer that is remembered for good, because somebody named it."""
        return self._peer(self._kernel.devices.remember(device))

    def peer(self, device: Eui64) -> Peer | None:
        """Look up a peer, whoever it is."""
        known = self._kernel.devices.get(device)
        return None if known is None else self._peer(known)

    def named(self, device: Eui64) -> Peer | None:
        """Look up a peer that somebody named."""
        return self.peer(device) if self._kernel.devices.remembers(device) else None

    def _peer(self, device: Device) -> Peer:
        peer = self._peers.get(device.eui64)
        if peer is None or peer.device is not device:
            peer = self._peers[device.eui64] = Peer(device)
        return peer

    def forget_device(self, device: Eui64) -> None:
        """A stranger is forgotten, unless it has come back already."""
        if self._kernel.devices.get(device) is None:
            self._peers.pop(device, None)

    def peer_of(self, packet: Packet, now: Monotonic) -> Peer:
        """Find or make the peer of a packet that comes another way than its last, and learn it."""
        peer = self.meet(packet.source)
        device = peer.device
        first = not device.seen
        device.came_by(packet, known=self._kernel.devices.remembers(packet.source))
        if packet.cluster == OTA_UPGRADE_CLUSTER:
            self.learn_endpoint(peer, packet, now)
        if first:
            self.explain_idle(peer)
        return peer

    def learn_endpoint(self, peer: Peer, packet: Packet, now: Monotonic) -> None:
        """Take where a packet came from for the device's client, unless one is known already."""
        device = peer.device
        if device.has_client and device.endpoint != ALL_ENDPOINTS:
            return
        if device.lives_at(packet.source_endpoint, packet.profile):
            self._kernel.devices.touch(device, now)

    def pause(self, reason: str) -> None:
        """An operator has all devices wait."""
        self.paused = reason

    def resume(self) -> None:
        """An operator lets all devices go on."""
        self.paused = None

    # --- channels --------------------------------------------------------------------------------

    def channel_of(self, peer: Peer) -> Channel:
        """The medium a device is on."""
        return self.channel(peer.channel)

    def channel(self, number: int) -> Channel:
        """A medium by the radio's number."""
        channel = self._channels.get(number)
        if channel is None:
            channel = Channel(self.config.channel_share, self.config.concurrency)
            self._channels[number] = channel
        return channel

    def leave_place(self, peer: Peer, now: Monotonic, *, finished: bool = False) -> None:
        """Give up a device's place or turn on its channel, which may be what others wait for."""
        channel = self.channel_of(peer)
        channel.places.leave(peer.eui64, now, finished=finished)
        if channel.crowded_out:
            self._kernel.deadlines.at_latest(now, Alarm.CONTACT, peer.channel)

    def contact_soon(self, peer: Peer, now: Monotonic) -> None:
        """Put a device in line: it is asked what it runs, and notified if nothing is under way."""
        channel = self.channel_of(peer)
        channel.contacts[peer.eui64] = None
        self._kernel.deadlines.at_latest(max(now, channel.contact_at), Alarm.CONTACT, peer.channel)

    def contact_anew(self, peer: Peer, now: Monotonic) -> None:
        """Put a device in line as if it had never been notified: something about it has changed."""
        peer.unnotified()
        self.contact_soon(peer, now)

    def notify_later(self, peer: Peer, now: Monotonic) -> None:
        """Have a device notified again in ``notify_again`` seconds, if it is still idle then."""
        peer.notified(now)
        due = now + self.config.notify_again
        self._kernel.deadlines.at_latest(due, Alarm.NOTIFY_AGAIN, peer.eui64)

    # --- sessions --------------------------------------------------------------------------------

    def assign(self, assignment: AssignmentRecord, now: Monotonic) -> tuple[Peer, Session]:
        """Begin a session for an assignment of an image that is there."""
        image = self._kernel.images.get(assignment.sha256)
        assert image is not None  # noqa: S101 - the caller has looked
        peer = self.remember(assignment.device)
        session = Session(assignment, image)
        session.begin_at(self.why_idle(peer), now, self._kernel.clock.utc(now))
        peer.add(session)
        self._kernel.devices.touch(peer.device, now)
        self._kernel.output.persist(assignment)
        self.save(peer, session)
        self._tell(peer, session, None, session.state, session.reason)
        return peer, session

    def forget(self, peer: Peer, session: Session, now: Monotonic, reason: str) -> None:
        """Drop a session that was withdrawn or replaced; the store is told by the caller."""
        if session.state in ON_CHANNEL:
            self.leave_place(peer, now)
        if session.state not in LANDED:
            discarded = End(OutcomeKind.TRANSFER, succeeded=False)
            self._report(peer, session, discarded, TransferEnd.DISCARDED, reason, now)
        peer.drop(session)
        self._tell(peer, session, session.state, None, reason)

    def in_the_way(self, peer: Peer, session: Session) -> Session | None:
        """The session another one of the same device has to wait for: one is updated at a time.

        One that is under way itself waits for none. One that has not begun waits for those of a lower
        rank that have not, either.
        """
        if session.state in UNDER_WAY:
            return None
        for other in peer.sessions.values():
            before = other.assignment.rank < session.assignment.rank
            if other is not session and (
                other.state in UNDER_WAY or (before and other.state is SessionState.ASSIGNED)
            ):
                return other
        return None

    def turn_to(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """Make a session the one a device is at; a download it leaves for it stands still."""
        if peer.current is session:
            return
        for other in peer.sessions.values():
            if other is not session and other.state in INTERRUPTED:
                self.step(peer, other, SessionStep.STALL, now, "the device turned to another file")
        peer.turn_to(session)

    def save(self, peer: Peer, session: Session) -> None:
        """Have a session's row written."""
        client = peer.device.client(session.target)
        self._kernel.output.persist(session.record(client.endpoint))

    def step(
        self,
        peer: Peer,
        session: Session,
        step: SessionStep,
        now: Monotonic,
        reason: str = "",
        failed: TransferEnd = TransferEnd.FAILED,
    ) -> bool:
        """Take one step of the state table, and report the ends that it is.

        A step that leads back to the same state changes the reason; an ignored one nothing.

        Args:
            peer: the device.
            session: of it.
            step: which.
            now: monotonic seconds.
            reason: why, in one line.
            failed: how, where this is how a transfer fails.

        Returns:
            Whether the state changed.
        """
        before = session.state
        after = next_state(before, step)
        if after is None:
            return False
        if after is before:
            self.explain(peer, session, reason)
            return False
        session.enter(after, reason, now, self._kernel.clock.utc(now))
        if before in ON_CHANNEL and after not in ON_CHANNEL:
            self.leave_place(peer, now, finished=after is SessionState.VERIFYING)
        if after in FINAL:
            peer.end_page()
        if after is SessionState.FAILED:  # another attempt later, if it has any left
            self.notify_later(peer, now)
        ends = [
            end for end in ends_of(before, after, complete=session.complete) if session.tell(end)
        ]
        self.save(peer, session)
        self._kernel.output.event(
            "session",
            peer.eui64,
            now,
            sha256=session.image.sha256,
            state=after,
            before=before,
            reason=reason,
            offset=session.offset,
            blocks=session.blocks,
            retries=session.retries,
        )
        self._tell(peer, session, before, after, reason)
        for end in ends:
            self._report(peer, session, end, failed, reason, now)
        return True

    def _tell(
        self,
        peer: Peer,
        session: Session,
        before: SessionState | None,
        state: SessionState | None,
        reason: str,
    ) -> None:
        sha256 = session.image.sha256
        self._kernel.happen(SessionChanged(peer.eui64, sha256, before, state, reason))

    def explain(self, peer: Peer, session: Session, reason: str) -> None:
        """Change why a session waits without changing its state."""
        if session.explain(reason):
            self.save(peer, session)

    def why_idle(self, peer: Peer) -> str:
        """Why nothing has begun with a device."""
        if self._kernel.radio.down is not None:
            return f"the radio is down: {self._kernel.radio.down}"
        if not peer.device.seen:
            return "not seen on the network yet"
        if peer.device.on_battery:
            return WAITING_FOR_MAINS
        if peer.last_heard:
            return "assigned; the device speaks, and no query for an image has come from it"
        return "assigned; no query for an image has come from the device yet"

    def explain_idle(self, peer: Peer) -> None:
        """Say anew why the sessions that wait for the device itself wait, after that changed."""
        reason = self.why_idle(peer)
        for session in peer.sessions.values():
            if session.waits_for:
                continue
            if session.state is SessionState.ASSIGNED or (
                session.state in UNSTARTED and reason == WAITING_FOR_MAINS
            ):
                self.explain(peer, session, reason)
            elif session.state in UNSTARTED and session.reason == WAITING_FOR_MAINS:
                self.explain(peer, session, "back on mains; waits for the device to ask")

    def decide(
        self, peer: Peer, session: Session, running: int, hardware: int | None
    ) -> OfferDecision:
        """Decide whether a firmware may be offered the image of its session, as it is now."""
        device, wish = peer.device, session.assignment
        terms = self._kernel.images.terms(session.image.sha256)
        return decide(
            session.image,
            Asker(peer.eui64, running, hardware, device.model, device.maker),
            OfferTerms(wish.policy, terms, wish.waived, self.config.hardware),
        )

    def minds_names(self, peer: Peer) -> bool:
        """Whether the terms of an image for a device ask for its model or maker."""
        if not self._kernel.images.have_terms:
            return False
        for session in peer.sessions.values():
            stated = self._kernel.images.terms(session.image.sha256)
            if stated is not None and (stated.terms.models or stated.terms.makers):
                return True
        return False

    # --- ends ------------------------------------------------------------------------------------

    def _report(
        self,
        peer: Peer,
        session: Session,
        end: End,
        failed: TransferEnd,
        reason: str,
        now: Monotonic,
    ) -> None:
        """Report the end of a transfer or activation; the key makes a repetition harmless."""
        verdict = Verdict.of(end.succeeded)
        key = _outcome_key(peer, session, end.kind, verdict)
        image = session.image
        if end.kind is OutcomeKind.TRANSFER:
            how = TransferEnd.SUCCEEDED if end.succeeded else failed
            self._kernel.happen(
                TransferEnded(peer.eui64, image.sha256, image.key.file_version, how, key)
            )
            if end.succeeded:
                reason = SHOWN if session.state is SessionState.UPDATED else VERIFIED
        self._kernel.output.report(
            OutcomeRecord(
                key=key,
                utc=self._kernel.clock.utc(now),
                device=peer.eui64,
                kind=end.kind,
                verdict=verdict,
                reason=reason,
                sha256=image.sha256,
                version_before=session.version_before,
                version_after=session.version_after,
            )
        )

    # --- frames ----------------------------------------------------------------------------------

    def next_sequence(self) -> int:
        """The transaction sequence number of a frame of our own accord."""
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def frame(
        self,
        peer: Peer,
        client: Client,
        payload: bytes,
        *,
        cluster: int = OTA_UPGRADE_CLUSTER,
        token: int = 0,
    ) -> None:
        """Send a frame of our own accord to a client, on the profile it is known by."""
        device = peer.device
        profile = client.profile or self._kernel.devices.profile_of(device)
        self._kernel.output.send(
            Send(
                peer.eui64,
                SERVER_ENDPOINTS.get(profile, OTA_SERVER_ENDPOINT),
                client.endpoint,
                profile,
                cluster,
                payload,
                True,
                device.sleepy,
                NORMAL,
                token,
            )
        )

    def reply(self, packet: Packet, peer: Peer, payload: bytes, *, ack: bool = True) -> None:
        """Answer a packet on the endpoints and profile it came on."""
        source, _, from_endpoint, to_endpoint, profile, cluster = packet[:6]
        self._kernel.output.send(
            _new(
                Send,
                (
                    source,
                    to_endpoint,
                    from_endpoint,
                    profile,
                    cluster,
                    payload,
                    ack,
                    peer.device.sleepy,
                    NORMAL,
                    0,
                ),
            )
        )


def _outcome_key(peer: Peer, session: Session, kind: OutcomeKind, verdict: Verdict) -> str:
    """Name the end of one attempt, the same whenever it is worked out again."""
    created = round(session.assignment.created_utc * 1000)
    return f"{peer.eui64:016x}-{session.image.sha256[:16]}-{created}-{session.attempt}-{kind}-{verdict}"
