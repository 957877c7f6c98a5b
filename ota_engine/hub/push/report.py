"""A push told afterwards, as values: what scripts and pages are written from. Pure.

``docs/schemas/push.json`` says the same of the JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from images.catalogue.status import ImageStatus
from images.eui64 import format_eui64
from ota_engine.hub.push.progress import WaitEnd
from ota_engine.hub.push.verdict import GOOD, PushStanding, PushVerdict
from ota_engine.records import ImageRecord, ImageTerms, PushRecord
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class ReportedImage:
    """One file of a push.

    Attributes:
        name: a label.
        sha256: of the file.
        size: octets.
        manufacturer_code: ``0x1234``.
        image_type: ``0x1234``.
        file_version: ``0x12345678``.
        source: the file or catalogue it was taken from; empty when it was stored already.
        status: in the catalogue it came with, None without one.
        devices: how many firmwares it was chosen for.
    """

    name: str
    sha256: str
    size: int
    manufacturer_code: str
    image_type: str
    file_version: str
    source: str
    status: ImageStatus | None
    devices: int


@dataclass(frozen=True, slots=True)
class ReportedTarget:
    """How it ended for one firmware of one device.

    Attributes:
        device: its EUI-64.
        manufacturer_code: of the firmware, None while the device told none.
        image_type: of the firmware, None likewise.
        verdict: how it ended.
        reason: why.
        version_before: that it ran, None where it was not told.
        version_after: that it says it runs.
        image: SHA-256 of the file chosen for it, None for none.
        state: of its delivery, None without one.
        offset: octets it has asked past.
        size: octets of its file.
        blocks: served to it.
        retries: blocks it asked for again.
        proof: what proof of its update is missed, None when none is.
    """

    device: str
    manufacturer_code: str | None
    image_type: str | None
    verdict: PushVerdict
    reason: str
    version_before: str | None
    version_after: str | None
    image: str | None
    state: str | None = None
    offset: int = 0
    size: int = 0
    blocks: int = 0
    retries: int = 0
    proof: str | None = None


@dataclass(frozen=True, slots=True)
class ReportedOverride:
    """A term that did not count, and why."""

    term: str
    reason: str


@dataclass(frozen=True, slots=True)
class PushReport:
    """A whole push.

    Attributes:
        verdict: ``delivered`` when every firmware that an image is for has it, and one does at
            least; ``would deliver`` likewise of a dry run; ``interrupted`` or ``failed`` otherwise.
        link: the URL of the radio.
        dry_run: nothing was offered.
        policy: which version steps were allowed.
        activation: when devices may run what they hold.
        created_utc: when it was asked for.
        seconds: how long it took.
        interrupted: somebody stopped it.
        timed_out: nobody waited longer.
        withdrawn: deliveries of an earlier push that it ended.
        overrides: terms that did not count.
        images: the files.
        devices: a row for each firmware; one for a device of which none was told.
    """

    verdict: str
    link: str
    dry_run: bool
    policy: str
    activation: str
    created_utc: Utc
    seconds: float
    interrupted: bool
    timed_out: bool
    withdrawn: int
    overrides: tuple[ReportedOverride, ...]
    images: tuple[ReportedImage, ...]
    devices: tuple[ReportedTarget, ...]

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return self.verdict in ("delivered", "would deliver")

    @property
    def untaken(self) -> tuple[ReportedImage, ...]:
        """Files that are for no firmware that was told of."""
        return tuple(image for image in self.images if not image.devices)

    def as_values(self) -> dict[str, Any]:
        """The report as plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PushFacts:
    """What a report is made from.

    Attributes:
        push: what was asked for.
        images: its files by SHA-256.
        terms: what a catalogue says of them, by SHA-256.
        sources: where they were taken from, by SHA-256.
        standings: where every firmware stands at the end.
        ending: how it came to stand still.
        withdrawn: deliveries of an earlier push that it ended.
        dry: nothing was offered.
    """

    push: PushRecord
    images: Mapping[str, ImageRecord]
    terms: Mapping[str, ImageTerms]
    sources: Mapping[str, str]
    standings: Sequence[PushStanding]
    ending: WaitEnd
    withdrawn: int = 0
    dry: bool = False


def report_of(facts: PushFacts, link: str) -> PushReport:
    """Tell a push that went over a link."""
    push, ending = facts.push, facts.ending
    return PushReport(
        verdict=overall(facts.standings, ending, dry=facts.dry),
        link=link,
        dry_run=facts.dry,
        policy=push.policy.value,
        activation=push.activation.value,
        created_utc=push.created_utc,
        seconds=round(ending.seconds, 3),
        interrupted=ending.interrupted,
        timed_out=ending.timed_out,
        withdrawn=facts.withdrawn,
        overrides=tuple(ReportedOverride(one.term.value, one.reason) for one in push.overrides),
        images=tuple(_image(facts, sha256) for sha256 in push.images),
        devices=tuple(map(_target, facts.standings)),
    )


def overall(standings: Sequence[PushStanding], ending: WaitEnd, *, dry: bool = False) -> str:
    """Say ``delivered`` when every firmware that an image is for has it, and at least one does."""
    if ending.interrupted:
        return "interrupted"
    verdicts = [standing.verdict for standing in standings]
    meant = [verdict for verdict in verdicts if verdict is not PushVerdict.PASSED_OVER]
    if not meant or not GOOD.issuperset(meant):
        return "failed"
    return "would deliver" if dry else "delivered"


def _image(facts: PushFacts, sha256: str) -> ReportedImage:
    image, terms = facts.images[sha256], facts.terms.get(sha256)
    key = image.manufacturer_code, image.image_type
    current = (
        one for one in facts.standings if one.verdict is PushVerdict.CURRENT and not one.sha256
    )
    version = image.file_version
    runs = version if terms is None else terms.terms.reported(version)
    same = sum(one.firmware == key and one.running == runs for one in current)
    return ReportedImage(
        name=image.name,
        sha256=sha256,
        size=len(image.data),
        manufacturer_code=f"0x{image.manufacturer_code:04X}",
        image_type=f"0x{image.image_type:04X}",
        file_version=f"0x{image.file_version:08X}",
        source=facts.sources.get(sha256, ""),
        status=None if terms is None else terms.status,
        devices=same + sum(one.sha256 == sha256 for one in facts.standings),
    )


def _target(standing: PushStanding) -> ReportedTarget:
    session, firmware = standing.session, standing.firmware
    plain = ReportedTarget(
        device=format_eui64(standing.device),
        manufacturer_code=None if firmware is None else f"0x{firmware[0]:04X}",
        image_type=None if firmware is None else f"0x{firmware[1]:04X}",
        verdict=standing.verdict or PushVerdict.UNFINISHED,
        reason=standing.reason,
        version_before=version_text(standing.running),
        version_after=version_text(standing.running),
        image=standing.sha256 or None,
        proof=standing.proof or None,
    )
    if session is None:
        return plain
    before = standing.running if session.version_before is None else session.version_before
    return replace(
        plain,
        version_before=version_text(before),
        state=session.state.value,
        offset=session.offset,
        size=session.size,
        blocks=session.blocks,
        retries=session.retries,
    )


def version_text(version: int | None) -> str | None:
    """Write a version as people do, None for none."""
    return None if version is None else f"0x{version:08X}"
