"""The README's steps in a browser, done as they are printed, in the portal that `make portal` serves.

A step is a numbered sentence: *sign in as* a person, *follow* links, *press* buttons, *choose* what stands in a
list, *open* what is folded, *write* into fields, *tick* a home, and what *you see* then.
Whatever is bold is walked, and nothing else.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.portal import ExamplePortal, served, sign_in

README: Final = Path(__file__).parents[2] / "README.md"
HOMES = 3_000  # what `make portal` has
RATE = 2_400.0  # four times what it has: a test waits no longer than it must
STEP: Final = re.compile(r"^\d\. (.*(?:\n   .*)*)", re.MULTILINE)
TOKEN: Final = re.compile(
    r"(?P<verb>sign in as|follow|open|press|choose|write|you see)\b"
    r"|\*\*(?P<bold>[^*]+)\*\*|`(?P<code>[^`]+)`"
    r"|(?P<tick>tick a home)|(?P<ahead>a time two weeks ahead)",
    re.IGNORECASE,
)
MADE_AT: Final = re.compile(r"made at (\d+ \w+ \d+, \d+:\d+)")


class Deed(NamedTuple):
    """Something that a step has its reader do, or look at."""

    verb: str
    name: str
    value: str = ""


def deeds(step: str) -> Iterator[Deed]:
    """Read a step."""
    verb, value = "", ""
    for found in TOKEN.finditer(" ".join(step.split())):
        kind, text = found.lastgroup or "", found.group()
        if kind == "verb":
            verb, value = text.lower(), ""
        elif kind == "tick":
            yield Deed("tick", "")
        elif kind in ("code", "ahead"):
            assert verb == "write", f"{text}: nothing says where that is written"
            value = found["code"] or text
        elif verb == "choose" and not value:
            value = found["bold"]
        else:
            assert verb, f"{text}: nothing says what is to be done with it"
            assert bool(value) == (verb in ("choose", "write")), f"{text}: {verb} what?"
            yield Deed(verb, found["bold"], value)
            value = ""


def steps_of(title: str) -> list[str]:
    """The numbered sentences of a section."""
    text = README.read_text("utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    return STEP.findall(text)


def ahead(page: Page) -> str:
    """Two weeks after the time of a page, as its forms have times."""
    made = MADE_AT.search(page.locator("body").inner_text())
    assert made is not None
    then = datetime.strptime(made[1], "%d %b %Y, %H:%M") + timedelta(weeks=2)
    return f"{then:%Y-%m-%dT%H:%M}"


def do(page: Page, portal: ExamplePortal, deed: Deed) -> None:
    """Do one thing, as a person who reads the name of it does."""
    verb, name, value = deed
    main = page.get_by_role("main")
    if verb == "sign in as":
        sign_in(page, portal, name)
    elif verb == "follow":
        menu = page.get_by_role("navigation", name="Pages").get_by_role(
            "link", name=name, exact=True
        )
        link = main.get_by_role("link", name=name, exact=True)
        (menu if menu.count() and not link.count() else link).first.click()
        page.wait_for_load_state()
    elif verb == "open":
        main.locator("summary").filter(has_text=name).first.click()
    elif verb == "press":
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_load_state()
    elif verb == "choose":
        main.get_by_label(name).first.select_option(value)
    elif verb == "tick":
        main.get_by_role("checkbox").first.check()
    elif verb == "write":
        main.get_by_label(name).first.fill(ahead(page) if value.startswith("a time") else value)
    else:
        expect(page.locator("body")).to_contain_text(name, timeout=0, ignore_case=True)


@pytest.fixture
def portal(browser: Browser, tmp_path: Path) -> Iterator[ExamplePortal]:
    """What `make portal` serves; each reader begins anew."""
    with served(tmp_path / "state", HOMES, RATE) as found:
        yield found


@pytest.mark.parametrize("who", ["an operator", "a supplier"])
def test_steps_are_walked_as_printed(new_page: NewPage, portal: ExamplePortal, who: str) -> None:
    steps = steps_of(f"Ten minutes for {who}")
    assert len(steps) >= 5
    page = new_page()
    for step in steps:
        walked = list(deeds(step))
        assert walked, step
        assert len(re.findall(r"\*\*", step)) // 2 == sum(
            1 + (one.verb == "choose") for one in walked if one.verb != "tick"
        ), f"not all that is bold is walked: {step}"
        for deed in walked:
            do(page, portal, deed)


def test_a_step_says_what_it_wants() -> None:
    step = "Follow **A**, **B**; choose **go** for **C**, write `x` under **D** and press **E**."
    assert list(deeds(step)) == [
        Deed("follow", "A"),
        Deed("follow", "B"),
        Deed("choose", "C", "go"),
        Deed("write", "D", "x"),
        Deed("press", "E"),
    ]
    with pytest.raises(AssertionError, match="nothing says"):
        list(deeds("Look at **A**."))
