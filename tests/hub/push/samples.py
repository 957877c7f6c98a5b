"""Devices, images and plans as tests of the campaigns room want them."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.hub.delivery.status import DeviceStatus, SessionStatus
from ota_engine.hub.push.plan import PushPlan
from ota_engine.records import Activation, ImageRecord, SessionState, VersionPolicy

UTC = 1_800_000_000.0
DEVICE, OTHER = Eui64(0x025A_0000_0000_0001), Eui64(0x025A_0000_0000_0002)
MANUFACTURER, KIND, OLD, NEW = 0x121D, 0x0084, 1, 2


def image(version: int = NEW, kind: int = KIND, **fields: object) -> ImageRecord:
    plain = ImageSpec(manufacturer_code=MANUFACTURER, image_type=kind, file_version=version)
    spec = replace(plain, **fields)  # type: ignore[arg-type]
    return image_record(build(Random(version).randbytes(200), spec), f"v{version}", UTC)


def described(
    device: Eui64 = DEVICE,
    *,
    manufacturer: int | None = MANUFACTURER,
    kind: int | None = KIND,
    version: int | None = OLD,
    hardware: int | None = None,
    told_at: float = 10.0,
    endpoint: int = 1,
) -> DeviceStatus:
    return DeviceStatus(
        device, endpoint, manufacturer, kind, version, hardware, False, told_at, told_at
    )


def session(record: ImageRecord, state: SessionState, **fields: object) -> SessionStatus:
    status = SessionStatus(
        device=DEVICE,
        sha256=record.sha256,
        state=state,
        reason="as the device says",
        since=0.0,
        last_heard=10.0,
        offset=len(record.data),
        size=len(record.data),
        blocks=5,
        retries=0,
        attempt=1,
        version_before=OLD,
        version_after=None,
        file_version=record.file_version,
        assigned_utc=UTC,
    )
    return status._replace(**fields)  # type: ignore[arg-type]


def plan(*images: ImageRecord, everyone: bool = False, **fields: object) -> PushPlan:
    terms: dict[str, object] = {
        "devices": (DEVICE,),
        "policy": VersionPolicy.UPGRADE,
        "activation": Activation.IMMEDIATE,
        "activation_utc": None,
        "created_utc": UTC,
    }
    hashes = tuple(record.sha256 for record in images)
    return PushPlan(images=hashes, everyone=everyone, **(terms | fields))  # type: ignore[arg-type]


def seen(*devices: DeviceStatus) -> Callable[[Eui64], DeviceStatus | None]:
    """What the engine shows of these devices, and nothing of others."""
    return {device.device: device for device in devices}.get
