"""DCC alerts, as values of their fields; ``writing`` makes elements of those."""

from typing import Any

from ota_engine.duis.response_codes import DCC_ALERT_CODES
from ota_engine.duis.responses import (
    DccAlert,
    DccAlertContent,
    DeliveryStatus,
    DistributionFailure,
    DuisVersionMismatch,
    HubActivation,
    HubAlert,
    PpmidAlert,
    SupplierChange,
    SuspensionChange,
    Throttled,
    UpgradeRequested,
    VersionMismatch,
)
from ota_engine.duis.shapes import XmlValues
from ota_engine.errors import LocalError


def dcc_alert_fields(alert: DccAlert) -> XmlValues:
    """Values of its fields by name.

    Raises:
        LocalError: no document can say it.
    """
    if alert.code not in DCC_ALERT_CODES:
        raise LocalError(f"there is no DCC alert code {alert.code!a}")
    name, fields = _content_fields(alert.content)
    return {
        "DCCAlertCode": alert.code,
        "DCCAlert": {name: fields},
        **throttled_fields(alert.throttled),
    }


def throttled_fields(throttled: Throttled) -> dict[str, Any]:
    """Values of the two fields of throttling."""
    return {
        "ThrottledAlertSequenceId": throttled.sequence,
        "ThrottledAlertCount": throttled.held_back,
    }


def _content_fields(content: DccAlertContent) -> tuple[str, XmlValues]:
    match content:
        case DeliveryStatus():
            return "CSPFirmwareDeliveryStatus", _delivery(content)
        case HubAlert():
            return "CommsHubAlert", _hub_alert(content)
        case PpmidAlert():
            return "PPMIDAlert", _ppmid_alert(content)
        case SupplierChange():
            return "ChangeOfSupplier", _supplier_change(content)
        case DuisVersionMismatch():
            return "DUISVersionMismatch", _duis_version(content)
        case _:
            return _short_fields(content)


def _short_fields(
    content: HubActivation
    | VersionMismatch
    | UpgradeRequested
    | DistributionFailure
    | SuspensionChange,
) -> tuple[str, XmlValues]:
    match content:
        case HubActivation():
            fields: XmlValues = {"DeviceID": content.hub, "FirmwareVersion": content.version}
            return "CommsHubFirmwareActivation", fields
        case VersionMismatch():
            return "FirmwareVersionMismatch", {
                "DeviceID": content.device,
                "DeviceType": content.device_type,
                "FirmwareVersionSMI": content.inventory,
                "FirmwareVersionDevice": content.reported,
            }
        case UpgradeRequested():
            return "FirmwareUpgradeRequested", {
                "DeviceType": content.device_type,
                "FirmwareVersion": content.version,
                "DeviceList": content.devices,
            }
        case DistributionFailure():
            return "FirmwareDistributionFailure", {
                "UpdateFirmwareRequestID": content.request_id,
                "MeterIDs": content.devices,
            }
        case SuspensionChange():
            change = "DeviceSuspended" if content.suspended else "DeviceRestored"
            return "DeviceStatusChangeEvent", {
                "DeviceID": content.device,
                "DeviceStatusChange": {change: {}},
            }


def _delivery(content: DeliveryStatus) -> XmlValues:
    return {
        "UpdateFirmwareRequestID": content.request_id,
        "CommsHubDeviceID": content.hub,
        "TargetDeviceID": content.device,
        "FirmwareVersion": content.version,
        "TimeStamp": content.utc,
        "CommsHubTransferStatus": "Success" if content.success else "Failure",
    }


def _hub_alert(content: HubAlert) -> XmlValues:
    transfer = content.transfer
    return {
        "CommsHubDeviceID": content.hub,
        "AlertCode": content.alert_code,
        "TimeStamp": content.utc,
        "FirmwareTransferAlert": None
        if transfer is None
        else {
            "UpdateFirmwareRequestID": transfer.request_id,
            "OtherDeviceID": transfer.device,
            "FirmwareVersion": transfer.version,
            "TransferResponseCode": transfer.code,
        },
    }


def _ppmid_alert(content: PpmidAlert) -> XmlValues:
    result = "ActivationSuccess" if content.success else "ActivationFailure"
    upgrade = {"FirmwareVersion": content.version, "ActivateImageResultCode": result}
    return {
        "DeviceID": content.device,
        "DeviceAlertCode": content.alert_code,
        "Timestamp": content.utc,
        "PPMIDFirmwareUpgradeAlert": upgrade if content.version else None,
    }


def _supplier_change(content: SupplierChange) -> XmlValues:
    device = None
    points = content.meter_points
    if content.device is not None and points is not None:
        device = {
            "DeviceID": content.device,
            "DeviceType": content.device_type,
            "MPxNs": {
                "ImportMPxN": points.import_mpxn,
                "SecondaryImportMPAN": points.secondary_import_mpan,
                "ExportMPAN": points.export_mpan,
            },
        }
    return {
        "ChangeOfSupplierServiceRequestID": content.request_id,
        "ECoSErrorCode": content.error or None,
        "DeviceChangeOfSupplier": device,
    }


def _duis_version(content: DuisVersionMismatch) -> XmlValues:
    alert = response = None
    if content.reference:
        response = {
            "RequestID": content.request_id,
            "ServiceReference": content.reference,
            "ServiceReferenceVariant": content.variant,
            "ServiceRequestDUISVersion": content.request_version,
        }
    else:
        alert = {
            "DCCAlertCode": content.alert_code,
            "DeviceID": content.device,
            "RequestID": content.request_id,
        }
    return {
        "DCCAlertVersionMismatch": alert,
        "ServiceResponseVersionMismatch": response,
        "ServiceUserDUISVersion": content.user_version,
    }
