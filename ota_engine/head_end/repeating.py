"""Does work again and again, each at its own pace; tells of a trouble once, and decides nothing.

What fails is told and tried again: a server outlives a full disk, and a fault in one place ends no other.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from ota_engine.errors import LinkError, StoreError, first_of

AGAIN_S: Final = 5.0  # after which what should never end is begun again

Chore = Callable[[], Awaitable[None]]


class Repeating:
    """Somebody who does that.

    Args:
        report: is told, in one line, of every trouble; of one that goes on, once.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report

    async def each(self, pause_s: float, work: Chore) -> None:
        """Do something until cancelled, with a pause after each time."""
        told = ""
        while True:
            trouble = await self._once(work)
            if trouble and trouble != told:
                self._report(trouble)
            told = trouble
            await trio.sleep(pause_s)

    async def once(self, work: Chore) -> None:
        """Do something once."""
        if trouble := await self._once(work):
            self._report(trouble)

    @staticmethod
    async def _once(work: Chore) -> str:
        """Do something; gives, in one line, why it failed, or nothing."""
        try:
            await work()
        except (StoreError, LinkError) as error:
            return str(error)
        except ExceptionGroup as group:
            known, others = group.split((StoreError, LinkError))
            if known is not None and others is None:  # of tasks that met the same trouble at once
                return str(first_of(known))
            return _our_fault(group)
        except Exception as error:  # noqa: BLE001 - told; a fault in one place ends no other
            return _our_fault(error)
        return ""


def _our_fault(error: Exception) -> str:
    return f"a fault of ours: {type(error).__name__}: {error}"
