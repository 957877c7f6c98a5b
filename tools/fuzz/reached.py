"""Notices lines of our code that no input reached before; knows nothing of inputs."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

Trace = Callable[[FrameType, str, Any], Any]


class Reached:
    """Lines seen so far, below some folders.

    A function whose every line was seen is not traced any more, so that the hot loops soon run at
    full speed.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = tuple(f"{folder}/" for folder in folders)
        self._missing: dict[CodeType, set[int]] = {}
        self.lines = 0

    def by(self, run: Callable[[], None]) -> bool:
        """Run something; whether it reached a line for the first time."""
        before, earlier = self.lines, sys.gettrace()
        sys.settrace(self._called)
        try:
            run()
        finally:
            sys.settrace(earlier)
        return self.lines > before

    def _called(self, frame: FrameType, event: str, argument: Any) -> Trace | None:
        code = frame.f_code
        missing = self._missing.get(code)
        if missing is None:
            ours = code.co_filename.startswith(self._folders)
            missing = {line for _, _, line in code.co_lines() if line} if ours else set()
            self._missing[code] = missing
        if not missing:
            return None

        def traced(frame: FrameType, event: str, argument: Any) -> Trace | None:
            if frame.f_lineno in missing:
                missing.discard(frame.f_lineno)
                self.lines += 1
            return traced if missing else None

        return traced
