"""An HCALCS, ESME or GSME: holds a verified image until it is ordered to run it."""

from collections.abc import Sequence

from emulators.devices.device import EmulatedDevice
from emulators.node import NodeAction
from emulators.platform.flash import PowerLossError


class Commanded(EmulatedDevice):
    """A device whose activation is not this cluster's to order (activation policy 1)."""

    __slots__ = ()

    def activate_locally(self, now: float) -> Sequence[NodeAction]:
        """Run the held image: for a device without keys, a stand-in for the GBCS command CS06."""
        if not self.powered:
            return ()
        try:
            return self._settle(self.client.activate(now), now)
        except PowerLossError as loss:
            return self._fail(loss, now)
