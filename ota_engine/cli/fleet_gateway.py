"""``zota gateway``: which gateways take work from a fleet, and being one."""

from collections.abc import Callable
from typing import cast

import typer

from ota_engine.cli import gateway_admit, gateway_conformance, gateway_run, gateway_show
from ota_engine.cli.fleet_acts import add_acts
from ota_engine.cli.plugins import Group, load, names

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def gateway() -> None:
    """Admit gateways that bring firmware to homes, and be one."""


app.command("admit", help="Let a gateway register, once, by a code.")(gateway_admit.admit_command)
app.command("list")(gateway_show.list_command)
app.command("show")(gateway_show.show_command)
add_acts(app, "gateway", {})
app.command("run")(gateway_run.run_command)
app.command("conformance")(gateway_conformance.conformance_command)
for name in names(Group.GATEWAY):
    app.command(name)(cast("Callable[..., None]", load(Group.GATEWAY, name)))
