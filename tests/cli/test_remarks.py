"""Lines to people: folded at words on a terminal, whole elsewhere, harmless everywhere."""

import io
from contextlib import redirect_stderr, redirect_stdout

import pytest

from ota_engine.cli.remarks import put, put_fact, remark

DIGEST = "0123456789abcdef" * 4
LONG = "a port that is taken by another program says so, and what to do about it, in whole words"


class Screen(io.StringIO):
    """A stream that is a terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("COLUMNS", "80")
    return Screen()


def test_what_is_piped_stays_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    remark(LONG)
    put_fact("manufacturer image hash", DIGEST, 25)
    said = capsys.readouterr()
    assert said.err == f"zota: {LONG}\n"
    assert said.out == f"manufacturer image hash  {DIGEST}\n"


def test_on_a_terminal_words_stay_whole(screen: Screen) -> None:
    with redirect_stderr(screen):
        remark(LONG)
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(lines) == f"zota: {LONG}"


def test_a_digest_without_room_beside_its_name_goes_below_and_words_go_on_beside(
    screen: Screen,
) -> None:
    with redirect_stdout(screen):
        put_fact("manufacturer image hash", DIGEST, 25)
        put_fact("reason", LONG, 25)
    name, digest, *reason = screen.getvalue().splitlines()
    assert (name, digest) == ("manufacturer image hash", f"    {DIGEST}")
    assert reason[0].startswith("reason" + " " * 19 + "a port")
    assert all(line.startswith(" " * 25) and len(line) <= 80 for line in reason[1:])


def test_a_terminal_is_given_nothing_that_it_would_act_on(screen: Screen) -> None:
    put("a name with \x1b[2J in it", screen)
    assert screen.getvalue() == "a name with \\x1b[2J in it\n"
