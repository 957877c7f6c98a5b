"""Pages of long lists: how much is asked for, of which kind, and where the next begins; knows no list."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError

T = TypeVar("T")

MOST: Final = 1_000  # on one page


def bounded(most: int) -> int:
    """Give how many are asked for.

    Raises:
        LocalError: it is none, or too many for one page.
    """
    if not 0 < most <= MOST:
        raise LocalError(f"most: {most} at once: give 1 to {MOST:,}, and go on with more")
    return most


def refuse_other(text: str, kind: type[StrEnum]) -> None:
    """Refuse what is no word of a kind; nothing stands for all of them.

    Raises:
        LocalError: it is none.
    """
    if text and text not in list(kind):
        raise LocalError(f"{text[:40]!a} is none of {', '.join(kind)}")


def cursor(*values: Any) -> str:
    """Write where a page ended."""
    return canonical_json(values)


def place(after: str, *kinds: type[Any]) -> tuple[Any, ...] | None:
    """Read where the page before ended; None for the first page.

    Raises:
        LocalError: no page ended there.
    """
    if not after:
        return None
    try:
        values = json.loads(after)
    except (ValueError, RecursionError):
        values = None
    if isinstance(values, list) and list(map(type, values)) == list(kinds):
        return tuple(values)
    raise LocalError(f"after: {after[:40]!a} is where no page ends: take it from more of the last")


def cut(found: Sequence[T], most: int) -> tuple[tuple[T, ...], bool]:
    """Cut a page off what was found, one more than was asked for; and whether there is more."""
    return tuple(found[:most]), len(found) > most
