"""Orders over an emulated home: given, accepted, carried out, taken back; every word of it verified."""

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from emulators.devices import kinds
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.envelope import parse
from ota_engine.hub.push.verdict import PushVerdict
from ota_engine.records import OrderRecord, OrderState
from ota_engine.shell.activate import ActivationRequest, activate, cancel, cancel_for, read_version
from ota_engine.times import Utc
from tests.gbcs.parties import SECOND_SUPPLIER, SUPPLIER, without
from tests.shell.activation import HCALCS, HUB, IHD, NEW, OLD, PPMID, Estate, signed, utc

HOUR = 3600.0


@pytest.fixture
def home(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


async def holding(home: Estate) -> None:
    """Have the HCALCS take and verify its signed image."""
    result = await home.push(signed(), devices=[HCALCS])
    assert [standing.verdict for standing in result.standings] == [PushVerdict.AWAITING]
    assert home.version() == OLD


def states(steps: list[OrderRecord]) -> list[OrderState]:
    seen = [step.state for step in steps]
    return [state for i, state in enumerate(seen) if i == 0 or state is not seen[i - 1]]


async def test_an_order_for_now_is_followed_from_its_counter_to_the_devices_signed_word(
    home: Estate,
    autojump_clock: MockClock,
) -> None:
    await holding(home)
    steps: list[OrderRecord] = []
    followed = await home.order(signed(), steps=steps)
    assert states(steps) == [OrderState.COMMITTED, OrderState.SENT, OrderState.ACTIVATED]
    assert followed.over and home.version() == NEW
    assert followed.order.firmware_version == NEW
    (told,) = home.outcomes("order")
    assert (told.verdict, told.message) == ("succeeded", followed.order.evidence)


async def test_an_order_for_later_is_left_once_it_is_accepted_and_found_again(
    home: Estate,
    autojump_clock: MockClock,
) -> None:
    await holding(home)
    at = Utc(float(round(utc() + HOUR)))
    accepted = await home.order(signed(), at=at)
    assert (accepted.order.state, accepted.over) == (OrderState.ACCEPTED, True)
    assert home.version() == OLD and home.outcomes("order") == []
    again = await home.order(signed(), at=at, wait=True)
    assert again.order.number == accepted.order.number == 1
    assert (again.order.state, home.version()) == (OrderState.ACTIVATED, NEW)
    assert utc() >= at
    (told,) = home.outcomes("order")
    assert parse(told.message).message_code == MessageCode.FIRMWARE_ACTIVATION_ALERT


async def test_an_order_whose_time_came_while_no_engine_ran_is_settled_by_the_next(
    home: Estate,
    autojump_clock: MockClock,
) -> None:
    await holding(home)
    at = Utc(float(round(utc() + HOUR)))
    await home.order(signed(), at=at)
    await trio.sleep(2 * HOUR)
    home.network.run(trio.current_time())
    again = await home.order(signed(), at=at, wait=True)
    assert (again.order.state, home.version()) == (OrderState.ACTIVATED, NEW)


@pytest.mark.parametrize("by_device", [True, False])
async def test_an_order_is_taken_back_and_never_carried_out(
    home: Estate, autojump_clock: MockClock, by_device: bool
) -> None:
    await holding(home)
    at = Utc(float(round(utc() + HOUR)))
    order = (await home.order(signed(), at=at)).order
    async with home.setup() as setup:
        if by_device:
            taken_back = await cancel_for(setup, HCALCS, lambda _: None)
        else:
            taken_back = await cancel(setup, order.number, lambda _: None)
        await trio.sleep(2 * HOUR)
    assert taken_back.order.state is OrderState.CANCELLED
    assert (taken_back.order.cancel_counter or 0) > (order.counter or 0)
    assert home.version() == OLD
    (told,) = home.outcomes("order")
    assert told.message, "the device's acceptance proves it"


async def test_nothing_is_waited_for_beyond_the_time_given(
    home: Estate, autojump_clock: MockClock
) -> None:
    await holding(home)
    at = Utc(float(round(utc() + HOUR)))
    followed = await home.order(signed(), at=at, wait=True, seconds=60.0)
    assert followed.ending.timed_out and not followed.over
    assert followed.order.state is OrderState.ACCEPTED


async def test_without_an_image_the_device_says_so_and_the_order_has_failed(
    home: Estate, autojump_clock: MockClock
) -> None:
    followed = await home.order(signed())
    assert (followed.order.state, followed.order.code) == (OrderState.FAILED, 1)


async def test_another_image_than_the_one_held_is_a_hash_mismatch(
    home: Estate, autojump_clock: MockClock
) -> None:
    await holding(home)
    followed = await home.order(signed(octets=901))
    assert (followed.order.state, followed.order.code) == (OrderState.FAILED, 2)
    assert home.version() == OLD


async def test_the_command_of_a_second_supplier_is_not_obeyed_and_its_order_expires(
    home: Estate,
    autojump_clock: MockClock,
) -> None:
    await holding(home)
    followed = await home.order(signed(), originator=SECOND_SUPPLIER)
    assert followed.order.state is OrderState.EXPIRED
    assert f"0x{OLD:08X}" in followed.order.reason
    assert home.version() == OLD


async def test_the_image_of_a_second_supplier_is_not_held(
    home: Estate, autojump_clock: MockClock
) -> None:
    foreign = signed(supplier=SECOND_SUPPLIER)
    result = await home.push(foreign, devices=[HCALCS])
    assert [standing.verdict for standing in result.standings] == [PushVerdict.FAILED]
    followed = await home.order(foreign)
    assert (followed.order.code, home.version()) == (1, OLD)
    (alert,) = home.outcomes("alert")
    assert (alert.verdict, alert.device) == ("failed", HCALCS)


async def test_a_second_order_beside_an_open_one_is_refused_with_its_number(
    home: Estate, autojump_clock: MockClock
) -> None:
    await home.order(signed(), at=Utc(float(round(utc() + HOUR))))
    with refused("order 1 .*still open"):
        await home.order(signed())


async def test_a_device_that_is_not_there_gets_no_order(
    home: Estate, autojump_clock: MockClock
) -> None:
    async with home.setup() as setup:
        request = ActivationRequest(Eui64(0x99), bytes(32))
        with refused("is not in this network"):
            await activate(setup, request, lambda _: None)


async def test_no_order_is_given_without_the_suppliers_key(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    home = Estate(
        tmp_path, keys=without(f"{SUPPLIER:016x}-ds.key", f"{SECOND_SUPPLIER:016x}-ds.key")
    )
    with refused("no signing key"):
        await home.order(signed())


async def test_a_device_without_an_open_order_has_none_to_take_back(
    home: Estate, autojump_clock: MockClock
) -> None:
    async with home.setup() as setup:
        with refused("has no open order"):
            await cancel_for(setup, HCALCS, lambda _: None)


@pytest.mark.parametrize("device", [HCALCS, PPMID, HUB])
async def test_every_kind_of_device_with_keys_tells_its_version(
    home: Estate, autojump_clock: MockClock, device: Eui64
) -> None:
    async with home.setup() as setup:
        told = await read_version(setup, device)
    assert told.outcome is not None
    assert told.outcome.version_after == OLD
    (outcome,) = home.outcomes("version")
    assert outcome.message


async def test_a_device_without_keys_tells_none(home: Estate, autojump_clock: MockClock) -> None:
    async with home.setup() as setup:
        told = await read_version(setup, IHD)
    assert told.outcome is not None
    assert (told.outcome.verdict, told.outcome.version_after) == ("failed", None)


async def test_ppmid_and_hub_report_and_the_hub_function_tells_of_every_transfer(
    home: Estate,
    autojump_clock: MockClock,
) -> None:
    images = [
        signed(kinds.PPMID, supplier=None),
        signed(),
        signed(kinds.COMMUNICATIONS_HUB),
    ]
    result = await home.push(*images, devices=[PPMID, HCALCS, HUB])
    verdicts = [standing.verdict for standing in result.standings]
    assert verdicts == [PushVerdict.UPDATED, PushVerdict.AWAITING, PushVerdict.UPDATED]
    async with home.setup() as setup:
        await trio.sleep(60.0)
        assert (await read_version(setup, HUB)).outcome is not None
    told = {
        (parse(alert.message).message_code, alert.device): alert.verdict
        for alert in home.outcomes("alert")
    }
    transfer, activated = MessageCode.FIRMWARE_TRANSFER_ALERT, MessageCode.PPMID_ACTIVATION_ALERT
    assert told == {
        (transfer, PPMID): "succeeded",
        (transfer, HCALCS): "succeeded",
        (transfer, HUB): "succeeded",
        (activated, PPMID): "succeeded",
    }


def refused(match: str) -> "pytest.RaisesGroup[LocalError]":
    return pytest.RaisesGroup(pytest.RaisesExc(LocalError, match=match), flatten_subgroups=True)
