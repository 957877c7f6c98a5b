"""The signing profile: what is signed is what is read, and every other way to sign is refused."""

import base64
import copy
import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from images.eui64 import Eui64
from ota_engine.duis.documents import DSIG_NAMESPACE, DUIS_NAMESPACE, parse_document, write_document
from ota_engine.duis.reading import read_request
from ota_engine.duis.refusals import SignatureRefused
from ota_engine.duis.requests import ReadInventory
from ota_engine.duis.signing import (
    ECDSA_SHA256,
    ENVELOPED,
    EXCLUSIVE_C14N,
    SHA256_DIGEST,
    sign_document,
    signature_of,
    verify_document,
)
from ota_engine.duis.writing import write_request
from ota_engine.errors import LocalError
from tests.duis.made import inventory_request, request
from tests.duis.signers import SERIAL, signer

SR = f"{{{DUIS_NAMESPACE}}}"
DS = f"{{{DSIG_NAMESPACE}}}"
ANOTHER = request("8.2", 8, ReadInventory(Eui64(0xBAD)))


def signed() -> bytes:
    return sign_document(write_request(inventory_request()), *signer())


def refused(octets: bytes, match: str = "") -> str:
    with pytest.raises(SignatureRefused, match=match) as caught:
        verify_document(octets, signer().certificate)
    said = str(caught.value)
    assert said.isprintable() and len(said) < 250
    return said


def changed(change: Callable[[etree._Element], object], *, seal: bool = False) -> bytes:
    """The signed document after a change; sealed, SignedInfo is signed again by the right key."""
    root = parse_document(signed())
    change(root)
    if seal:
        sealed(root)
    return write_document(root)


def sealed(root: etree._Element) -> None:
    info = root.find(f".//{DS}SignedInfo")
    octets = etree.tostring(info, method="c14n", exclusive=True)
    r, s = decode_dss_signature(signer().key.sign(octets, ec.ECDSA(SHA256())))
    value = base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
    root.find(f".//{DS}SignatureValue").text = value


def test_what_is_signed_verifies_and_says_who_signed() -> None:
    octets = signed()
    found = signature_of(parse_document(octets))
    assert (found.serial, found.issuer) == (SERIAL, "CN=Z1,OU=07")
    root = verify_document(octets, signer().certificate)
    assert [child.tag for child in root] == [f"{SR}Header", f"{SR}Body"]
    assert read_request(root) == inventory_request()


def test_the_signature_has_the_one_profile_and_ends_the_document() -> None:
    octets = signed()
    assert octets.endswith(b"</ds:Signature></sr:Request>")
    root = parse_document(octets)
    signature = root[-1]
    assert [etree.QName(one).localname for one in signature.iter()] == [
        "Signature",
        "SignedInfo",
        "CanonicalizationMethod",
        "SignatureMethod",
        "Reference",
        "Transforms",
        "Transform",
        "DigestMethod",
        "DigestValue",
        "SignatureValue",
        "KeyInfo",
        "X509Data",
        "X509IssuerSerial",
        "X509IssuerName",
        "X509SerialNumber",
    ]
    algorithms = [one.get("Algorithm") for one in signature.iter() if one.get("Algorithm")]
    assert algorithms == [EXCLUSIVE_C14N, ECDSA_SHA256, ENVELOPED, SHA256_DIGEST]
    assert dict(signature.find(f".//{DS}Reference").attrib) == {"URI": ""}


def test_the_digest_is_over_the_inclusive_canonical_form_without_the_signature() -> None:
    root = write_request(inventory_request())
    found = signature_of(parse_document(sign_document(root, *signer())))
    assert found.digest == hashlib.sha256(etree.tostring(root, method="c14n")).digest()
    assert len(root) == 2, "the tree that was signed stays as it was"


def test_a_document_that_is_signed_is_not_signed_again() -> None:
    with pytest.raises(LocalError, match="signed already"):
        sign_document(parse_document(signed()), *signer())


def test_another_key_than_the_certificates_signs_nothing() -> None:
    other = signer(serial=SERIAL + 1)
    with pytest.raises(LocalError, match="private key is another"):
        sign_document(write_request(inventory_request()), other.key, signer().certificate)


def test_an_unsigned_document_is_refused() -> None:
    refused(write_document(write_request(inventory_request())), "not signed")


