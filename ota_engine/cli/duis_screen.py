"""What a user's endpoint shows to people: a line for each document, over a table of requests."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text

from images.eui64 import format_eui64
from ota_engine.cli.columns import Column, Room, TableRow, lay_out
from ota_engine.cli.live_screen import LiveScreen
from ota_engine.cli.remarks import put, remark
from ota_engine.duis.responses import ResponseMessage, ServiceResponse
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.protection import check
from ota_engine.service_user.hearing import (
    DocumentKind,
    RequestHearing,
    RequestProgress,
    alert_of,
    devices_of,
    kind_of,
    request_of,
)
from ota_engine.service_user.saying import message_of, say
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from ota_engine.wording import counted, one_line, utc_text

if TYPE_CHECKING:
    from ota_engine.service_user.listener import BroughtDocument, Listener
    from ota_engine.service_user.state import UserFolder

#: Documents that are new, and so shown.
NEW: Final = frozenset(("kept", "lost"))
COLUMNS: Final = (
    Column("device"),
    Column("service"),
    Column("answer"),
    Column("responses"),
    Column("alerts"),
    Column("last heard of", gives_way=1),
)
SPARE_LINES: Final = 4  # of the terminal, that the table leaves free


class ListeningScreen(LiveScreen):
    """Tells of documents in lines; on a terminal over a table of requests, which goes on changing."""

    def __init__(self, folder: "UserFolder", keys: "Keystore") -> None:
        super().__init__(crop=True)
        self._folder = folder
        self._keys = keys
        self._hearing = RequestHearing()
        self._known = 0  # requests of the folder that are in the table
        self._stamp = -1  # of the file they were read from

    def _draw_first(self) -> None:
        self._draw()

    def open(self, url: str, listener: "Listener") -> None:
        """Say where it listens, and take in what came before."""
        book = listener.book
        self._take_requests()
        for response, utc in listener.remembered():
            self._hear(response, utc)
        remark(f"listening at {url}, documents in {book.path} ({len(book)} known); Ctrl-C ends it")
        if not listener.verifies:
            remark("warning: no --keys: nothing that comes is verified")

    def brought(self, brought: "BroughtDocument") -> None:
        """Show a document, unless it is known."""
        if brought.response is not None and brought.what in NEW:
            self._take_requests()
            self._hear(brought.response, this_machine())
            put(self._line(brought, brought.response))
        elif brought.what != "known":
            status = "no answer" if brought.status is None else str(brought.status)
            remark(one_line(": ".join(filter(None, (brought.what, status, brought.reason)))))
        self._draw()

    def close(self, listener: "Listener") -> None:
        """Say what it came to."""
        found = listener.status()
        told = ", ".join(f"{number} {what}" for what, number in found["brought"].items())
        kept = counted(found["documents"], "document")
        remark(f"stopped: {kept} kept; brought: {told or 'none'}")

    def _take_requests(self) -> None:
        """Take in what was sent meanwhile, by other processes."""
        stamp = self._folder.requests_stamp()
        if stamp == self._stamp:
            return
        requests = self._folder.requests()
        for request in requests[self._known :]:
            self._hearing.sent(request)
        self._known, self._stamp = len(requests), stamp

    def _hear(self, response: ServiceResponse, utc: Utc) -> None:
        self._hearing.heard(response, utc, say(response))

    def _line(self, brought: "BroughtDocument", response: ServiceResponse) -> str:
        """A document in one line: what it is, what it says, about what, and what it is worth."""
        says = say(response)
        said = [f"{utc_text(response.utc)}  {_what(response)}: {says}"]
        request, devices = request_of(response), devices_of(response)
        if request is not None:
            said.append(f"request {request.text}")
        elif len(devices) == 1 and format_eui64(devices[0]) not in says:
            said.append(f"device {format_eui64(devices[0])}")
        said.append(f"signature {brought.signature}")
        message = message_of(response)
        if message is not None:
            found = check(message, self._keys)
            said.append(f"its message: signature {found.signature}, MAC {found.mac}")
        return "; ".join(said)

    def _draw(self) -> None:
        if not self._live.is_started:
            return
        room = Room.of(sys.stdout)
        self._live.update(Group(*self.picture(room)), refresh=True)

    def picture(self, room: Room) -> list[Text]:
        """Draw the requests, those heard of last at the end, as many as there is room for."""
        rows = [_row(one) for one in self._hearing.progress(room.lines)]
        laid = lay_out(COLUMNS, rows, room.columns, "says")
        lines: list[Text] = []
        left = (room.lines or len(rows) + SPARE_LINES) - SPARE_LINES - len(laid.heading)
        for row in reversed(laid.rows):
            if len(lines) + len(row) > left:
                break
            lines = [*row, *lines]
        return [*laid.heading, *lines]


def _what(response: ServiceResponse) -> str:
    """What a document is: a response and its service and code, or an alert and its code."""
    kind, body = kind_of(response), response.body
    service = f" {body.variant}" if isinstance(body, ResponseMessage) else ""
    code = response.code if kind is DocumentKind.RESPONSE else alert_of(response)
    return f"{kind}{service} {code}"


def _row(progress: RequestProgress) -> TableRow:
    return TableRow(
        (
            "DCC" if progress.device is None else format_eui64(progress.device),
            progress.reference or "?",
            progress.code or "-",
            _codes(progress.responses),
            _codes(progress.alerts),
            utc_text(progress.last_utc),
        ),
        progress.says,
    )


def _codes(codes: Mapping[str, int]) -> str:
    """Codes, and how often each came."""
    return " ".join(f"{code}*{n:,}" if n > 1 else code for code, n in codes.items()) or "-"
