"""What a person changes of her own account; knows rows and no loop."""

from dataclasses import replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.errors import LocalError
from ota_engine.fleet.access.rows import AccessToken, Account
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.parties.acts import ReplaceKey
from ota_engine.head_end.access.accounts import (
    Chosen,
    KnownPerson,
    account_of,
    chosen_of,
    end_sessions,
    known,
)
from ota_engine.head_end.access.book import AccessBook, changing
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.passwords import Passwords, written
from ota_engine.head_end.access.sealing import (
    SealBrokenError,
    open_by_password,
)
from ota_engine.head_end.access.sessions import Arrival, SessionBegun, enter, unchanged
from ota_engine.head_end.deciding import Wish, decide
from ota_engine.head_end.desk import FleetDesk
from ota_engine.wording import one_line


class Accepted(NamedTuple):
    """An invitation that was accepted.

    Attributes:
        person: whose account it is.
        public_key: of her key, PEM; empty for none.
        to_register: she is not in the fleet yet: one person registers her with that key, and a second
            one confirms it, before she is let in.
    """

    person: str
    public_key: str
    to_register: bool


def check_password(
    passwords: Passwords, account: Account | None, password: str, address: str
) -> Arrival | None:
    """Check a password, and open the key that it seals; None where it is wrong.

    It takes as long where there is no account as where the password is wrong.
    """
    right = passwords.is_right(password, "" if account is None else account.password)
    if account is None or not right:
        return None
    key = None
    if account.sealed_key:
        try:
            key = open_by_password(account.sealed_key, account.person, written(password))
        except SealBrokenError:
            key = None  # it is damaged: she comes in, and signs nothing
    renewed = None
    if passwords.is_dated(account.password):
        renewed = chosen_of(passwords, account.person, password, key)
    return Arrival(account, address, key, renewed=renewed)


def change_account(
    desk: FleetDesk, arrival: Arrival, chosen: Chosen, what: str, now: Moment
) -> SessionBegun:
    """Give an account what its person chose; all her sessions end, and one begins.

    Args:
        desk: of the fleet.
        arrival: her, after her password was checked, with the key that is to be used.
        chosen: what she chose.
        what: says it in the audit trail.
        now: when.

    Raises:
        LocalError: the account has changed meanwhile.
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        who = unchanged(book, arrival.account)
        book.note(arrival.account.person, what, arrival.account.person)
        return _change(book, who, arrival, chosen, now)


def replace_key(
    desk: FleetDesk,
    arrival: Arrival,
    chosen: Chosen,
    signer: ec.EllipticCurvePrivateKey,
    now: Moment,
) -> tuple[Reply, SessionBegun | None]:
    """Decide, signed with the former key, that a person signs with another one, and keep that sealed.

    Args:
        desk: of the fleet.
        arrival: her, with the new key.
        chosen: the new key, sealed.
        signer: the former key.
        now: when.

    Returns:
        the answer to the decision, and a new session where it was taken.

    Raises:
        LocalError: the account has changed meanwhile.
        StoreError: the database failed; the decision does not count either.
    """
    person = arrival.account.person
    with changing(desk, now.utc) as book:
        unchanged(book, arrival.account)
        act = ReplaceKey(person, chosen.public_key)
        reply = decide(desk, Wish(person, act), signer, now.utc).reply
        if not reply.accepted:
            return reply, None
        for token in book.select(AccessToken, person=person):
            if token.sealed_key:
                book.drop(token)
        return reply, _change(book, known(book, person), arrival, chosen, now)


def set_zone(desk: FleetDesk, person: str, zone: str, now: Moment) -> None:
    """Show times in another zone to a person; an empty name for that of the server.

    Raises:
        LocalError: there is no such zone, or no such account.
        StoreError: the database failed.
    """
    try:
        if zone:
            ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise LocalError(
            f"{one_line(zone)} is no time zone: give a name such as Europe/London"
        ) from None
    with changing(desk, now.utc) as book:
        book.put(replace(account_of(book, person), zone=zone))


def _change(
    book: AccessBook, who: KnownPerson, arrival: Arrival, chosen: Chosen, now: Moment
) -> SessionBegun:
    account = chosen.given(arrival.account)
    book.put(account)
    end_sessions(book, account.person)
    arrival = arrival._replace(account=account)
    return enter(book, who._replace(account=account), arrival, now)
