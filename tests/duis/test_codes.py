"""One table of codes for responses and one for alerts, changeable, and never by a code that is none."""

import typing

import pytest

from images.eui64 import Eui64
from ota_engine.duis.codes import (
    ALERT_ROWS,
    CODES,
    RESPONSE_ROWS,
    AlertAudience,
    AlertCase,
    Certainty,
    ResponseCase,
    alert_case,
)
from ota_engine.duis.documents import parse_document
from ota_engine.duis.reading import read_response
from ota_engine.duis.requests import MOST_DEVICES
from ota_engine.duis.responses import (
    MOST_LISTED,
    MOST_PUSHED_OCTETS,
    DccAlert,
    DccAlertContent,
    DeliveryStatus,
    DistributionFailure,
    DuisVersionMismatch,
    HubActivation,
    HubAlert,
    PpmidAlert,
    ServiceResponse,
    SupplierChange,
    SuspensionChange,
    UpgradeRequested,
    VersionMismatch,
    split,
)
from ota_engine.duis.signing import sign_document
from ota_engine.duis.variants import (
    SERVED_COMMAND_VARIANTS,
    VARIANTS,
    WEB_SERVICES,
    Dating,
    UserRole,
)
from ota_engine.duis.writing import write_response
from ota_engine.errors import LocalError
from ota_engine.times import Utc
from tests.duis.made import DEVICE, inventory_request
from tests.duis.signers import signer

ID = inventory_request().header.request_id
NOW = Utc(1_767_268_800.0)
ALERTS: dict[str, DccAlertContent] = {
    "N60": DeliveryStatus(ID, DEVICE, DEVICE, "1", NOW, success=True),
    "N61": DeliveryStatus(ID, DEVICE, DEVICE, "1", NOW, success=False),
    "N62": HubAlert(DEVICE, 0x8F8A),
    "N39": PpmidAlert(DEVICE, 0x8F8B),
    "N64": HubActivation(DEVICE, "1"),
    "N59": UpgradeRequested("PPMID", "1", (DEVICE,)),
    "N18": DistributionFailure(ID, (DEVICE,)),
    "N49": VersionMismatch(DEVICE, "PPMID", "1", "2"),
    "N28": SuspensionChange(DEVICE, suspended=True),
    "N29": SuspensionChange(DEVICE, suspended=False),
    "N27": SupplierChange(ID),
    "N26": SupplierChange(ID, "E01"),
    "N999": DuisVersionMismatch("5.1", "N64"),
}


@pytest.mark.parametrize("code", ALERTS)
def test_every_alert_has_the_code_and_the_element_of_its_row(code: str) -> None:
    content = ALERTS[code]
    row = CODES.alert(content)
    assert row.code == code
    document = write_response(ServiceResponse("5.4", "I0", NOW, DccAlert(code, content)))
    assert f"<sr:{row.element}>".encode() in sign_document(document, *signer())


def test_every_kind_of_alert_and_every_case_has_a_row() -> None:
    assert {type(content) for content in ALERTS.values()} == set(typing.get_args(DccAlertContent))
    assert {alert_case(content) for content in ALERTS.values()} == set(AlertCase)
    assert len({row.case for row in ALERT_ROWS}) == len(ALERT_ROWS)
    assert {row.case for row in RESPONSE_ROWS} == set(ResponseCase)
    assert len({row.name for row in RESPONSE_ROWS}) == len(RESPONSE_ROWS)


def test_who_orders_hears_of_the_delivery_and_the_other_supplier_of_the_order() -> None:
    told = {code: CODES.alert(content).audience for code, content in ALERTS.items()}
    assert told["N60"] is told["N61"] is told["N62"] is AlertAudience.ORDERER
    assert told["N59"] is AlertAudience.OTHER_RESPONSIBLE
    assert told["N64"] is AlertAudience.RESPONSIBLE


@pytest.mark.parametrize(
    ("case", "variant", "code"),
    [
        (ResponseCase.DONE, "8.2", "I0"),
        (ResponseCase.ACKNOWLEDGED, "11.2", "I99"),
        (ResponseCase.SOME_DEVICES_PASSED_OVER, "11.1", "W110101"),
        (ResponseCase.SOME_DEVICES_PASSED_OVER, "11.4", "W110401"),
        (ResponseCase.IMAGE_REFUSED, "11.1", "E110101"),
        (ResponseCase.IMAGE_REFUSED, "11.4", "E110401"),
        (ResponseCase.COMMAND_VARIANT, "11.1", "E12"),
        (ResponseCase.ROLE_MAY_NOT_ASK, "", "E2"),
    ],
)
def test_a_case_has_its_code_by_service(case: ResponseCase, variant: str, code: str) -> None:
    assert CODES.code(case, variant) == code


