"""What databases say when something is wrong, in one line that says what to do."""

import socket
import sqlite3

import psycopg
import pytest
from psycopg import errors

from ota_engine.errors import (
    LocalError,
    StoreConflict,
    StoreError,
    StoreFull,
    StoreLost,
    StoreMisfit,
    ZotaError,
)
from ota_engine.store.failures import mapped
from tests.postgresql import PostgresqlServer
from tests.tiers import first_of

on_a_server = pytest.mark.postgresql


def told(error: Exception) -> ZotaError:
    """What becomes of an error."""
    with pytest.raises(ZotaError) as mapped_to, mapped("the place"):
        raise error
    assert str(mapped_to.value).startswith("the place: ")
    assert str(mapped_to.value).isprintable()
    return mapped_to.value


@pytest.mark.parametrize(
    ("state", "kind", "meaning"),
    [
        ("53100", StoreFull, "make room"),
        ("08006", StoreLost, "out of reach"),
        ("57P01", StoreLost, "out of reach"),
        ("57P02", StoreLost, "out of reach"),
        ("57P03", StoreLost, "out of reach"),
        ("25P03", StoreLost, "begun again"),
        ("23505", StoreMisfit, "rows do not fit together"),
        ("23503", StoreMisfit, "rows do not fit together"),
        ("40001", StoreConflict, "try again"),
        ("40P01", StoreConflict, "try again"),
        ("55P03", StoreConflict, "try again"),
        ("25006", StoreError, "standby"),
        ("42501", StoreError, "rights"),
        ("28P01", StoreError, "pg_hba.conf"),
        ("3D000", StoreError, "createdb"),
        ("3F000", StoreError, "schema is not there, or is not this user's"),
        ("42P01", StoreError, "table is not there"),
        ("53300", StoreError, "max_connections"),
        ("57014", StoreError, "statement_timeout"),
        ("58030", StoreError, "disk failed"),
        ("XX001", StoreError, "restore a backup"),
        ("22021", LocalError, "cannot be stored"),
        ("0A000", StoreError, "refused"),
    ],
)
def test_every_state_of_the_server_says_what_to_do(
    state: str, kind: type[ZotaError], meaning: str
) -> None:
    error = told(errors.lookup(state)("what\nthe server says"))
    assert type(error) is kind
    assert meaning in str(error)
    assert "(what the server says)" in str(error)


def test_sqlite_is_still_read_by_its_own_codes() -> None:
    with sqlite3.connect(":memory:") as connection, pytest.raises(sqlite3.Error) as refused:
        connection.execute("nonsense")
    assert type(told(refused.value)) is StoreError


@pytest.mark.parametrize(
    ("url", "meaning"),
    [
        ("postgresql://zota@127.0.0.1:1/homes", 'out of reach.*127.0.0.1", port 1 '),
        ("postgresql://zota@/homes?host=/not/there", "out of reach.*/not/there/"),
        ("postgresql://zota@/homes?sslmod=verify-full", 'URL is wrong: correct.*"sslmod"'),
        ("postgresql://zota@/homes?sslmode=verify", 'URL is wrong: correct.*"verify"'),
        ("postgresql://zota@/homes?connect_timeout=soon", "URL is wrong: correct.*'soon'"),
        ("postgresql://zota@/homes?options", "URL is wrong: correct.*options"),
        ("postgresql:///homes?service=homes", 'URL is wrong: correct.*service "homes"'),
        ("postgresql://zota@127.0.0.1:99999/homes", 'URL is wrong: correct.*"99999"'),
        ("postgresql://zota@127.0.0.1:port/homes", 'URL is wrong: correct.*"port"'),
        ("postgresql://zota@localhost:99999/homes", 'URL is wrong: correct.*"99999"'),
        ("postgresql://zota@localhost:port/homes", "URL is wrong: correct.*Servname"),
        ("postgresql://zota@/homes?host=a,b&port=1,2,3", "URL is wrong: correct.*port"),
        ("postgresql://zota@127.0 0.1/homes", "URL is wrong: correct.*127.0 0.1"),
        ("postgresql://zo%zz@127.0.0.1/homes", "URL is wrong: correct.*zo%zz"),
    ],
)
def test_no_server_there_is_told_with_where_it_was_looked_for(url: str, meaning: str) -> None:
    with pytest.raises(StoreError, match=meaning) as refused, mapped("the place"):
        psycopg.connect(url)
    assert str(refused.value).isprintable()
    assert isinstance(refused.value, StoreLost) == ("out of reach" in meaning)


