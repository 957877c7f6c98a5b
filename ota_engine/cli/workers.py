"""Processes beside a server that do their share of what is due in its fleet; decides nothing.

A worker is this module as a program. It logs as the server does, and ends when its standard input does, so that it
outlives the server by no more than what it has begun. One that dies is started again, later every time.
"""

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import trio

from ota_engine.backoff import doubled
from ota_engine.cli.fleet_desk import courier_of, fleet_in
from ota_engine.cli.json_log import json_log
from ota_engine.cli.stopping import PATIENCE_S
from ota_engine.errors import LocalError, ZotaError
from ota_engine.fleet.fleet import Fleet
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.head_end.running import FleetLoops
from ota_engine.head_end.service.parts import ServiceLog
from ota_engine.head_end.trial_clock import clock_of
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.opening import turns_at
from ota_engine.store.location import SqlitePlace, StorePlace

FIRST_S: Final = 1.0  # before one that died is started again
LONGEST_S: Final = 60.0


def refuse_workers(number: int, place: StorePlace) -> None:
    """See whether several processes may work for a fleet.

    Raises:
        LocalError: its database is a file, which one process has.
    """
    if number > 1 and isinstance(place, SqlitePlace):
        raise LocalError(
            f"--workers {number}: {place} is a file, which one process writes: leave --workers out,"
            " or move the fleet to PostgreSQL (zota store move)"
        )


async def run_workers(state: Path, number: int, stopping: trio.Event, log: ServiceLog) -> None:
    """Have so many processes do what is due, until told to stop; they end by themselves then.

    Args:
        state: the state folder.
        number: of them.
        stopping: tells them to.
        log: is told of every one that begins and ends.
    """
    async with trio.open_nursery() as nursery:
        for _ in range(number):
            nursery.start_soon(_keep_running, state, log)
        await stopping.wait()
        nursery.cancel_scope.cancel()


async def _keep_running(state: Path, log: ServiceLog) -> None:
    command = [sys.executable, "-m", __name__, str(state)]
    failures = 0
    while True:
        begun = trio.current_time()
        worker = await trio.lowlevel.open_process(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        log("worker", process=worker.pid)
        try:
            ended = await worker.wait()
        finally:
            await _end(worker)
        failures = 1 if trio.current_time() > begun + LONGEST_S else failures + 1
        log("trouble", trouble=f"worker {worker.pid} has ended with {ended}: it is started again")
        await trio.sleep(doubled(FIRST_S, LONGEST_S, failures))


async def _end(worker: trio.Process) -> None:
    """Let a process end what it does, and kill it where that lasts too long: its server may hang."""
    with trio.CancelScope(shield=True):
        if worker.stdin is not None:
            await worker.stdin.aclose()
        with trio.move_on_after(PATIENCE_S):
            await worker.wait()
            return
        worker.kill()
        await worker.wait()


def main(state: Path) -> int:
    """Be a worker, until standard input ends; the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us
    log = json_log()
    try:
        trio.run(_work, state, log)
    except ZotaError as error:
        log("trouble", trouble=str(error))
        return 1
    return 0


async def _work(state: Path, log: ServiceLog) -> None:
    def report(trouble: str) -> None:
        log("trouble", trouble=trouble)

    with ExitStack() as stack:
        place, clock = fleet_in(state), clock_of(state)
        store = FleetStore.open(place, create=False)
        stack.callback(store.close)
        turns = turns_at(place)
        stack.callback(turns.close)
        room = DeskRoom(FleetDesk(Fleet(), store), turns)
        courier = courier_of(room, state, clock, report)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(FleetLoops(room, clock, report, courier=courier).run)
            await trio.to_thread.run_sync(sys.stdin.buffer.read, abandon_on_cancel=True)
            nursery.cancel_scope.cancel()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
