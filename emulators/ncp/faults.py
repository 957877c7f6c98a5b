"""Scripted faults of an NCP: noise on its line, resets, hangs and unplugging. Pure and seeded.

Knows what shall go wrong and when; ``dongle`` makes it happen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf
from random import Random
from sys import float_info
from typing import Any

from emulators.ncp.frames import FLAG
from images.errors import ImageError
from images.strict_json import read_json
from images.strict_toml import read_toml
from ota_engine.errors import LocalError
from ota_engine.wording import one_line


class DongleFaultKind(Enum):
    """What happens to the NCP at one moment."""

    RESET = "reset"  # its watchdog bites: RSTACK out of the blue
    ERROR = "error"  # it stops with ERROR until the host resets it
    HANG = "hang"  # it neither hears nor speaks for a while
    UNPLUG = "unplug"  # its port is gone for a while


@dataclass(frozen=True, slots=True)
class NcpFault:
    """One such moment.

    Attributes:
        at: seconds after a host first spoke; None when it depends on blocks.
        after_blocks: how many image blocks the host has sent by then; None when it is a time.
        seconds: how long a hang or an unplugging lasts; infinity for good.
    """

    kind: DongleFaultKind
    at: float | None = None
    after_blocks: int | None = None
    seconds: float = inf


@dataclass(frozen=True, slots=True)
class DongleFaultPlan:
    """Everything that shall go wrong; chances are per frame, in either direction."""

    noise: float = 0.0
    drop: float = 0.0
    duplicate: float = 0.0
    seed: int = 0
    events: tuple[NcpFault, ...] = ()


NO_FAULTS = DongleFaultPlan()
PLAN_KEYS = frozenset({"noise", "drop", "duplicate", "seed", "event"})
EVENT_KEYS = ("kind", "at", "after_blocks", "seconds")


def parse_plan(text: str) -> DongleFaultPlan:
    """Read a plan in TOML, or in JSON if it starts with a brace.

    Raises:
        LocalError: it is neither, or asks for what cannot be.
    """
    try:
        braced = text.lstrip().startswith("{")
        plan = read_json(text, "the plan") if braced else read_toml(text)
    except (ImageError, ValueError) as error:
        raise LocalError(f"is neither TOML nor JSON: {error}") from error
    unknown = sorted(plan.keys() - PLAN_KEYS)
    if unknown:
        raise LocalError(
            f"{one_line(unknown[0])}: no such key; there are noise, drop, duplicate, seed, event"
        )
    events = plan.get("event", [])
    if not isinstance(events, list):
        raise LocalError("event: is no list of tables")
    return DongleFaultPlan(
        noise=_number(plan, "noise", 0.0, 1.0),
        drop=_number(plan, "drop", 0.0, 1.0),
        duplicate=_number(plan, "duplicate", 0.0, 1.0),
        seed=int(_number(plan, "seed", 0.0, 2.0**53)),
        events=tuple(_event(number, event) for number, event in enumerate(events, 1)),
    )


def _event(number: int, event: Any) -> NcpFault:
    where = f"event {number}"
    if not isinstance(event, Mapping):
        raise LocalError(f"{where}: is no table")
    unknown = sorted(event.keys() - set(EVENT_KEYS))
    if unknown:
        raise LocalError(
            f"{where}: {one_line(unknown[0])}: no such key; there are {', '.join(EVENT_KEYS)}"
        )
    try:
        kind = DongleFaultKind(event.get("kind"))
    except ValueError:
        kinds = ", ".join(kind.value for kind in DongleFaultKind)
        raise LocalError(f"{where}: kind: there are {kinds}") from None
    if ("at" in event) == ("after_blocks" in event):
        raise LocalError(f"{where}: say either at = seconds or after_blocks = number")
    return NcpFault(
        kind,
        at=_number(event, "at", 0.0, inf, where) if "at" in event else None,
        after_blocks=int(_number(event, "after_blocks", 1.0, 2.0**53, where))
        if "after_blocks" in event
        else None,
        seconds=_number(event, "seconds", 0.0, inf, where) if "seconds" in event else inf,
    )


def _number(
    table: Mapping[str, Any], key: str, lowest: float, highest: float, where: str = ""
) -> float:
    value = table.get(key, lowest)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    beyond = isinstance(value, int) and value > float_info.max  # a whole number that no float holds
    if not number or beyond or not lowest <= value <= highest:
        prefix = f"{where}: " if where else ""
        raise LocalError(
            f"{prefix}{key} = {one_line(repr(value))}: is no number from {lowest:g} to {highest:g}"
        )
    return float(value)


class Noise:
    """Damages, loses and doubles frames on their way over the line.

    Args:
        plan: the chances.
    """

    def __init__(self, plan: DongleFaultPlan) -> None:
        self._random = Random(plan.seed)
        self._plan = plan
        self.quiet = not (plan.noise or plan.drop or plan.duplicate)

    def spoil(self, data: bytes) -> bytes:
        """What arrives of some octets; each frame in them, cut at the flags, has its own fate."""
        if self.quiet:
            return data
        pieces = data.split(bytes((FLAG,)))
        frames = [piece + bytes((FLAG,)) for piece in pieces[:-1]]
        if pieces[-1]:
            frames.append(pieces[-1])
        return b"".join(map(self._frame, frames))

    def _frame(self, frame: bytes) -> bytes:
        random, plan = self._random, self._plan
        if random.random() < plan.drop:
            return b""
        if random.random() < plan.noise:
            octets = bytearray(frame)
            octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)
            frame = bytes(octets)
        return frame * 2 if random.random() < plan.duplicate else frame
