"""Documents of DUIS: read and written as they were, or refused in one line; none is forged."""

from contextlib import suppress
from functools import cache
from typing import Final

from ota_engine.duis.documents import parse_document, write_document
from ota_engine.duis.reading import read_header, read_request, read_response
from ota_engine.duis.refusals import NotDuis, SignatureRefused, StructureRefused
from ota_engine.duis.requests import ServiceRequest
from ota_engine.duis.responses import ServiceResponse
from ota_engine.duis.signing import sign_document, signature_of, verify_document
from ota_engine.duis.writing import write_request, write_response
from targets.target import Target, one_line
from tests.duis.made import every_request, every_response
from tests.duis.signers import signer


@cache
def document_seeds() -> tuple[bytes, ...]:
    """A document of every kind, signed."""
    roots = [*map(write_request, every_request()), *map(write_response, every_response())]
    return tuple(sign_document(root, *signer()) for root in roots)


@cache
def _signed_values() -> frozenset[ServiceRequest | ServiceResponse]:
    return frozenset(map(_value, document_seeds()))


def _value(data: bytes) -> ServiceRequest | ServiceResponse:
    root = parse_document(data)
    return read_request(root) if root.tag.endswith("Request") else read_response(root)


def posting(data: bytes) -> None:
    """A document is read and written as it was, or refused in one line; none is forged."""
    try:
        value = _value(data)
    except (NotDuis, StructureRefused) as refused:
        one_line(refused)
    else:
        root = write_request(value) if isinstance(value, ServiceRequest) else write_response(value)
        assert _value(write_document(root)) == value
    with suppress(NotDuis, StructureRefused):
        read_header(parse_document(data))
    with suppress(NotDuis, StructureRefused):
        try:
            root = parse_document(data)
            serial = signature_of(root).serial
            root = verify_document(root, signer().certificate)
        except SignatureRefused as refused:
            one_line(refused)
            return
        assert serial == signer().certificate.serial_number
        read = read_request(root) if root.tag.endswith("Request") else read_response(root)
        assert read in _signed_values(), "forged"


TARGETS: Final = {"duis": Target(document_seeds, posting, ("ota_engine.duis",))}
