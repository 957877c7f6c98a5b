"""``zota gbcs decode``: what it says of a message, from where it takes it, and how it refuses."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ota_engine.gbcs.envelope import Message, OtherInformation, serialise
from ota_engine.gbcs.keystore import SECRETS_FILE
from tests.cli.zota import zota, zota_process
from tests.gbcs.parties import (
    BROKER,
    DATA,
    HASH,
    HCALCS,
    SUPPLIER,
    all_messages,
    bare_command,
    cs06,
    everyone,
    needs_vectors,
    pki_files,
)

KEYS = [
    "message_code",
    "use_case",
    "title",
    "cra",
    "sender",
    "receiver",
    "originator",
    "recipient",
    "counter",
    "other_information",
    "date_time",
    "payload",
    "signature",
    "mac",
]
NAMES = sorted(all_messages())


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    for file in pki_files():
        path = folder / file.name
        path.write_bytes(file.octets)
        path.chmod(0o600 if file.secret else 0o644)
    return folder


def hexadecimal(message: Message) -> str:
    return serialise(message).hex().upper()


def decoded(message: Message, *arguments: str | Path) -> dict[str, Any]:
    ran = zota("gbcs", "decode", hexadecimal(message), "--json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    facts: dict[str, Any] = json.loads(ran.out)
    return facts


def test_json_has_exactly_the_keys_promised(keys: Path) -> None:
    facts = decoded(cs06(), "--keystore", keys)
    assert list(facts) == KEYS
    assert facts == {
        "message_code": "0012",
        "use_case": "CS06",
        "title": "activate firmware",
        "cra": "command",
        "sender": "supplier",
        "receiver": "device",
        "originator": "90-B3-D5-1F-40-01-00-00",
        "recipient": "00-DB-12-34-00-00-00-03",
        "counter": 1000,
        "other_information": {
            "message_code": "0012",
            "party": None,
            "party_counter": None,
            "originator_counter": None,
            "certificate": None,
        },
        "date_time": None,
        "payload": {
            "octets": cs06().payload.hex(),
            "type": "ActivateFirmware",
            "manufacturer_image_hash": HASH.hex(),
            "originator_counter": 1000,
            "execution_time": None,
            "when": "now",
        },
        "signature": "valid",
        "mac": "valid",
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_message_is_shown_and_verified(name: str, keys: Path) -> None:
    message = all_messages()[name]
    facts = decoded(message, "--keystore", keys)
    assert facts["signature"] == ("valid" if message.signature else "absent")
    assert facts["mac"] == ("absent" if message.mac is None else "valid")
    assert facts["payload"]["type"] != "Opaque"
    ran = zota("gbcs", "decode", hexadecimal(message))
    assert ran.code == 0 and facts["originator"] in ran.out


def test_without_keys_it_says_so() -> None:
    facts = decoded(cs06())
    assert (facts["signature"], facts["mac"]) == ("no-key", "no-key")


def test_a_pre_command_carries_neither() -> None:
    facts = decoded(bare_command())
    assert (facts["signature"], facts["mac"]) == ("absent", "absent")


def test_a_changed_message_is_shown_as_invalid_and_fails(keys: Path) -> None:
    octets = bytearray(serialise(cs06()))
    octets[octets.index(HASH)] ^= 1
    ran = zota("gbcs", "decode", octets.hex(), "--json", "--keystore", keys)
    facts = json.loads(ran.out)
    assert (ran.code, facts["signature"], facts["mac"]) == (2, "invalid", "invalid")


def test_text_names_what_codes_mean(keys: Path) -> None:
    ran = zota("gbcs", "decode", hexadecimal(all_messages()["0x00CA"]), "--keystore", keys)
    for said in ("future dated command actioned", "0  success", "0123ABCD", "2026-03-01T02:30:00Z"):
        assert said in ran.out


def test_without_its_certificate_a_party_is_a_remote_party() -> None:
    assert decoded(cs06())["sender"] == "remote party"


def test_a_cancellation_says_that_it_cancels() -> None:
    assert decoded(all_messages()["CS06 cancel"])["payload"]["cancels"] is True
    assert "cancels" in zota("gbcs", "decode", hexadecimal(all_messages()["CS06 cancel"])).out


def test_a_supplementary_party_is_shown() -> None:
    information = decoded(all_messages()["CS08"])["other_information"]
    assert information["party"] == "90-B3-D5-1F-40-01-00-00"
    assert information["party_counter"] == 1000


def test_a_device_time_is_shown_with_its_clocks_status() -> None:
    message = all_messages()["CS06 outcome"]
    assert decoded(message)["date_time"] == {
        "time": "2026-01-01T12:00:00Z",
        "clock_status": "00",
        "clock": "reliable",
        "octets": "07ea0101ff0c000000800000",
    }
    assert (
        "2026-01-01T12:00:00Z, clock status 00 reliable"
        in zota("gbcs", "decode", hexadecimal(message)).out
    )


def test_a_device_time_that_is_unspecified_is_shown_by_its_octets() -> None:
    message = all_messages()["CS06 outcome"]
    assert message.date_time is not None
    message = message._replace(date_time=message.date_time._replace(year=0xFFFF))
    assert decoded(message)["date_time"]["time"] is None
    assert "unspecified in part, ffff0101" in zota("gbcs", "decode", hexadecimal(message)).out


def test_a_message_of_an_unknown_use_case_is_shown_with_its_octets() -> None:
    message = bare_command()._replace(
        other_information=OtherInformation(0x7777), payload=b"\x01\x02"
    )
    facts = decoded(message)
    assert facts["use_case"] is None
    assert facts["payload"] == {"octets": "0102", "type": "Opaque"}
    assert "0102" in zota("gbcs", "decode", hexadecimal(message)).out


def test_files_hold_octets_or_hexadecimal(tmp_path: Path) -> None:
    binary, text = tmp_path / "message.bin", tmp_path / "message.hex"
    binary.write_bytes(serialise(cs06()))
    text.write_text("\n ".join(hexadecimal(cs06())[at : at + 32] for at in range(0, 400, 32)))
    for path in (binary, text):
        ran = zota("gbcs", "decode", path, "--json")
        assert json.loads(ran.out) == decoded(cs06())


def test_a_dash_is_standard_input() -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "ota_engine", "gbcs", "decode", "-", "--json"]
    ran = subprocess.run(
        command, input=hexadecimal(cs06()), capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == decoded(cs06())


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ("abc", 2, "an odd number of hex digits"),
        ("", 2, "end inside the grouping header"),
        ("00" * 40, 2, "no GBCS grouping header"),
        ("00" * 200_000, 2, "no GBCS message is so long"),
        ("nothing.hex", 3, "nothing.hex: No such file"),
    ],
)
def test_what_is_no_message_is_refused_in_one_line(given: str, code: int, said: str) -> None:
    ran = zota("gbcs", "decode", given)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err and ran.err.count("\n") == 1 and ran.err.startswith("zota: ")


@pytest.mark.parametrize(
    ("size", "code", "said"), [(300_000, 2, "no GBCS message is so long"), (2 << 20, 3, "1 MiB")]
)
def test_a_file_far_too_long_is_refused_in_one_line(
    tmp_path: Path, size: int, code: int, said: str
) -> None:
    path = tmp_path / "long.hex"
    path.write_bytes(b"0" * size)
    ran = zota("gbcs", "decode", path)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err and ran.err.count("\n") == 1 and str(path) in ran.err


def test_a_malformed_payload_is_shown_with_its_fault_and_what_protects_it(keys: Path) -> None:
    message = cs06()._replace(payload=b"\x30\x03\x02\x01\x05")
    ran = zota("gbcs", "decode", hexadecimal(message), "--json", "--keystore", keys)
    facts = json.loads(ran.out)
    assert (ran.code, facts["signature"], facts["mac"]) == (2, "invalid", "invalid")
    assert facts["payload"]["type"] == "Malformed"
    assert "not the DER of ActivateFirmware" in facts["payload"]["reason"]
    ran = zota("gbcs", "decode", hexadecimal(message))
    assert ran.code == 2 and "3003020105" in ran.out and "malformed" in ran.out


def test_a_flipped_bit_anywhere_in_the_payload_is_shown_as_invalid(keys: Path) -> None:
    from ota_engine.cli.key_folder import read_key_folder
    from ota_engine.gbcs.facts import facts_of
    from ota_engine.gbcs.protection import check

    keystore, payload = read_key_folder(keys), cs06().payload
    for at in range(8 * len(payload)):
        flipped = bytearray(payload)
        flipped[at // 8] ^= 1 << at % 8
        message = cs06()._replace(payload=bytes(flipped))
        facts = facts_of(message, check(message, keystore))
        assert (facts["signature"], facts["mac"]) == ("invalid", "invalid")


def test_a_folder_without_keys_says_how_they_are_named(tmp_path: Path) -> None:
    ran = zota("gbcs", "decode", hexadecimal(cs06()), "--keystore", tmp_path)
    assert ran.code == 2 and "<eui64>-ds.pem" in ran.err


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    ran = zota("gbcs", "decode", hexadecimal(cs06()), "--keystore", tmp_path / "none")
    assert ran.code == 3 and "No such file" in ran.err


def test_a_misnamed_certificate_is_left_out_and_named(keys: Path) -> None:
    wrong = keys / f"{SUPPLIER:016x}-ds.pem"
    wrong.write_bytes((keys / f"{HCALCS:016x}-ds.pem").read_bytes())
    ran = zota("gbcs", "decode", hexadecimal(cs06()), "--json", "--keystore", keys)
    facts = json.loads(ran.out)
    assert (ran.code, facts["signature"], facts["mac"]) == (0, "no-key", "valid")
    assert f"{wrong}: left out" in ran.err


def test_a_private_key_open_to_others_is_named(keys: Path) -> None:
    key = keys / f"{SUPPLIER:016x}-ds.key"
    key.chmod(0o644)
    ran = zota("gbcs", "decode", hexadecimal(cs06()), "--keystore", keys)
    assert ran.code == 0 and f"{key}: a private key that others may read" in ran.err


def test_shared_secrets_stand_in_for_private_keys(keys: Path) -> None:
    secret = everyone().shared_secret(BROKER, HCALCS)
    assert secret is not None
    for path in keys.glob("*.key"):
        path.unlink()
    row = {"party": f"{BROKER:016X}", "device": f"{HCALCS:016X}", "z": secret.hex()}
    (keys / SECRETS_FILE).write_text(json.dumps([row]))
    assert decoded(cs06(), "--keystore", keys)["mac"] == "valid"


@needs_vectors
def test_a_published_message_is_verified_with_the_published_keys(tmp_path: Path) -> None:
    for path in (*(DATA / "keystore").glob("*.pem"), DATA / SECRETS_FILE):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (message,) = (DATA / "vectors" / "CS06").glob("*FUTURE_DATED_SUCCESS_COMMAND*")
    ran = zota("gbcs", "decode", message, "--json", "--keystore", tmp_path)
    facts = json.loads(ran.out)
    assert (facts["signature"], facts["mac"]) == ("valid", "valid")
    assert facts["payload"]["execution_time"] == "2030-01-15T09:00:00Z"


def test_a_made_pki_verifies_what_it_made(tmp_path: Path) -> None:
    from ota_engine.cli.key_folder import read_key_folder
    from ota_engine.gbcs.protection import protect

    folder = tmp_path / "pki"
    assert zota_process("pki", "init", folder).code == 0
    message = protect(bare_command(), read_key_folder(folder))
    facts = decoded(message, "--keystore", folder)
    assert (facts["signature"], facts["mac"]) == ("valid", "valid")
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.glob("*.key"))


def test_an_order_says_now_or_when_and_its_answer_that_it_is_accepted() -> None:
    assert "when                      now" in zota("gbcs", "decode", hexadecimal(cs06())).out
    noted = next(
        message
        for message in all_messages().values()
        if decoded(message)["payload"]["type"] == "CommandAccepted"
    )
    assert "accepted                  yes" in zota("gbcs", "decode", hexadecimal(noted)).out


def test_any_use_case_is_named_with_its_sender_and_receiver() -> None:
    """What no table reads is at least told apart: ECS70, the clock of an ESME."""
    message = bare_command()._replace(
        other_information=OtherInformation(0x0062), payload=b"\x01\x02"
    )
    ran = zota("gbcs", "decode", hexadecimal(message))
    assert "ECS70 command  set the clock" in ran.out
    assert "remote party" in ran.out and "ESME" in ran.out
