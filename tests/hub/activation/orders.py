"""Orders as tests need them, at every stage before the device's word."""

from datetime import datetime

from images.eui64 import Eui64
from ota_engine.hub.activation.life import OrderStep
from ota_engine.hub.activation.order import commit_order, step_order
from ota_engine.records import OrderRecord, OrderState
from ota_engine.times import Utc
from tests.gbcs.parties import HASH, HCALCS, NOW, SUPPLIER, everyone

SENT_UTC = Utc(NOW.timestamp())


def drafted(
    at: datetime | None = None,
    *,
    device: int = HCALCS,
    originator: int = SUPPLIER,
    digest: bytes = HASH,
    number: int = 1,
) -> OrderRecord:
    return OrderRecord(
        number=number,
        originator=Eui64(originator),
        device=Eui64(device),
        manufacturer_image_hash=digest,
        sha256="",
        execution_utc=None if at is None else Utc(at.timestamp()),
        created_utc=SENT_UTC,
        state=OrderState.DRAFTED,
        since_utc=SENT_UTC,
        reason="drafted",
    )


def committed(
    at: datetime | None = None,
    counter: int = 1000,
    *,
    device: int = HCALCS,
    originator: int = SUPPLIER,
    digest: bytes = HASH,
    number: int = 1,
) -> OrderRecord:
    order = drafted(at, device=device, originator=originator, digest=digest, number=number)
    return commit_order(order, counter, everyone())


def sent(at: datetime | None = None, counter: int = 1000, device: int = HCALCS) -> OrderRecord:
    order, _ = step_order(committed(at, counter, device=device), OrderStep.SEND, SENT_UTC)
    return order
