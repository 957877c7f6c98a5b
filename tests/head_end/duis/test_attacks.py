"""What strangers, careless and ill-meant users post: each has a clear answer, and nothing is half done."""

import random
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio
import trio.lowlevel
from lxml import etree

from images.eui64 import Eui64
from ota_engine.audit_chain import AuditRow
from ota_engine.duis.codes import CODES, ResponseCase
from ota_engine.duis.documents import MOST_DOCUMENT_OCTETS as MOST_OCTETS
from ota_engine.duis.requests import MOST_DEVICES, MOST_IMAGE_OCTETS
from ota_engine.duis.signing import sign_document
from ota_engine.fleet.orders.rows import ImageOrder, ServiceInbox
from ota_engine.gbcs.certificates import Role
from ota_engine.telling import serving
from tests.head_end.duis.lab import (
    EAST,
    HUB,
    OTHER_HUB,
    PPMID,
    STRANGER,
    WEST,
    Client,
    Identity,
    Lab,
    identity,
    inventory,
    opened,
    ppmid_image,
    reparsed,
    signed,
    tree,
    unsigned,
    update,
)

DS = "{http://www.w3.org/2000/09/xmldsig#}"
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def nothing_happened(lab: Lab) -> bool:
    return not (lab.rows(ServiceInbox) or lab.rows(ImageOrder) or list(lab.state.glob("images/*")))


def billion_laughs() -> bytes:
    entities = b"".join(
        b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
    )
    return HEAD + b'<!DOCTYPE a [<!ENTITY l0 "lol">' + entities + b"]><a>&l9;</a>"


def with_doctype(inner: bytes) -> bytes:
    return unsigned(inventory()).replace(b"?>", b"?><!DOCTYPE Request " + inner + b">", 1)


NO_DUIS = {
    "nothing": b"",
    "no XML": b"hello",
    "another document": HEAD + b"<a/>",
    "not closed": unsigned(inventory())[:-10],
    "an entity bomb": billion_laughs(),
    "a document type": with_doctype(b""),
    "an external entity": with_doctype(b'[<!ENTITY x SYSTEM "file:///etc/passwd">]'),
    "an external document type": with_doctype(b'SYSTEM "http://127.0.0.1:1/x.dtd"'),
    "a parameter entity": with_doctype(b'[<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]'),
    "UTF-16": unsigned(inventory()).decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "UTF-16 without a declaration": unsigned(inventory()).decode()[38:].encode("utf-16"),
    "Latin-1 with letters of its own": unsigned(inventory())
    .replace(b"8.2", b"\xe9", 1)
    .replace(b"UTF-8", b"ISO-8859-1"),
    "octets that are not UTF-8": unsigned(inventory()).replace(b"8.2", b"\xff", 1),
    "UTF-7": unsigned(inventory()).replace(b"UTF-8", b"UTF-7"),
    "elements without end": HEAD + b"<a>" * 200_000,
    "attributes without end": HEAD
    + b"<a "
    + b" ".join(b'a%d=""' % n for n in range(60_000))
    + b"/>",
    "no header": HEAD
    + b'<sr:Request xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway"/>',
    "no request id": unsigned(inventory()).replace(b":RequestID>", b":RequestIE>"),
}


@pytest.mark.parametrize("name", NO_DUIS)
async def test_what_is_no_request_of_duis_is_refused_by_http_with_one_line(
    lab: Lab, name: str
) -> None:
    async with lab.serving() as client:
        assert await client.code(NO_DUIS[name]) == "400"
        assert await client.code(signed(inventory())) == "I0", "the next one is served"
    assert len(lab.rows(ServiceInbox)) == 1


