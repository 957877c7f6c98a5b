"""When a device is known to run an image already, and when that is not known."""

from dataclasses import replace

import pytest

from images.eui64 import Eui64
from ota_engine.hub.activation.running import RunsAlready, runs_already
from ota_engine.hub.kernel.devices import Firmware
from ota_engine.records import FirmwareSource, ImageRecord, OrderRecord, OrderState
from ota_engine.times import Utc
from tests.gbcs.parties import HASH, HCALCS
from tests.hub.activation.orders import sent

OBEYED, EARLIER, LATER = 1_000.0, 900.0, 1_100.0
OLD, NEW = 0x01000000, 0x01010000
OTHER_HASH = bytes(32)
IMAGE = ImageRecord("ab", "", 0x121D, 0x86, NEW, 2, "", None, None, None, HASH.hex(), Utc(0.0), b"")


def obeyed(number: int = 1, digest: bytes = HASH, since: float = OBEYED) -> OrderRecord:
    """An order that the device carried out."""
    return replace(
        sent(),
        number=number,
        manufacturer_image_hash=digest,
        state=OrderState.ACTIVATED,
        since_utc=Utc(since),
        firmware_version=NEW,
    )


def told(version: int, since: float, image_type: int = 0x86) -> Firmware:
    """What the device says of one of its firmwares."""
    source = FirmwareSource.QUERY
    return Firmware(0x121D, image_type, 1, 0x0109, version, None, source, Utc(since))


def known(
    *firmwares: Firmware,
    orders: tuple[OrderRecord, ...] = (),
    image: ImageRecord | None = IMAGE,
    reports: int | None = None,
    waits: bool = False,
) -> RunsAlready | None:
    if reports is None and image is not None:
        reports = image.file_version
    return runs_already(Eui64(HCALCS), HASH, image, orders, firmwares, reports=reports, waits=waits)


@pytest.mark.parametrize("image", [IMAGE, None])
@pytest.mark.parametrize("firmwares", [(), (told(OLD, EARLIER),), (told(NEW, LATER),)])
def test_an_order_that_was_obeyed_is_a_proof(
    image: ImageRecord | None, firmwares: tuple[Firmware, ...]
) -> None:
    found = known(*firmwares, orders=(obeyed(),), image=image)
    assert found is not None
    assert (found.version, found.since_utc) == (NEW, OBEYED)
    assert found.known_by == "by its signed answer to order 1"


@pytest.mark.parametrize("image", [IMAGE, None])
def test_a_device_that_has_said_since_that_it_runs_something_else_is_believed(
    image: ImageRecord | None,
) -> None:
    assert known(told(OLD, LATER), orders=(obeyed(),), image=image) is None


def test_a_word_of_another_firmware_of_the_device_says_nothing_of_this_one() -> None:
    assert known(told(NEW, EARLIER), told(OLD, LATER, 0x99), orders=(obeyed(),)) is not None


def test_only_the_last_order_that_was_obeyed_counts() -> None:
    after = obeyed(2, OTHER_HASH, LATER)
    assert known(orders=(obeyed(), after)) is None
    assert known(orders=(obeyed(1, OTHER_HASH, EARLIER), obeyed(2))) is not None


@pytest.mark.parametrize("state", [state for state in OrderState if state != OrderState.ACTIVATED])
def test_no_other_state_of_an_order_proves_anything(state: OrderState) -> None:
    assert known(orders=(replace(obeyed(), state=state),)) is None


def test_an_order_for_another_file_of_the_same_hash_proves_nothing_of_this_one() -> None:
    assert known(orders=(replace(obeyed(), sha256="cd"),)) is None


def test_an_image_that_was_delivered_anew_waits_to_be_run() -> None:
    assert known(orders=(obeyed(),), waits=True) is None
    assert known(told(NEW, EARLIER), waits=True) is None


def test_without_an_order_the_version_that_the_device_tells_counts() -> None:
    found = known(told(NEW, EARLIER))
    assert found is not None
    assert (found.since_utc, found.known_by, found.order) == (EARLIER, "by its own query", None)
    assert known(told(OLD, EARLIER)) is None
    assert known() is None
    assert known(told(NEW, EARLIER), image=None) is None


def test_where_another_version_than_the_files_is_expected_that_one_proves_it_and_no_other() -> None:
    found = known(told(OLD, EARLIER), reports=OLD)
    assert found is not None
    assert (found.version, found.known_by) == (OLD, "by its own query")
    assert known(told(NEW, EARLIER), reports=OLD) is None
