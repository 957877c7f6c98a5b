"""Who is let in by a password, for how long, and who is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ota_engine.fleet.access.rows import BrowserSession
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.head_end.access.desk import WRONG, NotLetInError
from ota_engine.head_end.access.secret_texts import SecretKind, new_secret
from ota_engine.head_end.access.sessions import IDLE_S, SESSION_S
from tests.fleet.estate import BEGIN
from tests.head_end.access.lab import HERE, AccessLab, signed_in


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AccessLab]:
    with AccessLab(tmp_path) as lab:
        for person in ("olive", "sam", "kay"):
            lab.account(person)
        yield lab


async def test_a_person_comes_in_by_her_password_and_is_known_by_the_cookie(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        seen = await desk.by_session(begun.secret)
        assert seen == begun.seen
        assert (seen.viewer.person, seen.viewer.party) == ("sam", "supplier-1")
        assert PartyRole.ELECTRICITY_SUPPLIER in seen.viewer.roles
        assert seen.name == "Sam"
    assert lab.notes("sign in") == [f'sam sam {{"address":"{HERE}"}}']


async def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        for person in (
            "sam",
            "nobody",
            "'; drop table accounts",
            "",
            "x" * 5_000,
            "\x00",
            "\ud800",
        ):
            with pytest.raises(NotLetInError) as refused:
                await signed_in(desk, person, "not her password")
            assert str(refused.value) == WRONG
        for password in ("", "\x00", "\ud800", "x" * 5_000):
            with pytest.raises(NotLetInError, match=r"wrong|too many"):
                await signed_in(desk, "olive", password)


async def test_no_secret_that_was_not_given_lets_anybody_in(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        forged = [
            "",
            new_secret(SecretKind.SESSION).text,
            begun.secret[:-1],
            begun.secret + "A",
            begun.secret.lower(),
            begun.secret.replace("zota_s_", "zota_t_"),
            *(one.digest for one in lab.rows_of(BrowserSession)),
        ]
        for text in forged:
            assert await desk.by_session(text) is None
            assert await desk.by_token(text) is None


async def test_a_session_is_over_after_an_idle_hour_and_after_a_days_work(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun, other = await signed_in(desk, "sam"), await signed_in(desk, "olive")
        left = SESSION_S
        while left > IDLE_S:
            lab.pass_(IDLE_S - 120)
            left -= IDLE_S - 120
            assert await desk.by_session(begun.secret) is not None
            await desk.write()
        assert await desk.by_session(other.secret) is None
        lab.pass_(left)
        assert await desk.by_session(begun.secret) is None


async def test_use_that_is_not_written_yet_keeps_a_session_too(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        for _ in range(3):
            lab.pass_(IDLE_S - 120)
            assert await desk.by_session(begun.secret) is not None
        assert lab.rows_of(BrowserSession)[0].seen_utc == BEGIN  # nothing of it is written yet
