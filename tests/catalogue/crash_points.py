"""A crash before every single line that changes a catalogue, run as a program: ``DIRECTORY STEP``.

A child makes a catalogue, adds an image, approves it, adds a second one and removes that again, and is
gone before the n-th line of the functions that change anything. After each, what is listed must be
whole, and a sound process must be able to do it all again and leave nothing behind.
"""

import sys
from pathlib import Path

from images import files
from images.catalogue import ImageStatus, StatusDecision
from ota_engine.catalogue import desk, disk
from ota_engine.catalogue.desk import decide, remove
from ota_engine.catalogue.folder import Catalogue, Writing
from tests.catalogue.samples import ANNE, NAME, VERSION, ota, put
from tests.crashes import crash_at_every_line

SECOND = f"121D-0084-{VERSION + 1:08X}"
CHANGING = (  # the functions that change anything, and their callers
    disk.write_durably,
    disk.delete_durably,
    files.write_whole,
    files.flush_folder,
    Catalogue.made,
    Catalogue._sweep,
    Writing.add,
    Writing.restore,
    Writing.replace,
    Writing.remove,
    desk.add,
    desk.decide,
    desk.remove,
)


def work(folder: Path) -> None:
    """Everything that changes a catalogue, once."""
    catalogue = Catalogue.made(folder)
    put(catalogue, ota())
    with catalogue.writing() as writing:
        if writing.listed[next(iter(writing.listed))].status is ImageStatus.DRAFT:
            decide(writing, NAME, StatusDecision.APPROVE, ANNE, "")
    put(catalogue, ota(version=VERSION + 1))
    with catalogue.writing() as writing:
        remove(writing, SECOND)


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
    assert (entry.name, entry.status) == (NAME, ImageStatus.APPROVED)
    assert [step.what for step in entry.history] == ["added", "approved"]
    found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    kept = {f"images/{entry.sha256}", f"entries/{entry.sha256}.json"}
    assert found == {".lock", "zota-catalogue.json", *kept}


def main() -> None:
    top = Path(sys.argv[1])
    points = crash_at_every_line(
        CHANGING,
        lambda point: work(top / str(point)),
        lambda point: look_over(top / str(point)),
        int(sys.argv[2]),
    )
    sys.stdout.write(f"{points}\n")


if __name__ == "__main__":
    main()
