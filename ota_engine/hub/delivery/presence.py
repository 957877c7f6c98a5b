"""Who is within reach: devices that join and leave, a radio that comes and goes.

Knows what a disturbance does to the sessions it touches; what devices say is others' to judge.
"""

from ota_engine.events import Joined, Left, LinkDown, LinkUp
from ota_engine.hub.delivery.download import Session
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.reports import Reports
from ota_engine.hub.delivery.session import INTERRUPTED, SessionStep
from ota_engine.hub.delivery.transfers import Transfers
from ota_engine.hub.delivery.upgrade_end import LONGEST_COUNTDOWN, UpgradeEnds
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.kernel.quirks import quirk_for
from ota_engine.records import SessionState
from ota_engine.times import Monotonic

RESTARTED = "the engine restarted; waits for the device to go on"
LEFT = "the device left the network"
BACK = "back within reach; waits for the device to go on"
MOVED = "the device moved to another channel"


class Presence:
    """Takes devices and radios as they come and go."""

    def __init__(
        self,
        kernel: Kernel,
        transfers: Transfers,
        reports: Reports,
        ends: UpgradeEnds,
        *,
        resumed: bool,
    ) -> None:
        """``resumed``: there are sessions of an earlier run, which nobody has seen to yet."""
        self._kernel = kernel
        self._transfers = transfers
        self._reports = reports
        self._ends = ends
        self._resumed = resumed
        self._down = (
            f"the radio is down: {kernel.radio.down}"  # what sessions say that waited for it
        )

    def joined(self, event: Joined, now: Monotonic) -> None:
        """A device announced itself."""
        transfers = self._transfers
        peer = transfers.meet(event.device)
        peer.heard(now)
        if event.channel != peer.channel:
            self._interrupt(peer, MOVED, now)
        peer.placed(event.channel, event.relays)
        if peer.sessions:
            self._explain(peer, LEFT, BACK)
            transfers.explain_idle(peer)
            self._reports.announced(peer, now)
            self._transfers.contact_anew(peer, now)

    def left(self, event: Left, now: Monotonic) -> None:
        """A device left; its sessions wait, because it may be back."""
        peer = self._transfers.named(event.device)
        if peer is not None:
            self._interrupt(peer, LEFT, now)

    def _interrupt(self, peer: Peer, reason: str, now: Monotonic) -> None:
        for session in peer.sessions.values():
            self._transfers.step(peer, session, SessionStep.STALL, now, reason)

    def _explain(self, peer: Peer, old: str, new: str) -> None:
        for session in peer.sessions.values():
            if session.reason == old:
                self._transfers.explain(peer, session, new)

    def link_up(self, _: LinkUp, now: Monotonic) -> None:
        """The radio is ready: learn what it carries, and take every session up where it stands."""
        transfers = self._transfers
        for peer in transfers.remembered():
            for session in peer.sessions.values():
                if self._resumed:
                    self._take_up(peer, session, now)
                if session.version_before == self._kernel.images.reported(session.image):
                    session.unheard()  # of others the version tells
                self._grant_time(peer, session, now)
            self._explain(peer, self._down, BACK)
            transfers.explain_idle(peer)
            self._ends.review(peer, now)
            if peer.sessions:
                peer.in_doubt()
                self._transfers.contact_anew(peer, now)
        self._resumed = False

    def _take_up(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """See for the first time to a session of an earlier run: its download was interrupted."""
        session.take_up(now, self._kernel.clock.utc(now))
        if session.state in INTERRUPTED:
            self._transfers.step(peer, session, SessionStep.STALL, now, RESTARTED)

    def _grant_time(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """What a device was allowed begins anew: while we could not hear it, no time has passed."""
        quirk = quirk_for(*session.target)
        if session.state is SessionState.VERIFYING:
            session.allow_until(now + quirk.verify_for)
        elif session.state is SessionState.RESTARTING:
            session.allow_until(now + LONGEST_COUNTDOWN + quirk.restart_for)
        else:
            return
        self._kernel.deadlines.at_latest(session.deadline, Alarm.OVERDUE, peer.eui64)

    def link_down(self, _: LinkDown, now: Monotonic) -> None:
        """The radio is gone: downloads stand still, and what waits for the radio says so."""
        transfers = self._transfers
        self._down = f"the radio is down: {self._kernel.radio.down}"
        for peer in transfers.remembered():
            self._interrupt(peer, self._down, now)
            transfers.explain_idle(peer)
