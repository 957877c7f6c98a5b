"""The rooms that may be compiled, and which of them are: names of modules, nothing of what they do.

Every room runs as it is written. The optional build (``tools/compiled_cores.py``) compiles those that
work for every block, and lays what it made beside the sources, where Python finds it first.
"""

import pkgutil
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import find_spec
from typing import Final

#: What is compiled, all of it together; a package stands for its modules, but for tables.
ROOMS: Final = (
    "ota_engine.bucket",
    "ota_engine.events",
    "ota_engine.zcl.hot",
    "ota_engine.zcl.frame",
    "ota_engine.zcl.general",
    "ota_engine.hub.kernel",
    "ota_engine.hub.delivery",
    "ota_engine.hub.push",
    "ota_engine.hub.engine",
    "emulators.node",
    "emulators.air",
    "emulators.platform",
    "emulators.client",
    "emulators.devices",
    "emulators.home.arrivals",
    "emulators.simulation.host",
)
#: Their tables, which are read once: nothing to gain, and minutes of work for a C compiler.
TABLES: Final = frozenset(
    {
        "ota_engine.hub.kernel.happenings",
        "ota_engine.hub.kernel.quirks",
        "ota_engine.hub.delivery.commands",
        "ota_engine.hub.delivery.config",
        "ota_engine.hub.delivery.session",
        "ota_engine.hub.delivery.status",
        "ota_engine.hub.push.commands",
        "emulators.platform.profiles",
        "emulators.platform.spec",
        "emulators.client.table",
        "emulators.devices.kinds",
    }
)
PURE: Final = "pure Python"


def compiled_rooms() -> tuple[str, ...]:
    """List the rooms that run compiled; none of a plain installation."""
    return tuple(room for room in ROOMS if _is_compiled(room))


def running() -> str:
    """Say in a few words which build runs: ``pure Python``, ``compiled``, or how much of it is."""
    count = len(compiled_rooms())
    if count in {0, len(ROOMS)}:
        return "compiled" if count else PURE
    return f"{count} of {len(ROOMS)} rooms compiled"


def _is_compiled(room: str) -> bool:
    """Whether all modules of a room are found as compiled code."""
    spec = find_spec(room)
    if spec is None or spec.submodule_search_locations is None:
        return _is_extension(spec)
    modules = pkgutil.iter_modules(spec.submodule_search_locations, f"{room}.")
    names = (module.name for module in modules if module.name not in TABLES)
    return all(_is_extension(find_spec(name)) for name in names)


def _is_extension(spec: ModuleSpec | None) -> bool:
    return spec is not None and str(spec.origin).endswith(tuple(EXTENSION_SUFFIXES))
