"""What devices tell unasked, and when their version is asked for; verified as the head end would."""

from collections.abc import Callable

import pytest

from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.gbcs.unit import SecurityUnit, UnitFirmware
from emulators.platform.spec import SecurityOptions
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import AlertCode, MessageCode
from ota_engine.gbcs.envelope import parse, serialise
from ota_engine.gbcs.meters import (
    GasVersionRequest,
    GasVersionResponse,
    ReceiptAlertDlms,
    ReceiptAlertGbz,
    VersionRequest,
    VersionResponse,
)
from ota_engine.gbcs.payloads import (
    CommandAccepted,
    FutureDatedOutcome,
    Payload,
    PpmidActivation,
    ReadVersion,
    VersionRead,
)
from ota_engine.gbcs.protection import protect
from tests.emulators.gbcs.units import (
    EMPTY,
    HOLDING,
    NEW,
    NEW_FILE,
    START,
    UPDATED,
    command,
    delivered,
    powered_again,
    refusal,
    told,
    unit,
    verified,
)
from tests.gbcs.parties import (
    BROKER,
    ESME,
    GSME,
    HASH,
    HCALCS,
    HUB,
    PPMID,
    SUPPLIER,
    VERSION,
    WAN_PROVIDER,
    everyone,
)


def read(kind: DeviceKind, own: int, counter: int = 7) -> bytes:
    """The command that reads the version of this kind of device."""
    code, payload, originator = READS[kind]
    asked = compose.command(
        code,
        payload(counter),
        originator=originator,
        recipient=own,
        counter=counter,
        party=SUPPLIER if originator == BROKER else None,
        party_counter=1000 if originator == BROKER else None,
    )
    return serialise(protect(asked, everyone()))


READS: dict[DeviceKind, tuple[MessageCode, Callable[[int], Payload], int]] = {
    kinds.HCALCS: (
        MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
        lambda _: ReadVersion(),
        BROKER,
    ),
    kinds.PPMID: (
        MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
        lambda _: ReadVersion(),
        BROKER,
    ),
    kinds.COMMUNICATIONS_HUB: (
        MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
        VersionRequest,
        BROKER,
    ),
    kinds.ESME: (
        MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
        VersionRequest,
        SUPPLIER,
    ),
    kinds.GSME: (
        MessageCode.READ_GAS_FIRMWARE_VERSION,
        lambda _: GasVersionRequest(),
        SUPPLIER,
    ),
}
OWN = {
    kinds.HCALCS: HCALCS,
    kinds.PPMID: PPMID,
    kinds.COMMUNICATIONS_HUB: HUB,
    kinds.ESME: ESME,
    kinds.GSME: GSME,
}


def of(kind: DeviceKind, **defects: bool) -> SecurityUnit:
    return unit(kind, OWN[kind], options=SecurityOptions(**defects))


# --- versions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (kinds.HCALCS, VersionRead(VERSION, 0)),
        (kinds.PPMID, VersionRead(VERSION, 0)),
        (kinds.COMMUNICATIONS_HUB, VersionResponse(7, VERSION)),
        (kinds.ESME, VersionResponse(7, VERSION)),
        (kinds.GSME, GasVersionResponse(VERSION)),
    ],
)
def test_a_version_is_read_from_the_device_itself(kind: DeviceKind, answer: Payload) -> None:
    ((message, said),) = verified(of(kind).receive(read(kind, OWN[kind]), EMPTY, 0.0))
    assert said == answer
    assert message.counter == 7 and message.date_time is None


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (kinds.HCALCS, VersionRead(0, 1)),
        (kinds.ESME, VersionResponse(7, None, 1)),
        (kinds.GSME, GasVersionResponse(None, 0xC0)),
    ],
)
def test_a_version_that_cannot_be_read_is_said_so(kind: DeviceKind, answer: Payload) -> None:
    device = of(kind, version_unreadable=True)
    assert told(device.receive(read(kind, OWN[kind]), EMPTY, 0.0)) == [answer]


