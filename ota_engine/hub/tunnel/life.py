"""What one end does to get its messages across, as a table; knows no octets and no times.

One frame is under way at a time: a request for a tunnel or a piece of a message. Each is repeated
until it is answered. A message that loses its tunnel begins anew on a fresh one; what the other end
had of it went with the tunnel. A message that a sleepy device fetched is not given up when that
device goes silent, but waits for the next time it asks.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from ota_engine.lifecycle import read_lifecycle


class LineState(StrEnum):
    """Where the sender stands."""

    IDLE = "idle"
    OPENING = "opening a tunnel"
    SENDING = "sending a message"


class LineEvent(StrEnum):
    """What happens to the sender."""

    WANTED = "a message waits and no tunnel is open"
    WANTED_OPEN = "a message waits and a tunnel is open"
    OPENED = "the tunnel is open"
    BUSY = "no tunnel now"
    REFUSED = "no tunnel ever"
    PIECE_TAKEN = "a piece was taken"
    MESSAGE_TAKEN = "the last piece was taken"
    CLOSED = "the tunnel is gone"
    LATE = "no answer in time"
    LOST = "the radio could not bring the frame"
    TOO_LONG = "the piece is too long for the radio"
    EXHAUSTED = "tried often enough"
    ASLEEP = "the device that fetched the message is silent"
    GIVEN_UP = "the device or the radio is gone"


class LineAction(StrEnum):
    """What is to be done."""

    REQUEST = "request a tunnel"
    BEGIN = "send the first piece"
    GO_ON = "send the next piece"
    CUT_SMALLER = "send a smaller piece instead"
    REPEAT = "repeat the frame"
    WAIT = "repeat the frame a little later"
    ASK_LATER = "request a tunnel later"
    DELIVERED = "tell that it was delivered"
    UNDELIVERED = "tell that it was not delivered"
    KEEP = "keep it until it is fetched again"


class LineTransition(NamedTuple):
    """What an event does."""

    state: LineState
    action: LineAction


#: One row for every event, one column for every state, in the order of ``LineState``. A cell is the
#: next state and the action, or "." where the event may come late and means nothing, or "-" where
#: the sender's own classification never finds it.
TABLE = """
               IDLE             OPENING              SENDING
WANTED         OPENING+REQUEST  -                    -
WANTED_OPEN    SENDING+BEGIN    -                    -
OPENED         -                SENDING+BEGIN        -
BUSY           -                OPENING+ASK_LATER    -
REFUSED        -                IDLE+UNDELIVERED     -
PIECE_TAKEN    -                -                    SENDING+GO_ON
MESSAGE_TAKEN  -                -                    IDLE+DELIVERED
CLOSED         .                .                    OPENING+REQUEST
LATE           -                OPENING+REPEAT       SENDING+REPEAT
LOST           -                OPENING+WAIT         SENDING+WAIT
TOO_LONG       -                -                    SENDING+CUT_SMALLER
EXHAUSTED      -                IDLE+UNDELIVERED     IDLE+UNDELIVERED
ASLEEP         -                -                    IDLE+KEEP
GIVEN_UP       .                IDLE+UNDELIVERED     IDLE+UNDELIVERED
"""


LINES: Final = read_lifecycle(
    TABLE, LineState, LineEvent, lambda state, action: LineTransition(state, LineAction[action])
)
#: (state, event) -> next state and action.
TRANSITIONS: Final = LINES.transitions
#: What each possible pair does; None for nothing.
turn: Final = LINES.turn
