"""Notices on their way to parties, as rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class NoticeKind(StrEnum):
    """What a notice is about."""

    AVAILABLE = "available"  # a release will be deployed
    STATUS = "status"  # how a stage goes
    ACTIVATED = "activated"  # a device of the party's homes runs it, as it says itself
    HELD = "held"
    EMERGENCY = "emergency"


class NoticeState(StrEnum):
    """How far a notice has come."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; a person may queue it again


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice to one party; the outbox of the fleet.

    Attributes:
        notice: names it for ever.
        party: who is told.
        kind: what it is about.
        subject: as ``kind:id``.
        text: one line for people.
        body: plain values, as text.
        created_utc: when it was written.
        state: how far it has come.
        delivered_utc: when the party's endpoint took it, None while it has not.
    """

    TABLE: ClassVar = "notices"
    KEY: ClassVar = ("notice", "party")
    INDEXES: ClassVar = (("state", "party"),)
    notice: str
    party: str
    kind: NoticeKind
    subject: str
    text: str
    body: str
    created_utc: float
    state: NoticeState = NoticeState.WAITING
    delivered_utc: float | None = None
