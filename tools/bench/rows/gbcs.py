"""GBCS messages: how fast they are read, and what verifying costs beside OpenSSL's own work."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeAlias

from bare_gbcs import take_apart
from clocks import interleaved
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from row import Goal, Measurement, Options, row

from images.ecdsa import P256_ORDER, SCALAR_BYTES
from ota_engine.gbcs import compose
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.codes import AlertCode, MessageCode
from ota_engine.gbcs.envelope import Message, parse, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    CommandAccepted,
    FirmwareTransfer,
    FutureDatedOutcome,
    ReadVersion,
    VersionRead,
    activation_of,
    read_payload,
)
from ota_engine.gbcs.pki import DEVICES, ORGANISATIONS, make_pki
from ota_engine.gbcs.protection import authenticate, protect
from ota_engine.gbcs.signature import PrivateKey, signed_octets

VECTORS = Path(__file__).resolve().parents[4] / "shared" / "data" / "gbcs" / "vectors"
IMAGE_BYTES = 235  # of the Manufacturer Image in the published template
NOW = datetime(2026, 1, 1, tzinfo=UTC)
VERSION = 0x0102_0304
SUPPLIER = next(one.eui64 for one in ORGANISATIONS if one.role is Role.SUPPLIER)
BROKER = next(one.eui64 for one in ORGANISATIONS if one.role is Role.ACCESS_CONTROL_BROKER)
Bare: TypeAlias = tuple[bytes, bytes]  # signature in DER, signed octets
HUB, PPMID, _IHD, HCALCS, *_rest = (device.eui64 for device in DEVICES)


@row("gbcs-parse", unit="messages/s", goal=Goal(0.25))
def gbcs_parse(options: Options) -> Measurement:
    """Envelope and payload of every kind of firmware message, over and over; no cryptography.

    The peer takes the same fields out of the same octets and neither checks nor names them
    (``bare_gbcs.py``): no reader in Python can do with less.
    """
    messages, where = corpus(options)
    repeats = (200 if options.quick else 20_000) // len(messages)
    ours, bare = interleaved(
        2 if options.quick else 7,
        partial(partial, read, messages, repeats),
        partial(partial, read_bare, messages, repeats),
    )
    count = len(messages) * repeats
    note = f"{count} messages, {len(messages)} {where}"
    return Measurement(count / ours, count / bare, note)


@row("gbcs-verify", unit="messages/s", goal=Goal(0.8))
def gbcs_verify(options: Options) -> Measurement:
    """A device judges CS06 commands; the peer is OpenSSL's ECDSA verify and ECDH, and nothing else.

    A keystore computes the secret it shares with the broker once, as both keys are static; the peer
    computes it for every message. The note gives our ratio without that: every message then finds
    a keystore that has forgotten its secrets.
    """
    random = Random(options.seed)
    everyone, device, private = keys(random)
    image = random.randbytes(IMAGE_BYTES)
    digest = hashlib.sha256(image).digest()
    count = 20 if options.quick else 400
    commands = [protect(activation(digest, counter), everyone) for counter in range(1, count + 1)]
    octets = [serialise(command) for command in commands]
    ours, forgetful, bare = interleaved(
        2 if options.quick else 7,
        partial(partial, judge_all, octets, device, image),
        partial(partial, judge_all, octets, device, image, private),
        partial(partial, openssl_all, bare_work(commands), device, private),
    )
    note = f"{count} commands; with an ECDH for each, ratio {bare / forgetful:.2f}"
    return Measurement(count / ours, count / bare, note)


def corpus(options: Options) -> tuple[list[bytes], str]:
    """Read the published messages, or make a few where they are not beside the project."""
    if VECTORS.is_dir() and not options.quick:
        paths = sorted(VECTORS.rglob("*.HEX"))
        return [bytes.fromhex(path.read_text()) for path in paths], "published vectors"
    everyone, _, _ = keys(Random(options.seed))
    return [serialise(message) for message in made(everyone)], "messages made here"


def made(everyone: Keystore) -> list[Message]:
    """One message of every DER kind."""
    clock, outcome = compose.device_time(NOW), ActivationOutcome(0, VERSION)
    command = protect(activation(bytes(32), 1), everyone)
    later = protect(activation(bytes(32), 2, NOW), everyone)
    asked = protect(
        compose.command(
            MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
            ReadVersion(),
            originator=BROKER,
            recipient=PPMID,
            counter=1,
            party=SUPPLIER,
            party_counter=1,
        ),
        everyone,
    )
    answers = (
        compose.response(command, outcome, clock),
        compose.response(later, CommandAccepted(), clock),
        compose.response(asked, VersionRead(VERSION, 0)),
        compose.alert(
            MessageCode.FIRMWARE_ACTIVATION_ALERT,
            FutureDatedOutcome(AlertCode.FUTURE_DATED_COMMAND_ACTIONED, NOW, 2, outcome),
            originator=HCALCS,
            recipient=SUPPLIER,
            counter=1,
        ),
        compose.alert(
            MessageCode.FIRMWARE_TRANSFER_ALERT,
            FirmwareTransfer(AlertCode.FIRMWARE_TRANSFER_SUCCESSFUL, NOW, HCALCS, VERSION, 0),
            originator=HUB,
            recipient=BROKER,
            counter=1,
        ),
    )
    return [command, later, asked, *(protect(answer, everyone) for answer in answers)]


def activation(digest: bytes, counter: int, at: datetime | None = None) -> Message:
    """A CS06 for the HCALCS, not yet protected."""
    return compose.activate_firmware(
        digest, originator=SUPPLIER, recipient=HCALCS, counter=counter, execution_time=at
    )


def keys(random: Random) -> tuple[Keystore, Keystore, ec.EllipticCurvePrivateKey]:
    """A PKI from a seed: everyone's keys, those the HCALCS holds, and its key agreement key."""
    drawn: list[ec.EllipticCurvePrivateKey] = []

    def draw() -> ec.EllipticCurvePrivateKey:
        drawn.append(ec.derive_private_key(random.randrange(1, P256_ORDER), ec.SECP256R1()))
        return drawn[-1]

    files = {file.name: file.octets for file in make_pki(NOW, draw)}
    own = f"{HCALCS:016x}"
    held = {
        name: octets
        for name, octets in files.items()
        if name.endswith(".pem") or name.startswith(own)
    }
    device = Keystore.read(held)
    key_agreement = device.certificate(HCALCS, KeyUse.AGREEMENT)
    if key_agreement is None:
        raise AssertionError("the PKI has two certificates for every device")
    public = key_agreement.public_key
    private = next(key for key in drawn if key.public_key() == public)
    return Keystore.read(files), device, private


