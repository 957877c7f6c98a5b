"""Our own checks of structure: at least what the official schemas refuse, said by place."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from images.eui64 import Eui64
from ota_engine.duis.documents import DUIS_NAMESPACE, parse_document, write_document
from ota_engine.duis.reading import read_header, read_request, read_response
from ota_engine.duis.refusals import StructureRefused
from ota_engine.duis.requests import (
    CANCELLATION,
    FirmwareActivation,
    OtherRequest,
    ReadFirmwareVersion,
    ReadInventory,
    RequestBody,
    ServiceRequest,
    SignedPreCommand,
    UpdateInventory,
)
from ota_engine.duis.responses import (
    DccAlert,
    DeliveryStatus,
    DeviceAlert,
    FirmwareWarning,
    FutureDatedAlert,
    HubActivation,
    Inventory,
    InventoryDevice,
    MeterPoints,
    PpmidAlert,
    ResponseBody,
    ResponseContent,
    ResponseMessage,
    ServiceResponse,
    SupplierChange,
)
from ota_engine.duis.signing import sign_document, verify_document
from ota_engine.duis.writing import write_request, write_response
from ota_engine.errors import LocalError
from ota_engine.head_end.duis_schemas import SchemaFolder
from ota_engine.times import Utc
from tests.duis import strategies
from tests.duis.made import DEVICE, IMAGE, inventory_request, request, update_request
from tests.duis.signers import DATA, DSP, USER, needs_schemas, signer
from tests.tiers import examples

SR = f"{{{DUIS_NAMESPACE}}}"
PLACE = "Request/Body/ReadInventory/DeviceID"
NOW = Utc(1_767_268_800.0)


def refused(root: etree._Element) -> StructureRefused:
    with pytest.raises(StructureRefused) as caught:
        read_request(parse_document(write_document(root)))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 250
    return caught.value


def changed(request: ServiceRequest, path: str, text: str) -> etree._Element:
    root = write_request(request)
    found = root.find("/".join(SR + name for name in path.split("/")))
    found.text = text
    return root


# --- fields ---

FIELDS = [
    (inventory_request(), "Header/RequestID", "90-B3-D5-1F-40-01-00-00:1000", "no request id"),
    (
        inventory_request(),
        "Header/RequestID",
        f"{'90-B3-D5-1F-40-01-00-00:' * 2}01",
        "no request id",
    ),
    (
        inventory_request(),
        "Header/RequestID",
        f"{'90-B3-D5-1F-40-01-00-00:' * 2}18446744073709551616",
        "no request id",
    ),
    (
        inventory_request(),
        "Header/RequestID",
        "90B3D51F40010000:90B3D51F30000002:1000",
        "no request id",
    ),
    (inventory_request(), "Header/CommandVariant", "0", "between 1 and 9"),
    (inventory_request(), "Header/CommandVariant", "10", "between 1 and 9"),
    (inventory_request(), "Header/CommandVariant", "٨", "no whole number"),
    (inventory_request(), "Header/ServiceReferenceVariant", "8.99", "no service '8.99'"),
    (inventory_request(), "Header/ServiceReference", "11.1", "no variant of '11.1'"),
    (inventory_request(), "Body/ReadInventory/DeviceID", "00DB123400000003", "no EUI-64"),
    (inventory_request(), "Body/ReadInventory/DeviceID", "", "no EUI-64"),
    (update_request(), "Body/UpdateFirmware/FirmwareVersion", "", "1 to 8 characters"),
    (update_request(), "Body/UpdateFirmware/FirmwareVersion", "123456789", "1 to 8 characters"),
    (update_request(), "Body/UpdateFirmware/FirmwareImage", "AAA", "no base64"),
    (update_request(), "Body/UpdateFirmware/FirmwareImage", "A-A=", "no base64"),
    (update_request(), "Body/UpdateFirmware/FirmwareImage", "AAB=", "bits are not zero"),
    (update_request(), "Body/UpdateFirmware/FirmwareImage", "AB==", "bits are not zero"),
    (update_request(), "Body/UpdateFirmware/FirmwareImage", "AA==AAAA", "no base64"),
    (update_request(), "Body/UpdateFirmware/FirmwareImage", "AAÄA", "no base64"),
    (update_request(), "Body/UpdateFirmware/DeviceIDList", "", "no EUI-64"),
    (
        update_request(),
        "Body/UpdateFirmware/DeviceIDList",
        "00-DB-12-34-00-00-00-03,",
        "no EUI-64",
    ),
    (
        update_request(),
        "Body/UpdateFirmware/DeviceIDList",
        "00-DB-12-34-00-00-00-03, 00-DB-12-34-00-00-00-04",
        "no EUI-64",
    ),
    (
        request("11.3", 4, FirmwareActivation(bytes(32)), DEVICE),
        "Body/ActivateFirmware/FirmwareHash",
        "00" * 31,
        "32 octets",
    ),
    (
        request("11.3", 4, FirmwareActivation(bytes(32)), DEVICE),
        "Body/ActivateFirmware/FirmwareHash",
        "0x" + "00" * 31,
        "32 octets",
    ),
    *(
        (
            request("11.2", 1, ReadFirmwareVersion(NOW), DEVICE),
            "Body/ReadFirmwareVersion/ExecutionDateTime",
            when,
            "no date and time" if "+" not in when else "no such zone",
        )
        for when in (
            "",
            "2026-02-30T00:00:00Z",
            "2026-01-01",
            "2026-01-01 00:00:00Z",
            "2026-01-01T24:00:01Z",
            "2026-01-01T00:00:60Z",
            "10000-01-01T00:00:00Z",
            "0999-12-31T00:00:00Z",
            "2026-01-01T00:00:00+15:00",
            "2026-01-01T00:00:00+01:60",
        )
    ),
]


@pytest.mark.parametrize(
    ("request_", "path", "text", "said"),
    FIELDS,
    ids=[f"{path}-{text[:30]!a}" for _, path, text, _ in FIELDS],
)
def test_a_field_that_is_not_as_its_type_wants_is_refused_by_place(
    request_: ServiceRequest, path: str, text: str, said: str
) -> None:
    error = refused(changed(request_, path, text))
    assert said in str(error)
    assert str(error).startswith("Request/" + "/".join(path.split("/")[:1]))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-01T12:00:00Z", 0.0),
        (" 2026-01-01T12:00:00.00Z\n", 0.0),
        ("2026-01-01T12:00:00", 0.0),
        ("2026-01-01T13:30:00+01:30", 0.0),
        ("2026-01-01T07:00:00-05:00", 0.0),
        ("2026-01-01T12:00:00.125Z", 0.125),
        ("2026-01-01T12:00:00.1254999Z", 0.125),
        ("2026-01-01T12:00:00.9999Z", 1.0),
        ("2025-12-31T24:00:00Z", -43_200.0),
    ],
)
def test_a_time_is_read_in_whichever_zone_it_is_written(text: str, seconds: float) -> None:
    dated = request("11.2", 1, ReadFirmwareVersion(NOW), DEVICE)
    root = changed(dated, "Body/ReadFirmwareVersion/ExecutionDateTime", text)
    assert read_request(root).body == ReadFirmwareVersion(Utc(NOW + seconds))


def test_a_time_that_rounds_out_of_the_calendar_is_refused() -> None:
    dated = request("11.2", 1, ReadFirmwareVersion(NOW), DEVICE)
    for text in ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:00:00-02:00"):
        wrong = changed(dated, "Body/ReadFirmwareVersion/ExecutionDateTime", text)
        assert "no time of the calendar" in str(refused(wrong))


def test_the_time_that_cancels_is_written_as_the_templates_write_it() -> None:
    body = FirmwareActivation(bytes(32), CANCELLATION)
    octets = write_document(write_request(request("11.3", 4, body, DEVICE)))
    assert b">3000-12-31T00:00:00.00Z<" in octets
    assert read_request(parse_document(octets)).body == body


def test_identities_are_read_in_either_case_and_written_in_upper_case() -> None:
    octets = write_document(write_request(inventory_request()))
    lower = octets.replace(b"00-DB-12-34", b"00-db-12-34").replace(b"90-B3-D5", b"90-b3-d5")
    assert lower != octets
    read = read_request(parse_document(lower))
    assert read == inventory_request()
    assert write_document(write_request(read)) == octets


def test_base64_may_have_line_breaks() -> None:
    octets = write_document(write_request(update_request()))
    broken = octets.replace(b"<sr:FirmwareImage>AAEC", b"<sr:FirmwareImage>\r\n AA\tEC&#13;\n")
    assert broken != octets
    assert read_request(parse_document(broken)) == update_request()


# --- elements ---


def insertion(root: etree._Element, element: etree._Element) -> etree._Element:
    root.find(f"{SR}Body/{SR}ReadInventory").append(element)
    return root


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: root.remove(root[1]), "Header and a Body"),
        (lambda root: root.remove(root[0]), "Header and a Body"),
        (lambda root: root.append(copy.deepcopy(root[1])), "Header and a Body"),
        (lambda root: root.append(root[0]), "Header and a Body"),
        (lambda root: root[1].remove(root[1][0]), "0 elements, not one"),
        (lambda root: root[1].append(copy.deepcopy(root[1][0])), "2 elements, not one"),
        (lambda root: root[1][0].append(copy.deepcopy(root[1][0][0])), "more than 1 of DeviceID"),
        (lambda root: root[1][0].append(etree.Element(f"{SR}UPRN")), "UPRN is not in its place"),
        (lambda root: root[1][0].remove(root[1][0][0]), "UPRN or DeviceID or MPxN"),
        (lambda root: root[0].append(root[0][0]), "RequestID is missing"),
        (lambda root: root[0].append(etree.Element("RequestID")), "not of the namespace"),
        (lambda root: root[0].append(etree.Element(f"{SR}More")), "More is not in its place"),
        (lambda root: root[0][0].set("id", "it"), "attribute"),
        (lambda root: root[1].set("id", "it"), "attribute"),
        (lambda root: root.set("id", "it"), "attribute 'id' is not known"),
        (lambda root: setattr(root, "text", "more"), "text between"),
        (lambda root: setattr(root[0], "tail", "more"), "text between"),
        (lambda root: setattr(root[1], "text", "more"), "text between"),
        (lambda root: setattr(root[1][0], "text", "more"), "text between"),
        (lambda root: root.set("schemaVersion", "4.9"), "schemaVersion is '4.9'"),
        (lambda root: root.set("schemaVersion", ""), "schemaVersion is ''"),
        (lambda root: root.set("schemaVersion", "5.4.1"), "schemaVersion is '5.4.1'"),
        (lambda root: root.attrib.clear(), "schemaVersion is ''"),
    ],
)
def test_an_element_too_many_too_few_or_elsewhere_is_refused(change, said: str) -> None:  # type: ignore[no-untyped-def]
    root = write_request(inventory_request())
    change(root)
    assert said in str(refused(root))


@pytest.mark.parametrize("cut", [b"<!-- x -->", b"<?x?>", b"<sr:x/>"])
def test_what_would_cut_the_text_of_a_field_in_two_is_refused(cut: bytes) -> None:
    octets = write_document(write_request(inventory_request()))
    wrong = octets.replace(b"34-00-00-00-03<", b"34-00-" + cut + b"00-00-03<")
    assert wrong != octets
    with pytest.raises(StructureRefused, match="nothing but text"):
        read_request(parse_document(wrong))


def test_a_comment_put_into_a_field_after_signing_is_refused() -> None:
    octets = sign_document(write_request(inventory_request()), *signer())
    cut = octets.replace(b"34-00-00-00-03<", b"34-00-00-00-03<!---->-and-more<").replace(
        b"-and-more", b""
    )
    root = verify_document(cut, signer().certificate)  # comments are not signed
    with pytest.raises(StructureRefused, match="nothing but text"):
        read_request(root)


def test_comments_between_elements_mean_nothing() -> None:
    octets = write_document(write_request(inventory_request()))
    remarked = octets.replace(b"<sr:Body>", b"<!-- a --><sr:Body><!-- b --> ")
    assert read_request(parse_document(remarked)) == inventory_request()


def test_a_cdata_section_is_text() -> None:
    octets = write_document(write_request(inventory_request()))
    section = octets.replace(b">00-DB-12", b"><![CDATA[00-DB]]>-12")
    assert section != octets
    assert read_request(parse_document(section)) == inventory_request()


def test_a_hint_at_the_schema_is_passed_over() -> None:
    root = write_request(inventory_request())
    hint = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
    root.set(hint, f"{DUIS_NAMESPACE} somewhere.xsd")
    assert read_request(root) == inventory_request()


def test_a_type_named_in_the_document_is_refused() -> None:
    root = write_request(inventory_request())
    root[1][0].set("{http://www.w3.org/2001/XMLSchema-instance}type", "sr:UpdateInventory")
    assert "attribute" in str(refused(root))


# --- header and body ---


def test_whatever_is_wrong_behind_a_readable_header_comes_with_the_header() -> None:
    assert refused(changed(inventory_request(), "Body/ReadInventory/DeviceID", "x")).header == (
        inventory_request().header
    )
    assert refused(changed(inventory_request(), "Header/RequestID", "x")).header is None


def test_the_header_is_read_alone_whatever_the_body_is() -> None:
    root = changed(inventory_request(), "Body/ReadInventory/DeviceID", "x")
    assert read_header(root) == inventory_request().header


@pytest.mark.parametrize(
    ("variant", "command_variant", "body"),
    [
        ("11.1", 8, ReadInventory(DEVICE)),
        ("8.2", 8, UpdateInventory(DEVICE, delete=True)),
        ("11.4", 8, update_request().body),
        ("11.3", 4, SignedPreCommand(b"x")),
        ("11.3", 5, FirmwareActivation(bytes(32))),
        ("11.2", 1, SignedPreCommand(b"x")),
        ("3.2", 1, OtherRequest("UpdateSupplierName")),
    ],
)
def test_a_header_and_a_body_that_disagree_are_refused(
    variant: str, command_variant: int, body: RequestBody
) -> None:
    wrong = request(variant, command_variant, body)
    error = refused(write_request(wrong))
    assert f"{variant} with command variant {command_variant} has" in str(error)
    assert (error.path, error.header) == ("Request/Body", wrong.header)


@pytest.mark.parametrize(("variant", "command_variant"), [("11.1", 1), ("11.2", 8), ("8.2", 4)])
def test_a_command_variant_that_is_not_served_is_read_so_that_it_can_be_answered(
    variant: str, command_variant: int
) -> None:
    asked = request(variant, command_variant, inventory_request().body)
    assert read_request(write_request(asked)) == asked


def test_a_request_is_no_response_and_a_response_no_request() -> None:
    with pytest.raises(StructureRefused, match="request where a response"):
        read_response(write_request(inventory_request()))
    with pytest.raises(StructureRefused, match="response where a request"):
        read_request(write_response(response(ResponseMessage("8.2", "8.2"))))


# --- what else is sent ---


def test_a_change_of_supplier_is_read_with_its_fields_in_order() -> None:
    certificate = "MAA="
    body = OtherRequest(
        "UpdateSecurityCredentialsCoS",
        NOW,
        (
            ("SupplierFloorSeqNumber", "7"),
            ("SupplierReplacementCertificates/DigitalSigningCertificate", certificate),
            ("SupplierReplacementCertificates/KeyAgreementCertificate", certificate),
            ("CertificationPathCertificates/Certificate", certificate),
            ("CertificationPathCertificates/Certificate", certificate),
            ("ApplyTimeBasedCPVChecks", "true"),
            ("ImportMPxN", "1234567890123"),
        ),
    )
    asked = request("6.23", 1, body, DEVICE)
    assert read_request(parse_document(write_document(write_request(asked)))) == asked
    with pytest.raises(LocalError, match="UpdateSecurityCredentialsCoS"):
        write_request(request("6.23", 1, OtherRequest(body.element, NOW, body.fields[1:]), DEVICE))


@needs_schemas
def test_a_change_of_supplier_is_valid() -> None:
    body = OtherRequest(
        "UpdateSecurityCredentialsCoS",
        None,
        (
            ("SupplierFloorSeqNumber", "7"),
            ("SupplierReplacementCertificates/DigitalSigningCertificate", "MAA="),
            ("CertificationPathCertificates/Certificate", "MAA="),
            ("ApplyTimeBasedCPVChecks", "false"),
            ("ImportMPxN", "1234567890123"),
        ),
    )
    SchemaFolder(DATA / "xsd").check(write_request(request("6.23", 1, body, DEVICE)))


@pytest.mark.parametrize("fields", [(("RestrictionDateTime", "tomorrow"),), ()])
def test_a_change_of_tenancy_has_its_time(fields: tuple[tuple[str, str], ...]) -> None:
    body = OtherRequest("RestrictAccessForChangeOfTenancy", None, fields)
    with pytest.raises(LocalError, match="RestrictionDateTime"):
        write_request(request("3.2", 1, body, DEVICE))


@pytest.mark.parametrize("name", ["", "a b", "<", "a:b", "{x}y", "1"])
def test_a_name_that_is_no_elements_is_not_written(name: str) -> None:
    with pytest.raises(LocalError, match="no name of an element"):
        write_request(request("5.1", 1, OtherRequest(name)))
    with pytest.raises(LocalError, match="no name of an element"):
        write_request(request("5.1", 1, OtherRequest("Body", None, ((name, "x"),))))


# --- responses ---


def response(body: ResponseBody, code: str = "I0") -> ServiceResponse:
    return ServiceResponse("5.4", code, NOW, body)


def message(content: ResponseContent) -> ServiceResponse:
    return response(ResponseMessage("11.2", "11.2", content))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (response(DeviceAlert(0x10000, b"")), "no alert code"),
        (message(FutureDatedAlert(0x8F72, b"")), "8F72 is no alert code for this place"),
        (message(Inventory(())), "1 to 17 of Device"),
        (message(Inventory((InventoryDevice(DEVICE, "CHF"),) * 18)), "1 to 17 of Device"),
        (message(Inventory((InventoryDevice(DEVICE, "TOASTER"),))), "none of the words"),
        (message(Inventory((InventoryDevice(DEVICE, "CHF", model="x" * 31),))), "0 to 30 char"),
        (message(Inventory((InventoryDevice(DEVICE, "CHF", uprn="12a"),))), "no positive number"),
        (message(Inventory((InventoryDevice(DEVICE, "CHF", model="\0"),))), "XML has not"),
        (message(Inventory((InventoryDevice(DEVICE, "CHF", model="\ud800"),))), "XML has not"),
        (response(ResponseMessage("11.2", "11.2"), "E6"), "no response code 'E6'"),
        (response(DccAlert("N32", HubActivation(DEVICE, "1"))), "no DCC alert code 'N32'"),
        (response(DccAlert("N64", HubActivation(DEVICE, ""))), "1 to 8 characters"),
        (response(DccAlert("N27", SupplierChange())), "give ChangeOfSupplierServiceRequestID or"),
        (
            response(DccAlert("N39", PpmidAlert(DEVICE, -1))),
            "no alert code",
        ),
        (
            response(
                DccAlert(
                    "N60",
                    DeliveryStatus(
                        inventory_request().header.request_id,
                        DEVICE,
                        DEVICE,
                        "1",
                        Utc(1e18),
                        success=True,
                    ),
                )
            ),
            "no time of the calendar",
        ),
    ],
)
def test_a_response_that_no_document_can_say_is_not_written(
    wrong: ServiceResponse, said: str
) -> None:
    with pytest.raises(LocalError, match=said):
        write_response(wrong)


def test_an_empty_list_of_a_warning_is_left_out() -> None:
    octets = write_document(write_response(message(FirmwareWarning(invalid=(DEVICE,)))))
    assert octets.count(b"IDList>") == 2 and b"InvalidDeviceIDList" in octets


def test_a_change_of_supplier_says_one_thing_about_one_device_or_request() -> None:
    change = SupplierChange(
        inventory_request().header.request_id,
        device=DEVICE,
        device_type="ESME",
        meter_points=MeterPoints("1"),
    )
    with pytest.raises(LocalError, match="give ChangeOfSupplierServiceRequestID or"):
        write_response(response(DccAlert("N27", change)))


# --- against the official schemas ---

EUI = "00-DB-12-34-00-00-00-03"
TEXTS = st.sampled_from(
    [
        *("", " ", "0", "1", "8", "99", "-1", "true", "x", "N64", "I0", "E12", "11.1", "A" * 31),
        *("2026-01-01T00:00:00Z", "2026-01-01", "8F66", "ESME", "Active", "Pending", "Success"),
        *("AAAA", "AB==", "AA==", EUI, f"{EUI},{EUI}", f"{EUI}:{EUI}:1"),
    ]
)


@st.composite
def damaged(draw: st.DrawFn, documents: st.SearchStrategy[etree._Element]) -> etree._Element:
    """A document with an element dropped, doubled, moved, renamed or refilled."""
    root = draw(documents)
    for _ in range(draw(st.integers(1, 2))):
        elements = list(root.iterdescendants())
        if not elements:
            break
        one, other = draw(st.sampled_from(elements)), draw(st.sampled_from(elements))
        match draw(st.sampled_from(["drop", "double", "move", "rename", "refill", "attribute"])):
            case "drop":
                one.getparent().remove(one)
            case "double":
                one.addnext(copy.deepcopy(one))
            case "move" if one not in other.iterancestors() and one is not other:
                other.addprevious(one)
            case "rename":
                one.tag = other.tag
            case "refill":
                one.text = draw(TEXTS)
            case "attribute":
                one.set("id", "1")
            case _:
                pass
    return root


@pytest.fixture(scope="module")
def schemas() -> SchemaFolder:
    return SchemaFolder(DATA / "xsd")


def valid(schemas: SchemaFolder, root: etree._Element) -> bool:
    try:
        schemas.check(root)
    except StructureRefused:
        return False
    return True


@examples(1000)
@given(root=damaged(strategies.requests().map(write_request)))
def test_a_damaged_request_is_refused_in_one_line_or_comes_back_as_it_was_read(
    root: etree._Element,
) -> None:
    try:
        read = read_request(root)
    except StructureRefused as refused:
        assert str(refused).isprintable()
    else:
        assert read_request(write_request(read)) == read


@examples(1000)
@given(root=damaged(strategies.responses().map(write_response)))
def test_a_damaged_response_is_refused_in_one_line_or_comes_back_as_it_was_read(
    root: etree._Element,
) -> None:
    try:
        read = read_response(root)
    except StructureRefused as refused:
        assert str(refused).isprintable()
    else:
        assert read_response(write_response(read)) == read


@needs_schemas
@examples(2000)
@given(root=damaged(strategies.requests().map(write_request)))
def test_a_request_that_the_schemas_refuse_is_refused_by_us(
    root: etree._Element, schemas: SchemaFolder
) -> None:
    try:
        read = read_request(root)
    except StructureRefused:
        return
    assert isinstance(read.body, OtherRequest) or valid(schemas, root)


@needs_schemas
@examples(2000)
@given(root=damaged(strategies.responses().map(write_response)))
def test_a_response_that_the_schemas_refuse_is_refused_by_us(
    root: etree._Element, schemas: SchemaFolder
) -> None:
    try:
        read_response(root)
    except StructureRefused:
        return
    assert valid(schemas, root)


def test_the_devices_of_a_long_list_keep_their_order_and_their_doubles() -> None:
    devices = tuple(map(Eui64, (3, 1, 3, 2)))
    asked = update_request(IMAGE, devices)
    read = read_request(parse_document(write_document(write_request(asked))))
    assert read == asked
    assert (read.header.request_id.originator, read.header.request_id.target) == (USER, DSP)
