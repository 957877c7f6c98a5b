"""Tools are run by path and import their own modules by plain names, which two tools may share."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def modules_of(folder: Path) -> Iterator[Callable[[str], Any]]:
    """Import modules of a tool by their names, and have none of them left for the next tool."""
    names = [path.stem for path in folder.glob("*.py")]
    others = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(others)
