"""Fault 14: a client stops in the middle, or is very slow; its place goes to somebody else."""

from images.eui64 import Eui64
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import SessionState
from tests.emulators.dialogue import image, spec
from tests.emulators.street import Street

CONTENT = image(20_000)
ONE_PLACE = DeliveryConfig(concurrency=1, stall_after=120.0)
FIRST, SECOND = Eui64(0x10), Eui64(0x20)


def street() -> Street:
    made = Street(spec(eui64=FIRST), spec(eui64=SECOND), config=ONE_PLACE)
    made.assign(CONTENT)
    return made


def test_a_client_that_fell_silent_gives_its_place_to_the_next() -> None:
    home = street()
    home.power_on()
    home.run(3.0)
    first = next(device for device in home.devices if device.client.blocks)
    second = next(device for device in home.devices if device is not first)
    assert second.client.blocks == 0
    home.network.power_off(first.eui64)
    home.run(1200.0)
    states = {status.device: status for status in home.engine.status()}
    assert states[second.eui64].state is SessionState.UPDATED
    assert states[first.eui64].state is SessionState.STALLED
    assert "not heard" in states[first.eui64].reason


def test_a_client_that_comes_back_goes_on_where_it_was() -> None:
    home = street()
    home.power_on()
    home.run(3.0)
    first = next(device for device in home.devices if device.client.blocks)
    home.network.perform(first.eui64, first.crash(home.now), home.now)
    home.run(600.0)
    before = first.client.blocks
    home.network.power_on(first.eui64, home.now)
    home.run(3600.0)
    assert home.states() == [SessionState.UPDATED] * 2
    assert first.flash.running_content() == CONTENT
    assert 0 < before < first.client.blocks
