"""Judges many files and adds up what the rules say of them; prints nothing."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

from images.catalogue.places import place_parts, places
from images.comparison import Change
from images.errors import ImageError
from images.judging.settings import JudgingSettings
from images.judging.walk import find_images, is_folder
from images.judging.workers import Judged, judge_files
from images.manifest import Manifest, ManifestEntry
from images.rules import Report, Severity, lint_manifest
from images.rules.findings import rule_id
from images.rules.policy import sift, write_baseline
from images.rules.report import as_json as report_as_json
from images.rules.report import counts

NOT_OTA: Final = rule_id(1)
NOTHING_IN_IT: Final = "no OTA file in it, nothing was judged: name the folder that holds them"

Progress = Callable[[Iterator[Judged], int], Iterator[Judged]]


class JudgingResult(NamedTuple):
    """All files looked at, and those in folders that are not.

    Attributes:
        judged: what the rules say of each.
        skipped: files that are no OTA files at all.
        outside: symbolic links that lead out of the folder given, not followed.
    """

    judged: tuple[Judged, ...]
    skipped: tuple[Path, ...]
    outside: tuple[Path, ...] = ()

    @property
    def reports(self) -> tuple[Report, ...]:
        """The reports of all files that could be read."""
        return tuple(one.report for one in self.judged if one.report is not None)

    @property
    def unreadable(self) -> int:
        """How many files could not be read."""
        return len(self.judged) - len(self.reports)

    @property
    def worst(self) -> Severity:
        """The gravest severity over all files."""
        return max(
            (report.worst or Severity.INFO for report in self.reports), default=Severity.INFO
        )

    def summary(self) -> dict[str, int]:
        """Files, findings by severity, files that could not be read."""
        totals = [counts(report) for report in self.reports]
        return {
            "files": len(totals),
            "errors": sum(total["errors"] for total in totals),
            "warnings": sum(total["warnings"] for total in totals),
            "infos": sum(total["infos"] for total in totals),
            "unreadable": self.unreadable,
            "skipped": len(self.skipped) + len(self.outside),
        }


def _unseen(results: Iterator[Judged], _count: int) -> Iterator[Judged]:
    return results


def judge(
    paths: Sequence[Path],
    settings: JudgingSettings,
    jobs: int | None = None,
    manifest: Path | None = None,
    progress: Progress = _unseen,
) -> JudgingResult:
    """Look at every file named, and every file below the folders named.

    Args:
        paths: files and folders.
        settings: what to go by.
        jobs: how many processes; None chooses by the number of files.
        manifest: the index that ``settings.given`` was read from, judged beside the files.
        progress: is given the results as they come and how many there will be; passes them on.

    Raises:
        JudgingError: a process that judges was killed.
    """
    judged: list[Judged] = []
    skipped: list[Path] = []
    found_files = list(find_images(paths))
    files = [found for found in found_files if not found.outside]
    said = {**settings.expect, **settings.given}
    index: Manifest = said.get("manifest", Manifest())
    settings = settings._replace(namesakes=namesakes([found.path for found in files], index))
    results = judge_files([found.path for found in files], settings, jobs)
    for found, one in zip(files, progress(results, len(files)), strict=True):
        if not found.named and one.report is not None and _is_foreign(one.report):
            skipped.append(found.path)
        elif one.report is None:
            judged.append(one)
        else:
            kept = sift(found.path.as_posix(), one.report, settings.policy)
            judged.append(one._replace(report=kept))
    judged += [Judged(folder, None, NOTHING_IN_IT) for folder in _bare(paths, judged)]
    if manifest is not None:
        names = {found.path.name for found in files}
        entries: Sequence[ManifestEntry] = index.entries
        if not any(path.is_dir() for path in paths):
            entries = [entry for entry in entries if entry.name in names]
        report = _judge_index(manifest.parent, entries, names)
        judged.append(Judged(manifest, sift(manifest.as_posix(), report, settings.policy)))
    outside = tuple(found.path for found in found_files if found.outside)
    return JudgingResult(tuple(judged), tuple(skipped), outside)


def _bare(paths: Sequence[Path], judged: Sequence[Judged]) -> Iterator[Path]:
    """Folders named of which no file was judged; one given under two names has its files once."""
    for folder in filter(is_folder, paths):
        if any(one.path == folder or folder in one.path.parents for one in judged):
            continue
        place = folder.resolve()
        if not any(place in one.path.resolve().parents for one in judged):
            yield folder


def namesakes(paths: Sequence[Path], index: Manifest) -> frozenset[str]:
    """Files whose name an index says of another one: an archive beside what is current.

    Of several files of a name, a line means the one whose path is most like its own.
    """
    by_name: dict[str, list[Path]] = {}
    for path in paths:
        by_name.setdefault(path.name, []).append(path)
    found: set[str] = set()
    for name, alike in by_name.items():
        lines = index.named(name)
        if len(alike) < 2 or not lines:
            continue
        meant = {max(alike, key=partial(_likeness, line.place)) for line in lines}
        found |= {path.as_posix() for path in alike if path not in meant}
    return frozenset(found)


def _likeness(place: str, path: Path) -> int:
    """How many parts a path and a place have in common, from their ends."""
    try:
        wanted = next(iter(places(place)), ())
    except ImageError:
        wanted = ()
    pairs = zip(reversed(wanted), reversed(path.parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _judge_index(folder: Path, entries: Sequence[ManifestEntry], names: set[str]) -> Report:
    """Judge an index by itself: its files lie beside it, or among those that were looked at.

    Args:
        folder: where the index lies.
        entries: its lines; where files were named and no folder, those of these files.
        names: of the files looked at.
    """
    beside = {entry.name for entry in entries if entry.name not in names and _lies(folder, entry)}
    return lint_manifest(entries, names | beside)


def _lies(folder: Path, entry: ManifestEntry) -> bool:
    """Whether a file of an index is in its folder, where its line says or by its name."""
    try:
        wanted = (*places(entry.place), place_parts(entry.name))
        return any(folder.joinpath(*parts).is_file() for parts in wanted)
    except (ImageError, OSError):
        return False


def _is_foreign(report: Report) -> bool:
    """Whether a file is no OTA file: read-me files and indexes lie beside images."""
    return any(finding.rule == NOT_OTA for finding in report.findings)


def baseline(result: JudgingResult) -> bytes:
    """The findings of this run, to be known from now on."""
    reports = ((one.path.as_posix(), one.report) for one in result.judged if one.report is not None)
    return write_baseline(reports).encode("utf-8", "backslashreplace")


def as_json(result: JudgingResult, changes: Sequence[Change] | None = None) -> dict[str, object]:
    """One object: files with findings, files that could not be read, files that are no images.

    Its form is a contract: ``docs/schemas/validate.json``.

    Args:
        result: what was found.
        changes: what differs from an older release; None without one.
    """
    told: dict[str, object] = {
        "summary": result.summary(),
        "files": [
            {"path": str(one.path), **report_as_json(one.report)}
            for one in result.judged
            if one.report is not None
        ],
        "unreadable": [
            {"path": str(one.path), "reason": one.reason}
            for one in result.judged
            if one.report is None
        ],
        "skipped": [str(path) for path in (*result.skipped, *result.outside)],
    }
    if changes is not None:
        told["changes"] = [change._asdict() for change in changes]
    return told
