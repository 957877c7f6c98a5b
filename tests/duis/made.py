"""Requests that tests begin from."""

from collections.abc import Iterable

from images.eui64 import Eui64
from ota_engine.duis.requests import (
    ReadInventory,
    RequestBody,
    RequestHeader,
    RequestId,
    ServiceRequest,
    UpdateFirmware,
)
from tests.duis.signers import DSP, USER

DEVICE = Eui64(0x00DB_1234_0000_0003)
IMAGE = bytes(range(256))


def request(
    variant: str, command_variant: int, body: RequestBody, target: int = DSP
) -> ServiceRequest:
    header = RequestHeader(
        RequestId(USER, Eui64(target), 1000),
        command_variant,
        ".".join(variant.split(".")[:2]),
        variant,
    )
    return ServiceRequest("5.4", header, body)


def inventory_request() -> ServiceRequest:
    return request("8.2", 8, ReadInventory(DEVICE))


def update_request(image: bytes = IMAGE, devices: Iterable[int] = (DEVICE,)) -> ServiceRequest:
    return request("11.1", 8, UpdateFirmware(image, "0123ABCD", tuple(map(Eui64, devices))))
