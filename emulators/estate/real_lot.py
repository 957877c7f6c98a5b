"""Some homes with real engines and emulated devices, in virtual time: told, heard, and let go to rest.

What they say depends on what the lot is made of and on what it was told, in that order, and on nothing
else: the same story gives the same answers in whatever process it is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.estate.firmware import release_image
from emulators.estate.hub import HubSpec
from emulators.estate.lots import Lot
from emulators.estate.real_home import RealHome, RealHomeSpec
from emulators.estate.scenario import Scenario
from emulators.platform.spec import ClientOptions, DeviceSpec
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.fleet.port import HubOutcome, Instruction
from ota_engine.times import Utc

FIRST_DEVICE: Final = 0x00DB_5678_0000_0000  # of those in the homes
_KINDS: Final = (kinds.PPMID, kinds.IHD)


class RealHomes(Protocol):
    """Homes with real engines, in this process or in others."""

    def give(self, instructions: Sequence[Instruction], utc: Utc) -> list[str]:
        """Tell hubs what to do, in order; a home that does not live begins to.

        Returns:
            keys of what was taken: a hub that is off takes nothing.
        """
        ...

    def said(self, utc: Utc) -> list[HubOutcome]:
        """Let time pass for all that live, and hear what is not settled, home by home."""
        ...

    def settle(self, keys: Mapping[str, Sequence[str]], resting: Sequence[str]) -> None:
        """Say by homes which outcomes are kept, and let homes rest."""
        ...


class LotSpec(NamedTuple):
    """What the homes of a lot have in common.

    Attributes:
        seed: of every draw.
        begin: when all begins, UTC seconds.
        version: that all hubs run at first.
        releases: their versions and ids.
        bad: of versions, the share of homes in which they never run, and of those that lose their devices.
    """

    seed: int
    begin: float
    version: int
    releases: tuple[tuple[int, str], ...]
    bad: tuple[tuple[int, float, float], ...]


def lot_spec(scenario: Scenario) -> LotSpec:
    """Take from a scenario what its real homes need."""
    return LotSpec(
        scenario.estate.seed,
        scenario.begin,
        scenario.estate.version,
        tuple((one.version, one.release) for one in scenario.releases),
        tuple((version, bad.fails, bad.loses_han) for version, bad in scenario.model.bad.items()),
    )


class RealLot:
    """Homes in this process.

    Args:
        spec: what they have in common.
    """

    def __init__(self, spec: LotSpec) -> None:
        self._spec = spec
        self._versions: dict[str, int] = {}
        self._lived: dict[str, RealHome] = {}
        records = [
            image_record(release_image(version), name, Utc(spec.begin))
            for version, name in spec.releases
        ]
        self._images = {record.sha256: record for record in records}

    def give(self, instructions: Sequence[Instruction], utc: Utc) -> list[str]:
        """Tell hubs what to do; see ``RealHomes``."""
        taken: list[str] = []
        for told in instructions:
            home = self._lived.get(told.home)
            if home is None:
                home = self._lived[told.home] = self._settled(told, utc)
            taken += (one.key for one in home.give([told]))
        return taken

    def said(self, utc: Utc) -> list[HubOutcome]:
        """Let time pass; see ``RealHomes``."""
        said: list[HubOutcome] = []
        for home in self._lived.values():
            home.run(utc)
            said += home.outcomes()
        return said

    def settle(self, keys: Mapping[str, Sequence[str]], resting: Sequence[str]) -> None:
        """Settle outcomes and let homes rest; see ``RealHomes``."""
        for name, settled in keys.items():
            self._lived[name].settle(settled)
        for name in resting:
            home = self._lived.pop(name)
            assert home.hub is not None  # noqa: S101 - each has one
            self._versions[name] = home.hub.version

    def _settled(self, told: Instruction, utc: Utc) -> RealHome:
        lot = Lot(self._spec.seed, "real home", told.home)
        first = FIRST_DEVICE + 2 * lot.below(1 << 30)
        devices = tuple(
            (_device(kind, Eui64(first + number)), Placement())
            for number, kind in enumerate(_KINDS)
        )
        spec = RealHomeSpec(told.home, devices, utc, lot.below(1 << 30), hub=self._hub(told))
        return RealHome(spec, self._images.get)

    def _hub(self, told: Instruction) -> HubSpec:
        """The hub as the seed has it: a version that never runs there by numbers does not here."""
        fails, loses = set(), set()
        for version, never_runs, loses_han in self._spec.bad:
            fate = Lot(self._spec.seed, "fate", told.home, version)
            if fate.chance(never_runs):
                fails.add(version)
            elif fate.chance(loses_han):
                loses.add(version)
        return HubSpec(
            told.device,
            self._versions.get(told.home, self._spec.version),
            never_starts=frozenset(fails),
            loses_han=frozenset(loses),
        )


def by_home(outcomes: Iterable[HubOutcome]) -> dict[str, list[HubOutcome]]:
    """Put what was said together by homes, in order."""
    found: dict[str, list[HubOutcome]] = {}
    for one in outcomes:
        found.setdefault(one.home, []).append(one)
    return found


def _device(kind: DeviceKind, eui64: Eui64) -> DeviceSpec:
    return DeviceSpec(
        eui64,
        kind,
        0x1001 + eui64 % 0x1000,
        kinds.MANUFACTURER,
        kind.image_type,
        kinds.FACTORY_VERSION,
        hardware_version=kinds.HARDWARE_VERSION,
        options=ClientOptions(timeout_policy=1, wants_integrity=True),
    )
