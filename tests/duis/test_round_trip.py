"""Every request and response that values can say comes back from its document as it was."""

from hypothesis import given

from ota_engine.duis.documents import parse_document, write_document
from ota_engine.duis.reading import read_header, read_request, read_response
from ota_engine.duis.requests import ServiceRequest
from ota_engine.duis.responses import ServiceResponse
from ota_engine.duis.signing import sign_document, verify_document
from ota_engine.duis.writing import write_request, write_response
from tests.duis import strategies
from tests.duis.signers import signer


@given(strategies.requests())
def test_a_request_comes_back_from_its_document_as_it_was(request: ServiceRequest) -> None:
    root = parse_document(write_document(write_request(request)))
    assert read_header(root) == request.header
    assert read_request(root) == request


@given(strategies.responses())
def test_a_response_comes_back_from_its_document_as_it_was(response: ServiceResponse) -> None:
    root = parse_document(write_document(write_response(response)))
    assert read_response(root) == response


@given(strategies.requests())
def test_a_signed_request_comes_back_from_what_was_verified(request: ServiceRequest) -> None:
    key, certificate = signer()
    octets = sign_document(write_request(request), key, certificate)
    assert read_request(verify_document(octets, certificate)) == request


@given(strategies.responses())
def test_a_signed_response_comes_back_from_what_was_verified(response: ServiceResponse) -> None:
    key, certificate = signer()
    octets = sign_document(write_response(response), key, certificate)
    assert read_response(verify_document(octets, certificate)) == response
