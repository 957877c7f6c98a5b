"""Approval by the author: whoever wrote it does not approve it, in no scope and on no second key."""

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.approvals.rows import ApprovalScope
from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.fleet.parties.acts import RegisterPerson
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus, ReleaseType
from tests.fleet.estate import KAYS_KEY, Estate, public_pem


def test_an_author_approves_neither_scope_of_her_release() -> None:
    estate = Estate(1)
    estate.approved_release(approve=False)
    for scope in ApprovalScope:
        reply = estate.ask("olive", ApproveRelease("r1", scope))
        assert (reply.accepted, reply.code) == (False, RefusalCode.AUTHOR)
    assert estate.row(FirmwareRelease).status is ReleaseStatus.DRAFT


def test_an_author_does_not_become_a_second_person_by_her_own_key() -> None:
    estate = Estate(1)
    act = EnterRelease("r1", "hub-1", 2, "C2", ReleaseType.PLANNED, "ab" * 32)
    assert estate.ask("kay", act, signer=KAYS_KEY).accepted
    twin = RegisterPerson("kate", "dcc", "Kate", public_pem(KAYS_KEY))
    reply = estate.ask("kay", twin, signer=KAYS_KEY)
    assert not reply.accepted
    assert "the key is kay's" in reply.text


def test_a_person_she_registered_does_not_decide_before_another_has_confirmed() -> None:
    estate = Estate(1)
    estate.approved_release(approve=False)
    key = ec.derive_private_key(99, ec.SECP256R1())
    estate.decide("olive", RegisterPerson("eve", "dcc", "Eve", public_pem(key)))
    assert "not registered" in estate.ask("eve", ApproveRelease("r1"), signer=key).text
