"""Rule 4: every activation tells each responsible supplier the version that the device itself reported.

Source: Communications Hub firmware management (the alert to the Service User on activation, DCC alert
N64).
"""

import json

from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.port import HubWord
from tests.fleet.estate import DAY, VERSION
from tests.fleet.town import Town


def upgraded(*suppliers: str) -> Town:
    town = Town()
    town.home("h1", *suppliers)
    town.campaign()
    town.deliver()
    town.pass_time(7 * DAY)
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    return town


def test_both_suppliers_of_a_home_are_told_the_version_that_the_device_reported() -> None:
    town = upgraded("east", "west")
    town.say("h1", HubWord.ACTIVATED)
    told = town.notices(NoticeKind.ACTIVATED)
    assert sorted(notice.party for notice in told) == ["east", "west"]
    assert {json.loads(notice.body)["version"] for notice in told} == {VERSION}


def test_a_supplier_of_both_fuels_is_told_once() -> None:
    town = upgraded("east")
    town.say("h1", HubWord.ACTIVATED)
    assert [notice.party for notice in town.notices(NoticeKind.ACTIVATED)] == ["east"]


def test_nobody_is_told_of_a_version_that_the_device_did_not_report() -> None:
    town = upgraded("east")
    town.say("h1", HubWord.ACTIVATED, version=0x0001_0000)
    assert town.notices(NoticeKind.ACTIVATED) == []
    assert town.member("h1").state is not MemberState.ACTIVATED


def test_the_supplier_at_the_time_of_the_activation_is_told_not_the_one_before() -> None:
    town = upgraded("east")
    town.change_supplier("h1", "west")
    town.say("h1", HubWord.ACTIVATED)
    assert [notice.party for notice in town.notices(NoticeKind.ACTIVATED)] == ["west"]


def test_a_device_that_fell_back_and_runs_the_release_again_is_told_of_again() -> None:
    town = upgraded("east")
    town.say("h1", HubWord.ACTIVATED)
    town.deliver("east")
    (first,) = town.notices(NoticeKind.ACTIVATED)
    town.pass_time(DAY)
    town.say("h1", HubWord.VERSION, version=0x0001_0000)
    town.pass_time(DAY)
    town.say("h1", HubWord.VERSION, version=VERSION)
    told = town.notices(NoticeKind.ACTIVATED)
    assert len(told) == 2
    assert first in told
