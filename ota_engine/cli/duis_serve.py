"""``zota duis serve``: puts a head end together of its options and runs it; decides nothing."""

import signal
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.fleet_desk import State, courier_of, fleet_in, held
from ota_engine.cli.gateways import (
    SHAPE,
    GatewayChoice,
    home_of,
    open_gateways_of,
    read_gateways,
)
from ota_engine.cli.remarks import put
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
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from ota_engine.cli.duis_service import DuisChoice
    from ota_engine.cli.stopping import Stop
    from ota_engine.head_end.duis.running import DuisHeadEnd
    from ota_engine.head_end.service.parts import ServiceLog
    from ota_engine.telling.serving import Place

EXTRA: Final = "duis"  # that brings what speaks XML and HTTP
DEFAULT_PLACE: Final = "127.0.0.1:8079"

Keys = Annotated[
    Path,
    typer.Option(
        "--keys", metavar="DIR", help="Certificates of users, ours and our key; put in by you."
    ),
]


def serve_command(
    state: State,
    keys: Keys,
    http: Http = DEFAULT_PLACE,
    schemas: Schemas = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    client_ca: ClientCa = None,
    endpoint_ca: EndpointCa = None,
    gateway: Annotated[
        list[str] | None,
        typer.Option("--gateway", metavar=SHAPE, help="Serve this hub, too; repeatable."),
    ] = None,
    behind_proxy: BehindProxy = False,
) -> None:
    """Serve Service Users: take their requests, push what they are told; until stopped.

    Posts to /api/v1/serviceT, serviceS and serviceD are answered; /metrics and /healthz say how it
    goes. Logs are JSON lines on standard error. Ctrl-C or SIGTERM ends it; nothing is lost by that.
    """
    require(EXTRA, "duis serve")
    import trio

    from ota_engine.cli.duis_service import DuisChoice
    from ota_engine.cli.json_log import json_log
    from ota_engine.cli.stopping import Stop

    tls = tls_files(tls_cert, tls_key, client_ca)
    place = place_of(http, tls, behind_proxy=behind_proxy)
    fleet_in(state)
    gateways = read_gateways(gateway or ())
    duis = DuisChoice(keys, schemas, tls, endpoint_ca)
    log = json_log()
    stop = Stop(lambda left: log("trouble", trouble=left))
    try:
        trio.run(_serve, _Wanted(state, duis, place, gateways), stop, stop.logged(log))
    except BaseException as error:
        if not stop.failed_for_that(error):
            raise
    if stop.number == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


class _Wanted(NamedTuple):
    """What was asked for."""

    state: Path
    duis: "DuisChoice"
    place: "Place"
    gateways: list[GatewayChoice]


async def _serve(wanted: _Wanted, stop: "Stop", log: "ServiceLog") -> None:
    import trio

    from ota_engine.cli.duis_service import duis_settings
    from ota_engine.fleet.fleet import Fleet
    from ota_engine.head_end.desk import FleetDesk
    from ota_engine.head_end.duis.running import DuisHeadEnd
    from ota_engine.head_end.image_shelf import IMAGES_NAME
    from ota_engine.head_end.rooms import DeskRoom
    from ota_engine.store.fleet.book import FleetStore
    from ota_engine.store.fleet.opening import turns_at
    from ota_engine.store.fleet.soundness import refuse_damaged, was_left_open

    state = wanted.state
    notary, settings = duis_settings(wanted.duis, state, this_machine, log)
    where = fleet_in(state)
    with ExitStack() as stack:
        stack.enter_context(held(where, "zota duis serve"))  # two would push everything twice
        left_open = was_left_open(where)
        store = FleetStore.open(where, create=False)
        stack.callback(store.close)
        turns = turns_at(where)
        stack.callback(turns.close)
        if left_open:
            refuse_damaged(store)
        desk = FleetDesk(Fleet(), store, notary)
        homes = [home_of(one, desk) for one in wanted.gateways]
        room = DeskRoom(desk, turns)
        courier = courier_of(room, state, report=lambda trouble: log("trouble", trouble=trouble))
        images = state / IMAGES_NAME
        async with open_gateways_of(wanted.gateways, homes, state, images) as gateways:
            settings = replace(settings, gateways=gateways)
            head_end = DuisHeadEnd(room, notary, settings, courier)
            with stop.receive() as signals:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_run, head_end, wanted)
                    await anext(signals)
                    nursery.cancel_scope.cancel()


async def _run(head_end: "DuisHeadEnd", wanted: _Wanted) -> None:
    def started(url: str) -> None:
        put(f"serving DUIS at {url}; Ctrl-C ends it")

    await head_end.run(wanted.place, wanted.duis.tls, started)
