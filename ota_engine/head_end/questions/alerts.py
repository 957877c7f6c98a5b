"""What went wrong and waits for somebody, each with since when; nothing that mends itself is among it.

Who sees every home is told of everything, every other party of what is its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from images.eui64 import format_eui64
from ota_engine.fleet.access.rows import Hook
from ota_engine.fleet.calendar.rows import TimeMark
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState, DeviceToReplace
from ota_engine.fleet.gateways.rows import GatewayAlert, GatewayContact, RegisteredGateway
from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.rows import Notice, NoticeState, PartyClock
from ota_engine.fleet.orders.rows import DocumentState, ServiceUser, UserDocument
from ota_engine.fleet.parties.rows import Person
from ota_engine.head_end.deciding import asked
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View, Viewer
from ota_engine.times import Utc
from ota_engine.wording import counted

SILENT_S: Final = 3_600.0  # that a gateway may say nothing
CLOCK_OFF_S: Final = 30.0  # that a gateway's clock may be wrong
_GRAVE: Final = 2  # category
_MOST: Final = 10_000  # rows of one kind that are looked at
_MOST_EACH: Final = 10  # alerts of one gateway that are told one by one; the rest is counted


class AlertKind(StrEnum):
    """What an alert is about."""

    TIME = "time"
    CAMPAIGN = "campaign"
    INCIDENT = "incident"
    NOTICE = "notice"
    DOCUMENT = "document"
    GATEWAY = "gateway"
    CLOCK = "clock"
    HOOK = "hook"
    REPLACEMENT = "replacement"


@dataclass(frozen=True, slots=True)
class AskAlerts:
    """What went wrong and waits for somebody."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that went wrong.

    Attributes:
        kind: what it is about.
        subject: as ``kind:id``.
        text: what is wrong, in one line.
        cure: what to do, in one line.
        act: name of the decision that mends it, as ``requeue-notices``; empty for none.
        since_utc: since when; None where nothing says.
        grave: it stops something, or loses something.
    """

    kind: AlertKind
    subject: str
    text: str
    cure: str
    act: str
    since_utc: float | None
    grave: bool


@dataclass(frozen=True, slots=True)
class AlertList:
    """All of them: the grave ones first, of these the oldest."""

    items: tuple[Alert, ...]


class _Scene(NamedTuple):
    """What is read, for whom, and when."""

    work: Work
    viewer: Viewer
    utc: Utc

    def sees(self, party: str) -> bool:
        """Whether what is a party's is for whoever asks."""
        return self.viewer.sees_every_home or party == self.viewer.party


def _time(scene: _Scene) -> Iterator[Alert]:
    mark = scene.work.get(TimeMark, "time")
    if mark is not None and mark.doubt and scene.viewer.sees_every_home:
        cure = "set the clock right if it is wrong, and confirm the time"
        text = f"no home begins: {mark.doubt}"
        yield Alert(AlertKind.TIME, "time:time", text, cure, "confirm-time", mark.seen_utc, True)


def _campaigns(scene: _Scene) -> Iterator[Alert]:
    for row in scene.work.select(Campaign, state=CampaignState.HELD):
        if scene.sees(row.party):
            yield Alert(
                AlertKind.CAMPAIGN,
                f"campaign:{row.campaign}",
                f"campaign {row.campaign} is held: {row.reason}",
                "look into it, then go on, or end it",
                "resume-campaign",
                row.since_utc,
                True,
            )


def _incidents(scene: _Scene) -> Iterator[Alert]:
    for row in scene.work.select(Incident, state=IncidentState.OPEN):
        if scene.sees(row.party):
            yield Alert(
                AlertKind.INCIDENT,
                f"incident:{row.incident}",
                f"nobody looks into incident {row.incident} of category {row.category}: {row.text}",
                "name its owner",
                "take-incident",
                row.raised_utc,
                row.category <= _GRAVE,
            )


def _notices(scene: _Scene) -> Iterator[Alert]:
    dead = scene.work.select(Notice, state=NoticeState.DEAD, limit=_MOST)
    for party, rows in _grouped(dead, "party").items():
        if scene.sees(party):
            last = max(rows, key=lambda row: row.created_utc)
            yield Alert(
                AlertKind.NOTICE,
                f"party:{party}",
                f"{counted(len(rows), 'notice')} to {party} did not arrive: {last.trouble}",
                "mend the endpoint of the party, then bring them again",
                "requeue-notices",
                min(row.created_utc for row in rows),
                True,
            )


def _documents(scene: _Scene) -> Iterator[Alert]:
    dead = scene.work.select(UserDocument, state=DocumentState.DEAD, limit=_MOST)
    for user, rows in _grouped(dead, "user").items():
        known = scene.work.get(ServiceUser, user)
        if known is not None and scene.sees(known.party):
            last = max(rows, key=lambda row: row.created_utc)
            yield Alert(
                AlertKind.DOCUMENT,
                f"user:{format_eui64(user)}",
                f"{counted(len(rows), 'document')} to {known.party} did not arrive: {last.trouble}",
                "mend the endpoint of the user, then bring them again",
                "requeue-documents",
                min(row.created_utc for row in rows),
                True,
            )


