"""Whether an image may be served: three states and what leads from one to another."""

from enum import StrEnum
from typing import Final, NamedTuple


class ImageStatus(StrEnum):
    """How far an image got."""

    DRAFT = "draft"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class StatusDecision(StrEnum):
    """What a person may decide."""

    APPROVE = "approve"
    WITHDRAW = "withdraw"


class StatusChange(NamedTuple):
    """Where an order leads, and whether its giver has to say why."""

    to: ImageStatus
    needs_reason: bool


# None: the order would change nothing and is refused, so that nobody believes they did something.
CHANGES: Final[dict[tuple[ImageStatus, StatusDecision], StatusChange | None]] = {
    (ImageStatus.DRAFT, StatusDecision.APPROVE): StatusChange(
        ImageStatus.APPROVED, needs_reason=False
    ),
    (ImageStatus.DRAFT, StatusDecision.WITHDRAW): StatusChange(
        ImageStatus.WITHDRAWN, needs_reason=True
    ),
    (ImageStatus.APPROVED, StatusDecision.APPROVE): None,
    (ImageStatus.APPROVED, StatusDecision.WITHDRAW): StatusChange(
        ImageStatus.WITHDRAWN, needs_reason=True
    ),
    (ImageStatus.WITHDRAWN, StatusDecision.APPROVE): StatusChange(
        ImageStatus.APPROVED, needs_reason=True
    ),
    (ImageStatus.WITHDRAWN, StatusDecision.WITHDRAW): None,
}
