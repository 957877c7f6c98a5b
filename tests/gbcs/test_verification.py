"""What a message was worth, as text and back: what is none of ours is a ValueError, never another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.gbcs.verification import CheckResult, Verification

RESULTS = st.sampled_from(CheckResult)


@given(RESULTS, RESULTS)
def test_what_was_found_reads_back(signature: CheckResult, mac: CheckResult) -> None:
    found = Verification(signature, mac)
    assert Verification.from_text(found.text) == found


def test_the_text_is_that_of_schema_0002() -> None:
    found = Verification(CheckResult.VALID, CheckResult.NO_KEY)
    assert found.text == '{"mac":"no-key","signature":"valid"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "valid",
        "[1]",
        "null",
        '{"mac":"valid"}',
        '{"mac":7,"signature":"valid"}',
        '{"mac":"splendid","signature":"valid"}',
        '{"mac":[],"signature":{}}',
        "[" * 9999,
    ],
)
def test_a_text_of_another_form_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]{1,200}$"):
        Verification.from_text(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        Verification.from_text(text)
    except ValueError:
        return
