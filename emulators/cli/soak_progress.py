"""How far a soak is: a bar on a terminal, now and then a line elsewhere; with rate and time left."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from ota_engine.cli.columns import Room
from ota_engine.cli.progress import duration
from ota_engine.cli.remarks import remark

if TYPE_CHECKING:
    from emulators.soak.soak import SoakSpec
    from emulators.soak.work import Unit

BAR: Final = 30  # columns of the progress bar
FIRST_AFTER: Final = 1.0  # seconds until the first line
PIPED_EVERY: Final = 5.0  # seconds between two lines when standard error is no terminal
LONG_AFTER: Final = 600.0  # seconds after which they become fewer
LONG_EVERY: Final = 60.0

ShareDone: TypeAlias = Callable[["SoakProgress"], tuple[float, float]]  # now, and when it began


class SoakProgress:
    """Adds up how far shards are, and shows it.

    Args:
        share: says which part of all there is to do is done, from 0 to 1, and which was when this began.

    Attributes:
        reached: virtual seconds of each shard under way or at its end.
        blocks: carried by each.
    """

    def __init__(self, share: ShareDone) -> None:
        self._share = share
        self.reached: dict[tuple[int, int], float] = {}
        self.blocks: dict[tuple[int, int], int] = {}
        self._started = time.monotonic()
        self._said = self._started - PIPED_EVERY + FIRST_AFTER

    def __enter__(self) -> "SoakProgress":
        return self

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty() and self.reached:
            print(file=sys.stderr)  # noqa: T201 - ends the bar's line

    def __call__(self, unit: "Unit", virtual: float, blocks: int) -> None:
        """Take how far a shard is."""
        key = (unit.spec.seed, unit.shard)
        self.reached[key] = virtual
        self.blocks[key] = blocks
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        every = LONG_EVERY if now - self._started > LONG_AFTER else PIPED_EVERY
        if not terminal and now - self._said < every:
            return
        self._said = now
        share, began = self._share(self)
        elapsed = max(now - self._started, 1e-9)
        carried = sum(self.blocks.values())
        text = f"{share:4.0%}  {carried:,} blocks  {carried / elapsed:,.0f} blocks/s"
        if share > began and elapsed > FIRST_AFTER:
            text += f"  {duration(elapsed * (1 - share) / (share - began))} left"
        if terminal:
            _draw(text, share)
        else:
            remark(text.strip())


def of_shards(spec: "SoakSpec") -> ShareDone:
    """Have the part of a soak that is done said by the virtual time of its shards."""
    whole = spec.hours * 3600.0 * spec.shards
    return lambda progress: (sum(progress.reached.values()) / whole, 0.0)


def of_blocks(goal: int, before: int) -> ShareDone:
    """Have the part of a marathon that is done said by blocks, of which some were carried before."""

    def share(progress: SoakProgress) -> tuple[float, float]:
        carried = before + sum(progress.blocks.values())
        return min(1.0, carried / goal), before / goal

    return share


def _draw(text: str, share: float) -> None:
    columns = Room.of(sys.stderr).columns or 0
    bar = min(BAR, columns - len(text) - 6)  # brackets, spaces, and no line that wraps
    done = int(bar * share)
    drawn = f"[{'#' * done}{'.' * (bar - done)}] " if bar > 0 else ""
    print(f"\r{drawn}{text}  ", end="", file=sys.stderr)  # noqa: T201
