"""Who is let in by a password, for how long, and who is not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ota_engine.errors import LocalError
from ota_engine.fleet.access.rows import Account, Attempts, BrowserSession
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.parties.acts import RemovePerson
from ota_engine.fleet.parties.rows import Party
from ota_engine.head_end.access import accounts
from ota_engine.head_end.access.attempts import BY_PERSON, FORGET_S
from ota_engine.head_end.access.book import LOCAL_ACTOR
from ota_engine.head_end.access.desk import WRONG, NotAllowedError, NotLetInError
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.passwords import Passwords
from ota_engine.head_end.access.sealing import PasswordCost
from ota_engine.head_end.access.secret_texts import SecretKind, new_secret
from ota_engine.head_end.access.sessions import (
    IDLE_S,
    MOST_SESSIONS,
    SESSION_S,
    Arrival,
    begin_session,
    forget_ended,
)
from ota_engine.head_end.access.tokens import TokenWish
from tests.fleet.databases import octets_of
from tests.fleet.estate import BEGIN, KAYS_KEY
from tests.head_end.access.lab import ELSEWHERE, HERE, PASSWORD, AccessLab, signed_in


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
    assert lab.notes("sign in") == ["sam sam {}"]  # from where is for the log, not for ever


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


async def test_requests_cost_no_write_but_one_in_a_while_for_all(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = [await signed_in(desk, person) for person in ("sam", "olive")]
        before = lab.estate.store.data_version()
        lab.pass_(61)
        for one in begun * 20:
            assert await desk.by_session(one.secret) is not None
        assert lab.estate.store.data_version() == before
        await desk.write()
        assert lab.estate.store.data_version() == before + 1
        assert {one.seen_utc for one in lab.rows_of(BrowserSession)} == {
            BEGIN + 60
        }  # to the minute


async def test_what_was_kept_in_memory_is_written_when_a_server_stops(lab: AccessLab) -> None:
    async with lab.desk() as desk, trio.open_nursery() as nursery:
        nursery.start_soon(desk.run)
        begun = await signed_in(desk, "sam")
        lab.pass_(61)
        assert await desk.by_session(begun.secret) is not None
        assert await desk.by_token("zota_t_nonsense") is None
        nursery.cancel_scope.cancel()
    assert lab.rows_of(BrowserSession)[0].seen_utc == BEGIN + 60
    assert len(lab.notes("token refused")) == 1


async def test_a_session_that_was_ended_is_not_brought_back_by_its_last_use(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        lab.pass_(61)
        assert await desk.by_session(begun.secret) is not None
        await desk.sign_out(begun.seen)
        await desk.write()
        assert await desk.by_session(begun.secret) is None
    assert lab.notes("sign out") == ["sam sam {}"]


async def test_an_open_page_alone_keeps_no_session_alive(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        for _ in range(int(IDLE_S // 600)):
            assert await desk.still_in(begun.seen)
            lab.pass_(600)
        assert not await desk.still_in(begun.seen)


async def test_every_sign_in_has_a_secret_of_its_own_and_ends_what_the_browser_had(
    lab: AccessLab,
) -> None:
    """A cookie that somebody else put into a browser is worth nothing afterwards."""
    async with lab.desk() as desk:
        planted = await signed_in(desk, "olive")
        begun = await desk.sign_in("sam", PASSWORD, HERE, former=planted.secret)
        assert begun.secret != planted.secret
        assert await desk.by_session(planted.secret) is None
        other = await desk.sign_in("sam", PASSWORD, HERE, former="zota_s_nonsense")
        assert await desk.by_session(begun.secret) is not None
        assert await desk.by_session(other.secret) is not None


async def test_of_too_many_sessions_the_oldest_gives_way(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = []
        for _ in range(MOST_SESSIONS + 1):
            lab.pass_(1)
            begun.append(await signed_in(desk, "sam"))
        assert await desk.by_session(begun[0].secret) is None
        assert await desk.by_session(begun[1].secret) is not None
        assert len(await desk.sessions(begun[-1].seen)) == MOST_SESSIONS


async def test_a_changed_password_ends_all_sessions_and_the_former_one(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun, other = await signed_in(desk, "kay"), await signed_in(desk, "kay")
        new = "another horse without any"
        changed = await desk.change_password(begun.seen, PASSWORD, new, HERE)
        for secret in (begun.secret, other.secret):
            assert await desk.by_session(secret) is None
        assert await desk.by_session(changed.secret) is not None
        assert changed.seen.signer is not None
        with pytest.raises(NotLetInError):
            await signed_in(desk, "kay")
        again = await signed_in(desk, "kay", new)
        assert again.seen.signer is not None
    assert lab.notes("password changed") == ["kay kay {}"]


async def test_a_password_is_changed_by_nobody_who_does_not_know_it(lab: AccessLab) -> None:
    """Whoever finds a browser open guesses as slowly as at the door."""
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        for _ in range(BY_PERSON.free):
            with pytest.raises(NotLetInError):
                await desk.change_password(begun.seen, "a guess", "another password", HERE)
        with pytest.raises(NotLetInError, match="too many"):
            await desk.change_password(begun.seen, PASSWORD, "another password", HERE)
        lab.pass_(BY_PERSON.most_s)
        for weak in ("short", "sam sam sam sam", "\ud800" * 12):
            with pytest.raises(LocalError, match="password"):
                await desk.change_password(begun.seen, PASSWORD, weak, HERE)


async def test_a_locked_account_lets_nobody_in_and_nobody_stay(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun, keeper = await signed_in(desk, "sam"), await signed_in(desk, "olive")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        await desk.lock(keeper.seen, "sam", "left his laptop on a train")
        assert await desk.by_session(begun.secret) is None
        assert await desk.by_token(token) is None
        assert not await desk.still_in(begun.seen)
        with pytest.raises(NotLetInError, match="left his laptop on a train"):
            await signed_in(desk, "sam")
        with pytest.raises(NotLetInError) as refused:
            await signed_in(desk, "sam", "a guess")
        assert str(refused.value) == WRONG  # that it is locked is for who knows the password
        await desk.unlock(keeper.seen, "sam")
        assert await desk.by_session(begun.secret) is None
        await signed_in(desk, "sam")
    assert lab.notes("locked") == ['olive sam {"reason":"left his laptop on a train"}']


async def test_a_person_who_was_removed_is_out_from_the_next_request_on(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        lab.estate.decide("olive", RemovePerson("sam"))
        assert await desk.by_session(begun.secret) is None
        assert await desk.by_token(token) is None
        assert not await desk.still_in(begun.seen)
        with pytest.raises(NotLetInError, match="no longer in the fleet"):
            await signed_in(desk, "sam")


async def test_what_a_party_may_is_looked_at_each_time(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        (party,) = lab.rows_of(Party, party="supplier-1")
        lab.estate.put(replace(party, roles=(PartyRole.AUDITOR,)))
        seen = await desk.by_session(begun.secret)
        assert seen is not None
        assert seen.viewer.roles == {PartyRole.AUDITOR}
        assert not await desk.still_in(begun.seen)  # what is shown there is not hers any more


async def test_signing_out_everywhere_ends_all_sessions_and_no_token(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = [await signed_in(desk, "sam") for _ in range(3)]
        other = await signed_in(desk, "olive")
        token = await desk.make_token(begun[0].seen, TokenWish("ci"))
        assert await desk.sign_out_everywhere(begun[0].seen) == 3
        for one in begun:
            assert await desk.by_session(one.secret) is None
        assert await desk.by_session(other.secret) is not None
        assert await desk.by_token(token) is not None
        with pytest.raises(NotAllowedError):
            await desk.sign_out_everywhere(begun[0].seen, "olive")


async def test_what_is_over_is_removed_and_what_holds_stays(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        await signed_in(desk, "sam")
        with pytest.raises(NotLetInError):
            await signed_in(desk, "nobody", address=ELSEWHERE)
        lab.pass_(SESSION_S)
        begun = await signed_in(desk, "olive")
        forget_ended(lab.estate.desk, Moment(lab.clock()))
        assert [one.person for one in lab.rows_of(BrowserSession)] == ["olive"]
        assert await desk.by_session(begun.secret) is not None
        assert lab.rows_of(Attempts)
        lab.pass_(FORGET_S)
        forget_ended(lab.estate.desk, Moment(lab.clock()))
        assert lab.rows_of(Attempts) == []


async def test_a_session_lasts_for_a_persons_time_where_the_calendar_runs_faster(
    lab: AccessLab,
) -> None:
    lab.rate = 1_000.0
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        lab.pass_(1_000.0 * (IDLE_S - 1.0))
        assert await desk.by_session(begun.secret) is not None
        lab.pass_(1_000.0 * IDLE_S)
        assert await desk.by_session(begun.secret) is None
        begun = await signed_in(desk, "sam")
    lab.rate = 1.0
    async with lab.desk() as desk:  # and a calendar that is slow again makes it no longer
        assert await desk.by_session(begun.secret) is None


async def test_a_session_of_another_clock_is_none(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        (row,) = lab.rows_of(BrowserSession)
        lab.estate.put(replace(row, ends_utc=row.ends_utc + 1e9))
        assert await desk.by_session(begun.secret) is None


async def test_who_is_locked_while_her_password_is_checked_does_not_come_in(
    lab: AccessLab,
) -> None:
    (account,) = lab.rows_of(Account, person="sam")
    arrival, now = Arrival(account, HERE, None), Moment(lab.clock())
    accounts.lock(lab.estate.desk, "sam", "because", LOCAL_ACTOR, now)
    with pytest.raises(LocalError, match="sign in again"):
        begin_session(lab.estate.desk, arrival, now)
    assert lab.rows_of(BrowserSession) == []


async def test_whoever_reads_the_database_comes_in_by_nothing_in_it(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        await desk.invite((await signed_in(desk, "olive")).seen, "sue")
        stored = octets_of(lab.state)
        der = KAYS_KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        number = KAYS_KEY.private_numbers().private_value.to_bytes(32, "big")
        for secret in (begun.secret, token, PASSWORD):
            assert secret.encode() not in stored
        for octets in (der, number):
            assert octets not in stored


async def test_a_damaged_row_lets_nobody_in_and_stops_nobody_else(lab: AccessLab) -> None:
    (account,) = lab.rows_of(Account, person="sam")
    lab.estate.put(replace(account, password="$argon2id$nonsense"))  # noqa: S106 - no hash
    async with lab.desk() as desk:
        with pytest.raises(NotLetInError) as refused:
            await signed_in(desk, "sam")
        assert str(refused.value) == WRONG
        await signed_in(desk, "olive")


async def test_a_hash_of_another_cost_is_made_anew_with_its_sealed_key(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        (former,) = lab.rows_of(Account, person="kay")
        lab.passwords = Passwords(PasswordCost(2, 16, 1))
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        assert begun.seen.signer is not None
        (now,) = lab.rows_of(Account, person="kay")
        assert "m=16,t=2" in now.password
        assert now.sealed_key != former.sealed_key
        assert await desk.by_session(begun.secret) is not None
        again = await signed_in(desk, "kay")
        assert again.seen.signer is not None
