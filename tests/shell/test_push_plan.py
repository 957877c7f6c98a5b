"""The push.json of an earlier version: taken over once, into the store, or refused with what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError
from ota_engine.records import PushState
from ota_engine.shell.push_plan import read_plan, require_unfinished, take_over_plan
from ota_engine.store.store import DATABASE_NAME, Store
from tests.store.samples import IMAGE, PPMID, push

OLD: dict[str, Any] = {
    "format": 1,
    "images": [IMAGE.sha256],
    "devices": ["00-DB-12-34-56-78-90-A4"],
    "everyone": True,
    "policy": "reinstall",
    "activation": "at",
    "activation_utc": 1.8e9,
    "created_utc": 1.7e9,
    "ended_utc": None,
}
TAKEN = read_plan(json.dumps(OLD), 1)


def folder(path: Path, **changes: Any) -> Path:
    (path / "push.json").write_text(json.dumps(OLD | changes))
    return path


def test_an_unfinished_push_becomes_a_row_and_its_file_is_set_aside(tmp_path: Path) -> None:
    folder(tmp_path)
    with Store.in_memory() as store:
        take_over_plan(tmp_path, store, needed=True)
        (taken,) = store.pushes()
    assert (taken.devices, taken.images, taken.everyone) == ((PPMID,), (IMAGE.sha256,), True)
    assert (taken.policy, taken.activation, taken.activation_utc) == ("reinstall", "at", 1.8e9)
    assert (taken.number, taken.state, taken.created_utc) == (1, PushState.RUNNING, 1.7e9)
    assert [path.name for path in tmp_path.iterdir()] == ["push.json.old"]


def test_one_that_was_cut_off_before_the_file_was_set_aside_is_not_taken_over_twice(
    tmp_path: Path,
) -> None:
    folder(tmp_path)
    with Store.in_memory() as store:
        store.apply([TAKEN])
        take_over_plan(tmp_path, store, needed=True)
        assert store.pushes() == (TAKEN,)


def test_an_ended_push_is_taken_over_as_such_and_cannot_be_resumed(tmp_path: Path) -> None:
    folder(tmp_path, ended_utc=1.75e9)
    with Store.open(tmp_path / DATABASE_NAME) as store:
        take_over_plan(tmp_path, store, needed=True)
        assert [one.state for one in store.pushes()] == [PushState.ENDED]
    with pytest.raises(LocalError, match="has ended: give files for a new one"):
        require_unfinished(tmp_path)


def test_a_file_that_cannot_be_read_stays_when_it_is_needed_and_goes_when_not(
    tmp_path: Path,
) -> None:
    folder(tmp_path, policy="whatever")
    with Store.in_memory() as store:
        with pytest.raises(LocalError, match=r"push\.json: .*without --resume"):
            take_over_plan(tmp_path, store, needed=True)
        assert (tmp_path / "push.json").exists()
        take_over_plan(tmp_path, store, needed=False)
        assert store.pushes() == ()
    assert not (tmp_path / "push.json").exists()


def test_there_is_something_to_go_on_with_or_it_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="no push was begun here"):
        require_unfinished(tmp_path)
    with Store.open(tmp_path / DATABASE_NAME) as store:
        store.apply([push()])
    require_unfinished(tmp_path)


@given(
    st.dictionaries(
        st.sampled_from(sorted(OLD)),
        st.none() | st.integers() | st.text() | st.lists(st.text()) | st.floats(),
    )
)
def test_whatever_the_file_holds_it_is_a_plan_or_one_complaint(changes: dict[str, Any]) -> None:
    try:
        assert read_plan(json.dumps(OLD | changes), 7).number == 7
    except LocalError as error:
        assert "cannot be read" in str(error)
