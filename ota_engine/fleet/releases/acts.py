"""What persons decide about releases: entered, with what is in it; and the way of one as a whole."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    about,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_digest, refuse_bad_id, refuse_words
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.parties.acts import party_of
from ota_engine.fleet.releases.rows import (
    ContentItem,
    ContentKind,
    CplEntry,
    FirmwareRelease,
    ReleaseStatus,
    ReleaseType,
)
from ota_engine.lifecycle import read_lifecycle, state_alone
from ota_engine.times import Utc

MOST_VERSION: Final = 0xFFFF_FFFF

#: Who is told of what concerns every user of a variant.
USERS: Final = SUPPLIERS | {PartyRole.MANUFACTURER, PartyRole.ASSET_PROVIDER}

ABOUT_RELEASE: Final = about("release", FirmwareRelease)


@dataclass(frozen=True, slots=True)
class EnterRelease:
    """A new release is known; ``notes`` is the SHA-256 of its release notes."""

    release: str
    variant: str
    version: int
    cpl: str
    type: ReleaseType
    sha256: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class AddContent:
    """Something is in a release, and these parties agreed to that."""

    release: str
    item: str
    kind: ContentKind
    title: str
    agreed_by: tuple[str, ...]


class ReleaseStep(Enum):
    """What happens to a release as a whole."""

    APPROVE = "approve"
    WITHDRAW = "withdraw"
    RETIRE = "retire"


#: ``-`` is refused with a line that says where the release stands.
TABLE: Final = """
            DRAFT     APPROVED   WITHDRAWN  RETIRED
APPROVE     APPROVED  -          -          -
WITHDRAW    WITHDRAWN WITHDRAWN  -          -
RETIRE      -         RETIRED    RETIRED    -
"""

RELEASES: Final = read_lifecycle(TABLE, ReleaseStatus, ReleaseStep, state_alone)
TRANSITIONS: Final = RELEASES.transitions


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


def variant_of(work: Work, variant: str) -> Variant:
    """Read a variant.

    Raises:
        DecisionRefused: there is none.
    """
    found = work.get(Variant, variant)
    if found is None:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{variant}: there is no such variant: import it first"
        )
    return found


def refuse_foreign_maker(actor: Actor, variant: Variant) -> None:
    """Let a manufacturer speak for its own products only.

    Raises:
        DecisionRefused: it is another one's.
    """
    only_maker = actor.roles <= {PartyRole.MANUFACTURER}
    if only_maker and variant.maker not in ("", actor.party):
        raise DecisionRefused(
            RefusalCode.FORBIDDEN, f"{variant.variant} is made by {variant.maker}: they decide this"
        )


def stepped(release: FirmwareRelease, step: ReleaseStep) -> ReleaseStatus:
    """Say where a step leads.

    Raises:
        DecisionRefused: it is forbidden from where the release stands.
    """
    following = RELEASES.transitions.get((release.status, step))
    if following is None:
        allowed = sorted(state for state, one in RELEASES.transitions if one is step)
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{release.release} is {release.status}: only from {' or '.join(allowed)} can one"
            f" {step.value} it",
            release.revision,
        )
    return following


def changed(work: Work, release: FirmwareRelease, text: str) -> None:
    """Keep a release with one more change."""
    work.put(replace(release, revision=release.revision + 1, changed=text))


def enter_cpl(work: Work, cpl: str, variant: str, version: int) -> CplEntry:
    """Have an entry of the Central Products List for a version: ids and versions go one to one.

    Raises:
        DecisionRefused: the id stands for another version, or the version has another id.
    """
    refuse_bad_id(cpl, "a CPL entry")
    if not 0 <= version <= MOST_VERSION:
        raise DecisionRefused(RefusalCode.CONTENT, f"{version:#x} is no file version: give 32 bits")
    held = work.get(CplEntry, cpl)
    if held is not None:
        if (held.variant, held.version) != (variant, version):
            raise DecisionRefused(
                RefusalCode.CONTENT,
                f"{cpl} stands for {held.variant} {held.version:08X}: give the id of this version",
            )
        return held
    for other in work.select(CplEntry, variant=variant, version=version):
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{variant} {version:08X} is {other.cpl}: give that id"
        )
    entry = CplEntry(cpl, variant, version)
    work.put(entry)
    return entry


def _enter(act: EnterRelease, actor: Actor, work: Work, utc: Utc) -> str:
    refuse_bad_id(act.release, "a release")
    if work.get(FirmwareRelease, act.release) is not None:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.release} is entered already: give another id"
        )
    refuse_foreign_maker(actor, variant_of(work, act.variant))
    refuse_bad_digest(act.sha256)
    if act.notes:
        refuse_bad_digest(act.notes)
    enter_cpl(work, act.cpl, act.variant, act.version)
    text = f"entered by {actor.person}"
    work.put(
        FirmwareRelease(
            act.release,
            act.variant,
            act.version,
            act.cpl,
            ReleaseType(act.type),
            act.sha256,
            ReleaseStatus.DRAFT,
            actor.person,
            1,
            text,
            act.notes,
        )
    )
    return f"release {act.release} is {text}"


def _add_content(act: AddContent, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    refuse_bad_id(act.item, "a content item")
    if release.status is not ReleaseStatus.DRAFT:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{act.release} is {release.status}: what is in it stands; enter another release",
            release.revision,
        )
    if not act.agreed_by:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"nobody agreed to {act.item}: name the parties that did"
        )
    for party in act.agreed_by:
        party_of(work, party)
    title = refuse_words(act.title, "the title")
    work.put(ContentItem(act.release, act.item, ContentKind(act.kind), title, act.agreed_by))
    text = f"given {act.item} by {actor.person}"
    changed(work, release, text)
    return f"release {act.release} is {text}"


_KEEPERS: Final = frozenset({PartyRole.OPERATOR, PartyRole.MANUFACTURER})

ACTS: Final = {
    EnterRelease: ActRow(_KEEPERS, *ABOUT_RELEASE, _enter),
    AddContent: ActRow(_KEEPERS, *ABOUT_RELEASE, _add_content),
}
