"""The live table of a push: eighty columns hold it, no figure cut, and say why somebody waits."""

import re

import pytest

from images.eui64 import Eui64, format_eui64
from ota_engine.cli.columns import Room
from ota_engine.cli.push_report import report_lines
from ota_engine.cli.push_screen import PushScreen
from ota_engine.hub.push.progress import WaitEnd
from ota_engine.hub.push.report import PushFacts, PushReport, report_of
from ota_engine.hub.push.verdict import PushStanding, PushVerdict
from ota_engine.records import SessionState
from ota_engine.times import Monotonic
from tests.hub.push.samples import DEVICE, KEY, OTHER, a_push, image, session

IMAGE = image()
OTHER_CHIP = (KEY[0], KEY[1] + 1)
LONG = "takes image type 0x0084 of manufacturer 0x121D, not 0x0085 of 0x121D"


def drawn(width: int, *standings: PushStanding) -> list[str]:
    screen = PushScreen("zota push   sim://", quiet=True)
    screen.watch(Monotonic(1.0), standings, None)
    return [line.plain for line in screen.picture(Room(width, 24))]


def standing(state: SessionState, chip: tuple[int, int] = KEY, reason: str = "") -> PushStanding:
    status = session(IMAGE, state, offset=100, reason=reason, retries=3)
    return PushStanding(DEVICE, None, reason, status, 1, Monotonic(5.0), chip, IMAGE.sha256)


@pytest.mark.parametrize("state", SessionState)
def test_every_state_of_two_chips_fits_eighty_columns_uncut(state: SessionState) -> None:
    lines = drawn(80, standing(state), standing(state, OTHER_CHIP))
    (row,) = (line for line in lines if "0x0085" in line)
    assert state.value in row
    assert "%" in row
    assert "…" not in "".join(lines)
    assert all(len(line) <= 80 for line in lines)


def test_on_a_narrow_terminal_the_reasons_stand_below() -> None:
    waits = PushStanding(OTHER, PushVerdict.PASSED_OVER, LONG, None, 1, Monotonic(5.0), KEY)
    lines = drawn(80, standing(SessionState.QUEUED, reason="waits its turn"), waits)
    assert "    waits its turn" in lines
    assert LONG in " ".join(lines).replace("  ", " ")


def test_on_a_wide_one_they_stand_in_the_table() -> None:
    lines = drawn(160, standing(SessionState.QUEUED, reason="waits its turn"))
    (row,) = (line for line in lines if "02-5A" in line)
    assert row.rstrip().endswith("waits its turn")


# --- many devices --------------------------------------------------------------------------------

SIZES = pytest.mark.parametrize("room", [Room(80, 24), Room(120, 40)])
FAILS, WORKS, WAITS, ENDED = 2, 8, 20, 370


def many() -> list[PushStanding]:
    """Four hundred devices: some failed, some under way, some queued, the others updated."""
    back = "the device came back with 0x00000001"
    ends: list[tuple[PushVerdict | None, SessionState, str]] = [
        *[(PushVerdict.UPDATED, SessionState.UPDATED, "")] * ENDED,
        *[(None, SessionState.QUEUED, "waits for its turn")] * WAITS,
        *[(None, SessionState.DOWNLOADING, "")] * WORKS,
        *[(PushVerdict.FAILED, SessionState.FAILED, back)] * FAILS,
    ]
    found = []
    for number, (verdict, state, reason) in enumerate(ends):
        device = Eui64(0x00DB123400000000 + number)
        offset = 40 if verdict is None else len(IMAGE.data)
        status = session(IMAGE, state, device=device, offset=offset, reason=reason)
        found.append(
            PushStanding(device, verdict, reason, status, 1, Monotonic(5.0), KEY, IMAGE.sha256)
        )
    return found


@SIZES
def test_of_four_hundred_devices_all_are_counted_and_those_that_matter_are_seen(
    room: Room,
) -> None:
    screen = PushScreen("zota push   sim://", quiet=True)
    first = many()
    screen.watch(Monotonic(1.0), first, None)
    later = [
        one._replace(session=one.session._replace(offset=one.session.offset + 10))
        if one.session is not None and one.verdict is None
        else one
        for one in first
    ]
    screen.watch(Monotonic(2.0), later, None)
    lines = [line.plain for line in screen.picture(room)]
    assert len(lines) < (room.lines or 0)
    assert all(len(line) <= (room.columns or 0) for line in lines)
    assert "…" not in "".join(lines)
    assert lines[1].startswith(
        f"400 devices: {ENDED} done, {WAITS} waiting, {WORKS} active, 2 failed"
    )
    assert "80 B/s, " in lines[1]
    assert sum("  failed  " in line for line in lines) == FAILS
    assert sum("  downloading  " in line for line in lines) == WORKS
    assert re.fullmatch(r"and 3\d\d more: .*3\d\d done", lines[-1])
    names = [line.split()[0] for line in lines if line.startswith("00-DB")]
    assert all(len(name) == len("00-DB-12-34-00-00-00-00") for name in names)


@SIZES
def test_the_report_of_four_hundred_devices_names_the_failed_and_counts_the_others(
    room: Room,
) -> None:
    lines = [line.plain for line in report_lines(ended(many()), room)]
    said = " ".join(" ".join(lines).split())
    assert all(len(line) <= (room.columns or 0) for line in lines)
    assert said.count("the device came back with 0x00000001") == FAILS
    assert f"{ENDED} more: updated, 0x00000001" in said
    assert (
        lines[-1] == f"400 devices: {ENDED} updated, {FAILS} failed, {WORKS + WAITS} not finished"
    )
    piped = [line.plain for line in report_lines(ended(many()), Room(None, None))]
    assert sum(line.startswith("00-DB") for line in piped) == 400


@SIZES
def test_a_report_of_three_tells_each_with_both_versions_and_its_verdict(room: Room) -> None:
    standings = many()[-3:]
    lines = [line.plain for line in report_lines(ended(standings), room)]
    for told in standings:
        (row,) = (line for line in lines if line.startswith(format_eui64(told.device)))
        assert len(re.findall(r"0x[0-9A-F]{8}", row)) >= 2
        assert "failed" in row or "not finished" in row


def ended(standings: list[PushStanding]) -> PushReport:
    push = a_push(IMAGE, everyone=True)
    end = WaitEnd(interrupted=False, timed_out=True, seconds=9.0)
    return report_of(PushFacts(push, {IMAGE.sha256: IMAGE}, {}, {}, standings, end), "sim://")
