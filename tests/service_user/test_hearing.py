"""Documents told in words and as values, and found to belong to the requests that led to them."""

import json

import pytest

from images.eui64 import format_eui64
from ota_engine.duis.documents import parse_document, write_document
from ota_engine.duis.reading import read_response
from ota_engine.duis.requests import RequestId
from ota_engine.duis.responses import GbcsPayload, ServiceResponse
from ota_engine.duis.writing import write_response
from ota_engine.service_user.hearing import (
    DocumentKind,
    RequestHearing,
    SentRequest,
    alert_of,
    devices_of,
    kind_of,
    request_of,
)
from ota_engine.service_user.meanings import meaning_of
from ota_engine.service_user.saying import document_facts, message_of, say
from ota_engine.times import Utc
from tests.gbcs import parties
from tests.service_user.parties import DISPLAY, HUB, NOW, SWITCH, asked
from tests.service_user.samples import DOCUMENTS, UPDATE_ID, activated, response

RESPONSE, NOTED, OUTCOME, SILENT, DEVICE_ALERT, DELIVERED, *_ = DOCUMENTS


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_kind_of_document_is_told_in_one_line_and_as_json(document: ServiceResponse) -> None:
    read = read_response(parse_document(write_document(write_response(document))))
    assert read == document
    facts = json.loads(json.dumps(document_facts(read, parties.everyone())))
    assert facts["says"] == say(read)
    assert facts["says"].isprintable()
    assert facts["utc"].endswith("Z")
    assert set(devices_of(read)) <= {SWITCH, DISPLAY, HUB}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (RESPONSE, "CS06 response: success, it runs 01010000"),
        (NOTED, "CS06 response: noted, its outcome follows"),
        (OUTCOME, "CS06 alert: success, it runs 01010000"),
        (SILENT, "no details"),
        (DELIVERED, "01010000 has arrived for 00-DB-12-34-00-00-00-03"),
    ],
)
def test_a_document_says_what_its_device_signed(document: ServiceResponse, said: str) -> None:
    assert say(document) == said


def test_the_message_of_a_device_is_verified_with_keys_at_hand() -> None:
    known = document_facts(RESPONSE, parties.everyone())["gbcs"]
    assert (known["use_case"], known["signature"]) == ("CS06", "valid")
    assert document_facts(RESPONSE)["gbcs"]["signature"] == "no-key"
    assert document_facts(DELIVERED)["gbcs"] is None


def test_a_message_that_is_none_is_said_to_be() -> None:
    document = response(GbcsPayload(b"\0"))
    assert say(document).startswith("no GBCS message")
    assert "unreadable" in document_facts(document)["gbcs"]
    assert message_of(document) is None


def test_the_device_signed_a_failure_and_so_it_is_told() -> None:
    assert (
        say(response(GbcsPayload(activated(2)))) == "CS06 response: hash mismatch, it runs 01010000"
    )


@pytest.mark.parametrize(
    ("document", "kind", "alert", "request_id"),
    [
        (RESPONSE, DocumentKind.RESPONSE, "", asked().header.request_id),
        (OUTCOME, DocumentKind.OUTCOME, "8F66", asked().header.request_id),
        (DEVICE_ALERT, DocumentKind.DEVICE_ALERT, "8F72", None),
        (DELIVERED, DocumentKind.DCC_ALERT, "N60", UPDATE_ID),
        (DOCUMENTS[7], DocumentKind.DCC_ALERT, "N62", UPDATE_ID),
        (DOCUMENTS[8], DocumentKind.DCC_ALERT, "N62", None),
        (DOCUMENTS[12], DocumentKind.DCC_ALERT, "N64", None),
        (DOCUMENTS[15], DocumentKind.DCC_ALERT, "N18", UPDATE_ID),
    ],
)
def test_a_document_names_its_request_where_it_has_one(
    document: ServiceResponse, kind: DocumentKind, alert: str, request_id: RequestId | None
) -> None:
    assert (kind_of(document), alert_of(document), request_of(document)) == (
        kind,
        alert,
        request_id,
    )


def test_response_and_later_outcome_of_one_request_come_together() -> None:
    hearing = RequestHearing()
    request_id = asked().header.request_id
    for variant, code in ((4, ""), (4, "I0"), (5, ""), (5, "I99")):
        hearing.sent(SentRequest(request_id, variant, "11.3", NOW, code))
    for number, document in enumerate((NOTED, OUTCOME, DEVICE_ALERT), 1):
        hearing.heard(document, Utc(NOW + number), say(document))
    (progress,) = hearing.progress()
    assert (progress.code, progress.responses, progress.alerts) == ("I99", {"I0": 1}, {"8F66": 1})
    assert (progress.device, progress.last_utc) == (SWITCH, NOW + 2)
    assert progress.says == say(OUTCOME)


def test_the_request_heard_of_last_is_at_the_end_and_alerts_are_counted() -> None:
    hearing = RequestHearing()
    for _ in range(3):
        hearing.heard(DELIVERED, NOW, "")
    hearing.heard(RESPONSE, NOW, "")
    hearing.heard(DELIVERED, NOW, "")
    assert [one.request_id for one in hearing.progress()] == [
        asked().header.request_id,
        UPDATE_ID,
    ]
    (last,) = hearing.progress(1)
    assert last.alerts == {"N60": 4}


def test_what_was_sent_from_elsewhere_is_shown_too() -> None:
    hearing = RequestHearing()
    found = hearing.heard(DELIVERED, NOW, say(DELIVERED))
    assert found is not None
    assert (found.request_id, found.reference, found.device) == (UPDATE_ID, "", None)
    assert hearing.heard(DEVICE_ALERT, NOW, "") is None


@pytest.mark.parametrize(
    ("code", "text", "certainty"),
    [
        ("I0", "done", "certain"),
        ("E4", "not responsible", "stated"),
        ("E71", "its meaning is not public", "guessed"),
        ("N64", "hub activated", "inferred"),
    ],
)
def test_a_code_is_told_with_how_sure_its_meaning_is(code: str, text: str, certainty: str) -> None:
    assert meaning_of(code) == (text, certainty)


def test_a_code_that_several_cases_share_tells_all_of_them() -> None:
    assert " or " in meaning_of("E110401").text
    assert format_eui64(SWITCH) in say(DOCUMENTS[16])
