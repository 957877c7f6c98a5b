"""Tokens of programs: made by persons, for a time, revoked at once, and never more than the person may."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.errors import LocalError
from ota_engine.fleet.access.rows import AccessToken
from ota_engine.fleet.parties.rows import Person
from ota_engine.head_end.access.accounts import public_pem
from ota_engine.head_end.access.desk import AccessDesk, NotAllowedError
from ota_engine.head_end.access.entry import EntryWay, SignedIn
from ota_engine.head_end.access.secret_texts import SecretKind, new_secret
from ota_engine.head_end.access.tokens import MOST_TOKENS, TokenWish
from ota_engine.times import DAY_S
from tests.head_end.access.lab import AccessLab, signed_in


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AccessLab]:
    with AccessLab(tmp_path) as lab:
        for person in ("olive", "sam", "kay"):
            lab.account(person)
        yield lab


async def _known(desk: AccessDesk, token: str) -> SignedIn:
    seen = await desk.by_token(token)
    assert seen is not None
    return seen


async def test_a_token_lets_a_program_in_as_its_person_and_signs_as_she_does(
    lab: AccessLab,
) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        token = await desk.make_token(begun.seen, TokenWish("ci", 30))
        assert token.startswith("zota_t_")
        seen = await _known(desk, token)
        assert seen.way is EntryWay.BEARER
        assert seen.viewer == begun.seen.viewer
        assert seen.signer is not None
        assert not seen.reads_only
        assert [one.name for one in await desk.tokens(begun.seen)] == ["ci"]
    assert '"name":"ci"' in lab.notes("token made")[0]


async def test_a_token_that_reads_only_has_no_key_at_all(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        token = await desk.make_token(begun.seen, TokenWish("reader", 30, reads_only=True))
        seen = await _known(desk, token)
        assert seen.reads_only
        assert seen.signer is None
        assert lab.rows_of(AccessToken)[0].sealed_key == b""


async def test_a_token_is_over_at_its_end(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        token = await desk.make_token(begun.seen, TokenWish("ci", 1))
        seen = await _known(desk, token)
        lab.pass_(DAY_S - 1)
        assert await desk.by_token(token) is not None
        assert await desk.still_in(seen)
        lab.pass_(1)
        assert await desk.by_token(token) is None
        assert not await desk.still_in(seen)


async def test_a_revoked_token_is_refused_at_once_and_its_name_may_be_used_again(
    lab: AccessLab,
) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        seen = await _known(desk, token)
        await desk.revoke_token(begun.seen, "ci")
        assert await desk.by_token(token) is None
        assert not await desk.still_in(seen)
        other = await desk.make_token(begun.seen, TokenWish("ci"))
        assert other != token
        assert await desk.by_token(token) is None
    assert lab.notes("token revoked") == ['sam sam {"name":"ci"}']


async def test_forged_tokens_are_refused_and_counted(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        (row,) = lab.rows_of(AccessToken)
        for forged in (
            "",
            "zota_t_",
            token[:-1],
            token.swapcase(),
            f" {token}",
            new_secret(SecretKind.TOKEN).text,
            row.digest,
            begun.secret,
        ):
            assert await desk.by_token(forged) is None
        await desk.write()
    assert lab.notes("token refused") == [
        'access nobody known {"reason":"unknown, over or revoked","times":8}'
    ]


async def test_a_program_makes_no_token_and_changes_no_way_in(lab: AccessLab) -> None:
    """Whoever has a token for a day does not make one for a year of it."""
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        seen = await _known(desk, await desk.make_token(begun.seen, TokenWish("ci", 1)))
        with pytest.raises(NotAllowedError, match="sign in with a browser"):
            await desk.make_token(seen, TokenWish("more", 366))
        with pytest.raises(NotAllowedError):
            await desk.revoke_token(seen, "ci")
        with pytest.raises(NotAllowedError):
            await desk.sign_out_everywhere(seen)
        with pytest.raises(NotAllowedError):
            await desk.change_password(seen, "x", "a password of 20 letters", "")
        with pytest.raises(NotAllowedError):
            await desk.replace_key(seen, "x", "")


async def test_nobody_revokes_or_sees_the_token_of_another(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        sam, olive = await signed_in(desk, "sam"), await signed_in(desk, "olive")
        token = await desk.make_token(sam.seen, TokenWish("ci"))
        assert await desk.tokens(olive.seen) == []
        with pytest.raises(LocalError, match="has no token ci"):
            await desk.revoke_token(olive.seen, "ci")
        assert await desk.by_token(token) is not None


async def test_a_token_that_is_put_into_the_row_of_another_person_signs_nothing(
    lab: AccessLab,
) -> None:
    """Whoever writes the database has no key of hers by it."""
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        (row,) = lab.rows_of(AccessToken)
        lab.estate.put(replace(row, person="olive"))
        seen = await _known(desk, token)
        assert seen.viewer.person == "olive"
        assert seen.signer is None


async def test_a_key_that_is_no_longer_registered_signs_nothing(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        (kay,) = lab.rows_of(Person, person="kay")
        lab.estate.put(replace(kay, key=public_pem(ec.generate_private_key(ec.SECP256R1()))))
        assert (await _known(desk, token)).signer is None


@pytest.mark.parametrize(
    "wish",
    [
        TokenWish(""),
        TokenWish("  "),
        TokenWish("two\nlines"),
        TokenWish("x" * 61),
        TokenWish("\x1b[2J"),
        TokenWish("ci", 0),
        TokenWish("ci", 367),
        TokenWish("ci", -1),
    ],
)
async def test_a_wish_that_is_none_is_refused_in_one_line(lab: AccessLab, wish: TokenWish) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        with pytest.raises(LocalError) as refused:
            await desk.make_token(begun.seen, wish)
        assert "\n" not in str(refused.value)


async def test_of_a_name_there_is_one_token_and_of_tokens_a_bounded_number(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        for number in range(MOST_TOKENS):
            await desk.make_token(begun.seen, TokenWish(f"ci {number}", 1))
        with pytest.raises(LocalError, match="already"):
            await desk.make_token(begun.seen, TokenWish("ci 0"))
        with pytest.raises(LocalError, match="revoke one first"):
            await desk.make_token(begun.seen, TokenWish("one more"))
        lab.pass_(DAY_S)
        again = await signed_in(desk, "sam")
        await desk.make_token(again.seen, TokenWish("one more"))  # those that are over make room
        assert len(await desk.tokens(again.seen)) == 1
