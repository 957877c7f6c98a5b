"""A part of a soak written down: some devices of one shard, what goes wrong and for how long.

A plan holds all that decides, so a file of a few lines gives the same run on any machine. Knows what is in
a plan and how it is run; knows no file and no screen.
"""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from typing import Any

from emulators.platform.spec import ClientOptions
from emulators.simulation.faults import FaultPlan
from emulators.simulation.population import SimulatedDevice, SimulatedFirmware
from emulators.simulation.simulation import SimulationSettings
from emulators.soak.soak import (
    RunProgress,
    ShardJson,
    SoakSpec,
    TakeOctets,
    members_of,
    plan_of,
    run_settings,
    shard_seed,
)
from ota_engine.errors import LocalError

KEYS = ("soak", "shard", "members", "hours", "options", "plan")


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """One shard of a soak, or less of it.

    Attributes:
        spec: the soak, which says who its devices are.
        shard: number of the shard.
        members: which of its devices take part, by their numbers in it.
        hours: virtual hours that are run.
        plan: what goes wrong, the air as it always is included.
        options: of ``ClientOptions``, that all devices have instead of their own: a defect, say.
    """

    spec: SoakSpec
    shard: int
    members: tuple[int, ...]
    hours: float
    plan: FaultPlan
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def whole(cls, spec: SoakSpec, shard: int, firmware: SimulatedFirmware) -> "SoakPlan":
        """Write down a shard as a soak runs it."""
        members = members_of(spec, shard, firmware)
        plan = plan_of(spec, shard, members)
        return cls(spec, shard, tuple(range(len(members))), spec.hours, plan)

    def devices(self, firmware: SimulatedFirmware) -> list[SimulatedDevice]:
        """Settle the devices that take part.

        Raises:
            LocalError: the shard has no such device.
        """
        all_of_them = members_of(self.spec, self.shard, firmware)
        if self.members[-1] >= len(all_of_them):
            raise LocalError(
                f"not a plan of a soak: device {self.members[-1]} of {len(all_of_them)} in shard"
                f" {self.shard}"
            )
        return [_with(all_of_them[number], self.options) for number in self.members]

    def settings(self, firmware: SimulatedFirmware) -> SimulationSettings:
        """Say everything a run depends on; faults of devices that take no part are left out."""
        members = self.devices(firmware)
        there = {member.spec.eui64 for member in members}
        faults = tuple(one for one in self.plan.faults if not one.device or one.device in there)
        return SimulationSettings(
            members=tuple(members),
            firmware=firmware,
            plan=replace(self.plan, faults=faults),
            seed=shard_seed(self.spec, self.shard),
            hours=self.hours,
        )

    def run(
        self,
        firmware: SimulatedFirmware,
        on_progress: RunProgress | None = None,
        journal_sink: TakeOctets | None = None,
    ) -> ShardJson:
        """Run it to its end; the result is that of the only shard of a soak."""
        found = run_settings(self.spec.shell, self.settings(firmware), on_progress, journal_sink)
        return {"shard": 0, **found}

    @property
    def told(self) -> SoakSpec:
        """The soak that this is, for its result."""
        return replace(self.spec, devices=len(self.members), hours=self.hours)

    def to_json(self) -> dict[str, Any]:
        """Give the plan a form that JSON knows."""
        return {
            "soak": asdict(self.spec),
            "shard": self.shard,
            "members": list(self.members),
            "hours": self.hours,
            "options": dict(self.options),
            "plan": self.plan.to_json(),
        }

    @classmethod
    def from_json(cls, value: Any) -> "SoakPlan":
        """Read what ``to_json`` gave.

        Raises:
            LocalError: it is no such thing; the text says where.
        """
        try:
            return _read(value)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = " ".join(str(error).split())[:120]
            said = f"field {said} is missing" if isinstance(error, KeyError) else said
            raise LocalError(f"not a plan of a soak: {said}: give a file of --shrink") from error


def _with(member: SimulatedDevice, options: Mapping[str, Any]) -> SimulatedDevice:
    chosen = replace(member.spec.options, **options)
    return replace(member, spec=replace(member.spec, options=chosen))


def _read(value: Any) -> SoakPlan:
    if not isinstance(value, dict):
        raise TypeError("it is no JSON object")
    if strange := sorted(set(value) - set(KEYS)):
        raise ValueError(f"unknown field {strange[0]!a}")
    spec = _spec(value["soak"])
    shard, hours = int(value["shard"]), float(value["hours"])
    members = tuple(sorted({int(number) for number in value["members"]}))
    if not 0 <= shard < spec.shards:
        raise ValueError(f"there is no shard {shard} of {spec.shards}")
    if not members or members[0] < 0:
        raise ValueError("members are numbers of devices from 0 on, at least one")
    if not 0 < hours <= spec.hours:
        raise ValueError(f"hours are more than 0 and at most {spec.hours:g}")
    options = dict(value.get("options", {}))
    _check(options)
    return SoakPlan(spec, shard, members, hours, FaultPlan.from_json(value["plan"]), options)


def _spec(value: Mapping[str, Any]) -> SoakSpec:
    known = {item.name: item.default is MISSING for item in fields(SoakSpec)}
    for name in value:
        if name not in known:
            raise ValueError(f"a soak has no option {name!a}")
    for name, needed in known.items():
        if needed and name not in value:
            raise KeyError(name)
    return SoakSpec(**value)


def _check(options: Mapping[str, Any]) -> None:
    known = {item.name: item.default for item in fields(ClientOptions)}
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"devices have no option {name!a}")
        if not isinstance(value, int | float | None):
            raise ValueError(f"option {name} is no number, true, false or null")
