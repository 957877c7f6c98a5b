"""A sender that is gone before any line of its delivery, run as a program: ``DIRECTORY URL RECORDS``.

A child tells a head end an outcome, and dies without a word before the n-th line that it would
execute of the functions between reading a letter and marking it told; for every n until one child
gets through. After each, a sound process completes the delivery, and the head end must hold every
outcome exactly once.
"""

import json
import os
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import trio

from ota_engine.shell.courier import Courier
from ota_engine.shell.dispatch import Dispatched, dispatch
from ota_engine.shell.http_sink import HttpSink
from ota_engine.store.deliveries import Deliveries
from ota_engine.store.store import Store
from tests.store.samples import outcome

CRASHED = 86
TRACED = {
    function.__code__
    for function in (
        Courier._round,
        Courier._note,
        HttpSink.tell,
        HttpSink._post,
        Deliveries.delivered,
        Deliveries._settle,
    )
}


def tell_and_crash(folder: Path, url: str, point: int) -> None:
    left = point

    def before_line(frame: FrameType, what: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code not in TRACED:
            return None
        if what == "line":
            left -= 1
            if left == 0:
                os._exit(CRASHED)
        return before_line

    with Store.open(folder / "zota.db", durable=False) as store:
        store.apply([outcome(str(point))])
    sys.settrace(before_line)
    deliver(folder, url)
    os._exit(0)


def deliver(folder: Path, url: str) -> Dispatched:
    async def perform() -> Dispatched:
        async with HttpSink(url) as sink:
            return await dispatch(
                folder / "zota.db", sink, seconds=30, wall_clock=time.time, report=fail
            )

    return trio.run(perform)


def fail(line: str) -> None:
    raise AssertionError(line)


def complete(folder: Path, url: str, records: Path) -> None:
    done = deliver(folder, url)
    assert (done.waiting, done.dead) == (0, 0)
    with Store.inspect(folder / "zota.db") as store:
        expected = [told.key for told in store.outcomes()]
    found = [json.loads(line)["id"] for line in records.read_text().splitlines()]
    assert found == expected, f"{found} instead of {expected}"


def main() -> None:
    folder, url, records = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    point, status = 0, CRASHED
    while status == CRASHED:
        point += 1
        child = os.fork()
        if child == 0:
            tell_and_crash(folder, url, point)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        complete(folder, url, records)
    assert status == 0, f"the child failed by itself at point {point}"
    sys.stdout.write(f"{point}\n")


if __name__ == "__main__":
    main()
