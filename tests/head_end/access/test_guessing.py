"""Whoever guesses passwords waits longer each time, whatever he guesses at and from wherever."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.fleet.access.rows import Attempts
from ota_engine.head_end.access.attempts import (
    BY_ADDRESS,
    BY_PERSON,
    FORGET_S,
    GuessLimit,
    address_subject,
    one_more,
    wait_s,
)
from ota_engine.head_end.access.desk import WRONG, AccessDesk, NotLetInError
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.passwords import AT_ONCE, MOST_WAITING, Passwords
from ota_engine.paced_clock import PacedClock
from ota_engine.times import Utc
from tests.fleet.databases import sqlite_of
from tests.fleet.estate import BEGIN
from tests.head_end.access.lab import CHEAP, ELSEWHERE, HERE, PASSWORD, AccessLab, signed_in


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AccessLab]:
    with AccessLab(tmp_path) as lab:
        lab.account("sam")
        lab.account("olive")
        yield lab


async def _told(desk: AccessDesk, person: str, password: str, address: str = HERE) -> NotLetInError:
    with pytest.raises(NotLetInError) as refused:
        await signed_in(desk, person, password, address)
    assert "\n" not in str(refused.value)
    return refused.value


async def _guess_at(desk: AccessDesk, person: str, times: int) -> None:
    for number in range(times):
        told = await _told(desk, person, f"guess {number}", f"203.0.113.{number}")
        assert str(told) == WRONG


@pytest.mark.parametrize("person", ["sam", "nobody"])
async def test_guesses_at_an_account_wait_from_wherever_they_come(
    lab: AccessLab, person: str
) -> None:
    """One that there is not is treated as one that there is."""
    async with lab.desk() as desk:
        await _guess_at(desk, person, BY_PERSON.free)
        told = await _told(desk, person, "a guess", ELSEWHERE)
        assert told.after_s == BY_PERSON.first_s
        assert "too many attempts" in str(told)
        assert "try again in" in str(told)


async def test_even_the_right_password_waits_and_is_taken_after_the_wait(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        await _guess_at(desk, "sam", BY_PERSON.free)
        assert "too many" in str(await _told(desk, "sam", PASSWORD))
        lab.pass_(BY_PERSON.first_s)
        await signed_in(desk, "sam")
        await _guess_at(desk, "sam", BY_PERSON.free - 1)  # it begins anew


async def test_each_wait_is_twice_the_one_before_up_to_a_bound(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        await _guess_at(desk, "sam", BY_PERSON.free)
        waits = []
        for number in range(12):
            told = await _told(desk, "sam", "a guess", f"203.0.113.{100 + number}")
            waits.append(told.after_s)
            lab.pass_(told.after_s)
            await _told(desk, "sam", "a guess", f"203.0.113.{150 + number}")
        assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
        assert waits[-1] == BY_PERSON.most_s


async def test_what_comes_during_a_wait_makes_it_no_longer(lab: AccessLab) -> None:
    """Who goes on guessing keeps nobody out for good."""
    async with lab.desk() as desk:
        await _guess_at(desk, "sam", BY_PERSON.free)
        for _ in range(20):
            await _told(desk, "sam", "a guess")
        lab.pass_(BY_PERSON.first_s)
        await signed_in(desk, "sam")


async def test_a_flood_of_guesses_costs_the_fleet_no_turn(lab: AccessLab) -> None:
    sqlite_of(lab.estate.store)  # on a server, what others commit there counts as well
    async with lab.desk() as desk:
        await _guess_at(desk, "sam", BY_PERSON.free)
        before = lab.estate.store.data_version()
        for _ in range(50):
            await _told(desk, "sam", "a guess")
        assert lab.estate.store.data_version() == before


async def test_guesses_from_an_address_wait_whomever_they_are_at(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        for number in range(BY_ADDRESS.free):
            assert str(await _told(desk, f"person{number}", "a guess")) == WRONG
        assert "too many" in str(await _told(desk, "olive", PASSWORD))
        await signed_in(desk, "olive", address=ELSEWHERE)


async def test_signing_in_to_an_own_account_frees_nobody_to_guess_at_others(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        for number in range(BY_ADDRESS.free):
            await _told(desk, f"person{number}", "a guess")
            lab.pass_(BY_ADDRESS.most_s)
            if number % 3 == 0:
                await signed_in(desk, "sam")
        assert (await _told(desk, "other", "a guess")).after_s == 0.0
        assert (await _told(desk, "another", "a guess")).after_s > 0.0


async def test_a_server_that_starts_again_remembers_who_has_to_wait(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        await _guess_at(desk, "sam", BY_PERSON.free)
    async with lab.desk() as desk:
        assert "too many" in str(await _told(desk, "sam", PASSWORD))


async def test_many_guesses_at_once_are_as_many(lab: AccessLab) -> None:
    looked_at = 0

    async def guess(desk: AccessDesk) -> None:
        nonlocal looked_at
        told = await _told(desk, "sam", "a guess")
        looked_at += str(told) == WRONG

    async with lab.desk() as desk, trio.open_nursery() as nursery:
        for _ in range(MOST_WAITING):
            nursery.start_soon(guess, desk)
    assert looked_at == BY_PERSON.free


async def test_attempts_are_forgotten_after_a_day_without_one(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        await _guess_at(desk, "sam", BY_PERSON.free)
        lab.pass_(FORGET_S + BY_PERSON.first_s)
        await _guess_at(desk, "sam", BY_PERSON.free)


async def test_a_calendar_that_runs_faster_makes_nobody_guess_faster(lab: AccessLab) -> None:
    begin = PacedClock(BEGIN, 1_000.0)
    row = None
    for _ in range(BY_PERSON.free):
        row = one_more(row, "person:sam", BY_PERSON, Moment(begin.begin_utc, begin.rate))
    assert row is not None
    assert row.until_utc == BEGIN + 1_000.0 * BY_PERSON.first_s
    assert wait_s(row, BY_PERSON, Moment(BEGIN, 1_000.0)) == BY_PERSON.first_s


async def test_the_trail_gets_sums_of_what_was_refused_and_no_guess(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        await _guess_at(desk, "sam", 3)
        for number in range(5):
            await _told(desk, f"nobody{number}", "a guess", ELSEWHERE)
        await _told(desk, "<script>", "a guess", ELSEWHERE)
        await desk.write()
    assert lab.notes("sign in refused") == [
        'access nobody known {"reason":"wrong person or password","times":6}',
        'access sam {"reason":"wrong person or password","times":3}',
    ]


async def test_an_account_that_there_is_not_costs_as_much_as_a_wrong_password(
    lab: AccessLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is done, not by a clock: one hash is verified either way, at the same cost."""
    verified: list[str] = []
    hasher = lab.passwords._hasher
    plain = type(hasher).verify

    def verify(self: object, hashed: str, password: str) -> bool:
        verified.append(hashed.rpartition("$")[0].rpartition("$")[0])
        return plain(hasher, hashed, password)

    monkeypatch.setattr(type(hasher), "verify", verify)
    lab.passwords.is_right("warm", "")
    async with lab.desk() as desk:
        for person in ("sam", "nobody", "'"):
            verified.clear()
            await _told(desk, person, "a wrong password")
            assert verified == ["$argon2id$v=19$m=8,t=1,p=1"]