def test_another_partys_signature_is_refused_by_its_serial_number() -> None:
    other = signer(serial=SERIAL + 1)
    refused(sign_document(write_request(inventory_request()), *other), "another certificate")


def test_a_signature_by_another_key_under_our_name_is_refused() -> None:
    impostor = signer(serial=SERIAL + 2)
    octets = sign_document(write_request(inventory_request()), *impostor)
    refused(octets.replace(str(SERIAL + 2).encode(), str(SERIAL).encode()), "key of its cert")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"00-DB-12-34-00-00-00-03", b"00-DB-12-34-00-00-00-04"),
        (b":1000<", b":1001<"),
        (b"schemaVersion=\"5.4\"", b"schemaVersion=\"5.3\""),
        (b"<sr:Body>", b"<sr:Body> "),
        (b"<sr:Request ", b"<sr:Request xmlns:more='urn:more' "),
        (b"<sr:Body>", b"<?more?><sr:Body>"),
        (b"?>\n<sr:Request", b"?>\n<?more?><sr:Request"),
    ],
)  # fmt: skip
def test_a_document_that_was_changed_is_refused(old: bytes, new: bytes) -> None:
    assert old in signed()
    refused(signed().replace(old, new), "digest differs")


@pytest.mark.parametrize("name", ["DigestValue", "SignatureValue"])
def test_a_signature_that_was_changed_is_refused(name: str) -> None:
    def flip(root: etree._Element) -> None:
        value = root.find(f".//{DS}{name}")
        octets = bytearray(base64.b64decode(value.text))
        octets[0] ^= 1
        value.text = base64.b64encode(octets).decode()

    refused(changed(flip), "key of its certificate")


@pytest.mark.parametrize("value", ["", "AAAA", "*", "é", base64.b64encode(bytes(63)).decode()])
@pytest.mark.parametrize("name", ["DigestValue", "SignatureValue"])
def test_a_value_of_another_length_is_refused(name: str, value: str) -> None:
    refused(changed(lambda root: setattr(root.find(f".//{DS}{name}"), "text", value)), "octets in")


@pytest.mark.parametrize("value", [bytes(64), b"\xff" * 64])
def test_numbers_that_no_signature_has_are_refused(value: bytes) -> None:
    text = base64.b64encode(value).decode()
    octets = changed(lambda root: setattr(root.find(f"./*/{DS}SignatureValue"), "text", text))
    refused(octets, "key of its certificate")


def test_a_der_signature_is_refused() -> None:
    def as_der(root: etree._Element) -> None:
        info = etree.tostring(root.find(f".//{DS}SignedInfo"), method="c14n", exclusive=True)
        der = signer().key.sign(info, ec.ECDSA(SHA256()))
        root.find(f".//{DS}SignatureValue").text = base64.b64encode(der).decode()

    refused(changed(as_der), "64 octets")


def test_the_lines_that_java_writes_into_base64_are_read() -> None:
    def broken(root: etree._Element) -> None:
        value = root.find(f".//{DS}SignatureValue")
        value.text = value.text[:76] + "\r\n" + value.text[76:]

    octets = changed(broken)
    assert b"&#13;\n" in octets
    verify_document(octets, signer().certificate)


# --- more than one signature, and signatures elsewhere ---


def test_two_signatures_are_refused() -> None:
    octets = changed(lambda root: root.append(copy.deepcopy(root[-1])))
    refused(octets, "2 signatures")


def test_a_second_signature_hidden_below_is_refused() -> None:
    octets = changed(lambda root: root.find(f"{SR}Body")[0].append(copy.deepcopy(root[-1])))
    refused(octets, "2 signatures")


def test_a_signature_within_the_signature_is_refused() -> None:
    def nest(root: etree._Element) -> None:
        etree.SubElement(root[-1], f"{DS}Object").append(copy.deepcopy(root[-1]))

    refused(changed(nest), "2 signatures")


@pytest.mark.parametrize("path", [f"{SR}Header", f"{SR}Body", f"{SR}Body/*"])
def test_a_signature_that_is_no_child_of_the_root_is_refused(path: str) -> None:
    octets = changed(lambda root: root.find(path).append(root[-1]))
    refused(octets, "not a child of the root")


