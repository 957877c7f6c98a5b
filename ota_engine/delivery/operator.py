"""Carries out what operators ask; every order leaves a row in the audit trail."""

from images.eui64 import Eui64, format_eui64
from ota_engine.delivery.estate import Estate
from ota_engine.delivery.offers import Offers
from ota_engine.delivery.orders import (
    Abort,
    AddImage,
    Assign,
    ConfirmClock,
    NotifyBroadcast,
    NotifyDevice,
    Order,
    Pause,
    Release,
    Resume,
    Withdraw,
)
from ota_engine.delivery.peer import Peer, Session
from ota_engine.delivery.reports import Reports
from ota_engine.delivery.session import Step
from ota_engine.delivery.upgrade_end import UpgradeEnds
from ota_engine.errors import LocalError
from ota_engine.records import Activation, SessionState, Unassigned


class Operator:
    """The people's side of the server."""

    def __init__(self, estate: Estate, offers: Offers, reports: Reports, ends: UpgradeEnds) -> None:
        self._estate = estate
        self._offers = offers
        self._reports = reports
        self._ends = ends

    def obey(self, order: Order, now: float) -> None:
        """Carry out one order.

        Raises:
            LocalError: the order names an image or device that is not there, or is not complete.
        """
        match order:
            case AddImage():
                self._add_image(order, now)
            case Assign():
                self._assign(order, now)
            case Withdraw():
                self._withdraw(order, now)
            case Pause():
                self._pause(order, now)
            case Resume():
                self._resume(order, now)
            case Abort() | Release():
                self._end(order, now)
            case NotifyDevice():
                self._offers.notify(self._peer(order.device), now)
            case NotifyBroadcast():
                self._offers.broadcast(order)
            case ConfirmClock():
                self._estate.clock.confirm()
                self._audit(order.actor, "confirm clock", "wall clock", now)

    def _add_image(self, order: AddImage, now: float) -> None:
        image = self._estate.add_image(order.image)
        self._audit(order.actor, "add image", image.sha256, now, name=order.image.name)

    def _assign(self, order: Assign, now: float) -> None:
        wish = order.assignment
        if wish.sha256 not in self._estate.images:
            raise LocalError(f"image {wish.sha256[:16]} is not in the catalogue; add it first")
        if wish.activation is Activation.AT and wish.activation_utc is None:
            raise LocalError("an activation at a set time needs the time")
        peer = self._estate.known(wish.device)
        for other in list(peer.sessions.values()):
            image = self._estate.images[wish.sha256]
            if other.image.key[:2] == image.key[:2]:
                self._drop(peer, other, now)
        self._estate.assign(wish, now)
        self._audit(
            order.actor,
            "assign",
            format_eui64(wish.device),
            now,
            sha256=wish.sha256,
            policy=wish.policy,
            activation=wish.activation,
        )
        self._reports.ask(peer)
        self._offers.notify_soon(peer, now)

    def _withdraw(self, order: Withdraw, now: float) -> None:
        peer = self._peer(order.device)
        session = peer.sessions.get(order.sha256)
        if session is None:
            raise LocalError(f"{format_eui64(order.device)} is not assigned that image")
        self._drop(peer, session, now)
        self._audit(order.actor, "withdraw", format_eui64(order.device), now, sha256=order.sha256)

    def _drop(self, peer: Peer, session: Session, now: float) -> None:
        self._estate.forget(peer, session, now)
        self._estate.persist(Unassigned(peer.eui64, session.image.sha256))

    def _pause(self, order: Pause, now: float) -> None:
        if order.device is None:
            self._estate.paused = order.reason
        for peer in self._named(order.device):
            if order.device is not None:
                peer.paused = order.reason
            for session in peer.sessions.values():
                self._estate.step(peer, session, Step.PAUSE, now, order.reason)
        self._audit(order.actor, "pause", _subject(order.device), now, reason=order.reason)

    def _resume(self, order: Resume, now: float) -> None:
        if order.device is None:
            self._estate.paused = None
        for peer in self._named(order.device):
            peer.paused = None
            for session in peer.sessions.values():
                if session.state is SessionState.PAUSED:
                    self._estate.explain(peer, session, "resumed; the device asks when it is due")
        self._audit(order.actor, "resume", _subject(order.device), now)

    def _end(self, order: Abort | Release, now: float) -> None:
        peer = self._peer(order.device)
        if not peer.sessions:
            raise LocalError(f"{format_eui64(order.device)} has nothing assigned")
        if isinstance(order, Abort):
            self._audit(order.actor, "abort", format_eui64(peer.eui64), now, reason=order.reason)
            for session in list(peer.sessions.values()):
                if self._estate.step(peer, session, Step.ABORT, now, order.reason):
                    self._estate.outcome(peer, session, "transfer", False, order.reason, now)
            return
        self._audit(order.actor, "release", format_eui64(peer.eui64), now)
        for session in list(peer.sessions.values()):
            self._ends.release(peer, session, now)

    def _named(self, device: Eui64 | None) -> list[Peer]:
        return list(self._estate.peers.values()) if device is None else [self._peer(device)]

    def _peer(self, device: Eui64) -> Peer:
        peer = self._estate.peers.get(device)
        if peer is None:
            raise LocalError(f"{format_eui64(device)} is not known; it has to join or be assigned")
        return peer

    def _audit(self, actor: str, action: str, subject: str, now: float, **detail: object) -> None:
        self._estate.audit(actor, action, subject, now, **detail)


def _subject(device: Eui64 | None) -> str:
    return "all devices" if device is None else format_eui64(device)
