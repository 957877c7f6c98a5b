"""A picture that goes on changing while people watch: only on a terminal, and gone with its block."""

from types import TracebackType
from typing import Self

from rich.live import Live

from ota_engine.cli.console import PeopleConsole


class LiveScreen:
    """What shows such a picture; draw by ``self._live`` where ``self._live.is_started``.

    Args:
        quiet: show nothing.
        stderr: on standard error.
        transient: wipe the last picture away.
        crop: cut off what has no room, instead of saying that there is more.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        stderr: bool = False,
        transient: bool = False,
        crop: bool = False,
    ) -> None:
        self._quiet = quiet
        self._console = PeopleConsole(stderr=stderr)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=transient,
            vertical_overflow="crop" if crop else "ellipsis",
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._live.start()
            self._draw_first()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live.is_started:
            self._draw_last()
            self._live.stop()

    def _draw_first(self) -> None:
        """Draw what there is before anything has happened; here nothing."""

    def _draw_last(self) -> None:
        """Draw how it has ended; here nothing new."""
