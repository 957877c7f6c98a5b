"""Fault 5: octets of a database rot, page by page; no device gets or runs what nobody ordered."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from emulators.devices.device import EmulatedDevice
from ota_engine.errors import LocalError, StoreError
from ota_engine.events import ClockObserved
from ota_engine.fleet.fleet import FleetEvent
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.records import Activation, AssignmentRecord, VersionPolicy
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.soundness import inspected, look_all_over, refuse_damaged
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc
from tests.cli.zota import zota
from tests.faults.home import OLD, UTC, Home, link_up, make_devices, make_image, wish
from tests.fleet.faults.story import DATABASE, Story
from tests.tiers import repeats

PAGE = 4096  # octets
SEED = 20261130
IMAGE = make_image(3000)
RELEASED, HELD = 2, 2  # devices that may run what they hold, and that must not
MINUTE = 60.0
FEW, EACH, ALL = (
    8,
    50,
    500,
)  # seeds of the default tier, of a test of the heavy one, and of all of those
parts = pytest.mark.parametrize(
    "part",
    [
        range(FEW),
        *(
            pytest.param(range(first, first + EACH), marks=pytest.mark.heavy)
            for first in range(0, ALL, EACH)
        ),
    ],
    ids=lambda part: f"{part.start} to {part.stop}",
)


def rotten(sound: bytes, seed: int) -> bytes:
    """Flip bits of one page where something is written, a few or many; the next seed takes the next page."""
    chance = Random(f"{SEED} {seed}")
    written: list[int] = []
    while not written:
        start = seed % (len(sound) // PAGE) * PAGE
        written = [place for place in range(start, start + PAGE) if sound[place]]
        seed += 1
    found = bytearray(sound)
    for _ in range(chance.choice((1, 2, 8, 64))):
        found[chance.choice(written)] ^= 1 << chance.randrange(8)
    return bytes(found)


# --- a hub's database -----------------------------------------------------------------------------


def held(device: EmulatedDevice) -> AssignmentRecord:
    return AssignmentRecord(
        device.eui64, IMAGE.sha256, VersionPolicy.UPGRADE, Activation.WAIT, 0, None, UTC
    )


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The database of a hub in mid delivery."""
    path = tmp_path_factory.mktemp("hub") / "zota.db"
    with Store.open(path) as store:
        home = Home(store, make_devices(RELEASED + HELD))
        home.order(ClockObserved(UTC, Monotonic(0.0)))
        home.order(link_up(Monotonic(0.0)))
        home.order(AddImage(IMAGE, "test"))
        for place, device in enumerate(home.devices):
            home.order(Assign(wish(device, IMAGE) if place < RELEASED else held(device), "test"))
            home.network.power_on(device.eui64, Monotonic(0.0))
        home.network.run(Monotonic(2.0))
    return path.read_bytes()


def go_on(path: Path) -> list[EmulatedDevice]:
    """Start an engine on a database, and let it serve devices that have their old firmware; what it refuses ends it."""
    devices = make_devices(RELEASED + HELD)
    try:
        with Store.open(path) as store:
            home = Home(store, devices)
            home.order(ClockObserved(UTC + MINUTE, Monotonic(0.0)))
            home.order(link_up(Monotonic(0.0)))
            for device in devices:
                home.network.power_on(device.eui64, Monotonic(0.0))
            home.run(MINUTE / 2)
    except StoreError as refused:
        assert "\n" not in str(refused)
        assert str(path) in str(refused)
    return devices


def test_the_hub_that_is_damaged_below_updates_its_devices_while_it_is_sound(
    hub: bytes, tmp_path: Path
) -> None:
    (tmp_path / "zota.db").write_bytes(hub)
    devices = go_on(tmp_path / "zota.db")
    assert devices[0].flash.running_content() == IMAGE.data
    assert {device.version for device in devices[RELEASED:]} == {OLD}


@parts
def test_a_hub_with_rot_in_any_page_serves_no_wrong_octet_and_runs_nothing_unordered(
    hub: bytes, tmp_path: Path, part: range
) -> None:
    for seed in part:
        path = tmp_path / f"{seed}.db"
        path.write_bytes(rotten(hub, seed))
        for place, device in enumerate(go_on(path)):
            if device.version != OLD:
                assert device.flash.running_content() == IMAGE.data, f"seed {seed}: a wrong image"
                assert place < RELEASED, f"seed {seed}: it runs what it was to hold"


