"""Where a database lies: what a state folder and a URL say, and that neither gives a secret away."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import StoreError
from ota_engine.store.location import (
    PLACE_NAME,
    PostgresPlace,
    SqlitePlace,
    place_at,
    place_of,
    schema_named,
    server_at,
    write_place,
)

URL = "postgresql://zota@db.example/homes"


def test_a_folder_that_says_nothing_keeps_a_file(tmp_path: Path) -> None:
    assert place_of(tmp_path, "fleet.sqlite", "fleet") == SqlitePlace(tmp_path / "fleet.sqlite")
    assert place_of(tmp_path / "not there") == SqlitePlace(tmp_path / "not there" / "zota.db")


@pytest.mark.parametrize(
    ("more", "schema"), [("", "fleet"), ('schema = "north"', "north"), ("# none", "fleet")]
)
def test_a_folder_names_a_server_and_a_schema_there(tmp_path: Path, more: str, schema: str) -> None:
    (tmp_path / PLACE_NAME).write_text(f'url = "{URL}"\n{more}\n')
    assert place_of(tmp_path, "fleet.sqlite", "fleet") == PostgresPlace(URL, schema)


@pytest.mark.parametrize(
    "place", [PostgresPlace(URL, "north"), SqlitePlace(Path("/var/lib/zota/fleet.sqlite"))]
)
def test_what_is_written_of_a_place_is_read_back(
    tmp_path: Path, place: SqlitePlace | PostgresPlace
) -> None:
    write_place(tmp_path, place)
    assert place_of(tmp_path) == place
    write_place(tmp_path, None)
    assert place_of(tmp_path) == SqlitePlace(tmp_path / "zota.db")


def test_a_gateways_schema_bears_the_name_of_its_folder() -> None:
    assert schema_named(Path("/var/lib/CHF-07 (left)")) == "gateway_chf_07_left"
    assert schema_named(Path("/")) == "gateway_state"
    assert len(schema_named(Path("x" * 200))) == 63


def test_a_url_may_name_its_schema_and_keeps_its_other_options() -> None:
    given = f"{URL}?sslmode=verify-full&schema=north&host=/run/pg"
    assert place_at(given) == PostgresPlace(f"{URL}?sslmode=verify-full&host=/run/pg", "north")
    assert place_at("postgres:///homes", "fleet") == PostgresPlace("postgres:///homes", "fleet")
    assert str(place_at(given)) == f"{URL}?sslmode=verify-full&host=/run/pg (schema north)"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://zota:tops3cret@db/homes",
        "postgresql://zota:tops3cret@/homes?host=/run",
        f"{URL}?password=tops3cret",
        f"{URL}?sslpassword=tops3cret",
        f"{URL}?PassWord:tops3cret",
        f"{URL}?pass%77ord=tops3cret",
        f"{URL}?pwd=tops3cret",
        f"{URL}?connect_timeout=1&pasword=tops3cret",
        f"{URL}?psswrd=tops3cret",
        "postgresql://zota:top/s3cret-tops3cret@127.0.0.1:5499/homes",
        "postgres:///zota:tops3cret@127.0.0.1/homes",
        "postgresql://zota:a?tops3cret@db/homes",
        "postgresql://zota:a#tops3cret@db/homes",
        "postgresql://zota:a@tops3cret@db/homes",
        "postgresql://zota:[tops3cret@db/homes",
    ],
)
def test_a_password_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreError, match=r"PGPASSFILE.*PGPASSWORD.*certificate") as refused:
        place_at(url)
    assert "tops3cret" not in str(refused.value)
    (tmp_path / PLACE_NAME).write_text(f'url = "{url}"\n')
    with pytest.raises(StoreError, match=f"{PLACE_NAME}: a password does not belong") as refused:
        place_of(tmp_path)
    assert "tops3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "named",
    [
        "postgres:/zota:tops3cret@127.0.0.1/homes",
        "postgresql:zota/tops3cret",
        "zota:tops3cret@127.0.0.1/homes",
        "host=127.0.0.1 dbname=homes password=tops3cret",
        "dbname=homes PASSWORD = 'tops3cret'",
        "host=127.0.0.1 dbname=homes",
        "password=tops3cret://",
        "jdbc:postgresql://zota:tops3cret@db/homes",
    ],
)
def test_what_might_be_a_server_with_a_password_is_no_path_and_not_repeated(
    tmp_path: Path, named: str
) -> None:
    (tmp_path / PLACE_NAME).write_text(f'url = "{named}"\n')
    for reading in (partial(place_at, named), partial(place_of, tmp_path)):
        with pytest.raises(StoreError, match="neither a file nor the URL of a database") as refused:
            reading()
        assert "tops3cret" not in str(refused.value)
    assert server_at(named, "fleet") is None


@pytest.mark.parametrize(
    "name", ["zota.db", "2026-11-30 12:30/zota.db", "/data/home=7/me@x/zota.db"]
)
def test_a_path_of_any_other_signs_is_one(name: str) -> None:
    assert place_at(name) == SqlitePlace(Path(name))
    assert place_at("sqlite:///a:b@c/zota.db") == SqlitePlace(Path("a:b@c/zota.db"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("url = ", "is no TOML"),
        ("", "give url = "),
        ("url = 5", "give url = "),
        (f'url = "{URL}"\npassword = "x"', "'password' means nothing here"),
        ('url = "mysql://zota:tops3cret@db/homes"', "mysql: such a URL cannot be opened"),
        ('url = "zota.db"', "neither a file nor the URL of a database"),
        ('url = "postgresql://db"', "names no database"),
        (f'url = "{URL}"\nschema = "North"', "'North' is no name of a schema"),
        (f'url = "{URL}"\nschema = "pg_north"', "is no name of a schema"),
        ('url = "postgresql://[db/homes"', "is no URL of a database"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line_that_names_the_file(
    tmp_path: Path, text: str, wrong: str
) -> None:
    (tmp_path / PLACE_NAME).write_text(text)
    with pytest.raises(StoreError) as refused:
        place_of(tmp_path)
    told = str(refused.value)
    assert told.startswith(f"{tmp_path / PLACE_NAME}: ")
    assert wrong in told
    assert "\n" not in told
    assert "tops3cret" not in told


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / PLACE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match=f"{PLACE_NAME}: cannot be read"):
        place_of(tmp_path)


@given(st.sampled_from(["postgresql://", "sqlite://", "postgres://a@"]), st.text(max_size=60))
def test_any_url_is_a_place_or_refused_in_one_line(scheme: str, rest: str) -> None:
    try:
        place = place_at(scheme + rest)
    except StoreError as error:
        assert str(error).isprintable()
    else:
        assert place_at(place) is place
        assert isinstance(place, SqlitePlace) or place_at(place.url, place.schema) == place