def _grouped(rows: tuple[Any, ...], by: str) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, by), []).append(row)
    return found


def _gateways(scene: _Scene) -> Iterator[Alert]:
    if not scene.viewer.sees_every_home:
        return
    strange = _grouped(scene.work.select(GatewayAlert, open=True, limit=_MOST), "gateway")
    for row in scene.work.select(RegisteredGateway):
        told = strange.get(row.gateway, [])
        yield from _strange(row.gateway, told)
        contact = scene.work.get(GatewayContact, row.gateway)
        if row.revoked:
            yield from _left_behind(scene, row)
        if row.revoked or contact is None:
            continue
        if any(one.text == contact.trouble for one in told):
            contact = replace(contact, trouble="")
        for text, cure, grave in _troubles(contact, scene.utc):
            yield Alert(
                AlertKind.GATEWAY,
                f"gateway:{row.gateway}",
                f"gateway {row.gateway} {text}",
                cure,
                "",
                contact.seen_utc,
                grave,
            )


def _left_behind(scene: _Scene, row: RegisteredGateway) -> Iterator[Alert]:
    counts = scene.work.counts(Home, ("gateway",), gateway=row.gateway)
    if number := counts.get((row.gateway,), 0):
        yield Alert(
            AlertKind.GATEWAY,
            f"gateway:{row.gateway}",
            f"nothing is done in {counted(number, 'home')} of gateway {row.gateway}, which is revoked",
            "force the homes to another gateway, or admit it anew",
            "force-homes",
            None,
            True,
        )


def _strange(gateway: str, alerts: Sequence[GatewayAlert]) -> Iterator[Alert]:
    """Tell what is strange about a gateway: the oldest of it, and how much else there is."""
    alerts = sorted(alerts, key=lambda one: (one.first_utc, one.cause, one.subject))
    shown, rest = alerts[:_MOST_EACH], alerts[_MOST_EACH:]
    texts = [(one.text, one.first_utc) for one in shown]
    if rest:
        number = counted(len(rest), "more alert")
        texts.append((f"{number} about it: see the gateway itself", rest[0].first_utc))
    for text, since in texts:
        yield Alert(
            AlertKind.GATEWAY,
            f"gateway:{gateway}",
            f"gateway {gateway}: {text}",
            "look into it, then settle what is told about the gateway",
            "settle-gateway-alerts",
            since,
            True,
        )


def _troubles(contact: GatewayContact, utc: Utc) -> Iterator[tuple[str, str, bool]]:
    if contact.trouble:
        yield f"is in trouble: {contact.trouble}", "look at it", True
    if utc - contact.seen_utc > SILENT_S:
        yield "says nothing", "see whether it runs and reaches this server", True
    elif abs(contact.clock_off_s) > CLOCK_OFF_S:
        word = "ahead" if contact.clock_off_s > 0 else "behind"
        text = f"has a clock that is {abs(contact.clock_off_s):,.0f} s {word}"
        yield text, "set its clock", False


def _clocks(scene: _Scene) -> Iterator[Alert]:
    for row in scene.work.select(PartyClock, late=True, met_utc=None, limit=_MOST):
        if scene.sees(row.party):
            yield Alert(
                AlertKind.CLOCK,
                row.subject,
                f"{row.party} was to {row.duty}, and has not",
                f"remind {row.party}" if row.party != scene.viewer.party else "do it",
                "",
                row.started_utc,
                False,
            )


def _hooks(scene: _Scene) -> Iterator[Alert]:
    for row in scene.work.select(Hook):
        person = scene.work.get(Person, row.person) if row.ended else None
        if person is not None and scene.sees(person.party):
            yield Alert(
                AlertKind.HOOK,
                f"person:{row.person}",
                f"hook {row.hook} of {row.person} is called no more: {row.ended}",
                "mend what it calls, and make it anew",
                "",
                row.created_utc,
                False,
            )


def _replacements(scene: _Scene) -> Iterator[Alert]:
    if not scene.viewer.sees_every_home:
        return
    for (campaign,), number in scene.work.counts(DeviceToReplace, ("campaign",)).items():
        yield Alert(
            AlertKind.REPLACEMENT,
            f"campaign:{campaign}",
            f"{counted(number, 'device')} of {campaign} cannot be mended from here",
            "have somebody go there",
            "",
            None,
            False,
        )


_SOURCES: Final[tuple[Callable[[_Scene], Iterator[Alert]], ...]] = (
    _time,
    _campaigns,
    _incidents,
    _notices,
    _documents,
    _gateways,
    _clocks,
    _hooks,
    _replacements,
)


def _alerts(question: AskAlerts, view: View) -> AlertList:
    def read(work: Work) -> list[Alert]:
        scene = _Scene(work, view.viewer, view.utc)
        return [alert for source in _SOURCES for alert in source(scene)]

    found = asked(view.desk, read)
    order = sorted(found, key=lambda one: (not one.grave, one.since_utc or 0.0, one.text))
    return AlertList(tuple(order))


QUESTIONS: Final[Questions] = {AskAlerts: QuestionRow("alerts", _alerts, AlertList)}
