"""What runs have measured, as numbers that a model draws from; pure.

A span is how long something takes, as an increasing function of a share: it says how long it took at
most in that share of all cases.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log1p
from typing import Any, Final, TypeAlias

from ota_engine.errors import LocalError
from ota_engine.records import SessionState

POINTS: Final = 41  # of a measured span: a step is a fortieth of all cases
VERSION: Final = 1  # of the file


@dataclass(frozen=True, slots=True)
class MeanSpan:
    """A length of time that has no memory.

    Attributes:
        mean_s: seconds.
    """

    mean_s: float

    def at(self, share: float) -> float:
        """How long it takes in at most this share of all cases, below 1."""
        return -self.mean_s * log1p(-share)


@dataclass(frozen=True, slots=True)
class MeasuredSpan:
    """A length of time as it was seen.

    Attributes:
        points: seconds, at equal steps of the share; the first is the shortest and the last the
            longest that was seen.
    """

    points: tuple[float, ...]

    def at(self, share: float) -> float:
        """How long it takes in at most this share of all cases."""
        return _at(self.points, share * (len(self.points) - 1))


Span: TypeAlias = MeanSpan | MeasuredSpan


def measured_span(seconds: Iterable[float]) -> MeasuredSpan | None:
    """Sum up how long something took; None where it was never seen."""
    seen = sorted(seconds)
    if not seen:
        return None
    last = len(seen) - 1
    places = (last * number / (POINTS - 1) for number in range(POINTS))
    return MeasuredSpan(tuple(round(_at(seen, place), 3) for place in places))


def _at(rising: Sequence[float], place: float) -> float:
    """Read at a place from 0 on, on the line between the numbers before and after it."""
    low = min(int(place), max(0, len(rising) - 2))
    high = min(low + 1, len(rising) - 1)
    return rising[low] + (rising[high] - rising[low]) * (place - low)


@dataclass(frozen=True, slots=True)
class Journey:
    """How one firmware of a device came to its end.

    Attributes:
        kind: word of the kind of device.
        reach_s: from the order to the first block, None while there was none.
        transfer_s: from there until the device held the whole image.
        activate_s: from the moment at which it was to run it until it did.
        reason: why it failed; empty where it did not.
    """

    kind: str
    reach_s: float | None
    transfer_s: float | None
    activate_s: float | None
    reason: str


class JourneyTimes:
    """When one firmware of a device came how far, in virtual seconds; the first time counts."""

    __slots__ = ("ordered", "reached", "transferred", "updated")

    def __init__(self) -> None:
        self.reached: float | None = None
        self.transferred: float | None = None
        self.ordered: float | None = None
        self.updated: float | None = None

    def saw(self, state: SessionState, now: float) -> None:
        """Take note of a state in which its session was written."""
        if state in _REACHED and self.reached is None:
            self.reached = now
        if state in _TRANSFERRED and self.transferred is None:
            self.transferred = now
        if state is SessionState.RESTARTING:
            self.ordered = now
        if state is SessionState.UPDATED and self.updated is None:
            self.updated = now

    def journey(self, kind: str, reason: str) -> Journey:
        """Say how it came to its end.

        Args:
            kind: word of the kind of device.
            reason: why it failed; empty where it did not.
        """
        runs_from = self.transferred if self.ordered is None else self.ordered
        return Journey(
            kind,
            self.reached,
            _between(self.reached, self.transferred),
            _between(runs_from, self.updated),
            reason,
        )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)


_TRANSFERRED: Final = frozenset(
    {
        SessionState.WAIT_FOR_MORE,
        SessionState.HELD,
        SessionState.SCHEDULED,
        SessionState.AWAITING_COMMAND,
        SessionState.RESTARTING,
        SessionState.UPDATED,
    }
)
_REACHED: Final = _TRANSFERRED | {SessionState.DOWNLOADING, SessionState.VERIFYING}


@dataclass(frozen=True, slots=True)
class KindModel:
    """What was measured of one kind of device.

    Attributes:
        devices: how many there were.
        reach: until the first block.
        transfer: of the delivery.
        activate: until the new firmware ran.
        fails: share that failed, by reason.
        unheard: share that never asked for a block.
    """

    devices: int
    reach: MeasuredSpan | None
    transfer: MeasuredSpan | None
    activate: MeasuredSpan | None
    fails: Mapping[str, float]
    unheard: float


@dataclass(frozen=True, slots=True)
class MeasuredModel:
    """What a soak measured.

    Attributes:
        faults: name of the fault profile.
        seed: of the run.
        kinds: by the word of the kind of device.
    """

    faults: str
    seed: int
    kinds: Mapping[str, KindModel]


def measure(journeys: Iterable[Journey], faults: str, seed: int) -> MeasuredModel:
    """Sum up how devices came to their ends."""
    by_kind: dict[str, list[Journey]] = {}
    for one in journeys:
        by_kind.setdefault(one.kind, []).append(one)
    kinds = {kind: _measured_kind(found) for kind, found in sorted(by_kind.items())}
    return MeasuredModel(faults, seed, kinds)


def _measured_kind(found: Sequence[Journey]) -> KindModel:
    failed: dict[str, int] = {}
    for one in found:
        if one.reason:
            failed[one.reason] = failed.get(one.reason, 0) + 1
    return KindModel(
        len(found),
        measured_span(one.reach_s for one in found if one.reach_s is not None),
        measured_span(one.transfer_s for one in found if one.transfer_s is not None),
        measured_span(one.activate_s for one in found if one.activate_s is not None),
        {reason: times / len(found) for reason, times in sorted(failed.items())},
        sum(one.reach_s is None for one in found) / len(found),
    )


# --- the file ------------------------------------------------------------------------------------


def model_text(model: MeasuredModel) -> str:
    """Write a model as JSON."""
    return json.dumps({"version": VERSION, **asdict(model)}, indent=1) + "\n"


def read_model(text: str) -> MeasuredModel:
    """Read a model from JSON.

    Raises:
        LocalError: it is none.
    """
    try:
        values = json.loads(text)
        if values["version"] != VERSION:
            raise LocalError(f"the model has version {values['version']}: make it anew")
        kinds = {str(kind): _read_kind(one) for kind, one in values["kinds"].items()}
        return MeasuredModel(str(values["faults"]), int(values["seed"]), kinds)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LocalError(
            f"not a model that zota soak --model writes ({error}): make it anew"
        ) from error


def _read_kind(values: Mapping[str, Any]) -> KindModel:
    return KindModel(
        int(values["devices"]),
        _read_span(values["reach"]),
        _read_span(values["transfer"]),
        _read_span(values["activate"]),
        {str(reason): _share(share) for reason, share in values["fails"].items()},
        _share(values["unheard"]),
    )


def _read_span(values: Any) -> MeasuredSpan | None:
    if values is None:
        return None
    points = tuple(map(float, values["points"]))
    if not points or any(point < 0 for point in points) or list(points) != sorted(points):
        raise ValueError("a span that does not rise")
    return MeasuredSpan(points)


def _share(value: Any) -> float:
    share = float(value)
    if not 0 <= share <= 1:
        raise ValueError(f"{share:g} is no share")
    return share
