"""One language: a public class name means one thing in the whole program, whichever room one reads."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("images", "ota_engine", "emulators", "hw")
HUB = ("ota_engine", "hub")  # its parts are rooms of their own

#: Names that more than one room gives to something of its own, and why readers are not misled.
ALLOWED: dict[str, str] = {}


def room(path: Path) -> str:
    """The package a module lies in: ``images``, ``ota_engine.zcl``, ``ota_engine.hub.delivery``."""
    folders = path.relative_to(ROOT).parent.parts
    return ".".join(folders[: 3 if folders[:2] == HUB else 2])


def public_names(path: Path) -> Iterator[str]:
    """Classes and type aliases of a module, and classes it imports under another name."""
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if looks_like_a_class(name) and not is_option(value):
                    yield name
            case ast.ImportFrom(names=names):
                yield from (
                    one.asname
                    for one in names
                    if one.asname and one.asname != one.name and looks_like_a_class(one.asname)
                )


def looks_like_a_class(name: str) -> bool:
    return name[0].isupper() and not name.isupper()


def is_option(value: ast.expr) -> bool:
    """Whether it is an option of a command, named as users know it, or a place for any type."""
    match value:
        case ast.Subscript(value=ast.Name(id="Annotated")):
            return True
        case ast.Call(func=ast.Name(id="TypeVar")):
            return True
    return False


def test_no_public_class_name_is_used_in_two_rooms() -> None:
    rooms: defaultdict[str, set[str]] = defaultdict(set)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for name in public_names(path):
                if not name.startswith("_"):
                    rooms[name].add(room(path))
    assert len(rooms) > 500, "hardly a name was found: the test looks in the wrong place"
    shared = {name: sorted(where) for name, where in rooms.items() if len(where) > 1}
    assert {name: where for name, where in shared.items() if name not in ALLOWED} == {}
    assert ALLOWED.keys() <= shared.keys(), "an exception that nobody needs any more"
