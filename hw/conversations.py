"""Who an incoming frame is for: the engine, zigpy, or both. Pure: knows frames and who asked what.

zigpy interviews devices over the same clusters that the engine serves, so an answer goes to whoever
asked under its transaction sequence number. What nobody asked for goes by cluster: everything of
the OTA cluster is the engine's, everything of the Basic cluster zigpy's. zigpy says nothing on the
Tunneling and Device Management clusters, so all of that is the engine's.
"""

from collections import OrderedDict
from enum import IntFlag

from ota_engine.errors import PeerError
from ota_engine.events import (
    BASIC_CLUSTER,
    DEVICE_MANAGEMENT_CLUSTER,
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    TUNNELING_CLUSTER,
)
from ota_engine.zcl.frame import ZclHeader, parse_header
from ota_engine.zcl.general import (
    DEFAULT_RESPONSE,
    READ_ATTRIBUTES,
    READ_ATTRIBUTES_RESPONSE,
    REPORT_ATTRIBUTES,
)

REMEMBERED = 1024  # requests whose answer has not come
ANSWERS = frozenset({READ_ATTRIBUTES_RESPONSE, DEFAULT_RESPONSE})
FRAME_TYPE = 0x03  # of the frame control octet; 0 is a general command, ZCL 2.4.1.1


class Owner(IntFlag):
    """Who takes a frame."""

    ENGINE = 1
    ZIGPY = 2


BOTH = Owner.ENGINE | Owner.ZIGPY


class Conversations:
    """Remembers general commands under way, by network address, cluster and sequence number.

    Both sides number their requests for themselves; when both have asked a device under the same
    number, both get both answers. Neither minds: each looks only for attributes it knows.
    """

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[int, int, int], Owner] = OrderedDict()

    def asked(self, address: int, cluster: int, frame: bytes, owner: Owner) -> None:
        """Note that ``owner`` sends a frame; only general commands matter."""
        if len(frame) < 3 or frame[0] & FRAME_TYPE:
            return
        key = (address, cluster, frame[1])
        self._asked[key] = self._asked.pop(key, Owner(0)) | owner
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)

    def owner(self, address: int, profile: int, cluster: int, frame: bytes) -> Owner:
        """Say who takes a frame that came from ``address``."""
        if cluster == OTA_UPGRADE_CLUSTER:
            return self._of_ota(address, frame)
        if cluster == BASIC_CLUSTER:
            return self._of_basic(address, profile, frame)
        if cluster in (TUNNELING_CLUSTER, DEVICE_MANAGEMENT_CLUSTER):
            return Owner.ENGINE
        return Owner.ZIGPY

    def _of_ota(self, address: int, frame: bytes) -> Owner:
        header = _header(frame)
        if header is None or header.cluster_specific or header.command not in ANSWERS:
            return Owner.ENGINE
        return self._answered(address, OTA_UPGRADE_CLUSTER, header) or Owner.ENGINE

    def _of_basic(self, address: int, profile: int, frame: bytes) -> Owner:
        header = _header(frame)
        if header is None or header.cluster_specific:
            return Owner.ZIGPY
        if header.command == REPORT_ATTRIBUTES:
            return BOTH
        if header.command == READ_ATTRIBUTES and profile == SMART_ENERGY:
            return Owner.ENGINE  # zigpy answers no reads of that profile
        if header.command in ANSWERS:
            return self._answered(address, BASIC_CLUSTER, header) or Owner.ZIGPY
        return Owner.ZIGPY

    def _answered(self, address: int, cluster: int, header: ZclHeader) -> Owner:
        return self._asked.pop((address, cluster, header.sequence), Owner(0))


def _header(frame: bytes) -> ZclHeader | None:
    try:
        return parse_header(frame)
    except PeerError:
        return None
