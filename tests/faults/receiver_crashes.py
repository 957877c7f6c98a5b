"""A sender that is gone before any line of its delivery, run as a program: ``DIRECTORY URL RECORDS STEP``.

A child tells a receiver an outcome, and is gone before the n-th line of the functions between
reading a letter and marking it told. After each, a sound process completes the delivery, and the
receiver must hold every outcome exactly once.
"""

import json
import sys
from pathlib import Path

import trio

from ota_engine.store.dispatches import Dispatches
from ota_engine.store.store import Store
from ota_engine.telling.courier import Courier
from ota_engine.telling.dispatch import Dispatched, dispatch
from ota_engine.telling.http_sink import HttpSink
from ota_engine.wall_clock import this_machine
from tests.crashes import crash_at_every_line
from tests.store.samples import outcome

TELLING = (
    Courier._round,
    Courier._note,
    HttpSink.tell,
    HttpSink._post,
    Dispatches.delivered,
    Dispatches._settle,
)


def tell(folder: Path, url: str, point: int) -> None:
    with Store.open(folder / "zota.db", durable=False) as store:
        store.apply([outcome(str(point))])
    deliver(folder, url)


def deliver(folder: Path, url: str) -> Dispatched:
    async def perform() -> Dispatched:
        async with HttpSink(url) as sink:
            return await dispatch(
                folder / "zota.db", sink, seconds=30, wall_clock=this_machine, report=fail
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
    points = crash_at_every_line(
        TELLING,
        lambda point: tell(folder, url, point),
        lambda _: complete(folder, url, records),
        int(sys.argv[4]),
    )
    sys.stdout.write(f"{points}\n")


if __name__ == "__main__":
    main()
