"""The page about the virtual dongle as something to be carried out: its files, commands and table."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "virtual-dongle.md").read_text()
SECTION = PAGE[PAGE.index("## With other hosts") : PAGE.index("## Who lives there")]


def printed(name: str) -> str:
    """The text of a file that the page prints below its name."""
    found = re.search(
        rf"^`{re.escape(name)}`:\n\n```\w+\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE
    )
    assert found is not None, f"the page prints no {name}"
    return found.group(1)


def commands() -> list[list[str]]:
    """What the first block has people type, as argument lists without ``zota``."""
    found = re.search(r"```console\n(.*?)```", SECTION, re.DOTALL)
    assert found is not None, "the page prints no commands"
    return [line.removeprefix("$ zota ").split() for line in found.group(1).splitlines()]


def tried(host: str) -> str:
    """The versions with which the page says that a host was tried."""
    found = re.search(rf"^\| {re.escape(host)} \| ([^|]+) \|", SECTION, re.MULTILINE)
    assert found is not None, f"the table has no row for {host}"
    return found.group(1)
