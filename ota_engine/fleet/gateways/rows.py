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
        code_instance: instance that has used the code, and may once more if its answer was lost; empty
            for none.
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
    code_instance: str = ""


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
    """The highest originator counter that was used in a home.

    Attributes:
        home: pseudonym.
        originator: EUI-64 of the party whose counter it is, as text.
        highest: value; whoever has the home draws above it.
        gateway: that draws there: by its own word, or because the home came to it with this counter.
        utc: since when that is known.
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
    FORCED = "forced"  # it is not waited for that gateway
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
        due_utc: when it is to move without its gateway's word; None for not without.
    """

    evidence: ClassVar = True
    TABLE: ClassVar = "home_moves"
    KEY: ClassVar = ("home",)
    INDEXES: ClassVar = (("state", "source"), ("due_utc",), ("asked_utc",), ("moved_utc",))
    home: str
    source: str
    target: str
    state: MoveState
    person: str
    asked_utc: float
    moved_utc: float | None = None
    due_utc: float | None = None


class AlertCause(StrEnum):
    """Why a gateway wants somebody's attention."""

    ANOTHER_INSTANCE = "another instance"  # two have one identity
    TWO_AT_ONCE = "two at once"  # and one state folder
    NOT_ITS_HOME = "not its home"  # it speaks of a home that is another's
    NOT_IN_HOME = "not in that home"  # of a device that is elsewhere, or unknown
    NEVER_TOLD = "never told"  # of something that it was not told to do
    OUTCOMES_LOST = "outcomes lost"  # it has not kept what the head end has not
    COUNTER_BACK = "counter back"  # its counters are below what it has told before
    COUNTER_AHEAD = "counter ahead"  # its counters are above what any gateway draws
    TOO_MANY_HOMES = "too many homes"  # more belong to it than one gateway is told of
    FAULT = "fault"  # the fleet fails at what it says


@dataclass(frozen=True, slots=True)
class GatewayAlert:
    """Something about a gateway that somebody has to look at; kept until somebody says so.

    Attributes:
        gateway: its name.
        cause: why.
        subject: what it is about: a home, a device, an instance; ``others`` for what is not listed any more.
        text: in one line.
        content: what was said and not acted on, as JSON; empty for nothing.
        times: how often.
        first_utc: when at first.
        last_utc: when last.
        open: nobody has said yet that it was looked at.
    """

    TABLE: ClassVar = "gateway_alerts"
    KEY: ClassVar = ("gateway", "cause", "subject")
    INDEXES: ClassVar = (("open", "gateway"),)
    gateway: str
    cause: AlertCause
    subject: str
    text: str
    content: str
    times: int
    first_utc: float
    last_utc: float
    open: bool = True
