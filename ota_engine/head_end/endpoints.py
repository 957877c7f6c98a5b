"""Where parties take their notices: a file, or a receiver over HTTP; knows no database.

A party's registration says where: ``file:NAME`` in the folder of notices, or a URL. A letter that comes
twice stands in a file once, and bears the same key over HTTP.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import trio

from ota_engine.errors import LocalError, StoreError
from ota_engine.head_end.letters import NoticeLetter
from ota_engine.telling.line_file import LineFile
from ota_engine.telling.sink import Fate, SinkAnswer

FILE: Final = "file:"
_HTTP: Final = ("http://", "https://")
_SHAPES: Final = "file:NAME, or a URL like https://party.example/notices"
_LINE_START: Final = b'{"audit":'
_LOOKED_AT: Final = 2_000  # of the last lines of a file, for letters that stand there already


class NoticeEndpoint(Protocol):
    """Somewhere a party takes notices."""

    async def tell(self, letter: NoticeLetter) -> SinkAnswer:
        """Bring one letter there; never raises for what the other side does."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class FileEndpoint:
    """One line a letter, in a file of its own.

    Args:
        path: the file; made when there is none.

    Raises:
        StoreError: it cannot be opened, is in use, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = LineFile(path, _LINE_START, _LOOKED_AT)
        except OSError as error:
            raise StoreError(f"{path}: cannot be opened: {error.strerror}") from error
        self._held = {name for line in self._file.found if (name := _name(line)) is not None}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    async def tell(self, letter: NoticeLetter) -> SinkAnswer:
        """Append the letter, unless it stands there; it is on disk when this returns."""
        name = letter.notice.party, letter.notice.notice
        if name not in self._held:
            try:
                await trio.to_thread.run_sync(self._file.append, [letter.octets + b"\n"])
            except StoreError as error:
                return SinkAnswer(Fate.AWAY, str(error))
            self._held.add(name)
        return SinkAnswer(Fate.ACCEPTED)


class HttpEndpoint:
    """A receiver at a URL.

    Raises:
        LocalError: the URL is none, or what posts is not installed.
    """

    def __init__(self, url: str, party: str) -> None:
        try:
            from ota_engine.telling.http_sink import HttpSink  # noqa: PLC0415 - needs an extra
        except ImportError as error:
            raise LocalError("notices over HTTP need zota[receiver]: install that") from error
        self._sink = HttpSink(url, name=party)

    async def __aenter__(self) -> Self:
        await self._sink.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._sink.__aexit__(kind, error, traceback)

    async def tell(self, letter: NoticeLetter) -> SinkAnswer:
        """Post the letter; only a complete answer counts."""
        return await self._sink.post(letter.key, letter.octets)


def open_endpoint(party: str, where: str, folder: Path) -> NoticeEndpoint:
    """Open the endpoint of a party.

    Args:
        party: whose.
        where: as it is registered.
        folder: in which files of notices lie.

    Raises:
        ZotaError: there is none, or it cannot be used; one line that says what to do.
    """
    if not where:
        raise LocalError(f"no endpoint is registered for {party}: register one")
    if not is_endpoint(where):
        raise LocalError(f"the endpoint of {party} is none: register {_SHAPES}")
    if where.startswith(_HTTP):
        return HttpEndpoint(where, party)
    return FileEndpoint(folder / where.removeprefix(FILE))


def read_endpoint(where: str) -> str:
    """Read the endpoint that a party is to have; it may be empty.

    Raises:
        LocalError: no notice could ever be brought there.
    """
    if where and not is_endpoint(where):
        raise LocalError(f"{where[:60]!a} is no endpoint: give {_SHAPES}")
    return where


def is_endpoint(where: str) -> bool:
    """Whether it is a URL, or names a file without a folder."""
    name = where.removeprefix(FILE)
    named = name == Path(name).name and not name.startswith(".")
    return where.startswith(_HTTP) or (where.startswith(FILE) and named and bool(name))


def _name(line: bytes) -> tuple[str, str] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, Mapping):
        return None
    return str(found.get("party")), str(found.get("id"))