@pytest.mark.parametrize("kind", ["text/xml", "application/json", "", "multipart/form-data; a=b"])
async def test_another_content_type_is_refused_unread(lab: Lab, kind: str) -> None:
    async with lab.serving() as client:
        answer = await client.post(signed(inventory()), Content_Type=kind)
        assert answer.status_code == 415
        charset = await client.post(
            signed(inventory()), Content_Type="Application/XML; charset=utf-8"
        )
        assert charset.status_code == 200
        packed = await client.post(signed(inventory()), Content_Encoding="gzip")
        assert packed.status_code == 415


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(lab: Lab) -> None:
    async with lab.serving() as client:
        stream = await raw(client)
        async with stream:
            await stream.send_all(HEADERS + b"Content-Length: %d\r\n\r\n" % (MOST_OCTETS + 1))
            assert b"HTTP/1.1 413 " in await everything(stream)
        stream, sent = await raw(client), 0
        async with stream:
            await stream.send_all(HEADERS + b"Transfer-Encoding: chunked\r\n\r\n")
            piece = b"%x\r\n%b\r\n" % (1 << 16, b" " * (1 << 16))
            with suppress(trio.BrokenResourceError):
                while True:
                    await stream.send_all(piece)
                    sent += 1 << 16
        assert sent < 2 * MOST_OCTETS
        assert [one["code"] for one in client.logs if one["event"] == "answered"] == ["413"] * 2


async def everything(stream: trio.SocketStream) -> bytes:
    found = b""
    while piece := await stream.receive_some():
        found += piece
    return found


async def raw(client: Client) -> trio.SocketStream:
    place = urlsplit(client.url)
    assert place.hostname is not None
    return await trio.open_tcp_stream(place.hostname, place.port or 80)


HEADERS = b"POST /api/v1/serviceD HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"


async def test_a_body_that_does_not_come_is_not_waited_for(lab: Lab) -> None:
    async with lab.serving(body_s=0.2) as client:
        stream = await raw(client)
        async with stream:
            await stream.send_all(HEADERS + b"Content-Length: 1000\r\n\r\n<a")
            answer = await everything(stream)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive within" in answer


