"""Any octets make a letter or a refusal of 4xx, in one line."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.receiver.letter import (
    FIELDS,
    MAX_LETTER_BYTES,
    ReceivedOutcome,
    Refusal,
    kept_letter,
    read_letter,
)
from ota_engine.gbcs.verification import Verification
from ota_engine.telling.outcome_body import letter
from tests.store.samples import HIGHEST, VERIFICATIONS, outcome

GOOD: dict[str, Any] = json.loads(letter(outcome("k")))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def posted(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


def assert_understood(found: ReceivedOutcome | Refusal) -> None:
    if isinstance(found, Refusal):
        assert 400 <= found.status < 500
        assert found.reason.isprintable()
    else:
        assert found.line.count(b"\n") == 1 and found.line.isascii()
        assert kept_letter(found.line) == found


@given(st.binary(max_size=300))
def test_any_octets_give_a_letter_or_a_refusal(body: bytes) -> None:
    assert_understood(read_letter(body))


@given(JSON)
def test_any_json_gives_a_letter_or_a_refusal(value: object) -> None:
    assert_understood(read_letter(json.dumps(value).encode()))


@given(st.sampled_from(sorted(FIELDS)), JSON)
def test_any_value_of_any_field_gives_a_letter_or_a_refusal(name: str, value: object) -> None:
    assert_understood(read_letter(posted(**{name: value})))


@given(st.data())
def test_a_letter_spoilt_anywhere_gives_a_letter_or_a_refusal(data: st.DataObject) -> None:
    spoilt = bytearray(posted())
    at = data.draw(st.integers(0, len(spoilt) - 1))
    spoilt[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    assert_understood(read_letter(bytes(spoilt)))


@given(
    st.text(min_size=1, max_size=60),
    st.text(max_size=60),
    st.binary(max_size=80),
    st.none() | st.integers(0, 0xFFFF_FFFF),
    VERIFICATIONS,
)
def test_whatever_the_engine_tells_is_understood(
    key: str, reason: str, message: bytes, version: int | None, verification: Verification | None
) -> None:
    told = outcome(
        key,
        HIGHEST,
        reason=reason,
        message=message,
        version_before=version,
        verification=verification,
    )
    found = read_letter(letter(told), key)
    assert isinstance(found, ReceivedOutcome)
    assert found.id == key
    octets = json.loads(found.line)["message"]
    assert octets == (b64encode(message).decode() if message else None)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_letter_without_one_of_its_fields_is_refused_and_the_field_named(name: str) -> None:
    body = json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()
    found = read_letter(body)
    assert isinstance(found, Refusal)
    assert (found.status, found.reason.split()[0]) == (422, name)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ""}, "id must be a text of 1 to 200 characters"),
        ({"id": "x" * 201}, "id must be a text of 1 to 200 characters"),
        ({"utc": True}, "utc must be a number of seconds"),
        ({"device": "the blue one"}, "device must be an EUI-64"),
        ({"verdict": "maybe"}, "verdict must be succeeded or failed"),
        ({"verdict": ["succeeded"]}, "verdict must be succeeded or failed"),
        ({"sha256": "00" * 33}, "sha256 must be 64 hex digits, or empty"),
        ({"version_after": 1 << 32}, "version_after must be a version or null"),
        ({"version_after": True}, "version_after must be a version or null"),
        ({"message": "3q2-7w"}, "message must be base64 or null"),
        ({"decoded": []}, "decoded must be an object or null"),
        ({"verification": 1}, "verification must be an object, a text or null"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(changes: dict[str, object], said: str) -> None:
    assert read_letter(posted(**changes)) == Refusal(422, said)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b'{"id": NaN}', 400),
        (b'{"utc": 1e999}', 400),
        (b"9" * 5000, 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 40_000, 400),
        (b"\xff\xfe{}", 400),
        (b" " * (MAX_LETTER_BYTES + 1), 413),
    ],
    ids=str,
)
def test_what_no_json_reader_likes_is_refused(body: bytes, status: int) -> None:
    found = read_letter(body)
    assert isinstance(found, Refusal)
    assert found.status == status


def test_a_key_that_is_not_the_letters_id_is_refused() -> None:
    assert isinstance(read_letter(posted(), "k"), ReceivedOutcome)
    assert read_letter(posted(), "j") == Refusal(422, "the Idempotency-Key is not the letter's id")


def test_a_letter_that_grows_when_written_down_is_found_again() -> None:
    """Each of these characters is three octets in the post and six in the file."""
    found = read_letter(json.dumps(GOOD | {"more": "€" * 150_000}, ensure_ascii=False).encode())
    assert isinstance(found, ReceivedOutcome)
    assert len(found.line) > MAX_LETTER_BYTES
    assert kept_letter(found.line) == found
