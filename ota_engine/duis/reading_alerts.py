"""DCC alerts, from the values of their fields; ``reading`` has checked those."""

from ota_engine.duis.refusals import StructureRefused
from ota_engine.duis.response_codes import DCC_ALERT_CODES
from ota_engine.duis.responses import (
    DccAlert,
    DccAlertContent,
    DeliveryStatus,
    DistributionFailure,
    DuisVersionMismatch,
    HubActivation,
    HubAlert,
    MeterPoints,
    PpmidAlert,
    SupplierChange,
    SuspensionChange,
    Throttled,
    TransferAlert,
    UpgradeRequested,
    VersionMismatch,
)
from ota_engine.duis.shapes import XmlValues

_PATH = "Response/Body/DCCAlertMessage"


def read_dcc_alert(found: XmlValues) -> DccAlert:
    """Read the body of a DCC alert.

    Raises:
        StructureRefused: its code is none.
    """
    code = found["DCCAlertCode"]
    if code not in DCC_ALERT_CODES:
        raise StructureRefused(f"there is no DCC alert {code!a}", f"{_PATH}/DCCAlertCode")
    ((name, value),) = found["DCCAlert"].items()
    throttled = Throttled(found.get("ThrottledAlertSequenceId"), found.get("ThrottledAlertCount"))
    return DccAlert(code, _content(name, value), throttled)


def _content(name: str, found: XmlValues) -> DccAlertContent:
    reader = {
        "DeviceStatusChangeEvent": _suspension,
        "FirmwareDistributionFailure": _distribution,
        "ChangeOfSupplier": _supplier_change,
        "PPMIDAlert": _ppmid_alert,
        "FirmwareVersionMismatch": _version_mismatch,
        "FirmwareUpgradeRequested": _upgrade,
        "CSPFirmwareDeliveryStatus": _delivery,
        "CommsHubAlert": _hub_alert,
        "CommsHubFirmwareActivation": _hub_activation,
        "DUISVersionMismatch": _duis_version,
    }[name]
    return reader(found)


def _suspension(found: XmlValues) -> DccAlertContent:
    return SuspensionChange(found["DeviceID"], "DeviceSuspended" in found["DeviceStatusChange"])


def _distribution(found: XmlValues) -> DccAlertContent:
    return DistributionFailure(found["UpdateFirmwareRequestID"], found["MeterIDs"])


def _supplier_change(found: XmlValues) -> DccAlertContent:
    error = found.get("ECoSErrorCode", "")
    device = found.get("DeviceChangeOfSupplier")
    if device is None:
        return SupplierChange(found["ChangeOfSupplierServiceRequestID"], error)
    if error:
        raise StructureRefused("ECoSErrorCode is not in its place", f"{_PATH}/DCCAlert")
    points = device["MPxNs"]
    return SupplierChange(
        device=device["DeviceID"],
        device_type=device["DeviceType"],
        meter_points=MeterPoints(
            points["ImportMPxN"], points.get("SecondaryImportMPAN"), points.get("ExportMPAN")
        ),
    )


def _ppmid_alert(found: XmlValues) -> DccAlertContent:
    upgrade = found.get("PPMIDFirmwareUpgradeAlert")
    return PpmidAlert(
        found["DeviceID"],
        found["DeviceAlertCode"],
        found.get("Timestamp"),
        "" if upgrade is None else upgrade["FirmwareVersion"],
        upgrade is None or upgrade["ActivateImageResultCode"] == "ActivationSuccess",
    )


def _version_mismatch(found: XmlValues) -> DccAlertContent:
    return VersionMismatch(
        found["DeviceID"],
        found["DeviceType"],
        found["FirmwareVersionSMI"],
        found["FirmwareVersionDevice"],
    )


def _upgrade(found: XmlValues) -> DccAlertContent:
    return UpgradeRequested(found["DeviceType"], found["FirmwareVersion"], found["DeviceList"])


def _delivery(found: XmlValues) -> DccAlertContent:
    return DeliveryStatus(
        found["UpdateFirmwareRequestID"],
        found["CommsHubDeviceID"],
        found["TargetDeviceID"],
        found["FirmwareVersion"],
        found["TimeStamp"],
        found["CommsHubTransferStatus"] == "Success",
    )


def _hub_alert(found: XmlValues) -> DccAlertContent:
    told = found.get("FirmwareTransferAlert")
    transfer = None
    if told is not None:
        transfer = TransferAlert(
            told["OtherDeviceID"],
            told["FirmwareVersion"],
            told["TransferResponseCode"],
            told.get("UpdateFirmwareRequestID"),
        )
    return HubAlert(found["CommsHubDeviceID"], found["AlertCode"], found.get("TimeStamp"), transfer)


def _hub_activation(found: XmlValues) -> DccAlertContent:
    return HubActivation(found["DeviceID"], found["FirmwareVersion"])


def _duis_version(found: XmlValues) -> DccAlertContent:
    alert = found.get("DCCAlertVersionMismatch")
    user_version = found["ServiceUserDUISVersion"]
    if alert is not None:
        return DuisVersionMismatch(
            user_version, alert["DCCAlertCode"], alert.get("RequestID"), alert.get("DeviceID")
        )
    response = found["ServiceResponseVersionMismatch"]
    return DuisVersionMismatch(
        user_version,
        request_id=response["RequestID"],
        reference=response["ServiceReference"],
        variant=response["ServiceReferenceVariant"],
        request_version=response["ServiceRequestDUISVersion"],
    )
