"""Both sides together: the emulated devices against the real engine over the emulated air."""

import hashlib

import pytest

from emulators.air.radio import Conditions
from emulators.client.table import ClientState
from emulators.devices import kinds
from emulators.devices.chargeable import Chargeable
from emulators.devices.commanded import Commanded
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import DeviceKind
from emulators.platform.profiles import LAB, NXP, PROFILES, SILICON_LABS, ZBOSS, TimerProfile
from emulators.platform.spec import DeviceSpec
from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.hub.delivery.commands import (
    Abort,
    ApplyNow,
    NotifyBroadcast,
    NotifyDevice,
    Pause,
    Resume,
)
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import Activation, SessionState, VersionPolicy
from tests.emulators.dialogue import DEVICE, NEW, OLD, image, spec
from tests.emulators.street import Street

CONTENT = image(20_000)
HOUR = 3600.0


def one(
    timers: TimerProfile = LAB,
    kind: DeviceKind = kinds.IHD,
    *,
    battery: bool = False,
    config: DeliveryConfig | None = None,
    **options: object,
) -> tuple[Street, EmulatedDevice]:
    street = Street(
        spec(kind, timers=timers, battery=battery, **options),  # type: ignore[arg-type]
        config=config,
    )
    return street, street.devices[0]


def neighbours(count: int, timers: TimerProfile = LAB) -> list[DeviceSpec]:
    return [spec(timers=timers, eui64=Eui64(DEVICE + number)) for number in range(count)]


@pytest.mark.parametrize("page_mode", [False, True], ids=["blocks", "pages"])
@pytest.mark.parametrize("profile", PROFILES)
def test_each_vendors_client_is_updated_byte_for_byte(profile: str, page_mode: bool) -> None:
    street, device = one(PROFILES[profile], page_mode=page_mode)
    street.assign(CONTENT)
    street.power_on()
    street.run(2 * HOUR)
    assert device.version == NEW
    assert device.flash.running_content() == CONTENT
    assert street.states() == [SessionState.UPDATED]


@pytest.mark.parametrize("kind", [kinds.PPMID, kinds.COMMUNICATIONS_HUB])
def test_other_kinds_are_updated_the_same_way(kind: DeviceKind) -> None:
    street, device = one(kind=kind)
    street.assign(CONTENT)
    street.power_on()
    street.run(300)
    assert (device.version, street.states()) == (NEW, [SessionState.UPDATED])


def test_a_communications_hub_runs_its_image_at_the_set_time() -> None:
    street, device = one(kind=kinds.COMMUNICATIONS_HUB)
    street.assign(CONTENT, activation=Activation.AT, at=4 * HOUR)
    street.power_on()
    street.run(4 * HOUR - 60)
    assert device.version == OLD
    street.run(120)
    assert device.version == NEW


def test_a_silicon_labs_hub_that_asks_every_hour_still_runs_it_at_the_set_time() -> None:
    street, device = one(SILICON_LABS, kinds.COMMUNICATIONS_HUB)
    street.assign(CONTENT, activation=Activation.AT, at=6 * HOUR)
    street.power_on()
    street.run(6 * HOUR - 60)
    assert device.version == OLD
    street.run(120)
    assert device.version == NEW


def test_an_hcalcs_holds_its_image_until_the_local_trigger() -> None:
    street, device = one(kind=kinds.HCALCS)
    assert isinstance(device, Commanded)
    street.assign(CONTENT, activation=Activation.EXTERNAL)
    street.power_on()
    street.run(24 * HOUR)
    assert (device.version, device.client.state) == (OLD, ClientState.EXTERNAL)
    assert street.states() == [SessionState.AWAITING_COMMAND]
    street.network.perform(device.eui64, device.activate_locally(street.now), street.now)
    street.run(60)
    assert (device.version, street.states()) == (NEW, [SessionState.UPDATED])


def test_a_battery_ppmid_waits_for_mains_and_the_engine_says_so() -> None:
    street, device = one(kind=kinds.PPMID, battery=True)
    assert isinstance(device, Chargeable)
    street.assign(CONTENT)
    street.power_on()
    street.run(HOUR)
    assert device.client.state is ClientState.AWAITING_POWER
    assert "mains" in street.reasons()[0]
    street.network.perform(device.eui64, device.set_mains(True, street.now), street.now)
    street.run(120)
    assert (device.version, street.states()) == (NEW, [SessionState.UPDATED])


def test_unplugging_a_battery_ppmid_pauses_its_download() -> None:
    street, device = one(kind=kinds.PPMID, battery=True)
    assert isinstance(device, Chargeable)
    street.assign(CONTENT)
    street.power_on()
    street.network.perform(device.eui64, device.set_mains(True, street.now), street.now)
    street.run(5)
    assert 0 < device.client.blocks < len(CONTENT) // 63
    street.network.perform(device.eui64, device.set_mains(False, street.now), street.now)
    taken = device.client.blocks
    street.run(60)
    assert device.client.blocks == taken
    street.network.perform(device.eui64, device.set_mains(True, street.now), street.now)
    street.run(120)
    assert device.flash.running_content() == CONTENT


