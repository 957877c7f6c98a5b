"""What the activations need of the engine around them: narrow faces, implemented elsewhere."""

from datetime import UTC, datetime
from typing import Final, Protocol

from images.eui64 import Eui64
from ota_engine.events import Send
from ota_engine.hub.tunnel.hub import Route
from ota_engine.records import ImageRecord, OutcomeRecord, Record

LAST_DAY: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


class Clock(Protocol):
    """The wall clock as far as it is trusted."""

    def utc(self, now: float) -> float:
        """Seconds since 1970-01-01 at monotonic ``now``."""

    def doubt(self, now: float) -> str:
        """Why the clock is not to be trusted; empty when it is."""

    def sane_at(self, now: float) -> float:
        """The earliest monotonic time at which it may be trusted; infinite if never read."""


def trusted_utc(clock: Clock, now: float) -> float:
    """The time counters are drawn by: 0 while the clock is in doubt, so that they only count on."""
    return 0.0 if clock.doubt(now) else clock.utc(now)


def date_of(utc: float) -> datetime:
    """A time as a date; one beyond the calendar is its first or last day."""
    return datetime.fromtimestamp(min(max(utc, 0.0), LAST_DAY), UTC)


class Surroundings(Protocol):
    """The devices, images, journal and outbox that are there anyway."""

    @property
    def clock(self) -> Clock:
        """The one wall clock."""

    @property
    def link_down(self) -> str | None:
        """Why there is no radio, None while there is one."""

    def route(self, device: Eui64) -> Route | None:
        """How a device is reached; None for one that was never seen."""

    def remember(self, device: Eui64, now: float) -> None:
        """Keep what is known of a device for good, because somebody named it."""

    def image(self, sha256: str) -> ImageRecord | None:
        """Look an image up in the catalogue."""

    def image_of(self, manufacturer_image_hash: bytes) -> ImageRecord | None:
        """Look up the newest image of the catalogue that has this hash."""

    def hardware_version(self, device: Eui64) -> int | None:
        """The hardware version a device told, None if it told none."""

    def persist(self, record: Record) -> None:
        """Have a row committed before any frame collected since leaves."""

    def report(self, outcome: OutcomeRecord) -> None:
        """Put an outcome into the outbox, committed with the rows around it."""

    def event(self, kind: str, device: Eui64 | None, now: float, **detail: object) -> None:
        """Write a line of the journal."""

    def audit(self, actor: str, action: str, subject: str, now: float, **detail: object) -> None:
        """Write a row of the audit trail."""

    def count(self, name: str) -> None:
        """Count something a person may want to see on a graph."""

    def send(self, send: Send) -> None:
        """Have a frame sent."""

    def ring_at(self, due: float) -> None:
        """Ask to be woken at monotonic ``due``, or earlier if that was asked for before."""