@repeats(40, 500)
def test_rot_that_is_not_told_of_has_changed_no_image(
    hub: bytes, tmp_path: Path, repeats: int
) -> None:
    path = tmp_path / "zota.db"
    told = 0
    for seed in range(repeats):
        path.write_bytes(rotten(hub, seed))
        try:
            with Store.inspect(path) as store:
                found = store.check().findings
                if not found:
                    assert store.load().images == (IMAGE,), f"seed {seed}"
                told += bool(found)
        except StoreError as refused:
            assert "\n" not in str(refused)
            told += 1
        assert path.read_bytes() == rotten(hub, seed), "to look changes nothing"
    assert told > repeats / 4


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE assignments SET sha256 = 'ab'",
        "UPDATE meta SET value = 'g' WHERE name LIKE '%head%'",
    ],
)
def test_rows_that_fit_to_nothing_keep_an_engine_from_starting(
    hub: bytes, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "zota.db"
    path.write_bytes(hub)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(damage)
    with pytest.raises(StoreError, match=r"^[^\n]*restore a backup$"), Store.open(path) as store:
        store.load()


def test_a_hub_that_was_killed_looks_at_every_page_before_it_serves(
    hub: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "zota.db"
    path.write_bytes(hub)
    Store.open(path)._abandon()  # as a kill leaves it: without the note that all is well
    page = bytearray(path.read_bytes())
    page[-PAGE:] = b"\xff" * PAGE
    path.write_bytes(page)
    with pytest.raises(StoreError, match=r"^[^\n]*is damaged[^\n]*restore a backup$"):
        Store.open(path)


# --- a fleet's database ---------------------------------------------------------------------------


class EnoughError(Exception):
    """The story has come as far as it should."""


class Broken(Story):
    """A story that breaks off after so many events."""

    left = 8

    def _tell(self, event: FleetEvent) -> None:
        super()._tell(event)
        self.left -= 1
        if not self.left:
            raise EnoughError


class Followed(Story):
    """A story that is followed for so long and no longer: what rotted may keep it from ever ending."""

    left = 500  # moments; a sound one has some dozens

    def _go_to(self, utc: Utc) -> None:
        super()._go_to(utc)
        self.left -= 1
        if not self.left:
            raise EnoughError


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A state folder in mid campaign."""
    folder = tmp_path_factory.mktemp("fleet") / "state"
    story = Broken(folder)
    with pytest.raises(EnoughError):
        story.play()
    story.close()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """All that the hubs of the story are ever told to do."""
    story = Story(tmp_path_factory.mktemp("whole") / "state")
    story.play()
    story.close()
    return story.heard()


@pytest.fixture
def state(tmp_path: Path, fleet: dict[str, bytes]) -> Path:
    """The same folder, to be damaged."""
    for name, octets in fleet.items():
        (tmp_path / name).write_bytes(octets)
    return tmp_path


@parts
def test_a_fleet_with_rot_in_any_page_tells_hubs_nothing_that_it_would_not_have_told_them(
    tmp_path: Path, fleet: dict[str, bytes], ordered: set[str], part: range
) -> None:
    for seed in part:
        folder = tmp_path / str(seed)
        folder.mkdir()
        for name, octets in (fleet | {DATABASE: rotten(fleet[DATABASE], seed)}).items():
            (folder / name).write_bytes(octets)
        try:
            story = Followed(folder)
        except StoreError as refused:
            assert "\n" not in str(refused)
            continue
        try:
            story.play()
        except (StoreError, LocalError) as refused:
            assert "\n" not in str(refused)
        except EnoughError:
            pass
        finally:
            story.close()
        assert story.heard() <= ordered, f"seed {seed}"


@repeats(20, 500)
def test_a_look_over_a_fleet_finds_rot_in_what_is_evidence_or_names_the_damage(
    state: Path, fleet: dict[str, bytes], repeats: int
) -> None:
    with inspected(state / DATABASE) as sound, sound.reading():
        head = sound.audit_head()
    told = 0
    for seed in range(repeats):
        rot = rotten(fleet[DATABASE], seed)
        (state / DATABASE).write_bytes(rot)
        try:
            with inspected(state / DATABASE) as store:
                found = look_all_over(store)
                told += bool(found)
                if not found:
                    with store.reading():
                        assert store.audit_head() == head, f"seed {seed}"
        except StoreError as refused:
            assert "\n" not in str(refused)
            told += 1
        assert (state / DATABASE).read_bytes() == rot, "to look changes nothing"
    assert told


def test_a_fleet_whose_trail_or_page_is_damaged_is_refused_with_the_way_back(state: Path) -> None:
    with closing(FleetStore.open(state / DATABASE)) as store:
        refuse_damaged(store)
        store.driver.execute("DROP TRIGGER fleet_audit_no_update")
        store.driver.execute("UPDATE fleet_audit SET actor = 'x' WHERE sequence = 3")
        with pytest.raises(StoreError, match=r"^[^\n]*row 3[^\n]*zota estate restore\)$"):
            refuse_damaged(store)


def test_the_command_says_what_is_wrong_and_changes_nothing(state: Path) -> None:
    sound = zota("estate", "check", "--state", state)
    assert (sound.code, sound.out.splitlines()[-1]) == (0, "sound")
    octets = bytearray((state / DATABASE).read_bytes())
    octets[PAGE : 2 * PAGE] = b"\xff" * PAGE
    (state / DATABASE).write_bytes(octets)
    damaged = zota("estate", "check", "--state", state)
    assert damaged.code == 2
    assert "zota estate restore" in " ".join(damaged.out.split())
    assert damaged.out.splitlines()[-1] == "DEFECTS FOUND"
    assert (state / DATABASE).read_bytes() == octets
