"""What people do with a catalogue: add, decide, remove; each refusal says what to do instead."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from images import Report, Severity, lint
from images.catalogue import (
    CatalogueEntry,
    Draft,
    ImageStatus,
    StatusDecision,
    Terms,
    UpgradeStep,
    clashes,
    draft,
)
from ota_engine.catalogue.folder import Writing
from ota_engine.catalogue.intake import label
from ota_engine.errors import LocalError, StoreError
from ota_engine.times import Utc

SHORTEST_PREFIX: Final = 4  # hex digits of a SHA-256 that may stand for it

Judge = Callable[[bytes, str], Report]


class Bearer(NamedTuple):
    """Who brings or decides something, when, and what they take upon themselves.

    Attributes:
        who: as they call themselves.
        utc: seconds since 1970.
        override: why errors of the rules are accepted; empty refuses them.
        allow_clash: why a second file of an identity is accepted; empty refuses it.
    """

    who: str
    utc: Utc
    override: str = ""
    allow_clash: str = ""


class Added(NamedTuple):
    """What became of a file.

    Attributes:
        entry: as it is listed now.
        known: it was listed before; nothing was written.
        clashes: other files of its identity.
    """

    entry: CatalogueEntry
    known: bool
    clashes: tuple[CatalogueEntry, ...]


def lint_by_shape(data: bytes, name: str) -> Report:
    """Judge a file by the rules its shape asks for."""
    return lint(data, name=name)


def add(
    writing: Writing,
    data: bytes,
    name: str,
    source: str,
    terms: Terms,
    bearer: Bearer,
    judge: Judge = lint_by_shape,
) -> Added:
    """Judge a file and list it as a draft.

    Args:
        writing: where to.
        data: the file, read once: what is judged, hashed and kept is this buffer.
        name: what its bearer calls it; any text.
        source: where it was found, printable.
        terms: for whom it is.
        bearer: who adds it.
        judge: by which rules.

    Raises:
        ImageError: it is no complete OTA file, or the terms contradict it.
        LocalError: it has errors, clashes with another file, or is listed under other terms.
    """
    shown = label(name)
    made = draft(data, terms, source, shown)
    rivals = tuple(clashes(made.entry, writing.listed.values()))
    listed = writing.listed.get(made.entry.sha256)
    if listed is not None:
        _refuse_other_terms(listed, made.entry.terms)
        _mend(writing, made)
        return Added(listed, True, rivals)
    errors = _errors(judge(data, shown))
    if errors and not bearer.override:
        raise LocalError(
            f"refused for {', '.join(errors)}: mend it ('zota image validate' tells how), "
            "or give --override REASON"
        )
    if rivals and not bearer.allow_clash:
        raise LocalError(
            f"{made.entry.name} is listed with other octets "
            f"({rivals[0].sha256[:12]}): raise the file version, or give --allow-clash REASON"
        )
    entry = _with_history(made, bearer, errors, clashing=bool(rivals))
    writing.add(entry, made.octets)
    return Added(entry, False, rivals)


def _errors(report: Report) -> list[str]:
    wrong = (one.rule for one in report.findings if one.severity is Severity.ERROR)
    return list(dict.fromkeys(wrong))


def _refuse_other_terms(listed: CatalogueEntry, terms: Terms) -> None:
    if terms not in (Terms(), listed.terms):
        raise LocalError(
            f"{listed.name} is listed on other terms: remove it first, then add it anew"
        )


def _mend(writing: Writing, made: Draft) -> None:
    """Put the octets back where they were lost or changed."""
    try:
        writing.catalogue.octets(made.entry)
    except StoreError:
        writing.restore(made.entry, made.octets)


def _with_history(
    made: Draft, bearer: Bearer, errors: Sequence[str], *, clashing: bool
) -> CatalogueEntry:
    steps = [UpgradeStep(bearer.utc, bearer.who, "added")]
    if errors:
        what = f"accepted {' '.join(errors)}"
        steps.append(UpgradeStep(bearer.utc, bearer.who, what, bearer.override))
    if clashing:
        steps.append(UpgradeStep(bearer.utc, bearer.who, "accepted a clash", bearer.allow_clash))
    return replace(made.entry, accepted=tuple(errors), history=tuple(steps))


def decide(
    writing: Writing, selector: str, order: StatusDecision, bearer: Bearer, reason: str
) -> CatalogueEntry:
    """Approve or withdraw an image.

    Raises:
        LocalError: nothing, or several, fit the selector; or another of its identity is approved.
        ImageError: it is so already, or a reason is missing.
        StoreError: its octets are not what they were.
    """
    entry = find(writing.listed.values(), selector)
    if order is StatusDecision.APPROVE:
        writing.catalogue.octets(entry)
        _refuse_twin(entry, writing.listed.values(), reason)
    changed = entry.ordered(order, bearer.utc, bearer.who, reason)
    writing.replace(changed)
    return changed


def _refuse_twin(entry: CatalogueEntry, entries: Iterable[CatalogueEntry], reason: str) -> None:
    twins = [one for one in clashes(entry, entries) if one.status is ImageStatus.APPROVED]
    if twins and not reason.strip():
        raise LocalError(
            f"{twins[0].sha256[:12]} of the same identity is approved: withdraw it, or give a "
            "--reason; devices cannot tell them apart"
        )


def remove(writing: Writing, selector: str) -> CatalogueEntry:
    """Forget an image that is not approved.

    Raises:
        LocalError: nothing, or several, fit the selector; or it is approved.
    """
    entry = find(writing.listed.values(), selector)
    if entry.status is ImageStatus.APPROVED:
        raise LocalError(f"{entry.name} is approved and may be in use: withdraw it first")
    writing.remove(entry)
    return entry


def find(entries: Iterable[CatalogueEntry], selector: str) -> CatalogueEntry:
    """The one entry that a SHA-256, the beginning of one, or ``MMMM-TTTT-VVVVVVVV`` names.

    Raises:
        LocalError: none, or several.
    """
    wanted = selector.strip()
    found = [
        entry
        for entry in entries
        if entry.name.lower() == wanted.lower()
        or (len(wanted) >= SHORTEST_PREFIX and entry.sha256.startswith(wanted.lower()))
    ]
    if not found:
        raise LocalError(
            f"{label(wanted)}: not in the catalogue: name an image as 'zota catalogue list' does"
        )
    if len(found) > 1:
        which = ", ".join(entry.sha256[:12] for entry in found[:4])
        raise LocalError(f"{label(wanted)}: several images: name one by its SHA-256: {which}")
    return found[0]
