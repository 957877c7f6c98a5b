"""Fault plans: what goes wrong, to whom and when, as plain data drawn from a seed.

Pure. A plan names faults; ``emulators.soak.injection`` turns the switches. A plan written as JSON and
read again is the same plan, so that a run that failed can be replayed without its generator.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from random import Random
from typing import Any

from emulators.air.radio import CALM, Conditions
from images.eui64 import Eui64, format_eui64, parse_eui64
from ota_engine.errors import LocalError

HOUR = 3600.0  # seconds


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
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LocalError(
                f"not a fault plan: {error}: give the JSON that a soak wrote"
            ) from error


def _fault(entry: Any) -> Fault:
    known = {field.name for field in fields(Fault)} | {"fault"}
    if strange := sorted(set(entry) - known):
        raise ValueError(f"unknown field {strange[0]!r}")
    return Fault(
        at=float(entry["at"]),
        kind=FaultKind(entry["fault"]),
        device=parse_eui64(entry["device"]) if "device" in entry else 0,
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


# --- generators ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class World:
    """Who and what can be struck: devices, those with a battery, channels, routers by channel."""

    devices: Sequence[Eui64]
    battery: Sequence[Eui64]
    channels: int
    routers: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Rate:
    """How often one kind of fault strikes: ``per_day`` for each of its targets.

    ``seconds`` and ``amount`` are the ends of the uniform draws.
    """

    kind: FaultKind
    per_day: float
    seconds: tuple[float, float] = (0.0, 0.0)
    amount: tuple[float, float] = (0.0, 0.0)


MILD = (
    Rate(FaultKind.POWER_CUT, 0.02, seconds=(5.0, 600.0)),
    Rate(FaultKind.RESET, 0.05),
    Rate(FaultKind.LOSS, 4.0, seconds=(30.0, 300.0), amount=(0.02, 0.1)),
    Rate(FaultKind.DUPLICATION, 2.0, seconds=(60.0, 600.0), amount=(0.01, 0.05)),
    Rate(FaultKind.REORDERING, 2.0, seconds=(60.0, 600.0), amount=(0.01, 0.05)),
    Rate(FaultKind.ROUTER_OUTAGE, 0.1, seconds=(30.0, 300.0)),
    Rate(FaultKind.LINK_OUTAGE, 1.0, seconds=(5.0, 60.0)),
    Rate(FaultKind.ENGINE_KILL, 1.0, seconds=(1.0, 30.0)),
)

HARSH = (
    Rate(FaultKind.POWER_CUT, 0.2, seconds=(5.0, 7200.0)),
    Rate(FaultKind.TORN_WRITE, 0.3, seconds=(5.0, 600.0), amount=(1, 80)),
    Rate(FaultKind.RESET, 0.3),
    Rate(FaultKind.ON_BATTERY, 0.5, seconds=(60.0, 7200.0)),
    Rate(FaultKind.FLOOD, 0.005, seconds=(30.0, 300.0), amount=(50.0, 400.0)),
    Rate(FaultKind.LOSS, 24.0, seconds=(30.0, 600.0), amount=(0.05, 0.4)),
    Rate(FaultKind.CORRUPTION, 24.0, seconds=(30.0, 600.0), amount=(0.1, 0.6)),
    Rate(FaultKind.DUPLICATION, 12.0, seconds=(60.0, 1200.0), amount=(0.02, 0.2)),
    Rate(FaultKind.REORDERING, 12.0, seconds=(60.0, 1200.0), amount=(0.02, 0.2)),
    Rate(FaultKind.GARBLING, 6.0, seconds=(30.0, 300.0), amount=(0.001, 0.02)),
    Rate(FaultKind.ROUTER_OUTAGE, 1.0, seconds=(30.0, 1800.0)),
    Rate(FaultKind.LINK_OUTAGE, 6.0, seconds=(2.0, 600.0)),
    Rate(FaultKind.ENGINE_KILL, 12.0, seconds=(1.0, 300.0)),
    Rate(FaultKind.CLOCK_STEP, 3.0, amount=(-90000.0, 90000.0)),
    Rate(FaultKind.SECOND_SERVER, 2.0, seconds=(60.0, 1800.0)),
)

PROFILES: dict[str, tuple[Conditions, tuple[Rate, ...]]] = {
    "none": (CALM, ()),
    "mild": (Conditions(loss=0.005, corruption=0.01), MILD),
    "harsh": (
        Conditions(loss=0.02, corruption=0.03, duplication=0.005, reordering=0.005),
        HARSH,
    ),
}

_STRIKE_UNTIL = 0.9  # of the run: the last tenth is left for everybody to come to an end


def draw_plan(profile: str, seed: int, world: World, hours: float) -> FaultPlan:
    """Draw what goes wrong in ``hours`` of virtual time.

    Raises:
        LocalError: there is no such profile.
    """
    if profile not in PROFILES:
        raise LocalError(f"{profile}: there is no such fault profile: give {', '.join(PROFILES)}")
    air, rates = PROFILES[profile]
    rng = Random(f"fault plan {profile} {seed}")  # a text seed does not depend on PYTHONHASHSEED
    until = hours * HOUR * _STRIKE_UNTIL
    faults = [fault for rate in rates for fault in _strikes(rate, world, until, rng)]
    return FaultPlan(profile, seed, air, tuple(sorted(faults)))


def _strikes(rate: Rate, world: World, until: float, rng: Random) -> Iterable[Fault]:
    for aim in _TARGETS[rate.kind](world):
        time = rng.expovariate(rate.per_day / (24 * HOUR))
        while time < until:
            yield Fault(
                at=round(time, 6),
                kind=rate.kind,
                seconds=round(rng.uniform(*rate.seconds), 6),
                amount=round(rng.uniform(*rate.amount), 6),
                **aim,
            )
            time += rng.expovariate(rate.per_day / (24 * HOUR))


_Aim = dict[str, Any]


def _each_device(world: World) -> list[_Aim]:
    return [{"device": device} for device in world.devices]


def _each_battery(world: World) -> list[_Aim]:
    return [{"device": device} for device in world.battery]


def _each_channel(world: World) -> list[_Aim]:
    return [{"channel": channel} for channel in range(world.channels)]


def _each_router(world: World) -> list[_Aim]:
    return [{"channel": channel, "router": router} for channel, router in world.routers]


def _once(_: World) -> list[_Aim]:
    return [{}]


_TARGETS: dict[FaultKind, Callable[[World], list[_Aim]]] = {
    FaultKind.POWER_CUT: _each_device,
    FaultKind.TORN_WRITE: _each_device,
    FaultKind.RESET: _each_device,
    FaultKind.ON_BATTERY: _each_battery,
    FaultKind.FLOOD: _each_device,
    FaultKind.ROUTER_OUTAGE: _each_router,
    FaultKind.LINK_OUTAGE: _once,
    FaultKind.ENGINE_KILL: _once,
    FaultKind.CLOCK_STEP: _once,
    FaultKind.DEVICE_CLOCK_STEP: _each_device,
    FaultKind.SECOND_SERVER: _once,
    **dict.fromkeys(AIR, _each_channel),
}
