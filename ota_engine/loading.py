"""Loads what lives as long as its process, with the garbage collector at rest; knows nothing of what it is."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


@contextmanager
def for_good() -> Iterator[None]:
    """Look for no garbage while something is loaded, nor in what is there afterwards, nor in the end."""
    gc.disable()
    try:
        yield
    finally:
        _keep()
        gc.enable()


@cache
def _keep() -> None:
    """Keep what is there now; once: tests load many commands in a process."""
    gc.freeze()
    atexit.register(gc.freeze)
