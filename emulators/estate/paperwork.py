"""What a release of an emulated estate has gone through, as if it had: rows for its approval; pure."""

from typing import Any, Final

from ota_engine.fleet.approvals.checklist import WITH_EVIDENCE
from ota_engine.fleet.approvals.rows import (
    ApprovalEvidence,
    ChecklistItem,
    UitWindow,
    WindowState,
)
from ota_engine.fleet.releases.rows import (
    CataloguedImage,
    CplEntry,
    PathKnowledge,
    PathStanding,
    UpgradePath,
)
from ota_engine.times import DAY_S, Utc

MANUFACTURER_CODE: Final = 0x10F2
IMAGE_TYPE: Final = 0x0001
_SOURCE: Final = "maker"


def paperwork(
    release: str,
    version: int,
    cpl: str,
    sha256: str,
    utc: Utc,
    configurations: tuple[str, ...] = (),
) -> list[Any]:
    """Have an image in the catalogue, a UIT window that is over, and evidence of every step.

    Args:
        release: id.
        version: of the firmware.
        cpl: id of its entry.
        sha256: of the image.
        utc: now.
        configurations: sets that it was tested on.
    """
    rows: list[Any] = [
        CataloguedImage(sha256, MANUFACTURER_CODE, IMAGE_TYPE, version, True),
        UitWindow(
            release,
            utc - 28 * DAY_S,
            utc - DAY_S,
            (),
            WindowState.OVER,
            changed="over",
        ),
    ]
    for item in sorted(WITH_EVIDENCE):
        tests = 200 if item is ChecklistItem.SIT_EXIT else 0
        rows.append(
            ApprovalEvidence(
                release,
                item,
                1,
                sha256,
                f"report of {item}",
                tests,
                tests,
                (0, 0, 0, 0, 0) if tests else (),
                configurations if tests else (),
                ("install and commission", "change of supplier") if tests else (),
                "olive",
                utc - DAY_S,
            )
        )
    return rows


def stated_paths(variant: str, versions: dict[str, int]) -> list[Any]:
    """Have every version reached from each earlier one in one hop.

    Args:
        variant: of the devices.
        versions: by CPL id.
    """
    rows: list[Any] = []
    for cpl, version in versions.items():
        earlier = [name for name, other in versions.items() if other < version]
        known = PathKnowledge.STATED if earlier else PathKnowledge.NONE
        rows.append(CplEntry(cpl, variant, version, known))
        rows += [
            UpgradePath(cpl, name, variant, PathStanding.MANDATORY, _SOURCE) for name in earlier
        ]
    return rows
