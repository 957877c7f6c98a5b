"""Why a document is not taken: no DUIS, of a wrong structure, or wrongly signed; each one line."""

from ota_engine.duis.requests import RequestHeader
from ota_engine.errors import PeerError


class NotDuis(PeerError):  # noqa: N818 - it says what the octets are
    """Octets that are no XML document of DUIS at all: nobody can be answered in its own words."""


class StructureRefused(PeerError):  # noqa: N818 - reads as the outcome it is
    """A DUIS document that is not as its schema wants it.

    Attributes:
        path: local names from the root to the place, such as ``Request/Header/RequestID``.
        header: of the request, where it could be read: the sender gets its answer by it.
    """

    def __init__(self, reason: str, path: str = "", header: RequestHeader | None = None) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.header = header


class SignatureRefused(PeerError):  # noqa: N818 - reads as the outcome it is
    """A document that is unsigned, signed otherwise than the profile says, or by another key."""
