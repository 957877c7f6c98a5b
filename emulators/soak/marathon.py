"""A soak over many seeds, until so many blocks were carried: resumable, each shard's verdict kept as it comes.

Seed after seed is soaked with the same options. What a shard gave does not depend on when, where or beside
what it ran, so a folder may be filled in any order, in any number of goes, by processes of one machine or
of many. Knows the folder, and a crew; no screen.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from emulators.simulation.oracle import DeviceVerdict
from emulators.soak.soak import ShardJson, SoakSpec, added, replay_command
from emulators.soak.work import Crew, Unit, UnitEnd, UnitProgress, nobody
from images.files import read_bounded, write_whole
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.lock import try_lock

FORMAT: Final = "zota soak marathon 1"
BOOK: Final = "soak.json"  # what is soaked
SHARDS: Final = "shards"  # the folder of verdicts
IMAGE: Final = "image"  # a copy of what is delivered, where that was given
LOCK: Final = "lock"
TRIES: Final = 3  # of a shard whose workers die, in one go
MOST_TROUBLES: Final = 5  # shards that gave nothing, after which nobody goes on
SHOWN_WRONG: Final = 1000  # lines kept in a summary of what is wrong

VerdictRow: TypeAlias = dict[str, Any]  # a shard's verdict
ShardKey: TypeAlias = tuple[int, int]  # seed, shard


class Marathon:
    """What is kept of one; made by ``opened``.

    Attributes:
        spec: of its first seed.
        folder: where it is kept.
    """

    def __init__(self, folder: Path, spec: SoakSpec) -> None:
        self.spec = spec
        self.folder = folder
        self.damaged: list[str] = []
        self._rows: dict[ShardKey, VerdictRow] = {}
        self._failed: dict[ShardKey, int] = {}
        self._troubles: dict[ShardKey, str] = {}
        self._again: list[Unit] = []
        self._blocks = 0
        for path in sorted((folder / SHARDS).glob("*.json")):
            row = _read_row(path)
            if row is None:
                self.damaged.append(path.name)
            else:
                self._count(row)

    @property
    def blocks(self) -> int:
        """Blocks carried so far."""
        return self._blocks

    @property
    def shards(self) -> int:
        """Shards whose verdicts are kept."""
        return len(self._rows)

    def run(
        self,
        blocks: int,
        crew: Crew,
        on_progress: UnitProgress = nobody,
        on_kept: Callable[[VerdictRow], None] = lambda _: None,
    ) -> None:
        """Soak until so many blocks were carried in all; what is kept already is not done again.

        Raises:
            LocalError: one shard after the other gives nothing.
            OSError: a verdict cannot be kept.
        """
        for end in crew.run(self._units(blocks), on_progress):
            if end.result is None:
                self._retry(end)
                continue
            row = verdict_row(end)
            write_whole(self._path(row), canonical_json(row).encode("ascii") + b"\n")
            self._count(row)
            on_kept(row)

    def summary(self, goal: int, wall_seconds: float) -> VerdictRow:
        """Add up what is kept, in the form of ``zota soak --blocks --json``.

        Args:
            goal: blocks that are to be carried in all.
            wall_seconds: of this go.
        """
        rows = self._in_order()
        counts: Counter[str] = Counter()
        for row in rows:
            counts.update({name: row[name] for name in COUNTS})
        wrong = [line for row in rows for line in _wrong_of(self.spec, row)]
        spent = sum(row["seconds"] for row in rows)
        lines = "".join(f"{row['seed']} {row['shard']} {row['journal_sha256']}\n" for row in rows)
        return {
            "goal": goal,
            "blocks": self._blocks,
            "shards": len(rows),
            "seeds": len({row["seed"] for row in rows}),
            "first_seed": self.spec.seed,
            **{name: counts[name] for name in COUNTS if name != "blocks"},
            "missing": len(self._troubles),
            "virtual_seconds": self.spec.hours * 3600.0 * len(rows),
            "worker_seconds": round(spent, 3),
            "blocks_per_worker_second": round(self._blocks / spent, 1) if spent else 0.0,
            "wall_seconds": round(wall_seconds, 3),
            "verdicts_sha256": hashlib.sha256(lines.encode("ascii")).hexdigest(),
            "faults": {"profile": self.spec.faults, **added(row["struck"] for row in rows)},
            "wrong": [*wrong, *self._not_done()][:SHOWN_WRONG],
        }

    # --- what is left to do ----------------------------------------------------------------------

    def _units(self, blocks: int) -> Iterator[Unit]:
        """Find a unit that is not done whenever one is asked for, while blocks are missing."""
        seed = self.spec.seed
        while self._blocks < blocks:
            spec = replace(self.spec, seed=seed)
            for shard in range(spec.shards):
                while self._again and self._blocks < blocks:
                    yield self._again.pop()
                if self._blocks < blocks and (seed, shard) not in self._rows:
                    yield Unit(spec, shard)
            seed += 1

    def _retry(self, end: UnitEnd) -> None:
        key = (end.unit.spec.seed, end.unit.shard)
        self._failed[key] = self._failed.get(key, 0) + 1
        if self._failed[key] < TRIES:
            self._again.append(end.unit)
            return
        self._troubles[key] = end.trouble
        if len(self._troubles) >= MOST_TROUBLES:
            raise LocalError(
                f"{len(self._troubles)} shards gave no result in {TRIES} tries each, the last because "
                f"{end.trouble}: nothing can be soaked like this"
            )

    def _not_done(self) -> list[VerdictRow]:
        return [
            {
                "seed": seed,
                "shard": shard,
                "what": f"gave no result in {TRIES} tries: {trouble}",
                "replay": replay_command(replace(self.spec, seed=seed)),
            }
            for (seed, shard), trouble in sorted(self._troubles.items())
        ]

    # --- what is kept ----------------------------------------------------------------------------

    def _path(self, row: VerdictRow) -> Path:
        return self.folder / SHARDS / f"{row['seed']:010}-{row['shard']:04}.json"

    def _count(self, row: VerdictRow) -> None:
        key = (row["seed"], row["shard"])
        if key not in self._rows:
            self._blocks += row["blocks"]
        self._rows[key] = row
        self._failed.pop(key, None)

    def _in_order(self) -> list[VerdictRow]:
        return [self._rows[key] for key in sorted(self._rows)]


#: Figures of a shard that are added up.
COUNTS: Final = (
    "blocks",
    "devices",
    "updated",
    "failed",
    "stuck",
    "wrong_image",
    "held_by_clock",
    "unexplained",
    "outcomes",
    "lost_outcomes",
    "doubled_outcomes",
    "audit_faults",
)


def verdict_row(end: UnitEnd) -> VerdictRow:
    """Keep of a shard what its verdict needs, and of its devices those that somebody has to look at."""
    unit, result = end.unit, end.result
    assert result is not None  # noqa: S101 - it came back
    judgements = result["judgements"]
    verdicts = Counter(one["verdict"] for one in judgements)
    telling = result["telling"]
    wrong = [
        f"{one['device']} ({one['kind']}): {one['verdict']} {one['reason'] or 'without a reason'}"
        for one in judgements
        if one["verdict"] == DeviceVerdict.WRONG_IMAGE or not _explained(one)
    ]
    wrong += [f"an outcome is lost: {line}" for line in telling["lost"]]
    wrong += [f"an outcome is doubled: {line}" for line in telling["doubled"]]
    if result["audit_fault"]:
        wrong.append(f"audit trail: {result['audit_fault']}")
    return {
        "seed": unit.spec.seed,
        "shard": unit.shard,
        "blocks": result["blocks"],
        "devices": len(judgements),
        "updated": verdicts[DeviceVerdict.UPDATED],
        "failed": verdicts[DeviceVerdict.FAILED],
        "stuck": verdicts[DeviceVerdict.STUCK],
        "wrong_image": verdicts[DeviceVerdict.WRONG_IMAGE],
        "held_by_clock": sum(one["by_clock"] for one in judgements),
        "unexplained": sum(not _explained(one) for one in judgements),
        "outcomes": result["outcomes"],
        "lost_outcomes": len(telling["lost"]),
        "doubled_outcomes": len(telling["doubled"]),
        "audit_faults": int(bool(result["audit_fault"])),
        "struck": result["struck"],
        "journal_sha256": result["journal_sha256"],
        "seconds": round(end.seconds, 3),
        "wrong": wrong,
    }


def is_good(summary: VerdictRow) -> bool:
    """Say whether nothing is wrong, and nothing missing."""
    return not summary["wrong"]


@contextmanager
def opened(folder: Path, spec: SoakSpec, *, seed_given: bool = True) -> Iterator[Marathon]:
    """Begin a marathon in a folder, or go on with the one that is there.

    Args:
        folder: is made where there is none.
        spec: what is soaked, with its first seed.
        seed_given: whether that seed was asked for; else one that was begun with goes on being it.

    Raises:
        LocalError: something else is soaked there, or somebody is at it.
        OSError: the folder cannot be read or written.
    """
    (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not try_lock(lock):
            raise LocalError(f"{folder}: another zota soak is at it: wait, or give another folder")
        yield Marathon(folder, _settled(folder, spec, seed_given))
    finally:
        os.close(lock)


def _settled(folder: Path, spec: SoakSpec, seed_given: bool) -> SoakSpec:
    """Say what is soaked in a folder, once and for all."""
    if spec.image is not None:
        data = read_bounded(Path(spec.image))
        spec = replace(spec, image=str(folder / IMAGE))
    book = folder / BOOK
    wanted = {"format": FORMAT, **_identity(spec), "seed": spec.seed}
    if spec.image is not None:
        wanted["image"] = hashlib.sha256(data).hexdigest()
    if book.exists():
        kept = _read_book(book)
        for name, value in wanted.items():
            if name == "seed" and not seed_given:
                spec = replace(spec, seed=int(kept["seed"]))
            elif kept.get(name) != value:
                raise LocalError(
                    f"{folder}: was begun with {name} {kept.get(name)}, not {value}: "
                    "give the same, or another folder"
                )
        return spec
    if spec.image is not None:
        write_whole(folder / IMAGE, data)  # what is delivered stays what was read now
    write_whole(book, canonical_json(wanted).encode("ascii") + b"\n")
    return spec


def _identity(spec: SoakSpec) -> VerdictRow:
    return {name: value for name, value in asdict(spec).items() if name != "seed"}


def _read_book(path: Path) -> VerdictRow:
    try:
        book = json.loads(read_bounded(path))
        if isinstance(book, dict) and book["format"] == FORMAT:
            int(book["seed"])
            return book
    except (ValueError, KeyError, TypeError):
        pass
    raise LocalError(f"{path}: not the book of a soak: give another folder")


def _read_row(path: Path) -> VerdictRow | None:
    """Read a kept verdict; None for one that is damaged, which is worked out again."""
    try:
        row: VerdictRow = json.loads(read_bounded(path))
        if all(isinstance(row[name], int) for name in (*COUNTS, "seed", "shard")):
            float(row["seconds"])
            row["journal_sha256"].encode("ascii")
            added([row["struck"]])
            return row if isinstance(row["wrong"], list) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return None


def _explained(judgement: ShardJson) -> bool:
    return judgement["verdict"] == DeviceVerdict.UPDATED or bool(judgement["reason"])


def _wrong_of(spec: SoakSpec, row: VerdictRow) -> Iterator[VerdictRow]:
    for what in row["wrong"]:
        replay = replay_command(replace(spec, seed=row["seed"]))
        yield {"seed": row["seed"], "shard": row["shard"], "what": what, "replay": replay}
