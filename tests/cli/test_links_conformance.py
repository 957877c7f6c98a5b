"""The links that ``han://`` and ``sim://`` name keep every promise of a Link, on their own clocks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from emulators.home.roster import default_roster
from ota_engine.cli.links import resolve
from ota_engine.link.conformance import CHECKS, Bench, BenchFactory
from ota_engine.link.contract import Link

PPMID = default_roster()[0].spec.eui64


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("url", ["han://?speed=100", "sim://"])
def test_a_link_url_opens_a_link_that_keeps_every_promise(
    url: str, check: Callable[[BenchFactory], Awaitable[None]], tmp_path: Path
) -> None:
    choice = resolve(url)

    @asynccontextmanager
    async def bench() -> AsyncIterator[Bench]:
        # What a URL opens is entered once, which is all that a check does with a link.
        yield Bench(cast("Link", choice.open(tmp_path)), PPMID)

    async def checked() -> None:
        await check(bench)

    choice.run(checked)
