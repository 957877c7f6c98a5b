"""How zota words things: text from outside made safe to store, show and log; times."""

import re
from datetime import UTC, datetime
from typing import Final

from ota_engine.times import Utc

LONGEST = 200  # characters of a reason or name that came from outside


def one_line(text: str) -> str:
    """Escape what is not printable (line breaks, terminal codes, lone surrogates) and cut."""
    escaped = printable(text[: LONGEST + 1])
    return escaped if len(escaped) <= LONGEST else escaped[: LONGEST - 1] + "…"


def printable(text: str) -> str:
    """Escape what is not printable, and cut nothing."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


_SECRET_PARAMETER: Final = re.compile(
    r"([?&][^=&#]*(?:token|secret|passw|apikey|api_key|signature)[^=&#]*=)[^&#]+", re.IGNORECASE
)


def without_credentials(text: str) -> str:
    """Write ``***`` for what a URL gives away: user and password, and parameters that are secrets.

    Args:
        text: one word of a command: a URL, an option with one (``--outcomes-to=URL``), anything.
    """
    scheme, mark, rest = text.partition("://")
    if not mark:
        return text
    rest = _SECRET_PARAMETER.sub(r"\1***", rest)
    _, at, host = rest.rpartition("@")  # the last one: a password may hold anything
    rest = f"***@{host}" if at else rest
    return f"{scheme}://{rest}"


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: ``1 device``, ``1,200 devices``.

    Args:
        number: how many.
        one: the noun of one.
        many: of several, where that is not the noun with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def utc_text(utc: Utc) -> str:
    """Write seconds since 1970-01-01 as a date and time; one that no calendar has stays a number."""
    try:
        return datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{utc:.0f} seconds after 1970"
