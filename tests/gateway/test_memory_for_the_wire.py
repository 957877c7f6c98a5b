"""What a gateway remembers so that a head end beyond a wire hears everything, once, and again when it must."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.gateway.effects import Forget, GatewayEffect, Remember
from ota_engine.gateway.errands import GatewayRow, OutcomeSaid, VersionSaid
from ota_engine.gateway.memory import GatewayMemory
from ota_engine.gateway.voice import KEPT_S, HubVoice
from ota_engine.shell.gateway import BOOK_NAME, GatewayBook
from ota_engine.telling.line_file import LineFile
from ota_engine.times import Utc
from tests.crashes import crash_at_every_line
from tests.gateway.homes import BEGIN, HCALCS

DAY: Final = 86_400.0


def outcome(number: int) -> HubOutcome:
    key = f"h1/{number}"
    return HubOutcome(key, "c", 1, "h1", HCALCS, HubWord.REACHED, "", None, b"", BEGIN)


class Voice:
    """A voice whose memory is written down, and read again by ``again``."""

    def __init__(self) -> None:
        self.rows: dict[str, GatewayRow] = {}
        self.again()

    def again(self) -> None:
        self.memory = GatewayMemory("h1", self.rows.values())
        self.voice = HubVoice(self.memory)

    def keep(self) -> None:
        keep(self.rows, self.memory.drain())

    def say(self, *numbers: int) -> None:
        for number in numbers:
            self.voice.tell(outcome(number))
        self.keep()

    def settle(self, number: int, utc: float = BEGIN) -> None:
        self.voice.settle_up_to(number, Utc(utc))
        self.voice.forget_old(Utc(utc))
        self.keep()

    def numbered(self, after: int = 0) -> list[tuple[int, str]]:
        return [(row.sequence, row.outcome.key) for row in self.voice.said_after(after)]


def keep(rows: dict[str, GatewayRow], effects: Iterable[GatewayEffect]) -> None:
    for effect in effects:
        if isinstance(effect, Remember):
            rows[effect.row.key] = effect.row
        elif isinstance(effect, Forget):
            rows.pop(effect.row.key, None)


def test_what_was_heard_is_heard_again_by_a_head_end_that_was_restored() -> None:
    one = Voice()
    one.say(1, 2, 3)
    one.settle(3)
    assert one.voice.outcomes == ()
    one.again()
    assert one.voice.outcomes == ()
    assert one.numbered(1) == [(2, "h1/2"), (3, "h1/3")]
    one.settle(1)
    assert one.voice.settled == 3, "to be told less does not unsettle what was kept"


def test_what_was_heard_is_forgotten_after_35_days_and_its_numbers_are_not_given_again() -> None:
    one = Voice()
    one.say(1, 2)
    one.settle(2)
    one.say(3)
    one.settle(3, BEGIN + KEPT_S - 1)
    assert one.numbered() == [(1, "h1/1"), (2, "h1/2"), (3, "h1/3")]
    one.settle(3, BEGIN + KEPT_S)
    assert one.numbered() == [(3, "h1/3")]
    one.settle(3, BEGIN + 3 * KEPT_S)
    assert one.numbered() == []
    one.again()
    one.say(4)
    assert one.numbered() == [(4, "h1/4")]


def test_what_a_fleet_in_this_process_settles_takes_its_number_along() -> None:
    one = Voice()
    one.say(1, 2)
    one.voice.settle(["h1/1", "h1/2"])
    one.keep()
    one.again()
    one.say(3)
    assert one.numbered() == [(3, "h1/3")]


def test_a_memory_older_than_what_the_head_end_has_heard_says_its_own_under_numbers_above() -> None:
    one = Voice()
    one.say(1, 2, 3)
    one.settle(1)
    one.settle(7)
    assert one.numbered(7) == [(8, "h1/2"), (9, "h1/3")]
    one.again()
    assert one.numbered(7) == [(8, "h1/2"), (9, "h1/3")]


@given(st.lists(st.sampled_from(("say", "settle", "again", "day")), max_size=40))
def test_numbers_only_grow_and_nothing_unheard_is_forgotten(steps: list[str]) -> None:
    one, said, heard, utc = Voice(), 0, 0, float(BEGIN)
    for step in steps:
        if step == "say":
            said += 1
            one.say(said)
        elif step == "settle":
            heard = said
            one.settle(heard, utc)
        elif step == "again":
            one.again()
        else:
            utc += 20 * DAY
            one.settle(heard, utc)
        assert one.numbered(heard) == [(n, f"h1/{n}") for n in range(heard + 1, said + 1)]
        assert one.voice.last == said


# --- the book ------------------------------------------------------------------------------------


def version(number: int) -> VersionSaid:
    return VersionSaid(Eui64(1), number, number)


def test_a_book_of_the_past_is_written_anew_and_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / BOOK_NAME
    book = GatewayBook(path)
    instance = book.instance
    book.write([Remember(OutcomeSaid(1, outcome(1)))])
    largest = 0
    for first in range(0, 5000, 20):
        book.write([Remember(version(number)) for number in range(first, first + 20)])
        largest = max(largest, path.stat().st_size)
    assert largest < 100_000, "5000 lines would be more"
    book.close()
    again = GatewayBook(path)
    assert again.rows["version/0000000000000001"] == version(4999)
    assert list(again.rows) == ["instance", "outcome/h1/1", "version/0000000000000001"]
    assert again.instance == instance
    again.close()


def test_a_book_that_has_no_room_to_be_written_anew_is_added_to(tmp_path: Path) -> None:
    in_the_way = tmp_path / f".{BOOK_NAME}.part"
    in_the_way.mkdir()
    book = GatewayBook(tmp_path / BOOK_NAME)
    for first in range(0, 3000, 20):
        book.write([Remember(version(number)) for number in range(first, first + 20)])
    book.close()
    again = GatewayBook(tmp_path / BOOK_NAME)
    assert again.rows["version/0000000000000001"] == version(2999)
    again.close()


def test_a_process_that_dies_while_a_book_is_written_anew_loses_nothing(tmp_path: Path) -> None:
    def lines(point: int) -> LineFile:
        return LineFile(tmp_path / f"{point}", b"{", None)

    def work(point: int) -> None:
        with lines(point) as file:
            file.append([b'{"one":1}\n', b'{"two":2}\n'])
            file.rewrite([b'{"one":1,"two":2}\n'])
            file.append([b'{"three":3}\n'])

    def look_over(point: int) -> None:
        with lines(point) as file:
            before = [b'{"one":1}', b'{"two":2}']
            after = [b'{"one":1,"two":2}']
            found = file.found
            assert found in ([], before, after, [*after, b'{"three":3}'])
            file.rewrite([b'{"four":4}\n'])
        with lines(point) as file:
            assert file.found == [b'{"four":4}']

    assert crash_at_every_line([LineFile.append, LineFile.rewrite], work, look_over) > 15
