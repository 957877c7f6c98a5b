"""What may be written in a field, as far as whoever fills it in may see that; knows no form."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ota_engine.errors import LocalError
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.questions.asking import View
from ota_engine.head_end.questions.campaigns import AskCampaigns
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.questions.gateways import AskGateways
from ota_engine.head_end.questions.incidents import AskIncidents
from ota_engine.head_end.questions.releases import AskReleases
from ota_engine.head_end.questions.scope import variants_seen

_MOST: Final = 200  # that are offered


def suggestions(name: str, view: View) -> list[str]:
    """Name what may be written in a field; nothing where that is not known."""
    source = _SOURCES.get(name)
    if source is None:
        return []
    try:
        return sorted(source(view))[:_MOST]
    except LocalError:  # it is not for this viewer
        return []


def _releases(view: View) -> Iterable[str]:
    return (one.release for one in ask(AskReleases(), view).items)


def _campaigns(view: View) -> Iterable[str]:
    return (one.campaign for one in ask(AskCampaigns(), view).items)


def _gateways(view: View) -> Iterable[str]:
    return (one.gateway for one in ask(AskGateways(_MOST), view).items)


def _incidents(view: View) -> Iterable[str]:
    return (one.incident for one in ask(AskIncidents(), view).items)


def _variants(view: View) -> Iterable[str]:
    with view.desk.store.reading():
        return [one.variant for one in variants_seen(view)]


def _rows(kind: type[Any], name: str) -> Callable[[View], Iterable[str]]:
    def named(view: View) -> Iterable[str]:
        if not view.viewer.sees_every_home:
            return ()
        with view.desk.store.reading():
            return [getattr(row, name) for row in view.desk.store.select(Select(kind))]

    return named


_SOURCES: Final[Mapping[str, Callable[[View], Iterable[str]]]] = {
    "release": _releases,
    "successor": _releases,
    "fixed_in": _releases,
    "campaign": _campaigns,
    "gateway": _gateways,
    "incident": _incidents,
    "variant": _variants,
    "earlier": _variants,
    "later": _variants,
    "other": _variants,
    "party": _rows(Party, "party"),
    "person": _rows(Person, "person"),
    "owner": _rows(Person, "person"),
}
