"""Who is within reach: devices that join and leave, a radio that comes and goes.

Knows what a disturbance does to the sessions it touches; what devices say is others' to judge.
"""

from ota_engine.events import Joined, Left, LinkDown, LinkUp
from ota_engine.hub.delivery.contacts import Contacts
from ota_engine.hub.delivery.estate import Estate
from ota_engine.hub.delivery.peer import INTERRUPTED, Peer, Session
from ota_engine.hub.delivery.quirks import quirk_for
from ota_engine.hub.delivery.reports import Reports
from ota_engine.hub.delivery.session import SessionStep
from ota_engine.hub.delivery.timers import Alarm
from ota_engine.hub.delivery.upgrade_end import LONGEST_COUNTDOWN, UpgradeEnds
from ota_engine.records import SessionState
from ota_engine.wording import one_line

APS_SECURITY = 9  # octets that APS encryption adds to a frame
RESTARTED = "the engine restarted; waits for the device to go on"
LEFT = "the device left the network"
BACK = "back within reach; waits for the device to go on"
MOVED = "the device moved to another channel"


class Presence:
    """Takes devices and radios as they come and go."""

    def __init__(
        self,
        estate: Estate,
        contacts: Contacts,
        reports: Reports,
        ends: UpgradeEnds,
        *,
        resumed: bool,
    ) -> None:
        """``resumed``: there are sessions of an earlier run, which nobody has seen to yet."""
        self._estate = estate
        self._contacts = contacts
        self._reports = reports
        self._ends = ends
        self._resumed = resumed

    def joined(self, event: Joined, now: float) -> None:
        """A device announced itself."""
        estate = self._estate
        peer = estate.peers.get(event.device) or estate.stranger(event.device)
        where = (event.network_address, event.sleepy, event.channel, event.relays)
        peer.last_heard = now
        if event.channel != peer.channel:
            self._interrupt(peer, MOVED, now)
        if where != (peer.network_address, peer.sleepy, peer.channel, peer.relays):
            peer.network_address, peer.sleepy, peer.channel, peer.relays = where
            peer.purse = None
            estate.measure(peer)
            estate.touch(peer, now)
        if peer.sessions:
            self._explain(peer, LEFT, BACK)
            estate.explain_idle(peer)
            self._reports.announced(peer, now)
            self._contacts.anew(peer, now)

    def left(self, event: Left, now: float) -> None:
        """A device left; its sessions wait, because it may be back."""
        peer = self._estate.peers.get(event.device)
        if peer is not None:
            self._interrupt(peer, LEFT, now)

    def _interrupt(self, peer: Peer, reason: str, now: float) -> None:
        for session in peer.sessions.values():
            self._estate.step(peer, session, SessionStep.STALL, now, reason)

    def _explain(self, peer: Peer, old: str, new: str) -> None:
        for session in peer.sessions.values():
            if session.reason == old:
                self._estate.explain(peer, session, new)

    def link_up(self, event: LinkUp, now: float) -> None:
        """The radio is ready: learn what it carries, and take every session up where it stands."""
        estate = self._estate
        down = f"the radio is down: {estate.link_down}"
        estate.link_down = None
        estate.max_payload = event.max_payload
        estate.security = APS_SECURITY if event.aps_security else 0
        for peer in estate.peers.values():
            estate.measure(peer)
            for session in peer.sessions.values():
                if self._resumed:
                    self._take_up(peer, session, now)
                self._grant_time(peer, session, now)
            self._explain(peer, down, BACK)
            estate.explain_idle(peer)
            self._ends.review(peer, now)
            if peer.sessions:
                peer.to_ask = True
                self._contacts.anew(peer, now)
        self._resumed = False
        estate.event("link up", None, now, link=one_line(event.link))

    def _take_up(self, peer: Peer, session: Session, now: float) -> None:
        """See for the first time to a session of an earlier run: its download was interrupted."""
        session.since = min(now, now + session.since_utc - self._estate.clock.utc(now))
        if session.state in INTERRUPTED:
            self._estate.step(peer, session, SessionStep.STALL, now, RESTARTED)

    def _grant_time(self, peer: Peer, session: Session, now: float) -> None:
        """What a device was allowed begins anew: while we could not hear it, no time has passed."""
        quirk = quirk_for(*session.image.key[:2])
        if session.state is SessionState.VERIFYING:
            session.deadline = now + quirk.verify_for
        elif session.state is SessionState.RESTARTING:
            session.deadline = now + LONGEST_COUNTDOWN + quirk.restart_for
        else:
            return
        self._estate.timers.at(session.deadline, Alarm.OVERDUE, peer.eui64)

    def link_down(self, event: LinkDown, now: float) -> None:
        """The radio is gone: downloads stand still, and what waits for the radio says so."""
        estate = self._estate
        estate.link_down = one_line(event.reason)
        for peer in estate.peers.values():
            self._interrupt(peer, f"the radio is down: {estate.link_down}", now)
            estate.explain_idle(peer)
        estate.event("link down", None, now, link=one_line(event.link), reason=estate.link_down)
