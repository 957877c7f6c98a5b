"""Orders to activate as commands show them: JSON, lines, and what a person can do about each."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rich.text import Text

from images.eui64 import format_eui64
from ota_engine.cli.columns import Column, Room, TableRow, folded, lay_out
from ota_engine.gbcs.codes import ActivationCode, name_of
from ota_engine.hub.activation.order import has_ended
from ota_engine.hub.activation.running import RunsAlready
from ota_engine.records import OrderRecord, OrderState
from ota_engine.wording import counted, utc_text

COLUMNS: Final = (
    Column("order", right=True),
    Column("device", tails=True),
    Column("when", gives_way=1),
    Column("state"),
    Column("version"),
    Column("since", gives_way=2),
)
FRAME: Final = 5  # lines of a list besides its rows: heading, rule, two of totals, the prompt
#: Orders of which there is nothing more to say.
SETTLED: Final = frozenset({OrderState.ACTIVATED, OrderState.CANCELLED})
STYLES: Final = {
    OrderState.ACTIVATED: "green",
    OrderState.FAILED: "red",
    OrderState.EXPIRED: "red",
}
#: What to do about each outcome of a CS06 that is none.
CURES: Final = {
    ActivationCode.NO_IMAGE_HELD: "it holds no image to start: if it does not run the ordered one "
    "already, deliver that with zota push, then order again",
    ActivationCode.HASH_MISMATCH: "it holds another image than the one ordered: deliver that one "
    "with zota push, or order the one it holds",
    ActivationCode.ACTIVATION_FAILURE: "it took the order and could not start the image: look at "
    "the device, then order again",
}


def order_facts(order: OrderRecord) -> dict[str, Any]:
    """Everything about an order as plain JSON values; messages in hexadecimal."""
    at = order.execution_utc
    return {
        "number": order.number,
        "device": format_eui64(order.device),
        "originator": format_eui64(order.originator),
        "passed_on": order.passed,
        "state": order.state,
        "reason": order.reason,
        "execution": None if at is None else utc_text(at),
        "manufacturer_image_hash": order.manufacturer_image_hash.hex(),
        "image_sha256": order.sha256 or None,
        "counter": order.counter,
        "cancel_counter": order.cancel_counter,
        "attempts": order.attempts,
        "code": order.code,
        "code_name": None if order.code is None else name_of(order.code, ActivationCode),
        "firmware_version": version_text(order.firmware_version),
        "created": utc_text(order.created_utc),
        "since": utc_text(order.since_utc),
        "command": order.command.hex() or None,
        "cancellation": order.cancel_command.hex() or None,
        "answer": order.evidence.hex() or None,
    }


def version_text(version: int | None) -> str | None:
    """Write a version as elsewhere."""
    return None if version is None else f"0x{version:08X}"


def already_facts(known: RunsAlready) -> dict[str, Any]:
    """What is known of a device that needs no order, as plain JSON values."""
    order = {} if known.order is None else order_facts(known.order)
    return order | {
        "number": None if known.order is None else known.order.number,
        "device": format_eui64(known.device),
        "state": OrderState.ACTIVATED,
        "manufacturer_image_hash": known.manufacturer_image_hash.hex(),
        "firmware_version": version_text(known.version),
        "since": utc_text(known.since_utc),
        "known_by": known.known_by,
        "already": True,
        "waited_for": True,
    }


def already_line(known: RunsAlready) -> str:
    """Since when a device runs what was asked for and how that is known, in one line."""
    runs = version_text(known.version) or "the image"
    since = f"since {utc_text(known.since_utc)}, {known.known_by}"
    return f"{format_eui64(known.device)} runs {runs} already, {since}: nothing is sent"


def heading(order: OrderRecord) -> str:
    """What was ordered, in one line."""
    at = order.execution_utc
    return (
        f"order {order.number}: CS06 for {format_eui64(order.device)}, "
        f"counter {order.counter}, image hash {order.manufacturer_image_hash.hex()[:16]}, "
        + ("now" if at is None else f"at {utc_text(at)}")
    )


def step_line(order: OrderRecord) -> str:
    """Where an order stands, in one line."""
    again = f" (sent {order.attempts} times)" if order.attempts > 1 else ""
    said = order.reason.startswith(order.state)
    stands = order.reason if said else f"{order.state}: {order.reason}"
    return f"order {order.number}: {stands}{again}"


def advice(order: OrderRecord) -> str:
    """What a person can do about an order as it stands; empty if nothing need be done."""
    if order.state is OrderState.FAILED and order.code is not None:
        return CURES.get(ActivationCode(order.code), "") if order.code in set(CURES) else ""
    if order.state is OrderState.EXPIRED:
        return _after_silence(order)
    if has_ended(order):
        return ""
    if order.state is OrderState.COMMITTED:
        return "no word that it reached the device yet: is it on, and in range?"
    return "what the device did or will do is not known yet"


def _after_silence(order: OrderRecord) -> str:
    """What a person can do about an order that nobody answered."""
    device, version = format_eui64(order.device), version_text(order.firmware_version)
    if version is None:
        return f"what it did is not known: zota version --device {device} asks it what it runs"
    if not order.sha256:
        return (
            f"it runs {version}; whether that is the image of this hash is not known here: give its "
            "file with --image"
        )
    return (
        "it did not obey: does it take CS06, is the originator the supplier it trusts, and was "
        "the image delivered to it?"
    )


def order_lines(orders: Sequence[OrderRecord], room: Room, *, everything: bool) -> list[Text]:
    """A row for each order, and how many there are of each state.

    Where they are more than a terminal has lines, those that were obeyed or taken back are counted
    only, and the others stand with the newest first.

    Args:
        orders: lowest numbers first.
        room: of the terminal.
        everything: fold nothing.
    """
    listed, rest = list(orders), Counter[str]()
    if room.lines is not None and not everything and len(orders) > room.lines - FRAME:
        listed = [one for one in reversed(orders) if one.state not in SETTLED]
        rest.update(one.state for one in orders if one.state in SETTLED)
    lines = lay_out(COLUMNS, [_row(order) for order in listed], room.columns).lines()
    if len(orders) > 1:
        counts = Counter(order.state for order in orders)
        parts = ", ".join(f"{counts[state]:,} {state}" for state in OrderState if counts[state])
        hidden = f"; {rest.total():,} of them not listed: --all lists them" if rest else ""
        said = f"{counted(len(orders), 'order')}: {parts}{hidden}"
        lines += map(Text, folded(said, room.columns))
    return lines


def _row(order: OrderRecord) -> TableRow:
    at = order.execution_utc
    cells = (
        str(order.number),
        format_eui64(order.device),
        "now" if at is None else utc_text(at),
        Text(order.state, style=STYLES.get(order.state, "")),
        version_text(order.firmware_version) or "",
        utc_text(order.since_utc),
    )
    return TableRow(cells, order.reason)
