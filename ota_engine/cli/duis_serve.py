"""``zota duis serve``: puts a head end together of its options and runs it; decides nothing."""

import logging
import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.fleet_desk import FLEET_NAME, State
from ota_engine.cli.gateways import (
    SHAPE,
    GatewayChoice,
    home_of,
    open_gateways_of,
    read_gateways,
)
from ota_engine.cli.remarks import put
from ota_engine.errors import LocalError, StoreError
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from ota_engine.head_end.duis.door import DoorLog
    from ota_engine.head_end.duis.notary import Notary
    from ota_engine.head_end.duis.running import DuisHeadEnd, HeadEndSettings
    from ota_engine.telling.serving import Place, TlsFiles

EXTRA: Final = "duis"  # that brings what speaks XML and HTTP
DEFAULT_PLACE: Final = "127.0.0.1:8079"

Keys = Annotated[
    Path,
    typer.Option(
        "--keys", metavar="DIR", help="Certificates of users, ours and our key; put in by you."
    ),
]
PemFile = Path | None


def serve_command(
    state: State,
    keys: Keys,
    http: Annotated[
        str, typer.Option("--http", metavar="HOST:PORT", help="Where to listen; port 0 is any.")
    ] = DEFAULT_PLACE,
    schemas: Annotated[
        Path | None,
        typer.Option(
            "--schemas", metavar="DIR", help="The official schemas: check documents by them, too."
        ),
    ] = None,
    tls_cert: Annotated[
        PemFile, typer.Option("--tls-cert", metavar="FILE", help="Serve TLS with this (PEM).")
    ] = None,
    tls_key: Annotated[
        PemFile, typer.Option("--tls-key", metavar="FILE", help="Its private key (PEM).")
    ] = None,
    client_ca: Annotated[
        PemFile,
        typer.Option(
            "--client-ca", metavar="FILE", help="Let in only clients certified by this (PEM)."
        ),
    ] = None,
    endpoint_ca: Annotated[
        PemFile,
        typer.Option(
            "--endpoint-ca", metavar="FILE", help="Trust users' endpoints certified by this (PEM)."
        ),
    ] = None,
    gateway: Annotated[
        list[str] | None,
        typer.Option("--gateway", metavar=SHAPE, help="Serve this hub, too; repeatable."),
    ] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option("--behind-proxy", help="Listen beyond this machine although without TLS."),
    ] = False,
) -> None:
    """Serve Service Users: take their requests, push what they are told; until stopped.

    Posts to /api/v1/serviceT, serviceS and serviceD are answered; /metrics and /healthz say how it
    goes. Logs are JSON lines on standard error. Ctrl-C or SIGTERM ends it; nothing is lost by that.
    """
    require(EXTRA, "duis serve")
    import trio

    from ota_engine.telling.serving import Place

    place = Place.read(http)
    tls = _tls(tls_cert, tls_key, client_ca)
    if not (place.is_private or tls or behind_proxy):
        raise LocalError(
            f"{http}: others could read what is posted there: give --tls-cert and --tls-key, or"
            " --behind-proxy if something in front of it does that"
        )
    if not (state / FLEET_NAME).exists():
        raise StoreError(f"{state}: there is no fleet here: zota estate init makes one")
    gateways = read_gateways(gateway or ())
    ended_by = trio.run(_serve, _Wanted(state, keys, schemas, place, tls, endpoint_ca, gateways))
    if ended_by == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


def _tls(certificate: PemFile, key: PemFile, client_ca: PemFile) -> "TlsFiles | None":
    from ota_engine.telling.serving import TlsFiles

    if certificate is None and key is None and client_ca is None:
        return None
    if certificate is None or key is None:
        raise LocalError("TLS needs both --tls-cert and --tls-key")
    return TlsFiles(certificate, key, client_ca)


class _Wanted(NamedTuple):
    """What was asked for."""

    state: Path
    keys: Path
    schemas: Path | None
    place: "Place"
    tls: "TlsFiles | None"
    endpoint_ca: PemFile
    gateways: list[GatewayChoice]


async def _serve(wanted: _Wanted) -> int:
    import trio

    from ota_engine.fleet.fleet import Fleet
    from ota_engine.head_end.desk import FleetDesk
    from ota_engine.head_end.duis.running import DuisHeadEnd
    from ota_engine.head_end.image_shelf import IMAGES_NAME
    from ota_engine.store.fleet.book import FleetStore
    from ota_engine.store.lease import Lease

    state = wanted.state
    notary, settings = _settings(wanted, _log())
    lease = Lease(state / FLEET_NAME, "zota duis serve")  # two would push everything twice
    store = FleetStore.open(state / FLEET_NAME)
    try:
        desk = FleetDesk(Fleet(), store, notary)
        homes = [home_of(one, desk) for one in wanted.gateways]
        images = state / IMAGES_NAME
        async with open_gateways_of(wanted.gateways, homes, state, images) as gateways:
            head_end = DuisHeadEnd(desk, notary, replace(settings, gateways=gateways))
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_run, head_end, wanted)
                    stopped_by = await anext(signals)
                    nursery.cancel_scope.cancel()
    finally:
        store.close()
        lease.release()
    return stopped_by


async def _run(head_end: "DuisHeadEnd", wanted: _Wanted) -> None:
    def started(url: str) -> None:
        put(f"serving DUIS at {url}; Ctrl-C ends it")

    await head_end.run(wanted.place, wanted.tls, started)


def _settings(wanted: _Wanted, log: "DoorLog") -> "tuple[Notary, HeadEndSettings]":
    """Read keys and schemas.

    Raises:
        LocalError: they cannot be used.
    """
    from ota_engine.head_end.duis.endpoint import UserEndpoint, endpoint_tls
    from ota_engine.head_end.duis.keys import DuisKeys
    from ota_engine.head_end.duis.notary import Notary
    from ota_engine.head_end.duis.running import HeadEndSettings
    from ota_engine.head_end.duis_schemas import SchemaFolder

    found = DuisKeys(wanted.keys, lambda trouble: log("trouble", trouble=trouble))
    check = None if wanted.schemas is None else SchemaFolder(wanted.schemas).check
    settings = HeadEndSettings(
        state=wanted.state,
        keys=found,
        open_endpoint=partial(UserEndpoint, tls=endpoint_tls(wanted.endpoint_ca, wanted.tls)),
        clock=this_machine,
        log=log,
        check=check,
    )
    return Notary(found.own, check), settings


def _log() -> "DoorLog":
    """Have what happens as JSON lines on standard error; what hypercorn says, too."""
    import structlog

    from ota_engine.telling.serving import LOGGER

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    log = structlog.get_logger()
    logger = logging.getLogger(LOGGER)
    logger.handlers[:] = [_ToLog(log)]
    logger.propagate = False

    def tell(event: str, **facts: object) -> None:
        told = {name: value for name, value in facts.items() if value is not None}
        (log.warning if event == "trouble" else log.info)(event, **told)

    return tell


class _ToLog(logging.Handler):
    """Passes on what the HTTP server says, one line for each."""

    def __init__(self, log: Any) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one on."""
        error = record.exc_info[1] if record.exc_info else None
        detail = f": {type(error).__name__}: {error}" if error else ""
        self._log.warning("trouble", trouble=f"{record.getMessage()}{detail}")
