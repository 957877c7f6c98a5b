"""The Basic cluster's words that this house speaks: identifiers of attributes, and power sources."""

from enum import IntEnum
from typing import Final

CLUSTER_REVISION: Final = 0xFFFD  # an attribute of every cluster
PRIMARY_SOURCE: Final = 0x7F  # mask of PowerSource without the bit for a second source


class BasicAttribute(IntEnum):
    """Attributes of cluster 0x0000, ZCL 3.2.2.2."""

    ZCL_VERSION = 0x0000
    APPLICATION_VERSION = 0x0001
    STACK_VERSION = 0x0002
    HARDWARE_VERSION = 0x0003
    MANUFACTURER_NAME = 0x0004
    MODEL_IDENTIFIER = 0x0005
    DATE_CODE = 0x0006
    POWER_SOURCE = 0x0007
    SOFTWARE_BUILD = 0x4000  # SWBuildID, 16 octets at most


class PowerSource(IntEnum):
    """What feeds a device: values of PowerSource, ZCL 3.2.2.2."""

    MAINS = 0x01  # single phase
    BATTERY = 0x03
