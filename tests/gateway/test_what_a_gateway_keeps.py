"""What a gateway keeps beside its book: images within bounds, the calendar of a trial, its papers."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from ota_engine.errors import LocalError
from ota_engine.paced_clock import rate_of
from ota_engine.shell.followed_clock import FollowedClock
from ota_engine.shell.gateway_papers import (
    AdmissionCode,
    GatewayPapers,
    read_papers,
    write_papers,
)
from ota_engine.shell.image_cellar import DamagedImageError, ImageCellar, ImageSource
from ota_engine.times import Utc
from tests.gateway.homes import BEGIN
from tests.gateway.scripted import digest

IMAGES: Final = [bytes([number]) * 1000 for number in range(4)]


def source(octets: bytes) -> ImageSource:
    @asynccontextmanager
    async def opened(offset: int) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        async def pieces() -> AsyncIterator[bytes]:
            yield octets[offset:]

        yield offset, pieces()

    return opened


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_images_that_were_used_longest_ago_go_first_and_those_needed_stay(
    tmp_path: Path,
) -> None:
    cellar = ImageCellar(tmp_path, most=2500)
    names = [digest(one) for one in IMAGES]
    for number, octets in enumerate(IMAGES[:2]):
        await cellar.fetch(names[number], source(octets))
        os.utime(tmp_path / names[number], (number, number))
    cellar.used(names[0])
    await cellar.fetch(names[2], source(IMAGES[2]))
    assert [cellar.has(name) for name in names] == [True, False, True, False]
    os.utime(tmp_path / names[0], (5, 5))
    await cellar.fetch(names[3], source(IMAGES[3]), {names[0]})
    assert [cellar.has(name) for name in names] == [True, False, False, True]


async def test_no_more_than_a_few_images_are_kept_half(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f".{number}.part").write_bytes(b"half")
        os.utime(tmp_path / f".{number}.part", (number, number))
    cellar = ImageCellar(tmp_path)
    await cellar.fetch(digest(IMAGES[0]), source(IMAGES[0]))
    left = [name for name in names_in(tmp_path) if name.endswith(".part")]
    assert left == [".5.part", ".6.part", ".7.part", ".8.part"]


async def test_an_image_that_is_another_leaves_nothing_behind(tmp_path: Path) -> None:
    cellar = ImageCellar(tmp_path)
    with pytest.raises(DamagedImageError, match="hashes to"):
        await cellar.fetch(digest(IMAGES[0]), source(IMAGES[1]))
    assert names_in(tmp_path) == []


# --- the calendar of a trial ---------------------------------------------------------------------


def test_a_clock_that_follows_goes_on_after_a_restart_without_its_head_end(tmp_path: Path) -> None:
    path = tmp_path / "calendar.json"
    clock = FollowedClock(path)
    assert not clock.known
    clock.follow(BEGIN, 1000.0)
    assert rate_of(clock) == 1000.0
    assert 0.0 <= clock() - BEGIN < 60_000.0
    again = FollowedClock(path)
    assert again.known
    assert again.rate == 1000.0
    assert 0.0 <= again() - BEGIN < 60_000.0


def test_a_clock_that_follows_does_not_jump_for_what_comes_a_little_late(tmp_path: Path) -> None:
    clock = FollowedClock(tmp_path / "calendar.json")
    clock.follow(BEGIN, 1000.0)
    before = clock()
    clock.follow(Utc(before - 1500.0), 1000.0)
    assert clock() >= before
    clock.follow(Utc(BEGIN + 1e6), 1000.0)
    assert clock() >= BEGIN + 1e6, "the head end's calendar was set on"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"calendar": "soon", "rate": 1, "machine": 0}'])
def test_a_calendar_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calendar.json"
    path.write_text(text)
    with pytest.raises(LocalError, match="is no calendar: remove it"):
        FollowedClock(path)


# --- papers --------------------------------------------------------------------------------------


def test_papers_are_read_as_they_were_written_and_shown_by_nobody(tmp_path: Path) -> None:
    papers = GatewayPapers("gw-1", "a-secret-that-nobody-sees")
    write_papers(tmp_path, GatewayPapers("gw-1", "the-one-before"))
    write_papers(tmp_path, papers)
    assert read_papers(tmp_path) == papers
    assert "secret" not in f"{papers} {papers!r}"


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"gateway": "gw-1"}'])
def test_papers_that_are_none_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "head-end.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(LocalError, match="holds no papers"):
        read_papers(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "gw-1", "gw-1:", ":" + "c" * 43, "gw-1:" + "a\nb" * 9, "gw-1:cut-short"]
)
def test_a_code_that_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(LocalError, match="the code is none") as caught:
        AdmissionCode.read(text)
    assert "\n" not in str(caught.value)
