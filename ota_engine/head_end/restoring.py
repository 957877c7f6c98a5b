"""Makes a restored state fit for now; knows rows, no file.

Time went on since the back-up, and not all of it can be learnt again: whoever was shut out since would
come in, and counters that hubs have used since would be used a second time. The rest comes back by itself:
gateways tell again what they have told since, under the same names, and parties are told again likewise.
"""

from dataclasses import replace

from ota_engine.fleet.gateways.moving import beyond
from ota_engine.fleet.gateways.rows import HomeCounter
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import Rows, Select, key_of
from ota_engine.head_end.access.forgetting import forget_ways_in
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc

ACTOR = "state folder"
AT_ONCE = 10_000  # counters in one commit


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
            rows = Rows()
            part = counters[start : start + AT_ONCE]
            rows.load_all((key_of(row), row) for row in part)
            for row in part:
                rows.change(key_of(row), replace(row, highest=beyond(row.highest, utc)))
            store.keep(rows.changes(), (), utc)
        told = {"of_utc": of_utc, "counters": len(counters)}
        store.keep((), [AuditNote(ACTOR, "restored", "fleet", told)], utc)
