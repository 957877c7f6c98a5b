"""``zota duis``: the head end's door for service requests, and what its clients do; decides nothing.

Commands of the head end and of Service Users stand in modules of their own; here they meet.
"""

import typer

from ota_engine.cli import (
    duis_listen,
    duis_make,
    duis_outbox,
    duis_serve,
    duis_user,
    fleet_state,
)
from ota_engine.cli.fleet_acts import add_acts

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def duis() -> None:
    """Serve Service Users by DUIS, or be one of them."""


app.command("serve")(duis_serve.serve_command)
app.command("make")(duis_make.make_command)
app.command("sign")(duis_user.sign_command)
app.command("send")(duis_user.send_command)
app.command("listen")(duis_listen.listen_command)
app.command("backup")(fleet_state.backup_command)
app.command("restore")(fleet_state.restore_command)
add_acts(
    app,
    "duis",
    {
        "user": "Register and change Service Users.",
        "rules": "Set what may be ordered.",
        "outbox": "See what waits for users, and have it brought once more.",
    },
    {"outbox": duis_outbox.app},
)
