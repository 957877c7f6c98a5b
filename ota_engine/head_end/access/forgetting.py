"""What a restored state forgets of who may come in; knows rows, and nothing of passwords."""

from dataclasses import replace

from ota_engine.fleet.access.rows import AccessToken, Account, Attempts, BrowserSession
from ota_engine.head_end.access.book import LOCAL_ACTOR, AccessBook
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc


def forget_ways_in(store: FleetStore, utc: Utc) -> None:
    """Let nobody in by what a restored state says of then: sessions, invitations and tokens.

    What was ended since would come to life again, and nothing in the state says which of them it was. So
    all of them end. Passwords stay, for without them nobody could come in; one that was changed because
    somebody knew it must be changed again, which the audit trail of the former state tells.

    Args:
        store: of the restored state.
        utc: now.

    Raises:
        StoreError: the database failed; all of them are there still.
    """
    with store.transaction():
        book = AccessBook(store)
        ended = {}
        for kind in (BrowserSession, AccessToken, Attempts):
            rows = book.select(kind)
            ended[kind.TABLE] = len(rows)
            for row in rows:
                book.drop(row)
        accounts = book.select(Account)
        ended["invitations"] = sum(bool(one.invitation) for one in accounts)
        for one in accounts:
            book.put(replace(one, invitation="", invited_until_utc=0.0, revision=one.revision + 1))
        book.note(LOCAL_ACTOR, "ways in forgotten", "restored state", **ended)
        book.keep(utc)
