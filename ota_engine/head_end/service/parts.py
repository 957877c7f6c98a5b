"""What every door of a server is made of, and what a door is; knows no door."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from ota_engine.head_end.access.entry import Entry
from ota_engine.head_end.live_transfers import LiveTransfers
from ota_engine.head_end.rooms import DeskRoom, ReadingRoom
from ota_engine.times import Utc


class ServiceLog(Protocol):
    """Is told what happens: what, and facts by name; no secret is among them."""

    def __call__(self, event: str, **facts: object) -> None:
        """Take one event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceParts:
    """What doors share.

    Attributes:
        state: the state folder.
        writing: where the fleet decides, a call at a time.
        reading: where it is read beside that.
        entry: knows who comes in.
        clock: gives UTC, of this machine or of a test.
        log: is told what happens.
        secure: those who come reach it by TLS, so that cookies are for TLS alone.
        registry: where figures for Prometheus are.
        live: transfers under way, for whoever looks.
    """

    state: Path
    writing: DeskRoom
    reading: ReadingRoom
    entry: Entry
    clock: Callable[[], Utc]
    log: ServiceLog
    secure: bool
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    live: LiveTransfers = field(default_factory=LiveTransfers)


class ServiceDoor(Protocol):
    """One way into a server: what it answers, and what it does by itself."""

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What it answers."""

    async def run(self) -> None:
        """Do what it does by itself, until cancelled."""
