"""A crash before every single line that changes a catalogue, run as a program: ``DIRECTORY``.

A child makes a catalogue, adds an image, approves it, adds a second one and removes that again, and is
gone without a word before the n-th line that it would execute of the functions that change anything; for
every n until one child gets through. After each, what is listed must be whole, and a sound process must
be able to do it all again and leave nothing behind.
"""

import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from images.catalogue import Order, Status
from ota_engine.catalogue import desk, disk
from ota_engine.catalogue.desk import decide, remove
from ota_engine.catalogue.folder import Catalogue, Writing
from tests.catalogue.samples import ANNE, NAME, VERSION, ota, put

CRASHED = 86
SECOND = f"121D-0084-{VERSION + 1:08X}"
TRACED = {  # the functions that change anything, and their callers
    function.__code__
    for function in (
        disk.write_durably,
        disk.delete_durably,
        disk.flush_folder,
        Catalogue.made.__func__,  # type: ignore[attr-defined]
        Catalogue._sweep,
        Writing.add,
        Writing.restore,
        Writing.replace,
        Writing.remove,
        desk.add,
        desk.decide,
        desk.remove,
    )
}


def work(folder: Path) -> None:
    """Everything that changes a catalogue, once."""
    catalogue = Catalogue.made(folder)
    put(catalogue, ota())
    with catalogue.writing() as writing:
        if writing.listed[next(iter(writing.listed))].status is Status.DRAFT:
            decide(writing, NAME, Order.APPROVE, ANNE, "")
    put(catalogue, ota(version=VERSION + 1))
    with catalogue.writing() as writing:
        remove(writing, SECOND)


def work_and_crash(folder: Path, point: int) -> None:
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
    work(folder)
    os._exit(0)


def look_over(folder: Path) -> None:
    """Whatever is listed after a crash is whole; then all the work can be done, and leaves no litter."""
    if (folder / "zota-catalogue.json").exists():
        catalogue = Catalogue(folder)
        assert list(catalogue.check()) == []
        assert {entry.name for entry in catalogue.entries()} <= {NAME, SECOND}
        for entry in catalogue.entries():
            assert len(catalogue.octets(entry)) == entry.size
    work(folder)
    catalogue = Catalogue(folder)
    (entry,) = catalogue.entries()
    assert (entry.name, entry.status) == (NAME, Status.APPROVED)
    assert [step.what for step in entry.history] == ["added", "approved"]
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    kept = {f"images/{entry.sha256}", f"entries/{entry.sha256}.json"}
    assert files == {".lock", "zota-catalogue.json", *kept}


def main() -> None:
    top = Path(sys.argv[1])
    point, status = 0, CRASHED
    while status == CRASHED:
        point += 1
        folder = top / str(point)
        child = os.fork()
        if child == 0:
            work_and_crash(folder, point)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        look_over(folder)
    assert status == 0, f"the child failed by itself at point {point}"
    sys.stdout.write(f"{point}\n")


if __name__ == "__main__":
    main()
