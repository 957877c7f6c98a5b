"""How far every firmware of a push was, and when: for a chart; thins out what is too much. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from images.eui64 import format_eui64
from ota_engine.hub.push.verdict import PushStanding
from ota_engine.times import Monotonic

SAMPLES = 1000  # points of one firmware's progress that are kept at most
SAMPLE_EVERY = 1.0  # seconds between two at first; doubled whenever there are too many


@dataclass(frozen=True, slots=True)
class WaitEnd:
    """How what was waited for came to stand still."""

    interrupted: bool
    timed_out: bool
    seconds: float


class Chronicle:
    """Remembers shares by the name of device and firmware, with seconds since the first look."""

    def __init__(self) -> None:
        self.progress: dict[str, list[tuple[float, float]]] = {}
        self._began: Monotonic | None = None
        self._every = SAMPLE_EVERY
        self._due = 0.0

    def watch(self, now: Monotonic, standings: Sequence[PushStanding]) -> None:
        """Take a look at ``now`` (monotonic seconds)."""
        began = self._began = now if self._began is None else self._began
        passed = now - began
        over = all(standing.verdict is not None for standing in standings)
        if passed < self._due and not over:
            return
        self._due = passed + self._every
        for standing in standings:
            session = standing.session
            share = session.offset / session.size if session is not None else 0.0
            self.progress.setdefault(name_of(standing), []).append((passed, share))
        if any(len(points) > SAMPLES for points in self.progress.values()):
            self._every *= 2
            for points in self.progress.values():
                del points[1:-1:2]


def name_of(standing: PushStanding) -> str:
    """Name a firmware of a device: the device alone while it has told none."""
    device = format_eui64(standing.device)
    if standing.firmware is None:
        return device
    return f"{device} 0x{standing.firmware[1]:04X}"
