"""What a head end answered, for people and as JSON; knows no file and no network."""

from typing import TYPE_CHECKING, Any, Final

from images.eui64 import format_eui64
from ota_engine.cli.columns import Column, TableRow, show_table
from ota_engine.cli.gbcs_facts import MEANINGS
from ota_engine.cli.image_facts import visible
from ota_engine.cli.remarks import put, put_fact, remark
from ota_engine.duis.responses import FirmwareWarning, Inventory, ResponseMessage, ServiceResponse
from ota_engine.service_user.client import PUBLIC_PATIENCE_S, UserAnswer
from ota_engine.service_user.meanings import meaning_of
from ota_engine.service_user.saying import PASSED_OVER, document_facts, say
from ota_engine.wording import utc_text

if TYPE_CHECKING:
    from ota_engine.gbcs.keystore import Keystore

LABELS: Final = 12  # characters
MOST_LISTED: Final = 200  # devices on a screen; --json has all


def answer_facts(answer: UserAnswer, keys: "Keystore") -> dict[str, Any]:
    """An answer as plain values."""
    header = answer.request.header
    meaning = meaning_of(answer.response.code)
    return {
        "request_id": header.request_id.text,
        "service": header.variant,
        "command_variant": header.command_variant,
        "taken": answer.judgement.taken,
        "awaited": answer.judgement.awaited,
        "signature": str(answer.signature),
        "seconds": round(answer.elapsed_s, 3),
        "meaning": meaning.text,
        "certainty": str(meaning.certainty),
        "answer": document_facts(answer.response, keys),
    }


def print_answer(answer: UserAnswer) -> None:
    """Print an answer for people."""
    header = answer.request.header
    meaning = meaning_of(answer.response.code)
    for label, value in (
        ("request", header.request_id.text),
        ("service", f"{header.variant}, command variant {header.command_variant}"),
        ("answer", f"{answer.response.code}: {meaning.text} ({meaning.certainty})"),
        ("says", say(answer.response) if _content(answer.response) is not None else ""),
        ("signature", f"{answer.signature}, {MEANINGS[str(answer.signature)]}"),
        ("answered", f"{utc_text(answer.response.utc)}, after {answer.elapsed_s:.2f} s"),
    ):
        if value:
            put_fact(label, value, LABELS)
    if answer.judgement.awaited:
        put_fact("to come", "the device's response: zota duis listen shows it", LABELS)
    _print_tables(answer.response)
    if answer.elapsed_s > PUBLIC_PATIENCE_S:
        remark(f"warning: public clients give up after {PUBLIC_PATIENCE_S:g} s")


def _content(response: ServiceResponse) -> object:
    return response.body.content if isinstance(response.body, ResponseMessage) else None


def _print_tables(response: ServiceResponse) -> None:
    content = _content(response)
    if isinstance(content, FirmwareWarning):
        put("")
        _print_warning(content)
    elif isinstance(content, Inventory):
        put("")
        _print_inventory(content)


def _print_warning(warning: FirmwareWarning) -> None:
    rows = [
        TableRow((format_eui64(device), words))
        for name, words in PASSED_OVER.items()
        for device in getattr(warning, name)
    ]
    columns = (Column("device"), Column("passed over, as it is"))
    show_table(columns, rows[:MOST_LISTED])
    if len(rows) > MOST_LISTED:
        put(f"{len(rows) - MOST_LISTED:,} more are passed over: --json names all")


def _print_inventory(inventory: Inventory) -> None:
    columns = (
        Column("device"),
        Column("type"),
        Column("status"),
        Column("firmware"),
        Column("maker", gives_way=2),
        Column("model", gives_way=1),
        Column("GBCS", gives_way=3),
    )
    rows = [
        TableRow(
            (
                format_eui64(one.device),
                one.device_type,
                one.status or "-",
                visible(one.firmware_version or "-"),
                visible(one.manufacturer),
                visible(one.model),
                one.gbcs_version or "",
            )
        )
        for one in inventory.devices
    ]
    show_table(columns, rows)
