"""How often one device may fill the audit trail; knows devices and times only."""

from collections import OrderedDict
from typing import Final

from ota_engine.times import LONG_AGO, Monotonic

EVERY: Final = 60.0  # seconds between two rows that one device causes
DEVICES: Final = 4096  # that are remembered


class AuditLimit:
    """Lets one row for each device through per ``EVERY`` seconds."""

    def __init__(self) -> None:
        self._last: OrderedDict[int, Monotonic] = OrderedDict()

    def allows(self, device: int, now: Monotonic) -> bool:
        """Whether a row that this device causes may be written now."""
        if now < self._last.get(device, LONG_AGO) + EVERY:
            return False
        self._last[device] = now
        self._last.move_to_end(device)
        if len(self._last) > DEVICES:
            self._last.popitem(last=False)
        return True
