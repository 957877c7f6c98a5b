"""What an attacker may send instead of a document: each is refused, in one line, before it costs much."""

import base64
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ota_engine.duis.documents import (
    MOST_DEPTH,
    MOST_DOCUMENT_OCTETS,
    MOST_NAMESPACES,
    MOST_TAGS,
    parse_document,
    write_document,
)
from ota_engine.duis.reading import read_request
from ota_engine.duis.refusals import NotDuis, StructureRefused
from ota_engine.duis.requests import MOST_DEVICES, MOST_IMAGE_OCTETS, ServiceRequest
from ota_engine.duis.signing import sign_document
from ota_engine.duis.writing import write_request
from ota_engine.errors import LocalError
from tests.duis.made import inventory_request, update_request
from tests.duis.signers import signer

DOCUMENT = write_document(write_request(inventory_request()))
DECLARATION = b"<?xml version='1.0' encoding='UTF-8'?>\n"
BODY = DOCUMENT.removeprefix(DECLARATION)


def refused(octets: bytes) -> str:
    with pytest.raises(NotDuis) as caught:
        parse_document(octets)
    said = str(caught.value)
    assert said.isprintable() and len(said) < 250
    return said


BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;">' % ((98 + n,) + (97 + n,) * 6) for n in range(12)
    )
    + b"]>"
)


@pytest.mark.parametrize(
    "inserted",
    [
        pytest.param(BOMB, id="entities within entities"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 100_000 + b'">]>', id="a long entity"),
        pytest.param(b"<!DOCTYPE x>", id="a bare document type"),
        pytest.param(b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">', id="an external subset"),
        pytest.param(
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', id="an external entity"
        ),
        pytest.param(
            b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>',
            id="a parameter entity",
        ),
    ],
)
def test_a_document_type_is_refused_before_it_is_parsed(inserted: bytes) -> None:
    assert "document type" in refused(DECLARATION + inserted + BODY)


def test_an_entity_that_nobody_declared_is_no_text() -> None:
    refused(DOCUMENT.replace(b"<sr:DeviceID>", b"<sr:DeviceID>&a;"))


def test_a_document_type_within_text_is_refused_too() -> None:
    refused(DOCUMENT.replace(b"<sr:DeviceID>", b"<sr:DeviceID><![CDATA[<!DOCTYPE x>]]>"))


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda text: text.encode("utf-16"), id="UTF-16 with its mark"),
        pytest.param(lambda text: text.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(lambda text: text.encode("utf-16-be"), id="UTF-16, most significant first"),
        pytest.param(lambda text: text.encode("utf-32"), id="UTF-32"),
        pytest.param(lambda text: text.encode("cp500"), id="EBCDIC"),
        pytest.param(lambda text: text.encode("utf-7"), id="UTF-7"),
        pytest.param(
            lambda text: text.replace("UTF-8", "ISO-8859-1").encode("latin-1"), id="latin-1"
        ),
        pytest.param(
            lambda text: text.replace("UTF-8", "US-ASCII").encode("ascii"), id="declared ASCII"
        ),
        pytest.param(
            lambda text: text.replace("UTF-8", "UTF-16").encode("ascii"), id="declared UTF-16"
        ),
    ],
)
def test_no_other_encoding_is_read(encode: Callable[[str], bytes]) -> None:
    octets = encode(DOCUMENT.decode("ascii"))
    if octets.startswith(b"<?xml version='1.0' encoding='UTF-8'"):  # UTF-7 is ASCII until it shifts
        octets = octets.replace(b"UTF-8", b"UTF-7")
    refused(octets)


def test_octets_that_are_not_utf_8_are_refused() -> None:
    assert "UTF-8" in refused(DOCUMENT.replace(b"<sr:DeviceID>", b"<sr:DeviceID>\xe9"))


@pytest.mark.parametrize("overlong", [b"\xc0\xbc", b"\xe0\x80\xbc", b"\xed\xa0\x80"])
def test_characters_in_a_form_that_is_too_long_are_refused(overlong: bytes) -> None:
    assert "UTF-8" in refused(DOCUMENT.replace(b"<sr:DeviceID>", b"<sr:DeviceID>" + overlong))


def test_the_mark_that_some_clients_write_before_utf_8_is_read() -> None:
    assert read_request(parse_document(b"\xef\xbb\xbf" + DOCUMENT)) == inventory_request()


@pytest.mark.parametrize(
    "declaration",
    [b"<?xml version='1.1'?>", b"<?xml encoding='UTF-8'?>", b"<?xml version=1.0?>", b"<?xml ?>"],
)
def test_a_declaration_that_says_something_else_is_refused(declaration: bytes) -> None:
    refused(declaration + BODY)


def test_a_document_without_a_declaration_is_read() -> None:
    assert read_request(parse_document(BODY)) == inventory_request()


