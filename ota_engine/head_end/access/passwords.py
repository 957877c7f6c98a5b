"""Checks passwords, off the loop and few at a time; knows no account.

Whether there is an account must not show in how long a check takes: where there is none, the password is
checked against a hash that nothing is right for, at the same cost.
"""

import unicodedata
from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeVar

import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ota_engine.errors import LocalError
from ota_engine.head_end.access.sealing import SAFE_COST, PasswordCost

T = TypeVar("T")

AT_ONCE: Final = 2  # checks; each takes all the memory that its cost says
MOST_WAITING: Final = 32  # beyond that nobody is let wait
LEAST: Final = 12  # characters; NIST SP 800-63B, 3.1.1.2, and some more
MOST: Final = 1024
_NAMED: Final = 3  # characters of an id or name that is looked for in a password


class TooManyChecksError(LocalError):
    """So many passwords wait to be checked that one more is not taken."""


def written(password: str) -> str:
    """Write a password the one way, however a keyboard composes its letters (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def refuse_weak(password: str, *names: str) -> None:
    """Let a password be long, and more than whose it is; of what it is made is up to her.

    Args:
        password: as it was typed.
        names: id and name of the person.

    Raises:
        LocalError: it is too short, too long, or her name.
    """
    text = written(password)
    if not _is_sound(text):
        raise LocalError("the password has characters that no keyboard makes: leave them out")
    if len(text) < LEAST:
        raise LocalError(f"the password has {len(text)} characters: give {LEAST} at least")
    if len(text) > MOST:
        raise LocalError(f"the password has more than {MOST:,} characters: give a shorter one")
    rest = text.casefold()
    for name in names:
        if len(name) >= _NAMED:
            rest = rest.replace(written(name).casefold(), "")
    if rest != text.casefold() and len(rest) < LEAST:
        raise LocalError(f"the password is little more than a name: add {LEAST} other characters")


def _is_sound(text: str) -> bool:
    """Whether a text has neither a NUL nor half a character."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


class Passwords:
    """Makes and checks hashes of passwords.

    Args:
        cost: of each; tests take a small one.
    """

    def __init__(self, cost: PasswordCost = SAFE_COST) -> None:
        self.cost = cost
        passes, memory_kib, lanes = cost
        self._hasher = PasswordHasher(passes, memory_kib, lanes)
        self._few = trio.CapacityLimiter(AT_ONCE)

    @cached_property
    def _nobodys(self) -> str:
        """A hash of the same cost, for which no password is right."""
        return self._hasher.hash("\0")  # no password has a NUL

    def hashed(self, password: str) -> str:
        """Hash a password; it takes as long as the cost says."""
        return self._hasher.hash(written(password))

    def is_right(self, password: str, hashed: str) -> bool:
        """Whether a password is the one of a hash; it takes as long as the cost says.

        Args:
            password: as it was typed.
            hashed: empty where there is none, which takes as long and is never right.
        """
        nobodys = self._nobodys
        usable = bool(hashed) and len(password) <= MOST and _is_sound(password)
        text = written(password) if usable else "wrong"
        try:
            return self._hasher.verify(hashed if usable else nobodys, text) and usable
        except (VerificationError, InvalidHashError):
            return False

    def is_dated(self, hashed: str) -> bool:
        """Whether a hash was made at another cost than is taken now."""
        return self._hasher.check_needs_rehash(hashed)

    async def apart(self, call: Callable[[], T]) -> T:
        """Do something with passwords in a thread, while few others do.

        Raises:
            TooManyChecksError: too many wait for it.
        """
        if self._few.statistics().tasks_waiting >= MOST_WAITING:
            raise TooManyChecksError("too many sign in at this moment: try again in a minute")
        return await trio.to_thread.run_sync(call, limiter=self._few)
