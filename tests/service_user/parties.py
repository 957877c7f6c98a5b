"""Who takes part in these tests, and a head end that answers what it is told to."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from typing import Final

import httpx

from images.eui64 import Eui64
from ota_engine.duis.documents import parse_document
from ota_engine.duis.reading import read_request
from ota_engine.duis.requests import (
    FirmwareActivation,
    RequestBody,
    RequestId,
    ServiceRequest,
)
from ota_engine.duis.responses import (
    PreCommand,
    ResponseContent,
    ResponseMessage,
    ServiceResponse,
)
from ota_engine.duis.writing import write_response
from ota_engine.gbcs.compose import activate_firmware
from ota_engine.gbcs.envelope import Message, serialise
from ota_engine.service_user.client import ServiceUserClient, UserSecrets
from ota_engine.service_user.making import made_request
from ota_engine.service_user.xml_keys import XmlKeys
from ota_engine.times import Utc
from tests.gbcs import parties

USER: Final = Eui64(parties.SUPPLIER)
OTHER: Final = Eui64(parties.SECOND_SUPPLIER)
DCC: Final = Eui64(parties.BROKER)  # signs documents for the DSP
SWITCH: Final = Eui64(parties.HCALCS)
DISPLAY: Final = Eui64(parties.PPMID)
HUB: Final = Eui64(parties.HUB)
NOW: Final = Utc(1_795_000_000.0)  # within the validity of all certificates
COUNTER: Final = 1_795_000_000_123
DIGEST: Final = bytes(range(32))
ACTIVATION: Final = FirmwareActivation(DIGEST)
ACK: Final = "I99"
HeadEndBehaviour = Callable[[ServiceRequest], ServiceResponse]


@cache
def xml_keys() -> XmlKeys:
    """All keys of documents."""
    return XmlKeys.read(parties.files())


def secrets() -> UserSecrets:
    return UserSecrets(xml_keys(), parties.everyone())


def asked(
    body: RequestBody = ACTIVATION, device: Eui64 | None = SWITCH, counter: int = COUNTER
) -> ServiceRequest:
    return made_request(USER, counter, body, device)


def answered(
    request: ServiceRequest, code: str = ACK, content: ResponseContent | None = None
) -> ServiceResponse:
    header = request.header
    return ServiceResponse(
        request.schema_version,
        code,
        NOW,
        ResponseMessage(header.reference, header.variant, content),
        header.request_id,
    )


def pre_command(request: ServiceRequest, **changes: int) -> Message:
    """What a request becomes, with some of it changed."""
    named = request.header.request_id
    return activate_firmware(
        DIGEST,
        originator=changes.get("originator", named.originator),
        recipient=changes.get("recipient", named.target),
        counter=changes.get("counter", named.counter),
    )


def transformed(request: ServiceRequest, message: Message | None = None) -> ServiceResponse:
    octets = serialise(message or pre_command(request))
    return answered(request, "I0", PreCommand("4.2", octets))


def signed(response: ServiceResponse, signer: Eui64 = DCC) -> bytes:
    return xml_keys().sign(write_response(response), signer)


class HeadEndDouble(httpx.AsyncBaseTransport):
    """A head end that answers as it is told to.

    Attributes:
        asked: what was posted: path, request.
        behaviour: gives the answer.
        status: of HTTP.
        headers: of HTTP.
        spoil: is given the signed answer, and what it gives is sent.
    """

    def __init__(self, behaviour: HeadEndBehaviour = answered) -> None:
        self.asked: list[tuple[str, ServiceRequest]] = []
        self.behaviour = behaviour
        self.status = 200
        self.headers = {"content-type": "application/xml; charset=UTF-8"}
        self.spoil: Callable[[bytes], bytes] = lambda octets: octets

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        octets = await request.aread()
        asked = read_request(parse_document(octets))
        self.asked.append((request.url.path, asked))
        answer = self.spoil(signed(self.behaviour(asked)))
        return httpx.Response(self.status, headers=self.headers, content=answer)


def client(head_end: httpx.AsyncBaseTransport, **more: object) -> ServiceUserClient:
    counters: Iterator[int] = count(COUNTER)
    options: dict[str, object] = {"transport": head_end, **more}
    return ServiceUserClient(
        "http://head-end.example",
        USER,
        secrets(),
        lambda: next(counters),
        **options,  # type: ignore[arg-type] # options of the client, by name
    )


def response_id(device: Eui64, counter: int = COUNTER) -> RequestId:
    """Names a document from a device, or the DCC, to the user."""
    return RequestId(device, USER, counter)
