"""Hypothesis strategies of every request and response that documents can say."""

from datetime import UTC, datetime

from hypothesis import strategies as st

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
from ota_engine.duis.response_codes import DCC_ALERT_CODES, RESPONSE_CODES
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
    MeterPoints,
    PpmidAlert,
    PreCommand,
    ResponseBody,
    ResponseContent,
    ResponseMessage,
    ServiceResponse,
    SupplierChange,
    SuspensionChange,
    Throttled,
    TransferAlert,
    UpgradeRequested,
    VersionMismatch,
)
from ota_engine.times import Utc

XML_TEXT = st.characters(
    exclude_characters="\ufffe\uffff", exclude_categories=("Cc", "Cs")
) | st.sampled_from("\t\n\r<>&\"'\x7f\x85\u2028")
EUIS = st.integers(0, 2**64 - 1).map(Eui64)
EUI_LISTS = st.lists(EUIS, min_size=1, max_size=5).map(tuple)
MAYBE_EUIS = st.lists(EUIS, max_size=4).map(tuple)
IDS = st.builds(RequestId, EUIS, EUIS, st.integers(0, 2**64 - 1))
TIMES = st.integers(
    round(datetime(1000, 1, 1, tzinfo=UTC).timestamp() * 1000),
    round(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp() * 1000),
).map(lambda thousandths: Utc(thousandths / 1000))
DATES = st.integers(0, 20_000).map(lambda days: Utc(days * 86_400.0))
SCHEMA_VERSIONS = st.integers(0, 99).map(lambda minor: f"5.{minor}")
PAYLOADS = st.binary(max_size=80)