def test_a_device_that_is_told_to_wait_applies_when_released() -> None:
    street, device = one()
    street.assign(CONTENT, activation=Activation.WAIT)
    street.power_on()
    street.run(3 * HOUR)
    assert (device.version, street.states()) == (OLD, [SessionState.HELD])
    street.order(ApplyNow(device.eui64, "test"))
    street.run(60)
    assert device.version == NEW


def test_a_held_image_survives_a_notify_and_the_query_it_brings() -> None:
    street, device = one()
    street.assign(CONTENT, activation=Activation.WAIT)
    street.power_on()
    street.run(60)
    held = device.client.blocks
    street.order(NotifyDevice(device.eui64))
    street.run(HOUR)
    assert device.client.blocks == held
    assert street.states() == [SessionState.HELD]


def test_a_pause_is_a_wait_for_data_and_ends_with_resume() -> None:
    street, device = one()
    street.assign(CONTENT)
    street.power_on()
    street.run(3)
    street.order(Pause(device.eui64, "maintenance", "test"))
    street.run(HOUR)
    assert device.client.state is ClientState.WAITING_FOR_DATA
    street.order(Resume(device.eui64, "test"))
    street.run(HOUR)
    assert device.flash.running_content() == CONTENT


def test_an_abort_ends_the_download_idle() -> None:
    street, device = one()
    street.assign(CONTENT)
    street.power_on()
    street.run(3)
    street.order(Abort(device.eui64, "test", "test"))
    street.run(60)
    assert (device.client.state, device.version) == (ClientState.IDLE, OLD)


def test_a_failed_self_test_is_a_failed_session() -> None:
    street, device = one(self_test_fails=True)
    street.assign(CONTENT)
    street.power_on()
    street.run(300)
    assert (device.version, street.states()) == (OLD, [SessionState.FAILED])


def test_a_refused_image_is_a_failed_session() -> None:
    street, device = one(forces_invalid_image=True)
    street.assign(CONTENT)
    street.power_on()
    street.run(120)
    assert (device.version, street.states()) == (OLD, [SessionState.FAILED])


def test_a_notified_device_does_not_wait_for_its_poll() -> None:
    street, device = one(ZBOSS)
    street.power_on()
    street.run(100)  # its start-up query found nothing; the next poll is a day away
    street.assign(CONTENT)
    street.order(NotifyDevice(device.eui64))
    street.run(HOUR)
    assert device.version == NEW


def test_a_broadcast_notify_reaches_every_device_of_the_profile() -> None:
    street = Street(*neighbours(5, ZBOSS))
    street.power_on()
    street.run(100)
    street.assign(CONTENT)
    street.order(NotifyBroadcast(0x0109, 0, 100, None))
    street.run(2 * HOUR)
    assert [device.version for device in street.devices] == [NEW] * 5


def test_a_reinstall_runs_the_same_version_again() -> None:
    content = image(5000, version=OLD)
    street, device = one(NXP)
    street.assign(content, policy=VersionPolicy.REINSTALL)
    street.power_on()
    street.run(HOUR)
    assert device.flash.running_content() == content


def test_a_downgrade_is_delivered_when_policy_and_device_allow_it() -> None:
    content = image(5000, version=OLD - 1)
    street, device = one()
    street.assign(content, policy=VersionPolicy.DOWNGRADE)
    street.power_on()
    street.run(300)
    assert device.version == OLD - 1


@pytest.mark.parametrize("revision", [1, 2, 3])
def test_a_rate_limit_is_understood_whatever_the_clients_unit(revision: int) -> None:
    config = DeliveryConfig(minimum_block_period_ms=2000)
    street, device = one(config=config, cluster_revision=revision)
    street.assign(image(2000))
    street.power_on()
    street.run(2 * HOUR)
    assert device.version == NEW


@pytest.mark.parametrize(
    "options",
    [
        {"period_missing": True},
        {"malformed_default_every": 5},
        {"sends_node_address": True},
        {"page_mode": True, "page_hole_every": 7},
        {"block_size": 16},
        {"clock_at_zero": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_client_with_an_oddity_is_still_updated(options: dict[str, object]) -> None:
    street, device = one(**options)  # type: ignore[arg-type] # names checked by spec
    street.assign(CONTENT)
    street.power_on()
    street.run(HOUR)
    assert device.flash.running_content() == CONTENT


def trace(seed: int) -> str:
    street = Street(*neighbours(4), conditions=Conditions(loss=0.05, duplication=0.05), seed=seed)
    street.assign(image(6000))
    street.power_on()
    street.run(2 * HOUR)
    lines = [
        canonical_json([now, device, note.kind, note.detail]) for now, device, note in street.notes
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_the_same_seed_gives_the_same_notes() -> None:
    assert trace(5) == trace(5)
    assert trace(5) != trace(6)


def test_many_devices_pay_for_one_verification() -> None:
    street = Street(*neighbours(30))
    street.assign(image(3000))
    street.power_on()
    street.run(HOUR)
    assert [device.version for device in street.devices] == [NEW] * 30
    assert street.fleet.verifier.inspections == 1


def test_notes_tell_of_states_and_never_of_blocks() -> None:
    street, device = one()
    street.assign(CONTENT)
    street.power_on()
    street.run(HOUR)
    assert device.client.blocks > 300
    assert len(street.notes) < 15
