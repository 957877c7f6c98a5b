"""The first homes of a rehearsal: real engines and emulated devices behind the port, block by block.

Knows which homes these are, and how each comes to live: at its first instruction, and until what it was
told has come to an end. What its hub runs then, it runs when it lives again.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.estate.firmware import release_image
from emulators.estate.hub import HubSpec
from emulators.estate.lots import Lot
from emulators.estate.reaction import is_silent
from emulators.estate.real_home import RealHome, RealHomeSpec
from emulators.estate.scenario import Scenario
from emulators.platform.spec import ClientOptions, DeviceSpec
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, InstructionTaken, Verb
from ota_engine.times import Utc

STEP_S: Final = 600.0  # between two looks at what the homes say
REST_S: Final = 2 * 3_600.0  # after its last word a home lives on for so long
FIRST_DEVICE: Final = 0x00DB_5678_0000_0000  # of those in the homes
_KINDS: Final = (kinds.PPMID, kinds.IHD)
_LAST_WORDS: Final = frozenset({HubWord.ACTIVATED, HubWord.FAILED, HubWord.HAN_LOST})


class RealHubs:
    """Hubs that do what they are told block by block.

    Args:
        scenario: what is rehearsed.
        most: how many homes.
    """

    def __init__(self, scenario: Scenario, most: int) -> None:
        self._scenario = scenario
        self._most = most
        self._versions: dict[str, int] = {}
        self._lived: dict[str, RealHome] = {}
        self._rests_utc: dict[str, float] = {}
        self._look_utc: Utc | None = None
        records = [
            image_record(release_image(one.version), one.release, scenario.begin)
            for one in scenario.releases
        ]
        self._images = {record.sha256: record for record in records}

    @property
    def next_utc(self) -> Utc | None:
        """When to look at them again; None while none lives."""
        return self._look_utc if self._lived else None

    @property
    def homes(self) -> int:
        """How many homes were real so far."""
        return len(self._versions)

    def takes(self, told: Instruction) -> bool:
        """Whether an instruction is for one of these homes; the first that are told to deliver are."""
        if told.home in self._versions:
            return True
        seed = self._scenario.estate.seed
        if (
            told.verb is not Verb.ASSIGN
            or len(self._versions) >= self._most
            or is_silent(self._scenario.model, seed, told.home)
        ):
            return False
        self._versions[told.home] = self._scenario.estate.version
        return True

    def give(self, instructions: Iterable[Instruction], utc: Utc) -> list[InstructionTaken]:
        """Tell hubs what to do; one that is off takes nothing, and is told again."""
        taken: list[InstructionTaken] = []
        for told in instructions:
            home = self._lived.get(told.home)
            if home is None:
                home = self._lived[told.home] = self._settled(told, utc)
                self._look_utc = Utc(utc + STEP_S)
            self._rests_utc.pop(told.home, None)
            taken += home.give([told])
        return taken

    def said(self, utc: Utc) -> list[HubOutcome]:
        """Let time pass for all that live, and take what they say."""
        said: list[HubOutcome] = []
        for home in self._lived.values():
            home.run(utc)
            said += home.outcomes()
        self._look_utc = Utc(utc + STEP_S)
        return said

    def settle(self, said: Sequence[HubOutcome], utc: Utc) -> None:
        """Say that outcomes are kept, and let homes rest that have said their last word."""
        by_home: dict[str, list[str]] = {}
        for one in said:
            by_home.setdefault(one.home, []).append(one.key)
            if one.word in _LAST_WORDS:
                self._rests_utc[one.home] = utc + REST_S
        for name, keys in by_home.items():
            self._lived[name].settle(keys)
        for name, rests in list(self._rests_utc.items()):
            if rests <= utc:
                del self._rests_utc[name]
                home = self._lived.pop(name)
                assert home.hub is not None  # noqa: S101 - each has one
                self._versions[name] = home.hub.version

    def _settled(self, told: Instruction, utc: Utc) -> RealHome:
        lot = Lot(self._scenario.estate.seed, "real home", told.home)
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
        for version, bad in self._scenario.model.bad.items():
            fate = Lot(self._scenario.estate.seed, "fate", told.home, version)
            if fate.chance(bad.fails):
                fails.add(version)
            elif fate.chance(bad.loses_han):
                loses.add(version)
        return HubSpec(
            told.device,
            self._versions[told.home],
            never_starts=frozenset(fails),
            loses_han=frozenset(loses),
        )


def _device(kind: DeviceKind, eui64: Eui64) -> DeviceSpec:
    return DeviceSpec(
        eui64,
        kind,
        0x1001 + eui64 % 0x1000,
        kinds.MANUFACTURER,
        kind.image_type,
        kinds.FACTORY_VERSION,
        hardware_version=kinds.HARDWARE_VERSION,
        options=ClientOptions(timeout_policy=1),
    )
