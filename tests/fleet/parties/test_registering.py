"""Who decides is itself decided: founding, registering, confirming, other keys, leaving."""

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.decisions import Decision, PartyRole
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.acts import (
    ChangeParty,
    ConfirmPerson,
    FoundEstate,
    RegisterParty,
    RegisterPerson,
    RemovePerson,
    ReplaceKey,
)
from ota_engine.fleet.parties.rows import Party, PartyId, Person
from ota_engine.head_end.desk import FleetDesk
from tests.fleet.databases import new_store
from tests.fleet.estate import BEGIN, Estate, public_pem, signed

ANNA, BEN, CARL = (ec.derive_private_key(number, ec.SECP256R1()) for number in (11, 12, 13))
FOUNDING = FoundEstate(
    "dcc", "Operator", (("anna", "Anna", public_pem(ANNA)), ("ben", "Ben", public_pem(BEN)))
)


def found(
    act: FoundEstate, person: str, key: ec.EllipticCurvePrivateKey
) -> tuple[FleetDesk, Reply]:
    desk = FleetDesk(Fleet(), new_store())
    decision = Decision("founding", person, act, "we begin", None, BEGIN)
    return desk, desk.decide(signed(decision, key), BEGIN)


def test_two_founders_begin_an_estate_and_both_may_decide() -> None:
    desk, reply = found(FOUNDING, "anna", ANNA)
    assert reply.accepted, reply.text
    with desk.store.transaction():
        assert [row.person for row in desk.store.select(Select(Person))] == ["anna", "ben"]
    act = RegisterParty("s1", "Supplier", ("electricity supplier",))
    later = Decision("next", "ben", act, "they join", None, BEGIN)
    assert desk.decide(signed(later, BEN), BEGIN).accepted


def test_an_estate_is_not_founded_twice_nor_by_one_nor_by_a_stranger() -> None:
    desk, _ = found(FOUNDING, "anna", ANNA)
    again = Decision("again", "anna", FOUNDING, "we begin", None, BEGIN)
    assert "founded already" in desk.decide(signed(again, ANNA), BEGIN).text
    alone = FoundEstate("dcc", "Operator", (("anna", "Anna", public_pem(ANNA)),))
    assert "two founders" in found(alone, "anna", ANNA)[1].text
    assert "none of the founders" in found(FOUNDING, "carl", CARL)[1].text
    assert "signature" in found(FOUNDING, "anna", CARL)[1].text


def test_one_key_never_makes_two_founders() -> None:
    twice = FoundEstate(
        "dcc", "Operator", (("anna", "Anna", public_pem(ANNA)), ("ben", "Ben", public_pem(ANNA)))
    )
    assert "key is anna's" in found(twice, "anna", ANNA)[1].text


def test_a_registered_person_decides_only_once_a_second_person_has_confirmed() -> None:
    estate = Estate(1)
    estate.decide("olive", RegisterPerson("carl", "dcc", "Carl", public_pem(CARL)))
    party = RegisterParty("s9", "Supplier 9", ("gas supplier",))
    assert not estate.ask("carl", party, signer=CARL).accepted
    assert "olive registered carl" in estate.refused("olive", ConfirmPerson("carl"))
    estate.decide("peter", ConfirmPerson("carl"))
    assert estate.ask("carl", party, signer=CARL).accepted
    assert "awaits no confirmation" in estate.refused("peter", ConfirmPerson("carl"))


def test_nobody_is_registered_with_the_key_of_another() -> None:
    estate = Estate(1)
    estate.decide("olive", RegisterPerson("carl", "dcc", "Carl", public_pem(CARL)))
    act = RegisterPerson("cora", "dcc", "Cora", public_pem(CARL))
    assert "key is carl's" in estate.refused("olive", act)


def test_a_removed_person_decides_no_longer_and_is_not_confirmed_back() -> None:
    estate = Estate(1)
    estate.decide("olive", RemovePerson("sam"))
    assert "not registered" in estate.refused("sam", RegisterParty("x", "X", ("auditor",)))
    assert "awaits no confirmation" in estate.refused("peter", ConfirmPerson("sam"))
    assert "may not remove herself" in estate.refused("olive", RemovePerson("olive"))


def test_a_person_replaces_her_own_key_and_nobody_elses() -> None:
    estate = Estate(1)
    estate.decide("olive", RegisterPerson("carl", "dcc", "Carl", public_pem(CARL)))
    estate.decide("peter", ConfirmPerson("carl"))
    assert "herself" in estate.refused("olive", ReplaceKey("carl", public_pem(BEN)))
    assert estate.ask("carl", ReplaceKey("carl", public_pem(BEN)), signer=CARL).accepted
    act = RegisterParty("s9", "Supplier 9", ("gas supplier",))
    assert not estate.ask("carl", act, signer=CARL).accepted
    assert estate.ask("carl", act, signer=BEN).accepted


def test_a_key_that_is_none_or_of_another_curve_is_refused() -> None:
    estate = Estate(1)
    other = ec.derive_private_key(7, ec.SECP384R1())
    for text in ("", "no key", public_pem(other)):
        act = RegisterPerson("carl", "dcc", "Carl", text)
        assert "P-256" in estate.refused("olive", act)


def test_one_party_has_several_ids_each_in_a_role_and_no_id_two_parties() -> None:
    estate = Estate(1)
    ids = (("00-DB-00-00-00-00-00-01", "electricity supplier"), ("GASCO", "gas supplier"))
    roles = PartyRole.ELECTRICITY_SUPPLIER, PartyRole.GAS_SUPPLIER
    estate.decide("ada", RegisterParty("both", "Both fuels", roles, ids))
    assert {row.id: row.role for row in estate.rows(PartyId, party="both")} == dict(ids)
    taken = RegisterParty("late", "Late", ("gas supplier",), (("GASCO", "gas supplier"),))
    assert "GASCO is an id of both" in estate.refused("ada", taken)
    wrong = RegisterParty("odd", "Odd", ("auditor",), (("ODD", "gas supplier"),))
    assert "add the role" in estate.refused("ada", wrong)


def test_a_changed_party_has_what_the_change_names_and_nothing_of_before() -> None:
    estate = Estate(1)
    estate.decide("ada", RegisterParty("p", "P", ("auditor",), (("P1", "auditor"),)))
    estate.decide("ada", ChangeParty("p", "P", ("auditor",), (("P2", "auditor"),), "call us"))
    assert [row.id for row in estate.rows(PartyId, party="p")] == ["P2"]
    assert estate.row(Party, party="p").contact == "call us"
    assert estate.row(Party, party="p").revision == 2


def test_a_party_without_a_role_or_with_an_unknown_one_is_refused() -> None:
    estate = Estate(1)
    assert "one at least" in estate.refused("ada", RegisterParty("p", "P", ()))
    assert "no role" in estate.refused("ada", RegisterParty("p", "P", ("wizard",)))
    assert "no id" in estate.refused("ada", RegisterParty("a b", "P", ("auditor",)))
    assert "is empty" in estate.refused("ada", RegisterParty("p", " ", ("auditor",)))


def test_a_supplier_registers_nobody() -> None:
    act = RegisterPerson("carl", "supplier-1", "Carl", public_pem(CARL))
    assert "may not decide this" in Estate(1).refused("sam", act)
