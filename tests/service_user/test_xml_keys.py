"""Keys of documents: whose a file says it is, and which certificates count."""

from datetime import UTC, datetime

import pytest

from images.eui64 import format_eui64
from ota_engine.duis.writing import write_request
from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.verification import CheckResult
from ota_engine.service_user.xml_keys import XmlKeys
from ota_engine.times import Utc
from tests.gbcs import parties
from tests.service_user.parties import (
    DCC,
    NOW,
    OTHER,
    USER,
    answered,
    asked,
    signed,
    xml_keys,
)

FILES = parties.files()
KEY, CERTIFICATE = FILES[f"{USER:016x}-xml.key"], FILES[f"{USER:016x}-xml.pem"]


def test_a_folder_with_keys_of_everything_gives_those_of_documents() -> None:
    assert xml_keys().findings == []
    assert xml_keys().certificate(USER) is not None
    assert xml_keys().read_response(signed(answered(asked())), NOW).signature is CheckResult.VALID


@pytest.mark.parametrize(
    ("name", "octets", "said"),
    [
        (f"{OTHER:016x}-xml.pem", CERTIFICATE, f"the certificate is of {format_eui64(USER)}"),
        (f"{USER:016x}-xml.pem", FILES["root.pem"], "not a certificate that signs XML"),
        (f"{USER:016x}-xml.pem", b"none", "not a certificate"),
        (f"{USER:016x}-xml.key", CERTIFICATE, "not a private key in PEM"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_left_out_with_why(
    name: str, octets: bytes, said: str
) -> None:
    keys = XmlKeys.read({name: octets, "notes.txt": b""})
    ((found, reason),) = keys.findings
    assert found == name
    assert said in reason


def test_nobody_signs_without_key_and_certificate() -> None:
    root = write_request(asked())
    for files, missing in (
        ({}, "key"),
        ({f"{USER:016x}-xml.pem": CERTIFICATE}, "key"),
        ({f"{USER:016x}-xml.key": KEY}, "pem"),
    ):
        with pytest.raises(LocalError, match=f"put {USER:016x}-xml.{missing} into the folder"):
            XmlKeys.read(files).sign(root, USER)


def test_a_key_and_the_certificate_of_another_are_no_pair() -> None:
    with pytest.raises(LocalError, match="the key is not that of the certificate"):
        XmlKeys().add_pair(KEY, FILES[f"{OTHER:016x}-xml.pem"])


@pytest.mark.parametrize("year", [2025, 2036])
def test_a_certificate_of_the_dcc_counts_within_its_validity_only(year: int) -> None:
    then = Utc(datetime(year, 6, 1, tzinfo=UTC).timestamp())
    with pytest.raises(PeerError, match=f"the certificate of {format_eui64(DCC)} is not valid at"):
        xml_keys().read_response(signed(answered(asked())), then)


def test_the_words_of_a_document_are_the_same_under_any_signature() -> None:
    one, other = (xml_keys().read_response(signed(answered(asked())), NOW) for _ in range(2))
    assert one.words_digest == other.words_digest
    assert one.octets_digest != other.octets_digest
    changed = xml_keys().read_response(signed(answered(asked(), "E19")), NOW)
    assert changed.words_digest != one.words_digest
