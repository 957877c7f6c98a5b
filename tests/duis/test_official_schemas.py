"""All that is written validates against the official schemas, which also read what others write."""

from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree

from ota_engine.duis.codes import ALERT_ROWS, RESPONSE_ROWS
from ota_engine.duis.documents import DUIS_NAMESPACE, parse_document
from ota_engine.duis.reading import read_request, read_response
from ota_engine.duis.refusals import StructureRefused
from ota_engine.duis.requests import MOST_DEVICES, MOST_IMAGE_OCTETS, ServiceRequest
from ota_engine.duis.response_codes import DCC_ALERT_CODES, RESPONSE_CODES
from ota_engine.duis.responses import ServiceResponse
from ota_engine.duis.schema import CHECKED_BODIES, DCC_ALERTS, REQUEST_BODIES
from ota_engine.duis.signing import sign_document
from ota_engine.duis.variants import VARIANT_NAMES, VARIANTS, reference_of
from ota_engine.duis.writing import write_request, write_response
from ota_engine.errors import LocalError
from ota_engine.head_end.duis_schemas import SchemaFolder
from tests.duis import strategies
from tests.duis.made import inventory_request, update_request
from tests.duis.signers import DATA, needs_schemas, signer

XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(scope="module")
def schemas() -> SchemaFolder:
    return SchemaFolder(DATA / "xsd")


@pytest.fixture(scope="module")
def published() -> etree._Element:
    return etree.parse(DATA / "xsd" / "DUIS Schema V5.4.xsd").getroot()


def enumerated(published: etree._Element, name: str) -> set[str]:
    (kind,) = (one for one in published if one.get("name") == name)
    return {one.get("value") for one in kind.iter(f"{XS}enumeration")}


@needs_schemas
@given(request=strategies.requests())
def test_every_request_that_we_write_is_valid(
    request: ServiceRequest, schemas: SchemaFolder
) -> None:
    if request.header.variant != "5.1":  # whose body stands for any that nothing here reads
        schemas.check(parse_document(sign_document(write_request(request), *signer())))


@needs_schemas
@given(response=strategies.responses())
def test_every_response_that_we_write_is_valid(
    response: ServiceResponse, schemas: SchemaFolder
) -> None:
    schemas.check(parse_document(sign_document(write_response(response), *signer())))


@needs_schemas
def test_the_largest_request_is_valid(schemas: SchemaFolder) -> None:
    largest = update_request(bytes(MOST_IMAGE_OCTETS), range(MOST_DEVICES))
    schemas.check(write_request(largest))


@needs_schemas
@pytest.mark.parametrize("path", sorted((DATA / "duis").glob("*/*")), ids=lambda path: path.name)
def test_templates_and_samples_are_valid_read_and_written_again(
    path: Path, schemas: SchemaFolder
) -> None:
    root = parse_document(path.read_bytes())
    schemas.check(root)
    again = (
        write_request(read_request(root))
        if path.parent.name == "requests"
        else write_response(read_response(root))
    )
    schemas.check(again)


@needs_schemas
def test_codes_services_and_elements_are_those_of_the_schema(published: etree._Element) -> None:
    assert enumerated(published, "ResponseCode") == RESPONSE_CODES
    assert enumerated(published, "DCCAlertMessage") == DCC_ALERT_CODES
    assert enumerated(published, "ServiceReferenceVariant") == VARIANT_NAMES
    assert enumerated(published, "ServiceReference") == set(map(reference_of, VARIANT_NAMES))
    elements = {one.get("name") for one in published.iter(f"{XS}element")}
    ours = {*REQUEST_BODIES, *CHECKED_BODIES, *DCC_ALERTS}
    assert ours | {row.element for row in VARIANTS.values()} <= elements


def test_every_row_of_the_tables_of_codes_has_a_code_that_there_is() -> None:
    assert {row.code for row in RESPONSE_ROWS} <= RESPONSE_CODES
    assert {row.code for row in ALERT_ROWS} <= DCC_ALERT_CODES
    assert {row.element for row in ALERT_ROWS} <= DCC_ALERTS.keys()


@needs_schemas
def test_what_the_schemas_refuse_is_said_in_one_short_line(schemas: SchemaFolder) -> None:
    root = write_request(inventory_request())
    device = root.find(f".//{{{DUIS_NAMESPACE}}}DeviceID")
    device.text = "00-DB" * 1_000_000
    with pytest.raises(StructureRefused) as caught:
        schemas.check(root)
    assert caught.value.path == "Request/Body/ReadInventory/DeviceID"
    assert str(caught.value).isprintable() and len(str(caught.value)) < 250


SMALL = {
    "DUIS with blanks.xsd": f"""
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:o="urn:o"
            targetNamespace="{DUIS_NAMESPACE}" elementFormDefault="qualified">
          <xs:import namespace="urn:o" schemaLocation="other one.xsd"/>
          <xs:element name="Request"><xs:complexType><xs:sequence>
            <xs:element name="Header" type="o:anything"/><xs:element name="Body" type="o:anything"/>
          </xs:sequence><xs:attribute name="schemaVersion"/></xs:complexType></xs:element>
        </xs:schema>""",
    "other one.xsd": """
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:o">
          <xs:complexType name="anything"><xs:sequence>
            <xs:any maxOccurs="unbounded" processContents="skip"/>
          </xs:sequence></xs:complexType>
        </xs:schema>""",
}


def folder(path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def test_schemas_with_blanks_in_their_names_are_followed(tmp_path: Path) -> None:
    schemas = SchemaFolder(folder(tmp_path, SMALL))
    schemas.check(write_request(inventory_request()))
    root = write_request(inventory_request())
    root.remove(root[1])
    with pytest.raises(StructureRefused, match="Body"):
        schemas.check(root)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "0 schemas of DUIS among no .xsd files"),
        ({"other one.xsd": SMALL["other one.xsd"]}, "0 schemas of DUIS among other one.xsd"),
        ({name: SMALL[name] for name in list(SMALL)[:1]}, "needs 'other one.xsd'"),
        ({**SMALL, "second.xsd": SMALL["DUIS with blanks.xsd"]}, "2 schemas of DUIS"),
        ({**SMALL, "third.xsd": "<a"}, "third.xsd is no XML"),
        (
            {**SMALL, "other one.xsd": SMALL["other one.xsd"].replace("anything", "nothing")},
            "is no schema that can be used",
        ),
        (
            {
                "main.xsd": SMALL["DUIS with blanks.xsd"].replace(
                    "other one.xsd", "http://127.0.0.1:1/x.xsd"
                )
            },
            "needs 'http://127.0.0.1:1/x.xsd'",
        ),
    ],
)
def test_a_folder_without_the_schemas_of_duis_is_refused_in_one_line(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    with pytest.raises(LocalError, match=said) as caught:
        SchemaFolder(folder(tmp_path, files))
    assert str(caught.value).startswith(str(tmp_path)) and "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="No such file or directory"):
        SchemaFolder(tmp_path / "nowhere")
