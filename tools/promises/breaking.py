"""Says what would break for whoever imports promised names: the code against the last release.

A release keeps the declarations of all promised names as stubs, a file for each module, in ``released/``.
Knows how griffe compares two packages, and nothing of pages.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import griffe
from promised import HERE, Level, Package
from stubs import declaration, formatted

RELEASED: Final = HERE / "released"
HEAD: Final = "# Declarations as released; written by `python tools/promises --release`.\n"


class Break(NamedTuple):
    """What breaks, in a line, and how firmly it was promised."""

    level: Level
    text: str


def write(root: Path, packages: tuple[Package, ...], folder: Path) -> None:
    """Write the stubs of all promised names.

    Raises:
        LookupError: one of them is not there.
    """
    shutil.rmtree(folder, ignore_errors=True)
    rooms = [room for package in packages for room in package.rooms]
    whole = [
        "\n".join(declaration(root, room.module, name).text for name in room.names)
        for room in rooms
    ]
    for room, text in zip(rooms, formatted(whole), strict=True):
        path = folder.joinpath(*room.module.split("."), "__init__.pyi")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{HEAD}\n{text}\n", "utf-8")
        for above in list(path.relative_to(folder).parents)[1:-1]:
            (folder / above / "__init__.pyi").touch()


def breaks(root: Path, packages: tuple[Package, ...], released: Path = RELEASED) -> Iterator[Break]:
    """Compare the code with what was released.

    Raises:
        LookupError: a name that is promised is not there.
    """
    logging.getLogger("griffe").setLevel(logging.ERROR)
    levels = {room.module: room.level for package in packages for room in package.rooms}
    with tempfile.TemporaryDirectory(prefix="zota-promises-") as name:
        write(root, packages, Path(name))
        for package in packages:
            if not (released / package.name).is_dir():
                continue  # promised since the last release
            before, after = _loaded(package, released), _loaded(package, Path(name))
            for found in griffe.find_breaking_changes(before, after):
                place = found.obj.canonical_path
                module = max(
                    (one for one in levels if place.startswith(f"{one}.")), key=len, default=""
                )
                level: Level = levels.get(module, "stable")
                yield Break(level, _line(found, place))


def _loaded(package: Package, folder: Path) -> griffe.Object | griffe.Alias:
    """Read a package's stubs, and not the package of that name that lies beside us."""
    return griffe.load(
        package.name, search_paths=[folder], try_relative_path=False, allow_inspection=False
    )


def _line(found: griffe.Breakage, place: str) -> str:
    details = " -> ".join(
        str(value) for value in (found.old_value, found.new_value) if isinstance(value, str | int)
    )
    return f"{place}: {found.kind.value}" + (f" ({details})" if details else "")
