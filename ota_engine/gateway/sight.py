"""Where an errand stands, as the engine of its hub shows it; pure, decides nothing."""

from enum import Enum
from typing import Final, NamedTuple

from ota_engine.gateway.errands import Errand, ErrandState
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.engine import Engine
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


class Sight(NamedTuple):
    """One errand as the engine shows it.

    Attributes:
        push: the push for it, None while there is none or after another one.
        session: the delivery, None while there is none.
        ending: how it has ended, None while it has not.
        heard_s: seconds since its device was last heard, infinite where it was not.
        no_radio: why the hub has no radio; empty while it has.
    """

    push: PushRecord | None
    session: SessionStatus | None
    ending: ErrandEnd | None
    heard_s: float
    no_radio: str

    @property
    def begun(self) -> bool:
        """Whether the device has asked for anything of the image."""
        session = self.session
        return session is not None and (
            session.blocks > 0 or session.offset > 0 or session.state in DELIVERED
        )

    def unheard_s(self, utc: Utc, begun_utc: float) -> float:
        """For how many seconds of this errand its device was not heard."""
        return min(self.heard_s, utc - begun_utc) if begun_utc else 0.0


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
    device = engine.device(errand.device)
    heard = device.last_heard if device is not None else 0.0
    return Sight(
        push,
        session,
        _ending(engine, now, errand, push, session),
        now - heard if heard else float("inf"),
        engine.link_down or "",
    )


def _ending(
    engine: Engine,
    now: Monotonic,
    errand: Errand,
    push: PushRecord | None,
    session: SessionStatus | None,
) -> ErrandEnd | None:
    order = engine.order(errand.order) if errand.order else None
    if order is not None and errand.state is ErrandState.ACTIVATING:
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
