"""What becomes of a document on its way to a Service User; pure."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    no_revision,
)
from ota_engine.fleet.kernel.rows import replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.lives import DOCUMENTS, DocumentStep
from ota_engine.fleet.orders.rows import DocumentState, UserDocument
from ota_engine.times import Utc
from ota_engine.wording import counted, one_line

MOST_REQUEUED: Final = 10_000  # in one decision


class DocumentDelivered(NamedTuple):
    """A user's endpoint has taken a document."""

    document: str


class DocumentUndelivered(NamedTuple):
    """A document could not be brought to its user.

    Attributes:
        document: its name.
        trouble: why, in the words of whoever tried.
        given_up: nobody will try again by itself.
    """

    document: str
    trouble: str
    given_up: bool


@dataclass(frozen=True, slots=True)
class RequeueDocuments:
    """Documents that were given up are to be brought to a user once more."""

    user: str


def document_delivered(event: DocumentDelivered, work: Work, utc: Utc) -> None:
    """Note that a user knows; the first time counts."""
    row = work.get(UserDocument, event.document)
    state = DOCUMENTS.turn(row.state, DocumentStep.DELIVER) if row else None
    if row is None or state is None:
        return
    work.put(replaced(row, state=state, tries=row.tries + 1, delivered_utc=utc, trouble=""))


def document_undelivered(event: DocumentUndelivered, work: Work) -> None:
    """Note why a document has not reached its user."""
    row = work.get(UserDocument, event.document)
    step = DocumentStep.GIVE_UP if event.given_up else DocumentStep.FAIL
    state = DOCUMENTS.turn(row.state, step) if row else None
    if row is None or state is None:
        return
    trouble = one_line(event.trouble)
    work.put(replaced(row, state=state, tries=row.tries + 1, trouble=trouble))


def requeue(act: RequeueDocuments, actor: Actor, work: Work, utc: Utc) -> str:
    """Let what was given up be brought again.

    Raises:
        DecisionRefused: nothing was given up.
    """
    user = read_user(act.user)
    dead = work.select(UserDocument, state=DocumentState.DEAD, user=user, limit=MOST_REQUEUED)
    if not dead:
        raise DecisionRefused(
            RefusalCode.STATE, f"no document to {act.user} was given up: nothing to bring again"
        )
    for row in dead:
        state = DOCUMENTS.turn(row.state, DocumentStep.REQUEUE)
        work.put(replaced(row, state=state or row.state))
    return f"on the way to {act.user} again: {counted(len(dead), 'document')}"


def read_user(text: str) -> Eui64:
    """Read the EUI-64 of a user.

    Raises:
        DecisionRefused: it is none.
    """
    digits = text.replace("-", "")
    try:
        if len(digits) != 16:
            raise ValueError
        return Eui64(int(digits, 16))
    except ValueError:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{text!a} is no EUI-64: give 16 hex digits"
        ) from None


def subject(act: RequeueDocuments) -> str:
    """Say what an act is about."""
    return f"user:{act.user}"


ACTS: Final = {
    RequeueDocuments: ActRow(frozenset({PartyRole.OPERATOR}), subject, no_revision, requeue)
}
