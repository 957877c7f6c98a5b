"""Who signs in these tests: keys and certificates that sign XML, made once per run from a seed."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from images.ecdsa import P256_ORDER
from images.eui64 import Eui64
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.issuing import Authority, Validity, authority_name, issue_organisation

SEED = 12
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
USER = Eui64(0x90B3_D51F_4001_0000)
DSP = Eui64(0x90B3_D51F_3000_0002)
SERIAL = 0x26_1E9C_CC40_A78F_D13D_83BC_E07D_ACFE_08  # as long as real ones

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "gbcs"
needs_samples = pytest.mark.skipif(
    not (DATA / "duis").is_dir(), reason="the DUIS reference data is not beside the project"
)
needs_schemas = pytest.mark.skipif(
    not (DATA / "xsd").is_dir(), reason="the schemas of DUIS are not beside the project"
)


class Pair(NamedTuple):
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@cache
def key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(
        Random(f"{SEED}-{number}").randrange(1, P256_ORDER), ec.SECP256R1()
    )


@cache
def signer(
    eui: int = USER, role: int = Role.XML_SIGN, serial: int = SERIAL, days: int = 365
) -> Pair:
    """A key and its certificate; negative days have passed already."""
    issuing = Authority(authority_name("Z1", Role.ISSUING_AUTHORITY), key(0))
    own = key(serial % 1000 + 1)
    start, end = sorted((NOW - timedelta(days=1), NOW + timedelta(days=days)))
    certificate = issue_organisation(
        issuing,
        own.public_key(),
        serial,
        Validity(start, end),
        eui64=eui,
        role=Role(role),
        name="user",
        use=KeyUse.SIGNING,
    )
    return Pair(own, certificate)
