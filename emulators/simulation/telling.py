"""Whether a run told of every end, and of none twice: outcomes kept, beside what sessions went through; pure.

Judges by counting and by nothing else: an outcome's key is the engine's own word for what it is of, and an
engine that named one end in two ways would be believed twice.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from images.eui64 import Eui64, format_eui64
from ota_engine.records import OutcomeKind, OutcomeRecord, SessionRecord, SessionState, Verdict

_Ends: TypeAlias = Counter[tuple[OutcomeKind, Verdict]]

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
        outcomes: all that were recorded.
    """
    told: dict[tuple[Eui64, str], _Ends] = {}
    for outcome in outcomes:
        ends = told.setdefault((outcome.device, outcome.sha256), Counter())
        ends[outcome.kind, outcome.verdict] += 1
    lost: list[str] = []
    doubled: list[str] = []
    for session in sessions:
        ends = told.get((session.device, session.sha256), Counter())
        lost += (_line(session, what) for what in _lost(session, ends))
        doubled += (_line(session, what) for what in _doubled(session, ends))
    return Telling(tuple(lost), tuple(doubled))


def _line(session: SessionRecord, what: str) -> str:
    where = f"{format_eui64(session.device)}, image {session.sha256[:16]}, {session.state}"
    return f"{where} after {session.attempt} attempt(s): {what}"


def _lost(session: SessionRecord, ends: _Ends) -> Iterator[str]:
    if session.state in _TRANSFERRED and not ends[OutcomeKind.TRANSFER, Verdict.SUCCEEDED]:
        yield "no good end of a transfer is told"
    runs = ends[OutcomeKind.ACTIVATION, Verdict.SUCCEEDED]
    if session.state is SessionState.UPDATED and not runs:
        yield "that it runs is not told"
    failed = (
        ends[OutcomeKind.TRANSFER, Verdict.FAILED] + ends[OutcomeKind.ACTIVATION, Verdict.FAILED]
    )
    over = session.attempt - (session.state is not SessionState.FAILED)
    if failed < over:
        yield f"{failed} failed attempt(s) of {over} are told"


def _doubled(session: SessionRecord, ends: _Ends) -> Iterator[str]:
    arrived = ends[OutcomeKind.TRANSFER, Verdict.SUCCEEDED]
    transfers = arrived + ends[OutcomeKind.TRANSFER, Verdict.FAILED]
    runs = ends[OutcomeKind.ACTIVATION, Verdict.SUCCEEDED]
    if transfers > session.attempt:
        yield f"the end of a transfer is told {transfers} times"
    if runs > 1:
        yield f"that it runs is told {runs} times"
    # A device that was given up as silent, and says later that it runs the image, is told of as both.
    if ends[OutcomeKind.ACTIVATION, Verdict.FAILED] > arrived:
        yield f"more failed activations are told than the {arrived} transfer(s) that came to a good end"
