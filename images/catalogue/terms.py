"""For whom an image is: versions, hardware, models; knows no image."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from images.errors import ImageError

MAX_NAMES: Final = 64  # models, or makers, of one image
MAX_RANGES: Final = 64  # upgrade paths of one image
MAX_TEXT: Final = 255  # characters of a name, source or reason
MAX_NOTES: Final = 4000  # characters
U16: Final = 0xFFFF
U32: Final = 0xFFFFFFFF


class Range(NamedTuple):
    """Numbers from ``low`` to ``high``, both included."""

    low: int
    high: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.low <= number <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """For whom an image is, beyond what its header says; checked when made.

    Attributes:
        bases: versions it may be applied to, ascending and disjoint; None where nobody said, empty
            where it is applied to none ("N/A" of a CPL submission, MP231).
        hardware: hardware versions; None for those of the header.
        models: model identifiers as devices report them; empty for every model.
        makers: manufacturer names as devices report them; empty for every one.
        notes: what changed, for people.
        force: for devices of every other version, newer ones included, within ``bases``.
        reports: the version its firmware reports once it runs, None for that of the file.

    Raises:
        ImageError: a range is none, or a text cannot be shown.
    """

    bases: tuple[Range, ...] | None = None
    hardware: Range | None = None
    models: tuple[str, ...] = ()
    makers: tuple[str, ...] = ()
    notes: str = ""
    force: bool = False
    reports: int | None = None

    def __post_init__(self) -> None:
        _check_bases(self.bases or ())
        if self.hardware is not None:
            check_range("hardware versions", self.hardware, U16)
        if self.reports is not None and not 0 <= self.reports < U32:
            raise ImageError(f"no firmware reports version {self.reports:#x}: give 0 to 0xfffffffe")
        for what, names in (("model", self.models), ("manufacturer name", self.makers)):
            if len(names) > MAX_NAMES or len(set(names)) < len(names):
                raise ImageError(f"give each {what} once, and at most {MAX_NAMES}")
            for name in names:
                check_text(what, name, least=1)
        for line in self.notes.split("\n"):
            check_text("notes", line, MAX_NOTES)
        if len(self.notes) > MAX_NOTES:
            raise ImageError(f"the notes have more than {MAX_NOTES} characters")

    def reported(self, file_version: int) -> int:
        """The version its firmware reports once it runs, of a file of this version."""
        return file_version if self.reports is None else self.reports


def _check_bases(bases: tuple[Range, ...]) -> None:
    if len(bases) > MAX_RANGES:
        raise ImageError(f"more than {MAX_RANGES} ranges of versions")
    for base in bases:
        check_range("versions", base, U32)
    for before, after in pairwise(bases):
        if after.low <= before.high:
            raise ImageError(
                f"version {after.low:#010x} stands in two ranges, or the ranges are not ascending"
            )


def check_range(what: str, found: Range, most: int) -> None:
    """Refuse a range that is none, or leaves 0..``most``."""
    if not 0 <= found.low <= found.high <= most:
        raise ImageError(f"{what} {found.low:#x}..{found.high:#x} are no range within 0..{most:#x}")


def check_texts(texts: Iterable[str]) -> None:
    """Refuse texts that are too long or cannot be shown."""
    for text in texts:
        check_text("text", text)


def check_text(what: str, text: str, most: int = MAX_TEXT, least: int = 0) -> None:
    """Refuse a text that is too long or too short, or cannot be shown."""
    if not least <= len(text) <= most:
        raise ImageError(f"{what}: {least} to {most} characters, not {len(text)}")
    if not text.isprintable():
        raise ImageError(f"{what} {text[:40]!a} holds what cannot be shown")


ANYBODY: Final = Terms()  # every device the header does not exclude
