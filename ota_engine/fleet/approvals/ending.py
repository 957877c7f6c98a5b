"""What persons decide when a release comes to its end: withdrawn at once, or retired for another one.

A withdrawal holds every campaign of the release in the same commit: no home begins after it, and what is to be
activated is taken back. Retirement is planned: it ends deliveries, and says until when the release is supported.
"""

from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.campaigns.progress import hold
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.identifiers import refuse_words
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.releases.acts import (
    ABOUT_RELEASE,
    USERS,
    ReleaseStep,
    changed,
    release_of,
    stepped,
)
from ota_engine.fleet.releases.rows import ReleaseStatus
from ota_engine.times import Utc

_UNDER_WAY: Final = (CampaignState.NOTIFIED, CampaignState.RUNNING)


@dataclass(frozen=True, slots=True)
class WithdrawRelease:
    """A release is delivered no longer, from this moment on."""

    release: str


@dataclass(frozen=True, slots=True)
class RetireRelease:
    """A release comes to its end, and its users are told.

    Attributes:
        release: that ends.
        successor: what takes its place.
        from_utc: until when it is supported.
    """

    release: str
    successor: str
    from_utc: float


def _withdraw(act: WithdrawRelease, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    status = stepped(release, ReleaseStep.WITHDRAW)
    reason = refuse_words(actor.reason, "the reason")
    text = f"withdrawn by {actor.person}"
    for state in _UNDER_WAY:
        for campaign in work.select(Campaign, release=act.release, state=state):
            hold(campaign, f"release {act.release} is withdrawn", work, utc)
    changed(work, replace(release, status=status, manufacture=False), text)
    announce(
        work,
        NoticeKind.RETIREMENT,
        f"release:{act.release}",
        with_role(work, USERS),
        f"release {act.release} is withdrawn: {reason}",
        {"release": act.release, "variant": release.variant, "version": release.version},
        utc,
    )
    return f"release {act.release} is {text}"


def _retire(act: RetireRelease, actor: Actor, work: Work, utc: Utc) -> str:
    release = release_of(work, act.release)
    status = stepped(release, ReleaseStep.RETIRE)
    successor = release_of(work, act.successor)
    if successor.variant != release.variant or successor.status is not ReleaseStatus.APPROVED:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{act.successor} is {successor.status} and for {successor.variant}: a successor is an"
            f" approved release for {release.variant}",
        )
    text = f"retired by {actor.person} in favour of {act.successor}"
    changed(work, replace(release, status=status, manufacture=False, successor=act.successor), text)
    announce(
        work,
        NoticeKind.RETIREMENT,
        f"release:{act.release}",
        with_role(work, USERS),
        f"release {act.release} is retired, {act.successor} takes its place",
        {
            "release": act.release,
            "successor": act.successor,
            "variant": release.variant,
            "version": release.version,
            "from_utc": act.from_utc,
        },
        utc,
    )
    return f"release {act.release} is {text}"


_OPERATORS: Final = frozenset({PartyRole.OPERATOR})

ACTS: Final = {
    WithdrawRelease: ActRow(_OPERATORS, *ABOUT_RELEASE, _withdraw),
    RetireRelease: ActRow(_OPERATORS, *ABOUT_RELEASE, _retire),
}
