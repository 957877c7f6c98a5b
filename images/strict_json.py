"""JSON from strangers: one meaning per text, bounded work; knows no file and no schema."""

import json
from typing import Any, Final, NoReturn

from images.errors import ImageError

MAX_BYTES: Final = 8 * 1024 * 1024  # a text of brackets takes thirty times its size in memory


def read_json(text: bytes | str, what: str, most: int = MAX_BYTES) -> Any:
    """Read JSON in which no key stands twice in an object and every number is one.

    Args:
        text: anything.
        what: how the text is called in an error: ``the index``.
        most: bytes or characters above which it is not read at all.

    Raises:
        ImageError: it is no such JSON, nested too deep, or too large.
    """
    if len(text) > most:
        raise ImageError(f"{what} is larger than {most >> 10} KiB: more than is read of one")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except _RepeatedKey as error:
        raise ImageError(f"{what} has the key {error.args[0]!a} twice in one object") from None
    except (ValueError, RecursionError):
        raise ImageError(f"{what} is not JSON") from None


class _RepeatedKey(Exception):  # noqa: N818 - caught above, never seen by anybody else
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RepeatedKey(key[:40])
            seen.add(key)
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)
