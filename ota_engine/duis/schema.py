"""The elements of DUIS that are read and written here (DUIS schema 5.4), as one table of shapes."""

from typing import Final

from ota_engine.duis.kinds import (
    AlertCodeField,
    DayField,
    DigitsField,
    EuiField,
    EuiListField,
    FlagField,
    HexField,
    MomentField,
    NumberField,
    OctetsField,
    RequestIdField,
    TextField,
    WordField,
    words,
)
from ota_engine.duis.requests import MOST_DEVICES, MOST_IMAGE_OCTETS
from ota_engine.duis.shapes import XmlChild, XmlChoice, XmlGroup, XmlShape, any_of, group, optional
from ota_engine.duis.variants import REFERENCES, VARIANT_NAMES

MOST_INVENTORY_DEVICES: Final = 17
_MOST_GBCS_OCTETS: Final = 1 << 20  # of one message; the schema says nothing
_LIST: Final = EuiListField(MOST_DEVICES)
_EUI: Final = EuiField()
_NAME: Final = RequestIdField()
_VERSION: Final = TextField(1, 8)
_MAKER: Final = TextField(0, 30)
_SMETS: Final = TextField(1, 20)
_GBCS: Final = OctetsField(_MOST_GBCS_OCTETS)
_MPXN: Final = TextField(1, 13)
_MPAN: Final = TextField(13, 13)
_UPRN: Final = DigitsField(12)
_FREE: Final = TextField()
_WHEN: Final = MomentField()
_WHEN_DATED: Final = MomentField(2)  # as templates write it
_SHORT: Final = NumberField(0, (1 << 16) - 1)
_FLOOR: Final = NumberField(0, (1 << 63) - 1)
DEVICE_TYPES: Final = words("ESME GSME GPF CHF HCALCS PPMID IHD CAD")
_STATUS: Final = words(
    "Pending Whitelisted InstalledNotCommissioned Commissioned Decommissioned Withdrawn Suspended "
    "Recovery Recovered"
)
_CPL: Final = words("Active Cancelled Expired Withdrawn")
_ESME_VARIANT: Final = words(
    "A B C AD BD CD ADE BDE CDE ADF BDF CDF ADEF BDEF CDEF ADG ADEG AF BF CF AEF BEF CEF AG AEG"
)
_REGION: Final = WordField(
    frozenset(
        ("North", "Central", "South", "4G North", "4G Central", "4G South", "Unknown", "SMETS1")
    )
)
_DATED: Final = optional("ExecutionDateTime", _WHEN_DATED)
_PROPERTY: Final = group(
    XmlChild("PostCode", TextField(6, 8)), XmlChild("AddressIdentifier", TextField(0, 30))
)
_METER_POINT: Final = any_of(
    XmlChild("ImportMPxN", _MPXN),
    XmlChild("SecondaryImportMPAN", _MPAN),
    XmlChild("ExportMPAN", _MPAN),
)

REQUEST_HEADER: Final = group(
    XmlChild("RequestID", _NAME),
    optional("FirstInSequence", FlagField()),
    optional("PrecedingServiceRequestID", _NAME),
    XmlChild("CommandVariant", NumberField(1, 9)),
    XmlChild("ServiceReference", TextField(1, 8)),
    XmlChild("ServiceReferenceVariant", TextField(1, 8)),
)
RESPONSE_HEADER: Final = group(
    optional("RequestID", _NAME),
    optional("ResponseID", _NAME),
    XmlChild("ResponseCode", TextField(2, 8)),
    XmlChild("ResponseDateTime", _WHEN),
)

