"""How a defect of a database is told; knows no table."""

from typing import NamedTuple

MOST = 20  # findings of one look; a broken table must not print a million lines
RESTORE = "move the database away and restore a backup"


class StoreFinding(NamedTuple):
    """One thing that is wrong: where, what, and what to do."""

    where: str
    problem: str
    remedy: str
