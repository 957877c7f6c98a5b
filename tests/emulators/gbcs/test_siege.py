"""The same attacks that go over real bellows, over the home that ``han://`` names."""

from trio.testing import MockClock

from emulators.home.live_home import open_home
from emulators.home.roster import default_roster
from ota_engine.events import SMART_ENERGY
from ota_engine.hub.tunnel import Route
from ota_engine.times import Utc
from tests.emulators.gbcs.house import give
from tests.emulators.gbcs.siege import besiege
from tests.gbcs.parties import everyone
from tests.shell.activation import HCALCS, signed

UTC = Utc(1_772_323_200.0)  # when the keys of the tests are valid


async def test_every_attack_is_carried_to_the_device_and_none_is_obeyed(
    autojump_clock: MockClock,
) -> None:
    entries = [entry._replace(trigger_after=None) for entry in default_roster()]
    async with open_home(entries, keys=everyone(), utc=lambda now: UTC + now) as han:
        device = han.network.stations[HCALCS].node
        give(device, signed().data)  # type: ignore[arg-type] # a Device is the Node here
        han.power_off(HCALCS)
        han.power_on(HCALCS)
        route = Route(1, SMART_ENERGY, False, han.info.max_payload)
        await besiege(han, route, lambda: device.version)  # type: ignore[attr-defined]
