"""Optional libraries: which extras zota has, what they need, and what of it is not installed.

Reads what ``pyproject.toml`` says, as pip keeps it; imports none of the libraries.
"""

import re
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from typing import Final

from ota_engine.errors import LocalError

PROJECT: Final = "zota"
#: Extras not to be named: tools to work on zota itself, all of them together, a former name.
NOT_FOR_USERS: Final = frozenset(("dev", "all", "head-end"))
#: Modules that are called otherwise than their libraries.
MODULES: Final = {"argon2-cffi": "argon2"}
_REQUIREMENT: Final = re.compile(
    r"(?P<library>[\w.-]+)(?:\[(?P<extras>[^\]]*)\])?[^;]*;\s*extra\s*==\s*['\"](?P<extra>[^'\"]+)"
)


def project_version() -> str:
    """Say which zota this is."""
    try:
        return version(PROJECT)
    except PackageNotFoundError:
        return "of a source tree that is not installed"


def extras() -> dict[str, tuple[str, ...]]:
    """List the extras that bring commands or links, each with the libraries it needs."""
    direct: dict[str, list[str]] = {}
    parts: dict[str, list[str]] = {}
    for line in _requirements():
        if (found := _REQUIREMENT.match(line)) is None:
            continue
        library, inside, extra = found["library"], found["extras"], found["extra"]
        if library == PROJECT:
            parts.setdefault(extra, []).extend((inside or "").split(","))
        else:
            direct.setdefault(extra, []).append(library)
    wanted = (extra for extra in direct | parts if extra not in NOT_FOR_USERS)
    return {
        extra: tuple(
            library for name in (*parts.get(extra, ()), extra) for library in direct.get(name, ())
        )
        for extra in wanted
    }


def missing(libraries: tuple[str, ...]) -> tuple[str, ...]:
    """Choose the libraries that cannot be imported."""
    return tuple(library for library in libraries if not _is_there(_module(library)))


def require(extra: str, what: str) -> None:
    """Say what to install, before anything else goes wrong.

    Args:
        extra: the extra that is needed.
        what: the command, option or link that needs it.

    Raises:
        LocalError: a library of it is not installed.
    """
    lacking = missing(extras().get(extra, ()))
    if lacking:
        raise LocalError(f"{what}: {lacking[0]} is not installed: pip install '{PROJECT}[{extra}]'")


def cure(error: ModuleNotFoundError) -> str | None:
    """Put a failed import into one line if an extra brings the module; None if none does."""
    name = (error.name or "").partition(".")[0]
    for extra, libraries in extras().items():
        if name in map(_module, libraries):
            return f"{name} is not installed: pip install '{PROJECT}[{extra}]'"
    return None


def _requirements() -> list[str]:
    try:
        return requires(PROJECT) or []
    except PackageNotFoundError:
        return []


def _module(library: str) -> str:
    """The module of a library; true of all of ours."""
    return MODULES.get(library, library.replace("-", "_"))


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):
        return False
