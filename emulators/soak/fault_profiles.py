"""How often what goes wrong: fault plans drawn from a profile and a seed.

Pure. Knows rates and whom they can strike; what a fault is stands in ``emulators.simulation.faults``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from emulators.air.radio import CALM, Conditions
from emulators.simulation.faults import AIR, Fault, FaultKind, FaultPlan
from images.eui64 import Eui64
from ota_engine.errors import LocalError

HOUR = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class World:
    """Who and what can be struck: devices, those with a battery, channels, routers by channel.

    ``finds_damage`` is whether the devices have something by which they tell that octets of a file
    have changed. Without it nobody can be held to it, so none are changed.
    """

    devices: Sequence[Eui64]
    battery: Sequence[Eui64]
    channels: int
    routers: Sequence[tuple[int, int]]
    finds_damage: bool = True


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


def _each_channel_with_checks(world: World) -> list[_Aim]:
    return _each_channel(world) if world.finds_damage else []


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
    FaultKind.GARBLING: _each_channel_with_checks,
}
