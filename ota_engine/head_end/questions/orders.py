"""What can be asked of Service Users: who they are, what they ordered, and what waits for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from images.eui64 import Eui64, format_eui64
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.orders.rows import (
    CommandState,
    DeliveryState,
    DeviceCommand,
    DeviceOrder,
    DocumentState,
    ImageOrder,
    OrderRules,
    ServiceUser,
    UserDocument,
)
from ota_engine.head_end.questions.asking import NotThereError, QuestionRow, Questions, View
from ota_engine.head_end.questions.documents import DocumentListed, listed
from ota_engine.head_end.questions.paging import bounded, cursor, cut, place, refuse_other
from ota_engine.head_end.questions.scope import HOMES, home_party, own_users
from ota_engine.store.fleet.sets import count_of, rows_of

_OWN_HOME: Final = (
    "JOIN homes AS h ON h.home = r.home"
    " JOIN service_users AS u ON u.user = r.user AND u.party = :party"
    " WHERE (h.electricity = :party OR h.gas = :party)"
)


@dataclass(frozen=True, slots=True)
class AskServiceUsers:
    """Which Service Users there are, and what waits for each."""


@dataclass(frozen=True, slots=True)
class UserOutbox:
    """A Service User, and its documents by how far they have come."""

    user: ServiceUser
    documents: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ServiceUserList:
    """Service Users of parties that the viewer may see.

    Attributes:
        items: in the order of their ids.
        rules: what may be ordered, as far as that is ours to choose; None for the default.
    """

    items: tuple[UserOutbox, ...]
    rules: OrderRules | None


@dataclass(frozen=True, slots=True)
class AskImageOrders:
    """Which images were ordered, the latest order first."""

    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class ImageOrderList:
    """Orders, on this page and in all."""

    items: tuple[ImageOrder, ...]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class AskImageOrder:
    """How an order stands, device by device.

    Attributes:
        request: text of the request id.
        state: text of ``DeliveryState``; empty for all.
        most: give no more devices than so many.
        after: ``more`` of the page before.
    """

    request: str
    state: str = ""
    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class ImageOrderReport:
    """One order.

    Attributes:
        order: its row.
        states: devices by where the image stands.
        items: devices on this page.
        total: on all pages.
        more: where the next page begins; empty at the end.
    """

    order: ImageOrder
    states: Mapping[str, int]
    items: tuple[DeviceOrder, ...]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class AskCommands:
    """Which commands and questions were given for devices, the latest first.

    Attributes:
        state: text of ``CommandState``; empty for all.
        most: give no more than so many.
        after: ``more`` of the page before.
    """

    state: str = ""
    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class CommandShown:
    """One command; the octets are left out."""

    name: str
    request: str
    reference: str
    user: Eui64
    device: Eui64
    home: str
    state: CommandState
    since_utc: float
    execution_utc: float | None


@dataclass(frozen=True, slots=True)
class CommandList:
    """Commands, on this page and in all."""

    items: tuple[CommandShown, ...]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class AskDocuments:
    """Which documents wait for Service Users, the oldest first.

    Attributes:
        user: of this one alone; None for all.
        state: text of ``DocumentState``; empty for all.
        most: give no more than so many.
        after: ``more`` of the page before.
    """

    user: Eui64 | None = None
    state: str = ""
    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class DocumentList:
    """Documents, on this page and in all."""

    items: tuple[DocumentListed, ...]
    total: int
    more: str


def _users(asked: AskServiceUsers, view: View) -> ServiceUserList:
    store = view.desk.store
    with store.reading():
        rules = store.select(Select(OrderRules))
        return ServiceUserList(
            tuple(UserOutbox(user, _waiting(user, view)) for user in own_users(view)),
            rules[0] if rules else None,
        )


def _waiting(user: ServiceUser, view: View) -> dict[str, int]:
    """Count what has not reached a user: what has is without end."""
    given = {"user": format_eui64(user.user)}
    counts = {}
    for state in (DocumentState.WAITING, DocumentState.DEAD):
        ending = "WHERE r.state = :state AND r.user = :user"
        count = count_of(
            view.desk.store.driver, UserDocument, ending, {**given, "state": state.value}
        )
        if count:
            counts[str(state)] = count
    return counts


def _orders(asked: AskImageOrders, view: View) -> ImageOrderList:
    most = bounded(asked.most)
    after = place(asked.after, float, str)
    party, driver = home_party(view), view.desk.store.driver
    given: dict[str, Any] = {"party": party}
    ending = "WHERE r.party = :party" if party else "WHERE true"
    with view.desk.store.reading():
        total = count_of(driver, ImageOrder, ending, given)
        if after is not None:
            ending += " AND (-r.received_utc, r.request) > (-:utc, :request)"
            given |= dict(zip(("utc", "request"), after, strict=True))
        ending += " ORDER BY r.received_utc DESC, r.request LIMIT :most"
        found = list(rows_of(driver, ImageOrder, ending, given | {"most": most + 1}))
    items, goes_on = cut(found, most)
    more = cursor(items[-1].received_utc, items[-1].request) if goes_on else ""
    return ImageOrderList(items, total, more)


def _order(asked: AskImageOrder, view: View) -> ImageOrderReport:
    most = bounded(asked.most)
    refuse_other(asked.state, DeliveryState)
    party, driver = home_party(view), view.desk.store.driver
    given: dict[str, Any] = {"party": party, "request": asked.request}
    ending = f"{_OWN_HOME if party else 'WHERE true'} AND r.request = :request"
    with view.desk.store.reading():
        orders = view.desk.store.select(Select(ImageOrder, (("request", asked.request),)))
        if not orders or party not in ("", orders[0].party):
            raise NotThereError(f"{asked.request!a}: there is no such order")
        states = {
            str(row[0]): row[1]
            for row in driver.execute(
                f"SELECT r.state, count(*) FROM device_orders AS r {ending} GROUP BY r.state",  # noqa: S608 - our own words
                given,
            )
        }
        if asked.state:
            ending += " AND r.state = :state"
            given["state"] = asked.state
        ending += " AND r.name > :after ORDER BY r.name LIMIT :most"
        given |= {"after": asked.after, "most": most + 1}
        found = list(rows_of(driver, DeviceOrder, ending, given))
    items, goes_on = cut(found, most)
    total = states.get(asked.state, 0) if asked.state else sum(states.values())
    return ImageOrderReport(orders[0], states, items, total, items[-1].name if goes_on else "")


def _commands(asked: AskCommands, view: View) -> CommandList:
    most = bounded(asked.most)
    after = place(asked.after, float, str)
    party, driver = home_party(view), view.desk.store.driver
    given: dict[str, Any] = {"party": party}
    ending = _OWN_HOME if party else "WHERE true"
    refuse_other(asked.state, CommandState)
    if asked.state:
        ending += " AND r.state = :state"
        given["state"] = asked.state
    with view.desk.store.reading():
        total = count_of(driver, DeviceCommand, ending, given)
        if after is not None:
            ending += " AND (-r.since_utc, r.name) > (-:utc, :name)"
            given |= dict(zip(("utc", "name"), after, strict=True))
        ending += " ORDER BY r.since_utc DESC, r.name LIMIT :most"
        found = list(rows_of(driver, DeviceCommand, ending, given | {"most": most + 1}))
    items, goes_on = cut([_command(row) for row in found], most)
    more = cursor(items[-1].since_utc, items[-1].name) if goes_on else ""
    return CommandList(items, total, more)


def _command(row: DeviceCommand) -> CommandShown:
    return CommandShown(
        row.name,
        row.request,
        row.reference,
        row.user,
        row.device,
        row.home,
        row.state,
        row.since_utc,
        row.execution_utc,
    )


def _documents(asked: AskDocuments, view: View) -> DocumentList:
    refuse_other(asked.state, DocumentState)
    most = bounded(asked.most)
    after = place(asked.after, float, str)
    party, driver = home_party(view), view.desk.store.driver
    given: dict[str, Any] = {"party": party, "state": asked.state}
    ending = "WHERE true"
    if party:
        ending = "JOIN service_users AS u ON u.user = r.user WHERE u.party = :party"
    if asked.state:
        ending += " AND r.state = :state"
    if asked.user is not None:
        ending += " AND r.user = :user"
        given["user"] = format_eui64(asked.user)
    with view.desk.store.reading():
        total = count_of(driver, UserDocument, ending, given)
        if after is not None:
            ending += " AND (r.created_utc, r.document) > (:utc, :document)"
            given |= dict(zip(("utc", "document"), after, strict=True))
        ending += " ORDER BY r.created_utc, r.document LIMIT :most"
        found = rows_of(driver, UserDocument, ending, given | {"most": most + 1})
        items, goes_on = cut([listed(row) for row in found], most)
    more = cursor(items[-1].created_utc, items[-1].document) if goes_on else ""
    return DocumentList(items, total, more)


QUESTIONS: Final[Questions] = {
    AskServiceUsers: QuestionRow("service-users", _users, ServiceUserList),
    AskImageOrders: QuestionRow("orders", _orders, ImageOrderList, HOMES),
    AskImageOrder: QuestionRow("orders/{request}", _order, ImageOrderReport, HOMES),
    AskCommands: QuestionRow("commands", _commands, CommandList, HOMES),
    AskDocuments: QuestionRow("documents", _documents, DocumentList),
}
