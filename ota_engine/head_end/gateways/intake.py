"""Takes what a gateway says, in one commit: what is kept counts once, whatever is lost on the way.

Outcomes are numbered. What is not above ``heard`` was kept before and is dropped; where a number lacks,
nothing is taken and the gateway is told where to go on. What is not a gateway's to say becomes an alert and
holds up nothing, and so does what the fleet fails at.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final, NamedTuple

from images.eui64 import format_eui64
from ota_engine.errors import StoreError, StoreMisfit
from ota_engine.fleet.beside import AloneError
from ota_engine.fleet.fleet import FleetEvent
from ota_engine.fleet.gateways.moving import CountersTold, HomeReleased
from ota_engine.fleet.gateways.rows import (
    AlertCause,
    GatewayContact,
    HomeCounter,
    RegisteredGateway,
)
from ota_engine.fleet.inventory.rows import Home, InstalledDevice
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.port import HubOutcome, Instruction, InstructionTaken, Verb
from ota_engine.gateway.wire import OUTCOME, Highest, OutcomeReport, is_clock_off
from ota_engine.gateway.wire_shapes import written
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.gateways.alerting import Strange, open_alert, raise_alert
from ota_engine.head_end.gateways.refusals import GatewayRefused
from ota_engine.times import Utc
from ota_engine.wording import one_line

SHOWN: Final = 16  # characters of an instance, in a line
#: The highest counter that is believed. One that is told as higher would leave no room above it: nobody
#: after this gateway could draw another one in that home.
MOST_BELIEVED: Final = (1 << 62) - 1
#: Instructions that begin what an outcome may be of: a campaign's, an order's, a command's.
_BEGINNINGS: Final = (
    "{campaign}/{home}/1/" + Verb.ASSIGN,
    "{campaign}/1/" + Verb.ASSIGN,
    "{campaign}/1/" + Verb.READ,
    "{campaign}/1/" + Verb.COMMAND,
)


class Speaker(NamedTuple):
    """A gateway that says something.

    Attributes:
        gateway: its name.
        instance: by its own word.
        address: from where.
    """

    gateway: str
    instance: str
    address: str


class ReportKept(NamedTuple):
    """What became of a report.

    Attributes:
        heard: number of the last outcome that is kept.
        kept: outcomes handled.
        dropped: outcomes that were kept before.
        aside: outcomes that are alerts.
        moved: homes may have come to another gateway.
    """

    heard: int
    kept: int
    dropped: int
    aside: int
    moved: bool


def check_speaker(desk: FleetDesk, speaker: Speaker, utc: Utc) -> tuple[GatewayContact, str]:
    """See whether a gateway may speak, within a transaction that is open.

    Returns:
        what was heard of it last, and why it may not: an alert is kept of that; empty where it may.

    Raises:
        GatewayRefused: it is not known any more.
    """
    registered = RowKey(RegisteredGateway, (speaker.gateway,))
    heard = RowKey(GatewayContact, (speaker.gateway,))
    found = _rows(desk, [registered, heard])
    row, contact = found[registered], found[heard]
    if row is None or row.revoked:
        reason = "" if row is None else one_line(row.revoked)
        raise GatewayRefused("revoked", f"this gateway is revoked: {reason}; ask its operator")
    known: GatewayContact = contact or GatewayContact(speaker.gateway, utc)
    if row.instance == speaker.instance:
        return known, ""
    text = (
        f"two have this identity: {row.instance[:SHOWN]} at {known.address or 'no known address'}"
        f" and {speaker.instance[:SHOWN]} at {speaker.address}, which is refused: stop one, and admit"
        " it by another name"
    )
    raise_alert(
        desk,
        speaker.gateway,
        Strange(AlertCause.ANOTHER_INSTANCE, speaker.instance, text),
        utc,
    )
    desk.store.insert([replace(known, trouble=one_line(text))])
    return known, text


def keep_report(
    desk: FleetDesk, speaker: Speaker, report: OutcomeReport, utc: Utc, rate: float = 1.0
) -> ReportKept:
    """Keep all that a report says.

    Args:
        desk: of the fleet.
        speaker: who says it.
        report: what is said.
        utc: now.
        rate: seconds of the calendar in a second, as far as clocks may differ by it.

    Raises:
        GatewayRefused: it may say nothing.
        StoreError: the database failed; nothing is kept.
    """

    def keep() -> ReportKept | str:
        contact, trouble = check_speaker(desk, speaker, utc)
        return trouble or _keep(desk, speaker, report, contact, utc, rate)

    taken = map(InstructionTaken, report.taken)
    events: Iterable[FleetEvent] = chain(report.outcomes, taken, _of_homes(speaker.gateway, report))
    kept = desk.together(desk.homes_of(events), keep, speaker.gateway)
    if isinstance(kept, str):
        raise GatewayRefused("another instance", kept)
    return kept


def _keep(
    desk: FleetDesk,
    speaker: Speaker,
    report: OutcomeReport,
    contact: GatewayContact,
    utc: Utc,
    rate: float,
) -> ReportKept:
    gateway = speaker.gateway
    alerts: list[Strange] = []
    heard = _heard_before(report, contact.heard, alerts)
    said = _above(report, heard)
    dropped = min(len(report.outcomes), max(heard + 1 - report.first, 0))
    taken, strange = _judge_taken(desk, gateway, report.taken)
    alerts += strange
    good, strange = _judge(desk, gateway, said)
    aside = len(strange)
    alerts += strange
    alerts += _counters_back(desk, gateway, report)
    alerts += _counters_ahead(report)
    faults = _let_each_happen(desk, good, utc)  # first, as it adds to sums: the trail is held last
    alerts += faults
    _let_happen(desk, [*taken, *_of_homes(gateway, report)], utc)
    for one in alerts:
        raise_alert(desk, gateway, one, utc)
    heard += len(said)
    now = met(contact, report.utc, speaker.address, utc, rate)
    trouble = report.trouble or now.trouble or open_alert(desk, gateway)
    desk.store.insert([replace(now, heard=heard, homes=report.homes, trouble=trouble)])
    return ReportKept(
        heard,
        len(good) - len(faults),
        dropped,
        aside + len(faults),
        moved=bool(report.released),
    )


def met(
    contact: GatewayContact, said_utc: float, address: str, utc: Utc, rate: float
) -> GatewayContact:
    """Note that a gateway has spoken.

    Args:
        contact: as it was before.
        said_utc: now, by the gateway's clock.
        address: from where it spoke.
        utc: now.
        rate: seconds of the calendar in a second.

    Returns:
        the same as it is now, in trouble where the clocks go apart and by nothing else.
    """
    off = said_utc - utc
    return replace(
        contact,
        seen_utc=utc,
        clock_off_s=round(off, 3),
        address=address,
        trouble=_clock_trouble(off, rate),
    )


def _clock_trouble(off: float, rate: float) -> str:
    """What is wrong with a gateway's clock, which is so many seconds ahead, in one line; empty for nothing."""
    if not is_clock_off(off, rate):
        return ""
    where = "ahead of" if off > 0 else "behind"
    return f"its clock is {abs(off):,.0f} s {where} this one: set it"


