"""Accounts of persons: invited, opened, locked, and what ends with each; knows rows, no loop and no clock.

Whoever uses this says who she is, for the audit trail. A person who is in the fleet gives the private key
that is registered for her, or none, and then signs elsewhere. One who is not yet there gets a key with her
account, and nobody lets her in before one person has registered her with its public half and a second one
has confirmed that: an invitation alone makes nobody a person of the fleet.
"""

from dataclasses import replace
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ota_engine.errors import LocalError
from ota_engine.fleet.access.rows import AccessToken, Account, Attempts, BrowserSession
from ota_engine.fleet.kernel.decisions import DecisionRefused
from ota_engine.fleet.kernel.identifiers import refuse_bad_id
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.access.attempts import person_subject
from ota_engine.head_end.access.book import AccessBook, changing, looking
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.passwords import Passwords, refuse_weak, written
from ota_engine.head_end.access.sealing import seal_by_password
from ota_engine.head_end.access.secret_texts import SecretKind, new_secret, read_secret
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import DAY_S
from ota_engine.wording import one_line

INVITED_S: Final = 7 * DAY_S
_BAD_CODE: Final = "the invitation is not known, was used, or is over: ask for a new one"


class KnownPerson(NamedTuple):
    """What there is of one person.

    Attributes:
        person: in the fleet; None where there is none yet.
        party: the person's.
        account: of hers; None where there is none.
    """

    person: Person | None
    party: Party | None
    account: Account | None

    @property
    def is_removed(self) -> bool:
        """Whether she was in the fleet, and is no longer."""
        return self.person is not None and not self.person.active and self.person.revision > 1

    @property
    def hindrance(self) -> str:
        """Why she is not let in, although she is who she says; empty where she is."""
        account, person = self.account, self.person
        if account is None:
            return "there is no account: ask for an invitation"
        if account.locked:
            return f"the account is locked ({account.locked}): ask the operator"
        if person is None:
            return f"{account.person} is not registered in the fleet yet: ask the operator"
        if not person.active and person.revision == 1:
            return f"{person.person} is registered, and a second person has yet to confirm that"
        if not person.active or self.party is None:
            return f"{person.person} is no longer in the fleet"
        return ""


class Chosen(NamedTuple):
    """What makes an account usable.

    Attributes:
        password: hash of it.
        sealed_key: private key, sealed by it; empty for none.
        public_key: PEM of its public half; empty for none.
    """

    password: str
    sealed_key: bytes = b""
    public_key: str = ""

    def given(self, account: Account) -> Account:
        """Give it to an account, whose sessions are over by that."""
        return replace(account, **self._asdict(), revision=account.revision + 1)


def known(book: AccessBook, person: str) -> KnownPerson:
    """Read what there is of one person."""
    found = book.get(Person, person)
    party = None if found is None else book.get(Party, found.party)
    return KnownPerson(found, party, book.get(Account, person))


def known_of(desk: FleetDesk, person: str) -> KnownPerson:
    """Read what there is of one person, by itself.

    Raises:
        StoreError: the database failed.
    """
    with looking(desk) as book:
        return known(book, person)


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Write the public half of a key as rows of persons have it."""
    octets = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return octets.decode("ascii")


def choose(
    who: KnownPerson,
    name: str,
    password: str,
    key: ec.EllipticCurvePrivateKey | None,
    by: Passwords,
) -> Chosen:
    """Hash a password and seal a key by it; it takes as long as the cost of a password says.

    Args:
        who: what there is of the person.
        name: id of her.
        password: as she typed it.
        key: hers; None where she gives none. A person who is not in the fleet yet then gets one.
        by: hashes.

    Raises:
        LocalError: the password is weak, or the key is not the one that is registered.
    """
    refuse_weak(password, name, "" if who.person is None else who.person.name)
    if key is None and who.person is None:
        key = ec.generate_private_key(ec.SECP256R1())
    elif key is not None:
        refuse_other_key(who, name, key)
    return chosen_of(by, name, password, key)


def chosen_of(
    by: Passwords, person: str, password: str, key: ec.EllipticCurvePrivateKey | None
) -> Chosen:
    """Hash a password, and seal a key by it; None for no key."""
    if key is None:
        return Chosen(by.hashed(password))
    sealed = seal_by_password(key, person, written(password), by.cost)
    return Chosen(by.hashed(password), sealed, public_pem(key))


def refuse_other_key(who: KnownPerson, name: str, key: ec.EllipticCurvePrivateKey) -> None:
    """Take the key that is registered for a person, or any for one who is not registered.

    Raises:
        LocalError: it is another one.
    """
    if who.person is not None and public_pem(key) != who.person.key:
        raise LocalError(
            f"the key is not the one that is registered for {name}: give that, or replace it first"
        )


def invite(desk: FleetDesk, person: str, actor: str, now: Moment) -> str:
    """Make a code by which a person opens an account, or chooses a new password for the one she has.

    Args:
        desk: of the fleet.
        person: id; in the fleet or not yet.
        actor: who invites.
        now: when.

    Returns:
        the code; it is kept nowhere.

    Raises:
        LocalError: the id is none, or the person was removed.
        StoreError: the database failed.
    """
    _refuse_bad_id(person)
    secret = new_secret(SecretKind.INVITATION)
    with changing(desk, now.utc) as book:
        who = known(book, person)
        _refuse_removed(who, person)
        account = who.account or Account(person, "", b"", "", "", 0.0, now.utc)
        book.put(replace(account, invitation=secret.digest, invited_until_utc=now.after(INVITED_S)))
        book.note(actor, "invited", person)
    return secret.text


def invited(desk: FleetDesk, code: str, now: Moment) -> tuple[str, KnownPerson]:
    """Say whom a code invites.

    Raises:
        LocalError: nobody.
        StoreError: the database failed.
    """
    with looking(desk) as book:
        account = _invited(book, code, now)
        return account.person, known(book, account.person)


def accept(desk: FleetDesk, code: str, chosen: Chosen, now: Moment) -> str:
    """Open the account, or change its password, by a code; whatever was open before is over.

    Returns:
        id of the person.

    Raises:
        LocalError: the code invites nobody.
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        account = _invited(book, code, now)
        open_account(book, account, chosen)
        book.note(
            account.person, "invitation accepted", account.person, key=bool(chosen.sealed_key)
        )
    return account.person


