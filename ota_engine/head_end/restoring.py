"""Makes a restored state fit for now; knows rows, no file.

Time went on since the back-up, and not all of it can be learnt again: whoever was shut out since would
come in, and counters that hubs have used since would be used a second time. The rest comes back by itself:
gateways tell again what they have told since, under the same names, and parties are told again likewise.
"""

from dataclasses import replace
from typing import Final

from ota_engine.fleet.gateways.moving import beyond
from ota_engine.fleet.gateways.rows import HomeCounter
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import Changed, Select, key_of
from ota_engine.head_end.access.book import LOCAL_ACTOR
from ota_engine.head_end.access.forgetting import forget_ways_in
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc

AT_ONCE: Final = 10_000  # counters that are written in one go


def make_fit(store: FleetStore, of_utc: Utc, utc: Utc) -> None:
    """Let nobody in by what was then, and let no counter of then be used again.

    Args:
        store: of the restored state; nobody uses it yet.
        of_utc: of when the state is.
        utc: now.

    Raises:
        StoreError: the database failed.
    """
    forget_ways_in(store, utc)
    with store.transaction():
        counters: list[HomeCounter] = store.select(Select(HomeCounter))
        for start in range(0, len(counters), AT_ONCE):
            changes = [
                Changed(key_of(row), row, replace(row, highest=beyond(row.highest, utc)))
                for row in counters[start : start + AT_ONCE]
            ]
            store.keep(changes, (), utc)
        told = {"of_utc": of_utc, "counters": len(counters)}
        store.keep((), [AuditNote(LOCAL_ACTOR, "restored", "fleet", told)], utc)
