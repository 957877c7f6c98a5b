"""What the fleet wants done; pure values.

All effects of one batch are committed together. ``Instruct`` leaves afterwards.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from ota_engine.duis.responses import ServiceResponse
from ota_engine.fleet.kernel.rows import RowKey, Strata


class Put(NamedTuple):
    """Keep a row, in the place of what has its key."""

    key: RowKey
    row: Any


class Drop(NamedTuple):
    """Remove a row."""

    key: RowKey


class Tally(NamedTuple):
    """Change one of the sums of a campaign.

    Attributes:
        campaign: whose.
        phase: number of the phase.
        state: of the homes counted.
        reason: why they are in it; empty where that needs none.
        change: how many more (or, below zero, fewer).
    """

    campaign: str
    phase: int
    state: str
    reason: str
    change: int


class AuditNote(NamedTuple):
    """Write a line of the audit trail.

    Attributes:
        actor: who: a person, a party, or "fleet".
        action: what was done, in one or two words.
        subject: to what.
        detail: plain values, without addresses and meter point numbers.
    """

    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quota:
    """How many homes of one stratum belong to the phases up to one, that one included."""

    stratum: str
    phase: int
    up_to: int


class Draw(NamedTuple):
    """Draw the homes of a campaign: the plan as data, which the store executes as a set.

    In each stratum, homes are ranked by ``cohorts.draw_number``; the first ``up_to`` of them are in
    the phase of the first quota that reaches so far.

    Attributes:
        campaign: whose.
        key: of the hash, hexadecimal.
        targets: which homes are meant.
        quotas: by stratum, phases in order.
        since_utc: when.
    """

    campaign: str
    key: str
    targets: Strata
    quotas: tuple[Quota, ...]
    since_utc: float


class Join(NamedTuple):
    """Let all targets that are not in a campaign yet join one of its phases, as a set.

    Attributes:
        campaign: whose.
        key: of the hash, hexadecimal.
        targets: which homes are meant.
        phase: number of the phase.
        since_utc: when.
    """

    campaign: str
    key: str
    targets: Strata
    phase: int
    since_utc: float


class Reply(NamedTuple):
    """ServiceAnswer whoever asked.

    Attributes:
        accepted: it was done, now or when the same was asked before.
        code: one word of ``decisions.RefusalCode``; empty when accepted.
        text: one line for a person.
        revision: of the subject, as it is now.
    """

    accepted: bool
    code: str
    text: str
    revision: int


class ServiceAnswer(NamedTuple):
    """ServiceAnswer a service request.

    Attributes:
        response: what is answered.
        request: text of the request id under which the answer is kept; empty for one that is not.
        command_variant: of that request.
    """

    response: ServiceResponse
    request: str = ""
    command_variant: int = 0


RowChange: TypeAlias = Put | Drop | Tally | AuditNote | Draw | Join
FleetEffect: TypeAlias = RowChange | Reply | ServiceAnswer
