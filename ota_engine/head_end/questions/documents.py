"""Documents for Service Users as people look at them."""

from dataclasses import dataclass
from typing import Any

from images.eui64 import Eui64, format_eui64
from ota_engine.fleet.orders.rows import DocumentState, UserDocument


@dataclass(frozen=True, slots=True)
class DocumentListed:
    """One document of the outbox; the octets are left out.

    Attributes:
        document: names it for ever.
        user: for whom.
        state: how far it has come.
        created_utc: when it was written.
        delivered_utc: when the user's endpoint took it, None while it has not.
        tries: how often it was tried.
        trouble: why it has not been delivered.
    """

    document: str
    user: Eui64
    state: DocumentState
    created_utc: float
    delivered_utc: float | None
    tries: int
    trouble: str

    def as_values(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        return {
            "document": self.document,
            "user": format_eui64(self.user),
            "state": str(self.state),
            "created_utc": self.created_utc,
            "delivered_utc": self.delivered_utc,
            "tries": self.tries,
            "trouble": self.trouble,
        }


def listed(row: UserDocument) -> DocumentListed:
    """Leave out what people do not read."""
    return DocumentListed(
        row.document,
        row.user,
        row.state,
        row.created_utc,
        row.delivered_utc,
        row.tries,
        row.trouble,
    )