@pytest.mark.parametrize("place", [0, 1])
def test_a_signature_that_is_not_the_last_child_is_refused(place: int) -> None:
    refused(changed(lambda root: root.insert(place, root[-1])), "not the last child")


def test_text_behind_the_signature_is_part_of_what_was_signed() -> None:
    octets = signed().replace(b"</ds:Signature>", b"</ds:Signature>\n")
    refused(octets, "digest differs")


def test_a_signature_with_text_around_it_verifies_where_that_was_signed() -> None:
    root = write_request(inventory_request())
    etree.indent(root)
    root[-1].tail = "\n  \n"
    octets = sign_document(root, *signer())
    moved = octets.replace(b"</sr:Body>\n  \n<", b"</sr:Body>\n  <").replace(
        b"</ds:Signature>", b"</ds:Signature>\n"
    )
    assert moved != octets
    assert read_request(verify_document(moved, signer().certificate)) == inventory_request()


# --- signature wrapping: something signed, something else read ---


def test_wrapping_the_signed_request_in_another_is_refused() -> None:
    original = parse_document(signed())
    evil = write_request(ANOTHER)
    signature = original[-1]
    evil[1].append(original)
    evil.append(signature)
    refused(write_document(evil), "digest differs")


def test_wrapping_the_signed_request_with_its_signature_in_another_is_refused() -> None:
    evil = write_request(ANOTHER)
    evil.append(parse_document(signed()))
    refused(write_document(evil), "not a child of the root")


def test_wrapping_the_signed_request_in_an_object_of_the_signature_is_refused() -> None:
    original = parse_document(signed())
    evil = write_request(ANOTHER)
    signature = original[-1]
    evil.append(signature)
    etree.SubElement(signature, f"{DS}Object").append(original)
    refused(write_document(evil), "Signature is not made of")


@pytest.mark.parametrize(
    "uri", ["#it", "#xpointer(/)", "#xpointer(id('it'))", "http://127.0.0.1:1/x"]
)
def test_a_reference_to_anything_but_the_whole_document_is_refused(uri: str) -> None:
    def refer(root: etree._Element) -> None:
        root.set("ID", "it")
        root[1].set("ID", "it")
        root.find(f".//{DS}Reference").set("URI", uri)

    refused(changed(refer, seal=True), "not to the whole document")


def test_a_reference_that_names_nothing_is_refused() -> None:
    octets = changed(lambda root: root.find(f".//{DS}Reference").attrib.clear(), seal=True)
    refused(octets, "not to the whole document")


@pytest.mark.parametrize("name", ["Id", "Type"])
def test_a_reference_with_more_attributes_is_refused(name: str) -> None:
    octets = changed(lambda root: root.find(f".//{DS}Reference").set(name, "it"), seal=True)
    refused(octets, "not to the whole document")


def test_two_references_are_refused() -> None:
    def twice(root: etree._Element) -> None:
        reference = root.find(f".//{DS}Reference")
        reference.addnext(copy.deepcopy(reference))

    refused(changed(twice, seal=True), "SignedInfo is not made of")


@pytest.mark.parametrize(
    "algorithm",
    [
        EXCLUSIVE_C14N,
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
    ],
)
def test_one_more_transform_is_refused(algorithm: str) -> None:
    def transform(root: etree._Element) -> None:
        etree.SubElement(root.find(f".//{DS}Transforms"), f"{DS}Transform", Algorithm=algorithm)

    refused(changed(transform, seal=True), "Transforms is not made of")


@pytest.mark.parametrize(
    "algorithm", [EXCLUSIVE_C14N, "http://www.w3.org/TR/1999/REC-xpath-19991116"]
)
def test_another_transform_is_refused(algorithm: str) -> None:
    octets = changed(
        lambda root: root.find(f".//{DS}Transform").set("Algorithm", algorithm), seal=True
    )
    refused(octets, "Transform is not")


def test_no_transform_is_refused() -> None:
    def drop(root: etree._Element) -> None:
        transforms = root.find(f".//{DS}Transforms")
        transforms.remove(transforms[0])

    refused(changed(drop, seal=True), "Transforms is not made of")


