"""The attributes of an OTA client and of its Basic cluster; values in, records out."""

from typing import NamedTuple

from emulators.client.table import UpgradeStatus
from emulators.platform.spec import DeviceSpec
from ota_engine.zcl.basic import CLUSTER_REVISION, BasicAttribute, PowerSource
from ota_engine.zcl.general import (
    CHARACTER_STRING,
    ENUM8,
    EUI64,
    UINT8,
    UINT16,
    UINT32,
    AttributeRecord,
)
from ota_engine.zcl.ota import Attribute
from ota_engine.zcl.status import Status

UNKNOWN_U32 = 0xFFFF_FFFF
UNKNOWN_U16 = 0xFFFF
UNKNOWN_EUI64 = 0xFFFF_FFFF_FFFF_FFFF


class ClientView(NamedTuple):
    """What the attributes of cluster 0x0019 are made of."""

    server_known: bool
    offset: int | None
    version: int
    downloaded_version: int | None
    downloaded_stack_version: int | None
    status: UpgradeStatus
    image_type: int
    period: int  # MinimumBlockPeriod in the unit of the cluster revision
    stamp: int
    cluster_revision: int


def client_attributes(spec: DeviceSpec, view: ClientView) -> dict[int, tuple[int, int]]:
    """Type and value of every attribute of the OTA client (ZCL 11.10)."""
    idle = view.status is UpgradeStatus.NORMAL and spec.timers.hides_idle_type
    options = spec.options
    known: dict[int, tuple[int, int]] = {
        Attribute.UPGRADE_SERVER_ID: (EUI64, spec.server if view.server_known else UNKNOWN_EUI64),
        Attribute.FILE_OFFSET: (UINT32, _or(view.offset, UNKNOWN_U32)),
        Attribute.CURRENT_FILE_VERSION: (UINT32, view.version),
        Attribute.CURRENT_ZIGBEE_STACK_VERSION: (UINT16, spec.stack_version),
        Attribute.DOWNLOADED_FILE_VERSION: (UINT32, _or(view.downloaded_version, UNKNOWN_U32)),
        Attribute.DOWNLOADED_ZIGBEE_STACK_VERSION: (
            UINT16,
            _or(view.downloaded_stack_version, UNKNOWN_U16),
        ),
        Attribute.IMAGE_UPGRADE_STATUS: (ENUM8, view.status),
        Attribute.MINIMUM_BLOCK_PERIOD: (UINT16, view.period),
        Attribute.IMAGE_STAMP: (UINT32, view.stamp),
        Attribute.UPGRADE_ACTIVATION_POLICY: (ENUM8, options.activation_policy),
        Attribute.UPGRADE_TIMEOUT_POLICY: (ENUM8, options.timeout_policy),
        Attribute.CLUSTER_REVISION: (UINT16, view.cluster_revision),
    }
    if not options.hides_identity:
        known[Attribute.MANUFACTURER_ID] = (UINT16, spec.manufacturer_code)
        known[Attribute.IMAGE_TYPE_ID] = (UINT16, UNKNOWN_U16 if idle else view.image_type)
    return known


def basic_attributes(
    spec: DeviceSpec, version: int, *, on_mains: bool
) -> dict[int, tuple[int, int | bytes]]:
    """Type and value of the attributes of the Basic cluster; ``version`` is the file's it runs."""
    model = spec.model or spec.kind.word
    hardware = (spec.hardware_version or 0) >> 8  # the version octet of version.revision
    mains = on_mains and not spec.cells
    source = PowerSource.MAINS if mains else PowerSource.BATTERY
    return {
        BasicAttribute.ZCL_VERSION: (UINT8, 3),
        BasicAttribute.APPLICATION_VERSION: (UINT8, spec.application_version),
        BasicAttribute.STACK_VERSION: (UINT8, spec.stack_version & 0xFF),
        BasicAttribute.HARDWARE_VERSION: (UINT8, hardware),
        BasicAttribute.MANUFACTURER_NAME: (CHARACTER_STRING, spec.manufacturer_name.encode()),
        BasicAttribute.MODEL_IDENTIFIER: (CHARACTER_STRING, model.encode()),
        BasicAttribute.DATE_CODE: (CHARACTER_STRING, b""),  # it has none, as the standard allows
        BasicAttribute.POWER_SOURCE: (ENUM8, source),
        BasicAttribute.SOFTWARE_BUILD: (CHARACTER_STRING, f"0x{version:08X}".encode()),
        CLUSTER_REVISION: (UINT16, 1),
    }


def answer(
    attributes: tuple[int, ...], known: dict[int, tuple[int, int | bytes]]
) -> tuple[AttributeRecord, ...]:
    """The records of a Read Attributes Response."""
    return tuple(record(attribute, known.get(attribute)) for attribute in attributes)


def record(attribute: int, known: tuple[int, int | bytes] | None) -> AttributeRecord:
    """One attribute as a record, UNSUPPORTED_ATTRIBUTE if the device does not have it."""
    if known is None:
        return AttributeRecord(attribute, Status.UNSUPPORTED_ATTRIBUTE)
    kind, value = known
    if isinstance(value, bytes):
        return AttributeRecord(attribute, Status.SUCCESS, kind, string=value)
    return AttributeRecord(attribute, Status.SUCCESS, kind, value)


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value
