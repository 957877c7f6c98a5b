"""Carries out what operators ask; every order leaves a row in the audit trail."""

from collections.abc import Callable
from typing import Any

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.hub.delivery.commands import (
    Abort,
    AddImage,
    ApplyNow,
    Assign,
    ConfirmClock,
    Inquire,
    NotifyBroadcast,
    NotifyDevice,
    OperatorCommand,
    Pause,
    Resume,
    Withdraw,
)
from ota_engine.hub.delivery.contacts import Contacts
from ota_engine.hub.delivery.download import Session
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.session import FINAL, SessionStep
from ota_engine.hub.delivery.transfers import LANDED, Transfers
from ota_engine.hub.delivery.upgrade_end import UpgradeEnds
from ota_engine.hub.kernel.happenings import TransferEnd
from ota_engine.hub.kernel.images import ServedImage
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import Activation, AssignmentRecord, Unassigned
from ota_engine.times import Monotonic
from ota_engine.wording import one_line

RESUMED = "resumed; waits for the device to ask"


class Operator:
    """The people's side of the server."""

    def __init__(
        self,
        kernel: Kernel,
        transfers: Transfers,
        contacts: Contacts,
        ends: UpgradeEnds,
        *,
        one_image_each: bool,
    ) -> None:
        """``one_image_each``: only one image is stored for each device, as a Communications Hub does."""
        self._one_image_each = one_image_each
        self._kernel = kernel
        self._transfers = transfers
        self._contacts = contacts
        self._ends = ends
        self._orders: dict[type[Any], Callable[[Any, Monotonic], None]] = {
            AddImage: self._add_image,
            Assign: self._assign,
            Withdraw: self._withdraw,
            Pause: self._pause,
            Resume: self._resume,
            Abort: self._abort,
            ApplyNow: self._release,
            NotifyDevice: self._notify,
            NotifyBroadcast: self._broadcast,
            Inquire: self._inquire,
            ConfirmClock: self._confirm_clock,
        }

    def obey(self, order: OperatorCommand, now: Monotonic) -> None:
        """Carry out one order.

        Raises:
            LocalError: the order names an image or device that is not there, or is not complete.
        """
        self._orders[type(order)](order, now)

    # --- images and assignments --------------------------------------------------------------

    def _add_image(self, order: AddImage, now: Monotonic) -> None:
        image = self._kernel.images.add(order.image)
        name, terms = one_line(order.image.name), order.terms
        if terms is None:
            self._audit(order.actor, "add image", image.sha256, now, name=name)
            return
        self._kernel.images.state(terms)
        self._audit(order.actor, "add image", image.sha256, now, name=name, status=terms.status)

    def _assign(self, order: Assign, now: Monotonic) -> None:
        wish = order.assignment
        image = self._check(wish)
        peer = self._transfers.remember(wish.device)
        in_the_way = self._in_the_way(peer, wish)
        if in_the_way and not order.force:
            raise LocalError(
                f"image {in_the_way[0].image.sha256[:16]} is on its way to "
                f"{format_eui64(wish.device)}, and one is stored for each device: let it end, or "
                "replace it by force"
            )
        self._audit(
            order.actor,
            "assign",
            format_eui64(wish.device),
            now,
            sha256=wish.sha256,
            policy=wish.policy,
            activation=wish.activation,
            **{"waived": list(wish.waived)} if wish.waived else {},
        )
        session = peer.sessions.get(wish.sha256)
        if session is not None and session.state not in FINAL:
            self._reassign(peer, session, wish, now)
            return
        for other in in_the_way:
            self._drop(peer, other, now, "replaced by force")
        for other in list(peer.sessions.values()):
            if other.target == image.key[:2]:
                self._drop(peer, other, now, "replaced by another image")
        peer, session = self._transfers.assign(wish, now)
        pause = self._transfers.paused or peer.paused
        if pause:
            self._transfers.step(peer, session, SessionStep.PAUSE, now, pause)
        self._transfers.contact_anew(peer, now)

    def _check(self, wish: AssignmentRecord) -> ServedImage:
        image = self._kernel.images.get(wish.sha256)
        if image is None:
            raise LocalError(f"image {wish.sha256[:16]} is not in the catalogue; add it first")
        if wish.activation is Activation.AT and wish.activation_utc is None:
            raise LocalError("an activation at a set time needs the time")
        return image

    def _in_the_way(self, peer: Peer, wish: AssignmentRecord) -> list[Session]:
        """What a new image would push out, where there is room for one."""
        if not self._one_image_each:
            return []
        others = (one for sha256, one in peer.sessions.items() if sha256 != wish.sha256)
        return [one for one in others if one.state not in LANDED]

    def _reassign(
        self, peer: Peer, session: Session, wish: AssignmentRecord, now: Monotonic
    ) -> None:
        """The same image again changes what shall become of it, not what has been achieved."""
        session.reassign(wish)
        self._kernel.output.persist(wish)
        self._transfers.save(peer, session)
        self._ends.review(peer, now, tell=True)
        self._transfers.contact_anew(peer, now)

    def _withdraw(self, order: Withdraw, now: Monotonic) -> None:
        peer = self._peer(order.device)
        session = peer.sessions.get(order.sha256)
        if session is None:
            raise LocalError(f"{format_eui64(order.device)} is not assigned that image")
        reason = one_line(order.reason)
        subject = format_eui64(order.device)
        self._audit(order.actor, "withdraw", subject, now, sha256=order.sha256, reason=reason)
        self._drop(peer, session, now, reason)

    def _drop(self, peer: Peer, session: Session, now: Monotonic, reason: str) -> None:
        self._ends.stop(peer, session, now)
        self._transfers.forget(peer, session, now, reason)
        self._kernel.output.persist(Unassigned(peer.eui64, session.image.sha256))

    # --- pause, resume, abort, release -------------------------------------------------------

    def _pause(self, order: Pause, now: Monotonic) -> None:
        peers = self._named(order.device)
        reason = one_line(order.reason)
        self._audit(order.actor, "pause", _subject(order.device), now, reason=reason)
        if order.device is None:
            self._transfers.pause(reason)
        for peer in peers:
            if order.device is not None:
                peer.pause(reason)
            for session in peer.sessions.values():
                self._transfers.step(peer, session, SessionStep.PAUSE, now, reason)
            self._ends.review(peer, now)

    def _resume(self, order: Resume, now: Monotonic) -> None:
        peers = self._named(order.device)
        self._audit(order.actor, "resume", _subject(order.device), now)
        if order.device is None:
            self._transfers.resume()
        for peer in peers:
            peer.resume()
            if self._transfers.paused:
                continue
            peer.unhold()
            for session in peer.sessions.values():
                self._transfers.step(peer, session, SessionStep.RESUME, now, RESUMED)
            self._ends.review(peer, now)
            self._transfers.contact_anew(peer, now)

    def _abort(self, order: Abort, now: Monotonic) -> None:
        peer = self._assigned(order.device)
        reason = one_line(order.reason)
        aborted = 0
        for session in peer.sessions.values():
            self._ends.stop(peer, session, now)
            discarded = TransferEnd.DISCARDED
            aborted += self._transfers.step(
                peer, session, SessionStep.ABORT, now, reason, discarded
            )
        if not aborted:
            raise LocalError(f"{format_eui64(order.device)} has nothing that can be aborted")
        self._audit(order.actor, "abort", format_eui64(peer.eui64), now, reason=reason)

    def _release(self, order: ApplyNow, now: Monotonic) -> None:
        peer = self._assigned(order.device)
        ours = [
            session
            for session in peer.sessions.values()
            if session.assignment.activation is not Activation.EXTERNAL
            and session.state not in FINAL
        ]
        if not ours:
            raise LocalError(
                f"{format_eui64(order.device)} has nothing to release: its images are activated "
                "by a signed command, or are done with"
            )
        self._audit(order.actor, "release", format_eui64(peer.eui64), now)
        for session in ours:
            self._ends.release(peer, session, now)

    # --- the rest ----------------------------------------------------------------------------

    def _notify(self, order: NotifyDevice, now: Monotonic) -> None:
        peer = self._peer(order.device)
        self._contacts.notify(order, peer, now)
        self._audit(order.actor, "notify", format_eui64(order.device), now)

    def _inquire(self, order: Inquire, now: Monotonic) -> None:
        peer = self._transfers.remember(order.device)
        self._contacts.inquire(peer, order)
        self._audit(order.actor, "inquire", format_eui64(order.device), now)

    def _broadcast(self, order: NotifyBroadcast, now: Monotonic) -> None:
        self._contacts.broadcast(order)
        self._audit(
            order.actor,
            "notify",
            "all devices",
            now,
            profile=order.profile,
            payload_type=order.payload_type,
            jitter=order.jitter,
        )

    def _confirm_clock(self, order: ConfirmClock, now: Monotonic) -> None:
        self._kernel.clock_confirmed(now)
        self._audit(order.actor, "confirm clock", "wall clock", now)

    def _named(self, device: Eui64 | None) -> list[Peer]:
        return list(self._transfers.remembered()) if device is None else [self._peer(device)]

    def _assigned(self, device: Eui64) -> Peer:
        peer = self._peer(device)
        if not peer.sessions:
            raise LocalError(f"{format_eui64(device)} has nothing assigned")
        return peer

    def _peer(self, device: Eui64) -> Peer:
        peer = self._transfers.named(device)
        if peer is None:
            raise LocalError(f"{format_eui64(device)} is not known; assign it an image first")
        return peer

    def _audit(
        self, actor: str, action: str, subject: str, now: Monotonic, **detail: object
    ) -> None:
        self._kernel.output.audit(one_line(actor), action, subject, now, **detail)


def _subject(device: Eui64 | None) -> str:
    return "all devices" if device is None else format_eui64(device)
