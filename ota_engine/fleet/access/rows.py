"""Accounts, sessions, tokens and hooks as rows; no secret stands in any of them.

An account belongs to a person of the fleet and says nothing of what she may: that is for her party's
roles. Her private key lies here sealed: by her password in her account, by the session's own secret in a
session, by the token's in a token. None of the rows is evidence; what is done with them is noted in the
audit trail.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Account:
    """The way in of one person.

    Attributes:
        person: whose.
        password: hash of it, as argon2 writes it; empty while the person has chosen none.
        sealed_key: her private key, sealed by her password; empty for a person who signs nothing here.
        public_key: PEM of its public half; a person who is not registered yet is registered with it.
        invitation: SHA-256 of the code by which she chooses a password; empty for none.
        invited_until_utc: until when that counts.
        created_utc: when.
        locked: why nobody gets in by it; empty while it is open.
        zone: name of her time zone; empty for that of the server.
        revision: counts its changes; sessions of another revision are over.
    """

    TABLE: ClassVar = "accounts"
    KEY: ClassVar = ("person",)
    INDEXES: ClassVar = (("invitation",),)
    person: str
    password: str
    sealed_key: bytes
    public_key: str
    invitation: str
    invited_until_utc: float
    created_utc: float
    locked: str = ""
    zone: str = ""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """One person signed in at one browser.

    Attributes:
        digest: SHA-256 of the secret in the cookie.
        person: who.
        account: revision of the account at that time.
        begun_utc: when.
        seen_utc: when it was used last, to the minute.
        ends_utc: not used after that.
        address: from where.
        sealed_key: the person's private key, sealed by the secret in the cookie; empty for none.
    """

    TABLE: ClassVar = "sessions"
    KEY: ClassVar = ("digest",)
    INDEXES: ClassVar = (("person",), ("ends_utc",))
    digest: str
    person: str
    account: int
    begun_utc: float
    seen_utc: float
    ends_utc: float
    address: str
    sealed_key: bytes


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What lets a program in on behalf of a person.

    Attributes:
        digest: SHA-256 of it.
        person: on whose behalf.
        name: as she calls it.
        reads_only: it decides nothing.
        created_utc: when.
        ends_utc: not used after that.
        seen_utc: when it was used last, to the minute; None before.
        sealed_key: the person's private key, sealed by the token; empty for none.
    """

    TABLE: ClassVar = "access_tokens"
    KEY: ClassVar = ("digest",)
    INDEXES: ClassVar = (("person",),)
    digest: str
    person: str
    name: str
    reads_only: bool
    created_utc: float
    ends_utc: float
    seen_utc: float | None
    sealed_key: bytes


@dataclass(frozen=True, slots=True)
class Attempts:
    """Attempts to get in that went wrong, of one account or from one address.

    Attributes:
        subject: ``person:ID`` or ``address:ADDRESS``.
        failures: in a row.
        since_utc: when the first of them was.
        until_utc: until when no further one is looked at.
    """

    TABLE: ClassVar = "attempts"
    KEY: ClassVar = ("subject",)
    subject: str
    failures: int
    since_utc: float
    until_utc: float


@dataclass(frozen=True, slots=True)
class Hook:
    """A URL that is called when something has happened that a person may see.

    Attributes:
        hook: short id.
        person: on whose behalf.
        url: called by POST.
        secret: by which calls are signed; the fleet's key seals it.
        created_utc: when.
        told: sequence of the audit trail up to which it was told.
        failures: in a row.
        not_before_utc: when to try next.
        trouble: why the last call failed; empty when it did not.
        ended: why it is called no more; empty while it is.
        failing_utc: when the first of the failures in a row was; None while there is none.
        notices_utc: when the last notice was written that it was told.
        notices_told: digests of those it was told that were written shortly before that, one after the
            other: of two written by different hands the earlier one may be there later.
    """

    TABLE: ClassVar = "hooks"
    KEY: ClassVar = ("hook",)
    INDEXES: ClassVar = (("person",),)
    hook: str
    person: str
    url: str
    secret: bytes
    created_utc: float
    told: int
    failures: int = 0
    not_before_utc: float = 0.0
    trouble: str = ""
    ended: str = ""
    failing_utc: float | None = None
    notices_utc: float = 0.0
    notices_told: bytes = b""
