"""A Communications Hub runs new firmware: its home's suppliers hear so, with its version (SECMP0024)."""

from images.eui64 import Eui64
from ota_engine.duis.responses import DccAlert, HubActivation
from ota_engine.duis.variants import UserRole
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.orders.content import read_response_text
from ota_engine.fleet.orders.rows import ServiceUser, UserDocument
from ota_engine.fleet.port import HubOutcome, HubWord
from tests.fleet.estate import DAY, VERSION
from tests.fleet.town import OLD_VERSION, Town

EAST, WEST = Eui64(0xE), Eui64(0xF)


def upgraded(*suppliers: str) -> Town:
    town = Town()
    town.home("h1", *suppliers)
    town.put(
        ServiceUser(EAST, "east", UserRole.IMPORT_SUPPLIER),
        ServiceUser(WEST, "west", UserRole.GAS_SUPPLIER),
    )
    town.campaign()
    town.deliver()
    town.pass_time(7 * DAY)
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    return town


def told(town: Town, user: Eui64) -> list[HubActivation]:
    found = []
    for row in town.rows(UserDocument, user=user):
        body = read_response_text(row.content).body
        assert isinstance(body, DccAlert)
        assert body.code == "N64"
        assert isinstance(body.content, HubActivation)
        found.append(body.content)
    return found


def hub_of(town: Town) -> Eui64:
    return town.row(InstalledDevice, home="h1").device


def test_both_suppliers_users_are_told_the_version_that_the_hub_itself_reported() -> None:
    town = upgraded("east", "west")
    town.say("h1", HubWord.ACTIVATED)
    expected = HubActivation(hub_of(town), f"{VERSION:08X}")
    assert told(town, EAST) == [expected]
    assert told(town, WEST) == [expected]


def test_a_hub_that_says_the_same_again_is_told_of_once() -> None:
    town = upgraded("east", "west")
    town.say("h1", HubWord.ACTIVATED)
    town.pass_time(60)
    said = HubOutcome(
        "again", "", 0, "h1", hub_of(town), HubWord.VERSION, "", VERSION, b"", town.utc
    )
    town.happen(said, said)
    assert len(told(town, EAST)) == 1


def test_a_hub_that_fell_back_is_told_of_with_what_it_runs_now() -> None:
    town = upgraded("east", "west")
    town.say("h1", HubWord.ACTIVATED)
    town.pass_time(60)
    hub = hub_of(town)
    town.happen(
        HubOutcome("back", "", 0, "h1", hub, HubWord.VERSION, "", OLD_VERSION, b"", town.utc)
    )
    assert {one.version for one in told(town, WEST)} == {f"{VERSION:08X}", f"{OLD_VERSION:08X}"}


def test_nobody_is_told_before_the_hub_has_said_so_itself() -> None:
    town = upgraded("east", "west")
    town.say("h1", HubWord.UNREACHABLE)
    assert told(town, EAST) == []


def test_the_supplier_at_the_time_is_told_and_not_the_one_before() -> None:
    town = upgraded("east")
    town.change_supplier("h1", "west")
    town.say("h1", HubWord.ACTIVATED)
    assert told(town, EAST) == []
