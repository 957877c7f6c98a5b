"""A push told afterwards: one plain value that JSON and people's pages are written from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from images.eui64 import Eui64, format_eui64
from ota_engine.hub.push.plan import PushPlan
from ota_engine.hub.push.push import GOOD, PushStanding, PushVerdict
from ota_engine.records import ImageRecord

Json: TypeAlias = dict[str, Any]

SAMPLES = 1000  # points of one device's progress that are kept at most
SAMPLE_EVERY = 1.0  # seconds between two at first; doubled whenever there are too many


@dataclass(frozen=True, slots=True)
class WaitEnd:
    """How a push as a whole came to stand still."""

    interrupted: bool
    timed_out: bool
    seconds: float


class Chronicle:
    """Remembers how far every device was, and when; thins out what is too much."""

    def __init__(self) -> None:
        self.progress: dict[Eui64, list[tuple[float, float]]] = {}
        self._began: float | None = None
        self._every = SAMPLE_EVERY
        self._due = 0.0

    def watch(self, now: float, standings: Sequence[PushStanding]) -> None:
        """Take a look at ``now`` (monotonic seconds)."""
        began = self._began = now if self._began is None else self._began
        passed = now - began
        over = all(standing.verdict is not None for standing in standings)
        if passed < self._due and not over:
            return
        self._due = passed + self._every
        for standing in standings:
            session = standing.session
            share = session.offset / session.size if session is not None else 0.0
            self.progress.setdefault(standing.device, []).append((passed, share))
        if any(len(points) > SAMPLES for points in self.progress.values()):
            self._every *= 2
            for points in self.progress.values():
                del points[1:-1:2]


def summarise(
    plan: PushPlan,
    images: Mapping[str, ImageRecord],
    standings: Sequence[PushStanding],
    ending: WaitEnd,
    link: str,
) -> Json:
    """Tell a push.

    Args:
        plan: what was asked for.
        images: the files of the plan by SHA-256.
        standings: where every device stands at the end.
        ending: how it came to stand still.
        link: the URL of the radio.
    """
    devices = [_device(standing, images) for standing in standings]
    return {
        "verdict": overall(standings, ending),
        "link": link,
        "policy": plan.policy.value,
        "activation": plan.activation.value,
        "created_utc": plan.created_utc,
        "seconds": round(ending.seconds, 3),
        "interrupted": ending.interrupted,
        "timed_out": ending.timed_out,
        "images": [_image(images[sha256]) for sha256 in plan.images],
        "devices": devices,
    }


def overall(standings: Sequence[PushStanding], ending: WaitEnd) -> str:
    """Say ``delivered`` when every device that an image is for has it, and at least one does."""
    if ending.interrupted:
        return "interrupted"
    verdicts = [standing.verdict for standing in standings]
    meant = [verdict for verdict in verdicts if verdict is not PushVerdict.PASSED_OVER]
    return "delivered" if meant and GOOD.issuperset(meant) else "failed"


def _image(image: ImageRecord) -> Json:
    return {
        "name": image.name,
        "sha256": image.sha256,
        "size": len(image.data),
        "manufacturer_code": f"0x{image.manufacturer_code:04X}",
        "image_type": f"0x{image.image_type:04X}",
        "file_version": f"0x{image.file_version:08X}",
    }


def _device(standing: PushStanding, images: Mapping[str, ImageRecord]) -> Json:
    session = standing.session
    verdict = standing.verdict or PushVerdict.UNFINISHED
    told: Json = {
        "device": format_eui64(standing.device),
        "verdict": verdict.value,
        "reason": standing.reason,
        "version_before": _version(standing.running),
        "version_after": _version(standing.running),
        "image": None,
        "state": None,
        "offset": 0,
        "size": 0,
        "blocks": 0,
        "retries": 0,
    }
    if session is not None:
        before = session.version_before
        told.update(
            version_before=_version(standing.running if before is None else before),
            image=images[session.sha256].sha256,
            state=session.state.value,
            offset=session.offset,
            size=session.size,
            blocks=session.blocks,
            retries=session.retries,
        )
    return told


def _version(version: int | None) -> str | None:
    return None if version is None else f"0x{version:08X}"
