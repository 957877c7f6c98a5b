"""Where the hub's own firmware stands; knows a table and values, no WAN and no flash.

The way is ``idle -> fetching -> staged -> timed -> restarting -> running``. Only what the hub's two
functions say after a start leads to *running*: CHF and GPF are one image and move together.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ota_engine.lifecycle import Lifecycle, read_lifecycle, state_alone
from ota_engine.times import Utc


class OwnState(StrEnum):
    """Where the hub's own firmware stands."""

    IDLE = "idle"
    FETCHING = "fetching"
    STAGED = "staged"  # the whole image is there, and hashes to what was told
    TIMED = "timed"  # it is to be run at a time
    RESTARTING = "restarting"
    RUNNING = "running"
    FAILED = "failed"


class OwnStep(StrEnum):
    """What can happen to it."""

    STAGE = "told to fetch an image"
    LAST = "the whole image is there and good"
    BAD = "the image is not the one that was told"
    TIME = "told when to run it"
    RECALL = "told not to run it yet"
    DUE = "its time has come"
    NEW = "the hub started, and both functions run it"
    OLD = "the hub started, and not both functions run it"
    DROP = "told to give it up"


#: One row for every step, one column for every state. A cell is the next state, or "." where the step
#: may happen and changes nothing, or "-" where it cannot.
OWN_TABLE = """
        idle fetc stag timd rest runs fail
STAGE   fetc fetc fetc fetc .    fetc fetc
LAST    -    stag -    -    -    -    -
BAD     -    fail -    -    -    -    -
TIME    .    .    timd timd .    .    .
RECALL  .    .    .    stag .    .    .
DUE     -    -    -    rest -    -    -
NEW     .    runs runs runs runs .    runs
OLD     .    .    .    .    fail fail .
DROP    .    idle idle idle .    .    .
"""


OWN_LIFE: Final[Lifecycle[OwnState, OwnStep, OwnState]] = read_lifecycle(
    OWN_TABLE, OwnState, OwnStep, state_alone
)
OWN_TRANSITIONS: Final = OWN_LIFE.transitions


@dataclass(frozen=True, slots=True)
class OwnFirmwareRecord:
    """What the hub remembers of its next firmware, without power, too.

    Attributes:
        state: where it stands.
        reason: why, where it failed.
        sha256: of the image; empty while there is none.
        version: of it.
        size: octets of it.
        at_utc: when to run it, None while nobody has said.
    """

    state: OwnState = OwnState.IDLE
    reason: str = ""
    sha256: str = ""
    version: int = 0
    size: int = 0
    at_utc: Utc | None = None


NOTHING_STAGED: Final = OwnFirmwareRecord()
