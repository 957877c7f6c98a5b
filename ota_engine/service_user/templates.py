"""Requests made from templates: all stays as it is but who asks, whom and by which counter; no file.

Templates bear placeholders for signatures, which are taken off, and the counter 0 or one that was used.
"""

from typing import Final

from lxml import etree

from images.eui64 import Eui64
from ota_engine.duis.documents import DUIS_NAMESPACE, SIGNATURE_TAG
from ota_engine.duis.reading import read_header, read_request
from ota_engine.duis.refusals import SignatureRefused
from ota_engine.duis.requests import DSP, RequestId, ServiceRequest
from ota_engine.duis.signing import signature_of
from ota_engine.errors import LocalError

REQUEST_ID: Final = f"{{{DUIS_NAMESPACE}}}Header/{{{DUIS_NAMESPACE}}}RequestID"


def user_of(template: etree._Element) -> Eui64:
    """Who asks, as the template has it.

    Raises:
        StructureRefused: its header cannot be read.
    """
    return read_header(template).request_id.originator


def filled(
    template: etree._Element, user: Eui64, counter: int, device: Eui64 | None = None
) -> tuple[etree._Element, ServiceRequest]:
    """Fill a template; it is changed in place.

    Args:
        template: root of a request, signed or not.
        user: who asks.
        counter: that names the request.
        device: that is asked instead of the template's.

    Returns:
        The unsigned document, and what it says.

    Raises:
        LocalError: the request is for the DCC, and a device is named.
        StructureRefused: it is no request of DUIS.
    """
    header = read_header(template)
    target = header.request_id.target if device is None else device
    if device is not None and header.request_id.target == DSP:
        raise LocalError(
            f"{header.variant} is for the DCC: its devices are in the template; leave out --device"
        )
    take_off_signatures(template)
    place = template.find(REQUEST_ID)
    if place is None:
        raise AssertionError("a header that was read has a RequestID")
    place.text = RequestId(user, target, counter).text
    return template, read_request(template)


def is_signed(root: etree._Element) -> bool:
    """Whether a document bears a signature that is no placeholder; it is not verified."""
    try:
        signature_of(root)
    except SignatureRefused:
        return False
    return True


def take_off_signatures(root: etree._Element) -> None:
    """Take signatures off a document, placeholders or others."""
    for signature in root.findall(SIGNATURE_TAG):
        _remove(signature)


def _remove(signature: etree._Element) -> None:
    """Take an element out and leave the white space behind it."""
    parent, before, tail = signature.getparent(), signature.getprevious(), signature.tail or ""
    if parent is None:
        raise AssertionError("a signature that was found has a parent")
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(signature)
