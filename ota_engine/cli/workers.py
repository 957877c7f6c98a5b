"""Processes beside a server that do their share of what is due in its fleet; decides nothing.

Each is ``zota campaign run`` on the same state folder. One that dies is started again, later every time.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import trio

from ota_engine.backoff import doubled
from ota_engine.errors import LocalError
from ota_engine.store.location import SqlitePlace, StorePlace

MOST: Final = 32
STOPPING_S: Final = 10.0  # for what one of them has begun
FIRST_S: Final = 1.0  # before one that died is started again
LONGEST_S: Final = 60.0


def refuse_workers(number: int, place: StorePlace) -> None:
    """See whether several processes may work for a fleet.

    Raises:
        LocalError: its database is a file, which one process has.
    """
    if number > 1 and isinstance(place, SqlitePlace):
        raise LocalError(
            f"--workers {number}: {place} is a file, which one process writes: leave --workers out, or"
            " move the fleet to PostgreSQL (zota store move)"
        )


async def run_workers(state: Path, number: int, report: Callable[[str], None]) -> None:
    """Have so many processes do what is due, until cancelled; they end by themselves then.

    Args:
        state: the state folder.
        number: of them.
        report: is told, in one line, of every one that died.
    """
    command = [sys.executable, "-m", "ota_engine", "campaign", "run", "--state", str(state)]
    async with trio.open_nursery() as nursery:
        for _ in range(number):
            nursery.start_soon(_keep_running, command, report)


async def _keep_running(command: list[str], report: Callable[[str], None]) -> None:
    failures = 0
    while True:
        begun = trio.current_time()
        ended = await trio.run_process(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            deliver_cancel=_end,
        )
        failures = 1 if trio.current_time() > begun + LONGEST_S else failures + 1
        report(f"a worker has ended with {ended.returncode}; another one is started")
        await trio.sleep(doubled(FIRST_S, LONGEST_S, failures))


async def _end(process: trio.Process) -> None:
    """Let a process end what it does, and kill it where that lasts too long."""
    process.terminate()
    with trio.move_on_after(STOPPING_S):
        await process.wait()
        return
    process.kill()
