"""Keeps what is strange about gateways for whoever has to look at it; knows rows, decides nothing else.

Anybody with a token could say strange things without end: of each cause so many subjects are listed, and
the rest is counted together; the audit trail has each at its first time, and then ever more rarely.
"""

from typing import Final, NamedTuple

from ota_engine.fleet.gateways.rows import AlertCause, GatewayAlert
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import Counts, RowKey, Select
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc
from ota_engine.wording import one_line

MOST_SUBJECTS: Final = 200  # of one cause and gateway
OTHERS: Final = "others"
ACTOR: Final = "gateways' door"


class Strange(NamedTuple):
    """Something strange.

    Attributes:
        cause: why somebody has to look.
        subject: what it is about.
        text: in one line.
        content: what was said, as JSON; empty for nothing.
    """

    cause: AlertCause
    subject: str
    text: str
    content: str = ""


def raise_alert(desk: FleetDesk, gateway: str, strange: Strange, utc: Utc) -> None:
    """Keep an alert, within a transaction that is open."""
    store = desk.store
    subject = strange.subject
    known = _known(desk, gateway, strange.cause, subject)
    if known is None:
        counts = store.count(Counts(GatewayAlert, ("cause",), (("gateway", gateway),)))
        if counts.get((strange.cause,), 0) >= MOST_SUBJECTS:
            subject = OTHERS
            known = _known(desk, gateway, strange.cause, subject)
    times = 1 if known is None else known.times + 1
    row = GatewayAlert(
        gateway,
        strange.cause,
        subject,
        one_line(strange.text),
        strange.content if known is None else known.content,
        times,
        utc if known is None else known.first_utc,
        utc,
    )
    store.insert([row])
    if times & (times - 1) == 0:  # at 1, 2, 4, 8, ...
        detail = {"cause": str(strange.cause), "text": row.text, "times": times}
        store.keep((), [AuditNote(ACTOR, "alert", f"gateway:{gateway}", detail)], utc)


def open_alert(desk: FleetDesk, gateway: str) -> str:
    """One of the alerts about a gateway that nobody has looked at, in one line; empty for none."""
    wanted = Select(GatewayAlert, (("open", True), ("gateway", gateway)), (), ("first_utc",), 1)
    rows = desk.store.select(wanted)
    return rows[0].text if rows else ""


def _known(desk: FleetDesk, gateway: str, cause: AlertCause, subject: str) -> GatewayAlert | None:
    ((_, row),) = desk.store.load([RowKey(GatewayAlert, (gateway, cause, subject))])
    found: GatewayAlert | None = row
    return found
