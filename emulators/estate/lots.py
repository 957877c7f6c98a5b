"""Draws of an emulated estate: the same names give the same lot, in whatever order they are asked; pure.

So nothing has to be kept of a home: whatever it is and does is drawn again from the seed.
"""

from collections.abc import Sequence
from hashlib import blake2b
from math import log1p
from typing import Final, TypeVar

T = TypeVar("T")

_SHARES: Final = 8  # of one digest
_OCTETS: Final = 8  # of each
_WHOLE: Final = float(1 << 53)


class Lot:
    """A row of draws that belongs to some names.

    Args:
        names: a seed, and what the draws are for.
    """

    __slots__ = ("_digest", "_name", "_round", "_taken")

    def __init__(self, *names: object) -> None:
        self._name = "/".join(map(str, names)).encode()
        self._round = 0
        self._taken = _SHARES
        self._digest = b""

    def share(self) -> float:
        """Draw a number from 0 up to 1, which is never drawn."""
        if self._taken == _SHARES:
            salt = self._round.to_bytes(16)
            self._digest = blake2b(self._name, salt=salt, digest_size=_SHARES * _OCTETS).digest()
            self._round += 1
            self._taken = 0
        start = self._taken * _OCTETS
        self._taken += 1
        return (int.from_bytes(self._digest[start : start + _OCTETS]) >> 11) / _WHOLE

    def chance(self, probability: float) -> bool:
        """Draw whether something so probable happens."""
        return self.share() < probability

    def below(self, number: int) -> int:
        """Draw a whole number from 0 up to ``number``, which is never drawn."""
        return int(self.share() * number)

    def pick(self, things: Sequence[T]) -> T:
        """Draw one of some things."""
        return things[self.below(len(things))]

    def weighted(self, things: Sequence[tuple[T, int]]) -> T:
        """Draw one of some things by their weights."""
        at = self.share() * sum(weight for _, weight in things)
        for thing, weight in things:
            if at < weight:
                return thing
            at -= weight
        return things[-1][0]

    def exponential(self, mean: float) -> float:
        """Draw a length of time that has no memory."""
        return -mean * log1p(-self.share())

    def about(self, expected: float) -> int:
        """Draw a whole number next to an expected one, which it is on the average."""
        return int(expected) + self.chance(expected - int(expected))
