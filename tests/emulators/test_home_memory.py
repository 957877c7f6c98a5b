"""A home goes on where it was left: flash, counters, orders and answers outlive its process."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from emulators.devices.assembly import DeviceAssembly
from emulators.home.live_home import open_home
from emulators.home.memory import dump_home, read_home_memory, recall_home
from emulators.home.roster import default_roster
from ota_engine.errors import LocalError
from ota_engine.gbcs.payloads import CommandAccepted, FutureDatedOutcome
from ota_engine.times import Monotonic
from tests.emulators.gbcs.house import NEW_VERSION, House, hash_of, image, spec
from tests.emulators.gbcs.units import START, command
from tests.gbcs.parties import everyone

CONTENT = image()
DIGEST = hash_of(CONTENT)
LATER = START + timedelta(minutes=10)


def left_at(moment: float, octets: bytes) -> House:
    """A home whose device was sent a command, and whose process ended at this moment."""
    house = House(content=CONTENT)
    house.say(octets)
    house.run(moment)
    return house


def reborn(house: House) -> House:
    """The same home in another process, at the same time of day."""
    text = dump_home([house.device])
    again = House(clock=None)
    again.network.power_off(again.device.eui64)
    again.device.crash(0.0)
    recall_home(read_home_memory(text), [again.device])
    again.device.set_clock(START.timestamp() + house.now, 0.0)
    again.notes.clear()
    again.network.power_on(again.device.eui64, Monotonic(0.0))
    return again


@pytest.mark.parametrize("moment", [number / 10 for number in range(0, 50, 2)])
def test_an_order_for_now_ends_in_the_next_life_if_not_in_this(moment: float) -> None:
    order = command(digest=DIGEST)
    before = left_at(moment, order)
    after = reborn(before)
    after.say(order)  # the engine has no answer yet, or has one and somebody plays it again
    after.run(300.0)
    assert after.device.version == NEW_VERSION
    assert before.boots + after.boots == 1
    assert len({*before.hub.received, *after.hub.received}) == 1


@pytest.mark.parametrize("moment", [60.0, 599.0, 601.0, 604.0])
def test_an_order_for_later_is_kept(moment: float) -> None:
    before = left_at(moment, command(at=LATER, digest=DIGEST))
    after = reborn(before)
    after.run(900.0)
    assert after.device.version == NEW_VERSION
    assert before.boots + after.boots == 1
    told = [*before.told(), *after.told()]
    assert told[0] == CommandAccepted()
    assert isinstance(told[-1], FutureDatedOutcome) and told[-1].outcome.code == 0


def test_a_replay_in_the_next_life_is_refused() -> None:
    order = command(digest=DIGEST)
    after = reborn(left_at(120.0, order))
    after.say(order)
    after.run(120.0)
    (note,) = after.noted("command refused")
    assert "replay" in str(note.detail["reason"])


def test_a_download_goes_on_in_the_next_life() -> None:
    house = House()
    device = house.device
    device.flash.begin(device.spec.factory._replace(file_version=NEW_VERSION), len(CONTENT))
    device.flash.append(CONTENT[:5000])
    after = reborn(house)
    download = after.device.flash.metadata.download
    assert download is not None and download.offset == 4096


def test_a_device_with_another_past_begins_anew() -> None:
    text = dump_home([left_at(120.0, command(digest=DIGEST)).device])
    stranger = DeviceAssembly(everyone()).build(replace(spec(), file_version=7))
    recall_home(read_home_memory(text), [stranger])
    assert stranger.version == 7


def test_what_was_kept_is_kept_again_octet_for_octet() -> None:
    house = left_at(2.0, command(digest=DIGEST))
    text = dump_home([house.device])
    copy = DeviceAssembly(everyone()).build(spec())
    recall_home(read_home_memory(text), [copy])
    assert dump_home([copy]) == text


TEXT = dump_home([left_at(60.0, command(at=LATER, digest=DIGEST)).device])


@given(at=st.integers(0, len(TEXT) - 1), instead=st.text(max_size=3))
def test_a_spoiled_memory_is_read_or_refused_in_one_line(at: int, instead: str) -> None:
    try:
        memory = read_home_memory(TEXT[:at] + instead + TEXT[at + 1 :])
    except LocalError as error:
        assert "\n" not in str(error)
    else:
        recall_home(memory, [DeviceAssembly(everyone()).build(spec())])


@pytest.mark.parametrize("path", ["format", "devices", "sectors"])
@given(value=st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_json_in_its_place_is_read_or_refused(path: str, value: object) -> None:
    document = json.loads(TEXT)
    document[path] = value
    try:
        read_home_memory(json.dumps(document))
    except LocalError as error:
        assert "remove it" in str(error)


def test_a_household_is_written_down_whenever_something_happens_to_a_device() -> None:
    """So that a process that is killed loses nothing its devices said they had."""
    kept: list[str] = []

    async def live() -> None:
        async with open_home(default_roster(), keys=everyone(), keep=kept.append):
            await trio.sleep(30.0)
            assert kept

    trio.run(live, clock=MockClock(autojump_threshold=0.0))
    assert len(kept) == len(set(kept))
    assert {entry.spec.eui64 for entry in default_roster()} == set(read_home_memory(kept[-1]))
