"""zigpy, written by others, reads what we write and writes what we read."""

from typing import Any

import pytest
from zigpy.types import EUI64
from zigpy.zcl.clusters.general import Ota

from ota_engine.zcl import ota
from tests.zcl.test_ota import EVERY_VARIANT

SCHEMAS: dict[int, Any] = {
    int(definition.id): definition.schema
    for definitions in (Ota.ServerCommandDefs, Ota.ClientCommandDefs)
    for definition in definitions
}
# zigpy's own words for some fields
ZIGPY_NAMES = {"data": "image_data", "request_node_address": "request_node_addr"}
# zigpy demands what is optional here: an image in a failed end, a MinimumBlockPeriod in a wait
UNREADABLE_BY_ZIGPY = {
    ota.UpgradeEndRequest(0x95),
    ota.ImageBlockResponse(0x97, current_time=0, request_time=10),
}


def number(value: Any) -> Any:
    """A field of zigpy's as we hold it: an EUI-64 as an integer."""
    return int.from_bytes(value.serialize(), "little") if isinstance(value, EUI64) else value


@pytest.mark.parametrize(
    "record", [record for *_, record in EVERY_VARIANT if record not in UNREADABLE_BY_ZIGPY]
)
def test_zigpy_reads_the_same_values_and_writes_the_same_octets(record: ota.OtaCommand) -> None:
    payload = ota.encode(record)
    command, rest = SCHEMAS[ota.command_of(record)].deserialize(payload)
    assert rest == b""
    assert command.serialize() == payload
    fields = {
        name: number(getattr(command, ZIGPY_NAMES.get(name, name)))
        for name in record._fields
        if getattr(record, name) is not None
    }
    assert fields == {name: value for name, value in record._asdict().items() if value is not None}
