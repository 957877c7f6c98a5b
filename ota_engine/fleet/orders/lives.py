"""Where an ordered image, a command and a document may go from where they stand; knows tables alone."""

from enum import StrEnum
from typing import Final

from ota_engine.fleet.orders.rows import CommandState, DeliveryState, DocumentState
from ota_engine.lifecycle import Lifecycle, read_lifecycle, state_alone


class DeliveryStep(StrEnum):
    """What can happen to an ordered image."""

    ARRIVE = "the delivery to the device has begun"
    HOLD = "the device has verified the image"
    RUN = "the device says that it runs the image"
    FAIL = "the hub gives up"
    LOSE = "nobody answers there"
    REPLACE = "a newer order takes its place"
    WITHDRAW = "who ordered answers for the device no longer"


#: One row for every step, one column for every state; "." where a step may come and changes nothing. An
#: order never goes back: what a device holds has arrived, and what ended stays so, but for a device that
#: was given up and speaks again.
DELIVERY_TABLE = """
         orde arri held runs fail unre repl wdrn
ARRIVE   arri .    .    .    .    arri .    .
HOLD     held held .    .    held held .    .
RUN      runs runs runs .    runs runs .    .
FAIL     fail fail fail .    .    fail .    .
LOSE     unre unre .    .    .    .    .    .
REPLACE  repl repl repl .    .    repl .    .
WITHDRAW wdrn wdrn wdrn .    .    wdrn .    .
"""


class CommandStep(StrEnum):
    """What can happen to a command or a question."""

    DATE = "the DCC keeps it until its time"
    SEND = "its gateway is told"
    ACCEPT = "the device keeps it until its time"
    DO = "the device has done it"
    REFUSE = "the device says that it has not"
    SILENCE = "the device does not answer"
    CANCEL = "its user takes it back"
    WITHDRAW = "who asked answers for the device no longer"


#: As above. What was sent cannot be taken back: its answer goes to whoever asked.
COMMAND_TABLE = """
         draf date sent acce done fail unan canc wdrn
DATE     date .    .    .    .    .    .    .    .
SEND     sent sent .    .    .    .    .    .    .
ACCEPT   .    .    acce .    .    .    acce .    .
DO       .    .    done done .    done done done .
REFUSE   .    .    fail fail .    .    fail fail .
SILENCE  .    .    unan unan .    .    .    .    .
CANCEL   canc canc .    canc .    .    .    .    .
WITHDRAW wdrn wdrn .    .    .    .    .    .    .
"""


class DocumentStep(StrEnum):
    """What can happen to a document."""

    DELIVER = "the user's endpoint takes it"
    FAIL = "it could not be brought"
    GIVE_UP = "the endpoint says that it never will"
    REQUEUE = "a person lets it be brought again"


DOCUMENT_TABLE = """
        wait deli dead
DELIVER deli .    deli
FAIL    wait .    .
GIVE_UP dead .    .
REQUEUE .    .    wait
"""

DELIVERIES: Final[Lifecycle[DeliveryState, DeliveryStep, DeliveryState]] = read_lifecycle(
    DELIVERY_TABLE, DeliveryState, DeliveryStep, state_alone
)
COMMANDS: Final[Lifecycle[CommandState, CommandStep, CommandState]] = read_lifecycle(
    COMMAND_TABLE, CommandState, CommandStep, state_alone
)
DOCUMENTS: Final[Lifecycle[DocumentState, DocumentStep, DocumentState]] = read_lifecycle(
    DOCUMENT_TABLE, DocumentState, DocumentStep, state_alone
)
DELIVERY_TRANSITIONS: Final = DELIVERIES.transitions
COMMAND_TRANSITIONS: Final = COMMANDS.transitions
DOCUMENT_TRANSITIONS: Final = DOCUMENTS.transitions

#: The image may still come to the device, or wait in it; a device has one such order at most.
LIVE: Final = frozenset(
    {
        DeliveryState.ORDERED,
        DeliveryState.ARRIVED,
        DeliveryState.HELD,
        DeliveryState.UNREACHABLE,
    }
)
#: Another order for the device has to wait, or to say that it takes the place of this one.
IN_PROGRESS: Final = frozenset({DeliveryState.ORDERED, DeliveryState.ARRIVED})
OPEN_COMMANDS: Final = frozenset(
    {CommandState.DRAFTED, CommandState.DATED, CommandState.SENT, CommandState.ACCEPTED}
)
