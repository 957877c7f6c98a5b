"""Query Next Image and Query Device Specific File (ZCL 11.13.4, 5, 10, 11): who is offered what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.hub.delivery.config import DeliveryConfig, HardwarePolicy
from ota_engine.hub.delivery.policy import Asker, OfferTerms, decide
from ota_engine.hub.kernel.devices import MOST_FIRMWARES
from ota_engine.hub.kernel.images import ServedImage
from ota_engine.records import SessionState, VersionPolicy
from ota_engine.zcl.general import DefaultResponse
from ota_engine.zcl.ota import (
    Command,
    QueryDeviceSpecificFileRequest,
    QueryDeviceSpecificFileResponse,
    QueryNextImageResponse,
)
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import (
    DEVICE,
    IMAGE_TYPE,
    MANUFACTURER,
    NEW,
    NOBODY,
    OLD,
    Client,
    Desk,
    image,
    offered,
    ready,
)

OTHER = Eui64(DEVICE + 1)
HARDWARE = (0x0100, 0x0200)
LENIENT = DeliveryConfig(hardware=HardwarePolicy.LENIENT)


def test_a_device_is_offered_the_image_assigned_to_it() -> None:
    desk, client = ready()
    assert client.query() == offered(client.image)
    assert desk.state() is SessionState.OFFERED
    assert desk.status().version_before == OLD


def test_without_an_assignment_there_is_no_image() -> None:
    desk = Desk()
    assert Client(desk).query() == NOBODY
    assert desk.engine.counters["query_without_assignment"] == 1


def test_an_image_is_offered_to_nobody_but_its_assignee() -> None:
    desk, _ = ready()
    assert Client(desk, OTHER).query() == NOBODY


def test_a_device_that_is_not_authorised_is_told_so() -> None:
    desk, client = ready(DeliveryConfig(authorised=frozenset({OTHER})))
    assert client.query() == QueryNextImageResponse(Status.NOT_AUTHORIZED)
    assert desk.state() is SessionState.ASSIGNED


def test_a_device_that_asks_for_another_type_is_explained() -> None:
    desk, _ = ready()
    other = Client(desk, of=image(image_type=0x0099))
    assert other.query() == NOBODY
    assert "asks for image type 0x0099" in desk.status().reason
    assert "the image is 0x0084" in desk.status().reason


def test_a_repeated_query_is_offered_the_same_and_journalled_once() -> None:
    desk, client = ready()
    client.query()
    lines = len(desk.events())
    for _ in range(10):
        assert client.query() == offered(client.image)
    assert len(desk.events()) == lines


@pytest.mark.parametrize(
    ("policy", "running", "offers"),
    [
        (VersionPolicy.UPGRADE, NEW - 1, True),
        (VersionPolicy.UPGRADE, NEW, False),
        (VersionPolicy.UPGRADE, NEW + 1, False),
        (VersionPolicy.REINSTALL, NEW - 1, True),
        (VersionPolicy.REINSTALL, NEW, True),
        (VersionPolicy.REINSTALL, NEW + 1, False),
        (VersionPolicy.DOWNGRADE, NEW - 1, True),
        (VersionPolicy.DOWNGRADE, NEW, False),
        (VersionPolicy.DOWNGRADE, NEW + 1, True),
        (VersionPolicy.UPGRADE, 0xFFFFFFFF, True),  # it does not know what it runs
    ],
)
def test_the_version_step_is_what_the_policy_allows(
    policy: VersionPolicy, running: int, offers: bool
) -> None:
    _, client = ready(policy=policy)
    assert client.query(running) == (offered(client.image) if offers else NOBODY)


def test_a_device_that_runs_the_version_already_is_done_without_a_download() -> None:
    desk, client = ready()
    assert client.query(NEW) == NOBODY
    assert desk.state() is SessionState.UPDATED
    assert desk.status().reason == "the device already runs it"
    assert desk.outcomes() == []


def test_a_downgrade_is_refused_with_its_reason_and_reported_once() -> None:
    desk, client = ready()
    for _ in range(3):
        assert client.query(NEW + 1) == NOBODY
    assert desk.state() is SessionState.FAILED
    ((kind, verdict, reason),) = desk.outcomes()
    assert (kind, verdict) == ("transfer", "failed")
    assert "downgrade" in reason


@given(
    running=st.integers(0, 0xFFFFFFFF),
    version=st.integers(0, 0xFFFFFFFE),
    policy=st.sampled_from([VersionPolicy.UPGRADE, VersionPolicy.REINSTALL]),
    hardware=st.none() | st.integers(0, 0xFFFF),
    strictness=st.sampled_from(HardwarePolicy),
)
def test_fault_21_no_lower_version_is_ever_offered_unless_a_downgrade_was_ordered(
    running: int,
    version: int,
    policy: VersionPolicy,
    hardware: int | None,
    strictness: HardwarePolicy,
) -> None:
    served = ServedImage.of(image(10, version=version))
    asker = Asker(DEVICE, running, hardware)
    verdict = decide(served, asker, OfferTerms(policy, hardware=strictness))
    if running != 0xFFFFFFFF and version < running:
        assert not verdict.offer
        assert "downgrade" in verdict.reason


def test_fault_21_blocks_of_a_lower_version_are_not_served_without_a_query_either() -> None:
    desk, client = ready()
    client.report(NEW + 1)
    assert client.ask(0) == DefaultResponse(Command.IMAGE_BLOCK_REQUEST, Status.NO_IMAGE_AVAILABLE)
    assert desk.state() is SessionState.ASSIGNED


# --- hardware -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hardware", "fits"), [(0x00FF, False), (0x0100, True), (0x0200, True), (0x0201, False)]
)
def test_the_hardware_version_must_lie_in_the_images_range(hardware: int, fits: bool) -> None:
    for config in (None, LENIENT):
        _, client = ready(config, image(hardware=HARDWARE))
        assert client.query(OLD, hardware) == (offered(client.image) if fits else NOBODY)


def test_strict_refuses_a_device_that_does_not_tell_its_hardware() -> None:
    desk, client = ready(of=image(hardware=HARDWARE))
    assert client.query(OLD, None) == NOBODY
    assert "does not tell its hardware version" in desk.status().reason


def test_lenient_offers_to_a_device_that_does_not_tell_its_hardware() -> None:
    _, client = ready(LENIENT, image(hardware=HARDWARE))
    assert client.query(OLD, None) == offered(client.image)


def test_an_image_without_range_is_for_any_hardware() -> None:
    _, client = ready()
    assert client.query(OLD, 0xABCD) == offered(client.image)


# --- destination, device-specific files -----------------------------------------------------------


def test_an_image_for_another_device_is_refused() -> None:
    desk, client = ready(of=image(destination=OTHER))
    assert client.query() == NOBODY
    assert "is for 00-DB-12-34-56-78-90-A1 alone" in desk.status().reason


def test_an_image_for_this_device_is_offered() -> None:
    _, client = ready(of=image(destination=DEVICE))
    assert client.query() == offered(client.image)


def specific(client: Client, asker: Eui64) -> object:
    key = (client.image.manufacturer_code, client.image.image_type)
    return client.say(QueryDeviceSpecificFileRequest(asker, *key, OLD, 2))[0]


@pytest.mark.parametrize("image_type", [0xFFC0, 0xFFC1, 0xFFC3, IMAGE_TYPE])
def test_a_device_specific_file_is_offered_to_the_device_it_is_for(image_type: int) -> None:
    desk, client = ready(of=image(image_type=image_type, destination=DEVICE))
    answer = specific(client, DEVICE)
    assert answer == QueryDeviceSpecificFileResponse(*offered(client.image))
    client.download()
    assert desk.state() is SessionState.VERIFYING


def test_a_device_specific_file_is_not_offered_on_behalf_of_another_device() -> None:
    _, client = ready(of=image(image_type=0xFFC0, destination=DEVICE))
    assert specific(client, OTHER) == QueryDeviceSpecificFileResponse(Status.NO_IMAGE_AVAILABLE)


def test_a_device_specific_query_of_one_not_authorised_is_told_so() -> None:
    _, client = ready(DeliveryConfig(authorised=frozenset({OTHER})))
    assert specific(client, DEVICE) == QueryDeviceSpecificFileResponse(Status.NOT_AUTHORIZED)


# --- several image types ------------------------------------------------------------------------


def test_queries_for_types_nobody_assigned_are_remembered_as_far_as_there_is_room() -> None:
    desk, client = ready()
    client.query()
    before = desk.store.load()
    for kind in range(50):
        desk.wait(1.0)
        Client(desk, of=image(image_type=0x0100 + kind)).query()
    after = desk.store.load()
    assert after.sessions == before.sessions
    assert len(after.firmwares) == MOST_FIRMWARES


def test_a_query_without_hardware_version_does_not_forget_it() -> None:
    desk, client = ready()
    client.query(OLD, 0x0102)
    client.query(OLD, None)
    (firmware,) = desk.store.load().firmwares
    assert firmware.hardware_version == 0x0102
    assert (firmware.manufacturer_code, firmware.image_type) == (MANUFACTURER, IMAGE_TYPE)