def _heard_before(report: OutcomeReport, heard: int, alerts: list[Strange]) -> int:
    """Up to where nothing more will come: a gateway keeps what it has told for so long and no longer."""
    if report.oldest <= heard + 1:
        return heard
    text = (
        f"outcomes {heard + 1} to {report.oldest - 1} are lost: the gateway keeps them no more, and"
        " this head end, restored from an old back-up, never had them"
    )
    alerts.append(Strange(AlertCause.OUTCOMES_LOST, str(heard + 1), text))
    return report.oldest - 1


def _above(report: OutcomeReport, heard: int) -> Sequence[HubOutcome]:
    """Those outcomes that were not kept yet; none where one lacks before them."""
    if report.first > heard + 1:
        return ()
    return report.outcomes[heard + 1 - report.first :]


def _judge_taken(
    desk: FleetDesk, gateway: str, keys: Sequence[str]
) -> tuple[list[FleetEvent], list[Strange]]:
    """Tell apart instructions that were for this gateway."""
    events: list[FleetEvent] = []
    strange: list[Strange] = []
    found = _rows(desk, [RowKey(Instruction, (key,)) for key in keys])
    for asked, row in found.items():
        (key,) = asked.values
        if row is not None and row.gateway == gateway:
            events.append(InstructionTaken(key))
        elif row is None:
            text = f"it has taken instruction {key}, which is none: was a back-up restored?"
            strange.append(Strange(AlertCause.NEVER_TOLD, key, text))
    return events, strange


def _judge(
    desk: FleetDesk, gateway: str, said: Sequence[HubOutcome]
) -> tuple[list[HubOutcome], list[Strange]]:
    """Tell apart what is the gateway's to say."""
    rows = _rows(desk, [ask for one in said for ask in _asks(one)])
    good: list[HubOutcome] = []
    strange: list[Strange] = []
    for one in said:
        found = _strange(one, gateway, rows)
        if found is None:
            good.append(one)
        else:
            strange.append(found)
    return good, strange


