"""Displays of an emulated home and the real engine that tells them of changes, in virtual time."""

from collections.abc import Sequence
from dataclasses import replace

from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.node import Note
from emulators.platform.spec import DeviceSpec
from ota_engine.hub.premises.requests import AnnounceChange, CancelChange
from ota_engine.records import PremisesSubject
from ota_engine.times import Monotonic
from ota_engine.zcl.device_management import ChangeControl
from tests.emulators.street import UTC, Street

HOUR, DAY = 3600.0, 86_400.0
TENANCY, SUPPLIER = PremisesSubject.TENANCY, PremisesSubject.SUPPLIER
EVERYTHING = ChangeControl.CLEAR_CONSUMER_DATA | ChangeControl.CLEAR_HISTORY


def display(
    number: int = 0, kind: DeviceKind = kinds.IHD, habit: str | None = None, **changes: object
) -> DeviceSpec:
    """A display with a habit; "" for one without the cluster."""
    usual = kind.specimen(number)
    return replace(
        usual,
        premises=usual.premises if habit is None else habit,
        **changes,  # type: ignore[arg-type] # names checked at run time
    )


class Premises(Street):
    """A street whose devices know the date."""

    def __init__(self, *specs: DeviceSpec, **options: object) -> None:
        super().__init__(*specs, **options)  # type: ignore[arg-type] # as the street's
        for device in self.devices:
            device.set_clock(UTC, 0.0)

    def announce(
        self,
        subject: PremisesSubject = TENANCY,
        *,
        after: float | None = None,
        event: int | None = None,
        control: int = EVERYTHING,
    ) -> None:
        due = None if after is None else UTC + self.now + after
        self.ask(AnnounceChange(subject, control, "ann", due, event))

    def cancel(self, subject: PremisesSubject = TENANCY) -> None:
        self.ask(CancelChange(subject, "ann"))

    def ask(self, request: AnnounceChange | CancelChange) -> None:
        self.network.submit(self.port, self.engine.handle(request, self.now), self.now)

    def cleared(self, number: int = 0) -> Sequence[tuple[str, int]]:
        """What a device has cleared for, oldest first."""
        premises = self.devices[number].premises
        assert premises is not None
        return [(one.subject, one.event) for one in premises.memory.cleared]

    def noted(self, kind: str) -> list[tuple[float, Note]]:
        return [(now, note) for now, _, note in self.notes if note.kind == kind]

    def cut(self, number: int = 0) -> None:
        """Cut a device's power."""
        device = self.devices[number]
        self.network.perform(device.eui64, device.crash(self.now), self.now)
        self.network.power_off(device.eui64)

    def restore(self, number: int = 0) -> None:
        self.network.power_on(self.devices[number].eui64, Monotonic(self.now))
