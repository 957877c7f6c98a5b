"""Shows a push while it runs: a live table on a terminal, sparse lines elsewhere."""

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Self

from rich import box
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from images.eui64 import format_eui64
from ota_engine.cli.console import PeopleConsole
from ota_engine.cli.progress import STYLES, RateMeter, duration
from ota_engine.hub.push.progress import name_of
from ota_engine.hub.push.verdict import GOOD, PushStanding, PushVerdict

FRAMES = 4.0  # pictures a second
LINE_EVERY = 10.0  # seconds between two lines about a device that only makes progress
WIDE = 110  # columns of a terminal from which all fits into one table
#: Heading, how it is set, and whether a terminal of eighty columns has room for it.
COLUMNS: tuple[tuple[str, Literal["left", "right"], bool], ...] = (
    ("device", "left", True),
    ("state", "left", True),
    ("progress", "left", False),
    ("%", "right", True),
    ("B/s", "right", True),
    ("left", "right", True),
    ("again", "right", False),
    ("heard", "right", False),
    ("why", "left", False),
)


class PushScreen:
    """Where people watch a push.

    Args:
        title: stands above the table.
        quiet: show nothing.
    """

    def __init__(self, title: str, *, quiet: bool) -> None:
        self._title = title
        self._quiet = quiet
        self._console = PeopleConsole(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False)
        self._meter = RateMeter()
        self._drawn = 0.0
        self._said: dict[str, tuple[str, str, float]] = {}  # what, its share, and when
        self._last: tuple[float, Sequence[PushStanding], str | None] = (0.0, (), None)

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live.is_started:
            self._draw()
            self._live.stop()

    def watch(self, now: float, standings: Sequence[PushStanding], down: str | None) -> None:
        """Show where every device stands at ``now`` (monotonic seconds)."""
        self._last = now, standings, down
        self._meter.read((s.session for s in standings if s.session is not None), now)
        if self._quiet:
            return
        if not self._live.is_started:
            self._say(now, standings)
        elif time.monotonic() - self._drawn >= 1 / FRAMES:
            self._drawn = time.monotonic()
            self._draw()

    def _draw(self) -> None:
        self._live.update(self.picture(self._console.width), refresh=True)

    def picture(self, width: int) -> Group:
        """Draw what was watched last: on a narrow terminal less of it, and the reasons below."""
        now, standings, down = self._last
        wide = width >= WIDE
        title = self._title if down is None else f"{self._title}   no radio: {down}"
        table = Table(
            title=title,
            title_justify="left",
            box=box.SIMPLE_HEAD,
            show_edge=wide,
            padding=(0, 1) if wide else 0,
        )
        for heading, justify, always in COLUMNS:
            if wide or always:
                table.add_column(heading, justify=justify, no_wrap=heading != "why")
        names = _names(standings)
        reasons = []
        for standing in standings:
            name = names[name_of(standing)]
            cells = (name, *self._row(now, standing))
            shown = zip(cells, COLUMNS, strict=True)
            table.add_row(*(cell for cell, (_, _, always) in shown if wide or always))
            if standing.reason and not wide:
                reasons.append(Text(f"{name}: {standing.reason}"))
        return Group(table, *reasons)

    def _row(self, now: float, standing: PushStanding) -> tuple[str | Text | ProgressBar, ...]:
        heard = duration(now - standing.last_heard) if standing.last_heard else "never"
        session = standing.session
        if session is None:
            return (_state(standing), *("",) * 5, heard, standing.reason)
        share = session.offset / session.size
        rate, left = self._meter.rate(session), self._meter.left(session)
        return (
            _state(standing),
            ProgressBar(total=1.0, completed=share, width=10),
            f"{share:.0%}",
            f"{rate:.0f}" if rate else "",
            duration(left) if left is not None else "",
            str(session.retries or ""),
            heard,
            standing.reason,
        )

    def _say(self, now: float, standings: Sequence[PushStanding]) -> None:
        """Print a line for every device that stands elsewhere than last told."""
        names = _names(standings)
        for standing in standings:
            why = f" ({standing.reason})" if standing.reason else ""
            what, session = _state(standing).plain + why, standing.session
            share = f"{session.offset / session.size:.0%} " if session is not None else ""
            name = names[name_of(standing)]
            told, at, since = self._said.get(name, ("", "", 0.0))
            if what == told and (share == at or now - since < LINE_EVERY):
                continue
            self._said[name] = what, share, now
            line = f"{name}: {share}{what}"
            self._console.print(line, soft_wrap=True, highlight=False, markup=False)


def _names(standings: Sequence[PushStanding]) -> dict[str, str]:
    """What each firmware is called: by its device alone, unless that has several."""
    rows = Counter(standing.device for standing in standings)
    return {
        name_of(one): name_of(one) if rows[one.device] > 1 else format_eui64(one.device)
        for one in standings
    }


def _state(standing: PushStanding) -> Text:
    if standing.verdict is not None:
        style = "green" if standing.verdict in GOOD else "red"
        return Text(
            standing.verdict, style="" if standing.verdict is PushVerdict.PASSED_OVER else style
        )
    if standing.session is None:
        return Text("asking")
    return Text(standing.session.state, style=STYLES.get(standing.session.state, ""))
