"""What a decision must be before it is looked at."""

import pytest

from ota_engine.fleet.kernel.decisions import DecisionRow, RefusalCode
from ota_engine.fleet.kernel.identifiers import is_mpan, names_meter_point
from ota_engine.fleet.parties.acts import RegisterParty
from tests.fleet.estate import KAYS_KEY, Estate

ACT = RegisterParty("p", "P", ("auditor",))
MPAN = "2000000000033"  # made up; its check digit is right


def test_an_mpan_is_told_by_its_check_digit() -> None:
    assert is_mpan(MPAN)
    assert sum(is_mpan(MPAN[:-1] + digit) for digit in "0123456789") == 1
    assert not is_mpan(MPAN[:-1])
    assert names_meter_point(f"home of {MPAN}, second floor")
    assert not names_meter_point(f"digest a{MPAN}")


@pytest.mark.parametrize("act", [ACT, RegisterParty("p", f"P {MPAN}", ("auditor",))])
def test_a_decision_that_names_a_meter_point_is_refused_and_not_kept(act: RegisterParty) -> None:
    estate = Estate(1)
    reason = f"for {MPAN}" if act is ACT else "because"
    reply = estate.ask("ada", act, reason)
    assert (reply.accepted, reply.code) == (False, RefusalCode.CONTENT)
    assert MPAN not in reply.text
    assert not estate.rows(DecisionRow)
    with estate.store.transaction():
        assert not any(MPAN in row.record.detail for row in estate.store.trail())


def test_an_unsigned_decision_does_not_use_up_its_key() -> None:
    estate = Estate(1)
    refused = estate.ask("kay", ACT, key="k1")
    assert refused.code == RefusalCode.SIGNATURE
    assert estate.ask("kay", ACT, key="k1", signer=KAYS_KEY).accepted
