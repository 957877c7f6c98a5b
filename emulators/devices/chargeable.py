"""A device that may run on a battery: it downloads only while it hangs on the mains."""

from collections.abc import Sequence

from emulators.devices.device import EmulatedDevice
from emulators.node import NodeAction, Note
from ota_engine.events import BASIC_CLUSTER
from ota_engine.zcl.basic import BasicAttribute


class Chargeable(EmulatedDevice):
    """A display on the mains, or (``spec.battery``) one that asks to be plugged in first."""

    __slots__ = ()

    def set_mains(self, on_mains: bool, now: float) -> Sequence[NodeAction]:
        """Plug it in or unplug it; it reports its PowerSource and, plugged in, queries."""
        if not self.powered:
            for chip in self.chips:
                chip.client.on_mains = on_mains
            return ()
        actions: list[NodeAction] = []
        for application in self.applications:
            for chip in application.chips:
                actions += application.sent(chip, chip.client.set_mains(on_mains, now))
        report = self.applications[0].report(
            BASIC_CLUSTER, BasicAttribute.POWER_SOURCE, from_server=True
        )
        note = Note("power source", {"mains": on_mains})
        return self._settle([note, report, *actions], now)
