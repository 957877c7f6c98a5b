"""Work that dies without a word before each single line of certain functions, one line after another.

No handler runs in it, as with a power cut of the process.
"""

import os
import sys
from collections.abc import Callable, Iterable
from types import CodeType, FrameType, MethodType
from typing import Any

CRASHED = 86


def crash_at_every_line(
    functions: Iterable[Callable[..., Any]],
    work: Callable[[int], object],
    look_over: Callable[[int], object],
    step: int = 1,
) -> int:
    """Run ``work`` in a child that is gone before its n-th line; for every n until one gets through.

    Args:
        functions: whose lines count.
        work: what the child does; told n.
        look_over: what a sound process does after each child; told n.
        step: between one n and the next.

    Returns:
        The n that got through: more than there are lines.

    Raises:
        AssertionError: a child failed by itself.
    """
    traced = {_code(function) for function in functions}
    point, status = 0, CRASHED
    while status == CRASHED:
        point += step
        child = os.fork()
        if child == 0:
            _die_before(point, traced)
            work(point)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        look_over(point)
    assert status == 0, f"the child failed by itself at point {point}"
    return point


def _die_before(point: int, traced: set[CodeType]) -> None:
    left = point

    def before_line(frame: FrameType, what: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code not in traced:
            return None
        if what == "line":
            left -= 1
            if left == 0:
                os._exit(CRASHED)
        return before_line

    sys.settrace(before_line)


def _code(function: Callable[..., Any]) -> CodeType:
    plain = function.__func__ if isinstance(function, MethodType) else function
    code: CodeType = plain.__code__
    return code
