"""``zota api``: says what the API of a fleet's server is; asks nobody."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ota_engine.cli.extras import require
from ota_engine.cli.files import write_whole
from ota_engine.cli.remarks import put

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def api() -> None:
    """Say what the API of a server is."""


@app.command("describe")
def describe_command(
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write it there, and not to the screen."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write the OpenAPI 3.1 document of the API, and of what gateways and a server say.

    It is what a server answers at /api/v1/openapi.json.
    """
    require("server", "api describe")
    from ota_engine.head_end.api.description import description

    text = json.dumps(description(), indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(text)
        return
    write_whole(output, f"{text}\n".encode(), force=force)
    put(f"wrote {output}: for generators of clients, and for people")
