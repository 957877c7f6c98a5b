"""What a letter says: the outcome, the octets that prove it, and what ``zota gbcs decode`` says of them."""

import json
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.gbcs.envelope import serialise
from ota_engine.gbcs.verification import CheckResult, Verification
from ota_engine.telling.outcome_body import letter
from tests.cli.zota import zota
from tests.gbcs.parties import all_messages, cs06
from tests.store.samples import outcome

WORTH = Verification(CheckResult.ABSENT, CheckResult.VALID)


def told(message: bytes = b"", verification: Verification | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        letter(outcome("k", message=message, verification=verification))
    )
    return found


def test_a_letter_has_exactly_the_keys_promised() -> None:
    assert sorted(told()) == [
        "decoded",
        "device",
        "id",
        "kind",
        "message",
        "reason",
        "sha256",
        "utc",
        "verdict",
        "verification",
        "version_after",
        "version_before",
    ]


def test_an_outcome_without_a_message_has_nothing_decoded() -> None:
    found = told()
    assert (found["message"], found["decoded"], found["verification"]) == (None, None, None)


@pytest.mark.parametrize("name", sorted(all_messages()))
def test_the_decoded_fields_are_those_of_zota_gbcs_decode(name: str) -> None:
    octets = serialise(all_messages()[name])
    found = told(octets)
    assert b64decode(found["message"]) == octets
    assert found["decoded"] == json.loads(zota("gbcs", "decode", octets.hex(), "--json").out)


def test_what_protects_the_message_is_what_the_engine_found_when_it_came() -> None:
    found = told(serialise(cs06()), WORTH)
    assert found["verification"] == {"mac": "valid", "signature": "absent"}
    assert (found["decoded"]["signature"], found["decoded"]["mac"]) == ("absent", "valid")


def test_a_message_that_nobody_verified_says_so() -> None:
    found = told(serialise(cs06()))
    assert (found["decoded"]["mac"], found["verification"]) == ("no-key", None)


@given(st.binary(min_size=1, max_size=60))
def test_octets_that_are_no_message_are_told_undecoded(octets: bytes) -> None:
    found = told(octets)
    assert b64decode(found["message"]) == octets
    assert found["decoded"] is None


def test_every_attempt_posts_the_same_octets() -> None:
    first = outcome("k", message=serialise(cs06()), verification=WORTH)
    again = outcome("k", message=serialise(cs06()), verification=WORTH)
    assert letter(first) == letter(again)
