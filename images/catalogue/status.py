"""Whether an image may be served: three states and what leads from one to another."""

from enum import StrEnum
from typing import Final, NamedTuple


class Status(StrEnum):
    """How far an image got."""

    DRAFT = "draft"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class Order(StrEnum):
    """What a person may decide."""

    APPROVE = "approve"
    WITHDRAW = "withdraw"


class Change(NamedTuple):
    """Where an order leads, and whether its giver has to say why."""

    to: Status
    needs_reason: bool


# None: the order would change nothing and is refused, so that nobody believes they did something.
CHANGES: Final[dict[tuple[Status, Order], Change | None]] = {
    (Status.DRAFT, Order.APPROVE): Change(Status.APPROVED, needs_reason=False),
    (Status.DRAFT, Order.WITHDRAW): Change(Status.WITHDRAWN, needs_reason=True),
    (Status.APPROVED, Order.APPROVE): None,
    (Status.APPROVED, Order.WITHDRAW): Change(Status.WITHDRAWN, needs_reason=True),
    (Status.WITHDRAWN, Order.APPROVE): Change(Status.APPROVED, needs_reason=True),
    (Status.WITHDRAWN, Order.WITHDRAW): None,
}
