"""Fault 3: the power goes at any write, and what was not synced is lost or torn; what was committed is there."""

from itertools import count
from pathlib import Path
from random import Random

from ota_engine.audit_chain import AuditHead
from ota_engine.fleet.fleet import FleetEvent
from ota_engine.store.store import Store
from ota_engine.times import Utc
from tests.faults.power_loss import Disk, recorded
from tests.fleet.faults.story import DATABASE, Story
from tests.store.killed_engine import examine, story
from tests.tiers import repeats

LIVES, COMMITS = 3, 25  # of the hub's database: how often it is opened, commits each time
SEED = 20261130
LOG_PAGES = 40  # of the fleet's write-ahead log, before they go into its database
WORLD = ("clock", "hubs", "letters")  # files of the story that stand for others, whose power stays


def write_down(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, octets in files.items():
        (folder / name).write_bytes(octets)
    return folder


# --- the hub's database ---------------------------------------------------------------------------


def hub_disk(folder: Path, *, durable: bool) -> Disk:
    """A hub that commits one transaction of all kinds of rows after the other, and notes each."""
    folder.mkdir()
    number = count()
    with recorded(folder) as disk:
        for _ in range(LIVES):
            with Store.open(folder / "zota.db", durable=durable) as store:
                for told in (next(number) for _ in range(COMMITS)):
                    store.apply(story(told))
                    disk.mark(told + 1)
    return disk


@repeats(16, 500)
def test_a_hub_that_loses_power_at_any_write_has_all_it_committed(
    tmp_path: Path, repeats: int
) -> None:
    disk = hub_disk(tmp_path / "calm", durable=True)
    assert {"zota.db", "zota.db-wal"} <= {deed.name for deed in disk.deeds}
    for seed in range(repeats):
        chance = Random(f"{SEED} {seed}")
        point = chance.randrange(len(disk.deeds))
        folder = write_down(tmp_path / str(seed), disk.after_power_cut(point, chance))
        assert examine(folder) >= (disk.marked(point) or 0), f"seed {seed}: a commit was lost"


@repeats(4, 200)
def test_a_second_power_cut_while_it_recovers_changes_nothing(tmp_path: Path, repeats: int) -> None:
    disk = hub_disk(tmp_path / "calm", durable=True)
    for seed in range(repeats):
        chance = Random(f"again {SEED} {seed}")
        point = chance.randrange(len(disk.deeds))
        folder = write_down(tmp_path / f"{seed}", disk.after_power_cut(point, chance))
        with recorded(folder) as recovering:
            Store.open(folder / "zota.db").close()
        again = recovering.after_power_cut(chance.randrange(len(recovering.deeds)), chance)
        again = {name: octets for name, octets in again.items() if name.startswith("zota.db")}
        found = examine(write_down(tmp_path / f"{seed}-again", again))
        assert found >= (disk.marked(point) or 0), f"seed {seed}: a commit was lost"


def test_where_commits_do_not_wait_for_the_disk_such_a_power_cut_takes_some(tmp_path: Path) -> None:
    """What the tests above would see if commits were not durable: the cuts do bite."""
    disk = hub_disk(tmp_path / "calm", durable=False)
    for seed in count():
        chance = Random(f"{SEED} {seed}")
        point = chance.randrange(len(disk.deeds))
        folder = write_down(tmp_path / str(seed), disk.after_power_cut(point, chance))
        if examine(folder) < (disk.marked(point) or 0):
            return
        assert seed < 200, "no cut took anything"


# --- the fleet's database -------------------------------------------------------------------------


class Noted(Story):
    """A story that notes, whenever something has been decided, the trail that must be known from now on."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        super().__init__(folder, durable=True)
        self.store.driver.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        self._disk = disk

    def _tell(self, event: FleetEvent) -> None:
        super()._tell(event)
        self._note()

    def _go_to(self, utc: Utc) -> None:
        self._note()
        super()._go_to(utc)

    def _note(self) -> None:
        with self.store.reading():
            self._disk.mark(self.store.audit_head())


@repeats(8, 150)
def test_a_fleet_that_loses_power_at_any_write_goes_on_to_the_same_end(
    tmp_path: Path, repeats: int
) -> None:
    (tmp_path / "calm").mkdir()
    with recorded(tmp_path / "calm", WORLD) as disk:
        calm = Noted(tmp_path / "calm", disk)
        calm.play()
        undisturbed = calm.ending()
        calm.close()
    assert {DATABASE, f"{DATABASE}-wal"} <= {deed.name for deed in disk.deeds}
    for seed in range(repeats):
        chance = Random(f"{SEED} {seed}")
        point = chance.randrange(1, len(disk.deeds))
        files = disk.beside[point - 1] | disk.after_power_cut(point, chance)
        heir = Story(write_down(tmp_path / str(seed), files))
        head: AuditHead | None = disk.marked(point)
        if head is not None and head.length:
            assert heir.store.verify_audit(head.hash) is None, f"seed {seed}: a commit was lost"
        heir.play()
        assert heir.ending() == undisturbed, f"seed {seed}"
        heir.close()
