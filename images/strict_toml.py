"""TOML from strangers: bounded work, and one error for all that is wrong; knows no file and no schema."""

import tomllib
from typing import Any, Final

MAX_DOTS: Final = 250  # on a line; a key of n parts costs the parser n * n words
_LONGEST: Final = 200  # characters of what the parser says, which may quote a whole line


def read_toml(text: str) -> dict[str, Any]:
    """Read TOML.

    Args:
        text: anything.

    Raises:
        tomllib.TOMLDecodeError: it is none, nested too deep, or has a number of too many digits or
            a line of too many dots; the text is one line.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MAX_DOTS:
            raise tomllib.TOMLDecodeError(f"line {number} has more than {MAX_DOTS} dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError("nested too deeply") from None
    except ValueError as error:  # the parser's own, and a number of too many digits
        said = ascii(str(error)[:_LONGEST])[1:-1]
        raise tomllib.TOMLDecodeError(said) from None
