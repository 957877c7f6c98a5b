"""A user's folder: counters given, requests sent; a lock that many processes take in turn.

What is written is on disk before it is used: a counter that a crash took along is never given again.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from images.eui64 import Eui64, format_eui64
from images.files import flush_folder, write_whole
from ota_engine.canonical import canonical_json
from ota_engine.duis.requests import RequestId
from ota_engine.errors import StoreError
from ota_engine.service_user.counting import chosen_counter, next_counter
from ota_engine.service_user.hearing import SentRequest
from ota_engine.times import Utc

COUNTERS: Final = "counters.json"
REQUESTS: Final = "requests.jsonl"
DOCUMENTS: Final = "documents.jsonl"
LOCK: Final = "lock"


class UserFolder:
    """What a user's processes share.

    Args:
        path: of the folder, made when there is none.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    @property
    def documents(self) -> Path:
        """Where what came is kept."""
        return self.path / DOCUMENTS

    def take_counter(self, user: Eui64, utc: Utc, chosen: int | None = None) -> int:
        """Give the next counter of a user, or the one that a person has chosen.

        Raises:
            StoreError: the file of counters is damaged.
            LocalError: the chosen one fits in no request.
            OSError: it cannot be written.
        """
        path, name = self.path / COUNTERS, format_eui64(user)
        with self._locked():
            counters = _read_counters(path)
            highest = counters.get(name, 0)
            counter = next_counter(highest, utc) if chosen is None else chosen
            counters[name] = counter if chosen is None else chosen_counter(chosen, highest)
            text = json.dumps(counters, indent=2, sort_keys=True) + "\n"
            write_whole(path, text.encode(), durable=True)
        return counter

    def sent(self, request: SentRequest) -> None:
        """Note a request that was sent.

        Raises:
            OSError: it cannot be written.
        """
        line = canonical_json({**request._asdict(), "request_id": request.request_id.text})
        path = self.path / REQUESTS
        with self._locked():
            torn = path.exists() and path.read_bytes()[-1:] not in {b"", b"\n"}
            with path.open("ab") as file:
                file.write((b"\n" if torn else b"") + line.encode("ascii") + b"\n")
                file.flush()
                os.fsync(file.fileno())
            flush_folder(self.path)

    def requests_stamp(self) -> int:
        """A number that changes whenever a request was sent.

        Raises:
            OSError: the folder cannot be read.
        """
        try:
            return (self.path / REQUESTS).stat().st_size
        except FileNotFoundError:
            return 0

    def requests(self) -> tuple[SentRequest, ...]:
        """Every request that was sent, in order; what a crash left of a line is passed over.

        Raises:
            OSError: they cannot be read.
        """
        try:
            lines = (self.path / REQUESTS).read_bytes().splitlines()
        except FileNotFoundError:
            return ()
        return tuple(found for line in lines if (found := _read_request(line)) is not None)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Wait for whoever holds the folder; nobody does for longer than a write takes."""
        handle = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _read_counters(path: Path) -> dict[str, int]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(type(value) is int for value in found.values()):
        raise StoreError(
            f"{path}: holds no counters: take it away, and the time is used for the next ones"
        )
    return found


def _read_request(line: bytes) -> SentRequest | None:
    try:
        found: Any = json.loads(line)
        return SentRequest(
            RequestId.parse(found["request_id"]),
            int(found["command_variant"]),
            str(found["reference"]),
            Utc(float(found["utc"])),
            str(found["code"]),
            int(found["devices"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
