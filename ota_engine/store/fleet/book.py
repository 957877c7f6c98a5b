"""The fleet's database: loads what the core asks for, keeps what it decided.

One transaction holds the loading and the keeping of a batch, so that two operators at once decide one
after the other. A file has one writer at a time; on a server, batches of different homes may be kept beside
each other.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, Self

from ota_engine.audit_chain import AuditFault, AuditHead, AuditRow
from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.rows import Sum
from ota_engine.fleet.kernel.effects import AuditNote, Draw, FleetEffect, Join, Tally
from ota_engine.fleet.kernel.rows import (
    Ask,
    Changed,
    Counts,
    RowKey,
    Select,
    Standings,
    Strata,
    Unloaded,
)
from ota_engine.records import AuditRecord
from ota_engine.store import connection as sqlite
from ota_engine.store.backends.database import Database
from ota_engine.store.failures import mapped
from ota_engine.store.findings import StoreFinding
from ota_engine.store.fleet import opening
from ota_engine.store.fleet.forms import FORMS, SIZES, RowForm
from ota_engine.store.fleet.holding import conflicts, hold_gateway, hold_homes, in_one_order
from ota_engine.store.fleet.planning import count_strata, draw_homes, join_homes
from ota_engine.store.fleet.samples import sample_sums
from ota_engine.store.fleet.sealing import Seals, broken_seals
from ota_engine.store.fleet.standings import look_how_they_stand
from ota_engine.store.fleet.trail import Trail, TrailWanted
from ota_engine.store.location import PostgresPlace, SqlitePlace, StorePlace
from ota_engine.times import Utc

_AT_ONCE: Final = 1_000  # rows of an import in one statement
_SUM: Final = FORMS[Sum]
_ADD: Final = _SUM.upsert.replace("homes = excluded.homes", "homes = sums.homes + excluded.homes")


class FleetStore:
    """One database of a fleet.

    Attributes:
        place: where it is, for people.
        driver: speaks to it; what is done through it counts as done by the store.
    """

    def __init__(self, driver: Database, place: str, close: Callable[[], None]) -> None:
        self.driver = driver
        self.place = place
        self._close = close
        self._trail = Trail(driver)
        self._is_beside = False

    @classmethod
    def open(
        cls, place: StorePlace | Path | None, *, durable: bool = True, create: bool = True
    ) -> Self:
        """Open or create a database; None for one in memory.

        Args:
            place: where it is; a path means a file.
            durable: a commit survives a power cut; without, only the death of the process, which
                is enough for a rehearsal.
            create: make one on a server that has none yet; a file is made in any case.

        Raises:
            StoreError: it cannot be used as it is.
        """
        named = "memory" if place is None else str(place)
        with mapped(named):
            if isinstance(place, PostgresPlace):
                driver = opening.on_server(place, durable=durable, create=create)
                return cls(driver, named, driver.close)
            path = place.path if isinstance(place, SqlitePlace) else place
            connection = opening.in_file(path, named, durable=durable)
        return cls(sqlite.driver_of(connection), named, partial(sqlite.close, connection))

    def close(self) -> None:
        """Close it."""
        self._close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold all that is read and kept within together; nothing of it counts after an error.

        One within another is a part of that: it counts with the outer one, or not at all.
        """
        with mapped(self.place), self._between(write=True):
            yield

    @property
    def many_write(self) -> bool:
        """Whether ``beside`` may be used: not within a transaction, which stays whole."""
        return self.driver.many_write and not self.driver.in_transaction

    @contextmanager
    def beside(self, homes: Collection[str], gateway: str = "") -> Iterator[bool]:
        """Hold what is read and kept within together, while others do the same for other homes.

        Args:
            homes: whose rows are read and changed; nobody else does meanwhile.
            gateway: the same; empty for none.

        Gives whether all of them are known; nothing can be held of those that are not.

        Raises:
            StoreConflict: another one was in the way; nothing counts, the same may be tried again.
        """
        with conflicts(self.place), self._between(write=True, beside=True):
            known = hold_gateway(self.driver, gateway) if gateway else True
            self._is_beside = True
            try:
                yield known and hold_homes(self.driver, homes)
            finally:
                self._is_beside = False

    @contextmanager
    def part(self) -> Iterator[None]:
        """Hold a part of a transaction that is open: after an error nothing of the part counts, and the rest does.

        Raises:
            StoreConflict: another one was in the way of a part that is kept beside others.
            StoreError: the database failed, whoever's part it is; it may have given up the transaction as a whole.
        """
        self.driver.execute("SAVEPOINT part")
        try:
            with (conflicts if self._is_beside else mapped)(self.place):
                yield
        except BaseException:
            if self.driver.in_transaction:  # a full disk may have ended it
                self.driver.execute("ROLLBACK TO part")
            raise
        finally:
            if self.driver.in_transaction:
                self.driver.execute("RELEASE part")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read several things as they are at one time, beside whoever writes."""
        with mapped(self.place), self._between(write=False):
            yield

    @contextmanager
    def _between(self, *, write: bool, beside: bool = False) -> Iterator[None]:
        within = self.driver.in_transaction
        if within:
            yield
            return
        self.driver.begin(write=write, beside=beside)
        try:
            yield
            self.driver.commit()
        finally:
            if self.driver.in_transaction:
                self.driver.rollback()

    def data_version(self) -> int:
        """A number that is another one once another connection has committed anything.

        Raises:
            StoreError: the database failed.
        """
        with mapped(self.place):
            return self.driver.data_version()

    # --- reading, within a transaction ----------------------------------------------------------

    def load(self, asks: Iterable[Ask]) -> list[tuple[Ask, Any]]:
        """Load all that is asked for."""
        asks = list(asks)
        found: list[tuple[Ask, Any]] = []
        selected: list[tuple[Select, Iterable[Any]]] = []
        by_kind: dict[type[Any], dict[RowKey, None]] = {}
        with self.driver.together() if len(asks) > 1 else nullcontext():
            for ask in asks:
                match ask:
                    case RowKey():
                        by_kind.setdefault(ask.kind, {})[ask] = None
                    case Select():
                        text, values = FORMS[ask.kind].selecting(ask)
                        selected.append((ask, self.driver.ask(text, values)))
                    case Strata():
                        found.append((ask, count_strata(self.driver, ask)))
                    case Counts():
                        found.append((ask, self.count(ask)))
                    case Standings():
                        found.append((ask, look_how_they_stand(self.driver, ask)))
            keyed = [
                (FORMS[kind], list(keys), FORMS[kind].keys_of(keys))
                for kind, keys in by_kind.items()
            ]
            by_keys = [self._by_keys(form, written) for form, _, written in keyed]
        for ask, rows in selected:
            found.append((ask, list(map(FORMS[ask.kind].read, rows))))
        for (form, keys, written), rows in zip(keyed, by_keys, strict=True):
            read = {row[: form.keys]: form.read(row) for row in rows}
            found += zip(keys, map(read.get, written), strict=True)
        return found

    def select(self, wanted: Select) -> list[Any]:
        """Load rows by what is in them."""
        form = FORMS[wanted.kind]
        return [form.read(row) for row in self.driver.execute(*form.selecting(wanted))]

    def walk(self, wanted: Select) -> Iterator[Any]:
        """Read rows by what is in them one after the other, however many there are."""
        form = FORMS[wanted.kind]
        return map(form.read, self.driver.stream(*form.selecting(wanted)))

    def earliest(self, kinds: Sequence[type[Any]], name: str) -> dict[type[Any], float]:
        """Read the least value that each kind of row has in one field, where it has any."""
        parts = [
            f"SELECT {number}, min({name}) FROM {FORMS[kind].table} WHERE {name} IS NOT NULL"  # noqa: S608 - our own words
            for number, kind in enumerate(kinds)
        ]
        rows = self.driver.execute(" UNION ALL ".join(parts)).fetchall() if parts else []
        return {kinds[number]: least for number, least in rows if least is not None}

    def least(self, kind: type[Any], name: str, where: tuple[str, Any]) -> float | None:
        """Read the least value that rows of a kind have in one field; None where there are none.

        Args:
            kind: class of the rows.
            name: of the field.
            where: another field, and the value it must have.
        """
        form = FORMS[kind]
        text = f"SELECT min({name}) FROM {form.table} WHERE {where[0]} = ?"  # noqa: S608 - our own words
        found: float | None = self.driver.execute(text, (where[1],)).fetchone()[0]
        return found

    def greatest(self, kind: type[Any], name: str) -> float | None:
        """Read the greatest value that rows of a kind have in one field; None where there are none."""
        text = f"SELECT max({name}) FROM {FORMS[kind].table}"  # noqa: S608 - our own words
        found: float | None = self.driver.execute(text).fetchone()[0]
        return found

    def count(self, wanted: Counts) -> Mapping[tuple[Any, ...], int]:
        """Count rows by what is in them."""
        form = FORMS[wanted.kind]
        text, values = form.counting(wanted)
        return {
            tuple(map(form.known, wanted.by, row[:-1])): row[-1]
            for row in self.driver.execute(text, values)
        }

    def _by_keys(self, form: RowForm, written: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
        look = self.driver.dialect.choose(sqlite=self._by_sizes, postgresql=self._by_lists)
        return look(form, written)

    def _by_sizes(self, form: RowForm, written: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
        most = SIZES[-1]
        for start in range(0, len(written), most):
            part = written[start : start + most]
            size = next(size for size in SIZES if size >= len(part))
            flat = [*chain.from_iterable(part)]
            flat += [None] * (form.keys * (size - len(part)))  # a key of nothing finds nothing
            yield from self.driver.execute(form.by_keys(size), flat)

    def _by_lists(self, form: RowForm, written: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
        lists = [list(values) for values in zip(*written, strict=True)]
        return self.driver.ask(form.by_key_lists, lists)

    # --- keeping, within a transaction ----------------------------------------------------------

    def keep(self, changes: Iterable[Changed], effects: Iterable[FleetEffect], utc: Utc) -> None:
        """Keep what was decided.

        What is kept beside others meets them in rows of nobody, in sums and in the trail: it does so last, and
        in one order, so that nobody waits for long, or in a circle.

        Args:
            changes: all rows that are other ones now.
            effects: what else is wanted: sums, lines of the audit trail, homes to be drawn.
            utc: now.
        """
        tallies: dict[tuple[str, int, str, str], int] = {}
        notes: list[AuditRecord] = []
        draws: list[Draw | Join] = []
        for effect in effects:
            match effect:
                case Tally(campaign, phase, state, reason, change):
                    name = campaign, phase, str(state), reason
                    tallies[name] = tallies.get(name, 0) + change
                case AuditNote(actor, action, subject, detail):
                    notes.append(AuditRecord(utc, actor, action, subject, canonical_json(detail)))
                case Draw() | Join():
                    draws.append(effect)
                case _:
                    pass  # a row, which is among the changes, or a reply
        if self._is_beside:
            changes = in_one_order(changes)
        with nullcontext() if draws else self.driver.together():
            seals = self._write(list(changes))
            self._draw(draws)
            self._add(tallies)
            changed = [name for name, change in tallies.items() if change]
            if self._is_beside:
                self._trail.hold()
            sample_sums(self.driver, changed, {draw.campaign for draw in draws}, utc)
            self._trail.extend([*notes, *seals.records(utc)])

    def _draw(self, draws: Iterable[Draw | Join]) -> None:
        for draw in draws:
            if isinstance(draw, Join):
                join_homes(self.driver, draw)
            else:
                draw_homes(self.driver, draw)

    def insert(self, rows: Iterable[Any]) -> None:
        """Keep many rows, an import for example; they are taken as they come."""
        kinds: dict[type[Any], list[Any]] = {}
        for row in rows:
            kind = type(row)
            waiting = kinds.setdefault(kind, [])
            waiting.append(FORMS[kind].write(row))
            if len(waiting) == _AT_ONCE:
                self.driver.executemany(FORMS[kind].upsert, waiting)
                waiting.clear()
        for kind, waiting in kinds.items():
            self.driver.executemany(FORMS[kind].upsert, waiting)

    def _write(self, changes: list[Changed]) -> Seals:
        """Write rows, and seal what they make evidence."""
        seals = Seals()
        statements: dict[str, list[Sequence[Any]]] = {}
        for change in self._known(changes):
            form = FORMS[change.key.kind]
            text, values = _statement(form, change, seals)
            if text:
                statements.setdefault(text, []).append(values)
        for text, rows in statements.items():
            self.driver.executemany(text, rows)
        return seals

    def _known(self, changes: list[Changed]) -> list[Changed]:
        """Look what was there before each row that may be evidence, and was put blindly.

        There nearly always was nothing. Where there was, a seal that counts no longer is lifted.
        """
        blind = [change.key for change in changes if _is_blind(change)]
        if not blind:
            return changes
        before = dict(self.load(blind))
        return [
            change._replace(before=before[change.key]) if change.key in before else change
            for change in changes
        ]

    def _add(self, tallies: dict[tuple[str, int, str, str], int]) -> None:
        rows = [(*name, change) for name, change in sorted(tallies.items()) if change]
        if rows:
            self.driver.executemany(_ADD, rows)

    # --- the audit trail ------------------------------------------------------------------------

    def audit_head(self) -> AuditHead:
        """The length of the trail and the hash of its last row."""
        return self._trail.head()

    def trail(self) -> Iterator[AuditRow]:
        """Walk the audit trail, oldest first."""
        return self._trail.walk()

    def trail_about(self, subject: str) -> Iterator[AuditRow]:
        """Read lines of the audit trail about one subject, oldest first."""
        return self._trail.about(subject)

    def trail_page(self, wanted: TrailWanted) -> list[AuditRow]:
        """Read a page of the audit trail, the latest line first."""
        return self._trail.page(wanted)

    def trail_following(self, sequence: int, most: int) -> list[AuditRow]:
        """Read lines of the audit trail that follow one of them, the oldest first."""
        return self._trail.following(sequence, most)

    def verify_audit(self, known: str | None = None) -> AuditFault | None:
        """Walk the trail; the first bad row, or None when all is as it was written."""
        return self._trail.verify(known)

    def broken_seals(self) -> Iterator[StoreFinding]:
        """Name rows of evidence that are not what the trail says; the trail itself is taken as true."""
        return broken_seals(self.driver)


def _is_blind(change: Changed) -> bool:
    return change.before is Unloaded.UNKNOWN and FORMS[change.key.kind].may_be_evidence


def _statement(form: RowForm, change: Changed, seals: Seals) -> tuple[str, Sequence[Any]]:
    """Write what one change takes; an empty text where it takes nothing."""
    before = None if change.before is Unloaded.UNKNOWN else change.before
    if change.after is None:
        seals.lift(form, before)
        return form.delete, form.key(change.key.values)
    if before is None:
        after = form.write(change.after)
        seals.add(form, change.after, after)
        is_new = change.before is None or form.may_be_evidence
        return (form.insert if is_new else form.upsert), after
    changed = form.changed(before, change.after)
    if not changed:
        return "", ()
    after = form.write(change.after)
    seals.lift(form, before)
    seals.add(form, change.after, after)
    return form.update(changed), [*(after[number] for number in changed), *after[: form.keys]]
