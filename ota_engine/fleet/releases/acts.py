"""What persons decide about releases."""

from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus, ReleaseType
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class EnterRelease:
    """A new release is known."""

    release: str
    variant: str
    version: int
    cpl: str
    type: ReleaseType
    sha256: str


@dataclass(frozen=True, slots=True)
class ApproveRelease:
    """A release may be delivered over the air."""

    release: str


def release_of(work: Work, release: str) -> FirmwareRelease:
    """Read a release.

    Raises:
        DecisionRefused: there is none.
    """
    found = work.get(FirmwareRelease, release)
    if found is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{release}: there is no such release: enter it first"
        )
    return found


def _enter(act: EnterRelease, actor: Actor, work: Work, utc: Utc) -> str:
    if work.get(FirmwareRelease, act.release) is not None:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.release} is entered already: give another id"
        )
    if work.get(Variant, act.variant) is None:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{act.variant}: there is no such variant: import it first"
        )
    text = f"entered by {actor.person}"
    work.put(
        FirmwareRelease(
            act.release,
            act.variant,
            act.version,
            act.cpl,
            act.type,
            act.sha256,
            ReleaseStatus.DRAFT,
            actor.person,
            1,
            text,
        )
    )
    return f"release {act.release} is {text}"


def _approve(act: ApproveRelease, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    if release.status is not ReleaseStatus.DRAFT:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{act.release} is {release.status}: only a draft is approved",
            release.revision,
        )
    if release.author == actor.person:
        raise DecisionRefused(
            RefusalCode.AUTHOR,
            f"{actor.person} entered {act.release}: somebody else approves it",
            release.revision,
        )
    text = f"approved by {actor.person}"
    work.put(
        replace(release, status=ReleaseStatus.APPROVED, revision=release.revision + 1, changed=text)
    )
    return f"release {act.release} is {text}"


def _subject(act: EnterRelease | ApproveRelease) -> str:
    return f"release:{act.release}"


def _revision(act: EnterRelease | ApproveRelease, work: Work) -> int | None:
    found = work.get(FirmwareRelease, act.release)
    return None if found is None else found.revision


ACTS: Final = {
    EnterRelease: ActRow(
        frozenset({PartyRole.OPERATOR, PartyRole.MANUFACTURER}), _subject, _revision, _enter
    ),
    ApproveRelease: ActRow(frozenset({PartyRole.APPROVER}), _subject, _revision, _approve),
}
