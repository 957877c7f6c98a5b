"""The attributes of cluster 0x0708 that tell of changes, Smart Energy 1.4, annex D.10.2.2; no frames."""

from collections.abc import Iterable

from ota_engine.hub.premises.changes import publication
from ota_engine.records import PremisesChangeRecord
from ota_engine.zcl.basic import CLUSTER_REVISION
from ota_engine.zcl.device_management import ManagementAttribute, PublishChangeOfTenancy
from ota_engine.zcl.general import (
    BITMAP32,
    OCTET_STRING,
    UINT16,
    UINT32,
    UTC_TIME,
    AttributeRecord,
)
from ota_engine.zcl.status import Status

REVISION = 1  # of our side of the cluster


def attributes_of(changes: Iterable[PremisesChangeRecord]) -> dict[int, AttributeRecord]:
    """Say what a reader is told of the changes that stand; what is not there is not known."""
    told: list[AttributeRecord] = [_number(CLUSTER_REVISION, UINT16, REVISION)]
    name = ManagementAttribute
    for change in changes:
        publish = publication(change)
        if isinstance(publish, PublishChangeOfTenancy):
            told += [
                _number(name.TENANCY_UPDATE_TIME, UTC_TIME, publish.implementation_time),
                _number(name.TENANCY_CHANGE_CONTROL, BITMAP32, publish.control),
            ]
            continue
        told += [
            _number(name.PROPOSED_PROVIDER_ID, UINT32, publish.proposed_provider),
            _text(name.PROPOSED_PROVIDER_NAME, publish.name),
            _number(name.PROPOSED_PROVIDER_CHANGE_TIME, UTC_TIME, publish.implementation_time),
            _number(name.PROPOSED_PROVIDER_CHANGE_CONTROL, BITMAP32, publish.control),
            _text(name.PROPOSED_PROVIDER_CONTACT, publish.contact),
        ]
    return {record.attribute: record for record in told}


def _number(attribute: int, kind: int, value: int) -> AttributeRecord:
    return AttributeRecord(attribute, Status.SUCCESS, kind, value)


def _text(attribute: int, octets: bytes) -> AttributeRecord:
    return AttributeRecord(attribute, Status.SUCCESS, OCTET_STRING, None, octets)
