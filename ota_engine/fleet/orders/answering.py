"""Takes a service request: whose it is, whether it came before, what is answered; pure.

An answer is kept under request id and command variant, and a repeat gets it again. What somebody sends
who is not the user of the id is answered and not kept: nobody uses up the id of another one's request.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from images.eui64 import format_eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.requests import (
    DSP,
    DevicePrenotification,
    FirmwareActivation,
    OtherRequest,
    ReadFirmwareVersion,
    ReadInventory,
    SignedPreCommand,
    UpdateFirmware,
    UpdateInventory,
)
from ota_engine.duis.responses import ResponseMessage, ServiceResponse
from ota_engine.duis.variants import VARIANTS, WEB_SERVICES
from ota_engine.fleet.inventory.happenings import Happening
from ota_engine.fleet.kernel.effects import FleetEffect, ServiceAnswer
from ota_engine.fleet.kernel.rows import RowKey, Rows, replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import Asked, RequestRefused, Served
from ota_engine.fleet.orders.codes import RULES, code_of, served_case
from ota_engine.fleet.orders.commands import draft_activation, read_version, send_activation
from ota_engine.fleet.orders.content import read_response_text, written_response
from ota_engine.fleet.orders.events import RequestReceived, SmkiRole
from ota_engine.fleet.orders.homes import prenotify, read_inventory, update_inventory
from ota_engine.fleet.orders.images import order_image
from ota_engine.fleet.orders.rows import OrderRules, ServiceInbox, ServiceUser
from ota_engine.fleet.orders.tenancies import tell_change
from ota_engine.times import Utc

_Serve = Callable[[Asked, Work, Utc], Served]


#: What serves which request; a critical one comes in two halves.
_SERVE: Final[dict[tuple[str, type], _Serve]] = {
    ("11.1", UpdateFirmware): order_image,
    ("11.4", UpdateFirmware): order_image,
    ("11.2", ReadFirmwareVersion): read_version,
    ("11.3", FirmwareActivation): draft_activation,
    ("11.3", SignedPreCommand): send_activation,
    ("8.2", ReadInventory): read_inventory,
    ("8.4", UpdateInventory): update_inventory,
    ("12.2", DevicePrenotification): prenotify,
    ("3.2", OtherRequest): tell_change,
    ("6.23", OtherRequest): tell_change,
}


_Tell = Callable[[Iterable[Happening], Work, Utc], None]


def received(event: RequestReceived, rows: Rows, utc: Utc, tell: _Tell) -> list[FleetEffect]:
    """Take a request, or refuse it; either way it is answered.

    Args:
        event: the request.
        rows: loaded so far.
        utc: now.
        tell: hands on what it meant for homes and devices.

    Raises:
        RowsWanted: rows are missing: load them and call again.
    """
    header = event.request.header
    name = header.request_id.text
    work = Work(rows)
    try:
        user = _sender(event, work)
        serve = _service(event, user)
        known = work.get(ServiceInbox, name, header.command_variant)
        if known is not None:
            return [_again(event, known)]
    except RequestRefused as refused:
        work = Work(rows)
        code = code_of(work, refused.case, header.variant)
        work.note(_actor(event), f"refused {header.variant}", f"request:{name}", text=refused.text)
        work.answer(ServiceAnswer(_response(event, code, None, utc)))
        return work.effects
    asked = Asked(event.request, user, event.image)
    try:
        served = serve(asked, work, utc)
        code = code_of(work, served_case(served), header.variant)
        text = served.text
        tell(served.happened, work, utc)
    except RequestRefused as refused:
        work = Work(rows)
        served, text = Served(), refused.text
        code = code_of(work, refused.case, header.variant)
    response = _response(event, code, served, utc)
    work.put(_inbox(event, user, response, utc))
    if user.schema_version != event.request.schema_version:
        work.put(replaced(user, schema_version=event.request.schema_version))
    work.note(
        _actor(event),
        header.variant,
        f"request:{name}",
        answer=code,
        digest=event.digest,
        text=text,
    )
    work.answer(ServiceAnswer(response, name, header.command_variant))
    return work.effects


def _inbox(
    event: RequestReceived, user: ServiceUser, response: ServiceResponse, utc: Utc
) -> ServiceInbox:
    header = event.request.header
    return ServiceInbox(
        header.request_id.text,
        header.command_variant,
        user.user,
        event.digest,
        header.variant,
        utc,
        written_response(response),
    )


def needs(event: RequestReceived) -> Iterator[RowKey]:
    """Name rows that a request is sure to want."""
    header = event.request.header
    yield RowKey(ServiceUser, (event.signer,))
    yield RowKey(ServiceInbox, (header.request_id.text, header.command_variant))
    yield RowKey(OrderRules, (RULES,))


def _sender(event: RequestReceived, work: Work) -> ServiceUser:
    """Find the user who sent a request, by the certificate that signed it."""
    if event.role is not SmkiRole.XML_SIGN:
        raise RequestRefused(
            ResponseCase.CERTIFICATE_NOT_USABLE, "the certificate is none for signing documents"
        )
    signer = event.signer
    if signer != event.request.header.request_id.originator:
        raise RequestRefused(
            ResponseCase.SIGNER_NOT_ORIGINATOR, "the request id is not of the user who signed"
        )
    user = work.get(ServiceUser, signer)
    if user is None:
        raise RequestRefused(
            ResponseCase.NO_SUCH_USER, f"{format_eui64(signer)} is no Service User"
        )
    if not user.active:
        raise RequestRefused(
            ResponseCase.USER_NOT_ACTIVE, f"{format_eui64(signer)} is not served now"
        )
    return user


def _service(event: RequestReceived, user: ServiceUser) -> _Serve:
    header = event.request.header
    row = VARIANTS.get(header.variant)
    serve = _SERVE.get((header.variant, type(event.request.body)))
    if row is None or serve is None:
        raise RequestRefused(ResponseCase.NOT_SERVED, f"{header.variant} is not served here")
    if header.command_variant not in row.command_variants:
        raise RequestRefused(
            ResponseCase.COMMAND_VARIANT,
            f"{header.variant} is not served in command variant {header.command_variant}",
        )
    wanted = WEB_SERVICES[header.command_variant]
    if event.service != wanted:
        raise RequestRefused(
            ResponseCase.WRONG_WEB_SERVICE, f"{header.variant} belongs to {wanted}"
        )
    if user.role not in row.roles:
        raise RequestRefused(
            ResponseCase.ROLE_MAY_NOT_ASK, f"{header.variant} is not for {user.role}"
        )
    if row.dcc_only and header.request_id.target != DSP:
        raise RequestRefused(
            ResponseCase.STRUCTURE_WRONG, f"{header.variant} is for the DCC, and for no device"
        )
    return serve


def _again(event: RequestReceived, known: ServiceInbox) -> ServiceAnswer:
    if known.digest != event.digest:
        raise RequestRefused(
            ResponseCase.REQUEST_ID_USED,
            "the request id was used for another request: give a new one",
        )
    return ServiceAnswer(read_response_text(known.content), known.request, known.command_variant)


def _response(
    event: RequestReceived, code: str, served: Served | None, utc: Utc
) -> ServiceResponse:
    header = event.request.header
    content = None if served is None else served.content
    return ServiceResponse(
        event.request.schema_version,
        code,
        utc,
        ResponseMessage(header.reference, header.variant, content),
        header.request_id,
        None if content is None else header.request_id.answered,
    )


def _actor(event: RequestReceived) -> str:
    return f"user:{format_eui64(event.signer)}"
