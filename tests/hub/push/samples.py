"""Devices, images and pushes as tests of the push room want them."""

from dataclasses import replace
from math import inf
from random import Random
from typing import Any

from images import ImageSpec, build
from images.catalogue import ImageStatus, Terms
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.kernel.images import ServedImage
from ota_engine.hub.push.fitness import Candidate
from ota_engine.hub.push.seen import DeviceSeen, FirmwareSeen
from ota_engine.records import (
    Activation,
    ImageRecord,
    ImageTerms,
    PushRecord,
    SessionState,
    VersionPolicy,
)
from ota_engine.times import Monotonic, Utc

UTC = Utc(1_800_000_000.0)
DEVICE, OTHER = Eui64(0x025A_0000_0000_0001), Eui64(0x025A_0000_0000_0002)
MANUFACTURER, KIND, OLD, NEW = 0x121D, 0x0084, 1, 2
KEY = MANUFACTURER, KIND


def image(version: int = NEW, kind: int = KIND, **fields: object) -> ImageRecord:
    plain = ImageSpec(manufacturer_code=MANUFACTURER, image_type=kind, file_version=version)
    spec = replace(plain, **fields)  # type: ignore[arg-type]
    return image_record(build(Random(version).randbytes(200), spec), f"v{version}", UTC)


def candidate(
    record: ImageRecord, status: ImageStatus = ImageStatus.APPROVED, **terms: Any
) -> Candidate:
    """An image, released on these terms; without any, one that no catalogue lists."""
    served = ServedImage.of(record)
    if not terms and status is ImageStatus.APPROVED:
        return Candidate(served)
    stated = ImageTerms(record.sha256, status, Terms(**terms))
    return Candidate(served, stated)


def firmware(
    kind: int = KIND,
    *,
    version: int = OLD,
    hardware: int | None = None,
    manufacturer: int = MANUFACTURER,
    told_at: float = 10.0,
) -> FirmwareSeen:
    return FirmwareSeen((manufacturer, kind), version, hardware, Monotonic(told_at))


def described(
    *firmwares: FirmwareSeen,
    sessions: tuple[SessionStatus, ...] = (),
    model: str | None = None,
    maker: str | None = None,
    told_at: float = 10.0,
    reachable: bool = True,
) -> DeviceSeen:
    return DeviceSeen(
        DEVICE,
        reachable,
        Monotonic(told_at),
        Monotonic(told_at),
        model,
        maker,
        firmwares,
        {session.firmware: session for session in sessions},
    )


def silent() -> DeviceSeen:
    return DeviceSeen(DEVICE, reachable=False, last_heard=Monotonic(0.0), told_at=Monotonic(-inf))


def session(record: ImageRecord, state: SessionState, **fields: object) -> SessionStatus:
    status = SessionStatus(
        device=DEVICE,
        sha256=record.sha256,
        state=state,
        reason="as the device says",
        since=Monotonic(0.0),
        last_heard=Monotonic(10.0),
        offset=len(record.data),
        size=len(record.data),
        blocks=5,
        retries=0,
        attempt=1,
        version_before=OLD,
        version_after=None,
        file_version=record.file_version,
        assigned_utc=UTC,
        manufacturer_code=record.manufacturer_code,
        image_type=record.image_type,
    )
    return status._replace(**fields)  # type: ignore[arg-type]


def a_push(*images: ImageRecord, everyone: bool = False, **fields: object) -> PushRecord:
    made = PushRecord(
        number=1,
        images=tuple(record.sha256 for record in images),
        devices=(DEVICE,),
        everyone=everyone,
        policy=VersionPolicy.UPGRADE,
        activation=Activation.IMMEDIATE,
        activation_utc=None,
        created_utc=UTC,
    )
    return replace(made, **fields)  # type: ignore[arg-type]
