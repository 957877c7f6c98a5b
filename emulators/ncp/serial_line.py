"""The serial line between host and NCP: when octets that were written arrive. Pure."""

BITS_PER_OCTET = 10  # 8N1: a start bit, eight of data, a stop bit
DEFAULT_BAUD = 115_200


class SerialLine:
    """One direction of a line; octets leave one after the other.

    Args:
        baud: bits per second; 0 for a line that takes no time.
        pace: how much faster than real time the caller's clock runs.
    """

    __slots__ = ("_free_at", "_per_octet")

    def __init__(self, baud: int = DEFAULT_BAUD, pace: float = 1.0) -> None:
        self._per_octet = BITS_PER_OCTET / baud * pace if baud else 0.0
        self._free_at = 0.0

    def carry(self, octets: int, now: float) -> float:
        """When the last of these octets, written now, arrives."""
        self._free_at = max(self._free_at, now) + octets * self._per_octet
        return self._free_at
