"""How far every outcome has come on its way to every sink; knows no sink but by name.

An outcome waits for each registered sink that may hear of it, and leaves that state only by being
delivered or by becoming a dead letter, which a person may queue again. Nothing is ever deleted.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from ota_engine.audience import OPERATORS, party
from ota_engine.errors import LocalError
from ota_engine.records import OutcomeRecord
from ota_engine.store import schema
from ota_engine.store.failures import mapped
from ota_engine.store.reads import read
from ota_engine.store.rows import COLUMNS, select
from ota_engine.store.schema import DispatchState
from ota_engine.store.writes import Statements
from ota_engine.times import Utc
from ota_engine.wording import one_line

_WAITING = schema.dispatches.c.state == sa.literal_column("'waiting'")  # as in the partial index
_FIELDS = len(COLUMNS[OutcomeRecord])


class PendingDispatch(NamedTuple):
    """An outcome on its way to one sink.

    Attributes:
        outcome: what to tell.
        sink: whom.
        state: how far it has come.
        attempts: how many failed so far.
        next_utc: when to try again, 0 for at once.
        problem: what was wrong the last time.
    """

    outcome: OutcomeRecord
    sink: str
    state: DispatchState
    attempts: int
    next_utc: Utc
    problem: str


class Dispatches:
    """What is on its way to whom; ``Store.dispatches``."""

    def __init__(self, connection: sa.Connection, place: str, write: Statements) -> None:
        self._connection = connection
        self._place = place
        self._write = write

    def register(self, sink: str, audience: str = OPERATORS) -> None:
        """From now on, and for all that happened before, tell this sink what its party may hear.

        Args:
            sink: its name.
            audience: the party it speaks for, the same for ever.

        Raises:
            LocalError: a name is none, or the sink was registered for another party.
            StoreError: the database failed.
        """
        _require_name(sink)
        party(audience)
        table = schema.sinks
        with mapped(self._place), self._connection.begin():
            self._connection.execute(self._write.sink, [{"name": sink, "audience": audience}])
            before = sa.select(table.c.audience).where(table.c.name == sink)
            known: str = self._connection.scalars(before).one()
            if known == audience:
                self._connection.execute(self._write.backlog, [{"this_sink": sink}])
        if known != audience:
            raise LocalError(
                f"the sink {sink!a} is told what {known} may hear, not {audience}: "
                "give the new one another name"
            )

    def sinks(self) -> dict[str, str]:
        """Everybody who is told, by name, and for which party."""
        known = sa.select(schema.sinks.c.name, schema.sinks.c.audience).order_by("name")
        return dict(read(self._connection, self._place, _pair, known))

    def waiting(self, sink: str, limit: int) -> tuple[OutcomeRecord, ...]:
        """The oldest outcomes that have not reached a sink, at most ``limit``."""
        wanted = _on_the_way(select(OutcomeRecord, schema.outcomes), sink).where(_WAITING)
        return read(self._connection, self._place, OutcomeRecord, wanted.limit(limit))

    def due(self, sink: str, limit: int, now: Utc, longest: float) -> tuple[PendingDispatch, ...]:
        """The oldest letters to be tried now, at most ``limit``.

        Args:
            sink: for whom.
            limit: how many.
            now: UTC seconds.
            longest: seconds; whoever seems to wait longer saw the clock jump, and is due.
        """
        when = schema.dispatches.c.next_utc
        wanted = self._letters(sink).where(_WAITING, (when <= now) | (when > now + longest))
        return read(self._connection, self._place, _letter, wanted.limit(limit))

    def next_utc(self, sink: str) -> Utc | None:
        """When the first of the waiting letters is to be tried again; None if none waits."""
        earliest = sa.select(sa.func.min(schema.dispatches.c.next_utc)).where(
            schema.dispatches.c.sink == sink, _WAITING
        )
        with mapped(self._place), self._connection.begin():
            found: Utc | None = self._connection.scalar(earliest)
        return found

    def dead(self, sink: str | None = None) -> tuple[PendingDispatch, ...]:
        """The letters that were given up, for one sink or for all, oldest first."""
        wanted = self._letters(sink).where(schema.dispatches.c.state == DispatchState.DEAD)
        return read(self._connection, self._place, _letter, wanted)

    def counts(self) -> dict[str, dict[DispatchState, int]]:
        """How many letters are in which state, for every sink."""
        table = schema.dispatches.c
        grouped = sa.select(table.sink, table.state, sa.func.count()).group_by(
            table.sink, table.state
        )
        counted: dict[str, dict[DispatchState, int]] = {
            sink: dict.fromkeys(DispatchState, 0) for sink in self.sinks()
        }
        for sink, state, number in read(self._connection, self._place, _triple, grouped):
            counted[sink][state] = number
        return counted

    def delivered(self, sink: str, keys: Iterable[str]) -> None:
        """Note that outcomes have reached a sink.

        Raises:
            StoreError: the database failed; the outcomes are still waiting.
        """
        self._settle(_fate(sink, key, DispatchState.DELIVERED) for key in keys)

    def postpone(self, sink: str, key: str, attempts: int, next_utc: Utc, problem: str) -> None:
        """Note that an attempt failed, and when to make the next."""
        self._settle([_fate(sink, key, DispatchState.WAITING, attempts, next_utc, problem)])

    def bury(self, sink: str, key: str, attempts: int, problem: str) -> None:
        """Note that a letter is given up."""
        self._settle([_fate(sink, key, DispatchState.DEAD, attempts, 0.0, problem)])

    def hasten(self, sink: str) -> None:
        """Let whatever waits for a sink be tried at once."""
        with mapped(self._place), self._connection.begin():
            self._connection.execute(self._write.hasten, [{"this_sink": sink}])

    def requeue(self, letters: Iterable[PendingDispatch]) -> None:
        """Let letters wait again, as if none had been tried."""
        self._settle(
            _fate(letter.sink, letter.outcome.key, DispatchState.WAITING) for letter in letters
        )

    def _letters(self, sink: str | None) -> sa.Select[Any]:
        table = schema.dispatches.c
        columns = (table.sink, table.state, table.attempts, table.next_utc, table.problem)
        return _on_the_way(select(OutcomeRecord, schema.outcomes).add_columns(*columns), sink)

    def _settle(self, fates: Iterable[dict[str, Any]]) -> None:
        parameters = list(fates)
        if parameters:
            with mapped(self._place), self._connection.begin():
                self._connection.execute(self._write.fate, parameters)


def _on_the_way(wanted: sa.Select[Any], sink: str | None) -> sa.Select[Any]:
    """Join outcomes with their dispatches, in the order in which they happened.

    Who may not hear of an outcome is not told, whatever rows say.
    """
    outcomes, outbox, sinks, dispatches = (
        schema.outcomes,
        schema.outbox,
        schema.sinks,
        schema.dispatches,
    )
    joined = (
        wanted.join(outbox, outbox.c.key == outcomes.c.key)
        .join(dispatches, dispatches.c.sequence == outbox.c.sequence)
        .join(sinks, (sinks.c.name == dispatches.c.sink) & schema.ENTITLED)
        .order_by(dispatches.c.sink, dispatches.c.sequence)
    )
    return joined if sink is None else joined.where(dispatches.c.sink == sink)


def _require_name(sink: str) -> None:
    if not 0 < len(sink) <= schema.MAX_SINK or not sink.isprintable():
        raise LocalError(
            f"{one_line(sink)!a} names no sink: give 1 to {schema.MAX_SINK} printable characters"
        )


def _pair(name: str, audience: str) -> tuple[str, str]:
    return name, audience


def _letter(*row: Any) -> PendingDispatch:
    return PendingDispatch(OutcomeRecord(*row[:_FIELDS]), *row[_FIELDS:])


def _triple(*row: Any) -> tuple[str, DispatchState, int]:
    sink, state, number = row
    return sink, state, number


def _fate(
    sink: str,
    key: str,
    state: DispatchState,
    attempts: int = 0,
    next_utc: float = 0.0,
    problem: str = "",
) -> dict[str, Any]:
    return {
        "this_sink": sink,
        "this_key": key,
        "state": state,
        "attempts": attempts,
        "next_utc": next_utc,
        "problem": problem,
    }
