"""A full disk: nothing half-written, nothing lost, and on it goes when there is room."""

from pathlib import Path

import pytest

from ota_engine.errors import StoreFull
from ota_engine.fleet.inventory.rows import Home, HomeStatus
from ota_engine.fleet.kernel.rows import Select
from tests.fleet.faults.story import Story

MANY_PAGES = 1_000_000


def homes(number: int) -> list[Home]:
    return [
        Home(f"x{n:08d}", "North", "gw", HomeStatus.COMPLETE, "set-a" * 20) for n in range(number)
    ]


def limit(story: Story, pages: int) -> None:
    """Let the database grow by so many pages and no more."""
    driver = story.store.driver
    (present,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count = {present + pages}")


@pytest.mark.parametrize("room", [0, 1])
def test_what_finds_the_disk_full_is_rolled_back_whole_and_goes_on_when_there_is_room(
    tmp_path: Path, room: int
) -> None:
    undisturbed = Story(tmp_path / "undisturbed")
    undisturbed.play()
    story = Story(tmp_path / "full")
    limit(story, room)
    with pytest.raises(StoreFull, match=r"^[^\n]*make room[^\n]*$"):
        story.play()
    assert story.store.verify_audit() is None
    with story.store.reading():
        assert list(story.store.broken_seals()) == []
    limit(story, MANY_PAGES)
    story.play()
    assert story.ending() == undisturbed.ending()


def test_an_import_that_does_not_fit_leaves_no_home_behind(tmp_path: Path) -> None:
    story = Story(tmp_path)
    limit(story, 0)
    with pytest.raises(StoreFull, match="make room"), story.store.transaction():
        story.store.insert(homes(5_000))
    with story.store.reading():
        assert story.store.select(Select(Home)) == []
    limit(story, MANY_PAGES)
    with story.store.transaction():
        story.store.insert(homes(5_000))
    with story.store.reading():
        assert len(story.store.select(Select(Home))) == 5_000
