"""What ``zota catalogue`` prints: entries, histories, takings; opens nothing."""

import json
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from typing import Any

import typer

from images.catalogue import CatalogueEntry, ImageStatus, Range, clashes, rivalries
from images.catalogue.records import as_values
from ota_engine.catalogue.export import Export
from ota_engine.catalogue.takeover import TakenOver
from ota_engine.cli.columns import INDENT, Room, folded
from ota_engine.cli.image_facts import visible
from ota_engine.cli.remarks import put, remark
from ota_engine.times import Utc
from ota_engine.wording import counted, utc_text

DIGITS = 12  # of a SHA-256, as shown
FRAME = 3  # lines of a terminal that are not an image's


def print_json(value: object) -> None:
    """Print one JSON value."""
    typer.echo(json.dumps(value, indent=2))


def entry_as_json(entry: CatalogueEntry, rivals: Iterable[CatalogueEntry] = ()) -> dict[str, Any]:
    """An entry's values, its name, and the SHA-256 of what it clashes with."""
    clashing = [one.sha256 for one in rivals]
    return {"name": entry.name, **as_values(entry), "clashes": clashing}


def list_as_json(
    entries: Sequence[CatalogueEntry], everything: Sequence[CatalogueEntry]
) -> list[dict[str, Any]]:
    """Some of all entries."""
    rivals = rivalries(everything)
    return [entry_as_json(entry, rivals.get(entry.sha256, ())) for entry in entries]


def print_list(
    entries: Sequence[CatalogueEntry],
    everything: Sequence[CatalogueEntry],
    room: Room,
    *,
    whole: bool,
) -> None:
    """A line per image; where that is wider than the terminal, what it is for on a second one.

    Where they are more than the terminal has lines, those withdrawn are counted only.

    Args:
        entries: what to list.
        everything: among which clashes are looked for.
        room: of the terminal; where there is none nothing is folded or left out.
        whole: leave nothing out.
    """
    rivals = rivalries(everything)
    columns, found = room.columns, entries
    if room.lines is not None and not whole and len(entries) > room.lines - FRAME:
        entries = [entry for entry in entries if entry.status is not ImageStatus.WITHDRAWN]
    for entry in entries:
        bases = f"from {bases_text(entry)}"
        hardware = f"hw {range_text(entry.hardware, 4)}" if entry.hardware else "any hw"
        mark = "  CLASH" if entry.sha256 in rivals else ""
        what = f"{entry.name}  {entry.status:9}  {entry.sha256[:DIGITS]}  {entry.size:>9,} bytes"
        whom = f"{hardware}  {bases}  {entry.header_string}".rstrip()
        line = visible(f"{what}  {whom}{mark}")
        if columns is None or len(line) <= columns:
            typer.echo(line)
        else:
            put(what + mark)
            for line in folded(visible(whom), columns, INDENT):
                typer.echo(line)
    put(f"{len(found):,} of {counted(len(everything), 'image')}{_kinds(found, rivals)}")
    if len(found) > len(entries):
        put(f"{len(found) - len(entries):,} withdrawn ones are not listed: --all lists them")


def _kinds(entries: Sequence[CatalogueEntry], rivals: Container[str]) -> str:
    """How many images there are of each status, and how many clash."""
    if len(entries) < 2:
        return ""
    counts = Counter(entry.status for entry in entries)
    parts = [f"{counts[status]:,} {status}" for status in ImageStatus if counts[status]]
    clashing = sum(entry.sha256 in rivals for entry in entries)
    return ": " + ", ".join(parts) + (f"; {clashing:,} clash" if clashing else "")


