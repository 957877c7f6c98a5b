"""Where a stranger's index may send us: below its own folder, and nowhere else."""

from typing import Final
from urllib.parse import unquote

from images.errors import ImageError

MAX_PARTS: Final = 16  # folders deep
MAX_PART: Final = 255  # characters of a file name; what Linux can store
MAX_TAILS: Final = 8  # places one URL may stand for


def places(place: str) -> tuple[tuple[str, ...], ...]:
    """Where below the index's folder a file may lie, best guess first.

    A path says it. A URL is never followed; but its end often is the file's path in the folder that was
    published, so every tail of its path is a place: ``images/maker/a.ota``, ``maker/a.ota``, ``a.ota``.

    Raises:
        ImageError: a path that ``place_parts`` refuses. A URL without a usable end gives no place.
    """
    if not place:
        return ()
    if "://" not in place:
        return (place_parts(place),)
    path = place.partition("://")[2].partition("?")[0].partition("#")[0].partition("/")[2]
    try:
        parts = place_parts("/".join(unquote(path).rsplit("/", MAX_TAILS)[-MAX_TAILS:]))
    except ImageError:
        return ()
    return tuple(parts[start:] for start in range(len(parts)))


def place_parts(place: str) -> tuple[str, ...]:
    """Take a relative path apart.

    Raises:
        ImageError: it is absolute, climbs, is no path of files at all, or is longer than one.
    """
    if not place.isprintable():
        raise ImageError(f"the place {place[:40]!a} holds what no file name should")
    if len(place) > MAX_PARTS * MAX_PART:
        raise ImageError(f"the place {place[:40]!a}.. has {len(place)} characters")
    if place.startswith("/") or "\\" in place or ":" in place:
        raise ImageError(f"the place {place[:80]!a} is no relative path: no index leads elsewhere")
    parts = tuple(part for part in place.split("/") if part not in ("", "."))
    if ".." in parts:
        raise ImageError(f"the place {place[:80]!a} leaves the folder of the index")
    if not parts or len(parts) > MAX_PARTS or max(map(len, parts)) > MAX_PART:
        raise ImageError(f"the place {place[:80]!a} cannot be that of a file")
    return parts