def test_octets_above_the_limit_are_refused_unread() -> None:
    assert str(MOST_DOCUMENT_OCTETS) in refused(b"<" * (MOST_DOCUMENT_OCTETS + 1))


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(b"<sr:a/>" * (2 << 20), id="two million elements"),
        pytest.param(b"<!---->" * (2 << 20), id="two million comments"),
        pytest.param(b"<?a?>" * (2 << 20), id="two million processing instructions"),
        pytest.param(b"<a>" * MOST_TAGS, id="elements in elements"),
        pytest.param(
            b"<a" + b"".join(b" a%x=''" % n for n in range(400_000)) + b"/>", id="attributes"
        ),
        pytest.param(
            b"<a" + b"".join(b" xmlns:a%x='u'" % n for n in range(400_000)) + b"/>",
            id="namespaces",
        ),
    ],
)
def test_a_flood_of_markup_is_refused_without_being_parsed(flood: bytes) -> None:
    octets = DOCUMENT.replace(b"<sr:ReadInventory>", b"<sr:ReadInventory>" + flood)
    tracemalloc.start()
    try:
        assert "more than" in refused(octets)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("depth", [MOST_DEPTH, 500, 5_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    deep = b"<sr:a>" * depth + b"</sr:a>" * depth
    refused(DOCUMENT.replace(b"<sr:ReadInventory>", b"<sr:ReadInventory>" + deep))


@pytest.mark.parametrize("count", [MOST_NAMESPACES, 4_000])
def test_a_flood_of_namespaces_is_refused_before_it_is_canonicalised(count: int) -> None:
    on_one = b"".join(b" xmlns:a%x='urn:a'" % n for n in range(count))
    assert "namespaces" in refused(
        DOCUMENT.replace(b"<sr:Request ", b"<sr:Request" + on_one + b" ")
    )
    each = b"<sr:a xmlns='urn:a'/>" * count
    octets = DOCUMENT.replace(b"<sr:ReadInventory>", b"<sr:ReadInventory>" + each)
    assert "namespaces" in refused(octets)


def test_a_huge_attribute_is_refused() -> None:
    huge = b"<sr:ReadInventory a='" + b"a" * 14_000_000 + b"'>"
    root = parse_document(DOCUMENT.replace(b"<sr:ReadInventory>", huge))
    with pytest.raises(StructureRefused, match="attribute"):
        read_request(root)


def test_a_huge_name_is_refused_in_a_short_line() -> None:
    name = b"a" * 1_000_000
    octets = DOCUMENT.replace(b"sr:ReadInventory", b"sr:" + name)
    with pytest.raises((NotDuis, StructureRefused)) as caught:
        read_request(parse_document(octets))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "octets", [b"", b" ", b"{}", b"<a", b"<a/>", b"<a></b>", b"\xff", b"<?xml"]
)
def test_what_is_no_document_is_refused(octets: bytes) -> None:
    refused(octets)


def test_the_root_has_the_namespace_of_duis() -> None:
    refused(DOCUMENT.replace(b"ServiceUserGateway", b"serviceusergateway"))


def test_the_largest_image_is_read_and_one_octet_more_is_not() -> None:
    largest = update_request(image=bytes(MOST_IMAGE_OCTETS))
    octets = write_document(write_request(largest))
    assert read_request(parse_document(octets)) == largest
    with pytest.raises(StructureRefused, match=f"longer than {MOST_IMAGE_OCTETS} octets"):
        read_request(parse_document(with_image(octets, MOST_IMAGE_OCTETS + 1)))
    with pytest.raises(LocalError, match=f"longer than {MOST_IMAGE_OCTETS} octets"):
        write_request(update_request(image=bytes(MOST_IMAGE_OCTETS + 1)))


def with_image(octets: bytes, size: int) -> bytes:
    start = octets.index(b"<sr:FirmwareImage>") + len(b"<sr:FirmwareImage>")
    end = octets.index(b"</sr:FirmwareImage>")
    return octets[:start] + base64.b64encode(bytes(size)) + octets[end:]


def listing(count: int) -> ServiceRequest:
    return update_request(devices=range(count))


def test_fifty_thousand_devices_are_read_and_one_more_is_not() -> None:
    octets = write_document(write_request(listing(MOST_DEVICES)))
    assert read_request(parse_document(octets)) == listing(MOST_DEVICES)
    more = octets.replace(b"<sr:DeviceIDList>", b"<sr:DeviceIDList>00-00-00-00-00-00-00-00,")
    with pytest.raises(StructureRefused, match="50001 devices") as caught:
        read_request(parse_document(more))
    assert caught.value.path == "Request/Body/UpdateFirmware/DeviceIDList"
    assert caught.value.header == listing(1).header
    with pytest.raises(LocalError, match="50001 devices"):
        write_request(listing(MOST_DEVICES + 1))


LARGEST = """
import re, sys
from pathlib import Path
from ota_engine.duis.certificates import load_xml_certificate
from ota_engine.duis.documents import parse_document
from ota_engine.duis.reading import read_request
from ota_engine.duis.signing import verify_document
octets = sys.stdin.buffer.read()
certificate = load_xml_certificate(sys.argv[1].encode())
body = read_request(verify_document(parse_document(octets), certificate)).body
most = re.search(r"VmHWM:\\s*([0-9]+) kB", Path("/proc/self/status").read_text())[1]
print(len(body.image), len(body.devices), most)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc here")
def test_the_largest_request_is_parsed_verified_and_read_in_less_than_400_mb() -> None:
    largest = update_request(bytes(MOST_IMAGE_OCTETS), range(MOST_DEVICES))
    octets = sign_document(write_request(largest), *signer())
    assert len(octets) < MOST_DOCUMENT_OCTETS
    pem = signer().certificate.public_bytes(Encoding.PEM).decode()
    done = subprocess.run(
        [sys.executable, "-c", LARGEST, pem], input=octets, capture_output=True, check=True
    )
    image, devices, kilobytes = map(int, done.stdout.split())
    assert (image, devices) == (MOST_IMAGE_OCTETS, MOST_DEVICES)
    assert kilobytes < 400_000