def open_account(book: AccessBook, account: Account, chosen: Chosen) -> None:
    """Give an account a password and a key; whatever was open before is over."""
    book.put(replace(chosen.given(account), invitation="", invited_until_utc=0.0))
    end_sessions(book, account.person)
    for token in book.select(AccessToken, person=account.person):
        book.drop(token)
    forget_attempts(book, account.person)


def open_at_once(desk: FleetDesk, person: str, chosen: Chosen, actor: str, now: Moment) -> None:
    """Make an account with its password, without an invitation.

    Raises:
        LocalError: there is one already, the id is none, or the person was removed.
        StoreError: the database failed.
    """
    _refuse_bad_id(person)
    with changing(desk, now.utc) as book:
        who = known(book, person)
        _refuse_removed(who, person)
        if who.account is not None:
            raise LocalError(
                f"{person} has an account already: invite her to choose a new password"
            )
        open_account(book, Account(person, "", b"", "", "", 0.0, now.utc), chosen)
        book.note(actor, "account made", person, key=bool(chosen.sealed_key))


def lock(desk: FleetDesk, person: str, why: str, actor: str, now: Moment) -> None:
    """Let nobody in by an account, at once.

    Raises:
        LocalError: there is none, or no reason.
        StoreError: the database failed.
    """
    if not why.strip() or one_line(why) != why:
        raise LocalError("say in one line why the account is locked")
    with changing(desk, now.utc) as book:
        account = account_of(book, person)
        book.put(replace(account, locked=why, revision=account.revision + 1))
        end_sessions(book, person)
        book.note(actor, "locked", person, reason=why)


def unlock(desk: FleetDesk, person: str, actor: str, now: Moment) -> None:
    """Let a person in again, also where only wrong passwords keep her out.

    Raises:
        LocalError: there is no account.
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        account = account_of(book, person)
        book.put(replace(account, locked=""))
        forget_attempts(book, person)
        book.note(actor, "unlocked", person)


def sign_out_everywhere(desk: FleetDesk, person: str, actor: str, now: Moment) -> int:
    """End all sessions of a person; her tokens stay.

    Returns:
        how many there were.

    Raises:
        LocalError: there is no account.
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        account = account_of(book, person)
        book.put(replace(account, revision=account.revision + 1))
        ended = end_sessions(book, person)
        book.note(actor, "signed out everywhere", person, sessions=ended)
    return ended


def end_sessions(book: AccessBook, person: str) -> int:
    """Remove all sessions of a person."""
    found = book.select(BrowserSession, person=person)
    for session in found:
        book.drop(session)
    return len(found)


def forget_attempts(book: AccessBook, person: str) -> None:
    """Count no attempt at an account any more that went wrong."""
    attempts = book.get(Attempts, person_subject(person))
    if attempts is not None:
        book.drop(attempts)


def account_of(book: AccessBook, person: str) -> Account:
    """Read the account of a person.

    Raises:
        LocalError: there is none.
    """
    account = book.get(Account, person)
    if account is None:
        raise LocalError(f"{one_line(person)}: there is no such account: see zota user list")
    return account


def _invited(book: AccessBook, code: str, now: Moment) -> Account:
    secret = read_secret(code.strip(), SecretKind.INVITATION)
    found = [] if secret is None else book.select(Account, invitation=secret.digest)
    if not found or found[0].invited_until_utc <= now.utc or found[0].locked:
        raise LocalError(_BAD_CODE)
    _refuse_removed(known(book, found[0].person), found[0].person)
    return found[0]


def _refuse_bad_id(person: str) -> None:
    try:
        refuse_bad_id(person, "a person")
    except DecisionRefused as refused:
        raise LocalError(refused.text) from None


def _refuse_removed(who: KnownPerson, person: str) -> None:
    if who.is_removed:
        raise LocalError(
            f"{person} is no longer in the fleet: register the person under another id"
        )