async def test_only_a_few_passwords_are_checked_at_once_and_few_wait() -> None:
    passwords = Passwords(CHEAP)
    running = most = 0
    refused: list[Exception] = []
    gate, begun = trio.Event(), trio.Semaphore(0)

    def check() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        trio.from_thread.run_sync(begun.release)
        trio.from_thread.run(gate.wait)
        running -= 1

    async def ask() -> None:
        try:
            await passwords.apart(check)
        except Exception as error:  # noqa: BLE001 - looked at below
            refused.append(error)

    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE + MOST_WAITING + 5):
            nursery.start_soon(ask)
        for _ in range(AT_ONCE):
            await begun.acquire()
        await trio.testing.wait_all_tasks_blocked()
        assert len(refused) == 5
        gate.set()
    assert most == AT_ONCE
    assert "try again" in str(refused[0])


@given(
    waits=st.lists(st.floats(0.0, 10_000.0), max_size=50),
    limit=st.sampled_from([BY_PERSON, BY_ADDRESS]),
)
def test_no_wait_is_longer_than_the_longest(waits: list[float], limit: GuessLimit) -> None:
    row, now = None, BEGIN
    for wait in waits:
        row = one_more(row, "person:x", limit, Moment(now))
        assert 0.0 <= wait_s(row, limit, Moment(now)) <= limit.most_s
        now = Utc(now + wait)


def test_a_clock_that_was_wrong_keeps_nobody_out_for_years() -> None:
    row = Attempts("person:sam", 9, BEGIN, BEGIN + 1e9)
    assert wait_s(row, BY_PERSON, Moment(BEGIN)) == BY_PERSON.most_s


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.1", "address:192.0.2.1"),
        ("::ffff:192.0.2.1", "address:192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "address:2001:db8:1:2::/64"),
        ("", "address:unknown"),
        ("<script>", "address:unknown"),
        ("1.2.3.4 ", "address:unknown"),
    ],
)
def test_an_address_counts_as_one_however_it_is_written(address: str, subject: str) -> None:
    assert address_subject(address) == subject
