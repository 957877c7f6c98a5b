"""``zota push`` to devices with the habits of the quirk table: each maker's are met by its row.

The same habit under a maker's code that has no row shows what the row is good for.
"""

import json
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from images import ImageSpec, build
from tests.cli.zota import zota

NOBODY = 0x128B  # a maker without a row
OLD, NEW = 0x0001_4203, 0x0038_4203
TYPE = 0x0010


class Habit(NamedTuple):
    """A maker, what its devices do as a roster says it, and how the push ends without its row."""

    maker: int
    roster: str
    otherwise: str
    image_type: int = TYPE
    told: int = NEW  # the version the device tells in the end
    runs: int = OLD  # and at first
    new: int = NEW  # the file's


HABITS = {
    "Insta": Habit(0x117A, "largest_block = 40\npage_mode = false", "failed"),
    "Insta by pages": Habit(0x117A, "largest_block = 40\npage_mode = true\nblock_size = 40", ""),
    "dresden elektronik": Habit(0x1135, "largest_block = 40", "failed"),
    "Legrand's versions": Habit(0x1021, "version_bits = 0x01FC", "failed", told=0x0038_43FF),
    "Legrand's second processor": Habit(0x1021, "verify_time = 2400", ""),
    "Bosch": Habit(0x1209, "block_pause = 3000", ""),
    "Digi before 0x100A": Habit(
        0x101E, "bare_element = true", "failed", told=0x0100_100D, runs=0x0100_1009, new=0x0100_100D
    ),
    "Digi since 0x100A": Habit(0x101E, "", "", told=0x0100_100D, runs=0x0100_100A, new=0x0100_100D),
    "Sonoff's second processor": Habit(0x1286, "verify_time = 3300", "", image_type=0x2007),
}
LIKE_ANOTHER = {"dresden elektronik", "Legrand's second processor"}  # a maker of this table
WHOLE = {
    "Legrand": Habit(0x1021, "block_size = 64\nwhole_blocks = true", "failed"),
    "Sonoff on Telink": Habit(0x1286, "block_size = 48\nwhole_blocks = true", "failed"),
}


def push(folder: Path, habit: Habit, *more: str, maker: int | None = None) -> dict[str, Any]:
    """Push a file to one device with the habit; returns what is told of it."""
    code = habit.maker if maker is None else maker
    path = folder / "devices.toml"
    path.write_text(
        f'[[device]]\nkind = "light"\nmanufacturer = {code}\nimage_type = {habit.image_type}\n'
        f"version = {habit.runs}\n{habit.roster}\n"
    )
    spec = ImageSpec(
        manufacturer_code=code, image_type=habit.image_type, file_version=habit.new, integrity=True
    )
    image = folder / "new.ota"
    image.write_bytes(build(Random(1).randbytes(100), spec))
    where = ("--link", f"sim://?devices={path}", "--state", folder / "state")
    ran = zota("push", image, "--all", "--json", *where, *more)
    (row,) = json.loads(ran.out)["devices"]
    assert isinstance(row, dict)
    return row


@pytest.mark.parametrize(
    "habit",
    [
        pytest.param(habit, id=name, marks=pytest.mark.heavy if name in LIKE_ANOTHER else [])
        for name, habit in HABITS.items()
    ],
)
def test_each_makers_habit_is_met(habit: Habit, tmp_path: Path) -> None:
    row = push(tmp_path, habit)
    assert (row["verdict"], row["version_after"]) == ("updated", f"0x{habit.told:08X}"), row


@pytest.mark.parametrize("habit", WHOLE.values(), ids=WHOLE)
def test_a_client_that_takes_whole_blocks_gets_them_whatever_the_operators_cap(
    habit: Habit, tmp_path: Path
) -> None:
    row = push(tmp_path, habit, "--block-size", "40")
    assert row["verdict"] == "updated", row


needed = {name: habit for name, habit in {**HABITS, **WHOLE}.items() if habit.otherwise}


@pytest.mark.parametrize(
    "habit",
    [
        pytest.param(habit, id=name, marks=pytest.mark.heavy if name in LIKE_ANOTHER else [])
        for name, habit in needed.items()
    ],
)
def test_without_its_row_the_habit_would_be_the_end_of_the_update(
    habit: Habit, tmp_path: Path
) -> None:
    row = push(tmp_path, habit, "--block-size", "45", maker=NOBODY)
    assert row["verdict"] == habit.otherwise, row
