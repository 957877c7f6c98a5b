"""Sessions of browsers and what lets a person in now; knows rows, no loop and no clock.

A session is over at an absolute end, after an idle hour, with every change of the account it was begun
under, and with the person's place in the fleet. All of that is looked at each time, so that it holds from
the next request on.
"""

from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.errors import LocalError
from ota_engine.fleet.access.rows import AccessToken, Account, Attempts, BrowserSession
from ota_engine.head_end.access.accounts import (
    Chosen,
    KnownPerson,
    forget_attempts,
    known,
    public_pem,
)
from ota_engine.head_end.access.attempts import (
    BY_ADDRESS,
    BY_PERSON,
    FORGET_S,
    GuessLimit,
    address_subject,
    one_less,
    one_more,
    person_subject,
    wait_s,
)
from ota_engine.head_end.access.book import AccessBook, changing, looking
from ota_engine.head_end.access.entry import EntryWay, SignedIn
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.sealing import SealBrokenError, open_by_secret, seal_by_secret
from ota_engine.head_end.access.secret_texts import (
    AccessSecret,
    SecretKind,
    new_secret,
    read_secret,
)
from ota_engine.head_end.access.viewing import viewer_of
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import DAY_S, Utc

SESSION_S: Final = DAY_S / 2  # a day's work
IDLE_S: Final = 3_600.0
MINUTE_S: Final = 60.0
ROUNDING: Final = 1.01  # of the pace of a calendar
MOST_SESSIONS: Final = 20  # of one person; the oldest gives way


@dataclass(frozen=True, slots=True)
class SessionBegun:
    """Somebody signed in.

    Attributes:
        seen: who.
        secret: for the cookie; it is kept nowhere.
    """

    seen: SignedIn
    secret: str = field(repr=False)


class Arrival(NamedTuple):
    """Somebody whose password was right.

    Attributes:
        account: as it was when the password was checked.
        address: from where she comes.
        key: her private key; None for none.
        former: secret of the session that her browser had before; empty for none.
        renewed: password and key at the cost that counts now; None where they have it.
    """

    account: Account
    address: str
    key: ec.EllipticCurvePrivateKey | None
    former: str = ""
    renewed: Chosen | None = None


def attempt_wait(desk: FleetDesk, person: str, address: str, now: Moment) -> float:
    """Say how many seconds an attempt to sign in has to wait, before anything is written for it.

    Raises:
        StoreError: the database failed.
    """
    with looking(desk) as book:
        return max(wait_s(row, limit, now) for row, _, limit in _attempts(book, person, address))


def count_attempt(desk: FleetDesk, person: str, address: str, now: Moment) -> float:
    """Count one attempt to sign in, before it is looked at.

    Returns:
        seconds to wait, where it may not be looked at; then it was not counted either.

    Raises:
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        rows = _attempts(book, person, address)
        wait = max(wait_s(row, limit, now) for row, _, limit in rows)
        if wait <= 0.0:
            for row, subject, limit in rows:
                book.put(one_more(row, subject, limit, now))
    return wait


def _attempts(
    book: AccessBook, person: str, address: str
) -> list[tuple[Attempts | None, str, GuessLimit]]:
    subjects = ((person_subject(person), BY_PERSON), (address_subject(address), BY_ADDRESS))
    return [(book.get(Attempts, subject), subject, limit) for subject, limit in subjects]


def begin_session(desk: FleetDesk, arrival: Arrival, now: Moment) -> SessionBegun:
    """Sign a person in whose password was right.

    Raises:
        LocalError: the account has changed meanwhile.
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        who = unchanged(book, arrival.account)
        if arrival.renewed is not None:
            password, sealed_key, *_ = arrival.renewed
            book.put(replace(arrival.account, password=password, sealed_key=sealed_key))
        return enter(book, who, arrival, now)


def unchanged(book: AccessBook, account: Account) -> KnownPerson:
    """Read what there is of a person whose password was checked.

    Raises:
        LocalError: her account has changed meanwhile, or she is not let in any more.
    """
    who = known(book, account.person)
    if who.account is None or who.account.revision != account.revision or who.hindrance:
        raise LocalError("the account has changed just now: sign in again")
    return who


def enter(book: AccessBook, who: KnownPerson, arrival: Arrival, now: Moment) -> SessionBegun:
    """Let somebody in, under a secret that nobody had before.

    Args:
        book: takes what changes.
        who: what there is of her; nothing hinders her.
        arrival: of hers, with the account as it is from now on.
        now: when.
    """
    account, person = arrival.account, arrival.account.person
    secret = new_secret(SecretKind.SESSION)
    _drop_sessions(book, person, arrival.former, now)
    _forget_attempt(book, person, arrival.address, now)
    session = BrowserSession(
        secret.digest,
        person,
        account.revision,
        now.utc,
        to_the_minute(now.utc),
        now.after(SESSION_S),
        arrival.address[:64],
        b"" if arrival.key is None else seal_by_secret(arrival.key, person, secret),
    )
    book.put(session)
    book.note(person, "sign in", person)
    return SessionBegun(_signed_in(who, EntryWay.SESSION, secret.digest, arrival.key), secret.text)


def by_session(
    desk: FleetDesk, secret: AccessSecret, seen_utc: float, now: Moment
) -> SignedIn | None:
    """Know somebody by the secret in the cookie; None for nobody.

    Args:
        desk: of the fleet.
        secret: as the cookie has it.
        seen_utc: when this session was used last, if that is not in its row yet.
        now: when.

    Raises:
        StoreError: the database failed.
    """
    with looking(desk) as book:
        session = book.get(BrowserSession, secret.digest)
        if session is None:
            return None
        who = known(book, session.person)
    if not _holds_here(session, who, seen_utc, now):
        return None
    key = _opened(session.sealed_key, session.person, secret)
    return _signed_in(who, EntryWay.SESSION, session.digest, key)


