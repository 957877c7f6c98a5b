"""How a change of tenancy or supplier, and what devices made of it, is put into words and JSON."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.text import Text

from images.eui64 import Eui64, format_eui64
from ota_engine.cli.columns import Column, TableRow, lay_out
from ota_engine.hub.premises.changes import PremisesStatus
from ota_engine.records import (
    PremisesChangeRecord,
    PremisesReply,
    PremisesReplyRecord,
    PremisesSubject,
)
from ota_engine.wording import utc_text
from ota_engine.zcl.device_management import CONTACTOR_UNCHANGED, words_of_control

SAID: Final = {
    PremisesReply.ASKED: "asked, and was answered",
    PremisesReply.TAKEN: "acknowledged it",
    PremisesReply.REFUSED: "refused it",
}
UNSUPPORTED: Final = frozenset({0x81, 0xC3})  # ZCL: no such command, no such cluster
NO_CLUSTER: Final = "has no part in such changes"
COLUMNS: Final = (Column("device"), Column("what it let us know"), Column("when", gives_way=1))


def change_facts(status: PremisesStatus, silent: Sequence[Eui64] = ()) -> dict[str, Any]:
    """All of it, for JSON."""
    change = status.change
    facts: dict[str, Any] = {
        "subject": str(change.subject),
        "event": change.issuer_event_id,
        "provider": change.provider,
        "tariff_type": change.tariff_type,
        "control": change.control,
        "clears": list(words_of_control(change.control)),
        "implementation": _when(change),
        "announced": utc_text(change.announced_utc),
        "cancelled": change.cancelled,
    }
    if change.subject is PremisesSubject.SUPPLIER:
        facts |= {
            "proposed_provider": change.proposed_provider,
            "name": change.name.decode(errors="replace"),
            "contact": change.contact.decode(errors="replace"),
        }
    facts["devices"] = [
        {
            "device": format_eui64(reply.device),
            "reply": str(reply.reply),
            "status": reply.status,
            "utc": utc_text(reply.utc),
        }
        for reply in status.replies
    ]
    facts["silent"] = [format_eui64(device) for device in silent]
    return facts


def change_line(change: PremisesChangeRecord) -> str:
    """What was announced, in one line."""
    if change.cancelled:
        return f"change of {change.subject}, event {change.issuer_event_id}: taken back"
    when = "at once" if change.implementation_utc is None else f"from {_when(change)} on"
    name = change.name.decode(errors="replace")
    to = f" to {name}" if name else ""
    words = ", ".join(_words(change.control)) or "nothing"
    return f"change of {change.subject}{to}, event {change.issuer_event_id}, {when}: {words}"


def _words(control: int) -> list[str]:
    """What a change asks for, as people say it."""
    if control & CONTACTOR_UNCHANGED != CONTACTOR_UNCHANGED:
        supply = [] if control & CONTACTOR_UNCHANGED else ["supply off"]
        return [*words_of_control(control), *supply]
    return [*words_of_control(control & ~CONTACTOR_UNCHANGED), "supply as it is"]


def reply_text(reply: PremisesReplyRecord) -> str:
    """What a device let us know."""
    if reply.reply is PremisesReply.REFUSED and reply.status in UNSUPPORTED:
        return NO_CLUSTER
    status = f" (status 0x{reply.status:02X})" if reply.status else ""
    return SAID[reply.reply] + status


def change_lines(status: PremisesStatus, columns: int | None) -> Iterable[Text | str]:
    """The change, and a row for every device."""
    yield Text(change_line(status.change))
    rows = [
        TableRow((format_eui64(reply.device), reply_text(reply), utc_text(reply.utc)))
        for reply in status.replies
    ]
    if rows:
        yield from lay_out(COLUMNS, rows, columns).lines()


def _when(change: PremisesChangeRecord) -> str:
    due = change.implementation_utc
    return "now" if due is None else utc_text(due)