def test_a_case_of_one_service_has_no_code_for_another() -> None:
    with pytest.raises(LocalError, match=r"no code says image-refused of service 8\.2"):
        CODES.code(ResponseCase.IMAGE_REFUSED, "8.2")


def test_a_configuration_changes_a_code_and_leaves_the_others() -> None:
    other = CODES.changed({"image-refused/11.1": "E110102", "delivered": "N18", "done": "I99"})
    assert other.code(ResponseCase.IMAGE_REFUSED, "11.1") == "E110102"
    assert other.code(ResponseCase.IMAGE_REFUSED, "11.4") == "E110401"
    assert other.alert(ALERTS["N60"]).code == "N18"
    assert CODES.code(ResponseCase.IMAGE_REFUSED, "11.1") == "E110101"


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ({"image-refused": "E1"}, "no code is for 'image-refused'"),
        ({"done": "I1"}, "done: the schema of DUIS has no code 'I1'"),
        ({"done": "N60"}, "no code 'N60'"),
        ({"delivered": "N32"}, "no code 'N32'"),
    ],
)
def test_a_configuration_of_codes_that_are_none_is_refused(
    codes: dict[str, str], said: str
) -> None:
    with pytest.raises(LocalError, match=said):
        CODES.changed(codes)


def test_what_is_certain_is_what_samples_show() -> None:
    certain = {row.code for row in RESPONSE_ROWS if row.certainty is Certainty.CERTAIN}
    assert certain == {"I0", "I99"}
    assert all(row.source for row in (*RESPONSE_ROWS, *ALERT_ROWS))


# --- variants ---


def test_the_services_of_this_head_end_are_rows() -> None:
    assert set(VARIANTS) == {"3.2", "6.23", "8.2", "8.4", "11.1", "11.2", "11.3", "11.4", "12.2"}
    for row in VARIANTS.values():
        assert row.command_variants <= SERVED_COMMAND_VARIANTS
        assert row.dcc_only == (row.command_variants == {8})
        assert row.critical == (4 in row.command_variants)


def test_only_suppliers_order_and_activate_firmware_and_everybody_reads_a_version() -> None:
    suppliers = {UserRole.IMPORT_SUPPLIER, UserRole.GAS_SUPPLIER}
    for name in ("11.1", "11.3", "11.4"):
        assert VARIANTS[name].roles == suppliers
    assert VARIANTS["11.2"].roles == set(UserRole)


def test_a_version_is_read_later_by_the_dcc_and_firmware_activated_later_by_the_device() -> None:
    assert VARIANTS["11.2"].dating is Dating.DCC
    assert VARIANTS["11.3"].dating is Dating.DEVICE


def test_every_command_variant_has_its_web_service() -> None:
    assert [WEB_SERVICES[number] for number in (1, 4, 5, 8)] == [
        "serviceS",
        "serviceT",
        "serviceS",
        "serviceD",
    ]


# --- in parts ---


@pytest.mark.parametrize("count", [1, MOST_LISTED, MOST_LISTED + 1, MOST_DEVICES])
@pytest.mark.parametrize("kind", ["UpgradeRequested", "DistributionFailure"])
def test_a_long_list_is_pushed_in_parts_that_every_reader_takes(kind: str, count: int) -> None:
    devices = tuple(map(Eui64, range(count)))
    content = (
        UpgradeRequested("PPMID", "0123ABCD", devices)
        if kind == "UpgradeRequested"
        else DistributionFailure(ID, devices)
    )
    parts = split(content)
    told: list[Eui64] = []
    for part in parts:
        alert = DccAlert("N59", part)
        octets = sign_document(
            write_response(ServiceResponse("5.4", "I0", NOW, alert, response_id=ID)), *signer()
        )
        assert len(octets) < MOST_PUSHED_OCTETS
        body = read_response(parse_document(octets)).body
        assert isinstance(body, DccAlert)
        assert isinstance(body.content, UpgradeRequested | DistributionFailure)
        told += body.content.devices
    assert tuple(told) == devices
    assert len(parts) == -(-count // MOST_LISTED)


def test_what_has_no_list_is_not_cut() -> None:
    assert split(ALERTS["N64"]) == (ALERTS["N64"],)