def _asks(one: HubOutcome) -> list[RowKey]:
    return [
        RowKey(Home, (one.home,)),
        RowKey(InstalledDevice, (one.device,)),
        *_beginnings(one),
    ]


def _beginnings(one: HubOutcome) -> list[RowKey]:
    if not one.campaign:
        return []
    return [
        RowKey(Instruction, (text.format(campaign=one.campaign, home=one.home),))
        for text in _BEGINNINGS
    ]


def _strange(one: HubOutcome, gateway: str, rows: dict[RowKey, Any]) -> Strange | None:
    home = rows[RowKey(Home, (one.home,))]
    device = rows[RowKey(InstalledDevice, (one.device,))]
    name = format_eui64(one.device)
    content = written(OUTCOME, one).decode("ascii")
    if home is None or home.gateway != gateway:
        text = f"it says {one.word} of a home that is not its own: {one.home}"
        return Strange(AlertCause.NOT_ITS_HOME, one.home, text, content)
    if device is None or device.home != one.home:
        text = f"it says {one.word} of {name}, which is not in home {one.home}"
        return Strange(AlertCause.NOT_IN_HOME, name, text, content)
    told = [rows[key] for key in _beginnings(one)]
    if one.campaign and not any(row is not None and row.home == one.home for row in told):
        text = f"it says {one.word} of {name} for {one.campaign}, of which it was told nothing"
        return Strange(AlertCause.NEVER_TOLD, f"{one.campaign}/{one.home}", text, content)
    return None


def _counters_back(desk: FleetDesk, gateway: str, report: OutcomeReport) -> list[Strange]:
    """Find counters that are below what the same gateway told of them before."""
    told = {
        RowKey(HomeCounter, (home, format_eui64(originator))): highest
        for home, counters in report.counters.items()
        for originator, highest in counters.items()
    }
    return [
        Strange(
            AlertCause.COUNTER_BACK,
            f"{row.home}/{row.originator}",
            f"its counter of {row.originator} in home {row.home} is {told[ask]}, and was"
            f" {row.highest}: it draws above that from its next stream on",
        )
        for ask, row in _rows(desk, told).items()
        if row is not None and row.gateway == gateway and told[ask] < row.highest
    ]


def _counters_ahead(report: OutcomeReport) -> list[Strange]:
    """Find counters that are not believed."""
    return [
        Strange(
            AlertCause.COUNTER_AHEAD,
            f"{home}/{format_eui64(originator)}",
            f"its counter of {format_eui64(originator)} in home {home} is {highest}, which no gateway"
            " draws: it is not believed",
        )
        for home, counters in report.counters.items()
        for originator, highest in counters.items()
        if highest > MOST_BELIEVED
    ]


def _of_homes(gateway: str, report: OutcomeReport) -> Iterator[FleetEvent]:
    """What is said of homes: their counters, and then which of them are let go."""
    for home, counters in report.counters.items():
        yield CountersTold(home, gateway, _believed(counters))
    for home in dict.fromkeys(report.released):
        yield HomeReleased(home, gateway)


def _believed(counters: Highest) -> Highest:
    return {name: highest for name, highest in counters.items() if highest <= MOST_BELIEVED}


def _let_happen(desk: FleetDesk, events: Sequence[FleetEvent], utc: Utc) -> None:
    if events:
        desk.handle_within(events, utc)


def _let_each_happen(desk: FleetDesk, said: Sequence[HubOutcome], utc: Utc) -> list[Strange]:
    """Let outcomes happen; where the fleet fails at one, the others happen all the same.

    Raises:
        StoreError: the database failed, which is no outcome's fault; nothing happened.
    """
    if not said:
        return []
    try:
        with desk.store.part():
            desk.handle_within(said, utc)
    except Exception as error:
        if isinstance(error, (StoreError, AloneError)) and not isinstance(error, StoreMisfit):
            raise
        if len(said) > 1:
            return [fault for one in said for fault in _let_each_happen(desk, [one], utc)]
        (one,) = said
        text = f"the fleet fails at outcome {one.key}: {type(error).__name__}: {error}"
        content = written(OUTCOME, one).decode("ascii")
        return [Strange(AlertCause.FAULT, one.key, one_line(text), content)]
    return []


def _rows(desk: FleetDesk, keys: Iterable[RowKey]) -> dict[RowKey, Any]:
    found = desk.store.load(dict.fromkeys(keys))
    return {ask: row for ask, row in found if isinstance(ask, RowKey)}
