"""How far every outcome has come on its way to every sink; knows no sink but by name.

An outcome waits for each registered sink that may hear of it, and leaves that state only by being
delivered or by becoming a dead letter, which a person may queue again. Nothing is ever deleted.

On a server several couriers may serve one sink: each *claims* letters, commits that, tells them while
nothing is locked, and then notes what came of it. A claim ends by itself, so a courier that dies keeps
its letters from nobody for long.
"""

import secrets
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

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

CLAIMED_S: Final = 30.0  # seconds for which a letter is its claimant's
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
        self._owner = secrets.token_hex(8)

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
            if (
                self._connection.dialect.name == "postgresql"
            ):  # what is written meanwhile would be missed
                self._connection.exec_driver_sql("LOCK outcomes IN SHARE ROW EXCLUSIVE MODE")
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

    def claim(self, sink: str, limit: int, now: Utc, longest: float) -> tuple[PendingDispatch, ...]:
        """The oldest letters to be tried now, ours alone for ``CLAIMED_S`` seconds; see ``due``.

        Letters that another courier has claimed are passed over, also those it is claiming just now.
        """
        table = schema.dispatches.c
        free = (
            table.owner.is_(None)
            | (table.owner == self._owner)
            | (table.until_utc <= now)
            | (table.until_utc > now + CLAIMED_S)  # the clock jumped
        )
        when = (table.next_utc <= now) | (table.next_utc > now + longest)
        wanted = self._letters(sink).add_columns(table.sequence).where(_WAITING, when, free)
        wanted = wanted.limit(limit).with_for_update(of=schema.dispatches, skip_locked=True)
        claimed = {"this_sink": sink, "owner": self._owner, "until_utc": now + CLAIMED_S}
        with mapped(self._place), self._connection.begin():
            rows = self._connection.execute(wanted).all()
            if rows:
                sequences = [row[-1] for row in rows]
                self._connection.execute(self._write.claim, claimed | {"sequences": sequences})
        return tuple(_letter(*row[:-1]) for row in rows)

    def free(self) -> None:
        """Let all that is claimed be anybody's: for whoever has the database alone."""
        with mapped(self._place), self._connection.begin():
            self._connection.execute(self._write.free)

    def next_utc(self, sink: str) -> Utc | None:
        """When the first of the waiting letters may be tried again; None if none waits."""
        table = schema.dispatches.c
        others = table.owner.is_not(None) & (table.owner != self._owner)
        when = sa.case((others, table.until_utc), else_=table.next_utc)
        earliest = sa.select(sa.func.min(when)).where(table.sink == sink, _WAITING)
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
        fate = _fate(sink, key, DispatchState.WAITING, attempts, next_utc, problem)
        self._settle([fate], self._write.failed)

    def bury(self, sink: str, key: str, attempts: int, problem: str) -> None:
        """Note that a letter is given up."""
        fate = _fate(sink, key, DispatchState.DEAD, attempts, 0.0, problem)
        self._settle([fate], self._write.failed)

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

    def _settle(self, fates: Iterable[dict[str, Any]], statement: sa.Update | None = None) -> None:
        parameters = list(fates)
        if parameters:
            settle = self._write.fate if statement is None else statement
            with mapped(self._place), self._connection.begin():
                self._connection.execute(settle, parameters)


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
