"""Makes devices from their specs; knows who gets keys and what they share."""

from dataclasses import replace

from emulators.client.verification import ImageVerifier
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import check, kind_of
from emulators.gbcs.anchors import Anchors
from emulators.gbcs.unit import SecurityUnit
from emulators.platform.flash import SectorPool
from emulators.platform.spec import DeviceSpec
from ota_engine.gbcs.certificates import Role
from ota_engine.gbcs.keystore import Keystore


class DeviceAssembly:
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

    def build(self, spec: DeviceSpec) -> EmulatedDevice:
        """Make the device this spec describes, powered off.

        One that runs images on a signed command only always has activation policy 1.

        Raises:
            LocalError: it has keys, but those it should trust are not among them; or it has several
                chips, and its kind cannot.
        """
        check(spec)
        kind = kind_of(spec)
        if kind.commanded:
            spec = replace(spec, options=replace(spec.options, activation_policy=1))
        return kind.make(spec, self.pool, self.verifier, self._security(spec))

    def _security(self, spec: DeviceSpec) -> SecurityUnit | None:
        habits = kind_of(spec).gbcs
        if self.keys is None or habits is None:
            return None
        role = habits.orders_from or Role.SUPPLIER
        anchors = Anchors.choose(self.keys, spec.eui64, role, spec.supplier)
        return None if anchors is None else SecurityUnit(habits, anchors, spec.security)
