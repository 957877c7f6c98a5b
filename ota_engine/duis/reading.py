"""DUIS trees to values: requests and responses, checked as they are read (DUIS schema 5.4).

What is read here says nothing of who wrote it: ``signing`` is asked for that first, and gives the
tree that was signed.
"""

import re
from typing import Final

from lxml import etree

from ota_engine.duis.bodies import read_body
from ota_engine.duis.documents import REQUEST_TAG, RESPONSE_TAG, SIGNATURE_TAG, local_name
from ota_engine.duis.kinds import shown
from ota_engine.duis.reading_alerts import read_dcc_alert
from ota_engine.duis.refusals import StructureRefused
from ota_engine.duis.requests import RequestHeader, ServiceRequest
from ota_engine.duis.response_codes import RESPONSE_CODES
from ota_engine.duis.responses import (
    DeviceAlert,
    FirmwareWarning,
    FutureDatedAlert,
    GbcsPayload,
    Inventory,
    InventoryDevice,
    PreCommand,
    ResponseBody,
    ResponseContent,
    ResponseMessage,
    ServiceResponse,
    Throttled,
)
from ota_engine.duis.schema import REQUEST_HEADER, RESPONSE_BODY, RESPONSE_HEADER
from ota_engine.duis.shapes import XmlValues, child_elements, read_element
from ota_engine.duis.variants import VARIANT_NAMES, VARIANTS, element_for, reference_of

SCHEMA_VERSION: Final = re.compile(r"5\.[0-9]{1,2}", re.ASCII)
_SCHEMA_HINT: Final = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"


def read_request(root: etree._Element) -> ServiceRequest:
    """Read a request.

    Args:
        root: of the document, as signed.

    Raises:
        StructureRefused: it is no request of DUIS 5; with its header, when that can be read.
    """
    if root.tag != REQUEST_TAG:
        raise StructureRefused("this is a response where a request is wanted", "Response")
    header = read_header(root)
    try:
        version = _read_version(root)
        element = _one_child(_parts(root)[1], "Request/Body")
        body = read_body(element, f"Request/Body/{local_name(element)}")
        _check_agreement(header, local_name(element))
    except StructureRefused as refused:
        refused.header = header
        raise
    return ServiceRequest(version, header, body)


def read_header(root: etree._Element) -> RequestHeader:
    """Read the header of a request alone, so that whatever is wrong with the rest can be answered.

    Raises:
        StructureRefused: the header cannot be read.
    """
    path = f"{local_name(root)}/Header"
    found = read_element(_parts(root)[0], REQUEST_HEADER, path)
    variant, reference = found["ServiceReferenceVariant"], found["ServiceReference"]
    if variant not in VARIANT_NAMES:
        raise StructureRefused(f"there is no service {shown(variant)}", path)
    if reference != reference_of(variant):
        raise StructureRefused(f"{shown(variant)} is no variant of {shown(reference)}", path)
    return RequestHeader(
        found["RequestID"],
        found["CommandVariant"],
        reference,
        variant,
        found.get("FirstInSequence"),
        found.get("PrecedingServiceRequestID"),
    )


def read_response(root: etree._Element) -> ServiceResponse:
    """Read a response or an alert.

    Args:
        root: of the document, as signed.

    Raises:
        StructureRefused: it is none of those that are known here.
    """
    if root.tag != RESPONSE_TAG:
        raise StructureRefused("this is a request where a response is wanted", "Request")
    version = _read_version(root)
    head, body = _parts(root)
    found = read_element(head, RESPONSE_HEADER, "Response/Header")
    if found["ResponseCode"] not in RESPONSE_CODES:
        raise StructureRefused(
            f"there is no code {shown(found['ResponseCode'])}", "Response/Header/ResponseCode"
        )
    return ServiceResponse(
        version,
        found["ResponseCode"],
        found["ResponseDateTime"],
        _read_response_body(read_element(body, RESPONSE_BODY, "Response/Body")),
        found.get("RequestID"),
        found.get("ResponseID"),
    )


def _parts(root: etree._Element) -> list[etree._Element]:
    """Header and body; the signature behind them means nothing here."""
    name = local_name(root)
    wrong = next((key for key in root.attrib if key not in ("schemaVersion", _SCHEMA_HINT)), None)
    if wrong is not None:
        raise StructureRefused(f"attribute {shown(str(wrong))} is not known here", name)
    children = list(child_elements(root, name, passing=SIGNATURE_TAG))
    if [local_name(child) for child in children] != ["Header", "Body"]:
        raise StructureRefused("it is not made of a Header and a Body", name)
    for child in children:
        _check_bare(child, f"{name}/{local_name(child)}")
    return children


