"""Who may hear of an outcome: names of parties, and the one text they are kept as; pure.

An outcome names its audience, a sink speaks for one party, and a sink is told only of outcomes whose
audience has that party in it. Names are lower case without spaces, so that the text can be searched
for one of them on any database.
"""

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from ota_engine.errors import LocalError
from ota_engine.wording import one_line

OPERATORS: Final = "operators"  # whoever runs this engine
MAX_NAME: Final = 40  # characters

Audience: TypeAlias = frozenset[str]
#: Of every outcome that names nobody else.
OPERATORS_ONLY: Final[Audience] = frozenset({OPERATORS})

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.:-]*[a-z0-9])?")


def party(name: str) -> str:
    """Take a name for a party: ``operators``, an EUI-64 in lower case.

    Raises:
        LocalError: it is none.
    """
    if len(name) > MAX_NAME or _NAME.fullmatch(name) is None:
        raise LocalError(
            f"{one_line(name)!a} names no audience: give 1 to {MAX_NAME} of a-z, 0-9, '-', '.', ':'"
        )
    return name


def audience_text(parties: Iterable[str]) -> str:
    """Write an audience the one way: names sorted, one space between two.

    Raises:
        LocalError: one of them is no name.
    """
    return " ".join(sorted(map(party, parties)))


def read_audience(text: str) -> Audience:
    """Read an audience back; a text without names is one that nobody is in.

    Raises:
        ValueError: it was not written by ``audience_text``.
    """
    names = frozenset(text.split(" ")) if text else frozenset()
    if any(_NAME.fullmatch(name) is None for name in names):
        raise ValueError(f"{one_line(text)!a} names no audience")
    return names
