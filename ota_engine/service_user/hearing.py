"""What a user knows of its requests: which were sent, and what was heard of each; knows no file.

Documents come as values. Which request one belongs to is found by RequestID: in its header, or for an
alert of the DCC in what it tells.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.duis.requests import DSP, RequestId
from ota_engine.duis.responses import (
    DccAlert,
    DeviceAlert,
    FirmwareWarning,
    FutureDatedAlert,
    HubAlert,
    Inventory,
    ResponseMessage,
    ServiceResponse,
)
from ota_engine.times import Utc


class DocumentKind(StrEnum):
    """What a document to a user is."""

    RESPONSE = "response"
    OUTCOME = "future dated outcome"
    DEVICE_ALERT = "device alert"
    DCC_ALERT = "DCC alert"


class SentRequest(NamedTuple):
    """A request that was sent, and how it was answered at once.

    Attributes:
        request_id: names it, with the command variant.
        command_variant: 4 and 5 for the halves of one 11.3.
        reference: of the service.
        utc: when it was sent.
        code: of the answer, empty where none came.
        devices: how many it names.
    """

    request_id: RequestId
    command_variant: int
    reference: str
    utc: Utc
    code: str = ""
    devices: int = 1


@dataclass(slots=True)
class RequestProgress:
    """How far a request has come.

    Attributes:
        request_id: names it.
        reference: of the service, empty for what this user has not sent from here.
        code: how it was answered at once.
        responses: how many responses of each code, in the order they came first.
        alerts: how many alerts of each code about it, likewise.
        last_utc: when something was heard of it last.
        says: what was heard last, in words.
    """

    request_id: RequestId
    reference: str
    code: str
    last_utc: Utc
    responses: dict[str, int] = field(default_factory=dict)
    alerts: dict[str, int] = field(default_factory=dict)
    says: str = ""

    @property
    def device(self) -> Eui64 | None:
        """The device that was asked, None where it was the DCC."""
        return None if self.request_id.target == DSP else self.request_id.target


class RequestHearing:
    """All requests of a user, each with what was heard of it."""

    def __init__(self) -> None:
        self._requests: dict[RequestId, RequestProgress] = {}

    def sent(self, request: SentRequest) -> None:
        """Note that a request was sent; the second half of an 11.3 goes on with the first."""
        known = self._requests.get(request.request_id)
        if known is None:
            self._requests[request.request_id] = RequestProgress(
                request.request_id, request.reference, request.code, request.utc
            )
            return
        known.reference = request.reference
        known.code = request.code or known.code

    def heard(self, document: ServiceResponse, utc: Utc, says: str) -> RequestProgress | None:
        """Note what came.

        Args:
            document: that came.
            utc: when.
            says: it in words.

        Returns:
            How far its request has come; None where it belongs to none.
        """
        request_id = request_of(document)
        if request_id is None:
            return None
        progress = self._requests.pop(request_id, None)
        if progress is None:
            progress = RequestProgress(request_id, "", "", utc)
        self._requests[request_id] = progress  # at the end: it was heard of last
        progress.last_utc, progress.says = utc, says
        response = kind_of(document) is DocumentKind.RESPONSE
        codes = progress.responses if response else progress.alerts
        code = document.code if response else alert_of(document)
        codes[code] = codes.get(code, 0) + 1
        return progress

    def progress(self, most: int | None = None) -> tuple[RequestProgress, ...]:
        """Requests, the one last heard of at the end.

        Args:
            most: the last so many, None for all.
        """
        latest = islice(reversed(self._requests.values()), most)
        return tuple(latest)[::-1]


def kind_of(document: ServiceResponse) -> DocumentKind:
    """Say what a document is."""
    match document.body:
        case ResponseMessage(content=FutureDatedAlert()):
            return DocumentKind.OUTCOME
        case ResponseMessage():
            return DocumentKind.RESPONSE
        case DeviceAlert():
            return DocumentKind.DEVICE_ALERT
        case DccAlert():
            return DocumentKind.DCC_ALERT


def request_of(document: ServiceResponse) -> RequestId | None:
    """The request that a document is about, as far as it says."""
    if document.request_id is not None:
        return document.request_id
    if not isinstance(document.body, DccAlert):
        return None
    content: object = document.body.content
    if isinstance(content, HubAlert):
        content = content.transfer
    found = getattr(content, "request_id", None)
    return found if isinstance(found, RequestId) else None


def alert_of(document: ServiceResponse) -> str:
    """The code of an alert, four digits for a device's; empty for what is none."""
    match document.body:
        case DccAlert(code=code):
            return code
        case DeviceAlert(alert_code=number):
            return f"{number:04X}"
        case ResponseMessage(content=FutureDatedAlert(alert_code=number)):
            return f"{number:04X}"
    return ""


def devices_of(document: ServiceResponse) -> tuple[Eui64, ...]:
    """The devices that a document is about, each once, in the order it names them."""
    return tuple(dict.fromkeys(_devices(document)))


def _devices(document: ServiceResponse) -> Iterator[Eui64]:
    for named in (document.request_id, document.response_id):
        if named is not None:
            yield from (one for one in _ends(document, named) if one != DSP)
    match document.body:
        case ResponseMessage(content=Inventory(devices=devices)):
            yield from (one.device for one in devices)
        case ResponseMessage(content=FirmwareWarning() as warning):
            yield from warning.invalid + warning.not_commissioned + warning.not_applicable
            yield from warning.in_progress + warning.wrong_gbcs
        case DccAlert(content=content):
            yield from _alerted(content)


def _ends(document: ServiceResponse, named: RequestId) -> tuple[Eui64]:
    """Whom a RequestID asks, and who sends under a ResponseID."""
    return (named.target if named is document.request_id else named.originator,)


def _alerted(content: object) -> Iterator[Eui64]:
    if isinstance(content, HubAlert) and content.transfer is not None:
        yield content.transfer.device
    for name in ("device", "hub"):
        found = getattr(content, name, None)
        if found is not None:
            yield found
    yield from getattr(content, "devices", ())
