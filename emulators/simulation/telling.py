"""Whether a run told of every end, and of none twice: outcomes kept, beside what sessions went through; pure.

Judges by counting and by nothing else: an outcome's key is the engine's own word for what it is of, and an
engine that named one end in two ways would be believed twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from images.eui64 import Eui64, format_eui64
from ota_engine.records import OutcomeKind, OutcomeRecord, SessionRecord, SessionState, Verdict

_ARRIVED: Final = (OutcomeKind.TRANSFER, Verdict.SUCCEEDED)
_LOST: Final = (OutcomeKind.TRANSFER, Verdict.FAILED)
_RUNS: Final = (OutcomeKind.ACTIVATION, Verdict.SUCCEEDED)
_DOES_NOT_RUN: Final = (OutcomeKind.ACTIVATION, Verdict.FAILED)

#: States behind a transfer that came to a good end.
_TRANSFERRED: Final = frozenset(
    {
        SessionState.SCHEDULED,
        SessionState.HELD,
        SessionState.AWAITING_COMMAND,
        SessionState.RESTARTING,
        SessionState.UPDATED,
    }
)
#: States in which the last attempt has failed, too.
_GIVEN_UP: Final = frozenset({SessionState.FAILED, SessionState.ABORTED})


@dataclass(frozen=True, slots=True)
class Telling:
    """What is wrong with the outcomes of a run: a line for each of them.

    Attributes:
        lost: ends of which nothing is told.
        doubled: ends that are told more than once.
    """

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()


def check_telling(sessions: Iterable[SessionRecord], outcomes: Iterable[OutcomeRecord]) -> Telling:
    """Compare what was told with what happened.

    Args:
        sessions: as the store has them at the end.
        outcomes: all that were recorded, in that order.
    """
    told: dict[tuple[Eui64, str], list[OutcomeRecord]] = {}
    for outcome in outcomes:
        told.setdefault((outcome.device, outcome.sha256), []).append(outcome)
    lost: list[str] = []
    doubled: list[str] = []
    for session in sessions:
        ends = _Ends(told.get((session.device, session.sha256), ()))
        lost += (_line(session, what) for what in _lost(session, ends))
        doubled += (_line(session, what) for what in _doubled(session, ends))
    return Telling(tuple(lost), tuple(doubled))


class _Ends:
    """What was told of one image for one device."""

    def __init__(self, outcomes: Sequence[OutcomeRecord]) -> None:
        told = [(one.kind, one.verdict) for one in outcomes]
        self.arrived = told.count(_ARRIVED)
        self.failed_transfers = told.count(_LOST)
        self.runs = told.count(_RUNS)
        self.failed_activations = told.count(_DOES_NOT_RUN)
        #: How often it was told that it runs, and nothing since then that this is over.
        words = [end for end in told if end in (_RUNS, _LOST, _DOES_NOT_RUN)]
        self.runs_again = sum(pair == (_RUNS, _RUNS) for pair in pairwise(words))
        #: How often a transfer that was told as failed showed by what the device ran that it had not.
        self.mended = sum(
            told[at : at + 3] == [_LOST, _ARRIVED, _RUNS]
            and outcomes[at + 1].utc == outcomes[at + 2].utc
            for at in range(len(told))
        )


def _line(session: SessionRecord, what: str) -> str:
    where = f"{format_eui64(session.device)}, image {session.sha256[:16]}, {session.state}"
    return f"{where} after {session.attempt} attempt(s): {what}"


def _lost(session: SessionRecord, ends: _Ends) -> Iterator[str]:
    if session.state in _TRANSFERRED and not ends.arrived:
        yield "no good end of a transfer is told"
    if session.state is SessionState.UPDATED and not ends.runs:
        yield "that it runs is not told"
    failed = ends.failed_transfers + ends.failed_activations
    over = session.attempt - (session.state not in _GIVEN_UP)
    if failed < over:
        yield f"{failed} failed attempt(s) of {over} are told"


def _doubled(session: SessionRecord, ends: _Ends) -> Iterator[str]:
    attempts = max(session.attempt, 1)  # what is given up before it has begun has an end, too
    transfers = ends.arrived + ends.failed_transfers
    if ends.arrived > attempts or transfers > attempts + ends.mended:
        yield f"the end of a transfer is told {transfers} times"
    # A device that fell back from the image, and was told to have, may come to run it again.
    if ends.runs_again:
        yield f"that it runs is told {ends.runs} times"
    # A device that was given up as silent, and says later that it runs the image, is told of as both.
    if ends.failed_activations > ends.arrived:
        yield (
            f"more failed activations are told than the {ends.arrived} transfer(s) that came to a good end"
        )
