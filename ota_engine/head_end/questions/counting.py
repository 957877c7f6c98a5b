"""Counts that take long, used again for a while; knows no question.

Counting the homes of a large supplier, or all devices of an estate, takes about a second of a database that
others wait for. What was counted is used again until something is committed; what took long, beyond that for a
number of times as long, so that who looks all the time keeps nobody from anything.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.questions.asking import View

T = TypeVar("T")

LONG_S: Final = 0.1  # counting that takes so long is not done for every answer
TIMES: Final = 30.0
MOST: Final = 1_000  # counts that are kept of one fleet


class _Kept(NamedTuple):
    """What was counted, when by the calendar, of which commits, and until when it is used beyond them."""

    value: Any
    utc: float
    of: tuple[int, int]
    until: float


_COUNTED: Final[WeakKeyDictionary[FleetDesk, dict[tuple[str, ...], _Kept]]] = WeakKeyDictionary()


def counted(
    view: View,
    name: tuple[str, ...],
    count: Callable[[], T],
    clock: Callable[[], float] = monotonic,
) -> tuple[T, float]:
    """Count something, or give what was counted of late.

    Args:
        view: what the answer is read from, within a transaction.
        name: of what is counted, and for whom.
        count: does it.
        clock: gives seconds of this machine.

    Returns:
        the count, and since when it may have been another.
    """
    store = view.desk.store
    of = store.data_version(), store.driver.total_changes
    kept = _COUNTED.setdefault(view.desk, {})
    found = kept.get(name)
    began = clock()
    if found is not None and (found.of == of or began < found.until):
        value: T = found.value
        return value, view.utc if found.of == of else found.utc
    value = count()
    took = clock() - began
    kept.pop(name, None)
    while len(kept) >= MOST:
        kept.pop(next(iter(kept)))
    until = clock() + took * TIMES if took >= LONG_S else began
    kept[name] = _Kept(value, view.utc, of, until)
    return value, view.utc
