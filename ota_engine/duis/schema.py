"""The elements of DUIS that are read and written here (DUIS schema 5.4), as one table of shapes."""

from typing import Final

from ota_engine.duis.kinds import (
    Code,
    Day,
    Digits,
    Eui,
    EuiList,
    Flag,
    Hex,
    Moment,
    Name,
    Number,
    Octets,
    Text,
    Word,
    words,
)
from ota_engine.duis.requests import MOST_DEVICES, MOST_IMAGE_OCTETS
from ota_engine.duis.shapes import AnyOf, Group, One, Shape, any_of, group, optional

MOST_INVENTORY_DEVICES: Final = 17
_MOST_GBCS_OCTETS: Final = 1 << 20  # of one message; the schema says nothing
_LIST: Final = EuiList(MOST_DEVICES)
_EUI: Final = Eui()
_NAME: Final = Name()
_VERSION: Final = Text(1, 8)
_MAKER: Final = Text(0, 30)
_SMETS: Final = Text(1, 20)
_GBCS: Final = Octets(_MOST_GBCS_OCTETS)
_MPXN: Final = Text(1, 13)
_MPAN: Final = Text(13, 13)
_UPRN: Final = Digits(12)
_FREE: Final = Text()
_WHEN: Final = Moment()
_WHEN_DATED: Final = Moment(2)  # as templates write it
_SHORT: Final = Number(0, (1 << 16) - 1)
_FLOOR: Final = Number(0, (1 << 63) - 1)
DEVICE_TYPES: Final = words("ESME GSME GPF CHF HCALCS PPMID IHD CAD")
_STATUS: Final = words(
    "Pending Whitelisted InstalledNotCommissioned Commissioned Decommissioned Withdrawn Suspended "
    "Recovery Recovered"
)
_CPL: Final = words("Active Cancelled Expired Withdrawn")
_ESME_VARIANT: Final = words(
    "A B C AD BD CD ADE BDE CDE ADF BDF CDF ADEF BDEF CDEF ADG ADEG AF BF CF AEF BEF CEF AG AEG"
)
_REGION: Final = Word(
    frozenset(
        ("North", "Central", "South", "4G North", "4G Central", "4G South", "Unknown", "SMETS1")
    )
)
_DATED: Final = optional("ExecutionDateTime", _WHEN_DATED)
_PROPERTY: Final = group(One("PostCode", Text(6, 8)), One("AddressIdentifier", Text(0, 30)))
_METER_POINT: Final = any_of(
    One("ImportMPxN", _MPXN), One("SecondaryImportMPAN", _MPAN), One("ExportMPAN", _MPAN)
)

REQUEST_HEADER: Final = group(
    One("RequestID", _NAME),
    optional("FirstInSequence", Flag()),
    optional("PrecedingServiceRequestID", _NAME),
    One("CommandVariant", Number(1, 9)),
    One("ServiceReference", Text(1, 8)),
    One("ServiceReferenceVariant", Text(1, 8)),
)
RESPONSE_HEADER: Final = group(
    optional("RequestID", _NAME),
    optional("ResponseID", _NAME),
    One("ResponseCode", Text(2, 8)),
    One("ResponseDateTime", _WHEN),
)

