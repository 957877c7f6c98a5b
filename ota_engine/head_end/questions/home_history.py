"""What happened to one home, in the order of time, gathered from whatever knows of it; answers no question."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from images.eui64 import format_eui64
from ota_engine.fleet.campaigns.homes.words import SignedWord
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.campaigns.voices import Nomination
from ota_engine.fleet.gateways.rows import HomeMove
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.orders.rows import DeviceCommand, DeviceOrder
from ota_engine.fleet.parties.rows import Responsibility, Tenancy
from ota_engine.head_end.questions.asking import View
from ota_engine.head_end.questions.decided import decisions_shown
from ota_engine.head_end.questions.scope import own_users
from ota_engine.store.fleet.sets import rows_of

ANOTHER: Final = "another supplier"


@dataclass(frozen=True, slots=True)
class HomeEvent:
    """One thing that happened.

    Attributes:
        utc: when.
        what: in a word: campaign, device, supplier, tenancy, decision, order, gateway, inventory.
        text: in one line.
        campaign: that it belongs to; empty for none.
        person: who decided it; empty where nobody did.
    """

    utc: float
    what: str
    text: str
    campaign: str = ""
    person: str = ""


def home_history(view: View, home: Home, memberships: Iterable[Member]) -> tuple[HomeEvent, ...]:
    """Gather what happened to a home, as far as the viewer may know, the oldest first."""
    found = [
        *_registration(view, home),
        *_memberships(view, home, memberships),
        *_told(view, home),
        *_orders(view, home),
        *_trail(view, home),
        *_decisions(view, home),
        *_moves(view, home),
    ]
    return tuple(sorted(found, key=lambda one: one.utc))


def _registration(view: View, home: Home) -> Iterator[HomeEvent]:
    here = (("home", home.home),)
    viewer = view.viewer
    responsibility: Responsibility
    for responsibility in view.desk.store.select(Select(Responsibility, here)):
        known = viewer.sees_every_home or responsibility.party in (viewer.party, *home.suppliers)
        party = responsibility.party if known else ANOTHER
        text = f"{party} answers for {responsibility.fuel}"
        yield HomeEvent(responsibility.from_utc, "supplier", text)
    for tenancy in view.desk.store.select(Select(Tenancy, here)):
        yield HomeEvent(tenancy.from_utc, "tenancy", "other people live there since")
    if home.installed_utc:
        yield HomeEvent(home.installed_utc, "inventory", "its installation was complete")


def _memberships(view: View, home: Home, memberships: Iterable[Member]) -> Iterator[HomeEvent]:
    for member in memberships:
        text = f"{member.state}" + (f": {member.reason}" if member.reason else "")
        yield HomeEvent(member.since_utc, "campaign", text, member.campaign)
        here = ("campaign", member.campaign), ("home", home.home)
        for one in view.desk.store.select(Select(Nomination, here)):
            text = f"proposed for phase {one.phase}: {one.state}"
            yield HomeEvent(one.utc, "campaign", text, member.campaign, one.decided_by)


def _told(view: View, home: Home) -> Iterator[HomeEvent]:
    word: SignedWord
    for word in view.desk.store.select(Select(SignedWord, (("home", home.home),))):
        runs = "" if word.version is None else f", runs {word.version:08X}"
        text = f"{format_eui64(word.device)}: {word.word}{runs}, signed"
        yield HomeEvent(word.utc, "device", text, word.campaign)


def _orders(view: View, home: Home) -> Iterator[HomeEvent]:
    users = {row.user for row in own_users(view)}
    here = (("home", home.home),)
    order: DeviceOrder
    for order in view.desk.store.select(Select(DeviceOrder, here)):
        if view.viewer.sees_every_home or order.user in users:
            text = f"{format_eui64(order.device)}: image {order.state}"
            text += f": {order.reason}" if order.reason else ""
            yield HomeEvent(order.since_utc, "order", text)
    command: DeviceCommand
    for command in view.desk.store.select(Select(DeviceCommand, here)):
        if view.viewer.sees_every_home or command.user in users:
            text = f"{format_eui64(command.device)}: {command.reference} {command.state}"
            yield HomeEvent(command.since_utc, "order", text)


def _trail(view: View, home: Home) -> Iterator[HomeEvent]:
    """Read what the audit trail has about a home; who sees one home alone is told no detail."""
    for row in view.desk.store.trail_about(f"home:{home.home}"):
        record = row.record
        if "decision" in json.loads(record.detail):
            continue
        detail = f" {record.detail}" if view.viewer.sees_every_home else ""
        yield HomeEvent(record.utc, "inventory", f"{record.action}{detail}")


def _decisions(view: View, home: Home) -> Iterator[HomeEvent]:
    """Find decisions that name a home; persons decide seldom, so that all are looked through."""
    driver = view.desk.store.driver
    place = driver.dialect.choose(sqlite="instr", postgresql="strpos")
    ending, given = f"WHERE {place}(r.content, :home) > 0", {"home": f'"{home.home}"'}
    rows = rows_of(driver, DecisionRow, ending, given)
    for one in decisions_shown(view, rows):
        done = one.text if one.accepted else f"refused: {one.text}"
        text = f"{one.act}: {done}" + (f" ({one.reason})" if one.reason else "")
        campaign = one.subject.partition(":")[2] if one.subject.startswith("campaign:") else ""
        yield HomeEvent(one.taken_utc, "decision", text, campaign, one.person)


def _moves(view: View, home: Home) -> Iterator[HomeEvent]:
    move: HomeMove
    for move in view.desk.store.select(Select(HomeMove, (("home", home.home),))):
        text = f"from gateway {move.source} to {move.target}: {move.state}"
        yield HomeEvent(move.moved_utc or move.asked_utc, "gateway", text, "", move.person)
