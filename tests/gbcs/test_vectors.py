"""The published messages beside the project: parsed, verified, and rebuilt from what they say."""

from pathlib import Path

import pytest

from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import Cra
from ota_engine.gbcs.envelope import Message, parse, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.opaque import Opaque
from ota_engine.gbcs.payloads import ActivateFirmware, read_payload, write_payload
from ota_engine.gbcs.protection import check, leg_of, seal
from ota_engine.gbcs.verification import CheckResult, Verification
from tests.gbcs.parties import DATA, needs_vectors

pytestmark = needs_vectors
FILES = sorted((DATA / "vectors").rglob("*.HEX"))


def keystore() -> Keystore:
    paths = [*(DATA / "keystore").glob("*.pem"), DATA / "shared-secrets.json"]
    return Keystore.read({path.name: path.read_bytes() for path in paths})


def load(path: Path) -> tuple[bytes, Message]:
    octets = bytes.fromhex(path.read_text().strip())
    return octets, parse(octets)


def rebuilt(message: Message) -> Message:
    """Make the message again from its fields alone; only the random signature is taken over."""
    payload = read_payload(message)
    parties = {"originator": message.originator, "recipient": message.recipient}
    code, counter = message.message_code, message.counter
    if message.cra is Cra.ALERT:
        made = compose.alert(code, payload, counter=counter, **parties)
    elif isinstance(payload, ActivateFirmware):
        made = compose.activate_firmware(
            payload.manufacturer_image_hash,
            counter=counter,
            execution_time=payload.execution_time,
            **parties,
        )
    else:
        made = message._replace(payload=write_payload(payload), mac=None)
    made = made._replace(signature=message.signature)
    return made if message.mac is None else seal(made, keystore())


def test_there_are_vectors() -> None:
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_vector_is_parsed_and_rebuilt(path: Path) -> None:
    octets, message = load(path)
    assert not isinstance(read_payload(message), Opaque)
    assert serialise(message) == octets
    assert serialise(rebuilt(message)) == octets


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_vector_verifies_as_its_leg_demands(path: Path) -> None:
    _, message = load(path)
    leg = leg_of(message)
    assert leg is not None
    expected = Verification(
        CheckResult.VALID if message.signature else CheckResult.ABSENT,
        CheckResult.VALID if message.mac is not None else CheckResult.ABSENT,
    )
    assert check(message, keystore()) == expected
    if message.signature is not None:  # no pre-command
        assert bool(message.signature) is leg.signed


def test_no_certificate_of_the_folder_is_left_out() -> None:
    assert keystore().findings == []
