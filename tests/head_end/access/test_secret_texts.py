"""Texts of secrets and the header that brings one: read whole or not at all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.head_end.access.cookies import (
    PLAIN_NAME,
    SECURE_NAME,
    secret_in,
    set_cookie,
    unset_cookie,
)
from ota_engine.head_end.access.secret_texts import (
    AccessSecret,
    SecretKind,
    new_secret,
    read_secret,
)

KINDS = st.sampled_from(SecretKind)
SECRETS = st.builds(AccessSecret, KINDS, st.binary(min_size=32, max_size=32))


@given(secret=SECRETS)
def test_a_secret_is_read_as_it_was_written(secret: AccessSecret) -> None:
    assert read_secret(secret.text, secret.kind) == secret
    assert re.fullmatch(r"zota_[sti]_[0-9A-Za-z]{49}", secret.text)


@given(secret=SECRETS, kind=KINDS)
def test_a_secret_of_one_kind_is_none_of_another(secret: AccessSecret, kind: SecretKind) -> None:
    assert (read_secret(secret.text, kind) is None) is (kind is not secret.kind)


@given(secret=SECRETS, place=st.integers(0, 55), letter=st.characters())
def test_a_secret_with_another_letter_is_none(
    secret: AccessSecret, place: int, letter: str
) -> None:
    text = secret.text[:place] + letter + secret.text[place + 1 :]
    if text != secret.text:
        assert read_secret(text, secret.kind) is None


@given(text=st.text(max_size=80), kind=KINDS)
def test_any_text_is_read_or_refused(text: str, kind: SecretKind) -> None:
    assert read_secret(text, kind) is None


def test_a_number_that_no_secret_has_is_refused() -> None:
    """43 digits hold a little more than 256 bits, and one secret must not have two texts."""
    largest = AccessSecret(SecretKind.TOKEN, b"\xff" * 32)
    assert read_secret("zota_t_" + "z" * 43 + largest.text[-6:], SecretKind.TOKEN) is None


def test_what_is_kept_of_a_secret_and_shown_of_it_does_not_give_it_away() -> None:
    secret = new_secret(SecretKind.TOKEN)
    for shown in (repr(secret), secret.digest):
        assert secret.octets.hex() not in shown
        assert secret.text not in shown


@given(header=st.text(max_size=300), secure=st.booleans())
def test_any_cookie_header_is_read_or_says_nothing(header: str, secure: bool) -> None:
    found = secret_in(header, secure=secure)
    assert found == "" or found in header


@given(
    secret=SECRETS,
    before=st.lists(st.from_regex(r"[a-z]{1,5}=[a-z]{0,5}", fullmatch=True)),
    secure=st.booleans(),
)
def test_the_secret_is_found_among_other_cookies(
    secret: AccessSecret, before: list[str], secure: bool
) -> None:
    own = set_cookie(secret.text, secure=secure).partition(";")[0]
    for parts in ([*before, own], [own, *before]):
        assert secret_in("; ".join(parts), secure=secure) == secret.text


def test_a_cookie_that_is_there_twice_lets_nobody_in() -> None:
    """A neighbouring host that sets one for ours, too, decides nothing by it."""
    assert secret_in(f"{PLAIN_NAME}=a; {PLAIN_NAME}=b", secure=False) == ""
    assert secret_in(f"{PLAIN_NAME}=a", secure=True) == ""
    assert secret_in(f"x{PLAIN_NAME}=a; {PLAIN_NAME}x=b", secure=False) == ""


@pytest.mark.parametrize("secure", [True, False])
def test_a_cookie_is_for_this_host_alone_and_for_no_script(secure: bool) -> None:
    name, *rules = set_cookie("s", secure=secure).split("; ")
    assert name == f"{SECURE_NAME if secure else PLAIN_NAME}=s"
    assert {"Path=/", "HttpOnly", "SameSite=Strict"} <= set(rules)
    assert ("Secure" in rules) is secure
    assert not any(rule.startswith("Domain") for rule in rules)
    assert "Max-Age=0" in unset_cookie(secure=secure)
