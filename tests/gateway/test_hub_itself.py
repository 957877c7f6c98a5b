"""A Communications Hub's own firmware: over a lossy network, through power cuts, and what goes wrong with it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest

from emulators.estate.hub import BOOT_S
from emulators.estate.real_home import RealHome
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.hub.own_firmware.life import OwnState
from ota_engine.times import Utc
from tests.gateway.homes import CH, FOR_HUB, GATEWAY, HUB, IMAGES, NEW, OLD, home
from tests.tiers import points

HOUR: Final = 3600.0
DAY: Final = 86_400.0


def told(verb: Verb, number: int, at: float | None = None, *, attempt: int = 1) -> Instruction:
    return Instruction(
        f"c/h1/{number}/{verb}",
        GATEWAY,
        "c",
        attempt,
        "h1",
        CH,
        verb,
        FOR_HUB.sha256,
        NEW,
        at,
        number=number,
    )


def live(lived: RealHome, seconds: float) -> Sequence[HubOutcome]:
    lived.run(Utc(lived.utc + seconds))
    return lived.outcomes()


def words(said: Sequence[HubOutcome]) -> list[HubWord]:
    return [one.word for one in said if one.campaign]


def upgraded(lived: RealHome) -> Sequence[HubOutcome]:
    lived.give([told(Verb.ASSIGN, 1)])
    live(lived, 6 * HOUR)
    lived.give([told(Verb.ACTIVATE, 2)])
    return live(lived, 6 * HOUR)


@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_a_hub_fetches_its_image_and_says_itself_what_it_runs(loss: float) -> None:
    lived = home(hub=replace(HUB, loss=loss))
    said = upgraded(lived)
    assert words(said) == [HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED]
    (ended,) = [one for one in said if one.word is HubWord.ACTIVATED]
    assert (ended.device, ended.version) == (CH, NEW)
    assert lived.hub is not None
    assert lived.hub.firmware is not None
    assert lived.hub.firmware.versions == (NEW, NEW), "CHF and GPF move together"


def test_a_hub_keeps_the_set_time_through_a_power_cut() -> None:
    lived = home()
    lived.give([told(Verb.ASSIGN, 1)])
    live(lived, HOUR)
    at = lived.utc + 10 * HOUR
    lived.give([told(Verb.ACTIVATE, 2, at)])
    live(lived, HOUR)
    assert lived.hub is not None
    lived.hub.cut_power(lived.network.agenda.now)
    assert HubWord.ACTIVATED not in words(live(lived, 8 * HOUR))
    (ended,) = [one for one in live(lived, 2 * HOUR) if one.word is HubWord.ACTIVATED]
    assert at <= ended.utc <= at + 2 * BOOT_S


def test_a_hub_that_was_dark_at_the_set_time_restarts_when_it_has_power_again() -> None:
    lived = home()
    lived.give([told(Verb.ASSIGN, 1)])
    live(lived, HOUR)
    lived.give([told(Verb.ACTIVATE, 2, lived.utc + HOUR)])
    lived.kill()
    assert live(lived, 5 * HOUR) == ()
    lived.start()
    assert HubWord.ACTIVATED in words(live(lived, HOUR))


def test_an_image_with_another_hash_is_refused_and_never_run() -> None:
    octets = bytearray(FOR_HUB.data)
    octets[-100] ^= 1
    wrong = replace(FOR_HUB, data=bytes(octets))
    lived = home(images={**IMAGES, FOR_HUB.sha256: wrong})
    said = upgraded(lived)
    (failed,) = [one for one in said if one.word is HubWord.FAILED]
    assert failed.reason.startswith("the image hashes to ")
    assert HubWord.TRANSFERRED not in words(said)
    assert lived.hub is not None
    assert lived.hub.version == OLD


def test_firmware_that_does_not_start_is_given_up_by_the_boot_loader() -> None:
    lived = home(hub=replace(HUB, never_starts=frozenset({NEW})))
    said = upgraded(lived)
    (failed,) = [one for one in said if one.word is HubWord.FAILED]
    assert failed.reason == f"the hub came back with {OLD:08X}, not {NEW:08X}"
    lived.settle([one.key for one in said])
    lived.give([told(Verb.ASSIGN, 3, attempt=2)])
    assert HubWord.TRANSFERRED in words(live(lived, HOUR)), "another attempt begins anew"


def test_a_hub_whose_gas_proxy_function_stays_behind_has_failed() -> None:
    lived = home(hub=replace(HUB, gpf_stays=frozenset({NEW})))
    (failed,) = [one for one in upgraded(lived) if one.word is HubWord.FAILED]
    assert failed.reason == f"CHF runs {NEW:08X} and GPF {OLD:08X}: they must move together"


def test_a_hub_that_finds_its_devices_no_more_says_so() -> None:
    lived = home(hub=replace(HUB, loses_han=frozenset({NEW})))
    said = upgraded(lived)
    assert words(said)[-2:] == [HubWord.ACTIVATED, HubWord.HAN_LOST]
    assert said[-1].reason == "none of 2 devices was heard since the hub runs its new firmware"


def test_a_hub_that_still_hears_a_device_has_its_han() -> None:
    assert HubWord.HAN_LOST not in words(upgraded(home()))


def test_a_hub_without_a_way_to_its_image_says_nothing() -> None:
    lived = home(hub=replace(HUB, loss=1.0))
    lived.give([told(Verb.ASSIGN, 1)])
    assert words(live(lived, DAY)) == []


@points(5)
def test_a_power_cut_at_any_write_to_flash_costs_time_and_nothing_else(step: int) -> None:
    lived = home(hub=replace(HUB, loss=0.0))
    upgraded(lived)
    assert lived.hub is not None
    writes = lived.hub.flash.writes
    assert writes > len(FOR_HUB.data) // 4096, "each sector is one"
    for index in range(0, writes, step):
        lived = home(hub=replace(HUB, loss=0.0))
        assert lived.hub is not None
        lived.hub.flash.power_fails_at(index)
        said = upgraded(lived)
        assert words(said) == [HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED], index
        assert lived.hub.version == NEW


@pytest.mark.parametrize("state", [OwnState.FETCHING, OwnState.STAGED, OwnState.TIMED])
def test_what_is_withdrawn_is_dropped_wherever_it_stands(state: OwnState) -> None:
    lived = home()
    lived.give([told(Verb.ASSIGN, 1)])
    if state is not OwnState.FETCHING:
        live(lived, HOUR)
    if state is OwnState.TIMED:
        lived.give([told(Verb.ACTIVATE, 2, lived.utc + HOUR)])
    lived.give([told(Verb.WITHDRAW, 3)])
    assert HubWord.ACTIVATED not in words(live(lived, 2 * HOUR))
    assert lived.hub is not None
    assert lived.hub.firmware is not None
    assert lived.hub.firmware.record.state is OwnState.IDLE
    lived.give([told(Verb.ASSIGN, 4, attempt=2), told(Verb.ACTIVATE, 5)])
    assert HubWord.ACTIVATED in words(live(lived, 2 * HOUR))
