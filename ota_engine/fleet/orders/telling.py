"""Writes documents to Service Users, each once, under names made of what happened; pure.

The counter in the id of an alert of the DCC is made of the document's name. So a fleet that was put back
to an older state and hears the same again makes the same document, under the same id.
"""

import hashlib

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.requests import DSP, RequestId
from ota_engine.duis.responses import (
    DccAlert,
    DccAlertContent,
    DeviceAlert,
    ResponseBody,
    ResponseContent,
    ResponseMessage,
    ServiceResponse,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.codes import code_of, code_table
from ota_engine.fleet.orders.content import written_response
from ota_engine.fleet.orders.rows import DeviceCommand, ServiceUser, UserDocument
from ota_engine.times import Utc


def alert(work: Work, user: ServiceUser, name: str, content: DccAlertContent, utc: Utc) -> None:
    """Tell a user something by an alert of the DCC.

    Args:
        work: the event in hand.
        user: whom.
        name: of what happened; the same happens once.
        content: the details.
        utc: now.
    """
    row = code_table(work).alert(content)
    document = f"{name}/{row.case}/{format_eui64(user.user)}"
    _push(work, user, document, DSP, _counter(document), DccAlert(row.code, content), utc)


def device_alert(
    work: Work,
    user: ServiceUser,
    device: Eui64,
    counter: int,
    content: DeviceAlert,
    utc: Utc,
) -> None:
    """Pass on an alert of a device as it came; ``counter`` is the device's own."""
    document = f"alert/{format_eui64(device)}/{counter}/{format_eui64(user.user)}"
    _push(work, user, document, device, counter, content, utc)


def respond(
    work: Work,
    command: DeviceCommand,
    step: str,
    content: ResponseContent | None,
    utc: Utc,
    case: ResponseCase = ResponseCase.DONE,
) -> None:
    """Tell the user of a command what came of it; each step of it is told once."""
    code = code_of(work, case, command.reference)
    request_id = RequestId.parse(command.request)
    response = ServiceResponse(
        command.schema_version,
        code,
        utc,
        ResponseMessage(command.reference, command.reference, content),
        request_id,
        request_id.answered,
    )
    _put(work, f"{command.name}/{step}", command.user, response, utc)


def _push(
    work: Work,
    user: ServiceUser,
    document: str,
    sender: Eui64,
    counter: int,
    body: ResponseBody,
    utc: Utc,
) -> None:
    code = code_of(work, ResponseCase.DONE, "")  # readers take all else for an error
    response_id = RequestId(sender, user.user, counter)
    response = ServiceResponse(user.schema_version, code, utc, body, response_id=response_id)
    _put(work, document, user.user, response, utc)


def _put(work: Work, document: str, user: Eui64, response: ServiceResponse, utc: Utc) -> None:
    if work.get(UserDocument, document) is None:
        work.put(UserDocument(document, user, written_response(response), utc))


def _counter(document: str) -> int:
    digest = hashlib.sha256(document.encode("ascii")).digest()
    return int.from_bytes(digest[:8]) >> 1
