"""What users order of the devices in a test home, signed with the keys of the test PKI."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from images.eui64 import Eui64
from ota_engine.fleet.port import USERS_ORDER, Instruction, Verb
from ota_engine.gbcs.compose import activate_firmware
from ota_engine.gbcs.envelope import serialise
from ota_engine.gbcs.payloads import CANCELLATION_TIME
from ota_engine.gbcs.protection import sign
from ota_engine.records import ImageRecord
from tests.gateway.homes import FOR_HCALCS, FOR_PPMID, GATEWAY, HCALCS, NEW, PPMID
from tests.gbcs.parties import SUPPLIER, everyone

USER: Final = Eui64(SUPPLIER)
IMAGE_OF: Final = {PPMID: FOR_PPMID, HCALCS: FOR_HCALCS}


def signed(
    counter: int,
    *,
    at: float | None = None,
    image: ImageRecord = FOR_HCALCS,
    device: Eui64 = HCALCS,
    user: Eui64 = USER,
) -> bytes:
    """A CS06 command as its user sends it, before the hub adds the MAC."""
    command = activate_firmware(
        bytes.fromhex(image.manufacturer_image_hash),
        originator=user,
        recipient=device,
        counter=counter,
        execution_time=None if at is None else datetime.fromtimestamp(at, UTC),
    )
    return serialise(sign(command, everyone()))


def cancelling(counter: int) -> bytes:
    """The command that takes back what was ordered for later."""
    return signed(counter, at=CANCELLATION_TIME.timestamp())


def command(order: str, octets: bytes, device: Eui64 = HCALCS, user: Eui64 = USER) -> Instruction:
    """11.3: bring a command."""
    return replace(_told(order, Verb.COMMAND, device), command=octets, user=user)


def read(order: str, counter: int, device: Eui64 = HCALCS, at: float | None = None) -> Instruction:
    """11.2: ask what a device runs."""
    told = _told(order, Verb.READ, device)
    return replace(told, user=USER, counter=counter, at_utc=at)


def deliver(order: str, device: Eui64 = HCALCS) -> Instruction:
    """11.1 or 11.4: bring an image."""
    told = _told(order, Verb.ASSIGN, device)
    sha256 = IMAGE_OF[device].sha256
    return replace(told, sha256=sha256, version=NEW, commanded=device == HCALCS)


def withdraw(order: str, device: Eui64 = HCALCS) -> Instruction:
    """Take an order back."""
    return replace(_told(order, Verb.WITHDRAW, device), number=2)


def _told(order: str, verb: Verb, device: Eui64) -> Instruction:
    key = f"{USERS_ORDER}{order}"
    return Instruction(f"{key}/{device:016x}/{verb}", GATEWAY, key, 1, "h1", device, verb, number=1)
