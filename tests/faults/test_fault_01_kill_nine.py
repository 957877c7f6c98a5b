"""Fault 1: the engine's process is killed with SIGKILL, again and again, in mid delivery."""

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import pytest

from images.eui64 import format_eui64
from ota_engine.events import ClockObserved, LinkEvent, Send
from ota_engine.hub.delivery.commands import OperatorCommand
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.store.store import Store
from ota_engine.times import NEVER, Monotonic
from tests.faults.engine_process import serve
from tests.faults.home import (
    UTC,
    Home,
    check_all_updated,
    link_up,
    make_devices,
    make_image,
)

KILLS = 40
SEED = 20261121
PROCESSES = multiprocessing.get_context("forkserver")


class ProcessShell:
    """Talks to an engine in another process; kills it at random and starts the next one."""

    def __init__(self, folder: Path, rng: Random, kills: int) -> None:
        self.next_wake = NEVER
        self.kills = 0
        self._rng = rng
        self._left = kills
        self._database, self._sink = folder / "zota.db", folder / "outcomes.jsonl"
        self._pipe, self._process = self._start()
        self._countdown = self._draw()

    def _draw(self) -> int:
        return self._rng.randrange(1, 12) if self._left else -1

    def _start(self) -> tuple[Connection, multiprocessing.process.BaseProcess]:
        ours, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(target=serve, args=(theirs, self._database, self._sink))
        process.start()
        theirs.close()
        _, self.next_wake = ours.recv()
        return ours, process

    def handle(
        self, event: LinkEvent | ClockObserved | OperatorCommand, now: Monotonic
    ) -> Sequence[Send]:
        return self._ask(event, now)

    def wake(self, now: Monotonic) -> Sequence[Send]:
        return self._ask(None, now)

    def _ask(
        self, event: LinkEvent | ClockObserved | OperatorCommand | None, now: Monotonic
    ) -> list[Send]:
        self._countdown -= 1
        self._pipe.send((event, now))
        if self._countdown == 0 and self._rng.random() < 0.5:
            return self._kill(now)  # it may have got as far as committing
        sends, self.next_wake = self._pipe.recv()
        if self._countdown == 0:
            return self._kill(now)  # it has committed; its frames are lost with it
        assert isinstance(sends, list)
        return sends

    def _kill(self, now: Monotonic) -> list[Send]:
        self._process.kill()
        self._process.join()
        self._pipe.close()
        self.kills += 1
        self._left -= 1
        self._countdown = -1
        self._pipe, self._process = self._start()
        sends = [*self._ask(ClockObserved(UTC + now, now), now), *self._ask(link_up(now), now)]
        self._countdown = self._draw()
        return sends

    def stop(self) -> None:
        self._pipe.close()
        self._process.join()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[ProcessShell]:
    PROCESSES.set_forkserver_preload(["tests.faults.engine_process"])
    print(f"seed {SEED}")  # noqa: T201 - a random test names its seed
    shell = ProcessShell(tmp_path, Random(SEED), KILLS)
    yield shell
    shell.stop()


class KilledHome(Home):
    """The home of the other faults, with its engine in a process that dies."""

    def __init__(self, shell: ProcessShell, store: Store) -> None:
        super().__init__(store, make_devices(4))
        self.network.detach(self.port)
        self.port = self.network.attach(shell)
        self.process = shell

    def order(self, event: OperatorCommand | ClockObserved | LinkEvent) -> None:
        now = self.network.agenda.now
        kills = -1
        while kills != self.process.kills:
            kills = self.process.kills
            self.network.submit(self.port, self.process.handle(event, now), now)

    @property
    def done(self) -> bool:
        return all(device.version == 2 for device in self.devices)


def test_forty_kills_lose_nothing_and_tell_nothing_twice(
    shell: ProcessShell, tmp_path: Path
) -> None:
    image = make_image(6000)
    home = KilledHome(shell, Store.in_memory())
    home.start(image)
    home.run(24 * 3600.0)
    home.network.run(home.network.agenda.now + 3600.0)
    assert shell.kills == KILLS
    shell.stop()
    with Store.open(tmp_path / "zota.db") as store:
        settled = Home(store, home.devices, config=DeliveryConfig())
        check_all_updated(settled, image)
        outcomes = store.outcomes()
    lines = [json.loads(line) for line in (tmp_path / "outcomes.jsonl").read_text().splitlines()]
    assert sorted(line["id"] for line in lines) == sorted(outcome.key for outcome in outcomes)
    assert {line["device"] for line in lines} == {format_eui64(d.eui64) for d in home.devices}
