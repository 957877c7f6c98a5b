"""Everything the delivery remembers, and the one way to change it so that the store hears of it.

Knows devices, images, sessions, channels and deadlines; decides nothing about the protocol. What
it is told to change is collected as records and frames until ``drain`` hands them to the shell,
records first, so that a state is on disk before the frame that tells of it leaves.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.events import (
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SERVER_ENDPOINTS,
    Effect,
    Notify,
    Packet,
    Persist,
    Priority,
    Send,
)
from ota_engine.hub.delivery.clock import WallClock
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.image import ServedImage
from ota_engine.hub.delivery.pacing import Channel
from ota_engine.hub.delivery.peer import UNKNOWN_ADDRESS, UNKNOWN_ENDPOINT, Peer, Session
from ota_engine.hub.delivery.quirks import quirk_for
from ota_engine.hub.delivery.session import FINAL, HOLDING, SessionStep, TransferEnd, next_state
from ota_engine.hub.delivery.timers import Alarm, Timers
from ota_engine.records import (
    AssignmentRecord,
    AuditRecord,
    ClockRecord,
    EventRecord,
    ImageRecord,
    OutcomeKind,
    OutcomeRecord,
    Record,
    SessionState,
    Snapshot,
    Verdict,
)

MAX_PAYLOAD = 82  # octets: an APS payload under network security only (Zigbee PRO)
BLOCK_RESPONSE_OVERHEAD = 17  # octets: ZCL header 3, Image Block Response 14
SOURCE_ROUTE_OVERHEAD = 2  # octets, plus 2 for every relay


#: The states that have a place on the channel, or wait for one.
ON_CHANNEL = frozenset({SessionState.DOWNLOADING, SessionState.QUEUED})
#: The states in which nothing happens until the device is reached, or asks.
UNSTARTED = frozenset({SessionState.ASSIGNED, SessionState.OFFERED, SessionState.STALLED})
#: The states in which a transfer is over: the device has the image, or will not have it.
LANDED = FINAL | HOLDING
WAITING_FOR_MAINS = "waiting for mains"


class Estate:
    """The devices and images of one engine, and the effects not yet handed out."""

    def __init__(self, config: DeliveryConfig, snapshot: Snapshot) -> None:
        self.config = config
        self.clock = WallClock(snapshot.trusted_utc)
        self.timers = Timers()
        self.images: dict[str, ServedImage] = {}
        self.peers: dict[Eui64, Peer] = {}
        self.channels: dict[int, Channel] = {}
        self.strangers: OrderedDict[Eui64, Peer] = OrderedDict()
        self.counters: dict[str, int] = {}
        self.max_payload = MAX_PAYLOAD
        self.security = 0
        self.link_down: str | None = "no link yet"
        self.paused: str | None = None
        #: Only one image is stored for each device, as a Communications Hub does.
        self.one_image_each = False
        #: Told of the end of every transfer, with the key of its outcome and before it is handed out.
        self.on_transfer: Callable[[Peer, Session, TransferEnd, str, float], None] | None = None
        self._records: list[Record] = []
        self._sends: list[Effect] = []
        self._outcomes = False
        self._restore(snapshot)

    def _restore(self, snapshot: Snapshot) -> None:
        for row in snapshot.images:
            self.images[row.sha256] = ServedImage.of(row)
        for device in snapshot.devices:
            self.peers[device.device] = Peer.restored(device)
        saved = {(record.device, record.sha256): record for record in snapshot.sessions}
        for assignment in snapshot.assignments:
            image = self.images[assignment.sha256]
            record = saved.get((assignment.device, assignment.sha256))
            peer = self.peers.setdefault(assignment.device, Peer(assignment.device))
            session = (
                Session(assignment, image)
                if record is None
                else Session.restored(record, assignment, image)
            )
            peer.sessions[image.sha256] = session
            peer.current = session
            peer.paused = peer.paused or session.pause
        for peer in self.peers.values():
            self.measure(peer)

    # --- effects -----------------------------------------------------------------------------

    def persist(self, record: Record) -> None:
        """Have a row written before anything collected now leaves."""
        self._records.append(record)

    def send(self, send: Send) -> None:
        """Have a frame sent."""
        self._sends.append(send)

    def drain(self) -> list[Effect]:
        """Hand out everything collected: rows, then frames, then a nudge for the notifier."""
        if not self._sends and not self._records:
            return []
        effects, self._sends = self._sends, []
        if self._records:
            effects.insert(0, Persist(tuple(self._records)))
            self._records = []
            if self._outcomes:
                effects.append(Notify())
                self._outcomes = False
        return effects

    def report(self, outcome: OutcomeRecord) -> None:
        """Put an outcome into the outbox; the same key twice is one outcome."""
        self._outcomes = True
        self.persist(outcome)

    def count(self, name: str) -> None:
        """Count something a person may want to see on a graph."""
        self.counters[name] = self.counters.get(name, 0) + 1

    def event(self, kind: str, device: Eui64 | None, now: float, **detail: object) -> None:
        """Write a line of the journal."""
        self.persist(EventRecord(self.clock.utc(now), device, kind, canonical_json(detail)))

    def audit(self, actor: str, action: str, subject: str, now: float, **detail: object) -> None:
        """Write a row of the audit trail."""
        self.persist(
            AuditRecord(self.clock.utc(now), actor, action, subject, canonical_json(detail))
        )

    def note_clock(self) -> None:
        """Have the trusted wall time written now and then, so that a restart knows of it."""
        trusted = self.clock.to_note()
        if trusted is not None:
            self.persist(ClockRecord(trusted))

    # --- devices -----------------------------------------------------------------------------

    def peer_of(self, packet: Packet) -> Peer:
        """Find or make the peer of a packet that comes another way than its last, and learn it."""
        peer = self.peers.get(packet.source) or self.stranger(packet.source)
        first = peer.network_address == UNKNOWN_ADDRESS
        peer.network_address = packet.network_address
        if packet.cluster == OTA_UPGRADE_CLUSTER:
            if peer.endpoint == UNKNOWN_ENDPOINT:
                self.learn_endpoint(peer, packet)
            peer.route = packet[1:6]
            peer.reply_to = (
                peer.eui64,
                packet.destination_endpoint,
                packet.source_endpoint,
                packet.profile,
                packet.cluster,
            )
        if first:
            self.explain_idle(peer)
        return peer

    def learn_endpoint(self, peer: Peer, packet: Packet) -> None:
        """Take the endpoint and profile a packet came from for those of the device's client."""
        if (peer.endpoint, peer.profile) != (packet.source_endpoint, packet.profile):
            peer.endpoint = packet.source_endpoint
            peer.profile = packet.profile
            self.touch(peer, packet.time)

    def stranger(self, device: Eui64) -> Peer:
        """Find or make a peer nobody assigned anything to; the longest unheard is forgotten."""
        peer = self.strangers.get(device)
        if peer is None:
            peer = Peer(device)
            self.measure(peer)
            self.strangers[device] = peer
            if len(self.strangers) > self.config.strangers:
                self.strangers.popitem(last=False)
        else:
            self.strangers.move_to_end(device)
        return peer

    def known(self, device: Eui64) -> Peer:
        """Find or make a peer that is remembered for good, because somebody named it."""
        peer = self.peers.get(device)
        if peer is None:
            peer = self.strangers.pop(device, None) or Peer(device)
            self.peers[device] = peer
            self.measure(peer)
        return peer

    def touch(self, peer: Peer, now: float) -> None:
        """Have what is known of a device written, if it is one we remember."""
        if peer.eui64 in self.peers:
            self.persist(peer.record(self.clock.utc(now)))

    def measure(self, peer: Peer) -> None:
        """Work out the largest block the link carries to a device.

        The smallest of: the link's payload less the response's own octets and the source route,
        the operator's cap, the vendor's cap, and what was learned from failures.
        """
        route = SOURCE_ROUTE_OVERHEAD * (1 + peer.relays) if peer.relays else 0
        limits = [self.max_payload - BLOCK_RESPONSE_OVERHEAD - route]
        cap = quirk_for(peer.manufacturer_code or 0, peer.image_type or 0).block_cap
        limits += [value for value in (self.config.block_size, peer.block_limit, cap) if value]
        peer.carries = max(1, min(limits))

    def channel_of(self, peer: Peer) -> Channel:
        """The medium a device is on."""
        channel = self.channels.get(peer.channel)
        if channel is None:
            channel = Channel(self.config.channel_share, self.config.concurrency)
            self.channels[peer.channel] = channel
        return channel

    def leave_place(self, peer: Peer, now: float, *, finished: bool = False) -> None:
        """Give up a device's place or turn on its channel, which may be what others wait for."""
        channel = self.channel_of(peer)
        channel.places.leave(peer.eui64, now, finished=finished)
        if channel.crowded_out:
            self.timers.at(now, Alarm.CONTACT, peer.channel)

    def notify_later(self, peer: Peer, now: float) -> None:
        """Have a device notified again in ``notify_again`` seconds, if it is still idle then."""
        peer.notified_at = now
        self.timers.at(now + self.config.notify_again, Alarm.NOTIFY_AGAIN, peer.eui64)

    # --- images and sessions -----------------------------------------------------------------

    def add_image(self, record: ImageRecord) -> ServedImage:
        """Put an image into the catalogue; the same octets twice are one image."""
        image = self.images.get(record.sha256)
        if image is None:
            image = self.images[record.sha256] = ServedImage.of(record)
            self.persist(record)
        return image

    def assign(self, assignment: AssignmentRecord, now: float) -> tuple[Peer, Session]:
        """Begin a session for an assignment."""
        image = self.images[assignment.sha256]
        peer = self.known(assignment.device)
        session = Session(assignment, image)
        session.since = now
        session.since_utc = self.clock.utc(now)
        session.reason = self.why_idle(peer)
        peer.sessions[image.sha256] = session
        peer.current = peer.current or session
        self.persist(peer.record(self.clock.utc(now)))
        self.persist(assignment)
        self.save(peer, session)
        return peer, session

    def forget(self, peer: Peer, session: Session, now: float) -> None:
        """Drop a session that was withdrawn or replaced; the store is told by the caller."""
        if session.state in ON_CHANNEL:
            self.leave_place(peer, now)
        if self.on_transfer is not None and session.state not in LANDED:
            key = _outcome_key(peer, session, OutcomeKind.TRANSFER, Verdict.FAILED)
            self.on_transfer(peer, session, TransferEnd.DISCARDED, key, now)
        peer.sessions.pop(session.image.sha256, None)
        peer.page = None
        if peer.current is session:
            peer.current = next(iter(peer.sessions.values()), None)

    def turn_to(self, peer: Peer, session: Session, now: float) -> None:
        """Make a session the one a device is at; a download it leaves for it stands still."""
        if peer.current is session:
            return
        for other in peer.sessions.values():
            if other is not session and other.state in ON_CHANNEL:
                self.step(peer, other, SessionStep.STALL, now, "the device turned to another file")
        peer.current = session
        peer.last_offset = -1

    def sessions(self) -> Iterable[tuple[Peer, Session]]:
        """Every session with its device, in the order devices were named."""
        for peer in self.peers.values():
            for session in peer.sessions.values():
                yield peer, session

    def save(self, peer: Peer, session: Session) -> None:
        """Have a session's row written."""
        self.persist(session.record(peer.eui64, peer.endpoint))

    def step(
        self, peer: Peer, session: Session, step: SessionStep, now: float, reason: str = ""
    ) -> bool:
        """Take one step of the state table; returns whether the state changed.

        A step that leads back to the same state changes the reason; an ignored one nothing.
        """
        before = session.state
        after = next_state(before, step)
        if after is None:
            return False
        if after is before:
            self.explain(peer, session, reason)
            return False
        session.state = after
        session.reason = reason
        session.since = now
        session.since_utc = self.clock.utc(now)
        session.came_back = False
        if before in ON_CHANNEL and after not in ON_CHANNEL:
            self.leave_place(peer, now, finished=after is SessionState.VERIFYING)
        if after in FINAL:
            peer.page = None
        if after is SessionState.FAILED:  # another attempt later, if it has any left
            self.notify_later(peer, now)
        self.save(peer, session)
        self.event(
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
        return True

    def explain(self, peer: Peer, session: Session, reason: str) -> None:
        """Change why a session waits without changing its state."""
        if session.reason != reason:
            session.reason = reason
            self.save(peer, session)

    def why_idle(self, peer: Peer) -> str:
        """Why nothing has begun with a device."""
        if self.link_down is not None:
            return f"the radio is down: {self.link_down}"
        if peer.network_address == UNKNOWN_ADDRESS:
            return "not seen on the network yet"
        if peer.on_battery:
            return WAITING_FOR_MAINS
        return "assigned; the device has not queried yet"

    def explain_idle(self, peer: Peer) -> None:
        """Say anew why the sessions that wait for the device itself wait, after that changed."""
        reason = self.why_idle(peer)
        for session in peer.sessions.values():
            if session.state is SessionState.ASSIGNED or (
                session.state in UNSTARTED and reason == WAITING_FOR_MAINS
            ):
                self.explain(peer, session, reason)
            elif session.state in UNSTARTED and session.reason == WAITING_FOR_MAINS:
                self.explain(peer, session, "back on mains; waits for the device to ask")

    def outcome(
        self,
        peer: Peer,
        session: Session,
        kind: OutcomeKind,
        succeeded: bool,
        reason: str,
        now: float,
        end: TransferEnd = TransferEnd.FAILED,
    ) -> None:
        """Report the end of a transfer or activation; the key makes a repetition harmless.

        ``end`` says how a transfer failed.
        """
        key = _outcome_key(peer, session, kind, Verdict.of(succeeded))
        if kind is OutcomeKind.TRANSFER and self.on_transfer is not None:
            told = TransferEnd.SUCCEEDED if succeeded else end
            self.on_transfer(peer, session, told, key, now)
        self.report(
            OutcomeRecord(
                key=key,
                utc=self.clock.utc(now),
                device=peer.eui64,
                kind=kind,
                verdict=Verdict.of(succeeded),
                reason=reason,
                sha256=session.image.sha256,
                version_before=session.version_before,
                version_after=session.version_after,
            )
        )

    def room(self, peer: Peer) -> int:
        """Octets of the largest ZCL frame to a device, as far as is known or was learned."""
        route = SOURCE_ROUTE_OVERHEAD * (1 + peer.relays) if peer.relays else 0
        room = self.max_payload - route
        if peer.block_limit is None:
            return room
        return min(room, peer.block_limit + BLOCK_RESPONSE_OVERHEAD)

    # --- frames ------------------------------------------------------------------------------

    def frame(
        self,
        peer: Peer,
        payload: bytes,
        *,
        cluster: int = OTA_UPGRADE_CLUSTER,
        profile: int = 0,
        token: int = 0,
    ) -> None:
        """Send a frame of our own accord to a device's endpoint, on the profile it is known by."""
        profile = profile or peer.profile or self.config.profile
        self.send(
            Send(
                peer.eui64,
                SERVER_ENDPOINTS.get(profile, OTA_SERVER_ENDPOINT),
                peer.endpoint,
                profile,
                cluster,
                payload,
                True,
                peer.sleepy,
                Priority.NORMAL,
                token,
            )
        )

    def reply(self, packet: Packet, peer: Peer, payload: bytes, *, ack: bool = True) -> None:
        """Answer a packet on the endpoints and profile it came on."""
        self.send(
            Send(
                packet.source,
                packet.destination_endpoint,
                packet.source_endpoint,
                packet.profile,
                packet.cluster,
                payload,
                ack,
                peer.sleepy,
                Priority.NORMAL,
                0,
            )
        )


def _outcome_key(peer: Peer, session: Session, kind: OutcomeKind, verdict: Verdict) -> str:
    """Name the end of one attempt, the same whenever it is worked out again."""
    created = round(session.assignment.created_utc * 1000)
    return f"{peer.eui64:016x}-{session.image.sha256[:16]}-{created}-{session.attempt}-{kind}-{verdict}"
