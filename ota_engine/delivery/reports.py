"""What devices say of themselves: versions, revision, power. Their word decides what is true."""

from collections.abc import Iterable

from images.eui64 import format_eui64
from ota_engine.delivery.estate import Estate
from ota_engine.delivery.peer import BATTERY, UNKNOWN_ENDPOINT, Peer, Session
from ota_engine.delivery.quirks import quirk_for
from ota_engine.delivery.session import FINAL, Step
from ota_engine.events import BASIC_CLUSTER, OTA_UPGRADE_CLUSTER, Packet
from ota_engine.records import Activation, SessionState, VersionPolicy
from ota_engine.zcl.commands import Attribute
from ota_engine.zcl.frame import general_frame
from ota_engine.zcl.general import READ_ATTRIBUTES, AttributeRecord, ReadAttributes
from ota_engine.zcl.general import encode as encode_general

POWER_SOURCE = 0x0007  # Basic cluster
WAITING_FOR_MAINS = "waiting for mains"
UNKNOWN_VERSION = 0xFFFFFFFF
EPSILON = 1e-6  # seconds: sums of floating point times
#: States in which a device that already runs the new version needs no download.
BEFORE_THE_END = frozenset(
    {
        SessionState.ASSIGNED,
        SessionState.OFFERED,
        SessionState.QUEUED,
        SessionState.DOWNLOADING,
        SessionState.PAUSED,
        SessionState.STALLED,
        SessionState.VERIFYING,
        SessionState.FAILED,
    }
)