_UPDATE: Final = group(
    One("FirmwareImage", Octets(MOST_IMAGE_OCTETS)),
    One("FirmwareVersion", _VERSION),
    One("DeviceIDList", _LIST),
)
_CERTIFICATES: Final = group(
    One("DigitalSigningCertificate", _GBCS),
    optional("KeyAgreementCertificate", _GBCS),
    optional("KeyAgreementTopUpCertificate", _GBCS),
)
#: Bodies of requests by the name of their element.
REQUEST_BODIES: Final[dict[str, Group]] = {
    "UpdateFirmware": _UPDATE,
    "UpdatePPMIDFirmware": _UPDATE,
    "ReadFirmwareVersion": group(_DATED),
    "ActivateFirmware": group(_DATED, One("FirmwareHash", Hex(32))),
    "SignedPreCommand": group(_DATED, One("GBCSPayload", _GBCS)),
    "ReadInventory": group(
        any_of(
            One("UPRN", _UPRN),
            One("DeviceID", _EUI),
            One("MPxN", _MPXN),
            One("PropertyFilter", _PROPERTY),
        )
    ),
    "UpdateInventory": group(
        One("DeviceID", _EUI),
        any_of(
            One("UpdateDeviceStatusExceptCH", words("Pending InstalledNotCommissioned")),
            One("UpdateDeviceStatusCH", words("Commissioned Withdrawn InstalledNotCommissioned")),
            One(
                "UpdateDeviceDetails",
                group(
                    optional("DeviceManufacturer", _MAKER),
                    optional("DeviceModel", _MAKER),
                    optional("SMETSCHTSVersion", _SMETS),
                    optional("FirmwareVersion", _VERSION),
                    optional("ESMEVariant", _ESME_VARIANT),
                ),
            ),
            One("DeleteDevice", group()),
            One("UpdateMPxN", group(_METER_POINT)),
        ),
    ),
    "DevicePrenotification": group(
        One("DeviceID", _EUI),
        One("DeviceManufacturer", _MAKER),
        One("DeviceModel", _MAKER),
        One("DeviceType", DEVICE_TYPES),
        optional("SMETSCHTSVersion", _SMETS),
        optional("FirmwareVersion", _VERSION),
        optional("ESMEVariant", _ESME_VARIANT),
        optional("AssociatedGPFDeviceID", _EUI),
    ),
}
#: Bodies that are checked, but travel as texts of their fields.
CHECKED_BODIES: Final[dict[str, Group]] = {
    "RestrictAccessForChangeOfTenancy": group(_DATED, One("RestrictionDateTime", _WHEN)),
    "UpdateSecurityCredentialsCoS": group(
        _DATED,
        One("SupplierFloorSeqNumber", _FLOOR),
        optional("SupplierPrepaymentTopUpFloorSeqNumber", _FLOOR),
        One("SupplierReplacementCertificates", _CERTIFICATES),
        One("CertificationPathCertificates", group(One("Certificate", _GBCS, most=3))),
        One("ApplyTimeBasedCPVChecks", Flag()),
        One("ImportMPxN", _MPXN),
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
    One("DeviceID", _EUI),
    One("DeviceType", DEVICE_TYPES),
    optional("DeviceStatus", _STATUS),
    One("DeviceManufacturer", _MAKER),
    One("DeviceModel", _MAKER),
    optional("SMETSCHTSVersion", _SMETS),
    optional("DeviceFirmwareVersion", _VERSION),
    optional("DeviceFirmwareVersionStatus", _CPL),
    optional("CPLStatus", _CPL),
    optional("DateCommissioned", Day()),
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
    One("ServiceReference", Text(1, 8)),
    One("ServiceReferenceVariant", Text(1, 8)),
    any_of(
        One("DSPInventory", group(One("Device", _INVENTORY_DEVICE, most=MOST_INVENTORY_DEVICES))),
        One("DSPUpdateFirmwareWarning", _WARNING),
        One("DSPUpdatePPMIDFirmwareWarning", _WARNING),
        One(
            "FutureDatedDeviceAlertMessage",
            group(
                One("FutureDatedAlertCode", Code(frozenset((0x8F66, 0x8F67)))),
                One("GBCSPayload", _GBCS),
                One("InstructionNumber", _SHORT),
                One("TotalCommandInstructions", _SHORT),
            ),
        ),
        One("GBCSPayload", _GBCS),
        One("PreCommand", group(One("GBCSVersion", _FREE), One("GBCSPayload", _GBCS))),
        least=0,
    ),
)
_THROTTLED: Final = (
    optional("ThrottledAlertSequenceId", Number()),
    optional("ThrottledAlertCount", Number()),
)
DEVICE_ALERT: Final = group(One("AlertCode", Code()), *_THROTTLED, One("GBCSPayload", _GBCS))
_EMPTY: Final = group()
_METER_POINTS: Final = group(
    One("ImportMPxN", _MPXN), optional("SecondaryImportMPAN", _MPAN), optional("ExportMPAN", _MPAN)
)
#: What a DCC alert may say, by the name of its element.
DCC_ALERTS: Final[dict[str, Group]] = {
    "DeviceStatusChangeEvent": group(
        One("DeviceID", _EUI),
        One(
            "DeviceStatusChange",
            group(any_of(One("DeviceSuspended", _EMPTY), One("DeviceRestored", _EMPTY))),
        ),
    ),
    "FirmwareDistributionFailure": group(
        One("UpdateFirmwareRequestID", _NAME), One("MeterIDs", _LIST)
    ),
    "ChangeOfSupplier": group(
        any_of(
            One("ChangeOfSupplierServiceRequestID", _NAME),
            One(
                "DeviceChangeOfSupplier",
                group(
                    One("DeviceID", _EUI),
                    One("DeviceType", DEVICE_TYPES),
                    One("MPxNs", _METER_POINTS),
                ),
            ),
        ),
        optional("ECoSErrorCode", Text(3, 3)),
    ),
    "PPMIDAlert": group(
        One("DeviceID", _EUI),
        One("DeviceAlertCode", Code()),
        optional("Timestamp", _WHEN),
        optional(
            "PPMIDFirmwareUpgradeAlert",
            group(
                One("FirmwareVersion", _VERSION),
                One("ActivateImageResultCode", words("ActivationSuccess ActivationFailure")),
            ),
        ),
    ),
    "FirmwareVersionMismatch": group(
        One("DeviceID", _EUI),
        One("DeviceType", DEVICE_TYPES),
        One("FirmwareVersionSMI", _VERSION),
        One("FirmwareVersionDevice", _VERSION),
    ),
    "FirmwareUpgradeRequested": group(
        One("DeviceType", DEVICE_TYPES), One("FirmwareVersion", _VERSION), One("DeviceList", _LIST)
    ),
    "CSPFirmwareDeliveryStatus": group(
        One("UpdateFirmwareRequestID", _NAME),
        One("CommsHubDeviceID", _EUI),
        One("TargetDeviceID", _EUI),
        One("FirmwareVersion", _VERSION),
        One("TimeStamp", _WHEN),
        One("CommsHubTransferStatus", words("Success Failure")),
    ),
    "CommsHubAlert": group(
        One("CommsHubDeviceID", _EUI),
        One("AlertCode", Code()),
        optional("TimeStamp", _WHEN),
        optional(
            "FirmwareTransferAlert",
            group(
                optional("UpdateFirmwareRequestID", _NAME),
                One("OtherDeviceID", _EUI),
                One("FirmwareVersion", _VERSION),
                One(
                    "TransferResponseCode",
                    words(
                        "FileTransferSuccess FirmwareImageDiscarded HardwareVersionMismatch "
                        "FileTransferFailure"
                    ),
                ),
            ),
        ),
    ),
    "CommsHubFirmwareActivation": group(One("DeviceID", _EUI), One("FirmwareVersion", _VERSION)),
    "DUISVersionMismatch": group(
        any_of(
            One(
                "DCCAlertVersionMismatch",
                group(
                    One("DCCAlertCode", _FREE),
                    optional("DeviceID", _EUI),
                    optional("RequestID", _NAME),
                ),
            ),
            One(
                "ServiceResponseVersionMismatch",
                group(
                    One("RequestID", _NAME),
                    One("ServiceReference", _FREE),
                    One("ServiceReferenceVariant", _FREE),
                    One("ServiceRequestDUISVersion", _FREE),
                ),
            ),
        ),
        One("ServiceUserDUISVersion", _FREE),
    ),
}
DCC_ALERT: Final = group(
    One("DCCAlertCode", Text(2, 4)),
    *_THROTTLED,
    One("DCCAlert", group(AnyOf(tuple(One(name, shape) for name, shape in DCC_ALERTS.items())))),
)
RESPONSE_BODY: Final = group(
    any_of(
        One("ResponseMessage", RESPONSE_MESSAGE),
        One("DeviceAlertMessage", DEVICE_ALERT),
        One("DCCAlertMessage", DCC_ALERT),
    )
)
#: Every body of a request that has a shape here.
ALL_BODIES: Final[dict[str, Shape]] = {**REQUEST_BODIES, **CHECKED_BODIES}
