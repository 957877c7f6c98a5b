"""A device's own sense of time: how fast it runs and when it began; told the time, reads none."""


class DeviceClock:
    """The clock of one device.

    Attributes:
        rate: seconds of real time that pass while the device counts one (1.01: one per cent slow).
        started_at: when the device started, seconds.
    """

    __slots__ = ("rate", "started_at")

    def __init__(self) -> None:
        self.rate = 1.0
        self.started_at = 0.0

    def after(self, seconds: float, now: float) -> float:
        """When ``seconds`` by this clock have passed."""
        return now + seconds * self.rate

    def uptime(self, now: float) -> float:
        """Seconds since the start."""
        return now - self.started_at
