"""A fleet that runs by itself outlives what passes: a server that is away for a while, others in the way."""

from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from ota_engine.errors import StoreConflict, StoreError, StoreLost
from ota_engine.head_end import running
from ota_engine.head_end.courier import NoticeCourier
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.head_end.running import Looked
from ota_engine.times import Utc
from tests.fleet.head_end.test_courier import courier
from tests.fleet.rollout import RollOutTown


@pytest.mark.parametrize("trouble", [StoreConflict("another one"), StoreLost("away")])
async def test_a_fleet_runs_on_after_a_trouble_that_passes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    autojump_clock: trio.testing.MockClock,
    trouble: StoreError,
) -> None:
    town, told, looked = RollOutTown(1), list[str](), trio.Event()
    failures = [ExceptionGroup("of several tasks", [trouble]), trouble]
    look = running.look

    async def fails_at_first(room: DeskRoom, courier: NoticeCourier, utc: Utc) -> Looked:
        if failures:
            raise failures.pop()
        return await look(room, courier, utc)

    monkeypatch.setattr(running, "look", fails_at_first)
    async with trio.open_nursery() as nursery:
        room, carrier = DeskRoom(town.desk), courier(town, tmp_path, [])
        nursery.start_soon(
            partial(
                running.run, room, carrier, lambda: town.utc, lambda done: looked.set(), told.append
            )
        )
        await looked.wait()
        nursery.cancel_scope.cancel()
    assert told == [str(trouble)]
