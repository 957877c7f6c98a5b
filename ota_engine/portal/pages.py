"""What a page of the portal is, and what is at hand while one is made; knows no page and no socket."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.responses import Response

from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.questions.asking import EVERYBODY, View
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.times import Utc

FORM_OCTETS: Final = 1 << 20  # of a form that brings no list
#: Groups of the menu, in their order.
MENU: Final = ("Work", "Firmware", "Network", "Proof")


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at one page.

    Attributes:
        view: what answers are read from, and who asks: without the person where the page is the same
            for all of a party.
        path: of the page, as it was asked for.
        fields: parts of the path, by name.
        query: what follows the question mark.
        zone: name of the viewer's time zone; empty for that of the server.
    """

    view: View
    path: str
    fields: Mapping[str, str]
    query: Mapping[str, str]
    zone: str = ""

    def ask(self, question: Any) -> Any:
        """Answer a question; see ``asking.answered``."""
        return ask(question, self.view)

    @property
    def roles(self) -> frozenset[PartyRole]:
        """Roles of the viewer's party."""
        return self.view.viewer.roles

    @property
    def utc(self) -> Utc:
        """Now."""
        return self.view.utc

    def has(self, *roles: PartyRole) -> bool:
        """Whether the viewer's party has one of some roles."""
        return not self.roles.isdisjoint(roles)

    def here(self, **changes: object) -> str:
        """Link to this page with other values after the question mark; None takes one away."""
        return link(self.path, **{**self.query, **changes})


class FormPosted(NamedTuple):
    """A form that was sent to a page.

    Attributes:
        parts: of the server.
        signed: who sent it.
        fields: parts of the path, by name.
        query: what follows the question mark.
        form: what was filled in.
        path: of the page, as it was asked for.
        address: from where it came.
    """

    parts: ServiceParts
    signed: SignedIn
    fields: Mapping[str, str]
    query: Mapping[str, str]
    form: FormData
    path: str
    address: str = ""

    def text(self, name: str) -> str:
        """What was written in a field; empty where nothing was, or a file."""
        found = self.form.get(name)
        return found.strip() if isinstance(found, str) else ""


class PlaceInMenu(NamedTuple):
    """Where a page stands in the menu.

    Attributes:
        group: one of ``MENU``.
        label: what is written there.
    """

    group: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalPage:
    """One kind of page.

    A template extends ``base.html``. What changes while it is looked at stands in blocks whose names
    begin with ``live_``; each stands alone in an element with the id of the block and ``data-live``,
    and needs nothing but what ``read`` gives.

    Attributes:
        path: with parts in braces, ``/campaigns/{campaign}``.
        template: name of the file.
        read: asks what is shown; runs in a thread beside deciders. What it gives has a ``title``, and
            ``said`` where it is live: one sentence for those who hear a page.
        roles: a party must have one of these.
        menu: where it stands in the menu; None for nowhere.
        personal: what it shows depends on the person, not on the party alone.
        take: takes a form; gives an answer, or what the page says in addition when it is shown again.
        octets: that such a form may have.
        by_the_tick: it changes without a commit, and is made anew at every tick while somebody looks.
    """

    path: str
    template: str
    read: Callable[[Visit], Mapping[str, Any]]
    roles: frozenset[PartyRole] = EVERYBODY
    menu: PlaceInMenu | None = None
    personal: bool = False
    take: Callable[[FormPosted], Awaitable[Response | Mapping[str, Any]]] | None = None
    octets: int = FORM_OCTETS
    by_the_tick: bool = False


def link(path: str, **query: object) -> str:
    """Write a link to a page of the portal.

    Args:
        path: a part of it that came from outside goes through ``part`` first.
        query: what follows the question mark; None and empty texts are left out.
    """
    told = {
        name: str(value) for name, value in query.items() if value is not None and str(value) != ""
    }
    return f"{path}?{urlencode(told)}" if told else path


def part(text: object) -> str:
    """Write one part of a path."""
    return quote(str(text), safe=":-._~")
