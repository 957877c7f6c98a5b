"""A night of one hub: bad air, kills, power cuts, full disks and a clock that jumps, all at once."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

from emulators.air.radio import Conditions
from ota_engine.errors import StoreError, StoreFull
from ota_engine.events import ClockObserved, Effect, Persist, Send
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine
from ota_engine.store.store import Store
from ota_engine.times import Monotonic
from tests.faults.home import (
    UTC,
    Home,
    MortalShell,
    check_all_updated,
    link_up,
    make_devices,
    make_image,
)
from tests.faults.power_loss import Disk, recorded

DEVICES = 4
DAY = 86_400.0
MOST_FAULTS = 40  # of a night; then it is left in peace
STRIKES = 0.06  # the chance of one before each effect
ROOM = 8_192  # octets that a full disk has left
PLENTY = 1 << 30
FURTHEST = 40 * DAY  # that the clock jumps, either way


class NightShell(MortalShell):
    """A shell to which any of it happens before any effect.

    Attributes:
        struck: how often each kind did.
    """

    def __init__(self, folder: Path, disk: Disk, chance: Random) -> None:
        self.struck: Counter[str] = Counter()
        self._folder = folder
        self._disk = disk
        self._chance = chance
        self._ahead = 0.0
        self._is_full = False
        super().__init__(Store.open(self._database(0)), DeliveryConfig(), frozenset())

    @property
    def faults(self) -> int:
        """How often anything struck."""
        return sum(self.struck.values())

    def _database(self, life: int) -> Path:
        return self._folder / f"{life}.db"

    def _carry_out(self, effects: Sequence[Effect], now: Monotonic) -> list[Effect]:
        done: list[Effect] = []
        for effect in effects:
            self.effects += 1
            if self.faults < MOST_FAULTS and self._chance.random() < STRIKES:
                what = self._chance.choice(("kill", "power cut", "full disk", "clock jump"))
                self.struck[what] += 1
                if what in ("kill", "power cut"):
                    return done + self._come_back(now, dark=what == "power cut")
                if what == "full disk":
                    self._fill()
                else:
                    self._ahead += self._chance.uniform(-FURTHEST, FURTHEST)
                    done += self.handle(ClockObserved(UTC + now + self._ahead, now), now)
            if isinstance(effect, Persist):
                self._keep(effect)
            elif isinstance(effect, Send):
                done.append(effect)
        return done

    def _keep(self, effect: Persist) -> None:
        """Commit, and withhold all that follows until there is room."""
        try:
            self.store.apply(effect.records)
        except StoreFull as full:
            assert "\n" not in str(full)
            self.store.limit_size(PLENTY)
            self.store.apply(effect.records)

    def _fill(self) -> None:
        path = self._database(self.kills)
        self.store.limit_size(path.stat().st_size + ROOM)

    def _come_back(self, now: Monotonic, *, dark: bool) -> list[Effect]:
        """Die, with the power or without, and be started again on what is left."""
        before, after = self._database(self.kills), self._database(self.kills + 1)
        files = {path.name: path.read_bytes() for path in self._folder.glob(f"{before.name}*")}
        if dark:
            files = self._disk.after_power_cut(len(self._disk.deeds), self._chance)
        for name, octets in files.items():
            if name.startswith(before.name) and not name.endswith((".lock", "-shm")):
                left = name.replace(before.name, after.name, 1)
                (self._folder / left).write_bytes(octets)
                self._disk.before[left] = octets
        self.store._abandon()  # as the kernel closes what a killed process had open
        self.store = Store.open(after)
        self.kills += 1
        self.engine = Engine(DeliveryConfig(), self.store.load())
        return [
            *self._carry_out(
                self.engine.handle(ClockObserved(UTC + now + self._ahead, now), now), now
            ),
            *self._carry_out(self.engine.handle(link_up(now), now), now),
        ]


class NightHome(Home):
    """The home of the other faults, with that shell and bad air."""

    def __init__(self, shell: NightShell, chance: Random) -> None:
        with Store.in_memory() as nothing:
            super().__init__(nothing, make_devices(DEVICES), seed=chance.getrandbits(32))
        self.network.detach(self.port)
        self.shell = shell
        self.port = self.network.attach(shell)
        for medium in self.network.media:
            worst = chance.uniform(0.0, 0.1)
            medium.change(
                Conditions(loss=worst, corruption=worst, duplication=worst, reordering=worst)
            )


def hub_night(seed: int, folder: Path) -> str:
    """Live through one; whatever struck, everybody runs the image in the end, and each outcome is told once."""
    chance = Random(f"hub night {seed}")
    image = make_image(chance.randrange(1_000, 12_000), seed=seed)
    with recorded(folder) as disk:
        shell = NightShell(folder, disk, chance)
        home = NightHome(shell, chance)
        home.start(image)
        home.run(14 * DAY)
        check_all_updated(home, image)
        assert shell.store.check().findings == ()
        with suppress(StoreError):  # the disk may be full
            shell.store.close()
    return told(shell.struck)


def told(struck: Counter[str]) -> str:
    """What struck, for whoever reads along."""
    return ", ".join(f"{many} x {what}" for what, many in sorted(struck.items())) or "nothing"
