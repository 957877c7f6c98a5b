"""Where a database lies and how it may be named; opens nothing.

A state folder keeps SQLite files, unless a file in it, ``database.toml``, names a PostgreSQL server and
the schema there that is this folder's. A password never stands in a URL or in that file: it would be
shown by whatever prints a place.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from images.files import write_whole
from ota_engine.errors import StoreError
from ota_engine.wording import one_line

DATABASE_NAME: Final = "zota.db"  # in a state directory
FLEET_NAME: Final = "fleet.sqlite"  # in that of a fleet
PLACE_NAME: Final = "database.toml"  # the same, where its database lies on a server
URL_SCHEMA: Final = "zota"  # the schema that a URL means which names none

_POSTGRES: Final = ("postgresql", "postgres")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")  # RFC 3986, 3.1
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# an option's name, misspelt or not
_SECRET: Final = re.compile(r"p\w*s\w*w|passphrase|secret|pwd|^pass$", re.IGNORECASE)
# what PostgreSQL's programs take besides URLs, and URLs with a slash too few
_NO_PATH: Final = re.compile(
    r"(?:postgres(?:ql)?|sqlite):|.*(?:passw\w*|pwd)\s*=|\s*\w+\s*=\s*\S+\s+\w+\s*=",
    re.IGNORECASE | re.DOTALL,
)
_KEYS: Final = frozenset(("url", "schema"))
_KEEP_IT_OUT: Final = (
    "a password does not belong into the URL of a database: keep it in ~/.pgpass or the file that"
    " PGPASSFILE names, in PGPASSWORD, or use a certificate"
)
_NEITHER: Final = (
    "this is neither a file nor the URL of a database: give a file, sqlite:/// and a file, or"
    " postgresql://USER@HOST/DATABASE"
)


@dataclass(frozen=True, slots=True)
class SqlitePlace:
    """A database that is a file.

    Attributes:
        path: the file.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """A database on a server.

    Attributes:
        url: as PostgreSQL's own programs take it; without a password.
        schema: the tables' schema, this store's alone.
    """

    url: str
    schema: str

    def __str__(self) -> str:
        return f"{self.url} (schema {self.schema})"


StorePlace: TypeAlias = SqlitePlace | PostgresPlace


def place_of(folder: Path, file_name: str = DATABASE_NAME, schema: str | None = None) -> StorePlace:
    """Where the database of a state folder lies.

    Args:
        folder: the state folder; it need not exist.
        file_name: of the database in it, where it is a file.
        schema: of the database on a server, where the folder does not say; None for one that bears
            the folder's name.

    Raises:
        StoreError: the folder's ``database.toml`` cannot be read, or says nothing that makes sense.
    """
    path = folder / PLACE_NAME
    try:
        text = path.read_text()
    except FileNotFoundError:
        return SqlitePlace(folder / file_name)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: cannot be read ({one_line(str(error))})") from error
    values = _values(path, text)
    given = values.get("schema", schema or schema_named(folder))
    try:
        return server_at(values["url"], given) or SqlitePlace(_file_of(values["url"]))
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from error


def place_at(named: str | Path | StorePlace, schema: str = URL_SCHEMA) -> StorePlace:
    """The place that somebody names: a path, a URL ``sqlite:///PATH``, or one of a PostgreSQL server.

    Args:
        named: it; a URL may end in ``?schema=NAME``. Text that might hold a password is no path.
        schema: on a server, where the URL names none.

    Raises:
        StoreError: a URL of anything else, or one with a password in it; the password is not told.
    """
    if isinstance(named, SqlitePlace | PostgresPlace):
        return named
    if isinstance(named, Path):
        return SqlitePlace(named)
    if "://" in named:
        return server_at(named, schema) or SqlitePlace(_file_of(named))
    if _NO_PATH.match(named) or _has_password(named):
        raise StoreError(_NEITHER)
    return SqlitePlace(Path(named))


