"""Who may get in, as it is shown to those who keep accounts: no secret and no hash among it."""

from typing import NamedTuple

from ota_engine.fleet.access.rows import AccessToken, Account, BrowserSession
from ota_engine.head_end.access.accounts import known
from ota_engine.head_end.access.book import looking
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.sessions import holds
from ota_engine.head_end.desk import FleetDesk


class AccountShown(NamedTuple):
    """One account.

    Attributes:
        person: whose.
        name: of the person; empty while she is not registered.
        party: the person's; the same.
        hindrance: why nobody gets in by it; empty where nothing is in the way.
        locked: the reason that whoever locked it gave.
        invited_until_utc: until when an invitation counts; None for none.
        has_password: she has chosen one.
        public_key: of the key that her password seals, PEM; empty for none.
        sessions: by which she is in now.
        tokens: that count now.
    """

    person: str
    name: str
    party: str
    hindrance: str
    locked: str
    invited_until_utc: float | None
    has_password: bool
    public_key: str
    sessions: int
    tokens: int


def accounts_shown(desk: FleetDesk, now: Moment) -> list[AccountShown]:
    """List all accounts, by person.

    Raises:
        StoreError: the database failed.
    """
    shown = []
    with looking(desk) as book:
        for account in book.select(Account):
            who = known(book, account.person)
            sessions = book.select(BrowserSession, person=account.person)
            tokens = book.select(AccessToken, person=account.person)
            invited = bool(account.invitation) and now.utc < account.invited_until_utc
            hindrance = who.hindrance
            if not hindrance and not account.password:
                hindrance = "no password is chosen yet"
            shown.append(
                AccountShown(
                    account.person,
                    "" if who.person is None else who.person.name,
                    "" if who.person is None else who.person.party,
                    hindrance,
                    account.locked,
                    account.invited_until_utc if invited else None,
                    bool(account.password),
                    account.public_key,
                    sum(holds(one, who, 0.0, now.utc) for one in sessions),
                    sum(now.utc < one.ends_utc for one in tokens),
                )
            )
    return shown
