"""No answer to a supplier names a home of another; none to a manufacturer a product of another."""

import json
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, replace
from itertools import product
from typing import Any, Final, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.fleet.incidents.rows import Incident
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.kernel.decisions import DecisionRow, PartyRole
from ota_engine.fleet.orders.rows import ImageOrder
from ota_engine.head_end.questions.asking import (
    LOCAL,
    NotForViewerError,
    NotThereError,
    View,
    Viewer,
    answered,
)
from ota_engine.head_end.questions.catalogue import QUESTIONS, ask
from ota_engine.head_end.questions.estate import AskParties, AskPersons
from ota_engine.head_end.questions.gates import AskGateHistory
from ota_engine.head_end.questions.home_lists import AskHomes
from ota_engine.head_end.questions.homes import AskHome, HomeReport
from ota_engine.head_end.questions.notices import AskNotices
from ota_engine.head_end.questions.orders import AskDocuments
from ota_engine.head_end.questions.overview import AskOverview
from ota_engine.head_end.questions.persons import AskGiven
from ota_engine.head_end.questions.subjects import AskDecisionTaken
from ota_engine.head_end.questions.trail import AskTrail
from ota_engine.head_end.questions.values import plain
from tests.head_end.questions.busy_town import (
    OTHER_MAKER,
    OTHER_PRODUCT,
    OWN_PRODUCT,
    PARTIES,
    BusyTown,
    supplier,
)
from tests.tiers import examples

MAKERS: Final = {
    "maker": (Viewer("mona", "maker", frozenset({PartyRole.MANUFACTURER})), OTHER_PRODUCT),
    OTHER_MAKER: (
        Viewer("rita", OTHER_MAKER, frozenset({PartyRole.MANUFACTURER})),
        OWN_PRODUCT[:1] + OWN_PRODUCT[3:],
    ),
}
#: Notices are what a party was told, and so its own to read; the roadmap of all is told to all.
TOLD: Final = frozenset({AskNotices, AskOverview})


#: What a supplier was told, or did itself, of homes that it has lost since.
REMEMBERED: Final[frozenset[type[Any]]] = frozenset(
    {AskNotices, AskOverview, AskGateHistory, AskTrail, AskDocuments, AskDecisionTaken}
)


def questions(town: BusyTown) -> Iterator[Any]:
    """Ask everything about everything, narrowed in every way."""
    known = _known(town)
    for kind in QUESTIONS:
        hints = get_type_hints(kind)
        choices = []
        for one in fields(kind):
            if one.name in known:
                values = known[one.name]
                some = [None, *values] if one.default is not MISSING else values
            elif one.default is MISSING:
                values = [Eui64(1)] if hints[one.name] is Eui64 else ["x"]
                some = values
            else:
                continue
            choices.append([(one.name, value) for value in some])
        for chosen in product(*choices):
            yield kind(**{name: value for name, value in chosen if value is not None})


def _known(town: BusyTown) -> dict[str, list[Any]]:
    homes = town.names[:4]
    return {
        "campaign": ["c1", "camp-rival"],
        "home": homes,
        "device": [row.device for row in town.rows(InstalledDevice)][:4],
        "party": [*PARTIES, "maker"],
        "supplier": list(PARTIES),
        "release": ["r1", "rel-rival"],
        "incident": [row.incident for row in town.rows(Incident)],
        "decision": [row.key for row in town.rows(DecisionRow)][:9],
        "variant": [OTHER_PRODUCT[0], OWN_PRODUCT[0]],
        "request": [row.request for row in town.rows(ImageOrder)],
        "subject": ["campaign:c1", "incident:i0", f"home:{homes[0]}", "release:rel-rival"],
    }


def told(
    question: Any, viewer: Viewer, town: BusyTown, how: Callable[[Any, View], Any] = ask
) -> str:
    """What a viewer is told, as a server writes it; empty where nothing is."""
    try:
        answer = how(question, View(town.desk, viewer, town.utc))
    except (NotForViewerError, NotThereError):
        return ""
    except LocalError as error:
        assert type(error) is LocalError
        return ""
    gives = QUESTIONS[type(question)].gives
    return json.dumps(plain(answer, gives), ensure_ascii=False)


def as_read(question: Any, view: View) -> Any:
    """Answer a question as it is read, but for what a supplier decided about homes that it has lost."""
    answer = answered(QUESTIONS, question, view)
    if isinstance(answer, HomeReport):
        kept = tuple(one for one in answer.history if one.what != "decision")
        return replace(answer, history=kept)
    return answer


