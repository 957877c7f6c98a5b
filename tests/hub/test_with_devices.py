"""Whole devices of every kind with keys, and an engine with keys: what each tells, and how."""

import pytest

from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.platform.spec import SecurityOptions
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.envelope import parse
from ota_engine.hub.activation.requests import AskVersion
from ota_engine.records import OrderState, OutcomeRecord
from tests.faults.home import NEW, OLD
from tests.faults.signed_home import SignedHome, signed_device
from tests.gbcs.parties import ESME, GSME, HCALCS, PPMID

HOUR = 3600.0
COMMANDED = [(kinds.HCALCS, HCALCS), (kinds.ESME, ESME), (kinds.GSME, GSME)]
EVERYBODY = [*COMMANDED, (kinds.PPMID, PPMID)]


def home_of(
    kind: DeviceKind, own: int, *, security: SecurityOptions | None = None, sleepy: bool = False
) -> SignedHome:
    return SignedHome(signed_device(kind, own, security=security, sleepy=sleepy))


def told(home: SignedHome, kind: str) -> list[tuple[int, OutcomeRecord]]:
    return [(parse(one.message).message_code, one) for one in home.outcomes(kind)]


@pytest.mark.parametrize("sleepy", [False, True])
@pytest.mark.parametrize(("kind", "own"), COMMANDED)
def test_an_image_is_delivered_ordered_to_run_and_proved(
    kind: DeviceKind, own: int, sleepy: bool
) -> None:
    home = home_of(kind, own, sleepy=sleepy)
    home.deliver()
    home.activate()
    home.pass_time(300.0)
    assert home.order_record.state is OrderState.ACTIVATED
    assert (home.device.version, home.boots) == (NEW, 1)
    kinds = {one.kind for one in home.shell.store.outcomes()}
    assert {"transfer", "alert", "activation", "order"} <= kinds
    assert {one.verdict for one in home.shell.store.outcomes()} == {"succeeded"}


@pytest.mark.parametrize(
    ("kind", "own", "code"),
    [
        (kinds.ESME, ESME, MessageCode.FIRMWARE_RECEIPT_DLMS),
        (kinds.GSME, GSME, MessageCode.FIRMWARE_RECEIPT_GBZ),
    ],
)
def test_a_meter_tells_that_it_received_its_image(
    kind: DeviceKind, own: int, code: MessageCode
) -> None:
    home = home_of(kind, own)
    home.deliver()
    home.pass_time(60.0)
    (receipt,) = [one for number, one in told(home, "alert") if number == code]
    assert receipt.reason == "firmware verification successful"
    assert receipt.sha256 == home.image.sha256


def test_a_ppmid_activates_by_upgrade_end_and_tells_so() -> None:
    home = home_of(kinds.PPMID, PPMID)
    home.start(home.image)
    home.pass_time(300.0)
    assert home.device.version == NEW
    (alert,) = [
        one for code, one in told(home, "alert") if code == MessageCode.PPMID_ACTIVATION_ALERT
    ]
    assert (alert.verdict, alert.version_after) == ("succeeded", NEW)
    assert home.shell.engine.orders() == ()


@pytest.mark.parametrize(("kind", "own"), EVERYBODY)
def test_every_kind_of_device_is_asked_what_it_runs_in_its_own_words(
    kind: DeviceKind, own: int
) -> None:
    home = home_of(kind, own)
    home.start(home.image)
    home.ask(AskVersion(home.device.eui64, "ann"))
    home.pass_time(900.0)
    (reading,) = home.outcomes("version")
    assert reading.verdict == "succeeded"
    assert reading.version_after in {OLD, NEW}
    assert kind.gbcs is not None
    assert parse(reading.message).message_code == kind.gbcs.read


@pytest.mark.parametrize(("kind", "own"), COMMANDED)
def test_a_lost_answer_of_every_kind_is_settled(kind: DeviceKind, own: int) -> None:
    receipts = 0 if kind is kinds.HCALCS else 1
    home = home_of(kind, own, security=SecurityOptions(lose_messages=1 + receipts))
    home.deliver()
    home.pass_time(60.0)
    home.activate()
    home.pass_time(2 * HOUR)
    order = home.order_record
    assert (order.state, order.code) == (OrderState.ACTIVATED, None)
    assert home.boots == 1
