"""Does a store's work to the end although its server may go away meanwhile; knows no loop and no SQL.

What was under way when the server went has been committed or has not, and only the server knows. So
the same thread asks it, once it is there again, and then goes on: nothing is written twice, nothing is
left out, and nobody who waits for the answer is told anything before.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

from ota_engine.backoff import stepped
from ota_engine.errors import StoreConflict, StoreError, StoreLost
from ota_engine.records import Record
from ota_engine.store.store import Store

PAUSES: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between attempts to reach the server
REPEATS: Final = 5  # of what another transaction was in the way of, one after the other
PATIENCE_S: Final = 600.0  # that a server may be away until the work is given up

T = TypeVar("T")


def nobody_is_told(error: StoreLost | None) -> None:
    """Keep a loss to oneself."""


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return True


class Endurance(NamedTuple):
    """How a server that is away is waited for.

    Attributes:
        tell: given the error when the server is first found away, and None when it is back.
        pause: waits so many seconds; False to give up.
        patience: seconds until the work is given up.
    """

    tell: Callable[[StoreLost | None], None] = nobody_is_told
    pause: Callable[[float], bool] = _sleep
    patience: float = PATIENCE_S


def apply_through(store: Store, records: Sequence[Record], endurance: Endurance) -> None:
    """Apply records once, whenever the server goes and comes back.

    Raises:
        StoreLost: it did not come back in time.
        StoreConflict: other transactions were in the way again and again.
        StoreError: it came back, and somebody else has had the database; or any other trouble.
    """
    conflicts = 0
    while True:
        try:
            store.apply(records)
        except StoreLost as error:
            if _reach_again(store, error, endurance):
                return
        except StoreConflict:
            conflicts += 1
            if conflicts > REPEATS:
                raise
        else:
            return


def call_through(store: Store, function: Callable[[], T], endurance: Endurance) -> T:
    """Call a function that speaks to a store, again whenever the server went meanwhile.

    Raises:
        StoreLost: it did not come back in time.
        StoreConflict: other transactions were in the way again and again.
        StoreError: it came back, and somebody else has had the database; or the function had written
            something by then, and how far it came is not known.
    """
    conflicts = 0
    while True:
        try:
            return function()
        except StoreConflict:
            conflicts += 1
            if conflicts > REPEATS:
                raise
        except StoreLost as error:
            if _reach_again(store, error, endurance):
                raise StoreError(
                    f"{store.place}: the server went away in the midst: start this command anew"
                ) from error


def _reach_again(store: Store, lost: StoreLost, endurance: Endurance) -> bool:
    """Wait for the server; whether what was under way had been committed."""
    endurance.tell(lost)
    until = time.monotonic() + endurance.patience
    attempts = 0
    while True:
        try:
            committed = store.reopen()
        except StoreLost:
            attempts += 1
            if time.monotonic() >= until or not endurance.pause(stepped(PAUSES, attempts)):
                raise
        else:
            endurance.tell(None)
            return committed