def server_at(url: str, schema: str) -> PostgresPlace | None:
    """The place on a server that a URL names; None where it is no URL of a PostgreSQL server.

    Args:
        url: it may end in ``?schema=NAME``.
        schema: where it names none.

    Raises:
        StoreError: the URL makes no sense, or has a password in it; the password is not told.
    """
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in _POSTGRES:
        return None
    if _has_password(rest) or _has_secret(rest.partition("?")[2]):
        raise StoreError(_KEEP_IT_OUT)
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise StoreError(f"this is no URL of a database: {one_line(str(error))}") from error
    if not url.isprintable() or any(one in url for one in "\"\\'"):
        raise StoreError("this is no URL of a database: write what is not a plain sign as %XX")
    if not parts.path.strip("/") and not any(name in ("dbname", "service") for name, _ in options):
        raise StoreError(f"{url}: names no database: give postgresql://USER@HOST/DATABASE")
    schema = next((value for name, value in options if name == "schema"), schema)
    if _SCHEMA.fullmatch(schema) is None or schema.startswith("pg_"):
        raise StoreError(
            f"{one_line(schema)!a} is no name of a schema: give a to z, 0 to 9 and _, at most 63"
        )
    kept = urlencode([option for option in options if option[0] != "schema"], safe="/:,")
    bare = url.partition("?")[0].partition("#")[0]
    return PostgresPlace(f"{bare}?{kept}" if kept else bare, schema)


def write_place(folder: Path, place: StorePlace | None) -> None:
    """Say in a state folder where its database lies; None for a file in the folder itself.

    Raises:
        OSError: it cannot be written.
    """
    path = folder / PLACE_NAME
    if place is None:
        path.unlink(missing_ok=True)
        return
    lines = ["# Where the database of this folder lies; zota store move changes it."]
    if isinstance(place, PostgresPlace):
        lines += [f'url = "{place.url}"', f'schema = "{place.schema}"']
    else:
        lines.append(f'url = "sqlite:///{place.path.absolute()}"')
    write_whole(path, "".join(f"{line}\n" for line in lines).encode(), durable=True)


def schema_named(folder: Path) -> str:
    """The schema that a state folder has on a server, if it does not say: its own name, made fit."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.absolute().name.lower()).strip("_")
    return f"gateway_{name or 'state'}"[:63]


def refuse_absent(path: Path) -> None:
    """Refuse what cannot be a database, before SQLite would create one.

    Raises:
        StoreError: nothing there, a folder, or an empty file.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no database here: give the path of one")
    if not path.is_file() or path.stat().st_size == 0:
        raise StoreError(f"{path}: this is not a database: give another path")


def _values(path: Path, text: str) -> dict[str, str]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StoreError(f"{path}: is no TOML, correct it: {one_line(str(error))}") from error
    strange = sorted(values.keys() - _KEYS)
    if strange:
        raise StoreError(f"{path}: {one_line(strange[0])!a} means nothing here: url and schema do")
    if "url" not in values or not all(isinstance(value, str) for value in values.values()):
        raise StoreError(
            f'{path}: give url = "postgresql://USER@HOST/DATABASE", and schema at will'
        )
    return values


def _has_password(text: str) -> bool:
    """Whether there is a colon before the last @: a password may hold any sign, as it is typed."""
    return ":" in text.rpartition("@")[0]


def _has_secret(query: str) -> bool:
    """Whether an option's name sounds like that of a secret."""
    names = (option.partition("=")[0] for option in query.split("&"))
    return any(_SECRET.search(unquote(name)) for name in names)


def _file_of(url: str) -> Path:
    scheme, mark, rest = url.partition("://")
    if not mark or _SCHEME.fullmatch(scheme) is None:
        raise StoreError(_NEITHER)
    if scheme != "sqlite" or not rest.startswith("/") or rest == "/":
        raise StoreError(
            f"{one_line(scheme)}: such a URL cannot be opened: give a file, sqlite:/// and a file, "
            "or postgresql://USER@HOST/DATABASE"
        )
    return Path(rest[1:])
