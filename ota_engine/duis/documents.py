"""Octets to XML trees and back, within limits; knows XML, but nothing of what documents say.

The largest legal request carries an image of 10,240,000 octets in one text, more than an XML parser
takes unless it is told to take anything. So everything that makes XML dangerous is refused before
the parser sees it: document types and entities, encodings other than UTF-8, more octets or more
markup than any document of DUIS has. Nothing is ever fetched.
"""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from ota_engine.duis.refusals import NotDuis

DUIS_NAMESPACE: Final = "http://www.dccinterface.co.uk/ServiceUserGateway"
DSIG_NAMESPACE: Final = "http://www.w3.org/2000/09/xmldsig#"
MOST_DOCUMENT_OCTETS: Final = 15 << 20
MOST_TAGS: Final = 20_000  # "<" in one document; legal ones have some hundreds
MOST_ATTRIBUTES: Final = 5_000  # "=" in one document; a canonical form takes their square
MOST_DEPTH: Final = 64  # elements within elements; the schema's deepest is 14
REQUEST_TAG: Final = f"{{{DUIS_NAMESPACE}}}Request"
RESPONSE_TAG: Final = f"{{{DUIS_NAMESPACE}}}Response"
SIGNATURE_TAG: Final = f"{{{DSIG_NAMESPACE}}}Signature"
MOST_NAMESPACES: Final = 64  # declared in one document; a canonical form takes their square
_BOM: Final = b"\xef\xbb\xbf"
_DECLARED: Final = re.compile(
    rb"""<\?xml\s+version\s*=\s*(?:'|")([^'"<>]*)(?:'|")(?:\s+encoding\s*=\s*(?:'|")([^'"<>]*)(?:'|"))?"""
)
_DECLARATION_OCTETS: Final = 256


def parse_document(octets: bytes) -> etree._Element:
    """Read one document.

    Args:
        octets: as they came.

    Returns:
        Its root: ``sr:Request`` or ``sr:Response``.

    Raises:
        NotDuis: it is none; in one line, why.
    """
    octets = octets.removeprefix(_BOM)
    _check_octets(octets)
    parser = etree.XMLParser(
        encoding="utf-8",
        huge_tree=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        collect_ids=False,
        remove_blank_text=False,
    )
    try:
        root = etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as error:
        raise NotDuis(f"not well-formed XML, cut or damaged: {_one_line(error)}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotDuis("it has a document type: DUIS has none")
    if root.tag not in (REQUEST_TAG, RESPONSE_TAG):
        raise NotDuis(f"the root is {root.tag[:80]!a}, neither Request nor Response of DUIS")
    _check_tree(root)
    return root


def write_document(root: etree._Element) -> bytes:
    """Write a tree as a document in UTF-8."""
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def local_name(element: etree._Element) -> str:
    """Name of an element without its namespace; of a comment, what it is."""
    tag = element.tag
    return str(etree.QName(element).localname) if isinstance(tag, str) else "comment"


def _check_octets(octets: bytes) -> None:
    if len(octets) > MOST_DOCUMENT_OCTETS:
        raise NotDuis(f"{len(octets)} octets: no document is longer than {MOST_DOCUMENT_OCTETS}")
    for place in _places(octets, b"<", MOST_TAGS):
        if octets.startswith((b"<!DOCTYPE", b"<!ENTITY"), place):
            raise NotDuis("it has a document type or an entity: DUIS has neither")
    for _ in _places(octets, b"=", MOST_ATTRIBUTES):
        pass
    declared = _DECLARED.match(octets[:_DECLARATION_OCTETS])
    if declared is not None:
        if declared[1] != b"1.0":
            raise NotDuis("it is not XML 1.0")
        if declared[2] is not None and declared[2].lower() not in (b"utf-8", b"utf8"):
            raise NotDuis("it declares an encoding other than UTF-8")
    elif octets.startswith(b"<?xml"):
        raise NotDuis("its XML declaration cannot be read: write version 1.0 and encoding UTF-8")
    if b"\0" in octets or not _is_utf8(octets):
        raise NotDuis("it is not UTF-8")


def _places(octets: bytes, mark: bytes, most: int) -> Iterator[int]:
    """Where a mark stands; nothing is searched twice, as fifteen million octets may be."""
    place = octets.find(mark)
    for _ in range(most):
        if place < 0:
            return
        yield place
        place = octets.find(mark, place + 1)
    raise NotDuis(
        f"more than {most} of {mark.decode()!r}: no document has so many tags or attributes"
    )


def _is_utf8(octets: bytes) -> bool:
    if octets.isascii():
        return True
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _check_tree(root: etree._Element) -> None:
    """Refuse what parses quickly and is canonicalised slowly."""
    depth = namespaces = 0
    for event, _ in etree.iterwalk(root, events=("start", "end", "start-ns")):
        depth += (event == "start") - (event == "end")
        namespaces += event == "start-ns"
        if depth > MOST_DEPTH:
            raise NotDuis(f"elements lie more than {MOST_DEPTH} deep: no document does that")
        if namespaces > MOST_NAMESPACES:
            raise NotDuis(f"more than {MOST_NAMESPACES} namespaces: no document has so many")


def _one_line(error: Exception) -> str:
    text = str(error).partition(" (<string>")[0]
    return ascii((text.splitlines() or ["unreadable"])[0][:160])[1:-1]
