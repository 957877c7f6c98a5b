"""The live table of a push: eighty columns hold it, no figure cut, and say why somebody waits."""

import io

import pytest
from rich.console import Console

from ota_engine.cli.push_screen import PushScreen
from ota_engine.hub.push.verdict import PushStanding, PushVerdict
from ota_engine.records import SessionState
from tests.hub.push.samples import DEVICE, KEY, OTHER, image, session

IMAGE = image()
OTHER_CHIP = (KEY[0], KEY[1] + 1)
LONG = "takes image type 0x0084 of manufacturer 0x121D, not 0x0085 of 0x121D"


def drawn(width: int, *standings: PushStanding) -> list[str]:
    screen = PushScreen("zota push   sim://", quiet=True)
    screen.watch(1.0, standings, None)
    told = io.StringIO()
    Console(file=told, width=width, color_system=None).print(screen.picture(width))
    return told.getvalue().splitlines()


def standing(state: SessionState, chip: tuple[int, int] = KEY, reason: str = "") -> PushStanding:
    status = session(IMAGE, state, offset=100, reason=reason, retries=3)
    return PushStanding(DEVICE, None, reason, status, 1, 5.0, chip, IMAGE.sha256)


@pytest.mark.parametrize("state", SessionState)
def test_every_state_of_two_chips_fits_eighty_columns_uncut(state: SessionState) -> None:
    lines = drawn(80, standing(state), standing(state, OTHER_CHIP))
    (row,) = (line for line in lines if "0x0085" in line)
    assert state.value in row
    assert "%" in row
    assert "…" not in "".join(lines)
    assert all(len(line) <= 80 for line in lines)


def test_on_a_narrow_terminal_the_reasons_stand_below() -> None:
    waits = PushStanding(OTHER, PushVerdict.PASSED_OVER, LONG, None, 1, 5.0, KEY)
    lines = drawn(80, standing(SessionState.QUEUED, reason="waits its turn"), waits)
    assert "02-5A-00-00-00-00-00-01: waits its turn" in lines
    assert LONG in " ".join(lines).replace("  ", " ")


def test_on_a_wide_one_they_stand_in_the_table() -> None:
    lines = drawn(160, standing(SessionState.QUEUED, reason="waits its turn"))
    (row,) = (line for line in lines if "02-5A" in line)
    assert row.rstrip().endswith("waits its turn")
