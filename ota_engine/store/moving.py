"""Moves a store to another database, a row for a row, and proves that nothing is other than it was.

The new database is made in one transaction, and looked all over before anybody is sent to it; until
then the old one is what it was. Once the state folder names the new one, the old one is closed: every
table of it refuses writers, also those that had it open, and says where its rows have gone.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import sqlalchemy as sa

from ota_engine.errors import LocalError, StoreError
from ota_engine.store import connection as sqlite
from ota_engine.store import holds, migrate, schema
from ota_engine.store.backends.sessions import lock_of
from ota_engine.store.failures import mapped
from ota_engine.store.findings import StoreFinding
from ota_engine.store.fleet import migrate as fleet_migrate
from ota_engine.store.fleet import schema as fleet_schema
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.guards import guard_trail
from ota_engine.store.fleet.opening import SCHEMA as FLEET_SCHEMA
from ota_engine.store.fleet.opening import turns_at
from ota_engine.store.location import (
    DATABASE_NAME,
    FLEET_NAME,
    URL_SCHEMA,
    PostgresPlace,
    SqlitePlace,
    StorePlace,
    place_of,
    schema_named,
    server_at,
    write_place,
)
from ota_engine.store.server import Server, over
from ota_engine.store.store import Store

MOVER: Final = "zota store move"
PARTIAL: Final = ".moving"  # after the name of a file that is not whole yet
PATIENCE_S: Final = 2  # for a server to have what was begun taken away, after Ctrl-C
AT_ONCE: Final = 1_000  # rows that are read and written together

#: Some of a table's rows.
_Part: TypeAlias = list[tuple[Any, ...]]

#: Told of a table, and how many of its rows have been copied.
MoveProgress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class StoreKind:
    """One of the two stores.

    Attributes:
        name: for people.
        file_name: of its database in a state folder.
        metadata: its tables.
        revision: the table that holds the version of them.
        head: the version that is moved.
        bring_up_to_date: migrates an older one.
        finish: what belongs to the tables besides.
        look_over: finds whatever is wrong with a database.
    """

    name: str
    file_name: str
    metadata: sa.MetaData
    revision: sa.Table
    head: str
    bring_up_to_date: Callable[[sa.Connection, str], None]
    finish: Callable[[sa.Connection], None]
    look_over: Callable[[StorePlace], list[StoreFinding]]


class TableContents(NamedTuple):
    """What a table holds.

    Attributes:
        rows: how many.
        digest: the sum of the digests of all, the same in whatever order they come.
    """

    rows: int = 0
    digest: int = 0


class MoveReport(NamedTuple):
    """What was moved.

    Attributes:
        source: from where.
        target: to where.
        rows: of every table that has any.
    """

    source: StorePlace
    target: StorePlace
    rows: Mapping[str, int]


def _nothing(connection: sa.Connection) -> None:
    """A hub's tables have nothing besides."""


def _look_over_hub(place: StorePlace) -> list[StoreFinding]:
    with Store.inspect(place) as store:
        return list(store.check().findings)


def _look_over_fleet(place: StorePlace) -> list[StoreFinding]:
    store = FleetStore.open(place)
    try:
        with store.reading():
            fault = store.verify_audit()
        found = [] if fault is None else [StoreFinding("fleet_audit", fault.problem, "")]
        with store.transaction():
            return found + list(store.broken_seals())
    finally:
        store.close()


HUB: Final = StoreKind(
    "a hub's records",
    DATABASE_NAME,
    schema.METADATA,
    schema.revision,
    schema.HEAD,
    migrate.bring_up_to_date,
    _nothing,
    _look_over_hub,
)
FLEET: Final = StoreKind(
    "a fleet",
    FLEET_NAME,
    fleet_schema.METADATA,
    fleet_schema.revision,
    fleet_schema.HEAD,
    fleet_migrate.bring_up_to_date,
    guard_trail,
    _look_over_fleet,
)


def kind_in(folder: Path) -> StoreKind:
    """Which of the two stores a state folder has.

    Raises:
        StoreError: neither, or both, or its server cannot be asked.
    """
    found = [kind for kind in (HUB, FLEET) if _has(_place_in(folder, kind), kind)]
    if not found:
        raise StoreError(f"{folder}: there is no database here: give the state folder of one")
    if len(found) > 1:
        raise StoreError(f"{folder}: holds two stores: move the files of one to another folder")
    return found[0]


