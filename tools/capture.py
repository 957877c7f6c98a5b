"""Draws docs/demo.svg: the demo's table in mid delivery, and its summary, as a terminal shows them.

Run by path: ``python tools/capture.py``. Runs the real demonstration; nothing is typed in.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from emulators.cli.demo import stage_lines, summary_lines
from emulators.demo.demonstration import play
from emulators.demo.staging import sample_firmware, stage
from emulators.simulation.journal import Journal
from ota_engine.cli.columns import Room
from ota_engine.cli.progress import RateMeter
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.store.store import Store

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "demo.svg"
AT = 78.0  # virtual seconds: everybody is under way
ROOM = Room(92, 40)


def main() -> None:
    """Run the demonstration and write the picture."""
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
        console.save_svg(str(PICTURE), title="zota demo", unique_id="zota-demo")


if __name__ == "__main__":
    main()
