"""The client: every request goes to its web service, and only an answer that counts is one."""

from collections.abc import Callable
from math import inf

import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ota_engine.duis.documents import parse_document, write_document
from ota_engine.duis.requests import (
    FirmwareActivation,
    ReadFirmwareVersion,
    ReadInventory,
    ServiceRequest,
    SignedPreCommand,
    UpdateFirmware,
)
from ota_engine.duis.responses import FirmwareWarning, ServiceResponse
from ota_engine.duis.writing import write_request, write_response
from ota_engine.errors import LinkError, LocalError, PeerError
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.verification import CheckResult
from ota_engine.service_user.client import ServiceUserClient, UserSecrets, checked_url
from ota_engine.service_user.hearing import SentRequest
from ota_engine.service_user.judging import AnswerKind
from ota_engine.service_user.xml_keys import XmlKeys
from tests.gbcs import parties
from tests.service_user.other_library import verified_by_signxml
from tests.service_user.parties import (
    ACTIVATION,
    COUNTER,
    DIGEST,
    DISPLAY,
    NOW,
    OTHER,
    SWITCH,
    USER,
    HeadEndDouble,
    answered,
    asked,
    client,
    pre_command,
    secrets,
    signed,
    transformed,
    xml_keys,
)


def transforming(request: ServiceRequest) -> ServiceResponse:
    return transformed(request) if request.header.command_variant == 4 else answered(request)


async def test_each_request_goes_to_the_web_service_of_its_command_variant() -> None:
    head_end = HeadEndDouble(transforming)
    async with client(head_end) as user:
        await user.ask(ReadFirmwareVersion(), SWITCH)
        await user.ask(UpdateFirmware(b"\0" * 60, "1", (DISPLAY,), ppmid=True))
        await user.ask(ACTIVATION, SWITCH)
    assert [path for path, _ in head_end.asked] == [
        "/api/v1/serviceS",
        "/api/v1/serviceD",
        "/api/v1/serviceT",
        "/api/v1/serviceS",
    ]


async def test_an_activation_is_transformed_signed_and_sent_under_one_request_id() -> None:
    head_end = HeadEndDouble(transforming)
    async with client(head_end) as user:
        answer = await user.ask(ACTIVATION, SWITCH)
    (_, first), (_, second) = head_end.asked
    assert first.header.request_id == second.header.request_id
    assert (first.header.command_variant, second.header.command_variant) == (4, 5)
    assert isinstance(second.body, SignedPreCommand)
    assert second.body.payload[-65] == 0x40
    assert answer.judgement.kind is AnswerKind.ACKNOWLEDGED
    assert answer.judgement.awaited
    assert answer.signature is CheckResult.VALID


async def test_a_refused_activation_ends_with_its_refusal() -> None:
    head_end = HeadEndDouble(lambda request: answered(request, "E4"))
    async with client(head_end) as user:
        answer = await user.ask(ACTIVATION, SWITCH)
    assert (answer.judgement.kind, len(head_end.asked)) == (AnswerKind.REFUSED, 1)


async def test_a_pre_command_for_another_device_is_never_sent_on() -> None:
    head_end = HeadEndDouble(
        lambda request: transformed(request, pre_command(request, recipient=DISPLAY))
    )
    async with client(head_end) as user:
        with pytest.raises(PeerError, match="the device of the pre-command is"):
            await user.ask(ACTIVATION, SWITCH)
    assert len(head_end.asked) == 1


async def test_devices_that_are_passed_over_come_with_the_answer() -> None:
    warning = FirmwareWarning(ppmid=True, not_commissioned=(DISPLAY,))
    head_end = HeadEndDouble(lambda request: answered(request, "W110401", warning))
    async with client(head_end) as user:
        answer = await user.ask(UpdateFirmware(b"\0" * 60, "1", (DISPLAY, SWITCH), ppmid=True))
    assert (answer.judgement.kind, answer.judgement.taken) == (AnswerKind.PARTLY, True)


async def test_every_request_has_a_counter_of_its_own_and_is_noted_before_and_after() -> None:
    notes: list[SentRequest] = []
    async with client(HeadEndDouble(), sent=notes.append) as user:
        await user.ask(ReadFirmwareVersion(), SWITCH)
        await user.ask(ReadFirmwareVersion(), SWITCH)
    assert [(note.request_id.counter, note.code) for note in notes] == [
        (COUNTER, ""),
        (COUNTER, "I99"),
        (COUNTER + 1, ""),
        (COUNTER + 1, "I99"),
    ]


def unsigned(octets: bytes) -> bytes:
    root = parse_document(octets)
    root.remove(root[-1])
    return write_document(root)


def tampered(octets: bytes) -> bytes:
    return octets.replace(b">I99<", b">I0<")


def twice(octets: bytes) -> bytes:
    root = parse_document(octets)
    root.append(etree.fromstring(etree.tostring(root[-1])))
    return write_document(root)


def by_a_user(octets: bytes) -> bytes:
    return xml_keys().sign(parse_document(unsigned(octets)), OTHER)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (unsigned, "the answer I99 does not count: it is not signed"),
        (tampered, "its digest differs"),
        (twice, "it has 2 signatures"),
        (by_a_user, "which is not the DCC: role 135, not 137"),
        (lambda octets: b"<html/>", "neither Request nor Response of DUIS"),
        (lambda octets: b"", "not well-formed XML"),
    ],
)
async def test_an_answer_that_is_not_signed_by_the_dcc_does_not_count(
    spoil: Callable[[bytes], bytes], said: str
) -> None:
    head_end = HeadEndDouble()
    head_end.spoil = spoil
    async with client(head_end) as user:
        with pytest.raises(PeerError) as refused:
            await user.ask(ReadFirmwareVersion(), SWITCH)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_unsigned_answers_count_where_they_are_let() -> None:
    head_end = HeadEndDouble()
    head_end.spoil = unsigned
    async with client(head_end, strict=False) as user:
        answer = await user.ask(ReadFirmwareVersion(), SWITCH)
        assert answer.signature is CheckResult.ABSENT
        head_end.spoil = tampered
        with pytest.raises(PeerError, match="its digest differs"):
            await user.ask(ReadFirmwareVersion(), SWITCH)


