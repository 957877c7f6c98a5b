"""What a hub is to do for a fleet, as rows, and where each errand may go from where it stands.

Knows tables and values; what the hub's engine is asked, and when, is decided in ``gateway.core``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from images.eui64 import Eui64
from ota_engine.fleet.port import USERS_ORDER, HubOutcome, HubWord
from ota_engine.lifecycle import Lifecycle, read_lifecycle, state_alone
from ota_engine.records import PremisesSubject


class ErrandState(StrEnum):
    """Where an errand stands."""

    QUEUED = "queued"  # awaits its turn: a hub delivers one image at a time
    DELIVERING = "delivering"  # a push of the hub is under way
    HOLDING = "holding"  # the device has the whole image
    TIMED = "timed"  # it is to be activated, and its time has not come
    ACTIVATING = "activating"  # the device is told to run it
    RUNNING = "running"  # the device says that it runs it
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class ErrandStep(StrEnum):
    """What can happen to an errand."""

    ASSIGN = "the fleet assigns, for the first time or again"
    BEGIN = "its turn has come"
    TURN = "the device is silent, and others wait"
    HOLD = "the device holds the whole image"
    TIME = "the fleet says when to activate"
    COMMAND = "the device is told to activate"
    UNDO = "the command never left, or the device wants another"
    RECALL = "the fleet takes the activation back"
    RUN = "the device says that it runs the image"
    FAIL = "the hub gives up"
    WITHDRAW = "the fleet takes all of it back"


#: One row for every step, one column for every state. A cell is the next state, or "." where the step
#: may happen and changes nothing, or "-" where it cannot.
ERRAND_TABLE = """
         queu deli hold timd actg runs fail wdrn
ASSIGN   queu deli hold hold actg queu queu queu
BEGIN    deli -    -    -    -    -    -    -
TURN     -    queu -    -    -    -    -    -
HOLD     .    hold .    .    .    .    .    .
TIME     .    .    timd timd .    .    .    .
COMMAND  -    -    -    actg -    -    -    -
UNDO     -    -    -    -    timd -    -    -
RECALL   .    .    .    hold hold .    .    .
RUN      runs runs runs runs runs .    runs runs
FAIL     fail fail fail fail fail .    .    .
WITHDRAW wdrn wdrn wdrn wdrn wdrn .    .    .
"""


ERRANDS: Final[Lifecycle[ErrandState, ErrandStep, ErrandState]] = read_lifecycle(
    ERRAND_TABLE, ErrandState, ErrandStep, state_alone
)
ERRAND_TRANSITIONS: Final = ERRANDS.transitions


def errand_key(campaign: str, home: str, device: Eui64) -> str:
    """Name the errand for a campaign in a home; a user's order may be for several devices of one."""
    which = f"/{device:016x}" if campaign.startswith(USERS_ORDER) else ""
    return f"errand/{campaign}/{home}{which}"


@dataclass(frozen=True, slots=True)
class Errand:
    """What one device of a home is to get for one campaign, or for the order of a user.

    Attributes:
        campaign: for which.
        home: pseudonym.
        device: in it.
        attempt: that the fleet named last.
        number: of the newest instruction; older ones mean nothing any more.
        sha256: of the image.
        version: of the image.
        state: where it stands.
        since_utc: since when.
        at_utc: not to be begun before, None for at once.
        until_utc: not to be begun after, None for no end.
        activate_utc: when the device is to run it, None while nobody has said.
        push: number of the hub's push for it, 0 before there is one.
        begun_utc: when that push was begun; 0 before.
        order: number of the hub's signed order to activate; 0 for none.
        commanded: its device runs an image on a signed order only.
        paused: blocks are withheld because of the home's calendar.
        han_since_utc: since when the hub, upgraded itself, looks for its devices; 0 while it does not.
        said: words of this attempt that were said.
    """

    campaign: str
    home: str
    device: Eui64
    attempt: int
    number: int
    sha256: str
    version: int
    state: ErrandState
    since_utc: float
    at_utc: float | None = None
    until_utc: float | None = None
    activate_utc: float | None = None
    push: int = 0
    begun_utc: float = 0.0
    order: int = 0
    commanded: bool = False
    paused: bool = False
    han_since_utc: float = 0.0
    said: tuple[HubWord, ...] = ()

    @property
    def key(self) -> str:
        """Names the row."""
        return errand_key(self.campaign, self.home, self.device)

    @property
    def is_users(self) -> bool:
        """Whether a user ordered it."""
        return self.campaign.startswith(USERS_ORDER)


class UserErrandState(StrEnum):
    """Where a command or a question of a user stands."""

    WAITING = "waiting"  # its time has not come
    PASSED = "passed"  # the hub has it, and awaits what the device says
    CLOSED = "closed"  # nothing more is done; what the device says late is told