def read(messages: Sequence[bytes], repeats: int) -> None:
    """Read every message, envelope and payload."""
    for _ in range(repeats):
        for octets in messages:
            read_payload(parse(octets))


def read_bare(messages: Sequence[bytes], repeats: int) -> None:
    """Take the fields out of every message."""
    for _ in range(repeats):
        for octets in messages:
            take_apart(octets)


def judge_all(
    octets: Sequence[bytes],
    device: Keystore,
    image: bytes,
    forget: ec.EllipticCurvePrivateKey | None = None,
) -> None:
    """Do what a device does with a command: parse, signature, MAC, counter, hash.

    A key given in ``forget`` is put in anew before each command, and the shared secrets go.
    """
    for command in octets:
        if forget is not None:
            device.add_agreement(HCALCS, PrivateKey(forget))
        message = parse(command)
        authenticate(message, device, now=NOW)
        order = activation_of(message)
        if order.manufacturer_image_hash != hashlib.sha256(image).digest():
            raise AssertionError("a command for the image that is held was refused")


def bare_work(commands: Sequence[Message]) -> list[Bare]:
    """Bring signatures into OpenSSL's form, untimed."""
    work = []
    for command in commands:
        raw = command.signature or b""
        r, s = int.from_bytes(raw[:SCALAR_BYTES]), int.from_bytes(raw[SCALAR_BYTES:])
        work.append((encode_dss_signature(r, s), signed_octets(command)))
    return work


def openssl_all(
    work: Sequence[Bare], device: Keystore, private: ec.EllipticCurvePrivateKey
) -> None:
    """Verify every signature and agree on every secret, and do nothing else."""
    signing = device.verifying_key(SUPPLIER)
    broker = device.certificate(BROKER, KeyUse.AGREEMENT)
    if signing is None or broker is None:
        raise AssertionError("the device holds its parties' certificates")
    algorithm, method = ec.ECDSA(SHA256()), ec.ECDH()
    for signature, signed in work:
        signing.verify(signature, signed, algorithm)
        private.exchange(method, broker.public_key)
