"""Incidents as rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

WORST: Final = (
    1  # category; the mildest is 5 (Testing Issue severities of the industry's test stages)
)
MILDEST: Final = 5


class IncidentState(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    INVESTIGATED = "investigated"  # somebody owns it and looks into it
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """What was decided about the roll-out, once an incident was looked into."""

    NONE = ""
    GO_ON = "go on"
    FIX_FORWARD = "fix forward"  # with the next release
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that went wrong, linked to a phase of a campaign.

    Attributes:
        incident: short id.
        campaign: of which.
        phase: number of the phase.
        category: 1 (worst) to 5.
        text: what went wrong, in one line, without addresses and meter point numbers.
        party: that raised it.
        person: who raised it.
        owner: person who looks into it; empty until there is one.
        state: where it stands.
        resolution: what was decided.
        resolved_by: person; empty until then.
        reason: why it was so decided.
        raised_utc: when.
        resolved_utc: when, None until then.
        revision: counts its changes.
    """

    evidence: ClassVar = True
    TABLE: ClassVar = "incidents"
    KEY: ClassVar = ("incident",)
    INDEXES: ClassVar = (("campaign", "phase"),)
    incident: str
    campaign: str
    phase: int
    category: int
    text: str
    party: str
    person: str
    owner: str
    state: IncidentState
    resolution: Resolution
    resolved_by: str
    reason: str
    raised_utc: float
    resolved_utc: float | None
    revision: int
