import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from images import ImageError, ImageSpec, build, parse
from images.ecdsa import P256_ORDER
from images.signing import (
    load_verifying_key,
    read_signer,
    sign_manufacturer_image,
    verify_image,
    verify_manufacturer_image,
)
from tests.images.samples import FIRMWARE, gb, gb_trailer, key_pair, plain

PRIVATE, PUBLIC = key_pair()


def signed(force_replace: bool = False) -> bytes:
    return build(
        FIRMWARE,
        ImageSpec(
            manufacturer_code=0x121D,
            image_type=0x0084,
            file_version=1,
            layout="gb",
            minimum_hardware_version=1,
            maximum_hardware_version=2,
            sign_key=PRIVATE,
            force_replace=force_replace,
        ),
    )


def certificate(private: bytes, *, eui64: bytes | None = None) -> bytes:
    key = load_pem_private_key(private, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test Supplier")]
    if eui64 is not None:
        kind = x509.name._ASN1Type.BitString
        bits: Any = b"\x00" + eui64  # the library's annotation knows text only
        names.append(x509.NameAttribute(x509.NameOID.X500_UNIQUE_IDENTIFIER, bits, kind))
    day = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(x509.Name(names), x509.Name(names))
    built = (
        builder.public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(day)
        .not_valid_after(day + datetime.timedelta(days=1))
        .sign(key, SHA256())
    )
    return built.public_bytes(Encoding.PEM)


def test_what_we_sign_verifies_with_the_public_key() -> None:
    verify_image(parse(signed()), PUBLIC)


def test_what_we_sign_verifies_with_the_certificate() -> None:
    verify_image(parse(signed()), certificate(PRIVATE))


def test_the_same_key_and_image_give_the_same_signature() -> None:
    assert sign_manufacturer_image(FIRMWARE, PRIVATE) == sign_manufacturer_image(FIRMWARE, PRIVATE)


def test_r_and_s_are_raw_and_big_endian() -> None:
    """Verified here with nothing but the signature primitive."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    raw = sign_manufacturer_image(FIRMWARE, PRIVATE)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = load_pem_private_key(PRIVATE, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    key.public_key().verify(der, FIRMWARE, ec.ECDSA(SHA256()))


def test_a_changed_manufacturer_image_does_not_verify() -> None:
    data = bytearray(signed())
    data[70] ^= 1
    with pytest.raises(ImageError, match="does not verify"):
        verify_image(parse(bytes(data)), PUBLIC)


def test_a_changed_signature_does_not_verify() -> None:
    data = bytearray(signed())
    data[-1] ^= 1
    with pytest.raises(ImageError, match="does not verify") as caught:
        verify_image(parse(bytes(data)), PUBLIC)
    assert caught.value.offset == len(data) - 64


def test_another_key_does_not_verify() -> None:
    with pytest.raises(ImageError, match="another key"):
        verify_image(parse(signed()), key_pair()[1])


def test_header_and_force_replace_octet_are_not_signed() -> None:
    """GBCS signs the Manufacturer Image only; the Communications Hub reads the rest."""
    replaced = bytearray(signed(force_replace=True))
    assert replaced[-66] == 1
    replaced[14] ^= 1
    verify_image(parse(bytes(replaced)), PUBLIC)


@pytest.mark.parametrize("data", [gb(), plain(), plain()[:80]])
def test_a_file_without_gb_signature_says_so(data: bytes) -> None:
    with pytest.raises(ImageError, match="no GB signature"):
        verify_image(parse(data), PUBLIC)


@pytest.mark.parametrize(
    ("r", "s"), [(0, 1), (1, 0), (P256_ORDER, 1), (1, P256_ORDER), (2**256 - 1, 2**256 - 1)]
)
def test_scalars_outside_the_group_never_verify(r: int, s: int) -> None:
    raw = r.to_bytes(32) + s.to_bytes(32)
    assert not verify_manufacturer_image(FIRMWARE, raw, load_verifying_key(PUBLIC))


def test_a_signature_of_another_length_never_verifies() -> None:
    assert not verify_manufacturer_image(FIRMWARE, b"\x01" * 63, load_verifying_key(PUBLIC))


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_keys_of_another_kind_are_named() -> None:
    with pytest.raises(ImageError, match="secp384r1"):
        sign_manufacturer_image(FIRMWARE, key_pair(ec.SECP384R1())[0])
    with pytest.raises(ImageError, match="not an elliptic-curve key"):
        sign_manufacturer_image(FIRMWARE, _pem(_rsa()))
    with pytest.raises(ImageError, match="not a PEM private key"):
        sign_manufacturer_image(FIRMWARE, PUBLIC)


def test_an_encrypted_key_is_named() -> None:
    key = load_pem_private_key(PRIVATE, None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    with pytest.raises(ImageError, match="passphrase"):
        sign_manufacturer_image(FIRMWARE, pem)


def test_certificates_of_another_kind_are_named() -> None:
    with pytest.raises(ImageError, match="secp384r1"):
        load_verifying_key(key_pair(ec.SECP384R1())[1])
    with pytest.raises(ImageError, match="not a PEM X"):
        load_verifying_key(b"-----BEGIN CERTIFICATE-----\nrubbish")
    with pytest.raises(ImageError, match="no elliptic-curve key"):
        load_verifying_key(
            _rsa().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )


def test_the_signer_is_read_from_the_certificate() -> None:
    signer = read_signer(certificate(PRIVATE, eui64=bytes.fromhex("90b3d51f30010000")))
    assert signer == ("Test Supplier", 0x90B3D51F30010000)
    assert read_signer(certificate(PRIVATE)) == ("Test Supplier", None)
    assert read_signer(PUBLIC) == ("bare public key", None)


def test_a_trailer_of_the_right_shape_is_not_a_right_signature() -> None:
    with pytest.raises(ImageError, match="does not verify"):
        verify_image(parse(gb(gb_trailer())), PUBLIC)
