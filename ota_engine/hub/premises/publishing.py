"""Publishes changes of tenancy and supplier to devices, each again until it is known to know. Sends, answers nobody.

A device is left alone for good once it has acknowledged, asked or refused; who was answered in vain is
published to, for it may ask no more.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.backoff import doubled
from ota_engine.events import (
    DEVICE_MANAGEMENT_CLUSTER,
    OTA_SERVER_ENDPOINT,
    SMART_ENERGY,
    Priority,
    Send,
)
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.devices import Route
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.premises.changes import PremisesChanges, publication
from ota_engine.records import PremisesChangeRecord, PremisesSubject
from ota_engine.times import Monotonic
from ota_engine.zcl.device_management import ServerCommand, command_of, encode
from ota_engine.zcl.frame import cluster_frame, parse_header

SPACING: Final = 0.25  # seconds between the first publications to two devices
AFTER_JOINING: Final = 2.0  # seconds a device is left in peace after it announced itself
AGAIN_S: Final = 60.0  # until what was not acknowledged is published again; doubled each time...
AGAIN_AT_MOST_S: Final = 21_600.0  # ...up to this
SAID_REMEMBERED: Final = 1024  # publications whose acknowledgement may still come


class Publication(NamedTuple):
    """What was published to a device under a sequence number.

    Attributes:
        subject: of the change.
        issuer_event_id: of it.
        cancelled: it was taken back.
    """

    subject: PremisesSubject
    issuer_event_id: int
    cancelled: bool

    @classmethod
    def of(cls, change: PremisesChangeRecord) -> "Publication":
        """What is published of a change as it stands."""
        return cls(change.subject, change.issuer_event_id, change.cancelled)


class Publisher:
    """Publishes to one device after the other.

    Args:
        kernel: shared with the other parts of the hub.
        changes: what there is to say, and who knows it.
    """

    def __init__(self, kernel: Kernel, changes: PremisesChanges) -> None:
        self._kernel = kernel
        self._changes = changes
        self._tries: dict[Eui64, int] = {}  # publications since there was something new to say
        self._said: OrderedDict[tuple[Eui64, int], Publication] = OrderedDict()
        self._in_vain: set[tuple[PremisesSubject, Eui64]] = set()  # answers that did not arrive
        self._sequence = 0

    # --- whom, and when --------------------------------------------------------------------------

    def begin(self, now: Monotonic) -> None:
        """Begin with everybody who is not known to know."""
        due = now
        for device in self._kernel.devices.known():
            self._tries.pop(device.eui64, None)
            if device.profile in {0, SMART_ENERGY} and self._owed(device.eui64, now):
                self._kernel.deadlines.move(due, Alarm.PUBLISH, device.eui64)
                due = Monotonic(due + SPACING)

    def there(self, device: Eui64, now: Monotonic, *, anew: bool) -> None:
        """A device is there; after a start of its own (``anew``) as if it had not been told before."""
        if anew:
            self._tries.pop(device, None)
        if self._owed(device, now):
            due = Monotonic(now + AFTER_JOINING)
            self._kernel.deadlines.at_latest(due, Alarm.PUBLISH, device)

    def forget(self, device: Eui64) -> None:
        """A stranger took the room of this one."""
        self._tries.pop(device, None)
        self._in_vain -= {(subject, device) for subject in PremisesSubject}

    def ring(self, device: Eui64, now: Monotonic) -> None:
        """Publish to a device what it is not known to know, and again later until it is."""
        owed = self._owed(device, now)
        if not owed or self._kernel.radio.down is not None:
            return  # it is told when the radio is back
        route = self._kernel.devices.route(device)
        if route is not None:
            for change in owed:
                self._publish(device, route, change)
        tries = self._tries[device] = self._tries.get(device, 0) + 1
        again = Monotonic(now + doubled(AGAIN_S, AGAIN_AT_MOST_S, tries))
        self._kernel.deadlines.move(again, Alarm.PUBLISH, device)

    def _owed(self, device: Eui64, now: Monotonic) -> list[PremisesChangeRecord]:
        """What a device is not known to know, or was answered in vain."""
        return [
            change
            for change in self._changes.all_standing(self._kernel.clock.utc(now))
            if not self._changes.knows(device, change) or (change.subject, device) in self._in_vain
        ]

    # --- what becomes of frames ------------------------------------------------------------------

    def not_delivered(self, sent: Send, now: Monotonic) -> None:
        """A frame of this cluster did not arrive."""
        subject = _answered(sent.payload)
        if subject is not None:
            self._in_vain.add((subject, sent.destination))
            due = Monotonic(now + AGAIN_S)
            self._kernel.deadlines.at_latest(due, Alarm.PUBLISH, sent.destination)

    def arrived(self, device: Eui64, subject: PremisesSubject) -> None:
        """A device has let us know of a change."""
        self._in_vain.discard((subject, device))

    def acknowledged(self, device: Eui64, sequence: int) -> Publication | None:
        """Find what a device speaks of that names a sequence number of ours; once."""
        return self._said.pop((device, sequence), None)

    def _publish(self, device: Eui64, route: Route, change: PremisesChangeRecord) -> None:
        self._sequence = (self._sequence + 1) & 0xFF
        key = device, self._sequence
        self._said.pop(key, None)
        self._said[key] = Publication.of(change)
        if len(self._said) > SAID_REMEMBERED:
            self._said.popitem(last=False)
        publish = publication(change)
        frame = cluster_frame(
            command_of(publish),
            self._sequence,
            encode(publish),
            from_server=True,
            disable_default_response=False,
        )
        self._kernel.output.count("premises_published")
        self._kernel.output.send(
            Send(
                device,
                OTA_SERVER_ENDPOINT,
                route.endpoint,
                SMART_ENERGY,
                DEVICE_MANAGEMENT_CLUSTER,
                frame,
                True,
                route.sleepy,
                Priority.NORMAL,
                0,
            )
        )


def _answered(frame: bytes) -> PremisesSubject | None:
    """What a frame of ours answered a question about; None for any other frame."""
    header = parse_header(frame)
    if not (header.cluster_specific and header.disable_default_response):
        return None
    tenancy = header.command == ServerCommand.PUBLISH_CHANGE_OF_TENANCY
    return PremisesSubject.TENANCY if tenancy else PremisesSubject.SUPPLIER
