"""A small PKI made once per run from a printed seed, and every kind of firmware message in it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from images.ecdsa import P256_ORDER
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import AlertCode, MessageCode
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.meters import (
    GasVersionRequest,
    GasVersionResponse,
    ReceiptAlertDlms,
    ReceiptAlertGbz,
    VersionRequest,
    VersionResponse,
)
from ota_engine.gbcs.payloads import (
    CANCELLATION_TIME,
    ActivationOutcome,
    CommandAccepted,
    FirmwareTransfer,
    FutureDatedOutcome,
    Payload,
    PpmidActivation,
    ReadVersion,
    VersionRead,
)
from ota_engine.gbcs.pki import DEVICES, ORGANISATIONS, PkiFile, make_pki
from ota_engine.gbcs.protection import protect

SEED = 4
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
HASH = bytes(range(32))
VERSION = 0x0123ABCD

SUPPLIER, SECOND_SUPPLIER, BROKER, WAN_PROVIDER = (party.eui64 for party in ORGANISATIONS)
CHF, PPMID, IHD, HCALCS, HUB, ESME, GSME = (device.eui64 for device in DEVICES)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "gbcs"
needs_vectors = pytest.mark.skipif(
    not (DATA / "vectors").is_dir(), reason="the GBCS reference data is not beside the project"
)


def key_maker(seed: int = SEED) -> Iterator[ec.EllipticCurvePrivateKey]:
    random = Random(seed)
    while True:
        yield ec.derive_private_key(random.randrange(1, P256_ORDER), ec.SECP256R1())


@cache
def pki_files() -> tuple[PkiFile, ...]:
    keys = key_maker()
    return tuple(make_pki(NOW, lambda: next(keys)))


def files() -> dict[str, bytes]:
    return {file.name: file.octets for file in pki_files()}


@cache
def everyone() -> Keystore:
    """All keys of all parties; a test that adds to it makes its own."""
    return Keystore.read(files())


def without(*patterns: str) -> Keystore:
    """All keys but those whose file names begin or end so."""
    return Keystore.read(
        {
            name: octets
            for name, octets in files().items()
            if not any(name.startswith(part) or name.endswith(part) for part in patterns)
        }
    )


def bare_command(counter: int = 1000, at: datetime | None = None) -> Message:
    return compose.activate_firmware(
        HASH, originator=SUPPLIER, recipient=HCALCS, counter=counter, execution_time=at
    )


def cs06(counter: int = 1000, at: datetime | None = None) -> Message:
    return protect(bare_command(counter, at), everyone())


def cs08() -> Message:
    asked = compose.command(
        MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
        ReadVersion(),
        originator=BROKER,
        recipient=PPMID,
        counter=1300,
        party=SUPPLIER,
        party_counter=1000,
    )
    return protect(asked, everyone())


def ecs52() -> Message:
    asked = compose.command(
        MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
        VersionRequest(1000),
        originator=SUPPLIER,
        recipient=ESME,
        counter=1000,
    )
    return protect(asked, everyone())


def gcs38() -> Message:
    asked = compose.command(
        MessageCode.READ_GAS_FIRMWARE_VERSION,
        GasVersionRequest(),
        originator=SUPPLIER,
        recipient=GSME,
        counter=1001,
    )
    return protect(asked, everyone())


def alerts() -> dict[str, Message]:
    outcome = ActivationOutcome(0, VERSION)
    told: dict[str, tuple[int, Payload, int, int]] = {
        "0x00CA": (
            MessageCode.FIRMWARE_ACTIVATION_ALERT,
            FutureDatedOutcome(AlertCode.FUTURE_DATED_COMMAND_ACTIONED, LATER, 1000, outcome),
            HCALCS,
            SUPPLIER,
        ),
        "CCS08": (
            MessageCode.FIRMWARE_TRANSFER_ALERT,
            FirmwareTransfer(AlertCode.FIRMWARE_TRANSFER_SUCCESSFUL, NOW, HCALCS, VERSION, 0),
            CHF,
            BROKER,
        ),
        "CS09": (
            MessageCode.PPMID_ACTIVATION_ALERT,
            PpmidActivation(AlertCode.PPMID_FIRMWARE_ACTIVATION, NOW, VERSION, 0),
            PPMID,
            BROKER,
        ),
        "0x00CE": (
            MessageCode.FIRMWARE_RECEIPT_DLMS,
            ReceiptAlertDlms(
                AlertCode.FIRMWARE_VERIFICATION_SUCCESSFUL, 2000, compose.device_time(NOW), HASH
            ),
            ESME,
            SUPPLIER,
        ),
        "0x00CF": (
            MessageCode.FIRMWARE_RECEIPT_GBZ,
            ReceiptAlertGbz(AlertCode.FIRMWARE_VERIFICATION_FAILED, NOW, HASH),
            GSME,
            SUPPLIER,
        ),
    }
    return {
        name: protect(
            compose.alert(code, said, originator=device, recipient=party, counter=2000), everyone()
        )
        for name, (code, said, device, party) in told.items()
    }


@cache
def all_messages() -> dict[str, Message]:
    """One protected message of every kind this project makes, by name."""
    keys, clock = everyone(), compose.device_time(NOW)
    return {
        "CS06 now": cs06(),
        "CS06 later": cs06(1001, LATER),
        "CS06 cancel": cs06(1002, CANCELLATION_TIME),
        "CS06 outcome": protect(
            compose.response(cs06(), ActivationOutcome(2, VERSION), clock), keys
        ),
        "CS06 accepted": protect(
            compose.response(cs06(1001, LATER), CommandAccepted(), clock), keys
        ),
        "CS08": cs08(),
        "CS08 answer": protect(compose.response(cs08(), VersionRead(VERSION, 0)), keys),
        "ECS52": ecs52(),
        "ECS52 answer": protect(compose.response(ecs52(), VersionResponse(1000, VERSION)), keys),
        "ECS52 refusal": protect(compose.response(ecs52(), VersionResponse(1000, None, 1)), keys),
        "GCS38": gcs38(),
        "GCS38 answer": protect(compose.response(gcs38(), GasVersionResponse(VERSION)), keys),
        "GCS38 refusal": protect(compose.response(gcs38(), GasVersionResponse(None, 0xC0)), keys),
        **alerts(),
    }
