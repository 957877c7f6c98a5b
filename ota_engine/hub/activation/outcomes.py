"""What sinks are told of orders, alerts and versions; knows records, decides nothing."""

from images.eui64 import Eui64
from ota_engine.gbcs.codes import ActivationCode, Cra
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.protection import MacKey, leg_of
from ota_engine.gbcs.verification import CheckResult, Verification
from ota_engine.hub.activation.book import Ruling
from ota_engine.hub.activation.life import FINAL
from ota_engine.records import OrderRecord, OrderState, OutcomeKind, OutcomeRecord, Verdict
from ota_engine.times import Utc


def verified(message: Message) -> Verification:
    """Say what signature and MAC of a message that was authenticated are worth."""
    leg = leg_of(message)
    assert leg is not None  # noqa: S101 - it was authenticated by its leg
    return Verification(_worth(leg.signed), _worth(leg.mac is not MacKey.NONE))


def _worth(there: bool) -> CheckResult:
    return CheckResult.VALID if there else CheckResult.ABSENT


def order_key(order: OrderRecord) -> str:
    """Name an order for ever: counters are never used twice, numbers begin anew with a store."""
    by = order.number if order.counter is None else order.counter
    return f"order-{order.device:016x}-{order.originator:016x}-{by}"


def order_outcome(order: OrderRecord, utc: Utc, verification: Verification | None) -> OutcomeRecord:
    """Write how an order ended, or that it has not after all; only an activation is a success.

    A correction has another state, and so another key; an order can expire more than once.
    """
    again = f"-{round(order.since_utc)}" if order.state is OrderState.EXPIRED else ""
    state = f"{order.state}" if order.state in FINAL else f"{order.state} after all"
    return OutcomeRecord(
        key=f"{order_key(order)}-{order.state}{again}",
        utc=utc,
        device=order.device,
        kind=OutcomeKind.ORDER,
        verdict=Verdict.of(order.state is OrderState.ACTIVATED),
        reason=f"{state}: {order.reason}",
        sha256=order.sha256,
        version_before=None,
        version_after=order.firmware_version,
        message=order.evidence,
        verification=verification,
    )


def contradiction(
    order: OrderRecord, utc: Utc, said: str, message: bytes, verification: Verification
) -> OutcomeRecord:
    """Write that a device said the opposite of what it had said before, and was not believed."""
    return OutcomeRecord(
        key=f"{order_key(order)}-contradicted",
        utc=utc,
        device=order.device,
        kind=OutcomeKind.ORDER,
        verdict=Verdict.FAILED,
        reason=f"contradiction: {said}; the order stays {order.state}",
        sha256=order.sha256,
        version_before=None,
        version_after=order.firmware_version,
        message=message,
        verification=verification,
    )


def passed_outcome(ruling: Ruling, message: Message, octets: bytes, utc: Utc) -> OutcomeRecord:
    """Write what a device says of a command that its user signed; each message is told as it came.

    Args:
        ruling: what it did.
        message: verified.
        octets: the same as it came.
        utc: when it came.
    """
    order, alerts = ruling.order, message.cra is Cra.ALERT
    return told(
        message,
        octets,
        utc,
        kind=OutcomeKind.ALERT if alerts else OutcomeKind.ORDER,
        succeeded=ruling.code in (None, ActivationCode.SUCCESS),
        reason=ruling.said,
        version=None if ruling.code is None else order.firmware_version,
        key="" if alerts else f"{order_key(order)}-answer",
        sha256=order.sha256,
    )


def told(
    message: Message,
    octets: bytes,
    utc: Utc,
    *,
    kind: OutcomeKind,
    succeeded: bool,
    reason: str,
    version: int | None = None,
    device: Eui64 | None = None,
    key: str = "",
    sha256: str = "",
) -> OutcomeRecord:
    """Write what a message says by itself; of the same message always under the same key.

    Args:
        message: verified.
        octets: the same as it came.
        utc: when it came.
        kind: an alert or a version.
        succeeded: whether it is good news.
        reason: what it says, in words.
        version: the firmware version it tells.
        device: whom it is about, None for its originator.
        key: of the outcome, where it must not be the message's own.
        sha256: the image it is about, where known.
    """
    own = f"{kind}-{message.originator:016x}-{message.message_code:04x}-{message.counter}"
    return OutcomeRecord(
        key=key or own,
        utc=utc,
        device=Eui64(message.originator) if device is None else device,
        kind=kind,
        verdict=Verdict.of(succeeded),
        reason=reason,
        sha256=sha256,
        version_before=None,
        version_after=version,
        message=octets,
        verification=verified(message),
    )
