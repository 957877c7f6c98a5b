"""Which network a state folder has served: what makes it another, and what does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from hw.remembered import NETWORK_NAME, SeenNetwork, require_same
from images.eui64 import Eui64
from ota_engine.errors import LinkError
from ota_engine.times import Utc

URL = "ezsp:///dev/ttyACM0"
SEEN = SeenNetwork(Eui64(0x1122), 0x1A62, 15, Eui64(0x00DB_0000_0000_0001), Utc(1_800_000_000.0))


def test_a_network_that_moved_or_got_another_coordinator_is_the_same(tmp_path: Path) -> None:
    require_same(URL, tmp_path, SEEN)
    moved = replace(SEEN, pan_id=0x2B01, channel=25, since_utc=Utc(1_900_000_000.0))
    require_same(URL, tmp_path, moved)
    require_same(URL, tmp_path, replace(moved, coordinator=Eui64(7)))
    with pytest.raises(LinkError) as refused:
        require_same(URL, tmp_path, replace(SEEN, extended_pan_id=Eui64(0x3344)))
    assert "served PAN 2B01 (00-00-00-00-00-00-11-22), channel 25, of coordinator" in str(
        refused.value
    )
    assert "since 2027-01-15 08:00:00 UTC" in str(refused.value)  # when it was first seen


def test_the_same_pan_id_does_not_make_it_the_same(tmp_path: Path) -> None:
    require_same(URL, tmp_path, SEEN)
    with pytest.raises(LinkError, match="the radio has network PAN 1A62 "):
        require_same(URL, tmp_path, replace(SEEN, extended_pan_id=Eui64(0x3344)))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pan_id": 1}', "\xff", '{"since_utc": "x"}'])
def test_a_note_that_says_nothing_is_named_with_what_to_do(text: str, tmp_path: Path) -> None:
    (tmp_path / NETWORK_NAME).write_text(text, encoding="latin-1")
    with pytest.raises(LinkError, match=r"network.json: does not say .* remove it"):
        require_same(URL, tmp_path, SEEN)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="cannot be written"):
        require_same(URL, tmp_path / "gone", SEEN)
