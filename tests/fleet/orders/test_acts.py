"""What persons decide about Service Users and about what may be ordered."""

from images.eui64 import Eui64, format_eui64
from ota_engine.fleet.orders.acts import ChangeServiceUser, RegisterServiceUser, SetOrderRules
from ota_engine.fleet.orders.rows import OrderRules, ServiceUser
from tests.fleet.orders.street import DUAL, ELEC, OWN, Street, content_of, device

NEWCOMER = Eui64(0x90B3_D51F_3009_0000)
TEXT = format_eui64(NEWCOMER)


def test_a_user_is_registered_and_served() -> None:
    street = Street()
    street.decide("olive", RegisterServiceUser(TEXT, "supplier-1", "IS", "https://there"))
    row = street.row(ServiceUser, user=NEWCOMER)
    assert (row.party, row.role, row.endpoint) == ("supplier-1", "IS", "https://there")
    assert street.order(NEWCOMER, device(DUAL, "HCALCS")).code == "I99"


def test_what_makes_no_user_is_refused() -> None:
    street = Street()
    assert "16 hex digits" in street.refused("olive", RegisterServiceUser("1", "supplier-1", "IS"))
    assert "no role" in street.refused("olive", RegisterServiceUser(TEXT, "supplier-1", "XS"))
    assert "no such party" in street.refused("olive", RegisterServiceUser(TEXT, "nobody", "IS"))
    assert "add the role" in street.refused("olive", RegisterServiceUser(TEXT, "maker", "GS"))
    assert "no endpoint" in street.refused(
        "olive", RegisterServiceUser(TEXT, "supplier-1", "IS", "ftp://there")
    )
    known = RegisterServiceUser(format_eui64(ELEC), "supplier-1", "IS")
    assert "registered already" in street.refused("olive", known)
    assert "it takes operator" in street.refused("sam", RegisterServiceUser(TEXT, "maker", "OU"))


def test_a_user_that_is_changed_keeps_its_party_and_its_role() -> None:
    street = Street()
    street.decide("olive", ChangeServiceUser(format_eui64(ELEC), "http://other", active=False))
    row = street.row(ServiceUser, user=ELEC)
    assert (row.party, row.endpoint, row.active, row.revision) == (
        "supplier-1",
        "http://other",
        False,
        2,
    )
    assert street.order(ELEC, device(DUAL, "HCALCS")).code == "E3"
    assert "no such user" in street.refused("olive", ChangeServiceUser(TEXT))


def test_rules_of_orders_are_set() -> None:
    street = Street()
    act = SetOrderRules(True, (("HCALCS", "5.0"),), (("ESME", "100"),), (("done", "I99"),))
    street.decide("olive", act)
    row = street.row(OrderRules)
    assert row.most_octets == (("ESME", 100),)
    response = street.order(ELEC, device(OWN, "HCALCS"))
    assert content_of(response).wrong_gbcs == (device(OWN, "HCALCS"),)
    assert street.ask("olive", SetOrderRules()).accepted
    assert street.row(OrderRules).revision == 2


def test_rules_that_make_no_sense_are_refused() -> None:
    street = Street()
    assert "no code" in street.refused("olive", SetOrderRules(codes=(("done", "E9999"),)))
    assert "no code" in street.refused("olive", SetOrderRules(codes=(("nothing", "E1"),)))
    assert "no size" in street.refused("olive", SetOrderRules(most_octets=(("ESME", "-1"),)))
