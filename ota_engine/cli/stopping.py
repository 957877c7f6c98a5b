"""Ends what runs until a signal, also while its database's server hangs; decides nothing else.

Whoever waits in a thread for such a server cannot be cancelled. So what is under way has a few seconds, or until
the next signal; then the sessions are dropped, and whoever waits for them is told so.
"""

import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import trio

from ota_engine.errors import StoreError
from ota_engine.store.backends.sessions import SESSIONS

if TYPE_CHECKING:
    from ota_engine.head_end.service.parts import ServiceLog

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
PATIENCE_S: Final = 5.0  # for what is under way when a signal comes
LEFT: Final = (
    "the database's server has not answered: left without it; what was committed counts, what was"
    " under way is asked of the server at the next start"
)


class Stop:
    """The end of a command that runs until Ctrl-C or SIGTERM.

    Args:
        say: is told, in one line, that the server was left.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.number = 0  # of the signal that came first
        self.has_left = False
        self._say = say
        self._timer: Timer | None = None

    @contextmanager
    def receive(self) -> Iterator[AsyncIterator[int]]:
        """Receive the first signal in a block at whose end all has ended; to be used in trio's run."""
        with trio.open_signal_receiver(*STOP_SIGNALS) as signals:
            tell: dict[int, Any] = {number: signal.getsignal(number) for number in STOP_SIGNALS}

            def hear(number: int, frame: FrameType | None) -> None:
                self.leave_within(0.0 if self.number else PATIENCE_S)
                if not self.number:
                    self.number = number
                    tell[number](number, frame)

            for number in STOP_SIGNALS:
                signal.signal(number, hear)  # trio puts back what was there before its own
            try:
                yield signals
            finally:
                self.end()

    def leave_within(self, seconds: float) -> None:
        """Drop the sessions after so many seconds; now if that was said before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = Timer(seconds, self._leave)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """All has ended: nothing is dropped any more, and there may be sessions again."""
        if self._timer is not None:
            self._timer.cancel()
        SESSIONS.begin()

    def logged(self, log: "ServiceLog") -> "ServiceLog":
        """The log of what runs; what fails because the server was left has been told, and is not again."""

        def tell(event: str, **facts: object) -> None:
            if not self.has_left:
                log(event, **facts)

        return tell

    def failed_for_that(self, error: BaseException) -> bool:
        """Whether an error is of nothing but sessions that were dropped."""
        if isinstance(error, BaseExceptionGroup):
            return all(self.failed_for_that(one) for one in error.exceptions)
        return self.has_left and isinstance(error, StoreError)

    def _leave(self) -> None:
        if SESSIONS.live and not self.has_left:
            self.has_left = True
            self._say(LEFT)
        SESSIONS.drop()
