"""The two times of the engine, as types that cannot be taken for each other; knows no clock.

``Monotonic`` is a moment on the shell's clock: it orders what happens and bounds how long things
take, and means nothing beyond one run. ``Utc`` is a moment of the calendar: it is stored, shown and
agreed upon with devices and people. A duration is a plain ``float`` of seconds. A moment and a
duration give a moment of the same kind, two moments of one kind give a duration, and the two kinds
meet in the ``WallClock`` of the kernel alone.

When the program runs they are two ``NewType`` of ``float``, and a moment is a plain number. A type
checker is also told what their arithmetic gives, so that none of it needs a call on the path of a
block. It lets a comparison of the two kinds pass.
"""

from math import inf
from typing import TYPE_CHECKING, Final, NewType, Self, overload

if TYPE_CHECKING:

    class _Moment(float):
        def __add__(self, seconds: float, /) -> Self: ...

        def __radd__(self, seconds: float, /) -> Self: ...

        # A duration is a float, and so is a moment: the more special reading stands first.
        @overload
        def __sub__(self, moment: Self, /) -> float: ...  # type: ignore[overload-overlap]

        @overload
        def __sub__(self, seconds: float, /) -> Self: ...

        def __sub__(self, other: float, /) -> float: ...

    class Monotonic(_Moment):
        """Seconds on the shell's clock."""

    class Utc(_Moment):
        """Seconds since 1970-01-01."""

else:
    Monotonic = NewType("Monotonic", float)
    Utc = NewType("Utc", float)

DAY_S: Final = 86_400.0  # a length of time; a local day may have an hour less or more

NEVER: Final = Monotonic(inf)
LONG_AGO: Final = Monotonic(-inf)