def by_token(desk: FleetDesk, secret: AccessSecret, now: Moment) -> SignedIn | None:
    """Know a program by its token; None for nobody.

    Raises:
        StoreError: the database failed.
    """
    with looking(desk) as book:
        token = book.get(AccessToken, secret.digest)
        if token is None or token.ends_utc <= now.utc:
            return None
        who = known(book, token.person)
    if who.hindrance:
        return None
    key = None if token.reads_only else _opened(token.sealed_key, token.person, secret)
    return _signed_in(who, EntryWay.BEARER, token.digest, key, reads_only=token.reads_only)


def still_in(desk: FleetDesk, seen: SignedIn, seen_utc: float, now: Moment) -> bool:
    """Whether somebody who came in may stay: a stream that is open for long asks that again.

    Raises:
        StoreError: the database failed.
    """
    with looking(desk) as book:
        who = known(book, seen.viewer.person)
        if seen.way is EntryWay.BEARER:
            token = book.get(AccessToken, seen.digest)
            there = token is not None and now.utc < token.ends_utc and not who.hindrance
        else:
            session = book.get(BrowserSession, seen.digest)
            there = session is not None and _holds_here(session, who, seen_utc, now)
    if not there or who.person is None or who.party is None:
        return False
    return viewer_of(who.person, who.party) == seen.viewer


def holds(session: BrowserSession, who: KnownPerson, seen_utc: float, utc: Utc) -> bool:
    """Whether a session lets its person in now, by the calendar that it was begun by."""
    account = who.account
    if account is None or account.revision != session.account or who.hindrance:
        return False
    idle = utc - max(session.seen_utc, seen_utc)
    return utc < session.ends_utc and idle < IDLE_S * _pace_of(session)


def _pace_of(session: BrowserSession) -> float:
    """Seconds of the calendar in one of a person's, when a session was begun."""
    return (session.ends_utc - session.begun_utc) / SESSION_S


def _holds_here(session: BrowserSession, who: KnownPerson, seen_utc: float, now: Moment) -> bool:
    """Whether a session lets its person in; one that was begun by a faster calendar would last for long."""
    return holds(session, who, seen_utc, now.utc) and _pace_of(session) < now.pace * ROUNDING


def note_seen(desk: FleetDesk, seen: dict[str, float], now: Moment) -> None:
    """Keep when sessions and tokens were used last; those that are gone stay gone.

    Raises:
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        for digest, when in seen.items():
            row = book.get(BrowserSession, digest) or book.get(AccessToken, digest)
            if row is not None and (row.seen_utc or 0.0) < when:
                book.put(replace(row, seen_utc=when))


def forget_ended(desk: FleetDesk, now: Moment) -> None:
    """Remove sessions that are over, and attempts that count no longer.

    Raises:
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        for session in book.most(BrowserSession, "ends_utc", now.utc):
            book.drop(session)
        for attempts in book.most(Attempts, "until_utc", now.after(-FORGET_S)):
            book.drop(attempts)


def end_session(desk: FleetDesk, digest: str, person: str, now: Moment) -> None:
    """Sign a person out at one browser; nothing happens where she is out.

    Raises:
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        session = book.get(BrowserSession, digest)
        if session is not None and session.person == person:
            book.drop(session)
            book.note(person, "sign out", person)


def sessions_of(desk: FleetDesk, person: str, now: Moment) -> list[BrowserSession]:
    """List the sessions by which somebody gets in, the newest first; an empty id for those of all."""
    with looking(desk) as book:
        where = {"person": person} if person else {}
        found = book.select(BrowserSession, **where)
        live = [one for one in found if holds(one, known(book, one.person), 0.0, now.utc)]
    return sorted(live, key=lambda one: one.begun_utc, reverse=True)


def to_the_minute(utc: Utc) -> float:
    """The beginning of a minute: sessions say no more exactly when they were used."""
    return utc // MINUTE_S * MINUTE_S


def _signed_in(
    who: KnownPerson,
    way: EntryWay,
    digest: str,
    key: ec.EllipticCurvePrivateKey | None,
    *,
    reads_only: bool = False,
) -> SignedIn:
    account, person, party = who.account, who.person, who.party
    assert account is not None and person is not None and party is not None  # noqa: S101 - or who is hindered
    signer = key if key is not None and public_pem(key) == person.key else None
    viewer = viewer_of(person, party)
    return SignedIn(viewer, way, digest, account.zone, reads_only, signer, person.name)


def _opened(seal: bytes, person: str, secret: AccessSecret) -> ec.EllipticCurvePrivateKey | None:
    """Open a sealed key; one that is damaged signs nothing, and lets nobody in or out."""
    if not seal:
        return None
    try:
        return open_by_secret(seal, person, secret)
    except SealBrokenError:
        return None


def _drop_sessions(book: AccessBook, person: str, former: str, now: Moment) -> None:
    """Drop what a browser had before, of whomever, what is over, and the oldest if there are many."""
    secret = read_secret(former, SecretKind.SESSION)
    before = None if secret is None else book.get(BrowserSession, secret.digest)
    if before is not None:
        book.drop(before)
    there = [one for one in book.select(BrowserSession, person=person) if one != before]
    there.sort(key=lambda one: one.begun_utc)
    over = len(there) - (MOST_SESSIONS - 1)
    for place, one in enumerate(there):
        if place < over or one.ends_utc <= now.utc:
            book.drop(one)


def _forget_attempt(book: AccessBook, person: str, address: str, now: Moment) -> None:
    forget_attempts(book, person)
    from_there = book.get(Attempts, address_subject(address))
    if from_there is not None:
        book.put(one_less(from_there, now))
