"""What events of one kind are used to want, so that it is loaded before they are handled; pure.

A handler that wants rows is run again once they are there. What every event of its kind wants, such as
the campaign's rules, is thereby wanted one thing after the other in each commit anew. What was wanted
twice is loaded beforehand from then on; it changes nothing but the order of loading.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final

from ota_engine.fleet.fleet import Due, FleetEvent
from ota_engine.fleet.kernel.rows import Ask, RowKey, Select
from ota_engine.fleet.port import HubOutcome

MOST_USUAL: Final = 12  # asks for rows of one kind; of more, each is for one home or so
MOST_NOTED: Final = 64  # asks of one event; more are for many homes, and come but once
MOST_SEEN: Final = 4_000  # asks that were wanted once


class Habits:
    """What was wanted, by kind of event."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Any, Ask], None] = {}
        self._usual: dict[Any, dict[type[Any], dict[Ask, None]]] = {}

    def of(self, events: Iterable[FleetEvent]) -> Iterable[Ask]:
        """Name what events like these are used to want."""
        asks: dict[Ask, None] = {}
        for kind in {kind_of(event) for event in events}:
            for usual in self._usual.get(kind, {}).values():
                if len(usual) <= MOST_USUAL:
                    asks.update(usual)
        return asks

    def note(self, event: FleetEvent, asks: Collection[Ask]) -> None:
        """Take note of what an event wanted and had not; not of rows of many homes at once."""
        if len(asks) > MOST_NOTED:
            return
        kind = kind_of(event)
        if len(self._seen) > MOST_SEEN:  # campaigns come and go: learn anew
            self._seen.clear()
            self._usual.clear()
        for ask in asks:
            if (kind, ask) not in self._seen:
                self._seen[kind, ask] = None
            elif isinstance(ask, RowKey | Select) and _is_small(ask):
                usual = self._usual.setdefault(kind, {}).setdefault(ask.kind, {})
                if len(usual) <= MOST_USUAL:
                    usual[ask] = None


def kind_of(event: FleetEvent) -> object:
    """Say of which kind an event is: those of one kind want rows of the same kinds."""
    if isinstance(event, HubOutcome):
        return event.word
    return type(event.row) if isinstance(event, Due) else type(event)


def _is_small(ask: RowKey | Select) -> bool:
    """Whether it costs little to load it, wanted or not, and says the same at another time."""
    return isinstance(ask, RowKey) or (not ask.at_most and ask.limit is None)
