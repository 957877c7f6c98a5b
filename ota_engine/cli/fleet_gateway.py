"""``zota gateway``: which gateways take work from a fleet, and being one."""

import typer

from ota_engine.cli.fleet_acts import add_acts

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def gateway() -> None:
    """Admit gateways that bring firmware to homes, and be one."""


add_acts(app, "gateway", {})