_UPDATE: Final = group(
    XmlChild("FirmwareImage", OctetsField(MOST_IMAGE_OCTETS)),
    XmlChild("FirmwareVersion", _VERSION),
    XmlChild("DeviceIDList", _LIST),
)
_CERTIFICATES: Final = group(
    XmlChild("DigitalSigningCertificate", _GBCS),
    optional("KeyAgreementCertificate", _GBCS),
    optional("KeyAgreementTopUpCertificate", _GBCS),
)
#: Bodies of requests by the name of their element.
REQUEST_BODIES: Final[dict[str, XmlGroup]] = {
    "UpdateFirmware": _UPDATE,
    "UpdatePPMIDFirmware": _UPDATE,
    "ReadFirmwareVersion": group(_DATED),
    "ActivateFirmware": group(_DATED, XmlChild("FirmwareHash", HexField(32))),
    "SignedPreCommand": group(_DATED, XmlChild("GBCSPayload", _GBCS)),
    "ReadInventory": group(
        any_of(
            XmlChild("UPRN", _UPRN),
            XmlChild("DeviceID", _EUI),
            XmlChild("MPxN", _MPXN),
            XmlChild("PropertyFilter", _PROPERTY),
        )
    ),
    "UpdateInventory": group(
        XmlChild("DeviceID", _EUI),
        any_of(
            XmlChild("UpdateDeviceStatusExceptCH", words("Pending InstalledNotCommissioned")),
            XmlChild(
                "UpdateDeviceStatusCH", words("Commissioned Withdrawn InstalledNotCommissioned")
            ),
            XmlChild(
                "UpdateDeviceDetails",
                group(
                    optional("DeviceManufacturer", _MAKER),
                    optional("DeviceModel", _MAKER),
                    optional("SMETSCHTSVersion", _SMETS),
                    optional("FirmwareVersion", _VERSION),
                    optional("ESMEVariant", _ESME_VARIANT),
                ),
            ),
            XmlChild("DeleteDevice", group()),
            XmlChild("UpdateMPxN", group(_METER_POINT)),
        ),
    ),
    "DevicePrenotification": group(
        XmlChild("DeviceID", _EUI),
        XmlChild("DeviceManufacturer", _MAKER),
        XmlChild("DeviceModel", _MAKER),
        XmlChild("DeviceType", DEVICE_TYPES),
        optional("SMETSCHTSVersion", _SMETS),
        optional("FirmwareVersion", _VERSION),
        optional("ESMEVariant", _ESME_VARIANT),
        optional("AssociatedGPFDeviceID", _EUI),
    ),
}
#: Bodies that are checked, but travel as texts of their fields.
CHECKED_BODIES: Final[dict[str, XmlGroup]] = {
    "RestrictAccessForChangeOfTenancy": group(_DATED, XmlChild("RestrictionDateTime", _WHEN)),
    "UpdateSecurityCredentialsCoS": group(
        _DATED,
        XmlChild("SupplierFloorSeqNumber", _FLOOR),
        optional("SupplierPrepaymentTopUpFloorSeqNumber", _FLOOR),
        XmlChild("SupplierReplacementCertificates", _CERTIFICATES),
        XmlChild("CertificationPathCertificates", group(XmlChild("Certificate", _GBCS, most=3))),
        XmlChild("ApplyTimeBasedCPVChecks", FlagField()),
        XmlChild("ImportMPxN", _MPXN),
    ),
}

