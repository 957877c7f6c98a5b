"""``zota receiver deliver``: reads options, sends the letters that wait, prints; decides nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import trio
import typer

from ota_engine.cli.engines import HTTP
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.outcomes_token import OutcomesToken, outcomes_token
from ota_engine.cli.push_options import duration
from ota_engine.cli.remarks import remark
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from ota_engine.store.location import StorePlace
    from ota_engine.telling.dispatch import Dispatched

DEFAULT_TIMEOUT = 60.0  # seconds


def deliver(
    url: Annotated[str, typer.Argument(metavar="URL", help="Of the receiver, where to post.")],
    state: Annotated[
        Path, typer.Option("--state", metavar="DIR", help="The state directory of an engine.")
    ],
    timeout: Annotated[
        float,
        typer.Option(
            parser=duration, metavar="TIME", help="When to stop trying.", show_default="1m"
        ),
    ] = DEFAULT_TIMEOUT,
    token_file: OutcomesToken = None,
    as_json: AsJson = False,
) -> None:
    """Send every outcome of a state directory that the receiver has not accepted yet.

    The engine must not be running, unless its database is on a PostgreSQL server; a running one is
    given the URL itself. Exit code 0: the receiver has them all, 2: some wait still or are dead
    letters, 3: the database cannot be opened or is in use.
    """
    require(HTTP, "receiver deliver")
    from ota_engine.store.location import place_of

    done = trio.run(
        _deliver,
        place_of(state),
        url,
        timeout,
        remark,
        outcomes_token(url, token_file),
    )
    if as_json:
        typer.echo(json.dumps(done._asdict()))
    else:
        typer.echo(
            f"{done.delivered} delivered, {done.waiting} still waiting, {done.dead} dead letters"
        )
    raise typer.Exit(Exit.ERRORS if done.waiting or done.dead else Exit.OK)


async def _deliver(
    database: "StorePlace",
    url: str,
    seconds: float,
    report: Callable[[str], None],
    token: str | None,
) -> "Dispatched":
    from ota_engine.telling.dispatch import dispatch
    from ota_engine.telling.http_sink import HttpSink

    async with HttpSink(url, token=token) as sink:
        return await dispatch(
            database, sink, seconds=seconds, wall_clock=this_machine, report=report
        )
