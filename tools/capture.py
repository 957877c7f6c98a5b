"""Draws docs/demo.svg and docs/demo-head-end.svg: both demonstrations, as a terminal shows them.

Run by path: ``python tools/capture.py [demo|demo-head-end]``. Runs the real ones; nothing is typed in.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import trio
from rich.console import Console

from emulators.cli.demo import stage_lines, summary_lines
from emulators.cli.demo_head_end import ending_lines, line_texts
from emulators.demo.demonstration import play
from emulators.demo.head_end.performance import HeadEndWatch, perform_head_end
from emulators.demo.head_end.staging import stage_head_end
from emulators.demo.head_end.told import DemoLine
from emulators.demo.staging import sample_firmware, stage
from emulators.simulation.journal import Journal
from ota_engine.cli.columns import Room
from ota_engine.cli.gateways import image_finder
from ota_engine.cli.progress import RateMeter
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.store.store import Store

DOCS = Path(__file__).resolve().parent.parent / "docs"
AT = 78.0  # virtual seconds: everybody is under way
ROOM = Room(92, 40)


def draw_demo() -> None:
    """Run the demonstration, and draw its table in mid delivery and its summary."""
    demonstration = stage(sample_firmware(), "sample firmware")
    with TemporaryDirectory() as scratch, Path(scratch, "screen").open("w") as nowhere:
        console = Console(record=True, width=ROOM.columns, file=nowhere, force_terminal=True)
        meter = RateMeter()

        def watch(now: float, statuses: Sequence[SessionStatus]) -> None:
            meter.read(statuses, now)
            if now == AT:
                console.print("$ make demo")
                for line in stage_lines(now, statuses, demonstration.names, meter, ROOM):
                    console.print(line)

        with Store.in_memory() as store:
            endings = play(demonstration, store, Journal(), watch)
        for line in summary_lines(endings, ROOM.columns):
            console.print(line)
        console.print("every device runs the delivered file, byte for byte")
        console.save_svg(str(DOCS / "demo.svg"), title="zota demo", unique_id="zota-demo")


def draw_head_end() -> None:
    """Run the demonstration of a head end, and draw all that is said."""
    with TemporaryDirectory() as scratch, Path(scratch, "screen").open("w") as nowhere:
        console = Console(record=True, width=ROOM.columns, file=nowhere, force_terminal=True)
        console.print("$ zota demo --head-end")

        def said(line: DemoLine) -> None:
            for text in line_texts(line, ROOM.columns):
                console.print(text, soft_wrap=True)

        folder = Path(scratch, "evidence")
        folder.mkdir()
        ending = trio.run(
            perform_head_end,
            stage_head_end(datetime.now(UTC)),
            folder,
            lambda images: image_finder([images]),
            HeadEndWatch(said, lambda now, statuses: None),
        )
        for text in ending_lines(ending, ROOM.columns):
            console.print(text, soft_wrap=True)
        title, name = "zota demo --head-end", "demo-head-end"
        console.save_svg(str(DOCS / f"{name}.svg"), title=title, unique_id=f"zota-{name}")


def main() -> None:
    """Draw the pictures that are named, or both."""
    for name in sys.argv[1:] or DRAWN:
        DRAWN[name]()


DRAWN = {"demo": draw_demo, "demo-head-end": draw_head_end}

if __name__ == "__main__":
    main()
