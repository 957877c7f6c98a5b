"""Tools are run by path and import their own modules by plain names, which two tools may share."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@contextmanager
def modules_of(folder: Path) -> Iterator[Callable[[str], Any]]:
    """Import modules of a tool by their names, and have none of them left for the next tool."""
    names = {path.stem for path in folder.iterdir()}
    others = _taken_out(names)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield importlib.import_module
    _taken_out(names)
    sys.modules.update(others)


def _taken_out(names: set[str]) -> dict[str, ModuleType]:
    """Forget modules and packages of these names."""
    known = [name for name in sys.modules if name.partition(".")[0] in names - {"__main__"}]
    return {name: sys.modules.pop(name) for name in known}
