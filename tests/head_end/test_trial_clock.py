"""The calendar of a fleet on trial."""

import time
from pathlib import Path

import pytest

from ota_engine.errors import LocalError
from ota_engine.head_end.trial_clock import NAME, clock_of, set_pace
from ota_engine.paced_clock import rate_of
from ota_engine.wall_clock import this_machine


def test_a_fleet_that_is_not_on_trial_goes_by_this_machine(tmp_path: Path) -> None:
    assert clock_of(tmp_path) is this_machine


def test_the_calendar_goes_on_while_no_server_runs_and_never_back(tmp_path: Path) -> None:
    first = set_pace(tmp_path, 1000.0)
    time.sleep(0.01)
    again = clock_of(tmp_path)
    assert rate_of(again) == 1000.0
    assert again() - time.time() >= 9.0
    then = max(first(), again())
    slower = set_pace(tmp_path, 1.0)
    assert slower() >= then
    assert rate_of(clock_of(tmp_path)) == 1.0


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"calendar": 1, "machine": 1, "rate": 0}', '{"calendar": "x"}'],
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(LocalError, match="restore it"):
        clock_of(tmp_path)
