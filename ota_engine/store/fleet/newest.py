"""Reads what is newest of rows that are many, off the index that has the few that are meant."""

import sqlite3
from typing import Final

from ota_engine.fleet.notices.rows import Notice
from ota_engine.store.fleet.forms import FORMS

_FORM: Final = FORMS[Notice]
#: One for each home that was activated is no news; the index is of all others.
_NEWEST: Final = (
    f"SELECT {', '.join(_FORM.names)} FROM notices"  # noqa: S608 - our own words
    " INDEXED BY ix_notices_some_subject_party WHERE party = ? AND kind <> 'activated'"
    " ORDER BY created_utc DESC, notice LIMIT ?"
)


def newest_notices(driver: sqlite3.Connection, party: str, most: int) -> list[Notice]:
    """Read the newest notices to a party, but for those that say that a single device was activated."""
    return [_FORM.read(row) for row in driver.execute(_NEWEST, (party, most))]
