"""One event being handled: reads rows, gathers effects, and sees its own changes."""

from collections.abc import Iterable, Mapping
from typing import Any

from images.eui64 import Eui64
from ota_engine.fleet.kernel.effects import (
    AuditNote,
    Draw,
    Drop,
    FleetEffect,
    Join,
    Put,
    Reply,
    ServiceAnswer,
    Tally,
)
from ota_engine.fleet.kernel.rows import (
    Ask,
    Counts,
    R,
    Rows,
    RowsWanted,
    Select,
    Standees,
    Standings,
    Strata,
    key_of,
)


class Work:
    """What a handler reads from and writes to.

    Nothing of it counts before the handler has returned: one that wants rows is called again with a
    new one.

    Attributes:
        effects: what is wanted so far, in order.
    """

    __slots__ = ("_changed", "_kinds", "_rows", "effects")

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._changed: dict[tuple[type[Any], tuple[Any, ...]], Any] = {}
        self._kinds: set[type[Any]] = set()  # of rows changed
        self.effects: list[FleetEffect] = []

    def get(self, kind: type[R], *values: Any) -> R | None:
        """Read one row, None where there is none.

        Raises:
            RowsWanted: it is not loaded.
        """
        if self._changed:
            key = kind, values
            if key in self._changed:
                row: R | None = self._changed[key]
                return row
        return self._rows.get(kind, *values)

    def missing(self, asks: Iterable[Ask]) -> list[Ask]:
        """Name those of some rows that are not at hand."""
        missing = self._rows.missing(asks)
        return [ask for ask in missing if ask not in self._changed] if self._changed else missing

    def require(self, asks: Iterable[Ask]) -> None:
        """Have rows at hand, all at once.

        Raises:
            RowsWanted: some of them are not loaded.
        """
        missing = self.missing(asks)
        if missing:
            raise RowsWanted(*missing)

    def select(
        self,
        kind: type[R],
        /,
        *,
        at_most: Mapping[str, Any] | None = None,
        order: tuple[str, ...] = (),
        limit: int | None = None,
        **where: Any,
    ) -> tuple[R, ...]:
        """Read rows by what is in them; see ``Rows.select``.

        Raises:
            RowsWanted: they are not loaded.
        """
        most = tuple((at_most or {}).items())
        return self.selected(Select(kind, tuple(where.items()), most, order, limit))

    def selected(self, wanted: Select) -> tuple[Any, ...]:
        """Read rows by what is in them, named beforehand; see ``select``.

        Raises:
            RowsWanted: they are not loaded.
        """
        found = self._rows.select(wanted)
        if wanted.kind not in self._kinds:
            return found
        mine = {key: row for key, row in self._changed.items() if key[0] is wanted.kind}
        kept = [row for row in found if key_of(row) not in mine]
        kept += [row for row in mine.values() if row is not None and wanted.takes(row)]
        return tuple(sorted(kept, key=wanted.place)[: wanted.limit])

    def strata(self, wanted: Strata) -> Mapping[str, int]:
        """Read how many targets each configuration set has.

        Raises:
            RowsWanted: it is not loaded.
        """
        return self._rows.strata(wanted)

    def counts(
        self, kind: type[Any], by: tuple[str, ...], **where: Any
    ) -> Mapping[tuple[Any, ...], int]:
        """Read how many rows there are by what is in them, as of the last commit.

        Returns:
            a number for each group of values of ``by`` that has rows.

        Raises:
            RowsWanted: it is not loaded.
        """
        return self._rows.counts(Counts(kind, by, tuple(where.items())))

    def standings(self, devices: tuple[Eui64, ...]) -> Standees:
        """Read how devices stand, as of the last commit; each is named once.

        Raises:
            RowsWanted: it is not loaded.
        """
        return self._rows.standings(Standings(devices))

    def put(self, row: Any) -> None:
        """Keep a row."""
        key = key_of(row)
        self._changed[key] = row
        self._kinds.add(key[0])
        self.effects.append(Put(key, row))

    def drop(self, row: Any) -> None:
        """Remove a row."""
        key = key_of(row)
        self._changed[key] = None
        self._kinds.add(key[0])
        self.effects.append(Drop(key))

    def tally(self, campaign: str, phase: int, state: str, reason: str, change: int) -> None:
        """Change a sum."""
        self.effects.append(Tally(campaign, phase, state, reason, change))

    def note(self, actor: str, action: str, subject: str, **detail: Any) -> None:
        """Write a line of the audit trail."""
        self.effects.append(AuditNote(actor, action, subject, detail))

    def draw(self, draw: Draw) -> None:
        """Draw the homes of a campaign."""
        self.effects.append(draw)

    def join(self, join: Join) -> None:
        """Let homes join a campaign."""
        self.effects.append(join)

    def reply(self, reply: Reply) -> None:
        """ServiceAnswer whoever asked."""
        self.effects.append(reply)

    def answer(self, answer: ServiceAnswer) -> None:
        """ServiceAnswer a service request."""
        self.effects.append(answer)


def apply(effects: Iterable[FleetEffect], rows: Rows) -> list[FleetEffect]:
    """Let what one event changed be what the next one reads.

    Returns:
        what else it wants.
    """
    others: list[FleetEffect] = []
    for effect in effects:
        if isinstance(effect, Put):
            rows.change(effect.key, effect.row)
        elif isinstance(effect, Drop):
            rows.change(effect.key, None)
        else:
            others.append(effect)
    return others
