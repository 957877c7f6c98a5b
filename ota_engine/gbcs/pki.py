"""A complete test PKI as files: who is in it, and what is made for each; opens no file.

Every private key is of the caller's making, so that tests and simulations are reproducible.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from images.eui64 import format_eui64
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.issuing import (
    Authority,
    Validity,
    authority_name,
    issue_authority,
    issue_device,
    issue_organisation,
)

ORGANISATION_YEARS: Final = 10
INDEX_FILE: Final = "parties.json"
BACKDATED: Final = timedelta(days=1)  # clocks of devices and makers differ

KeyMaker = Callable[[], ec.EllipticCurvePrivateKey]


class Organisation(NamedTuple):
    """One party of the PKI."""

    name: str
    eui64: int
    role: Role


class PkiDevice(NamedTuple):
    """One device of the PKI."""

    name: str
    eui64: int


ORGANISATIONS: Final = (
    Organisation("supplier", 0x90B3_D51F_4001_0000, Role.SUPPLIER),
    Organisation("second-supplier", 0x90B3_D51F_4003_0000, Role.SUPPLIER),
    Organisation("access-control-broker", 0x90B3_D51F_4000_0002, Role.ACCESS_CONTROL_BROKER),
    Organisation("wan-provider", 0x90B3_D51F_4000_0007, Role.WAN_PROVIDER),
)
#: Who signs XML, too, with a certificate of its own: ``<eui64>-xml.pem`` and ``.key``.
XML_ROLES: Final = {
    Role.SUPPLIER: Role.XML_SIGN,
    Role.ACCESS_CONTROL_BROKER: Role.DSP_XML_SIGN,
}
# The emulated devices of a default household, in its order, then meters. The Communications Hub
# Function is the coordinator: it is the engine that speaks for it.
DEVICES: Final = (
    PkiDevice("chf", 0x00DB_1234_00C0_0000),
    PkiDevice("ppmid", 0x00DB_1234_0000_0001),
    PkiDevice("ihd", 0x00DB_1234_0000_0002),
    PkiDevice("hcalcs", 0x00DB_1234_0000_0003),
    PkiDevice("communications-hub", 0x00DB_1234_0000_0004),
    PkiDevice("esme", 0x00DB_1234_0000_0005),
    PkiDevice("gsme", 0x00DB_1234_0000_0006),
)


class PkiFile(NamedTuple):
    """One file.

    Attributes:
        name: in the PKI's folder.
        octets: its content.
        secret: whether none but the owner may read it.
    """

    name: str
    octets: bytes
    secret: bool


def make_pki(
    now: datetime,
    make_key: KeyMaker,
    *,
    organisations: Sequence[Organisation] = ORGANISATIONS,
    devices: Sequence[PkiDevice] = DEVICES,
) -> list[PkiFile]:
    """Make root, issuing authority, and certificates and keys of everyone, two of each.

    Suppliers and the access control broker have a third, which signs documents of DUIS.

    Args:
        now: the day it begins; organisations' certificates end ten years later.
        make_key: draws a P-256 key.
        organisations: the parties.
        devices: the devices.

    Returns:
        Files of a key folder (``keystore``), the authorities' files, and an index of names.
    """
    start = now.replace(microsecond=0) - BACKDATED
    validity = Validity(start, start + timedelta(days=365 * ORGANISATION_YEARS))
    root = Authority(authority_name("zota test root", Role.ROOT), make_key())
    issuing = Authority(authority_name("zota test issuing", Role.ISSUING_AUTHORITY), make_key())
    files = [
        *_pair("root", root.key, issue_authority(root, root, 1, validity)),
        *_pair("issuing", issuing.key, issue_authority(root, issuing, 2, validity)),
    ]
    serials = count(3)

    def certify(party: Organisation, use: KeyUse, name: str) -> tuple[PkiFile, PkiFile]:
        key = make_key()
        certificate = issue_organisation(
            issuing,
            key.public_key(),
            next(serials),
            validity,
            eui64=party.eui64,
            role=party.role,
            name=party.name,
            use=use,
        )
        return _pair(name, key, certificate)

    for use in KeyUse:
        for party in organisations:
            files += certify(party, use, _name(party.eui64, use))
        for device in devices:
            key = make_key()
            certificate = issue_device(
                issuing, key.public_key(), next(serials), start, eui64=device.eui64, use=use
            )
            files += _pair(_name(device.eui64, use), key, certificate)
    for party in organisations:
        if party.role in XML_ROLES:
            signer = party._replace(role=XML_ROLES[party.role])
            files += certify(signer, KeyUse.SIGNING, f"{party.eui64:016x}-xml")
    files.append(PkiFile(INDEX_FILE, _index(organisations, devices), secret=False))
    return files


def _name(eui64: int, use: KeyUse) -> str:
    return f"{eui64:016x}-{use.value}"


def _pair(
    name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> tuple[PkiFile, PkiFile]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (
        PkiFile(f"{name}.pem", certificate.public_bytes(Encoding.PEM), secret=False),
        PkiFile(f"{name}.key", private, secret=True),
    )


def _index(organisations: Sequence[Organisation], devices: Sequence[PkiDevice]) -> bytes:
    rows: list[dict[str, str]] = [
        {
            "name": party.name,
            "eui64": format_eui64(party.eui64),
            "role": party.role.name.lower().replace("_", "-"),
        }
        for party in organisations
    ]
    rows += [
        {"name": device.name, "eui64": format_eui64(device.eui64), "role": "device"}
        for device in devices
    ]
    return (json.dumps(rows, indent=2) + "\n").encode()
