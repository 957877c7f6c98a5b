"""Figures of the gateways' door for Prometheus; knows its client library, counts what it is told."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class GatewayFigures:
    """The figures of one door.

    Args:
        registry: where they are.
        connected: says how many gateways have a stream open.
    """

    def __init__(self, registry: CollectorRegistry, connected: Callable[[], int]) -> None:
        self._requests = Counter(
            "zota_gateway_requests",
            "Requests of gateways that were answered, by kind and status.",
            ("kind", "status"),
            registry=registry,
        )
        self._outcomes = Counter(
            "zota_gateway_outcomes",
            "Outcomes that gateways told, by what came of them.",
            ("fate",),
            registry=registry,
        )
        self._octets = Counter(
            "zota_gateway_image_octets", "Octets of images that were sent.", registry=registry
        )
        self._told = Counter(
            "zota_gateway_instructions", "Instructions put on streams.", registry=registry
        )
        Gauge(
            "zota_gateways_connected", "Gateways that have a stream open.", registry=registry
        ).set_function(connected)

    def answered(self, kind: str, status: int) -> None:
        """Count a request."""
        self._requests.labels(kind, str(status)).inc()

    def outcomes(self, kept: int, dropped: int, aside: int) -> None:
        """Count outcomes: handled, heard before, and put aside as alerts."""
        for fate, number in (("kept", kept), ("dropped", dropped), ("aside", aside)):
            if number:
                self._outcomes.labels(fate).inc(number)

    def sent(self, octets: int) -> None:
        """Count octets of an image."""
        self._octets.inc(octets)

    def told(self, instructions: int) -> None:
        """Count instructions."""
        self._told.inc(instructions)
