"""Transfers that gateways tell of while somebody looks; in memory, for what is lost is told again in a second.

Knows no gateway and no viewer: who tells puts, who looks reads, and by looking asks to be told.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ota_engine.gateway.wire import LiveTransfer

LOOK_S: Final = 20.0  # after which nobody looks any more
STALE_S: Final = 30.0  # after which what a gateway told is no longer so
MOST: Final = 5_000  # transfers that are kept in all
MOST_PACES: Final = 90  # of one transfer that are kept


class TransferSeen(NamedTuple):
    """A transfer as a gateway told of it.

    Attributes:
        gateway: that told.
        transfer: what it told.
        since_utc: when this transfer was told of first.
        paces: times and octets in a second, as they were told, the newest last.
    """

    gateway: str
    transfer: LiveTransfer
    since_utc: float
    paces: tuple[tuple[float, float], ...] = ()


class LiveTransfers:
    """What is under way now; may be used by several threads.

    Args:
        now: tells seconds that pass.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._told: dict[str, tuple[float, tuple[TransferSeen, ...]]] = {}

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks."""
        return self._now() < self._looked + LOOK_S

    def look(self) -> list[TransferSeen]:
        """Look: what is known now, and what gateways tell from now on for a while."""
        with self._lock:
            self._looked = self._now()
            self._forget()
            return [one for _, some in self._told.values() for one in some]

    def told(self, gateway: str, transfers: Sequence[LiveTransfer]) -> None:
        """Take all that is under way at one gateway."""
        with self._lock:
            self._forget()
            _, known = self._told.pop(gateway, (0.0, ()))
            before = {_name(one.transfer): one for one in known}
            room = MOST - sum(len(some) for _, some in self._told.values())
            seen = tuple(
                _seen(gateway, one, before.get(_name(one))) for one in transfers[: max(room, 0)]
            )
            if seen:
                self._told[gateway] = self._now(), seen

    def _forget(self) -> None:
        now = self._now()
        for gateway, (at, _) in list(self._told.items()):
            if now >= at + STALE_S:
                del self._told[gateway]


def _seen(gateway: str, told: LiveTransfer, before: TransferSeen | None) -> TransferSeen:
    since = told.utc if before is None else before.since_utc
    paces = () if before is None else before.paces
    if not paces or paces[-1][0] < told.utc:
        paces = (*paces[1 - MOST_PACES :], (told.utc, told.pace))
    return TransferSeen(gateway, told, since, paces)


def _name(transfer: LiveTransfer) -> tuple[str, int, str]:
    return transfer.home, transfer.device, transfer.sha256
