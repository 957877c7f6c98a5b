"""Figures of a server for Prometheus; knows its client library and ASGI, counts what passes.

What belongs to one door alone, that door counts in the same registry.
"""

import time
from collections.abc import Mapping
from typing import Final, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
#: Doors by how their paths begin; whatever begins otherwise is the portal's.
DOORS: Final = {"/api/": "api", "/gateway/": "gateways", "/healthz": "own", "/metrics": "own"}
PORTAL: Final = "portal"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FAILED: Final = 500  # the status of what ended in a fault of ours


class FleetStanding(NamedTuple):
    """What is counted whenever somebody wants figures.

    Attributes:
        late_s: seconds of this machine by which what is due first is late; 0 for nothing.
        notices: by state.
        deciding: calls that wait for their turn to use the fleet.
    """

    late_s: float
    notices: Mapping[str, int]
    deciding: int


def door_of(path: str) -> str:
    """Name the door that a path leads to."""
    return next((door for begin, door in DOORS.items() if path.startswith(begin)), PORTAL)


class ServiceFigures:
    """The figures of one server.

    Args:
        registry: where they are.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "zota_requests",
            "Requests that were answered, by door, method and status.",
            ("door", "method", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "zota_request_seconds",
            "From the head of a request to the head of its answer.",
            ("door",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._streams = Gauge("zota_streams", "Open streams.", ("door",), registry=registry)
        self._late = Gauge(
            "zota_due_late_seconds", "By which what was due first is late.", registry=registry
        )
        self._deciding = Gauge(
            "zota_deciding_waiting", "Calls that wait to use the fleet.", registry=registry
        )
        self._notices = Gauge("zota_notices", "Notices, by state.", ("state",), registry=registry)

    def stream(self, path: str, by: int) -> None:
        """Count a stream that begins or ends.

        Args:
            path: of its request.
            by: 1 or -1.
        """
        self._streams.labels(door_of(path)).inc(by)

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answer.

        Args:
            scope: of its request.
            status: of HTTP.
            seconds: from the head of the one to the head of the other.
        """
        door = door_of(scope["path"])
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._requests.labels(door, method, str(status)).inc()
        self._seconds.labels(door).observe(seconds)

    def page(self, standing: FleetStanding) -> bytes:
        """Write the page.

        Args:
            standing: as it is now.
        """
        self._late.set(standing.late_s)
        self._deciding.set(standing.deciding)
        self._notices.clear()
        for state, number in standing.notices.items():
            self._notices.labels(state).set(number)
        return generate_latest(self._registry)


class Counted:
    """An application whose answers are counted.

    Args:
        app: what answers.
        figures: count.
    """

    def __init__(self, app: ASGIApp, figures: ServiceFigures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.monotonic(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._figures.answered(scope, status, time.monotonic() - begun)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if not status:
                self._figures.answered(scope, FAILED, time.monotonic() - begun)
            raise
