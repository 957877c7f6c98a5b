"""The OTA file: parse, build, sign and judge it; knows nothing of radios, devices or databases.

``parse`` and its records are imported at once. ``build`` and ``lint`` and what belongs to them
are loaded when first asked for, because they cost more than a quick look at a file may.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from images.errors import ImageError
from images.model import OtaHeader, OtaImage, SubElement, Trailing, parse

if TYPE_CHECKING:
    from images.building import ImageSpec, build
    from images.rules import Expectations, Finding, Profile, Report, Severity, lint

__all__ = [
    "Expectations",
    "Finding",
    "ImageError",
    "ImageSpec",
    "OtaHeader",
    "OtaImage",
    "Profile",
    "Report",
    "Severity",
    "SubElement",
    "Trailing",
    "build",
    "lint",
    "parse",
]

_LAZY: Final = {
    "ImageSpec": "images.building",
    "build": "images.building",
    "Expectations": "images.rules",
    "Finding": "images.rules",
    "Profile": "images.rules",
    "Report": "images.rules",
    "Severity": "images.rules",
    "lint": "images.rules",
}


def __getattr__(name: str) -> Any:
    """Load ``build``, ``lint`` and their records at first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
