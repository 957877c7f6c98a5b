"""``zota push`` and devices with several chips: each firmware gets its own file, told for itself."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from images import ImageSpec, build
from tests.cli.zota import Ran, zota

MAKER, MAIN, RADIO = 0x128B, 0x0109, 0x010A
OLD, NEW = 0x0100, 0x0200

#: Where the second chip is: with the first, alternating what is read there, or by itself.
PLACES = ("", 'answers_for = "alternating"\n', "endpoint = 2\n")


def home(folder: Path, place: str, *, version: int = OLD, hides: bool = False) -> str:
    """A display with a second chip, and one without beside it; returns the link."""
    device = f"manufacturer = {MAKER}\nimage_type = {MAIN}\nversion = {OLD}\n"
    habits = "hides_identity = true\n" if hides else ""
    habits += "" if place.startswith("endpoint") else place
    chip = f"image_type = {RADIO}\nversion = {version}\n"
    chip += place if place.startswith("endpoint") else ""
    path = folder / "devices.toml"
    path.write_text(f"[[device]]\n{device}{habits}[[device.chip]]\n{chip}[[device]]\n{device}")
    return f"sim://?devices={path}"


def file(folder: Path, image_type: int, version: int = NEW) -> Path:
    what = ImageSpec(
        manufacturer_code=MAKER, image_type=image_type, file_version=version, integrity=True
    )
    path = folder / f"{image_type:04x}-{version:04x}.ota"
    path.write_bytes(build(Random(image_type).randbytes(900), what))
    return path


def push(folder: Path, link: str, files: Sequence[Path], *more: str) -> Ran:
    return zota("push", *files, "--all", "--json", "--link", link, "--state", folder / "s", *more)


def told(result: Ran) -> dict[tuple[str, str | None], tuple[str, str | None]]:
    """Verdict and version in the end, by the end of the EUI-64 and the image type."""
    rows: list[dict[str, Any]] = json.loads(result.out)["devices"]
    return {
        (row["device"][-2:], row["image_type"]): (row["verdict"], row["version_after"])
        for row in rows
    }


NEWEST, OLDEST = f"0x{NEW:08X}", f"0x{OLD:08X}"


@pytest.mark.parametrize(
    ("place", "order"),
    [(PLACES[0], (MAIN, RADIO)), (PLACES[1], (RADIO, MAIN)), (PLACES[2], (RADIO, MAIN))],
)
def test_both_chips_of_a_device_are_updated_in_one_push_whatever_the_order_of_files(
    place: str, order: Sequence[int], tmp_path: Path
) -> None:
    files = [file(tmp_path, image_type) for image_type in order]
    result = push(tmp_path, home(tmp_path, place), files)
    assert result.code == 0, result.out + result.err
    assert told(result) == {
        ("01", "0x0109"): ("updated", NEWEST),
        ("01", "0x010A"): ("updated", NEWEST),
        ("02", "0x0109"): ("updated", NEWEST),
    }


@pytest.mark.parametrize("place", PLACES)
def test_a_chip_that_runs_the_version_already_does_not_speak_for_the_other(
    place: str, tmp_path: Path
) -> None:
    link = home(tmp_path, place, version=NEW)
    result = push(tmp_path, link, [file(tmp_path, MAIN)])
    assert result.code == 0, result.out + result.err
    assert told(result)["01", "0x0109"] == ("updated", NEWEST)


@pytest.mark.parametrize("place", PLACES[1:])
def test_a_device_that_hides_which_chip_it_speaks_of_is_believed_by_its_queries(
    place: str, tmp_path: Path
) -> None:
    link = home(tmp_path, place, hides=True)
    result = push(tmp_path, link, [file(tmp_path, MAIN), file(tmp_path, RADIO)])
    assert result.code == 0, result.out + result.err
    assert {verdict for verdict, _ in told(result).values()} == {"updated"}


def test_a_file_that_no_chip_takes_is_said(tmp_path: Path) -> None:
    files = [file(tmp_path, RADIO), file(tmp_path, 0x0BAD)]
    result = push(tmp_path, home(tmp_path, ""), files)
    assert "0bad" in (result.out + result.err).lower()
    assert told(result)["01", "0x010A"] == ("updated", NEWEST)
