"""A fleet tells a hub of a change of tenancy or supplier, and the displays of the home clear for it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from emulators.devices import kinds
from emulators.devices.device import EmulatedDevice
from emulators.estate.real_home import HomeDiedError, RealHome
from emulators.premises.memory import Cleared
from images.eui64 import Eui64
from ota_engine.fleet.inventory.registration import SupplierTold, TenancyTold
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.port import Instruction, Verb
from ota_engine.times import Utc
from ota_engine.zcl.device_management import CONTACTOR_UNCHANGED
from tests.gateway.homes import BEGIN, CH, GATEWAY, PPMID, device, home
from tests.gateway.street import Street

MINUTE, HOUR = 60.0, 3600.0


def told(
    verb: Verb = Verb.TENANCY,
    key: str = "premises/h1/tenancy/1",
    *,
    after: float = 0.0,
    number: int = 1,
) -> Instruction:
    provider = "Bright Energy of the North" if verb is Verb.SUPPLIER else ""
    return Instruction(
        key,
        GATEWAY,
        "",
        1,
        "h1",
        CH,
        verb,
        at_utc=BEGIN + after,
        number=number,
        provider=provider,
    )


def lived() -> RealHome:
    return home(devices=(replace(device(kinds.PPMID, PPMID), premises="ppmid"),))


def cleared(lived: RealHome, ppmid: Eui64 = PPMID) -> Sequence[Cleared]:
    node = lived.network.stations[ppmid].node
    assert isinstance(node, EmulatedDevice) and node.premises is not None
    return node.premises.memory.cleared


def test_the_display_clears_at_the_time_that_the_fleet_named() -> None:
    one = lived()
    one.give([told(after=2 * HOUR)])
    one.run(Utc(one.utc + HOUR))
    assert cleared(one) == ()
    one.run(Utc(one.utc + 2 * HOUR))
    ((clearing),) = cleared(one)
    assert clearing.subject == "tenancy"
    assert clearing.utc == pytest.approx(BEGIN + 2 * HOUR, abs=2.0)


def test_a_supplier_that_answers_already_is_told_by_name_for_now() -> None:
    one = lived()
    one.run(Utc(one.utc + HOUR))
    one.give([told(Verb.SUPPLIER)])
    one.run(Utc(one.utc + MINUTE))
    assert [each.subject for each in cleared(one)] == ["supplier"]
    engine = one.host.engine
    assert engine is not None
    (status,) = engine.premises_status()
    assert status.change.name == b"Bright Energy of"
    assert status.change.control & CONTACTOR_UNCHANGED == CONTACTOR_UNCHANGED


def test_the_same_said_twice_is_announced_once_and_the_newest_is_the_last_word() -> None:
    one = lived()
    later = told(key="premises/h1/tenancy/2", after=3 * HOUR, number=2)
    one.give([later, told(after=2 * HOUR), later])
    one.run(Utc(one.utc + 2.5 * HOUR))
    assert cleared(one) == ()
    one.run(Utc(one.utc + 2 * HOUR))
    assert len(cleared(one)) == 1


def supplier(key: str, after: float, number: int = 1) -> Instruction:
    return told(Verb.SUPPLIER, f"premises/h1/{key}", after=after, number=number)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_suppliers_of_two_fuels_are_told_one_after_the_other(order: tuple[int, ...]) -> None:
    one = lived()
    all_of_them = [
        supplier("electricity/a/1", 2 * HOUR),
        supplier("gas/b/1", 4 * HOUR),
        supplier("gas/c/1", 9 * HOUR),
    ]
    for index in order:
        one.give([all_of_them[index]])
        one.run(Utc(one.utc + MINUTE))
    one.run(Utc(one.utc + 12 * HOUR))
    when = [round((each.utc or 0.0) - BEGIN) for each in cleared(one)]
    assert when == pytest.approx([2 * HOUR, 4 * HOUR, 9 * HOUR], abs=60.0)


def test_a_supplier_who_answers_now_is_heard_of_before_the_one_that_comes_later() -> None:
    one = lived()
    one.network.power_off(PPMID)
    one.give([supplier("gas/b/1", 6 * HOUR), supplier("electricity/a/1", 0.0)])
    one.run(Utc(one.utc + 300.0))
    one.network.power_on(PPMID, one.network.agenda.now)
    one.run(Utc(one.utc + HOUR))
    assert len(cleared(one)) == 1
    one.run(Utc(one.utc + 6 * HOUR))
    assert len(cleared(one)) == 2


def test_two_suppliers_are_told_once_each_whatever_dies() -> None:
    effects = _two_suppliers(None)
    for index in range(effects):
        _two_suppliers(index)


def _two_suppliers(dies_before: int | None) -> int:
    one = lived()
    one.dies_before = dies_before
    instructions = [supplier("gas/b/1", 3 * HOUR), supplier("electricity/a/1", HOUR)]
    for _ in range(12):
        try:
            if one.host.engine is None:
                one.start()
            one.give(instructions)
            one.run(Utc(one.utc + 0.5 * HOUR))
        except HomeDiedError:
            one.run(Utc(one.utc + MINUTE))
    assert [each.subject for each in cleared(one)] == ["supplier", "supplier"], dies_before
    return one.effects


def test_a_hub_that_dies_before_any_effect_has_the_display_clear_once() -> None:
    effects = _through(None)
    assert effects > 2
    for index in range(effects):
        _through(index)


def _through(dies_before: int | None) -> int:
    one = lived()
    one.dies_before = dies_before
    for _ in range(8):
        try:
            if one.host.engine is None:
                one.start()
            one.give([told(after=HOUR)])
            one.run(Utc(one.utc + 0.5 * HOUR))
        except HomeDiedError:
            one.run(Utc(one.utc + MINUTE))
    assert [each.subject for each in cleared(one)] == ["tenancy"], dies_before
    return one.effects


# --- from what registration data say --------------------------------------------------------------


async def test_what_registration_data_say_reaches_the_displays_of_that_home_alone() -> None:
    street = Street(2)
    street.settle_in(habit="ppmid")
    await street.live(1200.0)
    street.happen(TenancyTold("h1", Utc(street.utc - HOUR)))
    await street.live(1800.0)
    there, next_door = (
        cleared(street.lived[home], street.eui64(home, "PPMID")) for home in ("h1", "h2")
    )
    assert [one.subject for one in there] == ["tenancy"]
    assert next_door == ()


async def test_a_change_of_supplier_of_either_fuel_is_told_with_its_name() -> None:
    street = Street(1)
    street.settle_in(habit="ppmid")
    await street.live(1200.0)
    street.happen(SupplierTold("h1", Fuel.GAS, "west", Utc(street.utc)))
    await street.live(1800.0)
    ppmid = street.eui64("h1", "PPMID")
    assert [one.subject for one in cleared(street.lived["h1"], ppmid)] == ["supplier"]
