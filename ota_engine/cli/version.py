"""``zota version``: reads options, has a device asked what it runs, prints it; decides nothing."""

import json
from typing import TYPE_CHECKING

import typer

from images.eui64 import Eui64, format_eui64
from ota_engine.cli import engine_options, push_options
from ota_engine.cli.engines import EngineChoice, run_engine
from ota_engine.cli.exits import Exit
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.links import resolve
from ota_engine.cli.order_report import version_text
from ota_engine.cli.outcomes_token import OutcomesToken
from ota_engine.cli.remarks import put, remark

if TYPE_CHECKING:
    from ota_engine.shell.activate import VersionTold
    from ota_engine.shell.service import Setup

app = typer.Typer()

SILENCE = "not answered in time: is it on, and in range?"


@app.command()
def version(
    link: push_options.LinkUrl,
    state: push_options.State,
    device: engine_options.OneDevice,
    keys: engine_options.Keys,
    timeout: push_options.Timeout = push_options.NO_TIMEOUT,
    outcomes_to: engine_options.OutcomesTo = None,
    outcomes_token_file: OutcomesToken = None,
    as_json: AsJson = False,
) -> None:
    """Ask a device what firmware it runs, by a message whose answer it protects with its key.

    CS08 for an HCALCS or PPMID, ECS52 or GCS38 for a meter or hub; whichever the device answers.
    Exit code 0: it told; 2: it did not, or could not; 3: a key folder, the link or the state folder
    cannot be opened; 130: stopped by Ctrl-C.
    """
    choice = EngineChoice(
        resolve(link),
        state,
        keys=keys,
        outcomes_to=outcomes_to,
        outcomes_token=outcomes_token_file,
    )
    told = run_engine(choice, lambda setup: _read(setup, device, timeout))
    outcome = told.outcome
    found = None if outcome is None else version_text(outcome.version_after)
    silence = SILENCE if told.ending.timed_out else "stopped before it answered"
    reason = silence if outcome is None else outcome.reason
    if as_json:
        shown = {"device": format_eui64(device), "version": found, "reason": reason}
        message = "" if outcome is None else outcome.message.hex()
        typer.echo(json.dumps(shown | {"answer": message or None}, indent=2))
    elif found is not None:
        put(f"{format_eui64(device)} {reason}, by its own protected word")
    else:
        remark(f"{format_eui64(device)}: {reason}")
    if told.ending.interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.OK if found is not None else Exit.ERRORS)


async def _read(setup: "Setup", device: int, seconds: float) -> "VersionTold":
    from ota_engine.shell.activate import read_version

    return await read_version(setup, Eui64(device), seconds)
