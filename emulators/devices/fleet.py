"""Makes devices from their specs; knows which class stands for which kind."""

from dataclasses import replace

from emulators.device_spec import DeviceKind, DeviceSpec
from emulators.devices.device import Device
from emulators.devices.hcalcs import Hcalcs
from emulators.devices.ppmid import Ppmid
from emulators.flash import SectorPool
from emulators.verification import ImageVerifier

# An IHD has nothing beyond the OTA client, and a Communications Hub obeys the time in the Upgrade
# End Response as any client with activation policy 0 does.
_CLASSES: dict[DeviceKind, type[Device]] = {
    DeviceKind.PPMID: Ppmid,
    DeviceKind.IHD: Device,
    DeviceKind.HCALCS: Hcalcs,
    DeviceKind.COMMUNICATIONS_HUB: Device,
}


class Fleet:
    """Builds devices that share their sectors and their findings about images."""

    __slots__ = ("pool", "verifier")

    def __init__(self) -> None:
        self.pool = SectorPool()
        self.verifier = ImageVerifier()

    def build(self, spec: DeviceSpec) -> Device:
        """Make the device this spec describes, powered off.

        An HCALCS always has activation policy 1: running its image is for a signed command.
        """
        if spec.kind is DeviceKind.HCALCS:
            spec = replace(spec, options=replace(spec.options, activation_policy=1))
        return _CLASSES[spec.kind](spec, self.pool, self.verifier)
