"""Documents to users: written once under names made of what happened, brought until they are there."""

import hashlib
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.requests import RequestId
from ota_engine.duis.responses import DccAlert, DeliveryStatus, ServiceResponse, UpgradeRequested
from ota_engine.fleet.orders.content import read_response_text, written_response
from ota_engine.fleet.orders.outbox import (
    DocumentDelivered,
    DocumentUndelivered,
    RequeueDocuments,
)
from ota_engine.fleet.orders.rows import DeviceOrder, DocumentState, UserDocument
from ota_engine.fleet.port import HubWord
from ota_engine.times import Utc
from tests.fleet.orders import messages
from tests.fleet.orders.street import DUAL, ELEC, GAS, WANTED, Street, device

HCALCS = device(DUAL, "HCALCS")
PPMID = device(DUAL, "PPMID")


def anything_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, as far as a document can hold it."""
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*map(anything_of, get_args(hint)))
    if get_origin(hint) is tuple:
        kinds = get_args(hint)
        if kinds[-1] is Ellipsis:
            return st.lists(anything_of(kinds[0]), max_size=3).map(tuple)
        return st.tuples(*map(anything_of, kinds))
    if hint in _PLAIN:
        return _PLAIN[hint]
    hints = get_type_hints(hint)
    return st.builds(hint, **{name: anything_of(one) for name, one in hints.items()})


_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=9),
    bytes: st.binary(max_size=9),
    bool: st.booleans(),
    int: st.integers(0, 2**64 - 1),
    Eui64: st.integers(0, 2**64 - 1),
    Utc: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


@given(response=anything_of(ServiceResponse))
def test_every_response_is_read_from_its_text_as_it_was(response: ServiceResponse) -> None:
    text = written_response(response)
    found = read_response_text(text)
    assert found == response
    assert repr(found) == repr(response)  # a tuple with names is one again
    assert written_response(found) == text


def test_the_id_of_an_alert_is_made_of_what_happened() -> None:
    street = Street()
    street.order(GAS, PPMID, ppmid=True)
    (row,) = street.rows(UserDocument, user=ELEC)
    response = read_response_text(row.content)
    digest = hashlib.sha256(row.document.encode()).digest()
    counter = int.from_bytes(digest[:8]) >> 1
    assert response.response_id is not None
    assert response.response_id.counter == counter
    assert response.request_id is None
    assert row.octets == b""


def story(street: Street) -> None:
    """Everything that a street can hear of one order."""
    name = street.row(DeviceOrder).name
    hub = device(DUAL, "CHF")
    street.hub_says(HubWord.REACHED, PPMID, name, key="a")
    street.hub_says(HubWord.TRANSFERRED, PPMID, name, key="b")
    octets = messages.transferred(hub, PPMID, WANTED, 4_000)
    street.hub_says(HubWord.RECEIVED, PPMID, name, key="c", message=octets)
    octets = messages.ppmid_runs(PPMID, WANTED, 5_000)
    street.hub_says(HubWord.ALERT, PPMID, name, key="d", message=octets, version=WANTED)


def names(street: Street) -> dict[str, str]:
    return {
        row.document: str(read_response_text(row.content).response_id)
        for row in street.rows(UserDocument)
    }


def test_a_fleet_that_was_put_back_tells_nothing_under_another_id() -> None:
    street = Street()
    street.order(GAS, PPMID, ppmid=True, counter=1)
    story(street)
    told = names(street)
    assert len(told) == 5
    older = Street()  # as an old back-up has it: the order, and nothing that came of it
    older.order(GAS, PPMID, ppmid=True, counter=1)
    older.pass_time(86_400)
    story(older)
    assert names(older) == told


def test_a_user_is_told_nothing_of_what_another_has_asked() -> None:
    street = Street()
    street.order(GAS, PPMID, ppmid=True)
    story(street)
    for document in street.documents(ELEC):
        assert document.request_id is None
        assert isinstance(document.body, DccAlert)
        assert not isinstance(document.body.content, DeliveryStatus)
        assert format_eui64(GAS) not in written_response(document)


# --- on their way -------------------------------------------------------------------------------


def waiting() -> tuple[Street, str]:
    street = Street()
    street.order(GAS, PPMID, ppmid=True)
    return street, street.row(UserDocument).document


def test_a_document_that_was_taken_is_brought_no_more() -> None:
    street, name = waiting()
    street.happen(DocumentDelivered(name), DocumentUndelivered(name, "late", True))
    row = street.row(UserDocument)
    assert (row.state, row.delivered_utc, row.tries) == (DocumentState.DELIVERED, street.utc, 1)
    with street.store.reading():
        assert list(street.store.broken_seals()) == []


def test_a_document_that_could_not_be_brought_waits_with_the_reason() -> None:
    street, name = waiting()
    street.happen(DocumentUndelivered(name, "refused\nthe connection", False))
    row = street.row(UserDocument)
    assert (row.state, row.tries) == (DocumentState.WAITING, 1)
    assert "\n" not in row.trouble


def test_documents_that_were_given_up_are_brought_again_when_a_person_says_so() -> None:
    street, name = waiting()
    act = RequeueDocuments(format_eui64(ELEC))
    assert "nothing to bring again" in street.refused("olive", act)
    street.happen(DocumentUndelivered(name, "400", True))
    assert street.row(UserDocument).state is DocumentState.DEAD
    octets = street.row(UserDocument).octets
    street.decide("olive", act)
    row = street.row(UserDocument)
    assert (row.state, row.octets) == (DocumentState.WAITING, octets)
    assert "16 hex digits" in street.refused("olive", RequeueDocuments("me"))


def test_words_of_documents_that_there_are_not_change_nothing() -> None:
    street = Street()
    street.happen(DocumentDelivered("none"), DocumentUndelivered("none", "x", True))
    assert street.rows(UserDocument) == []


def test_an_alert_is_in_the_version_that_its_user_writes() -> None:
    street = Street()
    street.order(GAS, PPMID, ppmid=True)
    (document,) = street.documents(ELEC)
    assert document == ServiceResponse(
        "5.4",
        "I0",
        document.utc,
        DccAlert("N59", UpgradeRequested("PPMID", f"{WANTED:08X}", (PPMID,))),
        response_id=document.response_id,
    )
    assert isinstance(document.response_id, RequestId)
    assert document.utc >= Utc(0)


@pytest.mark.parametrize("dated", [False, True])
def test_a_fleet_that_was_put_back_before_a_command_passes_its_answer_on(dated: bool) -> None:
    street, forgotten = Street(), Street()
    at = Utc(street.utc + 1_000) if dated else None
    command, _ = street.activate(ELEC, HCALCS, 1_000, at)
    name = f"sr/{RequestId(ELEC, HCALCS, 1_000).text}"
    answer = messages.accepted(command) if dated else messages.activated(command, WANTED)
    outcome = street.hub_says(HubWord.ANSWERED, HCALCS, name, message=answer)
    forgotten.happen(outcome, outcome)
    assert forgotten.documents() == street.documents()
    assert len(forgotten.documents(ELEC)) == 1
    if dated:
        told = street.hub_says(
            HubWord.ALERT, HCALCS, name, message=messages.executed(command, WANTED, 7)
        )
        forgotten.happen(told)
        assert len(forgotten.documents(ELEC)) == 2
    assert forgotten.draft(ELEC, HCALCS, 1_000).response.code == "E45"


def test_an_answer_to_somebody_who_is_no_user_or_under_another_name_is_told_nobody() -> None:
    street, other = Street(), Street()
    command, _ = street.activate(ELEC, HCALCS, 1_000)
    name = f"sr/{RequestId(GAS, HCALCS, 1_000).text}"
    answer = messages.activated(command, WANTED)
    other.hub_says(HubWord.ANSWERED, HCALCS, name, message=answer)
    assert other.documents() == []
