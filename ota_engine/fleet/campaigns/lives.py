"""Where a campaign, a phase and a home may go from where they stand; knows tables and nothing else.

What a person wants and a table forbids is refused; what the program itself does and a table forbids is
a defect of ours. An end that a person gave, *aborted* or *superseded*, is never left.
"""

from enum import StrEnum
from typing import Final

from ota_engine.fleet.campaigns.rows import CampaignState, MemberState, PhaseState
from ota_engine.lifecycle import Lifecycle, read_lifecycle, state_alone


class CampaignStep(StrEnum):
    """What can happen to a campaign."""

    AMEND = "policy written anew"
    REJECT = "not approved"
    APPROVE = "approved by a second person"
    BEGIN = "a phase begins"
    PAUSE = "a person stops it"
    HOLD = "a gate fails, or an incident is raised"
    WAIT_ON = "resumed before its first phase"
    GO_ON = "resumed"
    ABORT = "given up"
    SUPERSEDE = "a later release takes its place"


class PhaseStep(StrEnum):
    """What can happen to a phase."""

    BEGIN = "begins"
    SKIP = "waived for an emergency"
    PASS = "its gate passes"  # noqa: S105 - what a gate does
    OPEN = "its gate passes, and it is the last"
    FAIL = "its gate fails, or an incident is raised"
    RESUME = "a person decides to go on"
    CLOSE = "the campaign ends"


class MemberStep(StrEnum):
    """What can happen to a home in a campaign."""

    DEFER = "it has to wait"
    LOOK = "its time to be looked at has come"
    ASSIGN = "its hub is told to deliver"
    REACH = "the delivery has begun"
    TRANSFER = "the device holds the whole image"
    POSTPONE = "activation has to wait"
    ORDER = "its hub is told to activate"
    RECALL = "activation is taken back"
    ACTIVATE = "the device says that it runs the release"
    RETRY = "an attempt failed, and it has another"
    GIVE_UP = "its last attempt failed"
    LOSE = "nobody answers"
    KEEP = "put off by a person"
    LEAVE = "it belongs to the campaign no longer"
    REPLACE = "another device stands in its place"
    FALL_BACK = "the device says that it runs another version again"


#: One row for every step, one column for every state. A cell is the next state, or "." where the step
#: may happen and changes nothing, or "-" where it is forbidden.
CAMPAIGN_TABLE = """
           prop reje noti runn paus held abor supe
AMEND      prop -    -    -    -    -    -    -
REJECT     reje -    -    -    -    -    -    -
APPROVE    noti -    -    -    -    -    -    -
BEGIN      -    -    runn runn -    -    -    -
PAUSE      -    -    paus paus -    -    -    -
HOLD       .    .    held held held .    .    .
WAIT_ON    -    -    -    -    noti noti -    -
GO_ON      -    -    -    -    runn runn -    -
ABORT      abor -    abor abor abor abor -    -
SUPERSEDE  -    -    supe supe supe supe .    .
"""

PHASE_TABLE = """
        pend runn pass held open skip clos
BEGIN   runn -    -    -    -    -    -
SKIP    skip -    -    -    -    -    -
PASS    -    pass -    -    -    -    -
OPEN    -    open -    -    .    -    -
FAIL    .    held .    .    held .    .
RESUME  .    .    .    runn .    .    -
CLOSE   clos clos clos clos clos clos .
"""

MEMBER_TABLE = """
           plan wait offe reac tran sche actv fail unre left
DEFER      wait wait -    -    -    -    -    -    -    -
LOOK       -    plan -    -    -    -    -    -    -    -
ASSIGN     offe -    -    -    -    -    -    -    -    -
REACH      .    .    reac .    .    .    .    .    reac .
TRANSFER   .    .    tran tran .    .    .    .    tran .
POSTPONE   -    -    -    -    tran -    -    -    -    -
ORDER      -    -    -    -    sche -    -    -    -    -
RECALL     -    -    -    -    -    tran -    -    -    -
ACTIVATE   actv actv actv actv actv actv .    actv actv .
RETRY      .    .    wait wait wait wait .    .    .    .
GIVE_UP    .    .    fail fail fail fail .    .    .    .
LOSE       .    .    unre unre unre unre .    .    .    .
KEEP       wait wait wait wait tran tran .    .    wait .
LEAVE      left left left left left left .    left left .
REPLACE    plan plan plan plan plan plan plan plan plan plan
FALL_BACK  .    .    .    .    .    .    fail .    .    .
"""

CAMPAIGNS: Final[Lifecycle[CampaignState, CampaignStep, CampaignState]] = read_lifecycle(
    CAMPAIGN_TABLE, CampaignState, CampaignStep, state_alone
)
PHASES: Final[Lifecycle[PhaseState, PhaseStep, PhaseState]] = read_lifecycle(
    PHASE_TABLE, PhaseState, PhaseStep, state_alone
)
MEMBERS: Final[Lifecycle[MemberState, MemberStep, MemberState]] = read_lifecycle(
    MEMBER_TABLE, MemberState, MemberStep, state_alone
)

CAMPAIGN_TRANSITIONS: Final = CAMPAIGNS.transitions
PHASE_TRANSITIONS: Final = PHASES.transitions
MEMBER_TRANSITIONS: Final = MEMBERS.transitions

#: A home holds a place among those that a region, a gateway or a phase has at once.
WITH_PLACE: Final = frozenset({MemberState.OFFERED, MemberState.REACHED})
#: Not begun.
NOT_BEGUN: Final = frozenset({MemberState.PLANNED, MemberState.WAITING})
#: Begun, and not ended.
UNDER_WAY: Final = WITH_PLACE | {MemberState.TRANSFERRED, MemberState.SCHEDULED}
#: Its hub may still bring it the image, when it comes back.
MAY_BRING: Final = UNDER_WAY | {MemberState.UNREACHABLE}
#: A phase that no home of it is begun in any more.
OVER: Final = frozenset({PhaseState.PASSED, PhaseState.SKIPPED, PhaseState.CLOSED})
#: A home whose part in a campaign is over, unless its hub says otherwise.
ENDED: Final = frozenset({MemberState.ACTIVATED, MemberState.FAILED, MemberState.LEFT})
#: Campaigns that may still do something.
OPEN_CAMPAIGNS: Final = (
    CampaignState.NOTIFIED,
    CampaignState.RUNNING,
    CampaignState.PAUSED,
    CampaignState.HELD,
)
