"""What a person can ask of herself: who she is here, and whether she has decided something already."""

from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.head_end.deciding import content_values, given_before
from ota_engine.head_end.questions.asking import NotThereError, QuestionRow, Questions, View


@dataclass(frozen=True, slots=True)
class AskMyself:
    """Who asks."""


@dataclass(frozen=True, slots=True)
class Myself:
    """Whoever asks.

    Attributes:
        person: id; empty for whoever has the state folder.
        party: whose person.
        roles: of that party, texts of ``PartyRole``.
    """

    person: str
    party: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskGiven:
    """Whether whoever asks has decided the same already, so that it is not decided twice.

    Attributes:
        subject: what it is about, as ``kind:id``.
        digest: of what is wanted, see ``deciding.digest_of``.
        key: that names the decision; empty for any.
    """

    subject: str
    digest: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class GivenDecision:
    """A decision as it was named; the key is empty where there was none.

    Attributes:
        key: names it.
        given_utc: when, by the person's clock.
        revision: of the subject, as the person saw it; None for whatever it was.
    """

    key: str
    given_utc: float
    revision: int | None


def _myself(asked: AskMyself, view: View) -> Myself:
    viewer = view.viewer
    return Myself(viewer.person, viewer.party, tuple(sorted(map(str, viewer.roles))))


def _given(asked: AskGiven, view: View) -> GivenDecision:
    if not view.viewer.person:
        raise NotThereError("whoever has the state folder is no person: ask as one")
    row = given_before(view.desk, asked.subject, asked.digest, asked.key)
    return GivenDecision("", 0.0, None) if row is None else _named(row)


def _named(row: DecisionRow) -> GivenDecision:
    told = content_values(row)
    return GivenDecision(row.key, told["given_utc"], told["revision"])


QUESTIONS: Final[Questions] = {
    AskMyself: QuestionRow("me", _myself, Myself),
    AskGiven: QuestionRow("given", _given, GivenDecision),
}
