"""The journal of a simulated run: one canonical JSON line per thing that happened, hashed.

Pure but for the sink it is given. Two runs are the same run when their journals are the same bytes.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache

from images.eui64 import format_eui64
from ota_engine.canonical import canonical_json

MICROSECOND = 6  # decimals of a time
_word = lru_cache(maxsize=1024)(canonical_json)  # there are few sources, and few kinds


class Journal:
    """Collects lines in the order in which they are written.

    Args:
        sink: called with every line, newline included; None keeps only the hash.
    """

    __slots__ = ("_hash", "_sink", "lines")

    def __init__(self, sink: Callable[[bytes], object] | None = None) -> None:
        self.lines = 0
        self._hash = hashlib.sha256()
        self._sink = sink

    @property
    def sha256(self) -> str:
        """The hash of everything written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def write(
        self,
        time: float,
        source: str,
        kind: str,
        detail: Mapping[str, object] | str,
        device: int | None = None,
    ) -> None:
        """Add a line.

        Args:
            time: virtual seconds; kept to the microsecond.
            source: who says so: "engine", "device", "fault" or "operator".
            kind: what happened.
            detail: more about it; a string is canonical JSON already.
            device: the EUI-64 it is about, if any.
        """
        body = detail if isinstance(detail, str) else canonical_json(detail)
        who = "null" if device is None else f'"{format_eui64(device)}"'
        line = (
            f'{{"detail":{body},"device":{who},"kind":{_word(kind)},'
            f'"source":{_word(source)},"time":{round(time, MICROSECOND)!r}}}\n'
        ).encode("ascii")
        self.lines += 1
        self._hash.update(line)
        if self._sink is not None:
            self._sink(line)
