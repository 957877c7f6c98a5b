"""Texts from outside, and times: one bounded, printable line each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.times import Utc
from ota_engine.wording import LONGEST, one_line, utc_text, without_credentials


@given(st.text() | st.text(st.characters(categories=["Cc", "Cs", "Cf", "Zl", "Zp"])))
def test_fault_36_any_text_becomes_one_bounded_printable_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= LONGEST
    line.encode()


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=LONGEST))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert one_line(text) == text


def test_what_is_cut_is_seen_to_be_cut() -> None:
    assert one_line("x" * 1000).endswith("…")


def test_a_time_is_a_date() -> None:
    assert utc_text(Utc(1_835_438_400.0)) == "2028-02-29 12:00:00 UTC"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_time_is_worded(utc: Utc) -> None:
    assert utc_text(utc).isprintable()


@pytest.mark.parametrize(
    ("word", "printed"),
    [
        ("https://user:geheim@host/outcomes", "https://***@host/outcomes"),
        ("https://geheim@host:8443", "https://***@host:8443"),
        ("http://user:ge/he?im@host/x", "http://***@host/x"),
        ("http://user:a@geheim@host/x", "http://***@host/x"),
        ("--outcomes-to=http://user:geheim@host/", "--outcomes-to=http://***@host/"),
        ("http://host/x?token=geheim&a=1", "http://host/x?token=***&a=1"),
        ("http://host/x?a=1&client_secret=geheim#y", "http://host/x?a=1&client_secret=***#y"),
        ("http://user:1/geheim@host/x", "http://***@host/x"),
        ("sim://?keys=keys", "sim://?keys=keys"),
        ("someone@example.com", "someone@example.com"),
    ],
)
def test_what_a_url_gives_away_is_not_printed(word: str, printed: str) -> None:
    assert without_credentials(word) == printed


@given(st.text(), st.text())
def test_no_password_before_a_host_is_ever_printed(user: str, password: str) -> None:
    shown = without_credentials(f"https://{user}:{password}-geheim@host/outcomes")
    assert "geheim" not in shown