@pytest.mark.parametrize(
    "said",
    [
        'root certificate file "/root/root.crt" does not exist\nEither provide the file, or change it',
        'server certificate for "db.example" does not match host name "127.0.0.1"',
        "SSL error: certificate verify failed",
        "server does not support SSL, but SSL was required",
    ],
)
def test_a_server_that_is_not_trusted_is_not_told_to_be_away(said: str) -> None:
    way = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '
    error = told(psycopg.OperationalError(way + said))
    assert type(error) is StoreLost  # it may be another one when the engine asks again
    assert "do not agree on TLS: give what is told at the end, or another sslmode=" in str(error)
    assert str(error).endswith(f"failed: {' '.join(said.split())})")


def test_a_server_that_hangs_is_out_of_reach_and_has_refused_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hung:  # whoever connects waits for a word
        url = f"postgresql://zota@127.0.0.1:{hung.getsockname()[1]}/homes?connect_timeout=2"
        with (
            pytest.raises(StoreLost, match=r"out of reach: see that it runs.*timeout expired"),
            mapped("the place"),
        ):
            psycopg.connect(url)


@on_a_server
def test_who_is_not_let_in_is_told_why(postgresql_server: PostgresqlServer) -> None:
    server = postgresql_server
    server.say("CREATE ROLE turned_away LOGIN CONNECTION LIMIT 0")
    tries = {
        server.url("not_there"): "has no such database: make it with createdb",
        server.url("postgres", "stranger"): "does not let this user in",
        server.url("postgres", "turned_away"): "takes no more connections",
    }
    for url, meaning in tries.items():
        with pytest.raises(StoreError, match=meaning), mapped("the place"):
            psycopg.connect(url)
    server.say("DROP ROLE turned_away")


@on_a_server
def test_who_may_not_write_is_told_so(
    postgresql_server: PostgresqlServer, postgresql_database: str
) -> None:
    postgresql_server.say("CREATE ROLE reader LOGIN")
    url = postgresql_database.replace("zota@", "reader@")
    with pytest.raises(StoreError, match="may not do this"), mapped("x"), psycopg.connect(url) as c:
        c.execute("CREATE SCHEMA mine")
    postgresql_server.say(
        "CREATE SCHEMA theirs", postgresql_database.rpartition("?")[0].rpartition("/")[2]
    )
    with (
        pytest.raises(StoreError, match="grant the rights"),
        mapped("x"),
        psycopg.connect(url) as c,
    ):
        c.execute("SET search_path = theirs")
        c.execute("CREATE TABLE rows ()")
    with pytest.raises(StoreError, match="takes no writes"), mapped("x"), psycopg.connect(url) as c:
        c.execute("SET default_transaction_read_only = on")
        c.commit()
        c.execute("CREATE TEMP TABLE mine (x int)")
        c.execute("CREATE TABLE mine (x int)")
    postgresql_server.say("DROP ROLE reader")


@on_a_server
def test_a_value_that_no_text_can_hold_is_the_callers_fault(postgresql_database: str) -> None:
    with psycopg.connect(postgresql_database) as connection:
        for value in ("a\0b", "\ud800"):
            with pytest.raises(LocalError, match="cannot be stored"), mapped("the place"):
                connection.execute("SELECT %s", (value,))


@on_a_server
@first_of("mode", ["immediate", "fast", "killed"])
def test_a_server_that_goes_is_lost_not_broken(
    lone_postgresql_server: PostgresqlServer, mode: str
) -> None:
    server = lone_postgresql_server
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("SELECT 1")
        if mode == "killed":
            server.kill()
        else:
            server.stop(mode)
        for _ in range(2):
            with pytest.raises(StoreLost), mapped("the place"):
                connection.execute("SELECT 1")
    with pytest.raises(StoreLost, match=str(server.folder)), mapped("the place"):
        psycopg.connect(server.url("postgres"))
