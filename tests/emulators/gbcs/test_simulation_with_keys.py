"""A simulated neighbourhood with keys: signed orders under faults, judged, and the same again."""

from random import Random

import pytest

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.platform.spec import ClientOptions, DeviceSpec
from emulators.simulation.faults import Fault, FaultKind, FaultPlan
from emulators.simulation.journal import Journal
from emulators.simulation.oracle import DeviceVerdict
from emulators.simulation.population import SimulatedDevice, SimulatedFirmware
from emulators.simulation.simulation import (
    Simulation,
    SimulationResult,
    SimulationSettings,
    summary,
)
from emulators.soak.live import run_virtually
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.records import Activation, VersionPolicy
from ota_engine.store.store import Store
from tests.faults.signed_home import speaker
from tests.gbcs.parties import ESME, GSME, HCALCS, PPMID, SUPPLIER, everyone, files

MANUFACTURER, OLD, NEW = 0x121D, 1, 2
TYPES = {
    kinds.HCALCS: (HCALCS, 0x0086, True),
    kinds.ESME: (ESME, 0x0088, True),
    kinds.GSME: (GSME, 0x0089, True),
    kinds.PPMID: (PPMID, 0x0084, False),
}
FAULTS = (
    Fault(200.0, FaultKind.POWER_CUT, device=ESME, seconds=400.0),
    Fault(310.0, FaultKind.ENGINE_KILL, seconds=60.0),
    Fault(330.0, FaultKind.RESET, device=HCALCS),
    Fault(400.0, FaultKind.DEVICE_CLOCK_STEP, device=GSME, amount=3 * 86400.0),
    Fault(500.0, FaultKind.LOSS, seconds=300.0, amount=0.3),
    Fault(900.0, FaultKind.LINK_OUTAGE, seconds=120.0),
)


def firmware() -> SimulatedFirmware:
    key = files()[f"{SUPPLIER:016x}-ds.key"]
    return SimulatedFirmware(
        {
            image_type: build(
                Random(image_type).randbytes(2000),
                ImageSpec(
                    manufacturer_code=MANUFACTURER,
                    image_type=image_type,
                    file_version=NEW,
                    layout="gb",
                    sign_key=key if signed else None,
                ),
            )
            for _, image_type, signed in TYPES.values()
        },
        {},
    )


def member(kind: DeviceKind) -> SimulatedDevice:
    own, image_type, signed = TYPES[kind]
    spec = DeviceSpec(
        Eui64(own),
        kind,
        own & 0xFF,
        MANUFACTURER,
        image_type,
        OLD,
        hardware_version=0x0100,
        options=ClientOptions(timeout_policy=1),
        seed=own & 0xFF,
    )
    activation = Activation.EXTERNAL if signed else Activation.IMMEDIATE
    return SimulatedDevice(spec, Placement(), activation, VersionPolicy.UPGRADE, None)


def settings(faults: tuple[Fault, ...]) -> SimulationSettings:
    return SimulationSettings(
        tuple(member(kind) for kind in TYPES),
        firmware(),
        FaultPlan("by hand", 1, faults=faults),
        1,
        6.0,
        keys=everyone(),
        security=speaker(),
    )


def run(what: SimulationSettings) -> tuple[SimulationResult, list[str]]:
    with Store.in_memory() as store:
        outcome = Simulation(what, store, Journal()).run()
        return outcome, sorted(each.kind for each in store.outcomes())


@pytest.mark.parametrize("faults", [(), FAULTS], ids=["calm", "faults"])
def test_signed_orders_end_as_they_should_and_the_same_way_again(
    faults: tuple[Fault, ...],
) -> None:
    outcome, told = run(settings(faults))
    assert summary(outcome) == {DeviceVerdict.UPDATED: len(TYPES)}
    assert told.count("order") == 3
    assert outcome.audit_fault is None
    assert run(settings(faults))[0].journal_sha256 == outcome.journal_sha256


def test_the_trio_shell_ends_the_same() -> None:
    with Store.in_memory() as store:
        outcome = run_virtually(settings(()), store, Journal(), None)
        assert summary(outcome) == {DeviceVerdict.UPDATED: len(TYPES)}
