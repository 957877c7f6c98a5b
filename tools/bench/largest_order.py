"""Memory of taking the largest order: ``python largest_order.py FOLDER`` prints the peak in megabytes.

A program of its own, because the peak of a process never falls. The folder is that of a head end; the
request comes on standard input.
"""

import sys
from pathlib import Path

from clocks import peak_memory

from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.orders.events import WebService
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.intake import Intake
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis.notary import Notary
from ota_engine.head_end.image_shelf import ImageShelf
from ota_engine.store.fleet.book import FleetStore
from ota_engine.wall_clock import this_machine


def take(folder: Path, octets: bytes) -> float:
    """Take one order in a head end's folder; returns the peak."""
    keys = DuisKeys(folder / "keys", lambda _: None)
    store = FleetStore.open(folder / "fleet.sqlite")
    intake = Intake(keys, ImageShelf(folder / "images"))
    utc = this_machine()
    received = intake.take(octets, WebService.DCC_ONLY, utc)
    del octets
    desk = FleetDesk(Fleet(), store, Notary(keys.own))
    (answer,) = desk.serve([received], utc)
    if answer.code.startswith("E"):
        sys.exit(f"refused: {answer.code}")
    while due := desk.due(utc):
        for event in due:  # a commit each, as the head end does
            desk.handle([event], utc)
    store.close()
    return peak_memory()


if __name__ == "__main__":
    print(take(Path(sys.argv[1]), sys.stdin.buffer.read()))
