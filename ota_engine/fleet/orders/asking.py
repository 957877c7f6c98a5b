"""A request that its sender may make, and why one is refused; plain values."""

from dataclasses import dataclass
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.requests import RequestHeader, ServiceRequest
from ota_engine.duis.responses import ResponseContent
from ota_engine.fleet.inventory.happenings import Happening
from ota_engine.fleet.orders.events import OrderedImage
from ota_engine.fleet.orders.rows import ServiceUser
from ota_engine.fleet.port import USERS_ORDER


class RequestRefused(Exception):  # noqa: N818 - a verdict on a request, not a fault of the program
    """A request is not served; nothing of it counts.

    Attributes:
        case: why.
        text: one line for people.
    """

    def __init__(self, case: ResponseCase, text: str) -> None:
        super().__init__(text)
        self.case, self.text = case, text


class Served(NamedTuple):
    """What is answered to a request that was served.

    Attributes:
        content: None for an acknowledgement.
        warning: some of it was passed over.
        later: what was asked for comes later.
        text: one line for people: what was done.
        happened: what it meant for homes and devices.
    """

    content: ResponseContent | None = None
    warning: bool = False
    later: bool = False
    text: str = ""
    happened: tuple[Happening, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a known user.

    Attributes:
        request: as it was signed.
        user: who sent it.
        image: that it carries.
    """

    request: ServiceRequest
    user: ServiceUser
    image: OrderedImage | None = None

    @property
    def header(self) -> RequestHeader:
        """Of the request."""
        return self.request.header

    @property
    def name(self) -> str:
        """Text of the request id."""
        return self.request.header.request_id.text


def command_name(request: str) -> str:
    """Name what a request asks of one device, by the text of its id."""
    return USERS_ORDER + request


def order_name(request: str, device: Eui64) -> str:
    """Name one device of an order of firmware, by the text of its id."""
    return f"{USERS_ORDER}{request}/{device:016X}"
