"""One chip of a device: firmware of its own in a flash of its own, and the OTA client that brings it."""

from random import Random

from emulators.client.ota_client import OtaClient
from emulators.client.verification import ImageVerifier
from emulators.platform.endpoint import Endpoint
from emulators.platform.flash import Flash, SectorPool
from emulators.platform.spec import DeviceSpec


class Chip:
    """What a device has once for each of its firmwares.

    Args:
        spec: the device as this chip sees it; see ``DeviceSpec.parts``.
        endpoint: how it sends; shared with the other chips on its endpoint.
        pool: where all devices of a simulation share the octets of their flash.
        verifier: where they share what they found in an image.
        seed: of its client's draws.

    Attributes:
        client: its OTA client.
        flash: its two banks.
    """

    __slots__ = ("client", "flash", "spec")

    def __init__(
        self,
        spec: DeviceSpec,
        endpoint: Endpoint,
        pool: SectorPool,
        verifier: ImageVerifier,
        seed: str,
    ) -> None:
        self.spec = spec
        self.flash = Flash(pool, spec.bank_size, spec.factory)
        self.client = OtaClient(spec, endpoint, self.flash, verifier, Random(seed))

    def takes(self, manufacturer_code: int, image_type: int) -> bool:
        """Whether files of this name are for this chip."""
        types = (self.spec.image_type, *self.spec.options.more_image_types)
        return manufacturer_code == self.spec.manufacturer_code and image_type in types

    def self_test(self) -> bool:
        """Whether the image under trial works on this chip."""
        return not (self.spec.options.self_test_fails or self.client.ending.holds_blank())
