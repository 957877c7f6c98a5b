"""Makes devices from their specs; knows which class stands for which kind, and who gets keys."""

from dataclasses import replace

from emulators.client.verification import ImageVerifier
from emulators.devices.commanded import Commanded
from emulators.devices.device import Device
from emulators.devices.ppmid import Ppmid
from emulators.gbcs.anchors import Anchors
from emulators.gbcs.habits import HABITS
from emulators.gbcs.unit import SecurityUnit
from emulators.platform.flash import SectorPool
from emulators.platform.spec import COMMANDED, DeviceKind, DeviceSpec
from ota_engine.gbcs.certificates import Role
from ota_engine.gbcs.keystore import Keystore

# An IHD has nothing beyond the OTA client, and a Communications Hub obeys the time in the Upgrade
# End Response as any client with activation policy 0 does.
_CLASSES: dict[DeviceKind, type[Device]] = {
    DeviceKind.PPMID: Ppmid,
    DeviceKind.IHD: Device,
    DeviceKind.HCALCS: Commanded,
    DeviceKind.COMMUNICATIONS_HUB: Device,
    DeviceKind.ESME: Commanded,
    DeviceKind.GSME: Commanded,
}


class Fleet:
    """Builds devices that share their sectors and their findings about images.

    Args:
        keys: of devices and of those they trust; a device whose private keys are among them
            speaks GBCS, unless its kind has no part in it.
    """

    __slots__ = ("keys", "pool", "verifier")

    def __init__(self, keys: Keystore | None = None) -> None:
        self.keys = keys
        self.pool = SectorPool()
        self.verifier = ImageVerifier()

    def build(self, spec: DeviceSpec) -> Device:
        """Make the device this spec describes, powered off.

        One that runs images on a signed command only always has activation policy 1.

        Raises:
            LocalError: it has keys, but those it should trust are not among them.
        """
        if spec.kind in COMMANDED:
            spec = replace(spec, options=replace(spec.options, activation_policy=1))
        return _CLASSES[spec.kind](spec, self.pool, self.verifier, self._security(spec))

    def _security(self, spec: DeviceSpec) -> SecurityUnit | None:
        habits = HABITS.get(spec.kind)
        if self.keys is None or habits is None:
            return None
        role = habits.orders_from or Role.SUPPLIER
        anchors = Anchors.choose(self.keys, spec.eui64, role, spec.supplier)
        return None if anchors is None else SecurityUnit(habits, anchors, spec.security)
