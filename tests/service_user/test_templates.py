"""Templates of requests: filled in, with everything else left as it was."""

from pathlib import Path

import pytest

from images.eui64 import Eui64
from ota_engine.duis.documents import parse_document, write_document
from ota_engine.duis.refusals import StructureRefused
from ota_engine.duis.requests import RequestId, UpdateFirmware
from ota_engine.duis.writing import write_request, write_response
from ota_engine.errors import LocalError
from ota_engine.service_user.templates import filled, is_signed, take_off_signatures, user_of
from tests.gbcs.parties import DATA
from tests.service_user.parties import (
    COUNTER,
    DISPLAY,
    OTHER,
    SWITCH,
    USER,
    answered,
    asked,
    xml_keys,
)

REQUESTS = DATA / "duis" / "requests"
PLACEHOLDER = (
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
    "<ds:SignatureValue>ZGVmYXVsdA==</ds:SignatureValue></ds:Signature>"
)


def template(counter: int = 0) -> bytes:
    octets = write_document(write_request(asked(counter=counter)))
    return octets.replace(b"</sr:Request>", PLACEHOLDER.encode() + b"\n</sr:Request>")


def test_a_template_gets_user_device_and_counter_and_loses_its_placeholder() -> None:
    root, request = filled(parse_document(template()), OTHER, COUNTER, DISPLAY)
    assert request.header.request_id == RequestId(OTHER, DISPLAY, COUNTER)
    assert request.body == asked().body
    assert b"Signature" not in write_document(root)


def test_whoever_is_not_named_stays() -> None:
    root = parse_document(template(5))
    assert user_of(root) == USER
    assert filled(root, USER, COUNTER)[1].header.request_id == RequestId(USER, SWITCH, COUNTER)


def test_a_template_for_the_dcc_has_no_other_target() -> None:
    body = UpdateFirmware(b"\0" * 60, "1", (SWITCH,))
    octets = write_document(write_request(asked(body, None)))
    with pytest.raises(LocalError, match=r"11\.1 is for the DCC"):
        filled(parse_document(octets), USER, COUNTER, DISPLAY)


def test_a_response_is_no_template() -> None:
    with pytest.raises(StructureRefused):
        filled(write_response(answered(asked())), USER, COUNTER)


def test_a_placeholder_is_no_signature_and_what_was_signed_is() -> None:
    placeholder = parse_document(template())
    assert not is_signed(placeholder)
    take_off_signatures(placeholder)
    signed = parse_document(xml_keys().sign(placeholder, USER))
    assert is_signed(signed)
    take_off_signatures(signed)
    assert not is_signed(signed)


@pytest.mark.skipif(
    not REQUESTS.is_dir(), reason="the DUIS reference data is not beside the project"
)
@pytest.mark.parametrize(
    "name", sorted(path.name for path in REQUESTS.glob("*.XML")) if REQUESTS.is_dir() else [""]
)
def test_a_published_template_is_filled_and_signed(name: str) -> None:
    octets = Path(REQUESTS / name).read_bytes()
    root, request = filled(parse_document(octets), USER, COUNTER)
    assert request.header.request_id.counter == COUNTER
    assert is_signed(parse_document(xml_keys().sign(root, Eui64(USER))))
