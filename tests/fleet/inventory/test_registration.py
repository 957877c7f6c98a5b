"""Who answers for a home: told now, ahead, late, twice and withdrawn."""

from ota_engine.fleet.inventory.registration import SupplierTold, TenancyTold
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.parties.rows import Fuel, Responsibility, Tenancy
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, DAY, Estate

HOME = "h00000000"


def told(party: str, days: float, fuel: Fuel = Fuel.ELECTRICITY) -> SupplierTold:
    return SupplierTold(HOME, fuel, party, Utc(BEGIN + days * DAY))


def supplier(estate: Estate) -> str:
    return estate.row(Home, home=HOME).electricity


def history(estate: Estate) -> list[tuple[str, float, float | None]]:
    return [
        (
            row.party,
            (row.from_utc - BEGIN) / DAY,
            None if row.until_utc is None else (row.until_utc - BEGIN) / DAY,
        )
        for row in estate.rows(Responsibility, home=HOME, fuel=Fuel.ELECTRICITY)
    ]


def test_a_change_of_supplier_takes_effect_at_its_time() -> None:
    estate = Estate(1)
    estate.happen(told("supplier-1", -30))
    estate.happen(told("supplier-2", 5))
    assert supplier(estate) == "supplier-1"
    estate.pass_time(5 * DAY - 1)
    assert supplier(estate) == "supplier-1"
    estate.pass_time(1)
    assert supplier(estate) == "supplier-2"
    assert history(estate) == [("supplier-1", -30, 5), ("supplier-2", 5, None)]


def test_the_two_fuels_of_a_home_change_apart() -> None:
    estate = Estate(1)
    gas = estate.row(Home, home=HOME).gas
    estate.happen(told("supplier-3", -1))
    assert estate.row(Home, home=HOME).gas == gas
    estate.happen(told("supplier-4", -1, Fuel.GAS))
    assert estate.row(Home, home=HOME).suppliers == ("supplier-3", "supplier-4")


def test_a_change_that_is_told_late_takes_its_place_in_the_history() -> None:
    estate = Estate(1)
    estate.happen(told("supplier-1", -30), told("supplier-3", -2), told("supplier-2", -10))
    assert supplier(estate) == "supplier-3"
    assert history(estate) == [
        ("supplier-1", -30, -10),
        ("supplier-2", -10, -2),
        ("supplier-3", -2, None),
    ]


def test_a_change_told_twice_is_one() -> None:
    estate = Estate(1)
    estate.happen(told("supplier-2", -1))
    with estate.store.transaction():
        before = estate.store.audit_head()
    estate.happen(told("supplier-2", -1))
    with estate.store.transaction():
        assert estate.store.audit_head() == before


def test_a_change_that_is_withdrawn_does_not_come() -> None:
    estate = Estate(1)
    estate.happen(told("supplier-1", -30), told("supplier-2", 5))
    estate.happen(told("supplier-2", 5)._replace(withdrawn=True))
    estate.pass_time(10 * DAY)
    assert supplier(estate) == "supplier-1"


def test_a_change_of_tenancy_is_kept_with_its_time() -> None:
    estate = Estate(1)
    estate.happen(TenancyTold(HOME, Utc(BEGIN + DAY)), TenancyTold(HOME, Utc(BEGIN - DAY)))
    assert [row.due_utc for row in estate.rows(Tenancy)] == [None, BEGIN + DAY]
    estate.pass_time(2 * DAY)
    assert [row.due_utc for row in estate.rows(Tenancy)] == [None, None]


def test_what_is_told_of_an_unknown_home_changes_nothing_but_the_audit_trail() -> None:
    estate = Estate(1)
    estate.happen(SupplierTold("hx", Fuel.GAS, "supplier-1", BEGIN), TenancyTold("hx", BEGIN))
    assert not estate.rows(Responsibility)
    with estate.store.transaction():
        assert [row.record.action for row in estate.store.trail()] == [
            "supplier of an unknown home",
            "tenancy of an unknown home",
        ]
