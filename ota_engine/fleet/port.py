"""What the fleet and a hub say to each other; pure values, defined here for every kind of gateway.

An instruction is kept as a row until the gateway has taken it, and may come twice: its key says that
it is the same. Two may come in the wrong order: of those for one home of one campaign the highest number
is the last word. What a hub says may come twice, too, and late; its key names it for ever.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.times import Utc

#: How the key of a user's order begins, where a campaign's name stands otherwise.
USERS_ORDER: Final = "sr/"

#: Kinds of device that run an image on a signed order only (GBCS v1, section 11).
COMMANDED: Final = frozenset({"HCALCS", "ESME", "GSME"})


class Verb(StrEnum):
    """What a gateway is told to do."""

    ASSIGN = "assign"  # bring this image to that device; it runs nothing by that
    WITHDRAW = "withdraw"  # bring it no further, and do not activate it; ask and command no more
    ACTIVATE = "activate"  # run what it holds, at a time
    RECALL = "recall"  # do not activate it yet; the device keeps what it holds
    CALENDAR = "calendar"  # do not touch the home at these times; one replaces the one before
    COMMAND = "command"  # bring a device a command exactly as its user has signed it
    READ = "read"  # ask a device what it runs, on behalf of a user
    TENANCY = "tenancy"  # tell the home network that other people live there, from a time on
    SUPPLIER = "supplier"  # tell it that another supplier answers, from a time on


class InstructionState(StrEnum):
    """How far an instruction has come."""

    WAITING = "waiting"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One thing a gateway is told.

    Attributes:
        key: names it for ever.
        gateway: whom.
        campaign: for which; for the order of a user its key, ``USERS_ORDER`` and the RequestID.
        attempt: of the home in that campaign.
        home: pseudonym of the home it is about.
        device: in it.
        verb: what to do.
        sha256: of the image; empty where none is meant.
        version: of the image.
        at_utc: not before, or when to activate; None for at once.
        until_utc: not after; None for no end.
        state: whether the gateway has taken it.
        number: counts those for this home of this campaign, or for this device of a user's order, from 1;
            of what is told to a home network, seconds of UTC at which it was told first, and of its occupier
            more than before.
        commanded: the device runs an image on a signed order only, and not on its hub's word.
        command: octets of the message to bring, as its user has signed it; empty for none.
        user: EUI-64 of the user on whose behalf a device is asked, None for nobody's.
        counter: that the user gave for that; 0 for none.
        provider: name of the supplier that will answer, where that is told; empty for none.
    """

    TABLE: ClassVar = "instructions"
    KEY: ClassVar = ("key",)
    INDEXES: ClassVar = (("state", "gateway"),)
    key: str
    gateway: str
    campaign: str
    attempt: int
    home: str
    device: Eui64
    verb: Verb
    sha256: str = ""
    version: int = 0
    at_utc: float | None = None
    until_utc: float | None = None
    state: InstructionState = InstructionState.WAITING
    number: int = 0
    commanded: bool = False
    command: bytes = b""
    user: Eui64 | None = None
    counter: int = 0
    provider: str = ""

    @property
    def is_users(self) -> bool:
        """Whether a user's order led to it."""
        return self.campaign.startswith(USERS_ORDER)

    @property
    def evidence(self) -> bool:
        """Whether the gateway has it; the audit trail seals what it was told then."""
        return self.state is InstructionState.TAKEN


class InstructionTaken(NamedTuple):
    """A gateway has taken an instruction and will not forget it."""

    key: str


class HubWord(StrEnum):
    """What a hub says of a device."""

    REACHED = "reached"  # the delivery has begun
    TRANSFERRED = "transferred"  # the device has verified the whole image
    ACTIVATED = "activated"  # it runs, and says so itself
    FAILED = "failed"  # for good
    UNREACHABLE = "unreachable"  # nobody answers there
    VERSION = "version"  # it says what it runs, unasked
    HAN_LOST = "HAN lost"  # the devices of the home are gone
    ANSWERED = "answered"  # a device has answered a command or a question; its message is here
    UNANSWERED = "unanswered"  # it has not in time; a late answer is told all the same
    REFUSED = "refused"  # the hub does not pass a command on, and why; nothing was sent
    ALERT = "alert"  # a device has alerted, unasked or at the time of a dated command
    RECEIVED = "received"  # the hub's alert on how a transfer to a device ended (CCS08)


class HubOutcome(NamedTuple):
    """One thing a hub says.

    Attributes:
        key: names it for ever.
        campaign: of the instruction that led to it; empty when none did.
        attempt: of that instruction.
        home: pseudonym of the home.
        device: in it.
        word: what happened.
        reason: why, where it went wrong.
        version: that the device itself reported, None when it did not.
        message: octets of the signed message that proves it; empty for none.
        utc: when, by the hub.
    """

    key: str
    campaign: str
    attempt: int
    home: str
    device: Eui64
    word: HubWord
    reason: str
    version: int | None
    message: bytes
    utc: Utc
