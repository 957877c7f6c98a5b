"""A crash before every single line of the delivery, run as a program: ``DIRECTORY STEP``.

A child delivers two outcomes, and is gone before the n-th line of the functions that change
store or sink. After each, a sound process must complete the delivery.
"""

import json
import sys
from pathlib import Path

from ota_engine.store.dispatches import Dispatches
from ota_engine.store.store import Store
from ota_engine.store.writes import write_history
from ota_engine.telling import line_file
from ota_engine.telling.courier import Courier
from ota_engine.telling.dispatch import drain
from ota_engine.telling.json_lines import JsonLinesSink
from ota_engine.telling.line_file import LineFile
from tests.crashes import crash_at_every_line
from tests.store.samples import outcome

CHANGING = (  # the functions that change anything, and their callers
    Courier._round,
    Courier._note,
    JsonLinesSink.tell,
    JsonLinesSink.__init__,
    JsonLinesSink.append,
    LineFile.__init__,
    LineFile.append,
    line_file._open_locked,
    line_file._cut_torn_line,
    Store.apply,
    Dispatches.delivered,
    Dispatches._settle,
    write_history,
)


def work(folder: Path, point: int) -> None:
    with Store.open(folder / "zota.db", durable=False) as store:
        store.apply([outcome(f"{point}a"), outcome(f"{point}b")])
        with JsonLinesSink(folder / "outcomes.jsonl", inline=True) as sink:
            drain(store, sink)


def complete(folder: Path) -> None:
    """Deliver what is left; then the sink holds what the store holds, each once, in order."""
    with Store.open(folder / "zota.db", durable=False) as store:
        with JsonLinesSink(folder / "outcomes.jsonl", inline=True) as sink:
            drain(store, sink)
        expected = [recorded.key for recorded in store.outcomes()]
    lines = (folder / "outcomes.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == expected


def main() -> None:
    folder = Path(sys.argv[1])
    complete(folder)
    points = crash_at_every_line(
        CHANGING,
        lambda point: work(folder, point),
        lambda _: complete(folder),
        int(sys.argv[2]),
    )
    sys.stdout.write(f"{points}\n")


if __name__ == "__main__":
    main()
