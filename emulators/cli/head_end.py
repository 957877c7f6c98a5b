"""``zota head-end``: the former name of ``zota receiver``, which says so and does the same."""

import typer

from emulators.cli.receiver import listen
from ota_engine.cli.receiver import deliver
from ota_engine.cli.remarks import remark

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def head_end() -> None:
    """Do what 'zota receiver' does; this is its former name."""
    remark("head-end is a former name: say 'zota receiver'")


app.command()(listen)
app.command()(deliver)
