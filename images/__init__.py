"""The OTA file: parse, build, sign and judge it; knows nothing of radios, devices or databases.

``parse`` and its records are here. What costs more to import stays in its module:
``images.build.build``, ``images.signing``, ``images.digests`` and ``images.lint.check``.
"""

from images.errors import ImageError
from images.model import OtaHeader, OtaImage, SubElement, Trailing, parse

__all__ = ["ImageError", "OtaHeader", "OtaImage", "SubElement", "Trailing", "parse"]