@dataclass(frozen=True, slots=True)
class UserErrand:
    """What a device is to be commanded or asked on behalf of a user; keyed by order and device.

    Attributes:
        campaign: key of the order.
        attempt: that the fleet named.
        home: pseudonym.
        device: in it.
        number: of the newest instruction; older ones mean nothing any more.
        command: octets of a command as its user has signed it; empty for a question.
        user: who has signed, or on whose behalf the device is asked; None where that cannot be told.
        counter: of the command, or that the user gave for the question.
        state: where it stands.
        since_utc: when it came, then when it was passed on.
        at_utc: not before, None for at once.
        said: words that were said of it.
    """

    campaign: str
    attempt: int
    home: str
    device: Eui64
    number: int
    command: bytes
    user: Eui64 | None
    counter: int
    state: UserErrandState
    since_utc: float
    at_utc: float | None = None
    said: tuple[HubWord, ...] = ()

    @property
    def key(self) -> str:
        """Names the row."""
        return f"user/{self.campaign}/{self.home}/{self.device:016x}"


@dataclass(frozen=True, slots=True)
class AlertsSaid:
    """Which alerts of a device, or of the hub about it, the fleet was told; keyed by the device.

    Attributes:
        device: whose.
        alerts: keys of the last outcomes that were told.
    """

    device: Eui64
    alerts: tuple[str, ...]

    @property
    def key(self) -> str:
        """Names the row."""
        return f"alerts/{self.device:016x}"


@dataclass(frozen=True, slots=True)
class HeardUpTo:
    """The last outcome of the hub that the gateway has listened to; there is one.

    Attributes:
        outcome: its key.
    """

    outcome: str

    @property
    def key(self) -> str:
        """Names the row."""
        return "heard"


@dataclass(frozen=True, slots=True)
class PremisesNews:
    """What the home network is to be told of its occupier or a supplier.

    Of occupiers there is one, the last that was told; of suppliers one for each instruction.

    Attributes:
        subject: which of them changes.
        instruction: key of the one that said so.
        number: of it.
        at_utc: from when, None for at once.
        provider: name of the supplier that will answer; empty for none.
        announced_utc: when the hub was asked to announce it; 0 before.
    """

    subject: PremisesSubject
    instruction: str
    number: int
    at_utc: float | None
    provider: str
    announced_utc: float = 0.0

    @property
    def key(self) -> str:
        """Names the row."""
        tenancy = self.subject is PremisesSubject.TENANCY
        return f"premises/{self.subject}" + ("" if tenancy else f"/{self.instruction}")

    @property
    def order(self) -> tuple[int, str]:
        """Of two the higher is the last word."""
        return self.number, self.instruction


@dataclass(frozen=True, slots=True)
class QuietTime:
    """A time in which a home is not to be touched, by the last word of a campaign; keyed by both.

    Attributes:
        campaign: that said so; empty for none.
        home: pseudonym.
        number: of the instruction.
        from_utc: its first moment.
        until_utc: its end, None for no end; not later than ``from_utc`` for no quiet time at all.
    """

    campaign: str
    home: str
    number: int
    from_utc: float
    until_utc: float | None

    @property
    def key(self) -> str:
        """Names the row."""
        return f"quiet/{self.campaign}/{self.home}"

    def holds(self, utc: float) -> bool:
        """Whether a moment lies in it."""
        return self.from_utc <= utc and (self.until_utc is None or utc < self.until_utc)


@dataclass(frozen=True, slots=True)
class VersionSaid:
    """The version of a device that the fleet was told last; keyed by the device.

    Attributes:
        device: whose.
        version: that it said it runs.
        count: how many versions of it were told.
    """

    device: Eui64
    version: int
    count: int

    @property
    def key(self) -> str:
        """Names the row."""
        return f"version/{self.device:016x}"


@dataclass(frozen=True, slots=True)
class OutcomeSaid:
    """An outcome that the fleet may want to hear, once or again.

    Attributes:
        sequence: in which it was said, from 1.
        outcome: what is said.
    """

    sequence: int
    outcome: HubOutcome

    @property
    def key(self) -> str:
        """Names the row."""
        return f"outcome/{self.outcome.key}"


@dataclass(frozen=True, slots=True)
class SaidUpTo:
    """The number of the last outcome that was said, where that outcome is kept no more; there is one.

    Attributes:
        number: its number; none below it is given again.
    """

    number: int

    @property
    def key(self) -> str:
        """Names the row."""
        return "said"


@dataclass(frozen=True, slots=True)
class SettledUpTo:
    """Up to where a fleet has heard what was said; one for each time that it said so.

    Attributes:
        number: of the last outcome that it keeps.
        utc: when it said so.
    """

    number: int
    utc: float

    @property
    def key(self) -> str:
        """Names the row."""
        return f"settled/{self.number}"


@dataclass(frozen=True, slots=True)
class GatewayIdentity:
    """Tells this gateway's memory from any other's, of the same name, too; there is one.

    Attributes:
        instance: drawn when the memory was made.
    """

    instance: str

    @property
    def key(self) -> str:
        """Names the row."""
        return "instance"


@dataclass(frozen=True, slots=True)
class HomeServed:
    """The home that a fleet has given to this gateway; there is one.

    Attributes:
        home: pseudonym; empty for none.
        floors: of originators, EUI-64 as text, and counters that were used there before.
    """

    home: str
    floors: tuple[tuple[str, int], ...] = ()

    @property
    def key(self) -> str:
        """Names the row."""
        return "home"


GatewayRow: TypeAlias = (
    Errand
    | UserErrand
    | PremisesNews
    | QuietTime
    | VersionSaid
    | AlertsSaid
    | HeardUpTo
    | OutcomeSaid
    | SaidUpTo
    | SettledUpTo
    | GatewayIdentity
    | HomeServed
)
