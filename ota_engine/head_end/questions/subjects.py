"""How what is decided about stands now, and what was decided about it after somebody looked."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Final

from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.kernel.signatures import is_signed
from ota_engine.fleet.parties.rows import Person
from ota_engine.head_end.questions.asking import (
    NotThereError,
    QuestionRow,
    Questions,
    View,
)
from ota_engine.head_end.questions.decided import DecisionShown, decisions_shown
from ota_engine.head_end.questions.decisions import ROWS_OF
from ota_engine.head_end.questions.scope import is_hidden, shown_row


@dataclass(frozen=True, slots=True)
class AskSubject:
    """How something stands that is decided about.

    Attributes:
        subject: as ``kind:id``.
        since: revision at which somebody saw it; None for never.
    """

    subject: str
    since: int | None = None


@dataclass(frozen=True, slots=True)
class SubjectFact:
    """One thing that is known of a subject.

    Attributes:
        name: of it, in words.
        text: value of it; empty for a time.
        utc: a time; None for a text.
    """

    name: str
    text: str
    utc: float | None = None


@dataclass(frozen=True, slots=True)
class SubjectChange:
    """One decision about a subject.

    Attributes:
        revision: that it led to.
        person: who gave it.
        text: what was done.
        utc: when.
    """

    revision: int
    person: str
    text: str
    utc: float


@dataclass(frozen=True, slots=True)
class SubjectNow:
    """How a subject stands.

    Attributes:
        subject: as ``kind:id``.
        revision: at which it is; None where nothing is known of it, or it is not there yet.
        facts: known of it.
        changes: decided about it after ``since``, in order.
    """

    subject: str
    revision: int | None
    facts: tuple[SubjectFact, ...]
    changes: tuple[SubjectChange, ...]


@dataclass(frozen=True, slots=True)
class AskDecisionTaken:
    """One decision, with its signature and who gave it."""

    decision: str


@dataclass(frozen=True, slots=True)
class DecisionTaken:
    """One decision.

    Attributes:
        shown: as people look at it.
        name: of the person.
        party: for which she decided.
        content: what was signed, as text.
        signature: hexadecimal; empty for none.
        checked: what became of checking that with the key that is registered now, in words.
    """

    shown: DecisionShown
    name: str
    party: str
    content: str
    signature: str
    checked: str


#: What is shown of a row, in order; what is no name of a field is left out.
_SHOWN: Final[Mapping[str, str]] = {
    "campaign": "state reason since_utc release party author approver phase deploy_utc overrides"
    " successor changed",
    "release": "status variant version type cpl author manufacture successor sha256 notes changed",
    "incident": "state category text campaign phase party person owner raised_utc resolution reason",
    "gateway": "registered_utc code_until_utc revoked changed",
    "person": "name party active registered_by changed",
    "party": "name roles ids contact endpoint changed",
}
_NAMES: Final[Mapping[str, str]] = {
    "since_utc": "since",
    "deploy_utc": "begins",
    "raised_utc": "raised",
    "registered_utc": "registered",
    "code_until_utc": "code counts until",
    "changed": "last change",
    "person": "raised by",
    "sha256": "SHA-256",
    "cpl": "CPL entry",
}


def _subject(question: AskSubject, view: View) -> SubjectNow:
    word, _, name = question.subject.partition(":")
    if is_hidden(view, question.subject):
        raise NotThereError(f"{question.subject[:80]!a}: there is no such thing")
    kind = ROWS_OF.get(word)
    with view.desk.store.reading():
        rows = [] if kind is None else view.desk.store.select(Select(kind, ((kind.KEY[0], name),)))
        if not rows:
            return SubjectNow(question.subject, None, (), ())
        facts = tuple(_facts(shown_row(view, rows[0]), _SHOWN[word].split()))
        return SubjectNow(question.subject, rows[0].revision, facts, _changes(question, view))


def _facts(row: Any, names: list[str]) -> list[SubjectFact]:
    known = {one.name for one in fields(row)}
    found = []
    for name in names:
        value = getattr(row, name) if name in known else None
        if value in (None, "", (), 0):
            continue
        label = _NAMES.get(name, name.replace("_", " "))
        if name.endswith("_utc"):
            found.append(SubjectFact(label, "", float(value)))
        else:
            found.append(SubjectFact(label, _text(name, value)))
    return found


def _text(name: str, value: Any) -> str:
    if name == "version":
        return f"{value:08X}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _changes(question: AskSubject, view: View) -> tuple[SubjectChange, ...]:
    if question.since is None:
        return ()
    where = (("subject", question.subject), ("accepted", True))
    rows = view.desk.store.select(Select(DecisionRow, where))
    later = [row for row in rows if row.revision > question.since]
    shown = sorted(decisions_shown(view, later), key=lambda one: one.revision)
    return tuple(SubjectChange(one.revision, one.person, one.text, one.taken_utc) for one in shown)


def _taken(question: AskDecisionTaken, view: View) -> DecisionTaken:
    store = view.desk.store
    with store.reading():
        rows = store.select(Select(DecisionRow, (("key", question.decision),)))
        shown = decisions_shown(view, rows)
        if not shown:
            raise NotThereError(f"{question.decision[:60]!a}: there is no such decision")
        persons = store.select(Select(Person, (("person", rows[0].person),)))
    person = persons[0] if persons else None
    return DecisionTaken(
        shown[0],
        "" if person is None else person.name,
        "" if person is None else person.party,
        rows[0].content,
        rows[0].signature,
        _checked(rows[0], person),
    )


def _checked(row: DecisionRow, person: Person | None) -> str:
    if not row.signature:
        return "not signed"
    if person is None or not person.key:
        return "signed by a key that is registered no more"
    try:
        good = is_signed(row.content.encode("ascii"), bytes.fromhex(row.signature), person.key)
    except ValueError:
        good = False
    return "signature verified" if good else "not signed by the key that is registered now"


QUESTIONS: Final[Questions] = {
    AskDecisionTaken: QuestionRow("decisions/{decision}", _taken, DecisionTaken),
    AskSubject: QuestionRow("subjects", _subject, SubjectNow),
}
