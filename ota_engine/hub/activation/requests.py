"""What a person can ask of the activations; pure values, each naming who asked."""

from typing import NamedTuple, TypeAlias

from images.eui64 import Eui64
from ota_engine.times import Utc


class ActivateImage(NamedTuple):
    """Order a device by CS06 to run the image of this hash.

    Attributes:
        device: whom.
        manufacturer_image_hash: SHA-256, 32 octets.
        execution_utc: seconds since 1970-01-01, None for now.
        actor: who asks.
        originator: the party in whose name, None for the engine's supplier.
        sha256: the image, if it was added; "" looks for one of this hash that is for the device.
    """

    device: Eui64
    manufacturer_image_hash: bytes
    execution_utc: Utc | None
    actor: str
    originator: Eui64 | None = None
    sha256: str = ""


class CancelOrder(NamedTuple):
    """Take an order back: by a command of its own once it may have left."""

    number: int
    actor: str


class AskVersion(NamedTuple):
    """Ask a device by a message of its own kind what firmware it runs (CS08, ECS52 or GCS38)."""

    device: Eui64
    actor: str


OrderRequest: TypeAlias = ActivateImage | CancelOrder | AskVersion
