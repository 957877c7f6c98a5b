"""Shows a push while it runs: a live table on a terminal, sparse lines elsewhere."""

import sys
import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from images.eui64 import format_eui64
from ota_engine.cli.columns import Room, TableRow, show
from ota_engine.cli.live_screen import LiveScreen
from ota_engine.cli.progress import (
    PHASES,
    STYLES,
    Delivery,
    Phase,
    RateMeter,
    board,
    cells_of,
    duration,
    totals,
)
from ota_engine.hub.push.progress import name_of
from ota_engine.hub.push.verdict import GOOD, PushStanding, PushVerdict
from ota_engine.times import LONG_AGO, Monotonic

FRAMES = 4.0  # pictures a second
LINE_EVERY = 10.0  # seconds between two lines about a device that only makes progress
MANY = 5  # devices of which lines are not enough: all together are told of, too
NO_PROGRESS = ("", "", "", "", "")  # cells of a device without a session


class PushScreen(LiveScreen):
    """Where people watch a push.

    Args:
        title: stands above the table.
        quiet: show nothing.
    """

    def __init__(self, title: str, *, quiet: bool) -> None:
        # Transient: the report tells each verdict once.
        super().__init__(quiet=quiet, stderr=True, transient=True, crop=True)
        self._title = title
        self._meter = RateMeter()
        self._drawn = 0.0
        self._said: dict[str, tuple[str, str, Monotonic]] = {}  # what, its share, and when
        self._last: tuple[Monotonic, Sequence[PushStanding], str | None] = (LONG_AGO, (), None)

    def _draw_last(self) -> None:
        self._draw()

    def watch(self, now: Monotonic, standings: Sequence[PushStanding], down: str | None) -> None:
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
        lines = self.picture(Room.of(sys.stderr))
        self._live.update(Group(*lines), refresh=True)

    def picture(self, room: Room) -> list[Text]:
        """Draw what was watched last."""
        now, standings, down = self._last
        title = self._title if down is None else f"{self._title}   no radio: {down}"
        names = _names(standings)
        rows = [self._delivery(one, names[name_of(one)], now) for one in standings]
        return board(title, rows, self._speed(standings), room, _noun(standings))

    def _delivery(self, standing: PushStanding, name: str, now: Monotonic) -> Delivery:
        heard = duration(now - standing.last_heard) if standing.last_heard else "never"
        session = standing.session
        cells = NO_PROGRESS if session is None else cells_of(session, self._meter)
        row = TableRow((name, _state(standing), *cells, heard), standing.reason)
        return Delivery(row, _phase(standing))

    def _speed(self, standings: Sequence[PushStanding]) -> str:
        open_sessions = [one.session for one in standings if one.verdict is None]
        return self._meter.speed(one for one in open_sessions if one is not None)

    def _say(self, now: Monotonic, standings: Sequence[PushStanding]) -> None:
        """Print a line for every device that stands elsewhere than last told, and of all together."""
        names = _names(standings)
        for standing in standings:
            why = f" ({standing.reason})" if standing.reason else ""
            what, session = _state(standing).plain + why, standing.session
            share = f"{session.offset / session.size:.0%} " if session is not None else ""
            name = names[name_of(standing)]
            told, at, since = self._said.get(name, ("", "", LONG_AGO))
            if what == told and (share == at or now - since < LINE_EVERY):
                continue
            self._said[name] = what, share, now
            show([f"{name}: {share}{what}"], sys.stderr)
        self._say_totals(now, standings)

    def _say_totals(self, now: Monotonic, standings: Sequence[PushStanding]) -> None:
        line = totals(map(_phase, standings), self._speed(standings), _noun(standings))
        told, _, since = self._said.get("", ("", "", LONG_AGO))
        if len(standings) < MANY or line == told or now - since < LINE_EVERY:
            return
        self._said[""] = line, "", now
        show([line], sys.stderr)


def _names(standings: Sequence[PushStanding]) -> dict[str, str]:
    """What each firmware is called: by its device alone, unless that has several."""
    rows = Counter(standing.device for standing in standings)
    return {
        name_of(one): name_of(one) if rows[one.device] > 1 else format_eui64(one.device)
        for one in standings
    }


def _noun(standings: Sequence[PushStanding]) -> str:
    """What is counted: devices, or their firmwares where any has several."""
    devices = len({standing.device for standing in standings})
    return "device" if devices == len(standings) else "firmware"


def _phase(standing: PushStanding) -> Phase:
    """How far it is: what waits for its end is not done."""
    if standing.verdict is not None:
        good = standing.verdict in GOOD or standing.verdict is PushVerdict.PASSED_OVER
        return Phase.DONE if good else Phase.FAILED
    if standing.session is None:
        return Phase.WAITING
    phase = PHASES.get(standing.session.state, Phase.WAITING)
    return Phase.WAITING if phase is Phase.DONE else phase


def _state(standing: PushStanding) -> Text:
    if standing.verdict is not None:
        style = "green" if standing.verdict in GOOD else "red"
        return Text(
            standing.verdict, style="" if standing.verdict is PushVerdict.PASSED_OVER else style
        )
    if standing.session is None:
        return Text("asking")
    return Text(standing.session.state, style=STYLES.get(standing.session.state, ""))
