"""Where an errand stands, as its hub shows it; pure, decides nothing."""

from enum import Enum
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.gateway.errands import Errand, ErrandState
from ota_engine.hub.activation.order import has_ended
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.engine import Engine
from ota_engine.hub.own_firmware.firmware import OwnFirmware
from ota_engine.hub.own_firmware.life import OwnState
from ota_engine.hub.push.verdict import PushStanding, PushVerdict
from ota_engine.records import OrderRecord, OrderState, PushRecord, PushState, SessionState
from ota_engine.times import Monotonic, Utc

#: States of a session in which its device has the whole image and has found it good.
DELIVERED: Final = frozenset(
    {
        SessionState.HELD,
        SessionState.SCHEDULED,
        SessionState.AWAITING_COMMAND,
        SessionState.RESTARTING,
        SessionState.UPDATED,
    }
)
_GIVEN_UP: Final = frozenset({SessionState.FAILED, SessionState.ABORTED})


class Ending(Enum):
    """How an errand has ended."""

    RUNS = "the device says that it runs the image"
    FAILED = "it will not come to run it"


class ErrandEnd(NamedTuple):
    """The end of an errand.

    Attributes:
        kind: how.
        reason: why it failed.
        version: that the device itself reported.
        message: that proves it.
    """

    kind: Ending
    reason: str = ""
    version: int | None = None
    message: bytes = b""


class ActivationWay(Enum):
    """How what holds an image is told to run it."""

    WORD = "by its hub's word, when the time has come"
    SIGNED = "by a signed order, which may be for later"
    OWN = "it is the hub itself, and keeps the time"


class OwnHub(NamedTuple):
    """The hub as a device that is upgraded itself.

    Attributes:
        chf: EUI-64 of its Communications Hub Function, by which a fleet knows it.
        firmware: its part in that.
        devices: of its HAN, by the device log that it keeps.
    """

    chf: Eui64
    firmware: OwnFirmware
    devices: tuple[Eui64, ...] = ()


class Sight(NamedTuple):
    """One errand as its hub shows it.

    Attributes:
        begun_utc: when it was begun, 0 where that does not show.
        begun: anything of the image was asked for.
        delivered: the whole image is held, and was found good.
        way: how the device is told to run it, None while it cannot be.
        ending: how it has ended, None while it has not.
        pushing: the hub's push for it is under way.
        served: the hub has the delivery, or a part of the image, and has not come to an end with it.
        ordered: an order to activate is open, and not being cancelled.
        heard_s: seconds since its device was last heard, infinite where it was not.
        no_radio: why the hub has no radio; empty while it has.
    """

    begun_utc: float
    begun: bool
    delivered: bool
    way: ActivationWay | None
    ending: ErrandEnd | None
    pushing: bool
    served: bool
    ordered: bool
    heard_s: float
    no_radio: str

    def unheard_s(self, utc: Utc, begun_utc: float) -> float:
        """For how many seconds of this errand its device was not heard."""
        return min(self.heard_s, utc - begun_utc) if begun_utc else 0.0


_WAYS: Final = {
    SessionState.HELD: ActivationWay.WORD,
    SessionState.AWAITING_COMMAND: ActivationWay.SIGNED,
}


def see(engine: Engine, now: Monotonic, errand: Errand) -> Sight:
    """Look at an errand.

    Args:
        engine: of its hub.
        now: monotonic seconds.
        errand: which.
    """
    last = engine.pushes.last
    push = last if last is not None and last.number == errand.push else None
    since = errand.begun_utc or (push.created_utc if push is not None else float("inf"))
    session = next(
        (
            one
            for one in engine.status()
            if (one.device, one.sha256) == (errand.device, errand.sha256)
            and one.assigned_utc >= since
        ),
        None,
    )
    order = engine.order(errand.order) if errand.order else None
    device = engine.device(errand.device)
    heard = device.last_heard if device is not None else 0.0
    delivered = session is not None and session.state in DELIVERED
    return Sight(
        0.0 if push is None else push.created_utc,
        delivered or (session is not None and (session.blocks > 0 or session.offset > 0)),
        delivered,
        None if session is None else _WAYS.get(session.state),
        _ending(engine, now, errand, push, session),
        push is not None and push.state is PushState.RUNNING,
        session is not None and session.state not in (*_GIVEN_UP, SessionState.UPDATED),
        order is not None and not has_ended(order) and order.cancel_counter is None,
        now - heard if heard else float("inf"),
        engine.link_down or "",
    )


