"""Bodies of requests: how each is read from its element, and written to it (DUIS schema 5.4)."""

from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import Any, Final

from lxml import etree

from ota_engine.duis.documents import DUIS_NAMESPACE, local_name
from ota_engine.duis.kinds import MomentField, TextField
from ota_engine.duis.refusals import StructureRefused
from ota_engine.duis.requests import (
    DeviceDetails,
    DevicePrenotification,
    FirmwareActivation,
    OtherRequest,
    ReadFirmwareVersion,
    ReadInventory,
    RequestBody,
    SignedPreCommand,
    UpdateFirmware,
    UpdateInventory,
)
from ota_engine.duis.schema import CHECKED_BODIES, REQUEST_BODIES
from ota_engine.duis.shapes import XmlValues, child_elements, read_element, text_of, write_element
from ota_engine.errors import LocalError

_EXECUTION: Final = "ExecutionDateTime"
_MOST_OTHER_CHARACTERS: Final = 1 << 24


def read_body(element: etree._Element, path: str) -> RequestBody:
    """Read the body of a request.

    Args:
        element: below ``Body``.
        path: of it, for refusals.

    Raises:
        StructureRefused: it is not as the schema has it.
    """
    name = local_name(element)
    if name not in REQUEST_BODIES:
        return _read_other(element, path)
    return _READERS[name](read_element(element, REQUEST_BODIES[name], path))


def write_body(body: RequestBody) -> etree._Element:
    """Write the body of a request.

    Raises:
        LocalError: no document can say it; the text names the field.
    """
    if isinstance(body, OtherRequest):
        return _write_other(body)
    name = _NAMES[type(body)]
    if isinstance(body, UpdateFirmware) and body.ppmid:
        name = "UpdatePPMIDFirmware"
    return write_element(name, REQUEST_BODIES[name], _WRITERS[type(body)](body))


def _read_update(found: XmlValues) -> UpdateFirmware:
    return UpdateFirmware(found["FirmwareImage"], found["FirmwareVersion"], found["DeviceIDList"])


def _read_ppmid_update(found: XmlValues) -> UpdateFirmware:
    return UpdateFirmware(
        found["FirmwareImage"], found["FirmwareVersion"], found["DeviceIDList"], ppmid=True
    )


def _write_update(body: UpdateFirmware) -> XmlValues:
    return {
        "FirmwareImage": body.image,
        "FirmwareVersion": body.version,
        "DeviceIDList": body.devices,
    }


def _read_version_asked(found: XmlValues) -> ReadFirmwareVersion:
    return ReadFirmwareVersion(found.get(_EXECUTION))


def _write_version_asked(body: ReadFirmwareVersion) -> XmlValues:
    return {_EXECUTION: body.execution_utc}


def _read_activation(found: XmlValues) -> FirmwareActivation:
    return FirmwareActivation(found["FirmwareHash"], found.get(_EXECUTION))


def _write_activation(body: FirmwareActivation) -> XmlValues:
    return {_EXECUTION: body.execution_utc, "FirmwareHash": body.hash}


def _read_pre_command(found: XmlValues) -> SignedPreCommand:
    return SignedPreCommand(found["GBCSPayload"], found.get(_EXECUTION))


def _write_pre_command(body: SignedPreCommand) -> XmlValues:
    return {_EXECUTION: body.execution_utc, "GBCSPayload": body.payload}


def _read_inventory_asked(found: XmlValues) -> ReadInventory:
    if "UPRN" in found:
        return ReadInventory(uprn=found["UPRN"])
    address = found.get("PropertyFilter", {})
    return ReadInventory(
        found.get("DeviceID"),
        found.get("MPxN", ""),
        post_code=address.get("PostCode", ""),
        address=address.get("AddressIdentifier", ""),
    )


def _read_inventory_update(found: XmlValues) -> UpdateInventory:
    details = found.get("UpdateDeviceDetails")
    meter_point = found.get("UpdateMPxN")
    return UpdateInventory(
        found["DeviceID"],
        found.get("UpdateDeviceStatusExceptCH", ""),
        found.get("UpdateDeviceStatusCH", ""),
        None if details is None else _read_details(details),
        "DeleteDevice" in found,
        None if meter_point is None else next(iter(meter_point.items())),
    )


def _read_details(found: XmlValues) -> DeviceDetails:
    return DeviceDetails(
        found.get("DeviceManufacturer"),
        found.get("DeviceModel"),
        found.get("SMETSCHTSVersion"),
        found.get("FirmwareVersion"),
        found.get("ESMEVariant"),
    )


def _read_prenotification(found: XmlValues) -> DevicePrenotification:
    return DevicePrenotification(
        found["DeviceID"],
        found["DeviceManufacturer"],
        found["DeviceModel"],
        found["DeviceType"],
        found.get("SMETSCHTSVersion"),
        found.get("FirmwareVersion"),
        found.get("ESMEVariant"),
        found.get("AssociatedGPFDeviceID"),
    )


def _write_inventory_asked(body: ReadInventory) -> XmlValues:
    place = None
    if body.post_code or body.address:
        place = {"PostCode": body.post_code, "AddressIdentifier": body.address}
    return {
        "UPRN": body.uprn or None,
        "DeviceID": body.device,
        "MPxN": body.mpxn or None,
        "PropertyFilter": place,
    }


