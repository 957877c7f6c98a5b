"""``zota serve``: puts one server for a fleet together of its options and runs it; decides nothing."""

import signal
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.fleet_desk import FLEET_NAME, State, courier_of
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
from ota_engine.errors import LocalError, StoreError

if TYPE_CHECKING:
    import trio

    from ota_engine.cli.duis_service import DuisChoice
    from ota_engine.gateway.contract import FleetGateway
    from ota_engine.head_end.access.desk import AccessDesk
    from ota_engine.head_end.duis.notary import Notary
    from ota_engine.head_end.duis.running import DuisDoorway, HeadEndSettings
    from ota_engine.head_end.running import CalendarClock
    from ota_engine.head_end.service.parts import ServiceDoor, ServiceLog, ServiceParts
    from ota_engine.head_end.service.running import Service
    from ota_engine.telling.serving import Place, TlsFiles

EXTRA: Final = "server"
DUIS_EXTRA: Final = "duis"
DEFAULT_PLACE: Final = "127.0.0.1:8080"
DEFAULT_DUIS_PLACE: Final = "127.0.0.1:8079"
MOST_RATE: Final = 100_000.0  # of a calendar

app = typer.Typer(rich_markup_mode=None)


@app.command()
def serve(
    state: State,
    http: Http = DEFAULT_PLACE,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    client_ca: ClientCa = None,
    behind_proxy: BehindProxy = False,
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host", metavar="NAME", help="A name by which it is reached, too; repeatable."
        ),
    ] = None,
    duis: Annotated[
        Path | None,
        typer.Option(
            "--duis", metavar="DIR", help="Serve DUIS, too: certificates of users, ours, our key."
        ),
    ] = None,
    duis_http: Annotated[
        str, typer.Option("--duis-http", metavar="HOST:PORT", help="Where DUIS listens.")
    ] = DEFAULT_DUIS_PLACE,
    schemas: Schemas = None,
    endpoint_ca: EndpointCa = None,
    gateway: Annotated[
        list[str] | None,
        typer.Option("--gateway", metavar=SHAPE, help="Run this hub here, too; repeatable."),
    ] = None,
    test_clock: Annotated[
        float | None,
        typer.Option(
            "--test-clock",
            metavar="RATE",
            min=1.0,
            max=MOST_RATE,
            help="For trials: a calendar RATE times as fast, for all who take part.",
        ),
    ] = None,
) -> None:
    """Serve a fleet to its people, programs and gateways; until stopped.

    One port has the portal (/), the API (/api/v1) and the door for gateways (/gateway/v1); /healthz
    and /metrics say how it goes. What is due is looked at, and notices are brought. Logs are JSON
    lines on standard error. Ctrl-C or SIGTERM ends it; nothing is lost by that, nor by a crash.
    """
    require(EXTRA, "serve")
    if duis is not None:
        require(DUIS_EXTRA, "serve --duis")
    import trio

    tls = tls_files(tls_cert, tls_key, client_ca)
    place = place_of(http, tls, behind_proxy=behind_proxy)
    if not (state / FLEET_NAME).exists():
        raise StoreError(f"{state}: there is no fleet here: zota estate init makes one")
    gateways = read_gateways(gateway or ())
    wanted = _Wanted(
        state=state,
        place=place,
        tls=tls,
        behind_proxy=behind_proxy,
        hosts=tuple(host or ()),
        duis=None if duis is None else _duis(duis, schemas, tls, endpoint_ca),
        duis_place=place_of(duis_http, tls, behind_proxy=behind_proxy),
        gateways=gateways,
        rate=test_clock,
    )
    ended_by = trio.run(_serve, wanted)
    if ended_by == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What was asked for."""

    state: Path
    place: "Place"
    tls: "TlsFiles | None"
    behind_proxy: bool
    hosts: tuple[str, ...]
    duis: "DuisChoice | None"
    duis_place: "Place"
    gateways: list[GatewayChoice]
    rate: float | None

    @property
    def secure(self) -> bool:
        """Whether those who come reach it by TLS."""
        return self.tls is not None or self.behind_proxy


def _duis(
    keys: Path, schemas: Path | None, tls: "TlsFiles | None", endpoint_ca: Path | None
) -> "DuisChoice":
    from ota_engine.cli.duis_service import DuisChoice

    return DuisChoice(keys, schemas, tls, endpoint_ca)


def _clock(wanted: _Wanted) -> "CalendarClock":
    """The calendar of the fleet.

    Raises:
        LocalError: it is on trial and nobody says how fast, or hubs here could not follow it.
    """
    from ota_engine.head_end.trial_clock import NAME, clock_of, set_pace

    if wanted.rate is None:
        if (wanted.state / NAME).exists():
            raise LocalError(
                f"{wanted.state}: this fleet is on trial, its calendar is ahead: "
                "give --test-clock RATE, 1 for one as fast as ours"
            )
        return clock_of(wanted.state)
    if wanted.gateways:
        raise LocalError("--gateway runs a hub in real time: leave it out with --test-clock")
    return set_pace(wanted.state, wanted.rate)


async def _serve(wanted: _Wanted) -> int:
    import trio

    from ota_engine.cli.json_log import json_log
    from ota_engine.store.lease import Lease

    log = json_log()
    lease = Lease(wanted.state / FLEET_NAME, "zota serve")  # two would do everything twice
    try:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                stopping = trio.Event()
                nursery.start_soon(_run, wanted, log, stopping)
                stopped_by = await anext(signals)
                stopping.set()
    finally:
        lease.release()
    return stopped_by


async def _run(wanted: _Wanted, log: "ServiceLog", stopping: "trio.Event") -> None:
    """Open what the server uses, run it until it is to stop, and close all that."""
    from ota_engine.fleet.fleet import Fleet
    from ota_engine.head_end.access.desk import AccessDesk
    from ota_engine.head_end.desk import FleetDesk
    from ota_engine.head_end.image_shelf import IMAGES_NAME
    from ota_engine.head_end.rooms import DeskRoom, ReadingRoom
    from ota_engine.head_end.service.parts import ServiceParts
    from ota_engine.store.fleet.book import FleetStore

    state, clock = wanted.state, _clock(wanted)
    made = None if wanted.duis is None else _notary(wanted.duis, state, clock, log)
    with ExitStack() as stack:
        store = FleetStore.open(state / FLEET_NAME)
        stack.callback(store.close)
        desk = FleetDesk(Fleet(), store, None if made is None else made[0])
        homes = [home_of(one, desk) for one in wanted.gateways]
        room = DeskRoom(desk)
        reading = stack.enter_context(ReadingRoom.open(state / FLEET_NAME))
        access = AccessDesk(room, reading, clock)
        parts = ServiceParts(
            state=state,
            writing=room,
            reading=reading,
            entry=access,
            clock=clock,
            log=log,
            secure=wanted.secure,
        )
        images = state / IMAGES_NAME
        async with open_gateways_of(wanted.gateways, homes, state, images) as gateways:
            doorway = None if made is None else _doorway(parts, *made)
            server = _server(parts, access, wanted, gateways, doorway)
            await _until(stopping, server, doorway, wanted)


def _server(
    parts: "ServiceParts",
    access: "AccessDesk",
    wanted: _Wanted,
    gateways: "Mapping[str, FleetGateway]",
    doorway: "DuisDoorway | None",
) -> "Service":
    """Put a server together."""
    from ota_engine.head_end.running import FleetLoops
    from ota_engine.head_end.service.running import Service, ServiceSettings

    def report(trouble: str) -> None:
        parts.log("trouble", trouble=trouble)

    courier = courier_of(parts.writing, parts.state, parts.clock, report)
    loops = FleetLoops(parts.writing, parts.clock, report, courier=courier, gateways=gateways)
    settings = ServiceSettings(
        place=wanted.place,
        tls=wanted.tls,
        proxied=wanted.behind_proxy,
        troubles=() if doorway is None else (doorway.troubles,),
    )
    return Service(parts, _doors(parts, access), loops, settings)


def _doors(parts: "ServiceParts", access: "AccessDesk") -> "list[ServiceDoor]":
    """Every way into a server; the one without a path of its own is the last."""
    from ota_engine.head_end.api.door import ApiDoor
    from ota_engine.portal.door import PortalDoor

    return [access, ApiDoor(parts), PortalDoor(parts)]


async def _until(
    stopping: "trio.Event", server: "Service", doorway: "DuisDoorway | None", wanted: _Wanted
) -> None:
    """Run a server and its door for DUIS until they are to stop."""
    import trio

    async with trio.open_nursery() as nursery:
        if doorway is not None:
            nursery.start_soon(doorway.run, wanted.duis_place, wanted.tls, _say_duis)
        await server.run(stopping, partial(_say, wanted))
        nursery.cancel_scope.cancel()


def _doorway(parts: "ServiceParts", notary: "Notary", settings: "HeadEndSettings") -> "DuisDoorway":
    from ota_engine.head_end.duis.running import DuisDoorway

    return DuisDoorway(parts.writing, notary, settings, parts.registry)


def _say_duis(url: str) -> None:
    put(f"serving DUIS at {url}")


def _say(wanted: _Wanted, url: str) -> None:
    put(f"serving the fleet in {wanted.state} at {url}; Ctrl-C ends it")


def _notary(
    choice: "DuisChoice", state: Path, clock: "CalendarClock", log: "ServiceLog"
) -> "tuple[Notary, HeadEndSettings]":
    from ota_engine.cli.duis_service import duis_settings

    return duis_settings(choice, state, clock, log)
