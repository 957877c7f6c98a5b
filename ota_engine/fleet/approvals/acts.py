"""What persons decide at the end: a release goes over the air, or devices are made with it."""

from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.approvals.checklist import checklist, missing
from ota_engine.fleet.approvals.rows import (
    ApprovalScope,
    ChecklistItem,
    ItemWaiver,
    UitWindow,
    WindowState,
)
from ota_engine.fleet.campaigns.plan.policy import policy_of
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, CampaignState
from ota_engine.fleet.inventory.rows import Variant, is_ordered
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.parties.acts import refuse_author
from ota_engine.fleet.releases.acts import (
    ABOUT_RELEASE,
    ReleaseStep,
    changed,
    release_of,
    stepped,
    variant_of,
)
from ota_engine.fleet.releases.defects import forbids_manufacture
from ota_engine.fleet.releases.rows import (
    CataloguedImage,
    FirmwareRelease,
    KnownDefect,
    ReleaseStatus,
)
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class ApproveRelease:
    """A release may be delivered over the air, or devices may be made with it."""

    release: str
    scope: ApprovalScope = ApprovalScope.OVER_THE_AIR


def _approve(act: ApproveRelease, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    refuse_author(actor, release.author, f"entered {act.release}", release.revision)
    scope = ApprovalScope(act.scope)
    text = f"approved for {scope} by {actor.person}"
    if scope is ApprovalScope.MANUFACTURE:
        _refuse_manufacture(release, work)
        changed(work, replace(release, manufacture=True), text)
    else:
        status = stepped(release, ReleaseStep.APPROVE)
        _refuse_unfit(release, work)
        changed(work, replace(release, status=status), text)
    return f"release {act.release} is {text}"


def _refuse_unfit(release: FirmwareRelease, work: Work) -> None:
    variant = variant_of(work, release.variant)
    if not is_ordered(variant):
        raise _refused(
            release,
            f"{release.variant} ({variant.kind}, SMETS{variant.smets}) is listed only: no firmware"
            " is ordered for it",
        )
    lacking = missing(checklist(work, release))
    if lacking:
        raise _refused(release, f"{release.release} is not ready: {lacking}")
    _refuse_image(release, variant, work.get(CataloguedImage, release.sha256))


def _refuse_image(
    release: FirmwareRelease, variant: Variant, image: CataloguedImage | None
) -> None:
    """The image must be there, approved, and for these devices."""
    name = f"image {release.sha256[:12]} of {release.release}"
    if image is None:
        raise _refused(release, f"{name} is not in the catalogue: add it there first")
    if not image.approved:
        raise _refused(release, f"{name} is not approved in the catalogue: approve it there first")
    if image.version != release.version:
        raise _refused(
            release,
            f"{name} has version {image.version:08X}, not {release.version:08X}: enter the release"
            " with its own image",
        )
    wanted = variant.manufacturer_code, variant.image_type
    held = image.manufacturer_code, image.image_type
    if any(want is not None and want != have for want, have in zip(wanted, held, strict=True)):
        raise _refused(
            release,
            f"{name} is for manufacturer {held[0]:04X}, image type {held[1]:04X}, not for"
            f" {release.variant}: enter the release with its own image",
        )


def _refuse_manufacture(release: FirmwareRelease, work: Work) -> None:
    """Devices are made with a version after the mass phase is approved and UIT is over, 3.4."""
    if release.manufacture:
        raise _refused(
            release, f"{release.release} is approved for manufacture already: nothing to decide"
        )
    if release.status is not ReleaseStatus.APPROVED:
        raise _refused(
            release,
            f"{release.release} is {release.status}: only what goes over the air is made:"
            " have that approved first",
        )
    waiver = work.get(ItemWaiver, release.release, ChecklistItem.UIT)
    left_out = waiver is not None and waiver.second
    window = work.get(UitWindow, release.release)
    if window is None or window.state is not WindowState.OVER or left_out:
        raise _refused(
            release, f"UIT of {release.release} was left out or is not over: have it first"
        )
    if not mass_approved(work, release.release):
        raise _refused(
            release, f"the mass phase of {release.release} is not approved: let its pilots pass"
        )
    defects = forbids_manufacture(work.select(KnownDefect, release=release.release))
    if defects:
        hits = ", ".join(defects[0].hits)
        raise _refused(
            release,
            f"{release.release} is for over the air only: defect {defects[0].defect} hits {hits};"
            " enter a release without it",
        )


def mass_approved(work: Work, release: str) -> bool:
    """Whether a campaign of a release for all homes of the estate has come to its mass phase.

    The proving of a release within a ring fence, and a supplier's own roll-out, approve nothing.
    """
    for campaign in work.select(Campaign, release=release):
        policy = policy_of(campaign.policy)
        if campaign.state is CampaignState.ABORTED or policy.ring_fence or policy.supplier:
            continue
        last = work.get(CampaignPhase, campaign.campaign, len(policy.phases))
        if policy.phases[-1].homes is None and last is not None and last.started_utc is not None:
            return True
    return False


def _refused(release: FirmwareRelease, text: str) -> DecisionRefused:
    return DecisionRefused(RefusalCode.STATE, text, release.revision)


ACTS: Final = {
    ApproveRelease: ActRow(frozenset({PartyRole.APPROVER}), *ABOUT_RELEASE, _approve),
}
