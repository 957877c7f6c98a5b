"""Where one device stands with one image: the state machine, as a table; decides nothing itself.

A session is made when an image is assigned and ends when the device itself reports the version it
runs, or refuses. The happy path of a download::

    assigned -> offered -> downloading -> verifying -> restarting -> updated

Queueing, pausing and stalling are detours back to *downloading*; *held*, *scheduled* and *awaiting
command* are the three ways to wait between the last block and the restart. Nothing becomes
*updated* because we sent something: only ``REPORTED_NEW``, the device's own word, leads there.

Two of the ends are not quite final: a *failed* device may be offered the image again by a new query,
which is a new attempt, and may turn up with the new version after all. An *updated* one that asks anew
with another version has *failed*, and goes on from there; only one that ran the image before any attempt
is offered it for the first time. An *aborted* one stays so until it is assigned anew.

What others are told follows from the change of state alone (``ends_of``): no attempt fails, and none is
followed by another, without a word of it.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from ota_engine.lifecycle import read_lifecycle, state_alone
from ota_engine.records import OutcomeKind
from ota_engine.records import SessionState as S


class SessionStep(StrEnum):
    """What can happen to a session."""

    OFFER = "query answered with this image"
    REFUSE = "query answered with a refusal"
    BLOCK = "block asked, place given"
    QUEUE = "block asked, no place free"
    PAUSE = "operator paused it"
    RESUME = "operator lets it go on"
    STALL = "device not heard, gone, or out of reach"
    LAST = "last block asked"
    MORE = "device needs more files"
    APPLY = "told to apply now"
    SCHEDULE = "told to apply later"
    HOLD = "told to wait"
    EXTERN = "left to an external command"
    BAD = "device ended with an error"
    REPORTED_NEW = "device reports the new version"
    REPORTED_OLD = "device came back without it"
    RELAPSE = "device asks anew with another version"
    OVERDUE = "device took longer than it may"
    ABORT = "operator aborted it"


#: One row for every step, one column for every state, in the order of ``SessionState``. A cell is
#: the next state, or "." where the step may happen and changes nothing, or "-" where the server
#: has answered the client without taking the step, so that it cannot happen.
TABLE = """
              assg offr queu down paus stal veri more held schd awai rest updt fail abrt
OFFER         offr offr .    .    .    offr offr .    .    .    .    -    offr offr -
REFUSE        fail fail fail fail fail fail fail .    .    .    .    -    .    .    .
BLOCK         down down down -    -    down down -    -    -    -    -    -    -    -
QUEUE         queu queu queu -    -    queu queu -    -    -    -    -    -    -    -
PAUSE         paus paus paus paus paus paus .    .    .    .    .    .    .    .    .
RESUME        .    .    .    .    stal .    .    .    .    .    .    .    .    .    .
STALL         .    stal stal stal .    stal .    .    .    .    .    .    .    .    .
LAST          -    -    -    veri -    -    -    -    -    -    -    -    -    -    -
MORE          -    more more more more more more more more more more more -    -    -
APPLY         -    rest rest rest -    rest rest rest rest rest rest rest -    -    -
SCHEDULE      -    schd schd schd -    schd schd schd schd schd schd -    -    -    -
HOLD          -    held held held held held held held held held held -    -    -    -
EXTERN        -    awai awai awai awai awai awai awai awai awai awai awai -    -    -
BAD           .    fail fail fail fail fail fail fail fail fail fail fail .    .    .
REPORTED_NEW  updt updt updt updt updt updt updt updt updt updt updt updt -    updt -
REPORTED_OLD  -    -    -    -    -    -    -    fail fail fail fail fail -    -    -
RELAPSE       -    -    -    -    -    -    -    -    -    -    -    -    fail -    -
OVERDUE       .    .    .    .    .    .    stal .    .    .    .    fail .    .    .
ABORT         abrt abrt abrt abrt abrt abrt abrt abrt abrt abrt abrt .    .    abrt .
"""

SESSIONS: Final = read_lifecycle(TABLE, S, SessionStep, state_alone)

#: (state, step) -> next state.
TRANSITIONS: Final = SESSIONS.transitions
#: Pairs that may happen and change nothing.
IGNORED: Final = SESSIONS.ignored
#: Pairs that cannot happen; one that does is a defect of ours.
IMPOSSIBLE: Final = SESSIONS.impossible

#: States in which a device has nothing under way and may be notified.
IDLE = frozenset({S.ASSIGNED, S.STALLED})
#: States in which one firmware of a device is being updated, so that its others wait.
UNDER_WAY = frozenset({S.OFFERED, S.QUEUED, S.DOWNLOADING, S.VERIFYING, S.RESTARTING})
#: States from which a block request begins or continues a download.
OPEN = frozenset({S.ASSIGNED, S.OFFERED, S.QUEUED, S.STALLED, S.PAUSED, S.VERIFYING})
#: States in which the device has found the whole image good and keeps it.
HOLDING = frozenset({S.WAIT_FOR_MORE, S.HELD, S.SCHEDULED, S.AWAITING_COMMAND, S.RESTARTING})
#: States in which a page or a block is sent without asking for a place.
SERVING = HOLDING | {S.DOWNLOADING, S.VERIFYING}
#: States that end an attempt.
FINAL = frozenset({S.UPDATED, S.FAILED, S.ABORTED})
#: States that end with the engine that was in them.
INTERRUPTED = frozenset({S.OFFERED, S.QUEUED, S.DOWNLOADING})


#: Where a step leads from a state; None when it is to be ignored. AssertionError where the server took
#: a step the table calls impossible (a defect of ours).
next_state: Final = SESSIONS.turn


class End(NamedTuple):
    """One end that others are told of.

    Attributes:
        kind: of a transfer, or of an activation.
        succeeded: a good end.
    """

    kind: OutcomeKind
    succeeded: bool


ARRIVED: Final = End(OutcomeKind.TRANSFER, succeeded=True)


def ends_of(before: S, after: S, *, complete: bool) -> tuple[End, ...]:
    """Which ends a change of state is, in the order in which they are told.

    A device that runs an image it was not given whole from here is updated by somebody else, which is no
    end of ours. If it then turns out not to run it, our transfer has failed after all.

    Args:
        before: the state that is left.
        after: the state that is entered.
        complete: the whole image was given from here.
    """
    if after is S.UPDATED:
        arrived = () if before in HOLDING else (ARRIVED,)
        return (*arrived, End(OutcomeKind.ACTIVATION, True)) if complete else ()
    if after in HOLDING:
        return () if before in HOLDING else (ARRIVED,)
    if after not in FINAL or before is S.FAILED:
        return ()  # nothing has ended, or was given up that is told as failed
    held = before in HOLDING or (before is S.UPDATED and complete)
    return (End(OutcomeKind.ACTIVATION if held else OutcomeKind.TRANSFER, False),)
