"""Where a database lies and how it may be named; opens nothing."""

from pathlib import Path

from ota_engine.errors import StoreError

DATABASE_NAME = "zota.db"  # in a state directory


def resolve(path_or_url: str | Path) -> Path:
    """The file that a path, or a URL ``sqlite:///PATH``, means.

    Raises:
        StoreError: a URL of anything else.
    """
    if isinstance(path_or_url, str) and "://" in path_or_url:
        scheme, _, rest = path_or_url.partition("://")
        if scheme != "sqlite" or not rest.startswith("/") or rest == "/":
            raise StoreError(
                f"{path_or_url}: cannot be opened: give a file, or sqlite:/// and a file"
            )
        return Path(rest[1:])
    return Path(path_or_url)


def refuse_absent(path: Path) -> None:
    """Refuse what cannot be a database, before SQLite would create one.

    Raises:
        StoreError: nothing there, a folder, or an empty file.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no database here: give the path of one")
    if not path.is_file() or path.stat().st_size == 0:
        raise StoreError(f"{path}: this is not a database: give another path")
