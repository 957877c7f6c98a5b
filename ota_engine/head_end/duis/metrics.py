"""Figures of the door for Prometheus; knows its client library, counts what it is told."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from ota_engine.head_end.duis.standing import DoorStanding
from ota_engine.telling.sink import Fate

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
UNKNOWN: Final = "none"  # where a request has no readable header
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)


class DoorMetrics:
    """The figures of one door.

    Args:
        registry: where they are, beside those of other doors.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._requests = Counter(
            "zota_duis_requests",
            "Posts that were answered, by web service, service reference and code.",
            ("service", "reference", "code"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "zota_duis_request_seconds",
            "From the first octet of a post to its answer.",
            ("service",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._documents = Counter(
            "zota_duis_documents",
            "Documents that were posted to users, by what came of it.",
            ("fate",),
            registry=self._registry,
        )
        self._outbox = self._gauge("outbox_documents", "Documents of the outbox.", "state")
        self._oldest = self._gauge("outbox_oldest_seconds", "Age of the oldest that waits.")
        self._devices = self._gauge("ordered_devices", "Devices of image orders.", "state")
        self._commands = self._gauge("commands", "Commands and questions of users.", "state")
        self._late = self._gauge("due_late_seconds", "By which what was due first is late.")
        self._queue = self._gauge("requests_waiting", "Requests that wait for their commit.")

    def answered(self, service: str, reference: str, code: str, seconds: float) -> None:
        """Count one post.

        Args:
            service: the web service.
            reference: of the service request; ``UNKNOWN`` where that cannot be read.
            code: of the answer; the HTTP status where there is no other.
            seconds: from its first octet to its answer.
        """
        self._requests.labels(service, reference, code).inc()
        self._seconds.labels(service).observe(seconds)

    def posted(self, fate: Fate) -> None:
        """Count one document that was posted."""
        self._documents.labels(fate.name.lower()).inc()

    def stand(self, standing: DoorStanding) -> None:
        """Take how things stand."""
        self._queue.set(standing.requests_waiting)
        self._oldest.set(standing.oldest_s)
        self._late.set(standing.late_s)
        for gauge, counts in (
            (self._outbox, standing.documents),
            (self._devices, standing.devices),
            (self._commands, standing.commands),
        ):
            gauge.clear()
            _set(gauge, counts.items())

    def page(self) -> bytes:
        """Write the page."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, told: str, *labels: str) -> Gauge:
        return Gauge(f"zota_duis_{name}", told, labels, registry=self._registry)


def _set(gauge: Gauge, counts: Iterable[tuple[str, int]]) -> None:
    for state, number in counts:
        gauge.labels(state).set(number)