_WARNING: Final = group(
    optional("InvalidDeviceIDList", _LIST),
    optional("NotCommissionedDeviceIDList", _LIST),
    optional("NotApplicableFirmwareDeviceIDList", _LIST),
    optional("OtherRequestInProgressList", _LIST),
    optional("InvalidGBCSVersionList", _LIST),
)
_INVENTORY_DEVICE: Final = group(
    XmlChild("DeviceID", _EUI),
    XmlChild("DeviceType", DEVICE_TYPES),
    optional("DeviceStatus", _STATUS),
    XmlChild("DeviceManufacturer", _MAKER),
    XmlChild("DeviceModel", _MAKER),
    optional("SMETSCHTSVersion", _SMETS),
    optional("DeviceFirmwareVersion", _VERSION),
    optional("DeviceFirmwareVersionStatus", _CPL),
    optional("CPLStatus", _CPL),
    optional("DateCommissioned", DayField()),
    optional("ImportMPxN", _MPXN),
    optional("SecondaryImportMPAN", _MPAN),
    optional("ExportMPAN", _MPAN),
    optional("ESMEVariant", _ESME_VARIANT),
    optional("UPRN", _UPRN),
    optional("PropertyFilter", _PROPERTY),
    optional("CSPRegion", _REGION),
    optional("DeviceGBCSVersion", _FREE),
    optional("HANVariant", _FREE),
    optional("S1SP", _FREE),
    optional("Connectivity", words("Cellular Virtual")),
)
RESPONSE_MESSAGE: Final = group(
    XmlChild("ServiceReference", WordField(REFERENCES)),
    XmlChild("ServiceReferenceVariant", WordField(VARIANT_NAMES)),
    any_of(
        XmlChild(
            "DSPInventory",
            group(XmlChild("Device", _INVENTORY_DEVICE, most=MOST_INVENTORY_DEVICES)),
        ),
        XmlChild("DSPUpdateFirmwareWarning", _WARNING),
        XmlChild("DSPUpdatePPMIDFirmwareWarning", _WARNING),
        XmlChild(
            "FutureDatedDeviceAlertMessage",
            group(
                XmlChild("FutureDatedAlertCode", AlertCodeField(frozenset((0x8F66, 0x8F67)))),
                XmlChild("GBCSPayload", _GBCS),
                XmlChild("InstructionNumber", _SHORT),
                XmlChild("TotalCommandInstructions", _SHORT),
            ),
        ),
        XmlChild("GBCSPayload", _GBCS),
        XmlChild(
            "PreCommand", group(XmlChild("GBCSVersion", _FREE), XmlChild("GBCSPayload", _GBCS))
        ),
        least=0,
    ),
)
_THROTTLED: Final = (
    optional("ThrottledAlertSequenceId", NumberField()),
    optional("ThrottledAlertCount", NumberField()),
)
DEVICE_ALERT: Final = group(
    XmlChild("AlertCode", AlertCodeField()), *_THROTTLED, XmlChild("GBCSPayload", _GBCS)
)
_EMPTY: Final = group()
_METER_POINTS: Final = group(
    XmlChild("ImportMPxN", _MPXN),
    optional("SecondaryImportMPAN", _MPAN),
    optional("ExportMPAN", _MPAN),
)
#: What a DCC alert may say, by the name of its element.
DCC_ALERTS: Final[dict[str, XmlGroup]] = {
    "DeviceStatusChangeEvent": group(
        XmlChild("DeviceID", _EUI),
        XmlChild(
            "DeviceStatusChange",
            group(any_of(XmlChild("DeviceSuspended", _EMPTY), XmlChild("DeviceRestored", _EMPTY))),
        ),
    ),
    "FirmwareDistributionFailure": group(
        XmlChild("UpdateFirmwareRequestID", _NAME), XmlChild("MeterIDs", _LIST)
    ),
    "ChangeOfSupplier": group(
        any_of(
            XmlChild("ChangeOfSupplierServiceRequestID", _NAME),
            XmlChild(
                "DeviceChangeOfSupplier",
                group(
                    XmlChild("DeviceID", _EUI),
                    XmlChild("DeviceType", DEVICE_TYPES),
                    XmlChild("MPxNs", _METER_POINTS),
                ),
            ),
        ),
        optional("ECoSErrorCode", TextField(3, 3)),
    ),
    "PPMIDAlert": group(
        XmlChild("DeviceID", _EUI),
        XmlChild("DeviceAlertCode", AlertCodeField()),
        optional("Timestamp", _WHEN),
        optional(
            "PPMIDFirmwareUpgradeAlert",
            group(
                XmlChild("FirmwareVersion", _VERSION),
                XmlChild("ActivateImageResultCode", words("ActivationSuccess ActivationFailure")),
            ),
        ),
    ),
    "FirmwareVersionMismatch": group(
        XmlChild("DeviceID", _EUI),
        XmlChild("DeviceType", DEVICE_TYPES),
        XmlChild("FirmwareVersionSMI", _VERSION),
        XmlChild("FirmwareVersionDevice", _VERSION),
    ),
    "FirmwareUpgradeRequested": group(
        XmlChild("DeviceType", DEVICE_TYPES),
        XmlChild("FirmwareVersion", _VERSION),
        XmlChild("DeviceList", _LIST),
    ),
    "CSPFirmwareDeliveryStatus": group(
        XmlChild("UpdateFirmwareRequestID", _NAME),
        XmlChild("CommsHubDeviceID", _EUI),
        XmlChild("TargetDeviceID", _EUI),
        XmlChild("FirmwareVersion", _VERSION),
        XmlChild("TimeStamp", _WHEN),
        XmlChild("CommsHubTransferStatus", words("Success Failure")),
    ),
    "CommsHubAlert": group(
        XmlChild("CommsHubDeviceID", _EUI),
        XmlChild("AlertCode", AlertCodeField()),
        optional("TimeStamp", _WHEN),
        optional(
            "FirmwareTransferAlert",
            group(
                optional("UpdateFirmwareRequestID", _NAME),
                XmlChild("OtherDeviceID", _EUI),
                XmlChild("FirmwareVersion", _VERSION),
                XmlChild(
                    "TransferResponseCode",
                    words(
                        "FileTransferSuccess FirmwareImageDiscarded HardwareVersionMismatch "
                        "FileTransferFailure"
                    ),
                ),
            ),
        ),
    ),
    "CommsHubFirmwareActivation": group(
        XmlChild("DeviceID", _EUI), XmlChild("FirmwareVersion", _VERSION)
    ),
    "DUISVersionMismatch": group(
        any_of(
            XmlChild(
                "DCCAlertVersionMismatch",
                group(
                    XmlChild("DCCAlertCode", _FREE),
                    optional("DeviceID", _EUI),
                    optional("RequestID", _NAME),
                ),
            ),
            XmlChild(
                "ServiceResponseVersionMismatch",
                group(
                    XmlChild("RequestID", _NAME),
                    XmlChild("ServiceReference", _FREE),
                    XmlChild("ServiceReferenceVariant", _FREE),
                    XmlChild("ServiceRequestDUISVersion", _FREE),
                ),
            ),
        ),
        XmlChild("ServiceUserDUISVersion", _FREE),
    ),
}
DCC_ALERT: Final = group(
    XmlChild("DCCAlertCode", TextField(2, 4)),
    *_THROTTLED,
    XmlChild(
        "DCCAlert",
        group(XmlChoice(tuple(XmlChild(name, shape) for name, shape in DCC_ALERTS.items()))),
    ),
)
RESPONSE_BODY: Final = group(
    any_of(
        XmlChild("ResponseMessage", RESPONSE_MESSAGE),
        XmlChild("DeviceAlertMessage", DEVICE_ALERT),
        XmlChild("DCCAlertMessage", DCC_ALERT),
    )
)
#: Every body of a request that has a shape here.
ALL_BODIES: Final[dict[str, XmlShape]] = {**REQUEST_BODIES, **CHECKED_BODIES}
