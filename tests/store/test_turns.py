"""Turns at what only one of several processes does, and the share of each in what all of them do."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest
import sqlalchemy as sa

from ota_engine.errors import StoreError
from ota_engine.store.backends.turns import NoOthers, Share, Turns
from ota_engine.store.fleet.opening import turns_at
from ota_engine.store.location import PostgresPlace, SqlitePlace
from tests.fleet.databases import FleetDatabases
from tests.postgresql import PostgresqlServer

NAME = "notices to east"


@pytest.fixture
def place(fleets_on_postgresql: FleetDatabases) -> PostgresPlace:
    return fleets_on_postgresql.place()


@pytest.fixture
def two(place: PostgresPlace) -> Iterator[tuple[Turns, Turns]]:
    with closing(turns_at(place)) as one, closing(turns_at(place)) as other:
        yield one, other


def test_a_turn_is_had_by_one_until_it_is_given_back(two: tuple[Turns, Turns]) -> None:
    one, other = two
    assert one.take(NAME)
    assert not other.take(NAME)
    assert other.take("notices to west")
    one.give(NAME)
    assert other.take(NAME)


def test_the_turns_of_who_is_gone_are_free(place: PostgresPlace, two: tuple[Turns, Turns]) -> None:
    one, _ = two
    with closing(turns_at(place)) as gone:
        assert gone.take(NAME)
        assert not one.take(NAME)
    assert _soon(lambda: one.take(NAME))


def test_turns_in_one_database_are_none_in_another(
    fleets_on_postgresql: FleetDatabases, two: tuple[Turns, Turns]
) -> None:
    with closing(turns_at(fleets_on_postgresql.place())) as elsewhere:
        assert two[0].take(NAME)
        assert elsewhere.take(NAME)
        assert two[0].share() == elsewhere.share() == Share(0, 1)


def test_shares_are_parted_among_those_that_are_there(
    place: PostgresPlace, two: tuple[Turns, Turns]
) -> None:
    one, other = two
    assert one.share() == Share(0, 1)
    assert other.share() == Share(1, 2)
    assert one.share() == Share(0, 2)
    one.close()
    assert _soon(lambda: other.share() == Share(0, 1))


def test_every_home_is_in_one_share() -> None:
    homes = [f"h{number}" for number in range(1_000)]
    for of in (1, 2, 3, 7):
        shares = [Share(number, of) for number in range(of)]
        held = [[home for home in homes if share.has(home)] for share in shares]
        assert sorted(chain.from_iterable(held)) == sorted(homes)
        assert min(map(len, held)) > len(homes) / of / 2


def test_a_server_that_was_lost_is_found_again_and_turns_are_taken_anew(
    place: PostgresPlace, postgresql_server: PostgresqlServer
) -> None:
    with closing(turns_at(place)) as turns:
        assert turns.take(NAME)
        assert turns.share() == Share(0, 1)
        name = sa.make_url(place.url).database
        ours = "FROM pg_stat_activity WHERE datname"
        postgresql_server.say(f"SELECT pg_terminate_backend(pid) {ours} = '{name}'")
        with pytest.raises(StoreError, match="out of reach"):
            turns.take(NAME)
        assert turns.share() == Share(0, 1)
        assert turns.take(NAME)


def test_a_file_is_one_process_s_which_does_everything(tmp_path: Path) -> None:
    turns = turns_at(SqlitePlace(tmp_path / "fleet.sqlite"))
    assert isinstance(turns, NoOthers)
    assert turns.take(NAME)
    assert turns.take(NAME)
    assert turns.share() == Share(0, 1)


def _soon(is_so: Callable[[], bool]) -> bool:
    """Whether something becomes so: the server notices after a moment that a connection was closed."""
    for _ in range(1_000):
        if is_so():
            return True
        time.sleep(0.01)
    return False
