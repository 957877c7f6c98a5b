"""Devices with keys and the real engine: what each kind proves ends as outcomes with evidence."""

from collections.abc import Iterable

import pytest

from emulators.devices import kinds
from emulators.devices.chargeable import Chargeable
from emulators.devices.kinds import DeviceKind
from images.eui64 import Eui64
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.envelope import parse
from ota_engine.hub.activation.requests import ActivateImage, AskVersion
from ota_engine.records import OutcomeRecord, SessionState
from ota_engine.times import Monotonic
from tests.faults.home import NEW, OLD, UTC
from tests.faults.signed_home import ACTOR, SignedHome, signed_device, signed_image
from tests.gbcs.parties import (
    ESME,
    GSME,
    HCALCS,
    HUB,
    PPMID,
    SECOND_SUPPLIER,
    WAN_PROVIDER,
)


def codes(outcomes: Iterable[OutcomeRecord]) -> list[int]:
    return [parse(outcome.message).message_code for outcome in outcomes if outcome.message]


def test_a_ppmid_that_upgraded_proves_it_once() -> None:
    home = SignedHome(signed_device(kinds.PPMID, PPMID))
    home.start(home.image)
    home.pass_time(300.0)
    assert home.device.version == NEW
    told = codes(home.shell.store.outcomes())
    assert told.count(MessageCode.PPMID_ACTIVATION_ALERT) == 1
    assert {status.state for status in home.statuses} == {SessionState.UPDATED}


def test_a_ppmid_on_batteries_waits_for_the_mains_and_then_proves_it() -> None:
    home = SignedHome(signed_device(kinds.PPMID, PPMID, battery=True))
    home.start(home.image)
    home.pass_time(3600.0)
    assert home.device.version == OLD
    assert MessageCode.PPMID_ACTIVATION_ALERT not in codes(home.shell.store.outcomes())
    assert isinstance(home.device, Chargeable)
    home.network.perform(
        home.device.eui64, home.device.set_mains(True, home.now), Monotonic(home.now)
    )
    home.pass_time(600.0)
    assert home.device.version == NEW
    told = codes(home.shell.store.outcomes())
    assert told.count(MessageCode.PPMID_ACTIVATION_ALERT) == 1


@pytest.mark.parametrize(
    ("kind", "own", "code"),
    [
        (kinds.ESME, ESME, MessageCode.FIRMWARE_RECEIPT_DLMS),
        (kinds.GSME, GSME, MessageCode.FIRMWARE_RECEIPT_GBZ),
    ],
)
@pytest.mark.parametrize("good", [True, False])
def test_a_meter_proves_what_it_received(
    kind: DeviceKind, own: int, code: MessageCode, good: bool
) -> None:
    image = signed_image() if good else signed_image(SECOND_SUPPLIER)
    home = SignedHome(signed_device(kind, own), image=image)
    home.start(home.image)
    home.pass_time(200.0)
    assert code in codes(home.shell.store.outcomes())
    held = home.device.client.holding is not None
    assert held is good


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        (kinds.HCALCS, HCALCS),
        (kinds.PPMID, PPMID),
        (kinds.ESME, ESME),
        (kinds.GSME, GSME),
        (kinds.COMMUNICATIONS_HUB, HUB),
    ],
)
def test_a_version_is_read_and_proved(kind: DeviceKind, own: int) -> None:
    home = SignedHome(signed_device(kind, own))
    home.start(home.image)
    home.pass_time(300.0)
    home.ask(AskVersion(home.device.eui64, ACTOR))
    home.pass_time(900.0)  # the engine tries one way to ask after the other
    (outcome,) = home.outcomes("version")
    assert outcome.verdict == "succeeded"
    assert outcome.version_after == home.device.version
    assert outcome.verification is not None


def test_a_hub_is_activated_by_its_wan_provider_and_proves_it() -> None:
    home = SignedHome(signed_device(kinds.COMMUNICATIONS_HUB, HUB))
    home.start(home.image)
    home.pass_time(2.0)
    digest = bytes.fromhex(home.image.manufacturer_image_hash)
    home.ask(ActivateImage(home.device.eui64, digest, UTC + 1800.0, ACTOR, Eui64(WAN_PROVIDER)))
    home.pass_time(3600.0)
    assert home.device.version == NEW
    assert home.order_record.originator == WAN_PROVIDER
    assert home.order_record.code is not None
