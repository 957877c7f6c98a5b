"""A kill before every effect: the story taken up again has the same end, nothing lost or doubled."""

from inspect import unwrap
from pathlib import Path
from shutil import rmtree

from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.trail import Trail
from tests.crashes import crash_at_every_line
from tests.fleet.faults.story import Story
from tests.tiers import points

KILLED_IN = (
    FleetDesk.handle,
    FleetDesk.wake,
    FleetStore.keep,
    FleetStore._write,
    FleetStore._known,
    FleetStore._add,
    unwrap(FleetStore._between),
    Trail.extend,
    Story._post,
    Story._instruct,
    Story._listen,
    Story._serve,
    Story._tell,
    Story._go_to,
)


def ending(folder: Path) -> dict[str, object]:
    story = Story(folder)
    story.play()
    found = story.ending()
    story.close()
    return found


@points(499, whole=83)
def test_a_fleet_killed_before_any_effect_comes_to_the_same_end(tmp_path: Path, step: int) -> None:
    undisturbed = ending(tmp_path / "undisturbed")

    def work(point: int) -> None:
        Story(tmp_path / str(point)).play()

    def look_over(point: int) -> None:
        folder = tmp_path / str(point)
        assert ending(folder) == undisturbed, f"killed at point {point}"
        rmtree(folder)

    assert crash_at_every_line(KILLED_IN, work, look_over, step) > step
