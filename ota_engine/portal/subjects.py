"""Where what is decided about has its page, and how a form's fields name it; knows no page."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final, get_type_hints

from ota_engine.fleet.kernel.decisions import DecisionRefused, PartyRole
from ota_engine.fleet.kernel.work import Work
from ota_engine.head_end.deciding import asked
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.questions.decisions import ABOUT
from ota_engine.head_end.questions.scope import HOMES
from ota_engine.portal.pages import link, part

#: Who keeps the accounts and rows of people.
KEEPERS: Final = frozenset({PartyRole.OPERATOR, PartyRole.ADMINISTRATOR})
#: Who sees gateways.
GATEWAY_VIEWERS: Final = frozenset(
    {PartyRole.OPERATOR, PartyRole.APPROVER, PartyRole.CSP, PartyRole.AUDITOR}
)

#: Pages of subjects, by the words before the colon.
_PATHS: Final[Mapping[str, str]] = {
    "campaign": "/campaigns/",
    "release": "/releases/",
    "incident": "/incidents/",
    "gateway": "/gateways/",
    "home": "/homes/",
}
#: Pages of subjects that have none of their own.
_LISTS: Final[Mapping[str, str]] = {
    "party": "/users",
    "person": "/users",
    "time": "/alerts",
    "user": "/alerts",
    "fleet": "/campaigns",
}


#: Pages of decisions that are made there, and by no form of their own.
_OWN_PAGES: Final[Mapping[str, str]] = {"replace-key": "/account"}
#: Pages that are for some roles alone.
_KEPT: Final[Mapping[str, frozenset[PartyRole]]] = {
    "party": KEEPERS,
    "person": KEEPERS,
    "gateway": GATEWAY_VIEWERS,
    "home": HOMES,
}


def subject_path(subject: str, roles: frozenset[PartyRole]) -> str:
    """Say where a subject, ``kind:id``, is shown to a party of some roles; empty for nowhere."""
    word, _, name = subject.partition(":")
    if word in _KEPT and roles.isdisjoint(_KEPT[word]):
        return ""
    if word in _PATHS and name:
        return _PATHS[word] + part(name)
    if word == "window" and name:
        return _PATHS["campaign"] + part(name.split("/")[0])
    return _LISTS.get(word, "")


def act_path(act: str, fields: Mapping[str, str], next_path: str = "") -> str:
    """Link to the form of a decision, with what is known of it filled in."""
    if act in _OWN_PAGES:
        return _OWN_PAGES[act]
    return link(f"/decide/{part(act)}", **fields, next=next_path)


def subject_of(act: type[Any], given: Mapping[str, Sequence[str]]) -> str:
    """Say what a form is about by what is filled in; empty while that is not known."""
    for word, acts in ABOUT.items():
        for one, names in acts:
            if one is act:
                values = [(given.get(name) or ("",))[0].strip() for name in names]
                return f"{word}:{'/'.join(values)}" if all(values) else ""
    return ""


def revision_of(desk: FleetDesk, act: type[Any], given: Mapping[str, Sequence[str]]) -> int | None:
    """Read at which revision that is which a form is about; None where it has none.

    Raises:
        StoreError: the database failed.
    """
    row = desk.fleet.acts[act]
    texts = {name: (given.get(name) or ("",))[0].strip() for name in get_type_hints(act)}

    def read(work: Work) -> int | None:
        return row.revision(SimpleNamespace(**texts), work)

    try:
        return asked(desk, read)
    except (AttributeError, DecisionRefused):  # what names it is not filled in yet, or wrongly
        return None
