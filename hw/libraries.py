"""The radio libraries of the zigpy family, by link scheme; loads one when it is asked for.

Knows names and where to get them. Only bellows has been proven; the others share zigpy's
interface, which is all that is used of them, and are untested on hardware.
"""

import importlib
import logging
from typing import TYPE_CHECKING, NamedTuple

from ota_engine.errors import LocalError

if TYPE_CHECKING:
    from zigpy.application import ControllerApplication


class Library(NamedTuple):
    """One radio library: the scheme of its links, its module, and the extra that installs it."""

    scheme: str
    module: str
    hardware: str
    extra: str
    proven: bool = False

    @property
    def speaks_ash(self) -> bool:
        """Whether its radios understand a reset of ASH (Silicon Labs UG101)."""
        return self.scheme == "ezsp"


LIBRARIES = {
    library.scheme: library
    for library in (
        Library("ezsp", "bellows", "Silicon Labs EmberZNet", "radio", proven=True),
        Library("znp", "zigpy_znp", "Texas Instruments Z-Stack", "znp"),
        Library("deconz", "zigpy_deconz", "dresden elektronik ConBee", "deconz"),
        Library("xbee", "zigpy_xbee", "Digi XBee", "xbee"),
        Library("zigate", "zigpy_zigate", "ZiGate", "zigate"),
    )
}


def load_controller(library: Library) -> "type[ControllerApplication]":
    """Import a library's controller.

    Raises:
        LocalError: the library is not installed.
    """
    for name in ("zigpy", library.module):
        # Their logs are for their developers; what a user has to know is in our events and errors.
        logging.getLogger(name).addHandler(logging.NullHandler())
    try:
        module = importlib.import_module(f"{library.module}.zigbee.application")
    except ModuleNotFoundError as error:
        raise LocalError(
            f"{library.scheme}:// needs {library.module}: pip install 'zota[{library.extra}]'"
        ) from error
    controller: type[ControllerApplication] = module.ControllerApplication
    return controller
