"""Who has come in, as every door of a server sees it; knows no way in."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.head_end.questions.asking import Viewer


class EntryWay(StrEnum):
    """How somebody came in."""

    SESSION = "session"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who has come in.

    Attributes:
        viewer: who, and what may be seen.
        way: how.
        digest: names the session or token.
        zone: the person's time zone; empty for that of the server.
        reads_only: nothing may be decided this way.
        signer: the person's private key, with which decisions are signed; None for none at hand.
        name: as people call her.
    """

    viewer: Viewer
    way: EntryWay
    digest: str
    zone: str = ""
    reads_only: bool = False
    signer: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    name: str = ""


class Entry(Protocol):
    """Knows whoever shows something; it costs no decision its turn."""

    async def by_session(self, secret: str) -> SignedIn | None:
        """Know somebody by the secret in the cookie; None for nobody.

        Raises:
            StoreError: the database failed.
        """

    async def by_token(self, token: str) -> SignedIn | None:
        """Know a program by its token; None for nobody.

        Raises:
            StoreError: the database failed.
        """

    async def still_in(self, seen: SignedIn) -> bool:
        """Whether somebody who came in may stay; what is open for long asks that every few seconds.

        It counts as no use, so that an open page alone keeps no session alive.

        Raises:
            StoreError: the database failed.
        """

    async def refused(self, seen: SignedIn, what: str) -> None:
        """Note in the audit trail that somebody wanted what is not for him or her.

        Args:
            seen: who.
            what: in one line.
        """
