"""Signatures as others see them: ours verify with signxml and xmlsec1, real ones with us."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidSignature
from signxml.verifier import SignatureConfiguration, XMLVerifier

from images.eui64 import Eui64
from ota_engine.duis.certificates import load_xml_certificate
from ota_engine.duis.documents import SIGNATURE_TAG, parse_document
from ota_engine.duis.reading import read_request, read_response
from ota_engine.duis.refusals import SignatureRefused
from ota_engine.duis.requests import MOST_IMAGE_OCTETS, DevicePrenotification, ServiceRequest
from ota_engine.duis.responses import GbcsPayload, Inventory, ResponseMessage
from ota_engine.duis.signing import sign_document, signature_of, verify_document
from ota_engine.duis.writing import write_request
from tests.duis.made import DEVICE, inventory_request, request, update_request
from tests.duis.signers import DATA, needs_samples, signer

needs_xmlsec1 = pytest.mark.skipif(
    shutil.which("xmlsec1") is None, reason="xmlsec1 is not installed: apt-get install xmlsec1"
)
HARD_TEXT = " é€\U0001f4a1<&>\"'\r\n\t"  # all that canonical forms and serialisers write apart
REQUESTS = {
    "small": inventory_request(),
    "text that is hard to keep": request(
        "12.2", 8, DevicePrenotification(DEVICE, HARD_TEXT, HARD_TEXT, "PPMID")
    ),
    "largest": update_request(bytes(MOST_IMAGE_OCTETS), range(50_000)),
}
PROFILE = SignatureConfiguration(
    location="./",
    signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
)


def signed(one: ServiceRequest) -> bytes:
    return sign_document(write_request(one), *signer())


def spoiled(octets: bytes) -> bytes:
    return octets.replace(b"schemaVersion=\"5.4\"", b"schemaVersion=\"5.3\"")  # fmt: skip


def verified_by_signxml(octets: bytes) -> etree._Element:
    result = XMLVerifier().verify(
        octets,
        x509_cert=signer().certificate,
        expect_config=PROFILE,
        parser=etree.XMLParser(huge_tree=True),
    )
    assert not isinstance(result, list)
    return result.signed_xml


@pytest.mark.parametrize("one", REQUESTS.values(), ids=REQUESTS)
def test_signxml_verifies_what_we_sign_and_reads_the_same(one: ServiceRequest) -> None:
    octets = signed(one)
    theirs = verified_by_signxml(octets)
    ours = verify_document(octets, signer().certificate)
    assert etree.tostring(theirs, method="c14n") == etree.tostring(ours, method="c14n")
    assert read_request(theirs) == one
    with pytest.raises(InvalidSignature):
        verified_by_signxml(spoiled(octets))


def run_xmlsec1(octets: bytes, folder: Path) -> int:
    document, key = folder / "document.xml", folder / "key.pem"
    document.write_bytes(octets)
    key.write_bytes(signer().certificate.public_bytes(Encoding.PEM))
    command = [
        *("xmlsec1", "--verify", "--pubkey-cert-pem", key, "--enabled-reference-uris", "empty"),
        *("--enabled-key-data", "key-name,ecdsa,ec", document),
    ]
    done = subprocess.run([*map(str, command)], capture_output=True, timeout=120, check=False)
    return done.returncode


@needs_xmlsec1
@pytest.mark.parametrize("name", ["small", "text that is hard to keep"])
def test_xmlsec1_verifies_what_we_sign(name: str, tmp_path: Path) -> None:
    octets = signed(REQUESTS[name])
    assert run_xmlsec1(octets, tmp_path) == 0
    assert run_xmlsec1(spoiled(octets), tmp_path) != 0


# --- real samples ---

CERTIFICATES = {
    "readfw-response.xml": "dsp-xml-sign-90B3D51F30000002-ds-pre-1.4.1.pem",
    "read-inventory-response-5.4.xml": "Z1-accessControlBroker-dSPXmlSign.pem",
}


@needs_samples
@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_signed_sample_verifies_with_its_certificate_and_no_other(name: str) -> None:
    octets = (DATA / "duis" / "responses" / name).read_bytes()
    for whose, file in CERTIFICATES.items():
        certificate = load_xml_certificate((DATA / "keystore-xml" / file).read_bytes())
        if whose == name:
            found = signature_of(parse_document(octets))
            assert (found.serial, found.issuer) == (certificate.serial_number, "CN=Z1,OU=07")
            body = read_response(verify_document(octets, certificate)).body
            assert isinstance(body, ResponseMessage)
            assert isinstance(body.content, Inventory | GbcsPayload)
        else:
            with pytest.raises(SignatureRefused, match="another certificate"):
                verify_document(octets, certificate)
    changed = octets.replace(b"ResponseCode>I0<", b"ResponseCode>I99<")
    certificate = load_xml_certificate((DATA / "keystore-xml" / CERTIFICATES[name]).read_bytes())
    with pytest.raises(SignatureRefused, match="digest differs"):
        verify_document(changed, certificate)


@needs_samples
def test_the_inventory_of_a_real_home_is_read() -> None:
    octets = (DATA / "duis" / "responses" / "read-inventory-response-5.4.xml").read_bytes()
    body = read_response(parse_document(octets)).body
    assert isinstance(body, ResponseMessage) and isinstance(body.content, Inventory)
    hub, display, gas_proxy = body.content.devices
    assert (hub.device, hub.device_type) == (Eui64(0x8873_8490_6A10_02DB), "CHF")
    assert (hub.firmware_version, hub.csp_region, hub.han_variant) == (
        "9001",
        "4G Central",
        "Single Band",
    )
    assert (display.device_type, display.status, display.firmware_version) == ("CAD", None, None)
    assert gas_proxy.firmware_version == hub.firmware_version


@needs_samples
@pytest.mark.parametrize(
    "path", sorted((DATA / "duis" / "requests").glob("*")), ids=lambda path: path.name
)
def test_a_template_is_signed_once_its_placeholder_is_taken_out(path: Path) -> None:
    root = parse_document(path.read_bytes())
    with pytest.raises(SignatureRefused):
        signature_of(root)
    asked = read_request(root)
    assert read_request(verify_document(signed(asked), signer().certificate)) == asked
    for signature in root.findall(SIGNATURE_TAG):
        root.remove(signature)
    octets = sign_document(root, *signer())
    assert read_request(verify_document(octets, signer().certificate)) == asked
