"""Values to DUIS trees: requests and responses (DUIS schema 5.4); what is written can be read again."""

from typing import Any, Final, assert_never

from lxml import etree

from ota_engine.duis.bodies import write_body
from ota_engine.duis.documents import DUIS_NAMESPACE, REQUEST_TAG, RESPONSE_TAG
from ota_engine.duis.reading import SCHEMA_VERSION
from ota_engine.duis.requests import ServiceRequest
from ota_engine.duis.response_codes import RESPONSE_CODES
from ota_engine.duis.responses import (
    DccAlert,
    DeviceAlert,
    FirmwareWarning,
    FutureDatedAlert,
    GbcsPayload,
    Inventory,
    InventoryDevice,
    PreCommand,
    ResponseContent,
    ResponseMessage,
    ServiceResponse,
)
from ota_engine.duis.schema import REQUEST_HEADER, RESPONSE_BODY, RESPONSE_HEADER
from ota_engine.duis.shapes import XmlValues, write_element
from ota_engine.duis.writing_alerts import dcc_alert_fields, throttled_fields
from ota_engine.errors import LocalError

_NAMESPACES: Final = {"sr": DUIS_NAMESPACE}


def write_request(request: ServiceRequest) -> etree._Element:
    """Write a request, not signed.

    Raises:
        LocalError: no document can say it; the text names the field.
    """
    root = _root(REQUEST_TAG, request.schema_version)
    header = request.header
    fields = {
        "RequestID": header.request_id,
        "FirstInSequence": header.first_in_sequence,
        "PrecedingServiceRequestID": header.preceding,
        "CommandVariant": header.command_variant,
        "ServiceReference": header.reference,
        "ServiceReferenceVariant": header.variant,
    }
    root.append(write_element("Header", REQUEST_HEADER, fields))
    body = etree.SubElement(root, f"{{{DUIS_NAMESPACE}}}Body")
    body.append(write_body(request.body))
    return root


def write_response(response: ServiceResponse) -> etree._Element:
    """Write a response or an alert, not signed.

    Raises:
        LocalError: no document can say it; the text names the field.
    """
    if response.code not in RESPONSE_CODES:
        raise LocalError(f"there is no response code {response.code!a}")
    root = _root(RESPONSE_TAG, response.schema_version)
    fields = {
        "RequestID": response.request_id,
        "ResponseID": response.response_id,
        "ResponseCode": response.code,
        "ResponseDateTime": response.utc,
    }
    root.append(write_element("Header", RESPONSE_HEADER, fields))
    root.append(write_element("Body", RESPONSE_BODY, _response_fields(response)))
    return root


def _root(tag: str, version: str) -> etree._Element:
    if not SCHEMA_VERSION.fullmatch(version):
        raise LocalError(f"schemaVersion {version[:20]!a}: versions 5.0 to 5.99 are written")
    root = etree.Element(tag, nsmap=_NAMESPACES)
    root.set("schemaVersion", version)
    return root


def _response_fields(response: ServiceResponse) -> XmlValues:
    match response.body:
        case ResponseMessage() as message:
            fields = {
                "ServiceReference": message.reference,
                "ServiceReferenceVariant": message.variant,
            }
            if message.content is not None:
                fields |= _content_fields(message.content)
            return {"ResponseMessage": fields}
        case DeviceAlert() as alert:
            return {
                "DeviceAlertMessage": {
                    "AlertCode": alert.alert_code,
                    "GBCSPayload": alert.payload,
                    **throttled_fields(alert.throttled),
                }
            }
        case DccAlert() as alert:
            return {"DCCAlertMessage": dcc_alert_fields(alert)}
    assert_never(response.body)


def _content_fields(content: ResponseContent) -> dict[str, Any]:
    match content:
        case FirmwareWarning():
            name = "DSPUpdatePPMIDFirmwareWarning" if content.ppmid else "DSPUpdateFirmwareWarning"
            return {name: _warning(content)}
        case PreCommand():
            command = {"GBCSVersion": content.gbcs_version, "GBCSPayload": content.payload}
            return {"PreCommand": command}
        case GbcsPayload():
            return {"GBCSPayload": content.payload}
        case FutureDatedAlert():
            return {
                "FutureDatedDeviceAlertMessage": {
                    "FutureDatedAlertCode": content.alert_code,
                    "GBCSPayload": content.payload,
                    "InstructionNumber": content.instruction,
                    "TotalCommandInstructions": content.instructions,
                }
            }
        case Inventory():
            return {"DSPInventory": {"Device": [_inventory_device(one) for one in content.devices]}}
    assert_never(content)


def _warning(warning: FirmwareWarning) -> XmlValues:
    return {
        "InvalidDeviceIDList": warning.invalid or None,
        "NotCommissionedDeviceIDList": warning.not_commissioned or None,
        "NotApplicableFirmwareDeviceIDList": warning.not_applicable or None,
        "OtherRequestInProgressList": warning.in_progress or None,
        "InvalidGBCSVersionList": warning.wrong_gbcs or None,
    }


def _inventory_device(device: InventoryDevice) -> XmlValues:
    place = device.property_filter
    return {
        "DeviceID": device.device,
        "DeviceType": device.device_type,
        "DeviceStatus": device.status,
        "DeviceManufacturer": device.manufacturer,
        "DeviceModel": device.model,
        "SMETSCHTSVersion": device.smets_chts_version,
        "DeviceFirmwareVersion": device.firmware_version,
        "DeviceFirmwareVersionStatus": device.firmware_status,
        "CPLStatus": device.cpl_status,
        "DateCommissioned": device.commissioned_utc,
        "ImportMPxN": device.import_mpxn,
        "SecondaryImportMPAN": device.secondary_import_mpan,
        "ExportMPAN": device.export_mpan,
        "ESMEVariant": device.esme_variant,
        "UPRN": device.uprn,
        "PropertyFilter": None
        if place is None
        else {"PostCode": place[0], "AddressIdentifier": place[1]},
        "CSPRegion": device.csp_region,
        "DeviceGBCSVersion": device.gbcs_version,
        "HANVariant": device.han_variant,
        "S1SP": device.s1sp,
        "Connectivity": device.connectivity,
    }
