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


class PassCommand(NamedTuple):
    """Bring a device a CS06 command exactly as its user has signed it.

    One that comes again is the same; one of the execution time that cancels takes back what its user
    had the device note before.

    Attributes:
        device: whom.
        octets: grouping header, payload and signature; the MAC is ours to add.
        actor: who brings it.
        user: who must have signed it, None for whoever may.
    """

    device: Eui64
    octets: bytes
    actor: str
    user: Eui64 | None = None


class CancelOrder(NamedTuple):
    """Take an order of our own back: by a command of its own once it may have left."""

    number: int
    actor: str


class AskVersion(NamedTuple):
    """Ask a device by a message of its own kind what firmware it runs (CS08, ECS52 or GCS38).

    Attributes:
        device: whom.
        actor: who asks.
        user: on whose behalf the broker asks, None for the engine's supplier.
        counter: that this user gave for it.
    """

    device: Eui64
    actor: str
    user: Eui64 | None = None
    counter: int = 0


class TellVersion(NamedTuple):
    """Have the Communications Hub Function answer a user who asks what it runs itself (ECS52).

    Attributes:
        version: that it runs.
        actor: who asks.
        user: on whose behalf.
        counter: that this user gave for it.
    """

    version: int
    actor: str
    user: Eui64
    counter: int


OrderRequest: TypeAlias = ActivateImage | PassCommand | CancelOrder | AskVersion | TellVersion
