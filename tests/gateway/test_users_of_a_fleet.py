"""From a user's request to the device and back: real engine, gateway and devices behind the fleet."""

from collections import Counter
from typing import Any, Final

import pytest

from images.eui64 import Eui64
from ota_engine.duis.requests import CANCELLATION
from ota_engine.duis.responses import (
    DccAlert,
    DeliveryStatus,
    DeviceAlert,
    FutureDatedAlert,
    GbcsPayload,
    HubAlert,
    PpmidAlert,
)
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.payloads import ActivationOutcome, CommandAccepted, VersionRead, read_payload
from ota_engine.gbcs.protection import authenticate
from ota_engine.times import Utc
from tests.fleet.orders.street import ELEC, OLD, OWN, WANTED, content_of, device
from tests.gateway.served import KINDS, ServedStreet, user_of, users_keys
from tests.tiers import points

HOUR: Final = 3600.0
HCALCS: Final = device(OWN, "HCALCS")


def contents(street: ServedStreet, user: Eui64 = ELEC) -> list[Any]:
    """What a user is told, without its envelopes."""
    found = []
    for one in street.documents(user):
        body = one.body
        found.append(body.content if isinstance(body, DccAlert) else content_of(one) or body)
    return found


def kinds_of(street: ServedStreet) -> Counter[str]:
    return Counter(type(one).__name__ for one in contents(street))


def runs(street: ServedStreet, kind: str) -> int | None:
    return street.row(InstalledDevice, device=device(OWN, kind)).version


async def held(kind: str) -> ServedStreet:
    """A device holds what its user has ordered."""
    street = ServedStreet()
    assert street.order_image(kind).code == "I99"
    await street.live(2 * HOUR)
    return street


@pytest.mark.parametrize("kind", ["ESME", "GSME", "HCALCS"])
async def test_a_user_delivers_and_activates_and_hears_all_of_it(kind: str) -> None:
    street = await held(kind)
    assert runs(street, kind) == OLD
    user = user_of(KINDS[kind])
    said = contents(street, user)
    assert [one.success for one in said if isinstance(one, DeliveryStatus)] == [True]
    assert [one.alert_code for one in said if isinstance(one, HubAlert)] == [0x8F8A]
    receipts = [one.alert_code for one in said if isinstance(one, DeviceAlert)]
    assert receipts == ([] if kind == "HCALCS" else [0x8F72])
    target = device(OWN, kind)
    command = street.signed_command(kind, 5000)
    assert street.send(user, target, 5000, command).code == "I99"
    await street.live(HOUR)
    (answer,) = [one for one in contents(street, user) if isinstance(one, GbcsPayload)]
    message = parse(answer.payload)
    authenticate(message, users_keys())
    assert (message.originator, message.recipient, message.counter) == (target, user, 5000)
    assert read_payload(message) == ActivationOutcome(0, WANTED)
    assert runs(street, kind) == WANTED


async def test_an_activation_for_later_is_noted_and_told_of_at_its_time() -> None:
    street = await held("HCALCS")
    at = Utc(float(round(street.utc + 6 * HOUR)))
    command = street.signed_command("HCALCS", 5000, at)
    assert street.send(ELEC, HCALCS, 5000, command, at).code == "I99"
    await street.live(HOUR)
    (noted,) = [one for one in contents(street) if isinstance(one, GbcsPayload)]
    assert read_payload(parse(noted.payload)) == CommandAccepted()
    assert runs(street, "HCALCS") == OLD
    await street.live(7 * HOUR)
    (told,) = [one for one in contents(street) if isinstance(one, FutureDatedAlert)]
    assert told.alert_code == 0x8F66
    assert runs(street, "HCALCS") == WANTED


async def test_an_activation_that_is_cancelled_does_not_happen() -> None:
    street = await held("HCALCS")
    at = Utc(float(round(street.utc + 6 * HOUR)))
    street.send(ELEC, HCALCS, 5000, street.signed_command("HCALCS", 5000, at), at)
    await street.live(HOUR)
    cancelling = street.signed_command("HCALCS", 5001, CANCELLATION)
    assert street.send(ELEC, HCALCS, 5001, cancelling, CANCELLATION).code == "I99"
    await street.live(30 * HOUR)
    assert kinds_of(street)["GbcsPayload"] == 2
    assert kinds_of(street)["FutureDatedAlert"] == 0
    assert runs(street, "HCALCS") == OLD


async def test_a_ppmid_runs_what_is_ordered_and_says_so_once() -> None:
    street = await held("PPMID")
    said = contents(street)
    (alert,) = [one for one in said if isinstance(one, PpmidAlert)]
    assert (alert.version, alert.success) == (f"{WANTED:08X}", True)
    assert runs(street, "PPMID") == WANTED


@pytest.mark.parametrize("kind", ["HCALCS", "PPMID"])
async def test_a_user_reads_what_a_device_runs(kind: str) -> None:
    street = ServedStreet()
    assert street.read_version(ELEC, device(OWN, kind), 77).code == "I99"
    await street.live(HOUR)
    (answer,) = [one for one in contents(street) if isinstance(one, GbcsPayload)]
    assert read_payload(parse(answer.payload)) == VersionRead(OLD, 0)


async def test_what_a_hub_does_not_pass_on_is_told() -> None:
    street = await held("HCALCS")
    command = street.signed_command("HCALCS", 5000)
    altered = command[:-1] + bytes([command[-1] ^ 1])
    assert street.send(ELEC, HCALCS, 5000, altered).code == "I99"
    await street.live(HOUR)
    codes = [one.code for one in street.documents(ELEC) if one.request_id is not None]
    assert len([code for code in codes if code.startswith("E")]) == 1
    assert runs(street, "HCALCS") == OLD


# --- kills ---------------------------------------------------------------------------------------


async def course(dies_before: int | None) -> ServedStreet:
    """Deliver, read, activate for later, and cancel nothing; the home dies once on the way."""
    street = ServedStreet()
    street.lived.dies_before = dies_before
    street.order_image("HCALCS")
    street.read_version(ELEC, HCALCS, 77)
    await street.live(2 * HOUR)
    at = Utc(float(round(street.utc + 2 * HOUR)))
    street.send(ELEC, HCALCS, 5000, street.signed_command("HCALCS", 5000, at), at)
    street.order_image("PPMID")
    await street.live(6 * HOUR)
    assert kinds_of(street) == Counter(
        DeliveryStatus=2, HubAlert=2, GbcsPayload=2, FutureDatedAlert=1, PpmidAlert=1
    ), dies_before
    assert runs(street, "HCALCS") == runs(street, "PPMID") == WANTED
    return street


@points(6)
async def test_a_home_that_dies_anywhere_loses_and_doubles_nothing_that_users_are_told(
    step: int,
) -> None:
    effects = (await course(None)).lived.effects
    assert effects > 40
    for index in range(0, effects, step):
        await course(index)
