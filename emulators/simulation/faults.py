"""Fault plans: what goes wrong, to whom and when, as plain data drawn from a seed.

Pure. A plan names faults; ``emulators.simulation.injection`` turns the switches. A plan written as JSON and
read again is the same plan, so that a run that failed can be replayed without its generator.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from emulators.air.radio import CALM, Conditions
from images.eui64 import format_eui64, parse_eui64
from ota_engine.errors import LocalError


class FaultKind(StrEnum):
    """What can go wrong. The comment names the fields of ``Fault`` it uses besides ``at``."""

    POWER_CUT = "power cut"  # device, seconds
    TORN_WRITE = "power cut in a flash write"  # device, amount: so many writes from now; seconds
    RESET = "reset"  # device
    ON_BATTERY = "mains lost"  # device, seconds
    FLOOD = "flood"  # device, seconds, amount: frames per second
    LOSS = "loss"  # channel, seconds, amount: chance
    CORRUPTION = "corruption"  # channel, seconds, amount: chance per attempt
    DUPLICATION = "duplication"  # channel, seconds, amount: chance
    REORDERING = "reordering"  # channel, seconds, amount: chance
    GARBLING = "garbling"  # channel, seconds, amount: chance
    ROUTER_OUTAGE = "router outage"  # channel, router, seconds
    LINK_OUTAGE = "coordinator unplugged"  # seconds
    ENGINE_KILL = "engine killed"  # seconds until it is started again
    CLOCK_STEP = "wall clock step"  # amount: seconds, may be negative
    DEVICE_CLOCK_STEP = "device clock step"  # device, amount: seconds, may be negative
    SECOND_SERVER = "second server"  # seconds


AIR = frozenset(
    {
        FaultKind.LOSS,
        FaultKind.CORRUPTION,
        FaultKind.DUPLICATION,
        FaultKind.REORDERING,
        FaultKind.GARBLING,
    }
)
OF_A_DEVICE = frozenset(
    {
        FaultKind.POWER_CUT,
        FaultKind.TORN_WRITE,
        FaultKind.RESET,
        FaultKind.ON_BATTERY,
        FaultKind.FLOOD,
        FaultKind.DEVICE_CLOCK_STEP,
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that goes wrong at ``at`` seconds; unused fields keep their defaults."""

    at: float
    kind: FaultKind
    device: int = 0
    channel: int = 0
    router: int = 0
    seconds: float = 0.0
    amount: float = 0.0

    def describe(self) -> dict[str, object]:
        """Name the fields that are set, for the journal, the report and the plan's JSON."""
        shown: dict[str, object] = {"at": self.at, "fault": self.kind.value}
        if self.device:
            shown["device"] = format_eui64(self.device)
        for name in ("channel", "router", "seconds", "amount"):
            if getattr(self, name):
                shown[name] = getattr(self, name)
        return shown


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Everything that goes wrong in one run: the air as it always is, and single faults by time."""

    profile: str = "none"
    seed: int = 0
    air: Conditions = CALM
    faults: tuple[Fault, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Give the plan a form that JSON knows."""
        return {
            "profile": self.profile,
            "seed": self.seed,
            "air": asdict(self.air),
            "faults": [fault.describe() for fault in self.faults],
        }

    @classmethod
    def from_json(cls, value: Any) -> "FaultPlan":
        """Read what ``to_json`` gave.

        Raises:
            LocalError: it is no such thing; the text says where.
        """
        try:
            return cls(
                profile=str(value["profile"]),
                seed=int(value["seed"]),
                air=Conditions(**{key: float(chance) for key, chance in value["air"].items()}),
                faults=tuple(_fault(entry) for entry in value["faults"]),
            )
        except KeyError as error:
            raise LocalError(f"not a fault plan: field {error} is missing: give it") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise LocalError(
                f"not a fault plan: {error}: give the JSON that a soak wrote"
            ) from error


def _fault(entry: Any) -> Fault:
    known = {field.name for field in fields(Fault)} | {"fault"}
    if strange := sorted(set(entry) - known):
        raise ValueError(f"unknown field {strange[0]!r}")
    kind = FaultKind(entry["fault"])
    if kind in OF_A_DEVICE and "device" not in entry:
        raise ValueError(f"{kind.value!r} without its device")
    for name in ("at", "channel", "seconds"):
        if float(entry.get(name, 0)) < 0:
            raise ValueError(f"{kind.value!r} has {name} below 0")
    return Fault(
        at=float(entry["at"]),
        kind=kind,
        device=parse_eui64(str(entry["device"])) if "device" in entry else 0,
        channel=int(entry.get("channel", 0)),
        router=int(entry.get("router", 0)),
        seconds=float(entry.get("seconds", 0.0)),
        amount=float(entry.get("amount", 0.0)),
    )


def weather(air: Conditions, active: Iterable[Fault]) -> Conditions:
    """Combine the air as it always is with the disturbances of the moment: the worst of each."""
    chances = asdict(air)
    for fault in active:
        chances[fault.kind.value] = max(chances[fault.kind.value], fault.amount)
    return Conditions(**chances)
