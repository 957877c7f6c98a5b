"""A night of one fleet in the middle of a campaign: kills, power cuts and full disks, life after life."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from ota_engine.errors import StoreFull
from ota_engine.store.fleet.book import FleetStore
from tests.faults.power_loss import Disk, recorded
from tests.fleet.faults.story import DATABASE, Story
from tests.nightly.hub_night import told

LIVES = 12
LONGEST = 12  # batches that a fleet keeps before something strikes
LOG_PAGES = 40  # of the write-ahead log, before they go into the database
MOST_ROOM = 2  # pages that a full disk has left


class StruckError(BaseException):
    """The process is gone: nobody handles it."""


class NightStore(FleetStore):
    """A store to which something happens before or after it has kept a batch.

    Attributes:
        strike: is called then.
    """

    strike: Callable[[], None] = staticmethod(lambda: None)

    def keep(self, changes: Iterable[Any], *others: Any) -> None:
        self.strike()
        super().keep(changes, *others)
        self.strike()


class NightStory(Story):
    """The story, on such a store."""

    OPENS = NightStore


class Life:
    """One life of the fleet: it ends by itself, or is struck down after so many batches."""

    def __init__(self, folder: Path, chance: Random, what: str) -> None:
        self.files: dict[str, bytes] = {}
        self._folder = folder
        self._chance = chance
        self._what = what
        self._left = 2 * chance.randrange(LONGEST) + chance.randrange(2)

    def live(self) -> bool:
        """Whether the story came to its end."""
        with recorded(self._folder) as disk:
            story = NightStory(self._folder, durable=True)
            story.store.driver.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
            if self._what == "full disk":
                (pages,) = story.store.driver.execute("PRAGMA page_count").fetchone()
                room = pages + self._chance.randrange(MOST_ROOM)
                story.store.driver.execute(f"PRAGMA max_page_count = {room}")
            elif self._what != "peace":
                assert isinstance(story.store, NightStore)
                story.store.strike = lambda: self._strike(disk)
            try:
                story.play()
            except (StruckError, StoreFull):
                return False
            finally:
                story.close()
        return True

    def _strike(self, disk: Disk) -> None:
        self._left -= 1
        if self._left >= 0:
            return
        if self._what == "power cut":
            left = disk.after_power_cut(len(disk.deeds), self._chance)
            self.files = {name: left[name] for name in left if name.startswith(DATABASE)}
        else:
            there = (self._folder / name for name in (DATABASE, f"{DATABASE}-wal"))
            self.files = {path.name: path.read_bytes() for path in there if path.exists()}
        raise StruckError

    def leave(self) -> None:
        """Leave behind what the process left, and not what was tidied up after it."""
        if not self.files:
            return
        for path in self._folder.glob(f"{DATABASE}*"):
            path.unlink()
        for name, octets in self.files.items():
            (self._folder / name).write_bytes(octets)


@cache
def undisturbed() -> dict[str, object]:
    """How the story ends when nothing happens."""
    with TemporaryDirectory() as folder:
        return ending(Path(folder) / "calm")


def ending(folder: Path) -> dict[str, object]:
    """Play the story to its end, and say what is left of it."""
    story = Story(folder)
    try:
        story.play()
        return story.ending()
    finally:
        story.close()


def fleet_night(seed: int, folder: Path) -> str:
    """Live through one; whatever struck, the story has the end that it would have had."""
    chance = Random(f"fleet night {seed}")
    state = folder / "state"
    state.mkdir()
    struck: Counter[str] = Counter()
    for _ in range(LIVES):
        what = chance.choice(("kill", "power cut", "full disk"))
        life = Life(state, chance, what)
        if life.live():
            break
        struck[what] += 1
        life.leave()
    assert ending(state) == undisturbed()
    return told(struck)