def _check_bare(element: etree._Element, path: str) -> None:
    if element.attrib:
        raise StructureRefused("it has an attribute: none is known here", path)


def _read_version(root: etree._Element) -> str:
    version = root.get("schemaVersion", "")
    if not SCHEMA_VERSION.fullmatch(version):
        raise StructureRefused(
            f"schemaVersion is {shown(version)}: versions 5.0 to 5.99 are read", local_name(root)
        )
    return str(version)


def _one_child(element: etree._Element, path: str) -> etree._Element:
    children = list(child_elements(element, path))
    if len(children) != 1:
        raise StructureRefused(f"it holds {len(children)} elements, not one", path)
    return children[0]


def _check_agreement(header: RequestHeader, element: str) -> None:
    """A header that speaks of another request than the body holds is refused."""
    row = VARIANTS.get(header.variant)
    if row is None or header.command_variant not in row.command_variants:
        return  # nothing that is served here: whoever answers says so
    wanted = element_for(row, header.command_variant)
    if element != wanted:
        raise StructureRefused(
            f"{header.variant} with command variant {header.command_variant} has {wanted}, "
            f"not {element[:80]}",
            "Request/Body",
        )


def _read_response_body(found: XmlValues) -> ResponseBody:
    if "DeviceAlertMessage" in found:
        alert = found["DeviceAlertMessage"]
        return DeviceAlert(alert["AlertCode"], alert["GBCSPayload"], _throttled(alert))
    if "DCCAlertMessage" in found:
        return read_dcc_alert(found["DCCAlertMessage"])
    message = found["ResponseMessage"]
    return ResponseMessage(
        message["ServiceReference"], message["ServiceReferenceVariant"], _content(message)
    )


def _content(found: XmlValues) -> ResponseContent | None:
    for name, value in found.items():
        match name:
            case "DSPUpdateFirmwareWarning" | "DSPUpdatePPMIDFirmwareWarning":
                return _warning(value, ppmid=name == "DSPUpdatePPMIDFirmwareWarning")
            case "PreCommand":
                return PreCommand(value["GBCSVersion"], value["GBCSPayload"])
            case "GBCSPayload":
                return GbcsPayload(value)
            case "FutureDatedDeviceAlertMessage":
                return FutureDatedAlert(
                    value["FutureDatedAlertCode"],
                    value["GBCSPayload"],
                    value["InstructionNumber"],
                    value["TotalCommandInstructions"],
                )
            case "DSPInventory":
                return Inventory(tuple(map(_inventory_device, value["Device"])))
            case _:
                pass  # the references
    return None


def _warning(found: XmlValues, *, ppmid: bool) -> FirmwareWarning:
    return FirmwareWarning(
        ppmid,
        found.get("InvalidDeviceIDList", ()),
        found.get("NotCommissionedDeviceIDList", ()),
        found.get("NotApplicableFirmwareDeviceIDList", ()),
        found.get("OtherRequestInProgressList", ()),
        found.get("InvalidGBCSVersionList", ()),
    )


def _inventory_device(found: XmlValues) -> InventoryDevice:
    place = found.get("PropertyFilter")
    return InventoryDevice(
        found["DeviceID"],
        found["DeviceType"],
        found.get("DeviceStatus"),
        found["DeviceManufacturer"],
        found["DeviceModel"],
        found.get("SMETSCHTSVersion"),
        found.get("DeviceFirmwareVersion"),
        found.get("DeviceFirmwareVersionStatus"),
        found.get("CPLStatus"),
        found.get("DateCommissioned"),
        found.get("CSPRegion"),
        found.get("DeviceGBCSVersion"),
        found.get("ImportMPxN"),
        found.get("SecondaryImportMPAN"),
        found.get("ExportMPAN"),
        found.get("ESMEVariant"),
        found.get("UPRN"),
        None if place is None else (place["PostCode"], place["AddressIdentifier"]),
        found.get("HANVariant"),
        found.get("S1SP"),
        found.get("Connectivity"),
    )


def _throttled(found: XmlValues) -> Throttled:
    return Throttled(found.get("ThrottledAlertSequenceId"), found.get("ThrottledAlertCount"))
