"""Which models and versions stand together in a home; the reference of what the store does as a set."""

import hashlib
from collections.abc import Iterable
from typing import Final

from ota_engine.fleet.inventory.rows import InstalledDevice, InventoryStatus

_DIGEST: Final = 6  # octets; an estate has thousands of sets, not millions

#: A device that stands in its home and works or is about to.
IN_PLACE: Final = frozenset(
    {InventoryStatus.INSTALLED, InventoryStatus.COMMISSIONED, InventoryStatus.SUSPENDED}
)


def contents(devices: Iterable[InstalledDevice]) -> str:
    """Write what stands together in one home."""
    parts = [
        f"{device.kind}:{device.variant}:{version_text(device.version)}"
        for device in devices
        if device.status in IN_PLACE
    ]
    return ";".join(sorted(parts))


def version_text(version: int | None) -> str:
    """Write a version as eight hexadecimal digits, or that nobody said."""
    return "unknown" if version is None else f"{version:08X}"


def configuration_id(text: str) -> str:
    """Name a configuration set by its contents."""
    return "set-" + hashlib.blake2b(text.encode(), digest_size=_DIGEST).hexdigest()
