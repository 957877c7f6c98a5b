"""Tokens by which programs come in on behalf of a person: made, listed, revoked; knows rows and no loop."""

from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.errors import LocalError
from ota_engine.fleet.access.rows import AccessToken
from ota_engine.head_end.access.accounts import account_of, known, refuse_other_key
from ota_engine.head_end.access.book import AccessBook, changing, looking
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.sealing import seal_by_secret
from ota_engine.head_end.access.secret_texts import SecretKind, new_secret
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import DAY_S
from ota_engine.wording import one_line

MOST_DAYS: Final = 366
MOST_TOKENS: Final = 50  # of one person
MOST_NAME: Final = 60  # characters


class TokenWish(NamedTuple):
    """What a token is to be.

    Attributes:
        name: as the person calls it, in one line.
        days: for how long, 1 to 366.
        reads_only: it is to decide nothing.
    """

    name: str
    days: int = 90
    reads_only: bool = False


def make_token(
    desk: FleetDesk,
    person: str,
    wish: TokenWish,
    key: ec.EllipticCurvePrivateKey | None,
    actor: str,
    now: Moment,
) -> str:
    """Make a token.

    Args:
        desk: of the fleet.
        person: on whose behalf.
        wish: what it is to be.
        key: of hers, by which the server signs what comes by the token; None for a client that signs.
        actor: who makes it.
        now: when.

    Returns:
        the token; it is kept nowhere.

    Raises:
        LocalError: the wish is none, there is no account, or too many tokens.
        StoreError: the database failed.
    """
    name = wish.name
    if not name.strip() or one_line(name) != name or len(name) > MOST_NAME:
        raise LocalError(f"name the token in one line of {MOST_NAME} characters at most")
    if not 1 <= wish.days <= MOST_DAYS:
        raise LocalError(f"a token lasts 1 to {MOST_DAYS} days, not {wish.days}")
    secret = new_secret(SecretKind.TOKEN)
    with changing(desk, now.utc) as book:
        account_of(book, person)
        if key is not None and not wish.reads_only:
            refuse_other_key(known(book, person), person, key)
        _make_room(book, person, name, now)
        sealed = b"" if key is None or wish.reads_only else seal_by_secret(key, person, secret)
        ends = now.after(wish.days * DAY_S)
        book.put(
            AccessToken(secret.digest, person, name, wish.reads_only, now.utc, ends, None, sealed)
        )
        book.note(actor, "token made", person, name=name, reads_only=wish.reads_only, ends_utc=ends)
    return secret.text


def tokens_of(desk: FleetDesk, person: str) -> list[AccessToken]:
    """List the tokens of a person; an empty id for those of all."""
    with looking(desk) as book:
        where = {"person": person} if person else {}
        return sorted(book.select(AccessToken, **where), key=lambda one: (one.person, one.name))


def revoke_token(desk: FleetDesk, person: str, name: str, actor: str, now: Moment) -> None:
    """End a token at once.

    Raises:
        LocalError: there is none of that name.
        StoreError: the database failed.
    """
    with changing(desk, now.utc) as book:
        found = [one for one in book.select(AccessToken, person=person) if one.name == name]
        if not found:
            raise LocalError(
                f"{one_line(person)} has no token {one_line(name)}: see zota user token list"
            )
        book.drop(found[0])
        book.note(actor, "token revoked", person, name=name)


def _make_room(book: AccessBook, person: str, name: str, now: Moment) -> None:
    live = 0
    for one in book.select(AccessToken, person=person):
        if one.ends_utc <= now.utc:
            book.drop(one)
        elif one.name == name:
            raise LocalError(f"{person} has a token {name} already: name it otherwise")
        else:
            live += 1
    if live >= MOST_TOKENS:
        raise LocalError(f"{person} has {live} tokens: revoke one first")
