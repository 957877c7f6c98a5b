"""How a gateway fares, for whoever watches over machines: ``/healthz`` and ``/metrics``; decides nothing."""

from collections.abc import Iterator
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ota_engine.gateway.wire import is_clock_off
from ota_engine.paced_clock import rate_of
from ota_engine.shell.gateway_program import GatewayProgram
from ota_engine.shell.head_end_link import LinkStanding

UNWELL: Final = 503
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class GatewayHealth:
    """Tells how one gateway fares.

    Args:
        program: the gateway.
    """

    def __init__(self, program: GatewayProgram) -> None:
        self._program = program
        self.app = Starlette(
            routes=[
                Route("/healthz", self._health, methods=["GET"]),
                Route("/metrics", self._figures, methods=["GET"]),
            ]
        )

    async def _health(self, _: Request) -> Response:
        troubles = dict(self._troubles())
        grave = "radio" in troubles
        status = "unwell" if grave else "wants attention" if troubles else "well"
        told = {"status": status, "home": self._program.home, "troubles": troubles}
        return JSONResponse(told, UNWELL if grave else 200)

    async def _figures(self, _: Request) -> Response:
        lines = [
            line
            for name, kind, text, value in _figures(self._program, self._standing)
            for line in (
                f"# HELP zota_gateway_{name} {text}",
                f"# TYPE zota_gateway_{name} {kind}",
                f"zota_gateway_{name} {value:.17g}",
            )
        ]
        return Response("\n".join(lines) + "\n", media_type=CONTENT_TYPE)

    @property
    def _standing(self) -> LinkStanding:
        link = self._program.link
        return LinkStanding() if link is None else link.standing

    def _troubles(self) -> Iterator[tuple[str, str]]:
        program, standing = self._program, self._standing
        gateway = program.gateway
        if program.link is None:
            yield "head end", "this gateway has not registered yet"
        elif not standing.connected:
            yield "head end", f"it is away: {standing.away}"
        if gateway is None:
            yield "hub", "it serves no home"
        elif gateway.no_radio:
            yield "radio", gateway.no_radio
        if standing.trouble:
            yield "images", standing.trouble
        if is_clock_off(standing.clock_off_s, rate_of(program.clock)):
            yield "clock", f"{standing.clock_off_s:+.0f} s off the head end's: set this machine's"


def _figures(
    program: GatewayProgram, standing: LinkStanding
) -> Iterator[tuple[str, str, str, float]]:
    gauge, counter = "gauge", "counter"
    waiting = max(0, standing.said - standing.heard)
    yield "connected", gauge, "Whether the head end speaks.", standing.connected
    yield "hub_runs", gauge, "Whether its hub runs.", program.gateway is not None
    yield "outcomes_said", gauge, "Number of the last outcome.", standing.said
    yield "outcomes_waiting", gauge, "Outcomes that the head end has not heard.", waiting
    yield "clock_off_seconds", gauge, "Our clock ahead of the head end's.", standing.clock_off_s
    yield "reports_total", counter, "Reports that were answered.", standing.reports
    yield "instructions_total", counter, "Instructions that were taken.", standing.instructions
    yield "images_total", counter, "Images that were fetched.", standing.images