def move(
    folder: Path, to: str, schema_name: str | None = None, progress: MoveProgress = lambda *_: None
) -> MoveReport:
    """Move the store of a state folder, and let the folder say where it is now.

    Args:
        folder: the state folder; nobody else uses its store meanwhile.
        to: URL of a database on a server, or ``sqlite`` for a file in the folder.
        schema_name: on a server; None for the usual one.
        progress: told how far it has come.

    Raises:
        LocalError: ``to`` is neither.
        StoreError: the store is in use, the target has one already, or something is not as it was:
            the folder then names the old database, which is as it was.
        OSError: the folder cannot be written.
    """
    _refuse_elsewhere(to)
    kind = kind_in(folder)
    source = _place_in(folder, kind)
    target = _target(folder, kind, to, schema_name)
    if target == source:
        raise StoreError(f"{source}: is where this store lies: give another place")
    with _held(kind, source) as hold, mapped(str(source)):
        kind.bring_up_to_date(hold.connection, str(source))
        with hold.connection.begin():
            _keep_writers_out(hold.connection, source)
            contents = _copied(kind, hold.connection, target, progress)
            _close(hold.connection, kind, target)
            write_place(folder, target if isinstance(target, PostgresPlace) else None)
    rows = {name: told.rows for name, told in contents.items() if told.rows}
    return MoveReport(source, target, rows)


def _refuse_elsewhere(to: str) -> None:
    """Refuse a target that is neither; it may hold a password, and is not told."""
    if to.startswith("sqlite:"):
        raise LocalError(
            "a store that is a file lies in its state folder, under a name of its own: give --to sqlite,"
            " as it stands, without a path"
        )
    if to != "sqlite" and server_at(to, URL_SCHEMA) is None:
        raise LocalError(
            "the target is neither a database on a server nor sqlite: give --to"
            " postgresql://USER@HOST/DATABASE, or --to sqlite for a file in the state folder"
        )


def _place_in(folder: Path, kind: StoreKind) -> StorePlace:
    usual = FLEET_SCHEMA if kind is FLEET else schema_named(folder)
    return place_of(folder, kind.file_name, usual)


def _file_in(folder: Path, kind: StoreKind) -> SqlitePlace:
    return SqlitePlace(folder / kind.file_name)


def _target(folder: Path, kind: StoreKind, to: str, schema_name: str | None) -> StorePlace:
    usual = FLEET_SCHEMA if kind is FLEET else schema_named(folder)
    return server_at(to, schema_name or usual) or _file_in(folder, kind)


def _has(place: StorePlace, kind: StoreKind) -> bool:
    if not holds.is_there(place):
        return False
    with mapped(str(place)):
        connection = holds.open_to_read(place)
        try:
            with connection.begin():
                return sa.inspect(connection).has_table(kind.revision.name)
        finally:
            connection.close()
            connection.engine.dispose()


# --- the old one ----------------------------------------------------------------------------------


@contextmanager
def _held(kind: StoreKind, source: StorePlace) -> Iterator[holds.Hold]:
    """Have a store to oneself; of a fleet on a server, nobody else does what is due meanwhile.

    Raises:
        StoreError: somebody else has it.
    """
    with ExitStack() as stack:
        if kind is FLEET and isinstance(source, PostgresPlace):
            turns = stack.enter_context(closing(turns_at(source)))
            others = turns.share().of - 1
            if others:
                raise StoreError(
                    f"{source}: {others} of zota serve or zota campaign run are at work for this"
                    " fleet: stop them first"
                )
        hold = holds.take(source, MOVER, create=False, durable=True)
        stack.callback(hold.release)
        yield hold


def _keep_writers_out(connection: sa.Connection, place: StorePlace) -> None:
    """Let nobody write until the transaction ends; on SQLite nobody can."""
    if isinstance(place, PostgresPlace):
        lock = lock_of(place.schema, "writer")  # of a fleet; a hub has a lease
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock})")


