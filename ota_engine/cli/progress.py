"""Draws deliveries while they run: a live table on a terminal, sparse lines when piped."""

from collections.abc import Iterable, Mapping

from rich import box
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from images.eui64 import Eui64, format_eui64
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.records import SessionState

SMOOTHING = 0.3  # share of the newest reading in the shown rate
STYLES = {
    SessionState.DOWNLOADING: "cyan",
    SessionState.UPDATED: "green",
    SessionState.FAILED: "red",
    SessionState.ABORTED: "red",
    SessionState.STALLED: "yellow",
}


class RateMeter:
    """Octets a second of every delivery, smoothed, from readings of its progress."""

    def __init__(self) -> None:
        self._last: dict[tuple[Eui64, str], tuple[float, int]] = {}
        self._rates: dict[tuple[Eui64, str], float] = {}

    def read(self, statuses: Iterable[SessionStatus], now: float) -> None:
        """Take one reading at ``now`` (seconds)."""
        for status in statuses:
            key = status.device, status.sha256
            before = self._last.get(key)
            self._last[key] = (now, status.offset)
            if before is None or now <= before[0] or status.state is not SessionState.DOWNLOADING:
                continue
            rate = max(0, status.offset - before[1]) / (now - before[0])
            old = self._rates.get(key, rate)
            self._rates[key] = old + (rate - old) * SMOOTHING

    def rate(self, status: SessionStatus) -> float | None:
        """Octets a second, None while nothing is being downloaded."""
        if status.state is not SessionState.DOWNLOADING:
            return None
        return self._rates.get((status.device, status.sha256))

    def left(self, status: SessionStatus) -> float | None:
        """Seconds until the last block at the present rate."""
        rate = self.rate(status)
        return (status.size - status.offset) / rate if rate else None


def live_table(
    statuses: Iterable[SessionStatus], names: Mapping[Eui64, str], meter: RateMeter, title: str
) -> Table:
    """One row per device: state, progress, rate, time left, blocks asked again, why it waits."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading, justify in (
        ("device", "left"),
        ("state", "left"),
        ("progress", "left"),
        ("%", "right"),
        ("B/s", "right"),
        ("left", "right"),
        ("again", "right"),
        ("why", "left"),
    ):
        table.add_column(heading, justify=justify, no_wrap=heading != "why")  # type: ignore[arg-type]
    for status in statuses:
        share = status.offset / status.size
        rate, left = meter.rate(status), meter.left(status)
        table.add_row(
            names.get(status.device) or format_eui64(status.device),
            Text(status.state, style=STYLES.get(status.state, "")),
            ProgressBar(total=1.0, completed=share, width=10),
            f"{share:.0%}",
            f"{rate:.0f}" if rate else "",
            duration(left) if left is not None else "",
            str(status.retries or ""),
            status.reason,
        )
    return table


def duration(seconds: float) -> str:
    """Write a time the way people say it: ``48 s``, ``3:05``, ``2:03:05``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