async def test_a_sender_that_leaves_in_the_middle_changes_nothing(lab: Lab) -> None:
    octets = signed(inventory())
    async with lab.serving() as client:
        for cut in (1, len(octets) // 2, len(octets) - 1):
            stream = await raw(client)
            length = b"Content-Length: %d\r\n\r\n" % len(octets)
            await stream.send_all(HEADERS + length + octets[:cut])
            await stream.aclose()
        assert await client.code(octets) == "I0"
    assert len(lab.rows(ServiceInbox)) == 1


async def test_a_reader_that_stops_reading_neither_holds_up_others_nor_the_end(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "UNREAD_S", 0.5)
    octets = signed(inventory())
    whole = HEADERS + b"Content-Length: %d\r\n\r\n" % len(octets) + octets
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        async with lab.serving() as client:
            place = urlsplit(client.url)
            lazy.connect((place.hostname, place.port))
            lazy.setblocking(False)
            with suppress(BlockingIOError):
                while True:  # until nothing fits in: the server waits for its reader
                    lazy.send(whole)
                    await trio.lowlevel.checkpoint()
            assert await client.code(signed(inventory())) == "I0"
        # the head end has ended, and the connection with it


def two_signatures() -> bytes:
    root = reparsed(signed(inventory()))
    root.append(etree.fromstring(etree.tostring(root.find(f"{DS}Signature"))))
    return bytes(etree.tostring(root))


def wrapped(place: str) -> bytes:
    """Put what east signed somewhere inside, and another request around it."""
    inner = reparsed(signed(inventory(HUB)))
    outer = tree(inventory(OTHER_HUB))
    signature = inner.find(f"{DS}Signature")
    if place == "body":
        outer[1].append(inner)
        outer.append(etree.fromstring(etree.tostring(signature)))
        inner.remove(signature)
    elif place == "object":
        held = etree.SubElement(signature, f"{DS}Object")
        inner.remove(signature)
        held.append(inner)
        outer.append(signature)
    else:
        outer.append(signature)
    return bytes(etree.tostring(outer))


def in_the_body() -> bytes:
    """A signature that is no child of the root."""
    root = reparsed(signed(inventory()))
    root[1].append(root.find(f"{DS}Signature"))
    return bytes(etree.tostring(root))


def changed_after() -> bytes:
    octets = signed(inventory(HUB))
    return octets.replace(b"00-DB-12-34-00-00-00-01", b"00-DB-12-34-00-00-00-02")


def by(signer: Identity, user: Eui64 = EAST) -> bytes:
    return signed(inventory(user=user), signer)


@pytest.mark.parametrize(
    "octets",
    [
        lambda: unsigned(inventory()),
        two_signatures,
        in_the_body,
        changed_after,
        lambda: wrapped("body"),
        lambda: wrapped("object"),
        lambda: wrapped("moved"),
    ],
)
async def test_what_its_user_has_not_signed_is_refused_and_nothing_of_it_is_kept(
    lab: Lab, octets: Callable[[], bytes]
) -> None:
    async with lab.serving() as client:
        assert await client.code(octets()) == CODES.code(ResponseCase.SIGNATURE_WRONG)
    assert nothing_happened(lab)


async def test_nobody_uses_up_the_request_id_of_another(lab: Lab) -> None:
    asked = inventory(counter=77)
    async with lab.serving() as client:
        assert (await client.code(unsigned(asked))).startswith("E")
        assert (await client.code(signed(asked, identity(WEST)))).startswith("E")
        assert await client.code(signed(asked)) == "I0"


async def test_a_signer_must_be_the_user_known_valid_and_of_the_right_role(lab: Lab) -> None:
    ended = identity(EAST, serial=11, days=10)
    wrong_role = identity(EAST, Role.SUPPLIER, serial=12)
    unknown = identity(EAST, serial=13)
    for number, one in enumerate((ended, wrong_role)):
        one.write(lab.keys, f"more-{number}")
    async with lab.serving() as client:
        assert await client.code(by(ended)) == CODES.code(ResponseCase.CERTIFICATE_NOT_USABLE)
        assert await client.code(by(unknown)) == CODES.code(ResponseCase.CERTIFICATE_NOT_USABLE)
        assert await client.code(by(wrong_role)) == CODES.code(ResponseCase.NO_SUCH_USER)
        assert await client.code(by(identity(WEST))) == CODES.code(
            ResponseCase.SIGNER_NOT_ORIGINATOR
        )
        assert await client.code(by(identity(STRANGER), STRANGER)) == CODES.code(
            ResponseCase.NO_SUCH_USER
        )
    assert nothing_happened(lab)


async def test_a_key_that_is_not_the_certificates_signs_nothing(lab: Lab) -> None:
    root = tree(inventory())
    other = identity(EAST, serial=14)
    named = etree.fromstring(sign_document(root, other.key, other.certificate))
    serial = named.find(f".//{DS}X509SerialNumber")
    assert serial is not None
    serial.text = str(identity(EAST).certificate.serial_number)
    async with lab.serving() as client:
        code = await client.code(bytes(etree.tostring(named)))
    assert code == CODES.code(ResponseCase.SIGNATURE_WRONG)


def other_body() -> bytes:
    """The header says 8.2, the body is that of an 11.4."""
    root, other = tree(inventory()), tree(update(PPMID))
    root[1][:] = list(other[1])
    return signed(root)


def other_reference() -> bytes:
    root = tree(inventory())
    root.find(".//{*}ServiceReferenceVariant").text = "8.4"
    root.find(".//{*}ServiceReference").text = "8.4"
    return signed(root)


def two_bodies() -> bytes:
    root = tree(inventory())
    root[1].append(etree.fromstring(etree.tostring(root[1][0])))
    return signed(root)


def unknown_element() -> bytes:
    root = tree(inventory())
    etree.SubElement(root[1][0], "{urn:x}More").text = "x"
    return signed(root)


@pytest.mark.parametrize("octets", [other_body, other_reference, two_bodies, unknown_element])
async def test_a_header_and_a_body_that_disagree_are_refused_by_a_code(
    lab: Lab, octets: Callable[[], bytes]
) -> None:
    async with lab.serving() as client:
        answer = await client.post(octets())
        told = opened(answer.content)
    assert told.code == CODES.code(ResponseCase.STRUCTURE_WRONG)
    assert told.request_id is not None
    assert nothing_happened(lab)


def with_devices(number: int) -> Any:
    root = tree(update(PPMID))
    element = root.find(".//{*}DeviceIDList")
    first = 0x00DB_1234_0000_0002
    element.text = ",".join(f"{first + n:016x}" for n in range(number))
    element.text = ",".join(
        "-".join(one[at : at + 2] for at in range(0, 16, 2)) for one in element.text.split(",")
    )
    return root


async def test_fifty_thousand_devices_are_taken_and_one_more_is_not(lab: Lab) -> None:
    async with lab.serving() as client:
        most = await client.ask(signed(with_devices(MOST_DEVICES)))
        above = await client.ask(signed(with_devices(MOST_DEVICES + 1)))
    assert most.code == "W110401"  # all but one are unknown
    assert above.code.startswith("E")
    assert len(lab.rows(ImageOrder)) == 1


async def test_the_largest_image_is_taken_and_one_octet_more_is_not(lab: Lab) -> None:
    head = len(ppmid_image(1)) - 1
    largest = ppmid_image(MOST_IMAGE_OCTETS - head)
    assert len(largest) == MOST_IMAGE_OCTETS
    async with lab.serving() as client:
        assert await client.code(signed(update(PPMID, image=largest))) == "I99"
        root = tree(update(PPMID, image=largest))
        element = root.find(".//{*}FirmwareImage")
        element.text = element.text[:-4] + "pQAA" + "pQ=="
        above = await client.ask(signed(root))
    assert above.code.startswith("E")
    assert len(list(lab.state.glob("images/*"))) == 1


async def test_an_image_that_is_none_is_refused_and_not_kept(lab: Lab) -> None:
    async with lab.serving() as client:
        assert await client.code(signed(update(PPMID, image=b"no image"))) == "E110401"
    assert not list(lab.state.glob("images/*"))


async def test_an_image_that_no_order_names_in_the_end_does_not_stay(lab: Lab) -> None:
    async with lab.serving() as client:
        refused = await client.ask(signed(update(OTHER_HUB)))  # of a home of somebody else
        assert refused.code.startswith("E")
        assert not list(lab.state.glob("images/*"))
        assert await client.code(signed(update(PPMID))) == "I99"
        assert (await client.code(signed(update(OTHER_HUB)))).startswith("E")
    assert len(list(lab.state.glob("images/*"))) == 1, "another order has it"


async def test_strangers_do_not_fill_the_audit_trail(lab: Lab) -> None:
    async with lab.serving() as client:
        for _ in range(30):
            await client.post(unsigned(inventory()))
    with lab.store() as store, store.reading():
        notes = [row for row in store.trail() if "duis door" in str(row)]
    assert len(notes) == 1
    assert isinstance(notes[0], AuditRow)
    assert '"times":30' in str(notes[0]).replace(" ", "")


@pytest.mark.heavy
async def test_a_thousand_posts_at_once_are_all_answered_or_told_to_come_again(lab: Lab) -> None:
    octets = [signed(inventory()) for _ in range(1_000)]
    statuses: list[int] = []
    async with lab.serving(answer_s=2.5) as client, trio.open_nursery() as nursery:

        async def post(one: bytes) -> None:
            while (status := (await client.post(one)).status_code) == 503:
                statuses.append(status)
                await trio.sleep(1 + random.random())  # as it is told, and not all at once
            statuses.append(status)

        for one in octets:
            nursery.start_soon(post, one)
    assert statuses.count(200) == 1_000
    assert set(statuses) <= {200, 503}
    assert len(lab.rows(ServiceInbox)) == 1_000
