"""Keeps hooks: made, listed, taken back, and how far each was told; their secrets are sealed."""

import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.access.rows import Hook
from ota_engine.head_end.access.book import changing, looking
from ota_engine.head_end.api.hook_reach import checked_url
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.questions.asking import NotThereError
from ota_engine.store.fleet.keyring import FleetKey
from ota_engine.times import Utc

MOST: Final = 10  # hooks of one person
_ID_OCTETS: Final = 6
_NONCE: Final = 12
_KEY: Final = 32
_PURPOSE: Final = b"zota hook secret 1"


@dataclass(frozen=True, slots=True)
class HookShown:
    """A hook, as its person sees it.

    Attributes:
        hook: short id.
        url: called by POST.
        created_utc: when it was made.
        told: sequence of the audit trail up to which it was told.
        failures: in a row.
        not_before_utc: when it is tried next, if it failed; 0 for at once.
        trouble: why the last call failed; empty when it did not.
        ended: why it is called no more; empty while it is.
    """

    hook: str
    url: str
    created_utc: float
    told: int
    failures: int
    not_before_utc: float
    trouble: str
    ended: str


class HookSeal:
    """Seals the secrets of hooks with a key that is made of the fleet's own."""

    def __init__(self, key: FleetKey) -> None:
        value = key.private.private_numbers().private_value.to_bytes(_KEY, "big")
        derived = HKDF(SHA256(), _KEY, None, _PURPOSE).derive(value)
        self._cipher = AESGCM(derived)

    def seal(self, secret: str, hook: str) -> bytes:
        """Seal the secret of a hook."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.encode("ascii"), hook.encode("ascii"))

    def open(self, hook: Hook) -> str:
        """Open the secret of a hook.

        Raises:
            StoreError: it was sealed with another key.
        """
        nonce, sealed = hook.secret[:_NONCE], hook.secret[_NONCE:]
        try:
            return self._cipher.decrypt(nonce, sealed, hook.hook.encode("ascii")).decode("ascii")
        except (InvalidTag, ValueError):
            raise StoreError(
                f"hook {hook.hook}: its secret was sealed by another key of the fleet: take the hook"
                " back and make another"
            ) from None


def make_hook(desk: FleetDesk, seal: HookSeal, person: str, url: str, utc: Utc) -> tuple[Hook, str]:
    """Make a hook; it is told what happens from now on.

    Returns:
        it, and its secret, which is kept sealed and shown this once.

    Raises:
        LocalError: the URL is none, or there are too many.
        StoreError: the database failed.
    """
    host = checked_url(url).host  # the rest of many a URL is what lets in whoever knows it
    name, secret = secrets.token_hex(_ID_OCTETS), secrets.token_urlsafe(_KEY)
    with changing(desk, utc) as book:
        if len(book.select(Hook, person=person)) >= MOST:
            raise LocalError(f"{MOST} hooks of yours are there: take one back first")
        told = desk.store.audit_head().length + 1  # the line that follows says that this was made
        hook = Hook(name, person, url, seal.seal(secret, name), utc, told, notices_utc=utc)
        book.put(hook)
        book.note(person, "hook made", f"hook:{name}", host=host)
    return hook, secret


def hooks_of(desk: FleetDesk, person: str = "") -> list[Hook]:
    """List the hooks of a person, or of all."""
    with looking(desk) as book:
        return book.select(Hook, person=person) if person else book.select(Hook)


def hook_of(desk: FleetDesk, hook: str) -> Hook | None:
    """Read one hook as it is now; None where it is gone."""
    with looking(desk) as book:
        return book.get(Hook, hook)


def drop_hook(desk: FleetDesk, person: str, hook: str, utc: Utc) -> None:
    """Take a hook back.

    Raises:
        NotThereError: there is none of hers of that name.
        StoreError: the database failed.
    """
    with changing(desk, utc) as book:
        found = book.get(Hook, hook)
        if found is None or found.person != person:
            raise NotThereError(f"{hook[:40]!a}: there is no such hook of yours")
        book.drop(found)
        book.note(person, "hook taken back", f"hook:{hook}")


def settle(desk: FleetDesk, hook: Hook, utc: Utc) -> None:
    """Keep how far a hook was told; one that was taken back meanwhile stays away.

    Raises:
        StoreError: the database failed.
    """
    with changing(desk, utc) as book:
        if book.get(Hook, hook.hook) is not None:
            book.put(hook)
            if hook.ended:
                book.note("hooks", "hook ended", f"hook:{hook.hook}", why=hook.ended)


def shown(hook: Hook) -> HookShown:
    """Show a hook without its secret."""
    return HookShown(
        hook.hook,
        hook.url,
        hook.created_utc,
        hook.told,
        hook.failures,
        hook.not_before_utc,
        hook.trouble,
        hook.ended,
    )