@settings(examples(60), deadline=None)
@given(st.integers(0, 1 << 30), st.integers(4, 9))
def test_no_answer_to_a_supplier_names_a_home_of_another_or_what_it_is_called(
    seed: int, homes: int
) -> None:
    town = BusyTown(seed, homes)
    heard = set()
    hidden = {party: tuple(town.hidden_from(party)) for party in PARTIES}
    for question in questions(town):
        for party in PARTIES:
            text = told(question, supplier(party), town)
            leaks = [word for word in hidden[party] if word in text]
            assert leaks == [], (question, party, leaks)
            heard.update([type(question)] if text else [])
    assert len(heard) > len(QUESTIONS) // 2


@settings(examples(40), deadline=None)
@given(st.integers(0, 1 << 30), st.integers(4, 9))
def test_what_is_read_for_a_supplier_is_her_own_before_anything_is_hidden(
    seed: int, homes: int
) -> None:
    town = BusyTown(seed, homes, talkative=False)
    hidden = {party: tuple(town.hidden_from(party)) for party in PARTIES}
    for question in questions(town):
        if type(question) in REMEMBERED:
            continue
        for party in PARTIES:
            text = told(question, supplier(party), town, as_read)
            leaks = [word for word in hidden[party] if word in text]
            assert leaks == [], (question, party, leaks)


@settings(examples(40), deadline=None)
@given(st.integers(0, 1 << 30))
def test_no_answer_to_a_manufacturer_names_a_product_of_another_or_any_home(seed: int) -> None:
    town = BusyTown(seed, 5)
    for question in questions(town):
        for viewer, products in MAKERS.values():
            text = told(question, viewer, town)
            words = (*town.names, *(() if type(question) in TOLD else map(json.dumps, products)))
            leaks = [word for word in words if word in text]
            assert leaks == [], (question, viewer.party, leaks)


def test_whoever_has_the_folder_is_answered_everything_about_what_there_is() -> None:
    town = BusyTown(7, 6)
    heard = {type(one) for one in questions(town) if told(one, LOCAL, town)}
    known = _known(town)
    about_others = {
        kind
        for kind in QUESTIONS
        if any(one.default is MISSING and one.name not in known for one in fields(kind))
    }
    assert set(QUESTIONS) - heard <= about_others | {AskGiven}  # which is for persons


@pytest.fixture(scope="module")
def small_town() -> BusyTown:
    return BusyTown(1, 2)


@pytest.mark.parametrize("kind", QUESTIONS, ids=lambda kind: kind.__name__)
def test_a_question_is_refused_to_roles_it_is_not_for(
    small_town: BusyTown, kind: type[Any]
) -> None:
    row, town = QUESTIONS[kind], small_town
    others = frozenset(PartyRole) - row.roles
    question = next(one for one in questions(town) if type(one) is kind)
    for role in others:
        with pytest.raises(NotForViewerError, match="may not see this: it takes"):
            ask(question, View(town.desk, Viewer("x", "y", frozenset({role})), town.utc))


def test_a_supplier_who_gains_a_home_sees_it_and_one_who_loses_it_does_not() -> None:
    town = BusyTown(3, 6)
    (home, *_) = town.of("east")
    town.change_supplier(home, "west")
    west = ask(AskHomes(), View(town.desk, supplier("west"), town.utc))
    assert home in {one.home for one in west.items}
    assert west.total == len(town.of("west"))
    with pytest.raises(NotThereError):
        ask(AskHome(home), View(town.desk, supplier("east"), town.utc))
    report = ask(AskHome(home), View(town.desk, supplier("west"), town.utc))
    assert report.home.suppliers == ("west",)
    assert "east" not in json.dumps(
        [plain(one) for one in report.history if one.what == "supplier"]
    )


def test_whoever_registers_persons_sees_them_all_and_others_their_own() -> None:
    town = BusyTown(5, 2)
    administrator = Viewer("ada", "code", frozenset({PartyRole.ADMINISTRATOR}))
    found = ask(AskPersons(), View(town.desk, administrator, town.utc))
    assert {"olive", "eve", "rita"} <= {one.person for one in found.items}
    assert len(ask(AskPersons("east"), View(town.desk, administrator, town.utc)).items) == 1
    own = ask(AskPersons(), View(town.desk, supplier("east"), town.utc))
    assert [one.person for one in own.items] == ["eve"]
    with pytest.raises(NotThereError):
        ask(AskPersons("west"), View(town.desk, supplier("east"), town.utc))
    parties = ask(AskParties(), View(town.desk, supplier("east"), town.utc)).items
    assert {one.endpoint for one in parties} == {"", "east"}