def test_the_answer_to_cs08_repeats_for_whom_it_was_asked() -> None:
    asked = read(kinds.HCALCS, HCALCS)
    ((answer, _),) = verified(of(kinds.HCALCS).receive(asked, EMPTY, 0.0))
    assert answer.other_information == parse(asked).other_information


def test_a_read_of_something_else_is_refused() -> None:
    asked = compose.command(
        MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
        VersionRequest(9, attribute=3),
        originator=SUPPLIER,
        recipient=ESME,
        counter=9,
    )
    octets = serialise(protect(asked, everyone()))
    assert "has not" in refusal(of(kinds.ESME).receive(octets, EMPTY, 0.0))


# --- receipts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verified_image", "code"),
    [
        (True, AlertCode.FIRMWARE_VERIFICATION_SUCCESSFUL),
        (False, AlertCode.FIRMWARE_VERIFICATION_FAILED),
    ],
)
def test_meters_tell_what_they_found_in_an_image(verified_image: bool, code: AlertCode) -> None:
    for kind, shape in ((kinds.ESME, ReceiptAlertDlms), (kinds.GSME, ReceiptAlertGbz)):
        reaction = of(kind).image_received(HASH, 60.0, verified=verified_image)
        ((message, said),) = verified(reaction)
        assert isinstance(said, shape)
        assert (said.alert_code, said.manufacturer_image_hash) == (code, HASH)
        assert (message.originator, message.recipient) == (OWN[kind], SUPPLIER)


@pytest.mark.parametrize("kind", [kinds.HCALCS, kinds.PPMID])
def test_other_devices_have_no_such_alert(kind: DeviceKind) -> None:
    assert not of(kind).image_received(HASH, 60.0, verified=True).messages


# --- PPMID ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("firmware", "code", "version"), [(UPDATED, 0, NEW), (EMPTY, 1, VERSION)])
def test_a_ppmid_reports_what_came_of_an_upgrade(
    firmware: UnitFirmware, code: int, version: int
) -> None:
    device = of(kinds.PPMID)
    device.restarting(NEW_FILE)
    device = powered_again(device, kinds.PPMID)
    reaction = device.booted(firmware, 60.0)
    ((message, said),) = verified(reaction)
    assert isinstance(said, PpmidActivation)
    assert (said.firmware_version, said.code) == (version, code)
    assert said.time == START.replace(minute=1)
    assert message.recipient == BROKER
    delivered(device, reaction)
    assert not device.booted(UPDATED, 90.0).messages


def test_a_ppmid_whose_upgrade_was_torn_reports_nothing_yet() -> None:
    device = of(kinds.PPMID)
    device.restarting(NEW_FILE)
    reaction = device.booted(HOLDING, 60.0)
    assert not reaction.messages and not reaction.activate


# --- Communications Hub ---------------------------------------------------------------------------


def test_a_hub_is_ordered_by_the_wan_provider_and_reports_to_it() -> None:
    device = of(kinds.COMMUNICATIONS_HUB)
    order = command(50, START, supplier=WAN_PROVIDER, recipient=HUB)
    assert device.receive(order, HOLDING, 0.0).activate
    (_, accepted), (message, said) = verified(device.booted(UPDATED, 5.0))
    assert accepted == CommandAccepted()
    assert isinstance(said, FutureDatedOutcome)
    assert (said.originator_counter, said.outcome.code) == (50, 0)
    assert message.recipient == WAN_PROVIDER


def test_a_hub_does_not_obey_a_supplier() -> None:
    octets = command(recipient=HUB)
    refusal(of(kinds.COMMUNICATIONS_HUB).receive(octets, HOLDING, 0.0))


# --- counters of their own ------------------------------------------------------------------------


def test_the_alerts_of_a_device_have_counters_that_only_grow() -> None:
    device = of(kinds.ESME)
    counters = []
    for number in range(6):
        if number == 3:
            device = powered_again(device, kinds.ESME)
            device.clock.step(-86400.0)
        reaction = device.image_received(HASH, 60.0, verified=True)
        ((message, _),) = verified(reaction)
        delivered(device, reaction)
        counters.append(message.counter)
    assert counters == sorted(set(counters))