def print_entry(entry: CatalogueEntry, everything: Iterable[CatalogueEntry]) -> None:
    """Everything about one image, a fact per line."""
    put(f"image      {entry.name}  {entry.header_string}".rstrip())
    put(f"status     {entry.status}")
    put(f"sha256     {entry.sha256}")
    put(f"size       {entry.size:,} bytes")
    if entry.manufacturer_image_hash:
        put(f"gb hash    {entry.manufacturer_image_hash}")
    if entry.destination is not None:
        put(f"device     {entry.destination:016x}")
    put(f"hardware   {range_text(entry.hardware, 4) if entry.hardware else 'any'}")
    put(f"from       {bases_text(entry)}")
    if entry.terms.force:
        put("forced     for newer versions too")
    for label, names in (("models", entry.terms.models), ("makers", entry.terms.makers)):
        if names:
            put(f"{label:10} {', '.join(names)}")
    for line in filter(None, entry.terms.notes.split("\n")):
        put(f"notes      {line}")
    put(f"origin     {entry.origin.name}, listed in or read from {entry.origin.source}")
    for rival in clashes(entry, everything):
        put(f"CLASH      {rival.sha256[:DIGITS]} {rival.status}")
    for step in entry.history:
        put(
            f"history    {utc_text(Utc(step.utc))} {step.who}: {step.what}{': ' if step.reason else ''}{step.reason}"
        )


def range_text(found: Range, digits: int) -> str:
    """``LO..HI`` in hexadecimal, or the one number."""
    low, high = (f"0x{number:0{digits}X}" for number in found)
    return low if low == high else f"{low}..{high}"


def bases_text(entry: CatalogueEntry) -> str:
    """The versions an image may be applied to."""
    if entry.terms.bases is None:
        return "any other version" if entry.terms.force else "any lower version"
    return ", ".join(range_text(base, 8) for base in entry.terms.bases) or "no version"


def taken_as_json(taken: Sequence[TakenOver]) -> dict[str, Any]:
    """What became of every file of an index."""
    return {
        "added": [
            entry_as_json(one.entry) for one in taken if one.entry is not None and not one.known
        ],
        "known": [entry_as_json(one.entry) for one in taken if one.entry is not None and one.known],
        "refused": [{"file": one.name, "reason": one.reason} for one in taken if one.entry is None],
        "notes": [{"file": one.name, "note": one.note} for one in taken if one.note],
        "summary": summary(taken),
    }


def summary(taken: Sequence[TakenOver]) -> dict[str, int]:
    """How many files were added, listed already, refused."""
    listed = [one for one in taken if one.entry is not None]
    known = sum(one.known for one in listed)
    return {
        "added": len(listed) - known,
        "known": known,
        "refused": len(taken) - len(listed),
    }


def print_taken(taken: Sequence[TakenOver]) -> None:
    """A line per file, and a last one that counts them; what was refused goes to standard error."""
    for one in taken:
        if one.entry is None:
            remark(f"{one.name}: {one.reason}")
        else:
            said = "listed already" if one.known else f"added as {one.entry.status}"
            put(f"{one.name}: {one.entry.name} {one.entry.sha256[:DIGITS]} {said}")
            if one.note:
                put(f"  {one.note}")
    counts = summary(taken)
    put(f"{counts['added']} added, {counts['known']} listed already, {counts['refused']} refused")


def release_as_json(target: str, release: Export) -> dict[str, Any]:
    """What was released."""
    return {
        "target": target,
        "images": [
            {"file": one.name, "name": one.entry.name, "sha256": one.entry.sha256}
            for one in release.images
        ],
        "left_out_of_indexes": [
            {
                "index": one.form,
                "name": one.entry.name,
                "sha256": one.entry.sha256,
                "reason": one.reason,
            }
            for one in release.left_out
        ],
        "clashes": [entry.sha256 for entry in release.clashing],
        "hints": list(release.hints),
    }


def warn_release(release: Export) -> None:
    """What whoever serves a release has to know, on standard error."""
    for entry, form, reason in release.left_out:
        remark(f"warning: {entry.name}: not in {form}'s index: {reason}")
    for entry in release.clashing:
        text = f"{entry.name} {entry.sha256[:DIGITS]}: shares its identity with another image"
        remark(f"warning: {text}")
