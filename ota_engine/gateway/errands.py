"""What a hub is to do for a fleet, as rows, and where each errand may go from where it stands.

Knows tables and values; what the hub's engine is asked, and when, is decided in ``gateway.core``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.lifecycle import Lifecycle, read_lifecycle, state_alone


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


@dataclass(frozen=True, slots=True)
class Errand:
    """What one device of a home is to get for one campaign; keyed by campaign and home.

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
        return f"errand/{self.campaign}/{self.home}"


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
class Unsettled:
    """An outcome that the fleet has not said it keeps.

    Attributes:
        sequence: in which it was said.
        outcome: what is said.
    """

    sequence: int
    outcome: HubOutcome

    @property
    def key(self) -> str:
        """Names the row."""
        return f"outcome/{self.outcome.key}"


GatewayRow: TypeAlias = Errand | QuietTime | VersionSaid | Unsettled
