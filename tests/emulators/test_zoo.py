"""The zoo: twenty devices that differ, every one of which takes its file over the emulated air."""

from random import Random

from emulators.air.network import Network
from emulators.devices.assembly import DeviceAssembly
from emulators.home.zoo import MAKER, zoo_roster
from emulators.ncp.device_object import Identity
from emulators.platform.spec import DeviceSpec
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.events import BASIC_CLUSTER, ClockObserved, LinkUp
from ota_engine.hub.delivery.commands import AddImage, Assign, OperatorCommand
from ota_engine.hub.engine import Engine
from ota_engine.records import Activation, AssignmentRecord, ImageRecord, VersionPolicy
from ota_engine.times import Monotonic, Utc

ZOO = zoo_roster()
HOUR = 3600.0


def upgrade(chip: DeviceSpec) -> ImageRecord:
    """A file for one chip alone, with octets of its own."""
    spec = ImageSpec(
        manufacturer_code=chip.manufacturer_code,
        image_type=chip.image_type,
        file_version=chip.file_version + 1,
    )
    octets = Random(f"{spec}").randbytes(2000)
    return image_record(build(octets, spec), chip.model, Utc(0.0))


def test_there_are_twenty_and_no_two_want_the_same_file() -> None:
    wanted = [
        (chip.manufacturer_code, chip.image_type) for entry in ZOO for chip in entry.spec.parts
    ]
    assert len(ZOO) == len({entry.name for entry in ZOO}) == 20
    assert len(wanted) == len(set(wanted)) == 22


def test_no_two_differ_in_their_identity_alone() -> None:
    """Set identity aside, and each still has something that no other has."""
    habits = {
        (
            entry.spec.kind.word,
            entry.spec.timers.name,
            entry.spec.options,
            entry.spec.profile,
            entry.spec.endpoint,
            entry.spec.server_endpoint,
            entry.spec.chips,
            entry.placement,
        )
        for entry in ZOO
    }
    assert len(habits) == 20


def test_hosts_are_shown_mains_and_cells_sleepers_and_odd_profiles() -> None:
    assert {entry.spec.cells for entry in ZOO} == {entry.spec.sleepy for entry in ZOO}
    assert {entry.spec.profile for entry in ZOO} == {0x0104, 0x0109, 0xC05E}
    assert {47, 10, 1} == {entry.spec.server_endpoint for entry in ZOO}


def test_every_host_can_tell_them_apart_by_a_model_that_fits() -> None:
    models = [entry.spec.model.encode() for entry in ZOO]
    assert len(set(models)) == 20
    assert all(len(model) <= 32 for model in models)
    assert {entry.spec.manufacturer_name for entry in ZOO} == {MAKER}
    for entry in ZOO:
        for endpoint in Identity.of(entry.spec).endpoints:
            assert BASIC_CLUSTER in endpoint.inputs


def test_every_one_of_them_ends_up_with_its_own_file() -> None:
    network, engine, fleet = Network(Random(1)), Engine(), DeviceAssembly()
    port = network.attach(engine)
    devices = [fleet.build(entry.spec) for entry in ZOO]
    for device, entry in zip(devices, ZOO, strict=True):
        network.add(device, entry.placement)

    def tell(event: OperatorCommand | ClockObserved | LinkUp) -> None:
        network.submit(port, engine.handle(event, Monotonic(0.0)), Monotonic(0.0))

    tell(ClockObserved(Utc(1_800_000_000.0), Monotonic(0.0)))
    tell(LinkUp("zoo", Eui64(1), 82, False, Monotonic(0.0)))
    files = [upgrade(chip) for entry in ZOO for chip in entry.spec.parts]
    for entry in ZOO:
        for chip in entry.spec.parts:
            file = upgrade(chip)
            tell(AddImage(file, "test"))
            tell(Assign(wish(chip, file), "test"))
        network.power_on(entry.spec.eui64, Monotonic(0.0))
    network.run(6 * HOUR)
    held = [chip.flash.running_content() for device in devices for chip in device.chips]
    assert held == [file.data for file in files]


def wish(chip: DeviceSpec, file: ImageRecord) -> AssignmentRecord:
    return AssignmentRecord(
        chip.eui64, file.sha256, VersionPolicy.UPGRADE, Activation.IMMEDIATE, 0, None, Utc(0.0)
    )
