"""What all lines of one hub share and must not exhaust: octets held, and numbers of tunnels."""

from ota_engine.zcl.tunnel import TransferStatus

LAST_NUMBER = 0xFFFE  # of a tunnel; 0xFFFF stands for none


class Allowance:
    """Octets that may be held.

    Attributes:
        left: how many still may.
    """

    __slots__ = ("left",)

    def __init__(self, octets: int) -> None:
        self.left = octets

    def take(self, octets: int) -> bool:
        """Hold so many more; says whether that is allowed."""
        if octets > self.left:
            return False
        self.left -= octets
        return True

    def give(self, octets: int) -> None:
        """Hold so many no more."""
        self.left += octets


class TunnelNumbers:
    """Gives numbers to the tunnels of one server; a number comes back as late as possible.

    Args:
        limit: tunnels open at once.
    """

    __slots__ = ("_last", "_limit", "_owners")

    def __init__(self, limit: int) -> None:
        self._limit = min(limit, LAST_NUMBER)
        self._owners: dict[int, int] = {}
        self._last = 0

    def assign(self, owner: int) -> int | None:
        """Give a number to a tunnel of this client; None when all are taken."""
        if len(self._owners) >= self._limit:
            return None
        while True:
            self._last = self._last % LAST_NUMBER + 1
            if self._last not in self._owners:
                self._owners[self._last] = owner
                return self._last

    def free(self, number: int) -> None:
        """Take a number back."""
        del self._owners[number]

    def why_not(self, number: int) -> TransferStatus:
        """Say what is wrong with a tunnel that is not the one its sender has."""
        if number in self._owners:
            return TransferStatus.WRONG_DEVICE
        return TransferStatus.NO_SUCH_TUNNEL
