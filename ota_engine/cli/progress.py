"""Draws deliveries while they run: a board that fits the terminal, however many there are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import accumulate
from typing import Final, NamedTuple

from rich.text import Text

from images.eui64 import Eui64
from ota_engine.cli.columns import Column, Laid, Room, TableRow, folded, lay_out
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.records import SessionState
from ota_engine.times import Monotonic
from ota_engine.wording import counted

WIDE, TALL = 120, 60  # columns and lines of a board that is drawn on no terminal
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
        self._last: dict[tuple[Eui64, str], tuple[Monotonic, int]] = {}
        self._rates: dict[tuple[Eui64, str], float] = {}

    def read(self, statuses: Iterable[SessionStatus], now: Monotonic) -> None:
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

    def speed(self, statuses: Iterable[SessionStatus]) -> str:
        """How fast all go together and how long that takes at this rate, in words."""
        under_way = [one for one in statuses if PHASES.get(one.state) in (None, Phase.ACTIVE)]
        rate = sum(self.rate(status) or 0.0 for status in under_way)
        if not rate:
            return ""
        octets = sum(status.size - status.offset for status in under_way)
        return f"{rate:,.0f} B/s, {duration(octets / rate)} left"

    def left(self, status: SessionStatus) -> float | None:
        """Seconds until the last block at the present rate."""
        rate = self.rate(status)
        return (status.size - status.offset) / rate if rate else None


class Phase(StrEnum):
    """How far a delivery is, in the order people want to look at them."""

    FAILED = "failed"
    ACTIVE = "active"
    WAITING = "waiting"
    DONE = "done"


#: Phases of the states in which a session is neither under way nor waits.
PHASES: Final = {
    SessionState.DOWNLOADING: Phase.ACTIVE,
    SessionState.VERIFYING: Phase.ACTIVE,
    SessionState.RESTARTING: Phase.ACTIVE,
    SessionState.UPDATED: Phase.DONE,
    SessionState.HELD: Phase.DONE,
    SessionState.AWAITING_COMMAND: Phase.DONE,
    SessionState.FAILED: Phase.FAILED,
    SessionState.ABORTED: Phase.FAILED,
}
COLUMNS: Final = (
    Column("device", tails=True),
    Column("state"),
    Column("progress", gives_way=4),
    Column("%", right=True),
    Column("B/s", right=True, gives_way=1),
    Column("left", right=True, gives_way=1),
    Column("again", right=True, gives_way=2),
    Column("heard", right=True, gives_way=3),
)
BAR: Final = 10  # columns of a bar
FRAME: Final = 4  # lines of a board besides its rows: heading, rule, what is folded, the cursor


class Delivery(NamedTuple):
    """One row of a board, and how far it is."""

    row: TableRow
    phase: Phase


def cells_of(status: SessionStatus, meter: RateMeter) -> tuple[str | Text, ...]:
    """The cells of a session from ``progress`` to ``again``."""
    share = status.offset / status.size
    rate, left = meter.rate(status), meter.left(status)
    return (
        bar(share),
        f"{share:.0%}",
        f"{rate:.0f}" if rate else "",
        duration(left) if left is not None else "",
        str(status.retries or ""),
    )


def bar(share: float) -> Text:
    """Draw a share of a whole."""
    done = round(BAR * share)
    return Text("━" * done, style="cyan").append("─" * (BAR - done), style="dim")


def delivery(status: SessionStatus, name: str, meter: RateMeter) -> Delivery:
    """One session as a row of a board."""
    state = Text(status.state, style=STYLES.get(status.state, ""))
    row = TableRow((name, state, *cells_of(status, meter), ""), status.reason)
    return Delivery(row, PHASES.get(status.state, Phase.WAITING))


def board(
    title: str,
    deliveries: Sequence[Delivery],
    speed: str,
    room: Room,
    noun: str = "device",
) -> list[Text]:
    """The lines of a live view: title, totals, and as many rows as there is room for.

    Where not all fit, what failed goes first and what is done is folded into a count.

    Args:
        title: stands above.
        deliveries: the rows, as they are listed where all fit.
        speed: of all together, and how long it takes, in words.
        room: of the terminal.
        noun: what a row is.
    """
    width, height = room.columns or WIDE, room.lines or TALL
    head = folded(title, width)
    if len(deliveries) > 1:
        head += folded(totals([one.phase for one in deliveries], speed, noun), width)
    most = max(1, height - len(head) - FRAME)
    ranked = list(deliveries)
    laid = _laid(ranked[: most + 1], width)
    if _fitting(laid, most) < len(deliveries):
        ranked = _ranked(ranked, most)
        laid = _laid(ranked[:most], width)
    shown = max(1, _fitting(laid, most)) if ranked else 0
    body = [line for row in laid.rows[:shown] for line in row]
    return [*map(Text, head), *laid.heading, *body, *_folded_rows(ranked[shown:])]


def _ranked(deliveries: Sequence[Delivery], most: int) -> list[Delivery]:
    """Put first what people look at first: what failed, but beside it what is under way."""
    by_phase = {phase: [one for one in deliveries if one.phase is phase] for phase in Phase}
    failed, half = by_phase[Phase.FAILED], most // 2
    first = [*failed[:half], *by_phase[Phase.ACTIVE], *failed[half:]]
    return [*first, *by_phase[Phase.WAITING], *by_phase[Phase.DONE]]


def _laid(deliveries: Sequence[Delivery], width: int) -> Laid:
    return lay_out(COLUMNS, [one.row for one in deliveries], width)


def _fitting(laid: Laid, most: int) -> int:
    """How many of the first rows have room in so many lines."""
    taken = list(accumulate(len(row) for row in laid.rows))
    return sum(lines <= most for lines in taken)


def totals(phases: Iterable[Phase], speed: str = "", noun: str = "device") -> str:
    """Count deliveries by how far they are, in one line."""
    counts = Counter(phases)
    parts = [f"{counts[phase]:,} {phase}" for phase in reversed(Phase) if counts[phase]]
    line = f"{counted(counts.total(), noun)}: {', '.join(parts)}"
    return f"{line}   {speed}".rstrip()


def _folded_rows(deliveries: Sequence[Delivery]) -> list[Text]:
    """Count what is not shown."""
    if not deliveries:
        return []
    left = Counter(one.phase for one in deliveries)
    parts = ", ".join(f"{left[phase]:,} {phase}" for phase in Phase if left[phase])
    return [Text(f"and {left.total():,} more: {parts}", style="dim")]


def duration(seconds: float) -> str:
    """Write a time the way people say it: ``48 s``, ``3:05``, ``2:03:05``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
