"""Fault 9: frames are lost, doubled, reordered and delayed; image and states end the same."""

from emulators.air.radio import Conditions
from ota_engine.records import SessionState
from tests.emulators.dialogue import image, spec
from tests.emulators.street import Street
from tests.tiers import seeds

BAD_AIR = Conditions(loss=0.05, duplication=0.05, reordering=0.05, corruption=0.02)
HOUR = 3600.0
CONTENT = image(2000)
LONGER = image(6000)


def outcome(content: bytes, air: Conditions, seed: int, **options: object) -> object:
    street = Street(spec(**options), conditions=air, seed=seed)  # type: ignore[arg-type]
    street.assign(content)
    street.power_on()
    street.run(2 * HOUR)
    (device,) = street.devices
    return device.flash.running_content(), street.states(), device.client.upgrade_status


@seeds(2, 10)
def test_a_thousand_seeds_end_as_calm_air_does(seed: int) -> None:
    calm = outcome(CONTENT, Conditions(), 0)
    assert calm == (CONTENT, [SessionState.UPDATED], 0)
    for each in range(100 * seed, 100 * (seed + 1)):
        assert outcome(CONTENT, BAD_AIR, each) == calm, f"seed {each}"


@seeds(5, 20)
def test_pages_end_as_calm_air_does(seed: int) -> None:
    calm = outcome(LONGER, Conditions(), 0, page_mode=True)
    assert outcome(LONGER, BAD_AIR, seed, page_mode=True) == calm