def _write_inventory_update(body: UpdateInventory) -> XmlValues:
    return {
        "DeviceID": body.device,
        "UpdateDeviceStatusExceptCH": body.status or None,
        "UpdateDeviceStatusCH": body.hub_status or None,
        "UpdateDeviceDetails": None if body.details is None else _write_details(body.details),
        "DeleteDevice": {} if body.delete else None,
        "UpdateMPxN": None if body.meter_point is None else dict([body.meter_point]),
    }


def _write_details(details: DeviceDetails) -> XmlValues:
    return {
        "DeviceManufacturer": details.manufacturer,
        "DeviceModel": details.model,
        "SMETSCHTSVersion": details.smets_chts_version,
        "FirmwareVersion": details.firmware_version,
        "ESMEVariant": details.esme_variant,
    }


def _write_prenotification(body: DevicePrenotification) -> XmlValues:
    return {
        "DeviceID": body.device,
        "DeviceManufacturer": body.manufacturer,
        "DeviceModel": body.model,
        "DeviceType": body.device_type,
        "SMETSCHTSVersion": body.smets_chts_version,
        "FirmwareVersion": body.firmware_version,
        "ESMEVariant": body.esme_variant,
        "AssociatedGPFDeviceID": body.gpf,
    }


_READERS: Final[Mapping[str, Callable[[XmlValues], RequestBody]]] = {
    "UpdateFirmware": _read_update,
    "UpdatePPMIDFirmware": _read_ppmid_update,
    "ReadFirmwareVersion": _read_version_asked,
    "ActivateFirmware": _read_activation,
    "SignedPreCommand": _read_pre_command,
    "ReadInventory": _read_inventory_asked,
    "UpdateInventory": _read_inventory_update,
    "DevicePrenotification": _read_prenotification,
}
_WRITERS: Final[Mapping[type[RequestBody], Callable[[Any], XmlValues]]] = {
    UpdateFirmware: _write_update,
    ReadFirmwareVersion: _write_version_asked,
    FirmwareActivation: _write_activation,
    SignedPreCommand: _write_pre_command,
    ReadInventory: _write_inventory_asked,
    UpdateInventory: _write_inventory_update,
    DevicePrenotification: _write_prenotification,
}
_NAMES: Final[Mapping[type[RequestBody], str]] = {
    UpdateFirmware: "UpdateFirmware",
    ReadFirmwareVersion: "ReadFirmwareVersion",
    FirmwareActivation: "ActivateFirmware",
    SignedPreCommand: "SignedPreCommand",
    ReadInventory: "ReadInventory",
    UpdateInventory: "UpdateInventory",
    DevicePrenotification: "DevicePrenotification",
}


def _read_other(element: etree._Element, path: str) -> OtherRequest:
    name = local_name(element)
    if name in CHECKED_BODIES:
        read_element(element, CHECKED_BODIES[name], path)
    fields = []
    execution = None
    for place, text in _leaves(element, "", path):
        if place == _EXECUTION:
            try:
                execution = MomentField().read(text)
            except ValueError as error:
                raise StructureRefused(str(error), f"{path}/{place}") from None
        else:
            fields.append((place, text))
    return OtherRequest(name, execution, tuple(fields))


def _leaves(element: etree._Element, place: str, path: str) -> Iterator[tuple[str, str]]:
    """Texts below an element by their paths; attributes are passed over."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        if place:
            yield place, text_of(element, f"{path}/{place}")
        return
    for child in child_elements(element, path):
        yield from _leaves(child, f"{place}/{local_name(child)}".removeprefix("/"), path)


def _write_other(body: OtherRequest) -> etree._Element:
    """Leaves beside each other with the same path of parents lie in the same parents."""
    element = _new(None, body.element)
    leaves = list(body.fields)
    if body.execution_utc is not None:
        leaves.insert(0, (_EXECUTION, MomentField(2).write(body.execution_utc)))
    opened: list[tuple[str, etree._Element]] = []
    for path, text in leaves:
        *above, name = path.split("/")
        leaf = _new(_parent(element, opened, above), name)
        try:
            leaf.text = TextField(most=_MOST_OTHER_CHARACTERS).write(text) or None
        except ValueError as error:
            raise LocalError(f"{body.element}/{path}: {error}") from None
    if body.element in CHECKED_BODIES:
        try:
            read_element(element, CHECKED_BODIES[body.element], body.element)
        except StructureRefused as refused:
            raise LocalError(str(refused)) from None
    return element


def _parent(
    element: etree._Element, opened: list[tuple[str, etree._Element]], names: list[str]
) -> etree._Element:
    """Go from the parents of the last leaf, by name, to those of the next."""
    pairs = zip(names, opened, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1][0], pairs))
    del opened[same:]
    for name in names[same:]:
        opened.append((name, _new(opened[-1][1] if opened else element, name)))
    return opened[-1][1] if opened else element


def _new(parent: etree._Element | None, name: str) -> etree._Element:
    try:
        tag = etree.QName(DUIS_NAMESPACE, name)
        if parent is None:
            return etree.Element(tag, nsmap={"sr": DUIS_NAMESPACE})
        return etree.SubElement(parent, tag)
    except ValueError:
        raise LocalError(f"{name[:80]!a} is no name of an element") from None
