"""Transfers under way as somebody who looks on sees them, with their pace since the look before."""

from collections.abc import Sequence
from typing import Final

import trio

from images.eui64 import Eui64
from ota_engine.gateway.wire import MOST_TRANSFERS, LiveTransfer
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.records import SessionState
from ota_engine.times import Utc

LINGERS_S: Final = 60.0  # that one that came to its end is shown
_OVER: Final = frozenset({SessionState.FAILED, SessionState.ABORTED, SessionState.UPDATED})


class TransferView:
    """Looks at transfers, again and again."""

    def __init__(self) -> None:
        self._before: dict[tuple[Eui64, str], tuple[float, int]] = {}

    def see(
        self, deliveries: Sequence[SessionStatus], home: str, utc: Utc
    ) -> tuple[LiveTransfer, ...]:
        """Look at those of one home.

        Args:
            deliveries: how they stand.
            home: pseudonym.
            utc: now.
        """
        now = trio.current_time()
        shown = [one for one in deliveries if one.blocks and not _is_past(one, now)]
        shown = shown[-MOST_TRANSFERS:]
        seen = {(one.device, one.sha256): (now, one.offset) for one in shown}
        found = tuple(
            LiveTransfer(
                home,
                one.device,
                one.sha256,
                one.file_version,
                one.size,
                min(one.offset, one.size),
                self._pace(one, now),
                one.retries,
                one.state.value,
                utc,
            )
            for one in shown
        )
        self._before = seen
        return found

    def _pace(self, one: SessionStatus, now: float) -> float:
        then, offset = self._before.get((one.device, one.sha256), (now, one.offset))
        return max(0, one.offset - offset) / (now - then) if now > then else 0.0


def _is_past(one: SessionStatus, now: float) -> bool:
    return one.state in _OVER and now - one.since > LINGERS_S
