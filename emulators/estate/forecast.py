"""When a campaign ends, by what several seeds gave: a forecast with its spread."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from emulators.estate.rehearsed import Rehearsed


@dataclass(frozen=True, slots=True)
class SeedEnd:
    """How one seed ended.

    Attributes:
        seed: of everything that was drawn.
        complete: the last campaign stands open for homes to come.
        ends_utc: when the last home ended, None where none did.
        days: from the first moment until then.
        journal_sha256: of everything that happened.
    """

    seed: int
    complete: bool
    ends_utc: float | None
    days: float | None
    journal_sha256: str


@dataclass(frozen=True, slots=True)
class EndForecast:
    """When the end is to be expected.

    Attributes:
        runs: one for each seed.
        complete: how many of them came to their end.
        earliest_days: of those, the quickest; None where none did.
        median_days: of those, the one in the middle; the later one of two.
        latest_days: of those, the slowest.
    """

    runs: tuple[SeedEnd, ...]
    complete: int
    earliest_days: float | None
    median_days: float | None
    latest_days: float | None

    def as_values(self) -> dict[str, Any]:
        """The forecast as plain values."""
        return asdict(self)


def end_of(result: Rehearsed) -> SeedEnd:
    """Say how one seed ended."""
    return SeedEnd(
        result.seed, result.complete, result.ends_utc, result.days, result.journal_sha256
    )


def forecast(ends: Iterable[SeedEnd]) -> EndForecast:
    """Sum up what several seeds gave, in the order of the seeds."""
    runs = tuple(sorted(ends, key=lambda one: one.seed))
    days = sorted(one.days for one in runs if one.complete and one.days is not None)
    if not days:
        return EndForecast(runs, 0, None, None, None)
    return EndForecast(runs, len(days), days[0], days[len(days) // 2], days[-1])
