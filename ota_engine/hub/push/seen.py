"""A device as a push sees it: what it said, and what is under way with it; decides nothing."""

from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.kernel.devices import Target
from ota_engine.times import LONG_AGO, Monotonic


class FirmwareSeen(NamedTuple):
    """One firmware of a device, as the device told it.

    Attributes:
        key: which.
        running: the version it runs.
        hardware: its hardware version, None when it told none.
        told_at: when it last said so, monotonic seconds; minus infinity when not in this run.
    """

    key: Target
    running: int
    hardware: int | None
    told_at: Monotonic


class DeviceSeen(NamedTuple):
    """One device, and its sessions that are this push's.

    Attributes:
        device: which.
        reachable: it has shown at which endpoint its client is.
        last_heard: monotonic seconds, 0 when it was not heard in this run.
        told_at: when it last said anything of a firmware; minus infinity when not in this run.
        model: ModelIdentifier, None while not told.
        maker: ManufacturerName, None while not told.
        firmwares: what it told, each with its identity.
        sessions: by the firmware they are for.
    """

    device: Eui64
    reachable: bool = False
    last_heard: Monotonic = Monotonic(0.0)
    told_at: Monotonic = LONG_AGO
    model: str | None = None
    maker: str | None = None
    firmwares: tuple[FirmwareSeen, ...] = ()
    sessions: dict[Target, SessionStatus] = {}  # noqa: RUF012 - never changed
