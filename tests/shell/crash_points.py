"""A crash before every single line of the delivery, run as a program: ``DIRECTORY``.

A child delivers two outcomes, and is gone without a word before the n-th line that it would execute
of the functions that change store or sink; for every n until one child gets through. No handler runs in it, as with
a power cut of the process. After each, a sound process must complete the delivery.
"""

import json
import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from ota_engine.shell import json_lines, line_file
from ota_engine.shell.json_lines import JsonLinesSink, drain
from ota_engine.shell.line_file import LineFile
from ota_engine.store.deliveries import Deliveries
from ota_engine.store.store import Store
from ota_engine.store.writes import write_history
from tests.store.samples import outcome

CRASHED = 86
TRACED = {  # the functions that change anything, and their callers
    function.__code__
    for function in (
        json_lines.deliver,
        JsonLinesSink.__init__,
        JsonLinesSink.append,
        LineFile.__init__,
        LineFile.append,
        line_file._open_locked,
        line_file._cut_torn_line,
        Store.apply,
        Store.mark_delivered,
        Deliveries._settle,
        write_history,
    )
}


def deliver_and_crash(folder: Path, point: int) -> None:
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

    sys.settrace(before_line)
    with Store.open(folder / "zota.db", durable=False) as store:
        store.apply([outcome(f"{point}a"), outcome(f"{point}b")])
        with JsonLinesSink(folder / "outcomes.jsonl") as sink:
            drain(store, sink)
    os._exit(0)


def complete(folder: Path) -> None:
    """Deliver what is left; then the sink holds what the store holds, each once, in order."""
    with Store.open(folder / "zota.db", durable=False) as store:
        with JsonLinesSink(folder / "outcomes.jsonl") as sink:
            drain(store, sink)
        expected = [recorded.key for recorded in store.outcomes()]
    lines = (folder / "outcomes.jsonl").read_text().splitlines()
    assert [json.loads(line)["key"] for line in lines] == expected


def main() -> None:
    folder = Path(sys.argv[1])
    complete(folder)
    point, status = 0, CRASHED
    while status == CRASHED:
        point += 1
        child = os.fork()
        if child == 0:
            deliver_and_crash(folder, point)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        complete(folder)
    assert status == 0, f"the child failed by itself at point {point}"
    sys.stdout.write(f"{point}\n")


if __name__ == "__main__":
    main()
