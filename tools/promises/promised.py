"""What is promised of Python: packages, their rooms, and names with a level; reads ``promised.toml``."""

import tomllib
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast

HERE: Final = Path(__file__).resolve().parent
TABLE: Final = HERE / "promised.toml"

Level = Literal["stable", "provisional"]


class Room(NamedTuple):
    """Names of one module that are promised together.

    Attributes:
        module: from which they are imported.
        level: how firmly.
        since: the version of zota that promised them first.
        names: in the order in which a reader meets them.
    """

    module: str
    level: Level
    since: str
    names: tuple[str, ...]


class Package(NamedTuple):
    """A package at the top, in a sentence, and its rooms."""

    name: str
    about: str
    rooms: tuple[Room, ...]


def promised(table: Path = TABLE) -> tuple[Package, ...]:
    """Read the table."""
    rows = tomllib.loads(table.read_text("utf-8"))["package"]
    return tuple(
        Package(row["name"], row["about"], tuple(_room(room) for room in row["room"]))
        for row in rows
    )


def _room(row: dict[str, str | list[str]]) -> Room:
    names = tuple(row["names"])
    level = cast("Level", row["level"])
    if level not in ("stable", "provisional"):
        raise ValueError(f"{row['module']}: {level} is no level: stable or provisional")
    return Room(str(row["module"]), level, str(row["since"]), names)
