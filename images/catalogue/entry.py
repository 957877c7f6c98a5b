"""One image of a catalogue: what it is, for whom, whence it came, what was decided; no octets."""

import re
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from images.catalogue.status import CHANGES, ImageStatus, StatusDecision
from images.catalogue.terms import ANYBODY, U16, U32, Range, Terms, check_range, check_texts
from images.errors import ImageError
from images.names import recommended_name

MAX_STEPS: Final = 1000  # of one history
LAST_UTC: Final = 253_402_300_799  # the end of the year 9999
U64: Final = 0xFFFFFFFFFFFFFFFF
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class UpgradeStep(NamedTuple):
    """One line of an entry's history.

    Attributes:
        utc: seconds since 1970.
        who: as they call themselves.
        what: ``added``, ``approved``, ``withdrawn``, ``accepted ZOTA006``..
        reason: why; empty where none was asked for.
    """

    utc: float
    who: str
    what: str
    reason: str = ""


class Origin(NamedTuple):
    """Where the octets came from.

    Attributes:
        source: the file, or the index that listed it.
        name: what its bearer called the file; a label, never a path.
        sha256: of the file as it was found, wrapper and trailing octets included.
        container: the wrapper taken off, or empty.
    """

    source: str
    name: str
    sha256: str
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """What a catalogue knows of one image; checked when made.

    Attributes:
        sha256: of the OTA file as it is served: no wrapper, nothing trailing. Its name in the
            catalogue.
        size: its bytes.
        manufacturer_code: from the header.
        image_type: from the header.
        file_version: from the header.
        header_string: from the header, printable.
        destination: EUI-64 of the one device meant, or None.
        hardware: hardware versions it may run on; None for every one.
        manufacturer_image_hash: what GB activates it by, in hexadecimal; empty for others.
        terms: for whom it is, as its bearer said.
        status: whether it may be served.
        origin: where it came from.
        accepted: rules whose errors somebody took upon themselves; the history says who and why.
        history: every decision, oldest first.

    Raises:
        ImageError: a value is out of range, or terms contradict the header.
    """

    sha256: str
    size: int
    manufacturer_code: int
    image_type: int
    file_version: int
    origin: Origin
    header_string: str = ""
    destination: int | None = None
    hardware: Range | None = None
    manufacturer_image_hash: str = ""
    terms: Terms = ANYBODY
    status: ImageStatus = ImageStatus.DRAFT
    accepted: tuple[str, ...] = ()
    history: tuple[UpgradeStep, ...] = ()

    def __post_init__(self) -> None:
        self._check_numbers()
        for digest in (self.sha256, self.origin.sha256):
            if not _SHA256.fullmatch(digest):
                raise ImageError("a SHA-256 has 64 lower-case hex digits")
        for base in () if self.terms.force else self.terms.bases or ():
            if base.high >= self.file_version:
                raise ImageError(
                    f"an upgrade from {base.high:#010x} to {self.file_version:#010x} is none: give "
                    "lower versions"
                )
        texts = (self.header_string, self.manufacturer_image_hash, *self.accepted)
        check_texts((*texts, *self.origin))
        check_texts(text for step in self.history for text in (step.who, step.what, step.reason))
        if not all(0 <= step.utc <= LAST_UTC for step in self.history):
            raise ImageError("the history has a time that no calendar has")
        if len(self.history) > MAX_STEPS:
            raise ImageError(f"the history has more than {MAX_STEPS} steps")

    def _check_numbers(self) -> None:
        for what, number, most in (
            ("size", self.size, U32),
            ("manufacturer code", self.manufacturer_code, U16),
            ("image type", self.image_type, U16),
            ("file version", self.file_version, U32),
            ("destination", self.destination or 0, U64),
        ):
            if not 0 <= number <= most:
                raise ImageError(f"{what} {number:#x} is outside 0..{most:#x}")
        if self.hardware is not None:
            check_range("hardware versions", self.hardware, U16)

    @property
    def identity(self) -> tuple[int, int, int]:
        """The three numbers every OTA command names a file by."""
        return self.manufacturer_code, self.image_type, self.file_version

    @property
    def name(self) -> str:
        """``MMMM-TTTT-VVVVVVVV``, as people name it."""
        return recommended_name(self).removesuffix(".zigbee")

    def ordered(self, order: StatusDecision, utc: float, who: str, reason: str) -> "CatalogueEntry":
        """The entry after a person's decision.

        Raises:
            ImageError: it is so already, or a reason is missing.
        """
        change = CHANGES[self.status, order]
        if change is None:
            raise ImageError(f"{self.name} is {self.status} already")
        if change.needs_reason and not reason.strip():
            raise ImageError(f"{self.name} is {self.status}: to {order} it, give a --reason")
        step = UpgradeStep(utc, who, change.to.value, reason)
        return replace(self, status=change.to, history=(*self.history, step))