def text(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(XML_TEXT, min_size=least, max_size=most)


VERSIONS = text(1, 8)
TYPES = st.sampled_from(["ESME", "GSME", "GPF", "CHF", "HCALCS", "PPMID", "IHD", "CAD"])
ESME_VARIANTS = st.sampled_from(["A", "BDE", "AEG"])
MPXNS = text(1, 13)
MPANS = text(13, 13)


NONE = st.none()

UPDATES = st.builds(
    UpdateFirmware, st.binary(max_size=300), VERSIONS, EUI_LISTS, ppmid=st.booleans()
)
DETAILS = st.builds(
    DeviceDetails,
    NONE | text(0, 30),
    NONE | text(0, 30),
    NONE | text(1, 20),
    NONE | VERSIONS,
    NONE | ESME_VARIANTS,
)
PLACES = st.tuples(text(6, 8), text(0, 30))
INVENTORY_ASKED = st.one_of(
    st.builds(ReadInventory, device=EUIS),
    st.builds(ReadInventory, mpxn=MPXNS),
    st.builds(ReadInventory, uprn=st.integers(1, 10**12 - 1).map(str)),
    PLACES.map(lambda place: ReadInventory(post_code=place[0], address=place[1])),
)
METER_POINT = st.one_of(
    st.tuples(st.just("ImportMPxN"), MPXNS),
    st.tuples(st.sampled_from(["SecondaryImportMPAN", "ExportMPAN"]), MPANS),
)
INVENTORY_UPDATES = st.one_of(
    st.builds(
        UpdateInventory, EUIS, status=st.sampled_from(["Pending", "InstalledNotCommissioned"])
    ),
    st.builds(
        UpdateInventory,
        EUIS,
        hub_status=st.sampled_from(["Commissioned", "Withdrawn", "InstalledNotCommissioned"]),
    ),
    st.builds(UpdateInventory, EUIS, details=DETAILS),
    st.builds(UpdateInventory, EUIS, delete=st.just(True)),
    st.builds(UpdateInventory, EUIS, meter_point=METER_POINT),
)
PRENOTIFICATIONS = st.builds(
    DevicePrenotification,
    EUIS,
    text(0, 30),
    text(0, 30),
    TYPES,
    NONE | text(1, 20),
    NONE | VERSIONS,
    NONE | ESME_VARIANTS,
    NONE | EUIS,
)
NAMES = st.sampled_from(["DeviceID", "Reading", "Time", "Level"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
OTHERS = st.builds(
    OtherRequest,
    st.sampled_from(["CreateSchedule", "JoinServiceCritical"]),
    NONE | TIMES,
    st.lists(st.tuples(PATHS, text(0, 12)), max_size=6).map(tuple),
)
TENANCIES = st.builds(
    lambda when, dated: OtherRequest(
        "RestrictAccessForChangeOfTenancy", dated, (("RestrictionDateTime", when),)
    ),
    st.just("2026-03-01T00:00:00.00Z"),
    NONE | TIMES,
)

#: Bodies with the service and the command variants that they belong to.
SERVICES: tuple[tuple[str, tuple[int, ...], st.SearchStrategy[RequestBody]], ...] = (
    ("11.1", (8,), st.builds(UpdateFirmware, st.binary(max_size=300), VERSIONS, EUI_LISTS)),
    (
        "11.4",
        (8,),
        st.builds(
            UpdateFirmware, st.binary(max_size=300), VERSIONS, EUI_LISTS, ppmid=st.just(True)
        ),
    ),
    ("11.2", (1,), st.builds(ReadFirmwareVersion, NONE | TIMES)),
    (
        "11.3",
        (4,),
        st.builds(FirmwareActivation, st.binary(min_size=32, max_size=32), NONE | TIMES),
    ),
    ("11.3", (5,), st.builds(SignedPreCommand, PAYLOADS, NONE | TIMES)),
    ("8.2", (8,), INVENTORY_ASKED),
    ("8.4", (8,), INVENTORY_UPDATES),
    ("12.2", (8,), PRENOTIFICATIONS),
    ("3.2", (1,), TENANCIES),
    ("5.1", (1, 8), OTHERS),
)


@st.composite
def requests(draw: st.DrawFn) -> ServiceRequest:
    variant, command_variants, bodies = draw(st.sampled_from(SERVICES))
    header = RequestHeader(
        draw(IDS),
        draw(st.sampled_from(command_variants)),
        variant,
        variant,
        draw(NONE | st.booleans()),
        draw(NONE | IDS),
    )
    return ServiceRequest(draw(SCHEMA_VERSIONS), header, draw(bodies))


WARNINGS = st.builds(
    FirmwareWarning,
    st.booleans(),
    MAYBE_EUIS,
    MAYBE_EUIS,
    MAYBE_EUIS,
    MAYBE_EUIS,
    MAYBE_EUIS,
)
STATUS_WORDS = st.sampled_from(["Active", "Cancelled", "Expired", "Withdrawn"])
INVENTORY_DEVICES = st.builds(
    InventoryDevice,
    EUIS,
    TYPES,
    NONE | st.sampled_from(["Pending", "Commissioned", "Suspended"]),
    text(0, 30),
    text(0, 30),
    NONE | text(1, 20),
    NONE | VERSIONS,
    NONE | STATUS_WORDS,
    NONE | STATUS_WORDS,
    NONE | DATES,
    NONE | st.sampled_from(["North", "4G Central", "Unknown"]),
    NONE | text(0, 5),
    NONE | MPXNS,
    NONE | MPANS,
    NONE | MPANS,
    NONE | ESME_VARIANTS,
    NONE | st.integers(1, 10**12 - 1).map(str),
    NONE | PLACES,
    NONE | text(0, 12),
    NONE | text(0, 12),
    NONE | st.sampled_from(["Cellular", "Virtual"]),
)
SHORTS = st.integers(0, 2**16 - 1)
COUNTS = st.integers(0, 2**32 - 1)
THROTTLED = st.builds(Throttled, NONE | COUNTS, NONE | COUNTS)
CONTENTS: st.SearchStrategy[ResponseContent] = st.one_of(
    WARNINGS,
    st.builds(PreCommand, text(0, 5), PAYLOADS),
    st.builds(GbcsPayload, PAYLOADS),
    st.builds(FutureDatedAlert, st.sampled_from([0x8F66, 0x8F67]), PAYLOADS, SHORTS, SHORTS),
    st.lists(INVENTORY_DEVICES, min_size=1, max_size=17).map(
        lambda devices: Inventory(tuple(devices))
    ),
)
TRANSFERS = st.builds(
    TransferAlert,
    EUIS,
    VERSIONS,
    st.sampled_from(
        [
            "FileTransferSuccess",
            "FirmwareImageDiscarded",
            "HardwareVersionMismatch",
            "FileTransferFailure",
        ]
    ),
    NONE | IDS,
)
DCC_CONTENTS: st.SearchStrategy[DccAlertContent] = st.one_of(
    st.builds(DeliveryStatus, IDS, EUIS, EUIS, VERSIONS, TIMES, st.booleans()),
    st.builds(HubAlert, EUIS, SHORTS, NONE | TIMES, NONE | TRANSFERS),
    st.builds(PpmidAlert, EUIS, SHORTS, NONE | TIMES, VERSIONS, st.booleans()),
    st.builds(PpmidAlert, EUIS, SHORTS, NONE | TIMES),
    st.builds(HubActivation, EUIS, VERSIONS),
    st.builds(VersionMismatch, EUIS, TYPES, VERSIONS, VERSIONS),
    st.builds(UpgradeRequested, TYPES, VERSIONS, EUI_LISTS),
    st.builds(DistributionFailure, IDS, EUI_LISTS),
    st.builds(SuspensionChange, EUIS, st.booleans()),
    st.builds(SupplierChange, IDS, st.just("") | text(3, 3)),
    st.builds(
        SupplierChange,
        device=EUIS,
        device_type=TYPES,
        meter_points=st.builds(MeterPoints, MPXNS, NONE | MPANS, NONE | MPANS),
    ),
    st.builds(DuisVersionMismatch, text(0, 5), text(0, 5), NONE | IDS, NONE | EUIS),
    st.builds(
        DuisVersionMismatch,
        text(0, 5),
        request_id=IDS,
        reference=st.just("11.2"),
        variant=text(0, 5),
        request_version=text(0, 5),
    ),
)


@st.composite
def messages(draw: st.DrawFn) -> ResponseMessage:
    return ResponseMessage("11.2", "11.2", draw(NONE | CONTENTS))


BODIES: st.SearchStrategy[ResponseBody] = st.one_of(
    messages(),
    st.builds(DeviceAlert, SHORTS, PAYLOADS, THROTTLED),
    st.builds(DccAlert, st.sampled_from(sorted(DCC_ALERT_CODES)), DCC_CONTENTS, THROTTLED),
)


def responses() -> st.SearchStrategy[ServiceResponse]:
    return st.builds(
        ServiceResponse,
        SCHEMA_VERSIONS,
        st.sampled_from(sorted(RESPONSE_CODES)),
        TIMES,
        BODIES,
        NONE | IDS,
        NONE | IDS,
    )
