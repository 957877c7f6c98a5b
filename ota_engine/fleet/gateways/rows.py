"""Gateways as rows: their registration, which is decided, and what was heard of them, which is not."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class RegisteredGateway:
    """A gateway that may take work from this fleet.

    Attributes:
        gateway: its name, as homes are given to it.
        code: SHA-256 of the code by which it registers, once; empty when there is none to be used.
        code_until_utc: until when that counts.
        token: SHA-256 of what it shows since; empty before it has registered.
        registered_utc: when it did; None before.
        instance: drawn by the gateway at its state folder's making: two with one name are told apart.
        revoked: why it may take nothing any more; empty while it may.
        revision: counts its changes.
        changed: what the last one was.
    """

    TABLE: ClassVar = "gateways"
    KEY: ClassVar = ("gateway",)
    INDEXES: ClassVar = (("token",), ("code",))
    gateway: str
    code: str
    code_until_utc: float
    token: str = ""
    registered_utc: float | None = None
    instance: str = ""
    revoked: str = ""
    revision: int = 1
    changed: str = ""


@dataclass(frozen=True, slots=True)
class GatewayContact:
    """What was heard of a gateway last.

    Attributes:
        gateway: its name.
        seen_utc: when it said anything.
        software: what it runs, in its own words.
        protocol: version of the words that both ends speak.
        clock_off_s: seconds by which its clock is ahead of ours.
        heard: number of the last of its outcomes that is kept.
        homes: how many it serves, by its own word.
        address: from where it called.
        trouble: what is wrong with it, in one line; empty for nothing.
    """

    TABLE: ClassVar = "gateway_contacts"
    KEY: ClassVar = ("gateway",)
    gateway: str
    seen_utc: float
    software: str = ""
    protocol: int = 0
    clock_off_s: float = 0.0
    heard: int = 0
    homes: int = 0
    address: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class HomeCounter:
    """The highest originator counter that was used in a home, by its gateway's word.

    Attributes:
        home: pseudonym.
        originator: EUI-64 of the party whose counter it is, as text.
        highest: value; whoever takes the home over begins above it.
        gateway: that said so.
        utc: when.
    """

    TABLE: ClassVar = "home_counters"
    KEY: ClassVar = ("home", "originator")
    home: str
    originator: str
    highest: int
    gateway: str
    utc: float


class MoveState(StrEnum):
    """How far a home has come on its way to another gateway."""

    LEAVING = "leaving"  # its gateway is to let it go
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class HomeMove:
    """A home on its way from one gateway to another; the newest of each home.

    Attributes:
        home: pseudonym.
        source: gateway that lets it go.
        target: gateway that takes it.
        state: how far it has come.
        person: who decided it.
        asked_utc: when.
        moved_utc: when it belonged to the target; None before.
    """

    evidence: ClassVar = True
    TABLE: ClassVar = "home_moves"
    KEY: ClassVar = ("home",)
    INDEXES: ClassVar = (("state", "source"),)
    home: str
    source: str
    target: str
    state: MoveState
    person: str
    asked_utc: float
    moved_utc: float | None = None
