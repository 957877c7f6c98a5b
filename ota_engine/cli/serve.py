"""``zota serve``: puts one server for a fleet together of its options and runs it; decides nothing."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.fleet_desk import State, fleet_in
from ota_engine.cli.gateways import SHAPE, read_gateways
from ota_engine.cli.serving_options import (
    BehindProxy,
    ClientCa,
    EndpointCa,
    Http,
    Schemas,
    TlsCert,
    TlsKey,
    place_of,
    tls_files,
)
from ota_engine.paced_clock import MOST_RATE

if TYPE_CHECKING:
    from ota_engine.cli.duis_service import DuisChoice
    from ota_engine.telling.serving import TlsFiles

EXTRA: Final = "server"
DUIS_EXTRA: Final = "duis"
DEFAULT_PLACE: Final = "127.0.0.1:8080"
DEFAULT_DUIS_PLACE: Final = "127.0.0.1:8079"
MOST_WORKERS: Final = 32

ServerNames = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="NAME", help="A name by which it is reached, too; repeatable."),
]
DuisFolder = Annotated[
    Path | None,
    typer.Option(
        "--duis", metavar="DIR", help="Serve DUIS, too: certificates of users, ours, our key."
    ),
]
ImageFolders = Annotated[
    list[Path] | None,
    typer.Option(
        "--images",
        metavar="DIR",
        help="Give gateways images of this folder, named by SHA-256; repeatable.",
    ),
]
TrialRate = Annotated[
    float | None,
    typer.Option(
        "--test-clock",
        metavar="RATE",
        min=1.0,
        max=MOST_RATE,
        help="For trials: a calendar RATE times as fast, for all who take part.",
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        max=MOST_WORKERS,
        help="Processes that do what is due; more than one on a PostgreSQL server only.",
    ),
]
PrivateHooks = Annotated[
    bool,
    typer.Option(
        "--private-hooks", help="Hooks of persons may call addresses of private networks."
    ),
]

app = typer.Typer(rich_markup_mode=None)


@app.command()
def serve(
    state: State,
    http: Http = DEFAULT_PLACE,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    client_ca: ClientCa = None,
    behind_proxy: BehindProxy = False,
    host: ServerNames = None,
    duis: DuisFolder = None,
    duis_http: Annotated[
        str, typer.Option("--duis-http", metavar="HOST:PORT", help="Where DUIS listens.")
    ] = DEFAULT_DUIS_PLACE,
    schemas: Schemas = None,
    endpoint_ca: EndpointCa = None,
    gateway: Annotated[
        list[str] | None,
        typer.Option("--gateway", metavar=SHAPE, help="Run this hub here, too; repeatable."),
    ] = None,
    images: ImageFolders = None,
    test_clock: TrialRate = None,
    private_hooks: PrivateHooks = False,
    workers: Workers = 1,
) -> None:
    """Serve a fleet to its people, programs and gateways; until stopped.

    One port has the portal (/), the API (/api/v1) and the door for gateways (/gateway/v1); /healthz
    and /metrics say how it goes. What is due is looked at, and notices are brought. Logs are JSON
    lines on standard error. Ctrl-C or SIGTERM ends it; nothing is lost by that, nor by a crash.
    """
    require(EXTRA, "serve")
    if duis is not None:
        require(DUIS_EXTRA, "serve --duis")
    from ota_engine.cli.service import ServiceChoice, serve_until_stopped

    tls = tls_files(tls_cert, tls_key, client_ca)
    place = place_of(http, tls, behind_proxy=behind_proxy)
    fleet_in(state)
    choice = ServiceChoice(
        state=state,
        place=place,
        tls=tls,
        behind_proxy=behind_proxy,
        hosts=tuple(host or ()),
        duis=None if duis is None else _duis(duis, schemas, tls, endpoint_ca),
        duis_place=place_of(duis_http, tls, behind_proxy=behind_proxy),
        gateways=read_gateways(gateway or ()),
        images=tuple(images or ()),
        rate=test_clock,
        private_hooks=private_hooks,
        workers=workers,
    )
    if serve_until_stopped(choice, "zota serve") == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


def _duis(
    keys: Path, schemas: Path | None, tls: "TlsFiles | None", endpoint_ca: Path | None
) -> "DuisChoice":
    from ota_engine.cli.duis_service import DuisChoice

    return DuisChoice(keys, schemas, tls, endpoint_ca)