async def test_an_unknown_signer_does_not_count() -> None:
    own = XmlKeys.read(
        {
            name: octets
            for name, octets in parties.files().items()
            if name.startswith(f"{USER:016x}")
        }
    )
    head_end = HeadEndDouble()
    known = ServiceUserClient(
        "http://head-end.example",
        USER,
        UserSecrets(own, Keystore()),
        lambda: COUNTER,
        transport=head_end,
    )
    async with known as user:
        with pytest.raises(PeerError, match="no certificate with serial number"):
            await user.ask(ReadFirmwareVersion(), SWITCH)


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (400, {"content-type": "text/plain"}, "serviceS: answered 400: <?xml"),
        (
            307,
            {"location": "http://elsewhere.example/"},
            "answered 307: it lies at http://elsewhere.example/: give that URL if you trust it",
        ),
        (200, {"content-type": "text/html"}, "answered text/html, and not application/xml"),
        (200, {}, "answered nothing, and not application/xml"),
    ],
)
async def test_what_comes_with_another_status_or_type_is_no_answer(
    status: int, headers: dict[str, str], said: str
) -> None:
    head_end = HeadEndDouble()
    head_end.status, head_end.headers = status, headers
    async with client(head_end) as user:
        with pytest.raises(PeerError) as refused:
            await user.ask(ReadFirmwareVersion(), SWITCH)
    assert said in str(refused.value)
    assert len(head_end.asked) == 1


GOOD = signed(answered(asked()))


@given(st.data())
def test_an_answer_spoilt_anywhere_says_the_same_or_is_refused_in_one_line(
    data: st.DataObject,
) -> None:
    spoilt = bytearray(GOOD)
    at = data.draw(st.integers(0, len(spoilt) - 1))
    spoilt[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    try:
        found = xml_keys().read_response(bytes(spoilt), NOW)
    except PeerError as error:
        assert "\n" not in str(error)
    else:
        assert found.signature is not CheckResult.VALID or found.response == answered(asked())


@given(st.binary(max_size=300))
def test_any_octets_are_no_answer(octets: bytes) -> None:
    with pytest.raises(PeerError):
        xml_keys().read_response(octets, NOW)


class Silent(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await trio.sleep_forever()
        raise AssertionError


async def test_a_head_end_that_never_answers_is_given_up(autojump_clock: object) -> None:
    async with client(Silent(), patience_s=3.0) as user:
        with pytest.raises(LinkError, match="no complete answer within 3 s"):
            await user.ask(ReadFirmwareVersion(), SWITCH)


class Flood(httpx.AsyncByteStream):
    """A body of so many pieces of 1 MiB, or one that never ends."""

    def __init__(self, pieces: float) -> None:
        self.left = pieces

    def __aiter__(self) -> "Flood":
        return self

    async def __anext__(self) -> bytes:
        if self.left <= 0:
            raise StopAsyncIteration
        self.left -= 1
        await trio.sleep(0.1)
        return bytes(1 << 20)


@pytest.mark.parametrize(
    ("pieces", "error", "said"),
    [(9, PeerError, "is none of DUIS"), (inf, LinkError, "no complete answer within 3 s")],
)
async def test_an_answer_that_is_too_long_is_not_kept(
    autojump_clock: object, pieces: float, error: type[Exception], said: str
) -> None:
    class Flooding(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, stream=Flood(pieces))

    async with client(Flooding(), patience_s=3.0) as user:
        with pytest.raises(error, match=said):
            await user.ask(ReadFirmwareVersion(), SWITCH)


async def test_nobody_there_is_one_line() -> None:
    away = ServiceUserClient("http://127.0.0.1:1", USER, secrets(), lambda: COUNTER)
    async with away as user:
        with pytest.raises(LinkError, match="see whether the head end runs there"):
            await user.ask(ReadFirmwareVersion(), SWITCH)


@pytest.mark.parametrize("url", ["head-end", "ftp://head-end/", "http://"])
def test_what_is_no_url_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(LocalError, match="the URL of the head end is none"):
        checked_url(url)


async def test_a_user_without_a_key_for_messages_signs_no_command() -> None:
    keyless = ServiceUserClient(
        "http://head-end.example",
        USER,
        UserSecrets(xml_keys(), Keystore()),
        lambda: COUNTER,
        transport=HeadEndDouble(transforming),
    )
    async with keyless as user:
        with pytest.raises(LocalError, match="no GBCS signing key of"):
            await user.ask(FirmwareActivation(DIGEST), SWITCH)


def test_what_is_signed_verifies_by_another_library() -> None:
    """The profile is the public tools': inclusive canonical form, exclusive for what is signed."""
    certificate = xml_keys().certificate(USER)
    assert certificate is not None
    document = xml_keys().sign(write_request(asked(ReadInventory(SWITCH), None)), USER)
    assert b"ReadInventory" in verified_by_signxml(document, certificate)


def test_a_document_signed_for_nobody_we_know_is_read_and_said_to_be() -> None:
    found = XmlKeys().read_response(signed(answered(asked())), NOW)
    assert found.signature is CheckResult.NO_KEY
    bare = write_document(write_response(answered(asked())))
    assert XmlKeys().read_response(bare, NOW).signature is CheckResult.ABSENT