class Reports:
    """Reads attributes from devices and believes what they answer."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._sequence = 0x80

    def ask(self, peer: Peer) -> None:
        """Ask a device for its version, status and cluster revision, and for its power source."""
        if peer.endpoint == UNKNOWN_ENDPOINT:
            return
        self._read(
            peer,
            OTA_UPGRADE_CLUSTER,
            (
                Attribute.CURRENT_FILE_VERSION,
                Attribute.IMAGE_UPGRADE_STATUS,
                Attribute.CLUSTER_REVISION,
            ),
        )
        self._read(peer, BASIC_CLUSTER, (POWER_SOURCE,))

    def _read(self, peer: Peer, cluster: int, attributes: tuple[int, ...]) -> None:
        self._sequence = 0x80 | (self._sequence + 1) & 0x7F
        frame = general_frame(
            READ_ATTRIBUTES,
            self._sequence,
            encode_general(ReadAttributes(attributes)),
            from_server=cluster == OTA_UPGRADE_CLUSTER,  # these are the client's attributes
        )
        self._estate.frame(peer, frame, cluster=cluster)

    def announced(self, peer: Peer, now: float) -> None:
        """A device (re)joined: those told to apply have restarted, all are asked what they run."""
        for session in peer.sessions.values():
            if session.state is SessionState.RESTARTING:
                session.came_back = True
        self.ask(peer)

    def attributes(
        self, packet: Packet, peer: Peer, records: Iterable[AttributeRecord], *, asked: bool
    ) -> None:
        """Take attributes, ``asked`` for or reported of the device's own accord."""
        now = packet.time
        values = {record.attribute: record.value for record in records if record.value is not None}
        changed = False
        if packet.cluster == BASIC_CLUSTER and POWER_SOURCE in values:
            changed = self._power(peer, values[POWER_SOURCE])
        elif packet.cluster == OTA_UPGRADE_CLUSTER:
            revision = values.get(Attribute.CLUSTER_REVISION, peer.cluster_revision)
            changed = revision != peer.cluster_revision
            peer.cluster_revision = revision
            version = values.get(Attribute.CURRENT_FILE_VERSION, UNKNOWN_VERSION)
            if version != UNKNOWN_VERSION:
                changed |= version != peer.file_version
                peer.file_version = version
                idle = asked and not values.get(Attribute.IMAGE_UPGRADE_STATUS)
                self._reported(peer, version, idle, now)
        if changed:
            self._estate.touch(peer, now)

    def _power(self, peer: Peer, source: int) -> bool:
        if peer.power_source == source:
            return False
        peer.power_source = source
        for session in peer.sessions.values():
            if session.state in (SessionState.ASSIGNED, SessionState.OFFERED):
                reason = WAITING_FOR_MAINS if source == BATTERY else "back on mains"
                self._estate.explain(peer, session, reason)
        return True

    def _reported(self, peer: Peer, version: int, idle: bool, now: float) -> None:
        for session in list(peer.sessions.values()):
            if len(peer.sessions) == 1 or session is peer.current:
                self._confirm(peer, session, version, idle, now)

    def queried(self, peer: Peer, session: Session, running: int, now: float) -> None:
        """A query names the version the device runs, which may confirm or deny an activation."""
        if session.state is SessionState.RESTARTING:
            session.came_back = True  # it would not query while it is about to restart
        if session.state not in BEFORE_THE_END:
            self._confirm(peer, session, running, True, now)

    def _confirm(self, peer: Peer, session: Session, version: int, idle: bool, now: float) -> None:
        """Compare a version with the assignment; ``idle`` says that nothing is under way there."""
        expected = session.image.key.file_version
        if session.state is SessionState.RESTARTING:
            self._after_restart(peer, session, version, idle, now)
        elif version == expected:
            self._runs_it(peer, session, version, now)

    def _after_restart(
        self, peer: Peer, session: Session, version: int, idle: bool, now: float
    ) -> None:
        """Judge a device that was told to apply; one that still holds the image was not told."""
        estate = self._estate
        if version == session.image.key.file_version:
            if session.version_before == version and not session.came_back:
                return  # a reinstall proves itself by the restart, not by the version
            session.version_after = version
            estate.step(peer, session, Step.REPORTED_NEW, now, "")
            estate.outcome(peer, session, "activation", True, "the device reports it", now)
            self._carry_along(peer, session, now)
        elif session.came_back and idle:
            session.version_after = version
            reason = f"the device came back with 0x{version:08X}"
            estate.step(peer, session, Step.REPORTED_OLD, now, reason)
            estate.outcome(peer, session, "activation", False, reason, now)

    def _carry_along(self, peer: Peer, last: Session, now: float) -> None:
        """The files a device held for its last one were applied with it."""
        for session in peer.sessions.values():
            if session is not last and session.state is SessionState.WAIT_FOR_MORE:
                reason = "applied with the device's last file"
                self._estate.step(peer, session, Step.REPORTED_NEW, now, reason)
                self._estate.outcome(peer, session, "activation", True, reason, now)

    def _runs_it(self, peer: Peer, session: Session, version: int, now: float) -> None:
        """The device runs the image though we did not tell it to apply: say how that came about."""
        estate = self._estate
        if session.state in FINAL and session.state is not SessionState.FAILED:
            return
        session.version_after = version
        if not session.complete:
            if session.assignment.policy is not VersionPolicy.REINSTALL:
                estate.step(peer, session, Step.REPORTED_NEW, now, "the device already runs it")
            return
        ordered, reason = self._order_behind(session, now)
        estate.step(peer, session, Step.REPORTED_NEW, now, reason)
        estate.outcome(peer, session, "transfer", True, "the device runs the image", now)
        estate.outcome(peer, session, "activation", True, reason, now)
        if not ordered:
            estate.count("activation_without_order")
            estate.audit("device", reason, format_eui64(peer.eui64), now, file_version=version)
        self._carry_along(peer, session, now)

    def _order_behind(self, session: Session, now: float) -> tuple[bool, str]:
        """Whether anybody ordered an activation that did not go through us, and in which words."""
        wish = session.assignment.activation
        if wish is Activation.EXTERNAL:
            return True, "activated by a command"
        if wish is Activation.IMMEDIATE or session.released:
            return True, "activated while its Upgrade End was unanswered"
        if session.due_utc is not None and self._estate.clock.utc(now) >= session.due_utc:
            return True, "activated at its time"
        return False, "activated without an order from here"

    def silent(self, peer: Peer, now: float) -> None:
        """A device told to apply has not come back in time."""
        for session in peer.sessions.values():
            if session.state is not SessionState.RESTARTING:
                continue
            if now - session.since + EPSILON < quirk_for(*session.image.key[:2]).restart_for:
                continue
            reason = "the device did not come back after it was told to apply"
            if self._estate.step(peer, session, Step.SILENT, now, reason):
                self._estate.outcome(peer, session, "activation", False, reason, now)

    def resume_waiting(self, peer: Peer, now: float) -> None:
        """After a restart of ours: a device told to apply may long be back, so it is asked.

        An old version in its answer proves nothing: it may not have been told after all. It asks
        again by Upgrade End, or queries, or is silent.
        """
        for session in peer.sessions.values():
            if session.state is SessionState.RESTARTING:
                session.since = now
                due = now + quirk_for(*session.image.key[:2]).restart_for
                self._estate.timers.at(due, "silent", peer.eui64)
        self.ask(peer)