def test_parameters_of_a_transform_are_refused() -> None:
    def parameter(root: etree._Element) -> None:
        etree.SubElement(root.find(f".//{DS}Transform"), f"{DS}XPath").text = "false()"

    refused(changed(parameter, seal=True), "parameters")


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"),
        ("SignatureMethod", ""),
        ("DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1"),
        ("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha512"),
        ("CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        ("CanonicalizationMethod", f"{EXCLUSIVE_C14N}WithComments"),
    ],
)
def test_every_other_algorithm_is_refused(name: str, algorithm: str) -> None:
    octets = changed(
        lambda root: root.find(f".//{DS}{name}").set("Algorithm", algorithm), seal=True
    )
    refused(octets, f"{name} is not")


def test_an_algorithm_that_is_not_named_is_refused() -> None:
    octets = changed(lambda root: root.find(f".//{DS}DigestMethod").attrib.clear(), seal=True)
    refused(octets, "DigestMethod is not")


def test_prefixes_for_the_canonical_form_are_refused() -> None:
    def prefixes(root: etree._Element) -> None:
        method = root.find(f".//{DS}CanonicalizationMethod")
        etree.SubElement(method, f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces", PrefixList="sr")

    refused(changed(prefixes, seal=True), "parameters")


@pytest.mark.parametrize(
    "element", ["X509Certificate", "X509SubjectName", "X509SKI", "X509IssuerSerial"]
)
def test_more_about_the_key_than_its_certificates_name_is_refused(element: str) -> None:
    octets = changed(lambda root: etree.SubElement(root.find(f".//{DS}X509Data"), f"{DS}{element}"))
    refused(octets, "X509Data is not made of")


def test_a_key_in_the_document_is_refused() -> None:
    def bring(root: etree._Element) -> None:
        info = root.find(f".//{DS}KeyInfo")
        etree.SubElement(info, f"{DS}KeyValue")
        info.remove(info[0])

    refused(changed(bring), "KeyInfo is not made of")


@pytest.mark.parametrize("text", ["", "-1", "+5", "1e5", "0x10", "١٢", "9" * 60, str(1 << 160)])
def test_a_serial_number_that_is_none_is_refused(text: str) -> None:
    octets = changed(lambda root: setattr(root.find(f".//{DS}X509SerialNumber"), "text", text))
    refused(octets, "no serial number")


@pytest.mark.parametrize("name", ["DigestValue", "SignatureValue", "X509SerialNumber"])
def test_a_comment_within_a_value_is_refused(name: str) -> None:
    def cut(root: etree._Element) -> None:
        value = root.find(f".//{DS}{name}")
        half, value.text = value.text[4:], value.text[:4]
        value.append(etree.Comment("cut"))
        value[0].tail = half

    refused(changed(cut, seal=True), "holds more than text")


def test_comments_between_elements_of_the_signature_mean_nothing() -> None:
    octets = changed(lambda root: root[-1].insert(0, etree.Comment("a remark")))
    verify_document(octets, signer().certificate)


def test_text_between_elements_of_the_signature_is_refused() -> None:
    octets = changed(lambda root: setattr(root[-1][0], "tail", "and more"))
    refused(octets, "text between")


@pytest.mark.parametrize("path", [f"./{DS}Signature", f".//{DS}SignedInfo", f".//{DS}KeyInfo"])
def test_an_attribute_that_the_profile_has_not_is_refused(path: str) -> None:
    octets = changed(lambda root: root.find(path).set("Id", "it"), seal=True)
    refused(octets, "attributes")


def test_a_namespace_without_a_canonical_form_is_refused() -> None:
    refused(signed().replace(b"<sr:Request ", b"<sr:Request xmlns:x='relative' "), "canonical form")


# --- certificates that cannot have signed ---


def test_a_certificate_of_another_kind_of_key_verifies_nothing() -> None:
    from cryptography import x509

    from ota_engine.gbcs.certificates import Role
    from ota_engine.gbcs.issuing import Authority, authority_name
    from tests.duis.signers import NOW, key

    own = rsa.generate_private_key(65537, 2048)
    name = authority_name("Z1", Role.ISSUING_AUTHORITY)
    certificate = (
        x509.CertificateBuilder()
        .issuer_name(name)
        .subject_name(name)
        .public_key(own.public_key())
        .serial_number(SERIAL)
        .not_valid_before(NOW)
        .not_valid_after(NOW)
        .sign(Authority(name, key(0)).key, SHA256())
    )
    with pytest.raises(SignatureRefused, match="not on P-256"):
        verify_document(signed(), certificate)
