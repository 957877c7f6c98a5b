"""Requests that tests begin from."""

from collections.abc import Iterable

from images.eui64 import Eui64
from ota_engine.duis.requests import (
    DeviceDetails,
    DevicePrenotification,
    FirmwareActivation,
    OtherRequest,
    ReadFirmwareVersion,
    ReadInventory,
    RequestBody,
    RequestHeader,
    RequestId,
    ServiceRequest,
    SignedPreCommand,
    UpdateFirmware,
    UpdateInventory,
)
from ota_engine.duis.responses import (
    DccAlert,
    DccAlertContent,
    DeliveryStatus,
    DeviceAlert,
    DistributionFailure,
    DuisVersionMismatch,
    FirmwareWarning,
    FutureDatedAlert,
    GbcsPayload,
    HubActivation,
    HubAlert,
    Inventory,
    InventoryDevice,
    PpmidAlert,
    PreCommand,
    ResponseBody,
    ResponseContent,
    ResponseMessage,
    ServiceResponse,
    SupplierChange,
    SuspensionChange,
    TransferAlert,
    UpgradeRequested,
    VersionMismatch,
)
from ota_engine.times import Utc
from tests.duis.signers import DSP, USER

DEVICE = Eui64(0x00DB_1234_0000_0003)
IMAGE = bytes(range(256))


def request(
    variant: str, command_variant: int, body: RequestBody, target: int = DSP
) -> ServiceRequest:
    header = RequestHeader(
        RequestId(USER, Eui64(target), 1000),
        command_variant,
        ".".join(variant.split(".")[:2]),
        variant,
    )
    return ServiceRequest("5.4", header, body)


def inventory_request() -> ServiceRequest:
    return request("8.2", 8, ReadInventory(DEVICE))


def update_request(image: bytes = IMAGE, devices: Iterable[int] = (DEVICE,)) -> ServiceRequest:
    return request("11.1", 8, UpdateFirmware(image, "0123ABCD", tuple(map(Eui64, devices))))


NOW = Utc(1_767_268_800.0)
ID = inventory_request().header.request_id


def every_request() -> tuple[ServiceRequest, ...]:
    """One of every service and command variant."""
    return (
        update_request(devices=(DEVICE, USER)),
        request("11.4", 8, UpdateFirmware(IMAGE, "1", (DEVICE,), ppmid=True)),
        request("11.2", 1, ReadFirmwareVersion(), DEVICE),
        request("11.2", 1, ReadFirmwareVersion(NOW), DEVICE),
        request("11.3", 4, FirmwareActivation(bytes(32)), DEVICE),
        request("11.3", 4, FirmwareActivation(bytes(32), NOW), DEVICE),
        request("11.3", 5, SignedPreCommand(b"\xdf" + bytes(100), NOW), DEVICE),
        inventory_request(),
        request("8.2", 8, ReadInventory(mpxn="1234567890123")),
        request("8.2", 8, ReadInventory(uprn="123456789012")),
        request("8.2", 8, ReadInventory(post_code="AB1 2CD", address="1 High Street")),
        request("8.4", 8, UpdateInventory(DEVICE, status="Pending")),
        request("8.4", 8, UpdateInventory(DEVICE, hub_status="Withdrawn")),
        request("8.4", 8, UpdateInventory(DEVICE, details=DeviceDetails("121D", "0084"))),
        request("8.4", 8, UpdateInventory(DEVICE, delete=True)),
        request("8.4", 8, UpdateInventory(DEVICE, meter_point=("ExportMPAN", "1234567890123"))),
        request("12.2", 8, DevicePrenotification(DEVICE, "121D", "0084", "GPF", gpf=DEVICE)),
        request(
            "3.2",
            1,
            OtherRequest(
                "RestrictAccessForChangeOfTenancy",
                fields=(("RestrictionDateTime", "2026-03-01T00:00:00.00Z"),),
            ),
            DEVICE,
        ),
        request(
            "6.23",
            1,
            OtherRequest(
                "UpdateSecurityCredentialsCoS",
                NOW,
                (
                    ("SupplierFloorSeqNumber", "7"),
                    ("SupplierReplacementCertificates/DigitalSigningCertificate", "MAA="),
                    ("CertificationPathCertificates/Certificate", "MAA="),
                    ("CertificationPathCertificates/Certificate", "MAA="),
                    ("ApplyTimeBasedCPVChecks", "true"),
                    ("ImportMPxN", "1234567890123"),
                ),
            ),
            DEVICE,
        ),
    )


def every_response() -> tuple[ServiceResponse, ...]:
    """One of every content."""
    contents: tuple[ResponseContent | None, ...] = (
        None,
        FirmwareWarning(invalid=(DEVICE,), in_progress=(USER, DEVICE)),
        FirmwareWarning(ppmid=True, wrong_gbcs=(DEVICE,)),
        PreCommand("4.2", b"\xdf" + bytes(50)),
        GbcsPayload(b"\xdd" + bytes(50)),
        FutureDatedAlert(0x8F66, b"\xdf" + bytes(50)),
        Inventory((InventoryDevice(DEVICE, "CHF", "Commissioned", "106C", "433100AC"),)),
    )
    alerts: tuple[DccAlertContent, ...] = (
        DeliveryStatus(ID, DEVICE, DEVICE, "1", NOW, success=True),
        HubAlert(DEVICE, 0x8F8A, NOW, TransferAlert(DEVICE, "1", "FileTransferSuccess", ID)),
        PpmidAlert(DEVICE, 0x8F8B, NOW, "1"),
        HubActivation(DEVICE, "1"),
        VersionMismatch(DEVICE, "PPMID", "1", "2"),
        UpgradeRequested("PPMID", "1", (DEVICE, USER)),
        DistributionFailure(ID, (DEVICE,)),
        SuspensionChange(DEVICE, suspended=True),
        SupplierChange(ID),
        DuisVersionMismatch("5.1", "N64", ID, DEVICE),
    )
    bodies: tuple[ResponseBody, ...] = (
        *(ResponseMessage("11.1", "11.1", content) for content in contents),
        DeviceAlert(0x8F72, b"\xdf" + bytes(50)),
        *(DccAlert("N60", alert) for alert in alerts),
    )
    return tuple(
        ServiceResponse("5.4", "I0", NOW, body, request_id=ID, response_id=ID.answered)
        for body in bodies
    )
