"""Where one device stands with one image: the state machine, as a table.

A session is made when an image is assigned and ends when the device itself reports the version it
runs, or refuses. The happy path of a download::

    assigned -> offered -> downloading -> verifying -> restarting -> updated

Queueing, pausing and stalling are detours back to *downloading*; *held*, *scheduled* and *awaiting
command* are the three ways to wait between the last block and the restart. Nothing becomes
*updated* because we sent something: only ``REPORTED_NEW``, the device's own word, leads there.

A pair that is in neither the table nor ``IGNORED`` is a programming error. Two of the ends are not
quite final: a *failed* or *updated* device may be offered the image again by a new query, which is
a new attempt.
"""

from enum import StrEnum

from ota_engine.records import SessionState as S


class Step(StrEnum):
    """What can happen to a session."""

    OFFER = "query answered with this image"
    REFUSE = "query answered with a refusal"
    BLOCK = "block asked and admitted"
    QUEUE = "block asked, no place free"
    PAUSE = "operator paused it"
    STALL = "not heard for too long"
    LAST = "last block asked"
    MORE = "device needs more files"
    APPLY = "told to apply now"
    SCHEDULE = "told to apply later"
    HOLD = "told to wait"
    EXTERN = "left to an external command"
    BAD = "device ended with an error"
    REPORTED_NEW = "device reports the new version"
    REPORTED_OLD = "device came back with another version"
    SILENT = "device did not come back"
    ABORT = "operator aborted it"


#: (state, step) -> next state.
TRANSITIONS: dict[tuple[S, Step], S] = {
    **{
        (state, Step.OFFER): S.OFFERED
        for state in S
        if state not in (S.ABORTED, S.PAUSED, S.QUEUED)
    },
    (S.QUEUED, Step.OFFER): S.QUEUED,
    (S.PAUSED, Step.OFFER): S.PAUSED,
    **{
        (state, Step.REFUSE): S.FAILED
        for state in (S.ASSIGNED, S.OFFERED, S.QUEUED, S.DOWNLOADING, S.STALLED, S.VERIFYING)
    },
    **{
        (state, Step.BLOCK): S.DOWNLOADING
        for state in (
            S.ASSIGNED,
            S.OFFERED,
            S.QUEUED,
            S.PAUSED,
            S.STALLED,
            S.VERIFYING,
            S.DOWNLOADING,
        )
    },
    **{
        (state, Step.QUEUE): S.QUEUED
        for state in (
            S.ASSIGNED,
            S.OFFERED,
            S.QUEUED,
            S.PAUSED,
            S.STALLED,
            S.VERIFYING,
            S.DOWNLOADING,
        )
    },
    **{
        (state, Step.PAUSE): S.PAUSED
        for state in (S.ASSIGNED, S.OFFERED, S.QUEUED, S.DOWNLOADING, S.STALLED, S.PAUSED)
    },
    **{(state, Step.STALL): S.STALLED for state in (S.OFFERED, S.QUEUED, S.DOWNLOADING)},
    (S.VERIFYING, Step.STALL): S.STALLED,
    **{
        (state, Step.LAST): S.VERIFYING
        for state in (
            S.OFFERED,
            S.QUEUED,
            S.DOWNLOADING,
            S.PAUSED,
            S.STALLED,
            S.VERIFYING,
        )
    },
    **{
        (state, step): target
        for state in (
            S.VERIFYING,
            S.STALLED,
            S.RESTARTING,
            S.HELD,
            S.SCHEDULED,
            S.AWAITING_COMMAND,
            S.WAIT_FOR_MORE,
        )
        for step, target in (
            (Step.MORE, S.WAIT_FOR_MORE),
            (Step.APPLY, S.RESTARTING),
            (Step.SCHEDULE, S.SCHEDULED),
            (Step.HOLD, S.HELD),
            (Step.EXTERN, S.AWAITING_COMMAND),
        )
    },
    **{
        (state, Step.BAD): S.FAILED
        for state in (
            S.OFFERED,
            S.QUEUED,
            S.DOWNLOADING,
            S.STALLED,
            S.VERIFYING,
            S.WAIT_FOR_MORE,
            S.HELD,
            S.SCHEDULED,
            S.AWAITING_COMMAND,
            S.RESTARTING,
        )
    },
    **{
        (state, Step.REPORTED_NEW): S.UPDATED
        for state in S
        if state not in (S.UPDATED, S.ABORTED, S.FAILED)
    },
    (S.FAILED, Step.REPORTED_NEW): S.UPDATED,
    (S.RESTARTING, Step.REPORTED_OLD): S.FAILED,
    (S.RESTARTING, Step.SILENT): S.FAILED,
    **{(state, Step.ABORT): S.ABORTED for state in S if state not in (S.UPDATED, S.ABORTED)},
}

#: Pairs that may happen and change nothing; every other missing pair is a defect.
IGNORED: frozenset[tuple[S, Step]] = frozenset(
    {
        *((state, Step.REFUSE) for state in (S.PAUSED, S.UPDATED, S.FAILED, S.ABORTED)),
        *((state, Step.REFUSE) for state in (S.HELD, S.SCHEDULED, S.AWAITING_COMMAND)),
        *((state, Step.REFUSE) for state in (S.RESTARTING, S.WAIT_FOR_MORE)),
        *((state, Step.PAUSE) for state in (S.VERIFYING, S.WAIT_FOR_MORE, S.HELD, S.SCHEDULED)),
        *((state, Step.PAUSE) for state in (S.AWAITING_COMMAND, S.RESTARTING)),
        *((state, Step.PAUSE) for state in (S.UPDATED, S.FAILED, S.ABORTED)),
        *(
            (state, Step.STALL)
            for state in S
            if state not in (S.OFFERED, S.QUEUED, S.DOWNLOADING, S.VERIFYING)
        ),
        *((state, Step.BAD) for state in (S.ASSIGNED, S.PAUSED, S.UPDATED, S.FAILED, S.ABORTED)),
        *((state, Step.REPORTED_NEW) for state in (S.UPDATED, S.ABORTED)),
        *((state, Step.REPORTED_OLD) for state in S if state is not S.RESTARTING),
        *((state, Step.SILENT) for state in S if state is not S.RESTARTING),
        *((state, Step.ABORT) for state in (S.UPDATED, S.ABORTED)),
        (S.ABORTED, Step.OFFER),
    }
)

#: Steps the server never takes from these states: it answers the client without a step.
IMPOSSIBLE: frozenset[tuple[S, Step]] = (
    frozenset((state, step) for state in S for step in Step) - frozenset(TRANSITIONS) - IGNORED
)

#: States in which a block may be served at once, without asking for a place.
SERVING = frozenset({S.DOWNLOADING, S.VERIFYING})
#: States that occupy one of the channel's places.
OCCUPYING = frozenset({S.DOWNLOADING})
#: States that end an attempt.
FINAL = frozenset({S.UPDATED, S.FAILED, S.ABORTED})
#: States after the last block in which an Upgrade End Request is believed.
COMPLETE = frozenset(
    {
        S.VERIFYING,
        S.RESTARTING,
        S.HELD,
        S.SCHEDULED,
        S.AWAITING_COMMAND,
        S.WAIT_FOR_MORE,
    }
)


def next_state(state: S, step: Step) -> S:
    """Return where ``step`` leads from ``state``; the same state when it is to be ignored.

    Raises:
        AssertionError: the server took a step the table calls impossible (a defect of ours).
    """
    target = TRANSITIONS.get((state, step))
    if target is not None:
        return target
    if (state, step) in IGNORED:
        return state
    raise AssertionError(f"no transition for {state!r} on {step!r}")
