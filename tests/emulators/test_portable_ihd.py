"""The portable IHD: another model of display, whose habits differ from the one at the wall."""

from emulators.air.network import Network
from emulators.client.table import ClientState
from emulators.devices import kinds
from emulators.devices.chargeable import Chargeable
from images import ImageSpec, build
from ota_engine.times import Monotonic
from ota_engine.zcl import ota
from ota_engine.zcl.ota import Attribute
from ota_engine.zcl.status import Status
from tests.emulators.dialogue import Dialogue
from tests.emulators.street import Street

KIND = kinds.PORTABLE_IHD
FACTORY = kinds.FACTORY_VERSION


def image(version: int) -> bytes:
    what = ImageSpec(
        manufacturer_code=kinds.MANUFACTURER,
        image_type=KIND.image_type,
        file_version=version,
        integrity=True,
    )
    return build(bytes(range(256)) * 40, what)


def offered(version: int) -> Dialogue:
    device = Dialogue(KIND.specimen(0))
    device.offer(image(version), version=version, image_type=KIND.image_type)
    return device


def test_off_its_dock_it_asks_for_firmware_but_takes_none() -> None:
    device = offered(FACTORY + 1)
    assert (device.state, device.frames) == (ClientState.AWAITING_POWER, [])


def test_it_takes_nothing_older_than_what_it_runs() -> None:
    device = offered(FACTORY - 1)
    end = device.only()
    assert isinstance(end, ota.UpgradeEndRequest)
    assert end.status == Status.INVALID_IMAGE


def test_it_tells_its_version_but_not_of_which_image() -> None:
    device = Dialogue(KIND.specimen(0))
    device.power_on()
    asked = (
        Attribute.CURRENT_FILE_VERSION,
        Attribute.MANUFACTURER_ID,
        Attribute.IMAGE_TYPE_ID,
    )
    version, maker, image_type = device.read(*asked)
    assert (version.status, version.value) == (Status.SUCCESS, FACTORY)
    assert maker.status == image_type.status == Status.UNSUPPORTED_ATTRIBUTE


def test_on_its_dock_it_is_updated_in_pages_though_it_sleeps() -> None:
    street = Street(KIND.specimen(0))
    street.assign(image(FACTORY + 1))
    street.power_on()
    street.run(1800.0)
    (device,) = street.devices
    assert device.client.blocks == 0
    _dock(street.network, device, street.now)
    street.run(1800.0)
    assert device.version == FACTORY + 1
    assert device.client.blocks > 0


def _dock(network: Network, device: object, now: float) -> None:
    assert isinstance(device, Chargeable)
    network.perform(device.eui64, device.set_mains(True, now), Monotonic(now))