def see_own(own: OwnFirmware, errand: Errand) -> Sight:
    """Look at an errand that is for the hub itself."""
    record = own.record
    mine = record.sha256 == errand.sha256 and record.state is not OwnState.IDLE
    ready = record.state in (OwnState.STAGED, OwnState.TIMED)
    held = ready or record.state in (OwnState.RESTARTING, OwnState.RUNNING)
    return Sight(
        errand.since_utc,
        mine and (held or own.staged > 0),
        mine and held,
        ActivationWay.OWN if mine and ready else None,
        _own_ending(own, errand, mine=mine),
        mine and record.state is OwnState.FETCHING,
        mine and (ready or record.state is OwnState.FETCHING),
        mine and record.state is OwnState.TIMED,
        0.0,
        "",
    )


def _own_ending(own: OwnFirmware, errand: Errand, *, mine: bool) -> ErrandEnd | None:
    record = own.record
    if not mine:
        begins = errand.state is ErrandState.DELIVERING
        return None if begins else ErrandEnd(Ending.FAILED, "the hub has dropped the image")
    if record.state is OwnState.FAILED:
        return ErrandEnd(Ending.FAILED, record.reason)
    if record.state is OwnState.RUNNING and own.versions is not None:
        return ErrandEnd(Ending.RUNS, version=own.versions[0])
    return None


def _ending(
    engine: Engine,
    now: Monotonic,
    errand: Errand,
    push: PushRecord | None,
    session: SessionStatus | None,
) -> ErrandEnd | None:
    ordered = errand.order and errand.state is ErrandState.ACTIVATING
    order = engine.order(errand.order) if ordered else None
    if order is not None:
        end = _of_order(order)
        if end is not None:
            return end
    if session is not None and session.state is SessionState.UPDATED:
        return ErrandEnd(Ending.RUNS, version=session.version_after)
    if errand.state is ErrandState.DELIVERING:
        over = push is not None and push.state is not PushState.RUNNING
        return _of_push(engine, now, errand, session) if over else None
    if order is not None:
        return None
    if session is None:
        return ErrandEnd(Ending.FAILED, "the hub knows nothing of the delivery any more")
    return ErrandEnd(Ending.FAILED, session.reason) if session.state in _GIVEN_UP else None


def _of_order(order: OrderRecord) -> ErrandEnd | None:
    if order.state is OrderState.ACTIVATED:
        return ErrandEnd(Ending.RUNS, "", order.firmware_version, order.evidence)
    if order.state in (OrderState.FAILED, OrderState.EXPIRED):
        return ErrandEnd(Ending.FAILED, f"the order to activate {order.state}: {order.reason}")
    return None


def _of_push(
    engine: Engine, now: Monotonic, errand: Errand, session: SessionStatus | None
) -> ErrandEnd | None:
    """How a push that is over ended for the device; None where that holds the image."""
    if session is not None:
        given_up = session.state in _GIVEN_UP
        return ErrandEnd(Ending.FAILED, session.reason) if given_up else None
    standing = _standing(engine, now, errand)
    if standing is None:
        return ErrandEnd(Ending.FAILED, "the push was stopped")
    if standing.verdict is PushVerdict.CURRENT:
        return ErrandEnd(Ending.RUNS, version=standing.running)
    return ErrandEnd(Ending.FAILED, standing.reason or "the push was stopped")


def _standing(engine: Engine, now: Monotonic, errand: Errand) -> PushStanding | None:
    mine = [one for one in engine.pushes.standings(now) if one.device == errand.device]
    meant = [one for one in mine if one.sha256 == errand.sha256]
    return next(iter(meant or mine), None)
