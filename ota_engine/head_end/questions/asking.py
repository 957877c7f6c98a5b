"""How a question is asked and answered; knows who asks, no question.

A question is a frozen dataclass: what it is about and how it is narrowed. Its answer is a record of plain
values (``values`` says which), so that it is the same whether it was asked in this process or of a server.
Who asks is part of it: every answer holds what that viewer may see and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ota_engine.errors import LocalError
from ota_engine.fleet.kernel.decisions import SUPPLIERS, PartyRole
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.live_transfers import LiveTransfers
from ota_engine.times import Utc

#: Roles that see every home; a supplier sees its own, a manufacturer none.
EVERY_HOME: Final = frozenset(
    {PartyRole.OPERATOR, PartyRole.APPROVER, PartyRole.CSP, PartyRole.AUDITOR}
)
EVERYBODY: Final = frozenset(PartyRole)


class NotForViewerError(LocalError):
    """What was asked is not for whoever asks."""


class NotThereError(LocalError):
    """What was asked about is not there, or not for whoever asks: which of them is not said."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks.

    Attributes:
        person: id; empty for whoever has the state folder.
        party: whose person.
        roles: of that party.
    """

    person: str
    party: str
    roles: frozenset[PartyRole]

    @property
    def sees_every_home(self) -> bool:
        """Whether no home is hidden."""
        return not self.roles.isdisjoint(EVERY_HOME)

    @property
    def is_supplier(self) -> bool:
        """Whether homes are seen for which the party answers, where not all are."""
        return not self.roles.isdisjoint(SUPPLIERS)

    @property
    def is_maker(self) -> bool:
        """Whether products are seen that the party makes, where not all are."""
        return PartyRole.MANUFACTURER in self.roles


#: Whoever can read the state folder can read everything in it.
LOCAL: Final = Viewer("", "", EVERYBODY)


class View(NamedTuple):
    """What an answer is read from.

    Attributes:
        desk: of the fleet.
        viewer: who asks.
        utc: now.
        live: transfers under way, which only a server is told of; None beside it.
    """

    desk: FleetDesk
    viewer: Viewer
    utc: Utc
    live: LiveTransfers | None = None


class QuestionRow(NamedTuple):
    """One kind of question.

    Attributes:
        path: where a server answers it, with fields of the question in braces; the others follow
            after the question mark.
        answer: answers it; may raise ``NotThereError``.
        gives: class of the answer.
        roles: a party must have one of these.
    """

    path: str
    answer: Callable[[Any, View], Any]
    gives: type[Any]
    roles: frozenset[PartyRole] = EVERYBODY


Questions = Mapping[type[Any], QuestionRow]


def answered(questions: Questions, question: Any, view: View) -> Any:
    """Answer a question.

    Raises:
        NotForViewerError: it is not for whoever asks.
        NotThereError: what it is about is not there for whoever asks.
        StoreError: the database failed.
    """
    row = questions[type(question)]
    if view.viewer.roles.isdisjoint(row.roles):
        wanted = " or ".join(sorted(row.roles))
        raise NotForViewerError(
            f"{view.viewer.person} of {view.viewer.party} may not see this: it takes {wanted}"
        )
    return row.answer(question, view)
