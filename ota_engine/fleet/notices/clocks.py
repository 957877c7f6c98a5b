"""Clocks that run for parties: started with a duty, met or late, and lateness is told.

Time alone does not do what the party was to do: whoever waits for it goes on waiting.
"""

from collections.abc import Iterable
from dataclasses import replace

from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind, PartyClock
from ota_engine.times import Utc

_OPERATORS = frozenset({PartyRole.OPERATOR})


def start(
    work: Work, clock: str, parties: Iterable[str], subject: str, duty: str, utc: Utc, due: float
) -> None:
    """Let a clock run for some parties.

    Args:
        work: the event in hand.
        clock: its name, which has not been used before.
        parties: for whom.
        subject: as ``kind:id``.
        duty: what is to be done, as one reads it after "was to".
        utc: now.
        due: when it is over.
    """
    for party in dict.fromkeys(parties):
        work.put(PartyClock(clock, party, subject, duty, utc, due))


def met(work: Work, clock: str, party: str, utc: Utc) -> None:
    """Stop a clock: the party has done it. One that was late stays late."""
    row = work.get(PartyClock, clock, party)
    if row is not None and row.met_utc is None:
        work.put(replace(row, met_utc=utc, due_utc=None))


def stop_all(work: Work, subject: str) -> None:
    """Stop all clocks that run because of something that is over; nobody was late."""
    running = work.select(PartyClock, at_most={"due_utc": float("inf")}, subject=subject)
    for row in running:
        work.put(replace(row, due_utc=None))


def due(row: PartyClock, work: Work, utc: Utc) -> None:
    """Tell that a party did not do in time what it was to do: the party, and the operator."""
    work.put(replace(row, due_utc=None, late=True))
    work.note("fleet", "late", row.subject, party=row.party, clock=row.clock, duty=row.duty)
    announce(
        work,
        NoticeKind.LATE,
        row.subject,
        (row.party, *with_role(work, _OPERATORS)),
        f"{row.party} was to {row.duty} in time, and has not",
        {"clock": row.clock, "party": row.party, "duty": row.duty, "since_utc": row.started_utc},
        utc,
        name=f"{row.clock}/{row.party}/late",
    )