def _close(connection: sa.Connection, kind: StoreKind, target: StorePlace) -> None:
    """Let every table refuse writers, and the database say where its rows are now."""
    note = sa.table(migrate.MOVED, sa.column("target"))
    connection.exec_driver_sql(f"CREATE TABLE {migrate.MOVED} (target TEXT NOT NULL)")
    connection.execute(sa.insert(note).values(target=str(target)))
    names = [table.name for table in (*kind.metadata.sorted_tables, kind.revision)]
    said = f"was moved to {target}".replace("'", "''")
    refuse = _sqlite_refuses if connection.dialect.name == "sqlite" else _server_refuses
    driver: Any = connection.connection.driver_connection
    for statement in refuse(names, said):
        driver.execute(statement)


def _sqlite_refuses(names: list[str], said: str) -> Iterator[str]:
    for name in names:
        for verb in ("INSERT", "UPDATE", "DELETE"):
            yield (
                f'CREATE TRIGGER "moved_{name}_{verb}" BEFORE {verb} ON "{name}"'
                f" BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )


def _server_refuses(names: list[str], said: str) -> Iterator[str]:
    body = f"BEGIN RAISE EXCEPTION USING MESSAGE = '{said}'; END".replace("'", "''")
    yield f"CREATE FUNCTION {migrate.MOVED}_is() RETURNS trigger LANGUAGE plpgsql AS '{body}'"
    for name in names:
        yield (
            f'CREATE TRIGGER moved BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{name}"'
            f" FOR EACH STATEMENT EXECUTE FUNCTION {migrate.MOVED}_is()"
        )


# --- the new one ----------------------------------------------------------------------------------


def _copied(
    kind: StoreKind, source: sa.Connection, target: StorePlace, progress: MoveProgress
) -> dict[str, TableContents]:
    """Make the new database, prove it, and leave it closed; without a trace where that fails."""
    _make_room(kind, source, target)
    with _being_made(target) as (connection, place), mapped(str(target)):
        with connection.begin():
            migrate.make_tables(connection, *kind.metadata.sorted_tables, kind.revision)
            connection.execute(sa.insert(kind.revision).values(version_num=kind.head))
            told = {
                table.name: _copy_table(source, connection, table, progress)
                for table in kind.metadata.sorted_tables
            }
            kind.finish(connection)
            for table in kind.metadata.sorted_tables:
                if _contents(connection, table) != told[table.name]:
                    raise StoreError(
                        f"{target}: {table.name} is not what it was: nothing was moved"
                    )
        connection.close()
        findings = kind.look_over(place)
        if findings:
            where, problem, _ = findings[0]
            raise StoreError(
                f"{target}: {where}: {problem}: nothing was moved; look over the old database first"
            )
    return told


@contextmanager
def _being_made(target: StorePlace) -> Iterator[tuple[sa.Connection, StorePlace]]:
    """Give a connection to a new database, and its place until it is whole."""
    if isinstance(target, SqlitePlace):
        with _file_being_made(target.path) as given:
            yield given
        return
    server = Server(target, MOVER)
    with mapped(str(target)):
        server.make_schema()
        connection = over(server.connect_as_holder)
    try:
        yield connection, target
    except BaseException as error:
        connection.close()
        interrupted = _was_interrupted(error)
        patience_s = PATIENCE_S if interrupted else None
        # where the server is away, what is left is empty or a whole copy, and the next move takes it
        with (
            suppress(StoreError),
            mapped(str(target)),
            server.connect(patience_s=patience_s) as session,
        ):
            session.execute(f'DROP SCHEMA IF EXISTS "{target.schema}" CASCADE'.encode())
        if interrupted:  # and what failed on the way out is not what happened
            raise KeyboardInterrupt from error
        raise
    finally:
        connection.engine.dispose()


def _was_interrupted(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


@contextmanager
def _file_being_made(path: Path) -> Iterator[tuple[sa.Connection, StorePlace]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    _remove_file(partial)
    connection = sqlite.open_file(partial, durable=True)
    try:
        yield connection, SqlitePlace(partial)
        connection.close()
        _remove_file(path)  # one that had been moved elsewhere, if any
        partial.replace(path)
    finally:
        connection.close()
        connection.engine.dispose()
        _remove_file(partial)


def _make_room(kind: StoreKind, source: sa.Connection, place: StorePlace) -> None:
    """Remove what an earlier move left: a store that has gone elsewhere, or a copy that nobody used.

    Raises:
        StoreError: there is anything else.
    """
    if not holds.is_there(place):
        return
    connection = holds.open_to_read(place)
    try:
        with mapped(str(place)), connection.begin():
            is_old = sa.inspect(connection).has_table(migrate.MOVED)
            is_free = is_old or _is_copy(kind, source, connection)
    finally:
        connection.close()
        connection.engine.dispose()
    if not is_free:
        raise StoreError(f"{place}: there is something already: give another place, or remove it")
    if isinstance(place, PostgresPlace):
        with mapped(str(place)), Server(place, MOVER).connect() as session:
            session.execute(f'DROP SCHEMA "{place.schema}" CASCADE'.encode())


def _is_copy(kind: StoreKind, source: sa.Connection, there: sa.Connection) -> bool:
    """Whether a database holds exactly what another one holds: it was copied, and the mover killed."""
    tables = kind.metadata.sorted_tables
    names = {table.name for table in (*tables, kind.revision)}
    if set(sa.inspect(there).get_table_names()) != names:
        return False
    if there.scalar(sa.select(kind.revision.c.version_num)) != kind.head:
        return False
    return all(_contents(source, table) == _contents(there, table) for table in tables)


def _remove_file(path: Path) -> None:
    for end in ("", sqlite.LOG_SUFFIX, "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


# --- rows -----------------------------------------------------------------------------------------


def _bare(table: sa.Table) -> sa.TableClause:
    """The same table, its values as the databases hold them."""
    return sa.table(table.name, *(sa.column(one.name, _plain(one.type)) for one in table.columns))


def _plain(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    while isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    return kind


def _rows(connection: sa.Connection, table: sa.TableClause) -> Iterator[_Part]:
    found = connection.execute(sa.select(table).execution_options(yield_per=AT_ONCE))
    for part in found.partitions():
        yield [tuple(row) for row in part]


def _copy_table(
    source: sa.Connection, target: sa.Connection, table: sa.Table, progress: MoveProgress
) -> TableContents:
    bare, told = _bare(table), TableContents()
    write = _copier if target.dialect.name == "postgresql" else _inserter
    with write(target, table, bare) as put:
        for part in _rows(source, bare):
            put(part)
            told = _with(told, part)
            progress(table.name, told.rows)
    numbered = table.autoincrement_column
    if numbered is not None and told.rows and target.dialect.name == "postgresql":
        target.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{numbered.name}'),"  # noqa: S608 - our own words
            f" (SELECT max({numbered.name}) FROM {table.name}))"
        )
    return told


@contextmanager
def _inserter(
    target: sa.Connection, table: sa.Table, bare: sa.TableClause
) -> Iterator[Callable[[_Part], None]]:
    names = [column.name for column in table.columns]

    def put(part: _Part) -> None:
        target.execute(sa.insert(bare), [dict(zip(names, row, strict=True)) for row in part])

    yield put


@contextmanager
def _copier(
    target: sa.Connection, table: sa.Table, bare: sa.TableClause
) -> Iterator[Callable[[_Part], None]]:
    """Write rows by COPY, several times as fast; it takes values for what they are."""
    flags = [
        number
        for number, column in enumerate(bare.columns)
        if isinstance(column.type, sa.Boolean)
        and not isinstance(column.type.dialect_impl(target.dialect), sa.Boolean)
    ]
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = target.connection.driver_connection
    with driver.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:

        def put(part: _Part) -> None:
            for row in part:
                values = list(row)
                for number in flags:
                    values[number] = None if row[number] is None else int(row[number])
                copy.write_row(values)

        try:
            yield put
        except KeyboardInterrupt:
            driver.close()  # a server that hangs would never take the end of it
            raise


def _contents(connection: sa.Connection, table: sa.Table) -> TableContents:
    told = TableContents()
    for part in _rows(connection, _bare(table)):
        told = _with(told, part)
    return told


def _with(told: TableContents, rows: _Part) -> TableContents:
    total = told.digest
    for row in rows:
        plain = [int(value) if isinstance(value, bool) else value for value in row]
        total += int.from_bytes(hashlib.sha256(repr(plain).encode()).digest())
    return TableContents(told.rows + len(rows), total % (1 << 256))
