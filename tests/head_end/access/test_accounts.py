"""Accounts from the invitation to the lock: who keeps them, and whose key is in them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.errors import LocalError
from ota_engine.fleet.access.rows import AccessToken, Account, Attempts, BrowserSession
from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.fleet.parties.acts import ConfirmPerson, RegisterPerson, RemovePerson
from ota_engine.fleet.parties.rows import Person
from ota_engine.head_end.access.accounts import INVITED_S, public_pem
from ota_engine.head_end.access.desk import AccessDesk, NotAllowedError, NotLetInError
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.access.forgetting import forget_ways_in
from ota_engine.head_end.access.tokens import TokenWish
from ota_engine.head_end.deciding import Wish, decide
from tests.fleet.estate import KAYS_KEY
from tests.head_end.access.lab import HERE, PASSWORD, AccessLab, signed_in

NEW = "another horse without any"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AccessLab]:
    with AccessLab(tmp_path) as lab:
        for person in ("olive", "sam", "kay"):
            lab.account(person)
        yield lab


async def _olive(desk: AccessDesk) -> SignedIn:
    return (await signed_in(desk, "olive")).seen


async def test_who_is_invited_chooses_a_password_once(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        code = await desk.invite(await _olive(desk), "sue")
        assert await desk.invited(code) == "sue"
        accepted = await desk.accept(f" {code}\n", PASSWORD)
        assert (accepted.person, accepted.to_register) == ("sue", False)
        await signed_in(desk, "sue")
        for again in (code, code[:-1], "", "zota_i_"):
            with pytest.raises(LocalError, match="ask for a new one"):
                await desk.accept(again, NEW)
    assert lab.notes("invited") == ["olive sue {}"]


async def test_an_invitation_counts_for_a_week_and_the_last_one_alone(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        first = await desk.invite(await _olive(desk), "sue")
        second = await desk.invite(await _olive(desk), "sue")
        with pytest.raises(LocalError):
            await desk.accept(first, PASSWORD)
        lab.pass_(INVITED_S)
        with pytest.raises(LocalError):
            await desk.accept(second, PASSWORD)


async def test_an_account_without_a_password_lets_nobody_in(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        await desk.invite(await _olive(desk), "sue")
        for password in ("", PASSWORD):
            with pytest.raises(NotLetInError, match="wrong"):
                await signed_in(desk, "sue", password)


async def test_whoever_chooses_a_new_password_ends_all_that_was_open(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        code = await desk.invite(await _olive(desk), "kay")
        assert await desk.by_session(begun.secret) is not None  # an invitation alone ends nothing
        await desk.accept(code, NEW, KAYS_KEY)
        assert await desk.by_session(begun.secret) is None
        assert await desk.by_token(token) is None
        with pytest.raises(NotLetInError):
            await signed_in(desk, "kay")
        assert (await signed_in(desk, "kay", NEW)).seen.signer is not None


async def test_who_takes_an_account_over_by_an_invitation_has_no_key_of_hers(
    lab: AccessLab,
) -> None:
    """The operator can let somebody read as another one, which the trail shows, and never sign as her."""
    async with lab.desk() as desk:
        code = await desk.invite(await _olive(desk), "kay")
        with pytest.raises(LocalError, match="not the one that is registered"):
            await desk.accept(code, NEW, ec.generate_private_key(ec.SECP256R1()))
        await desk.accept(code, NEW)
        begun = await signed_in(desk, "kay", NEW)
        assert begun.seen.signer is None
        wish = Wish("kay", RemovePerson("sam"))
        reply = decide(lab.estate.desk, wish, begun.seen.signer, lab.clock()).reply
        assert reply.code == RefusalCode.SIGNATURE
        kept = await desk.keep_key(begun.seen, NEW, KAYS_KEY, HERE)
        assert kept.seen.signer is not None
        with pytest.raises(LocalError, match="not the one"):
            other = ec.generate_private_key(ec.SECP256R1())
            await desk.keep_key(kept.seen, NEW, other, HERE)


async def test_a_first_key_counts_once_two_persons_have_let_its_person_in(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        code = await desk.invite(await _olive(desk), "nora")
        accepted = await desk.accept(code, PASSWORD)
        assert accepted.to_register
        with pytest.raises(NotLetInError, match="not registered"):
            await signed_in(desk, "nora")
        act = RegisterPerson("nora", "dcc", "Nora", accepted.public_key)
        lab.estate.decide("olive", act)
        with pytest.raises(NotLetInError, match="second person"):
            await signed_in(desk, "nora")
        assert "somebody else decides" in lab.estate.refused("olive", ConfirmPerson("nora"))
        lab.estate.decide("peter", ConfirmPerson("nora"))
        begun = await signed_in(desk, "nora")
        assert begun.seen.signer is not None
        assert public_pem(begun.seen.signer) == accepted.public_key


async def test_a_person_who_is_registered_with_another_key_than_her_own_signs_nothing(
    lab: AccessLab,
) -> None:
    """Whoever registers her with a key of his own does not sign by her account, nor does she."""
    async with lab.desk() as desk:
        code = await desk.invite(await _olive(desk), "nora")
        await desk.accept(code, PASSWORD)
        foreign = public_pem(ec.generate_private_key(ec.SECP256R1()))
        lab.estate.decide("olive", RegisterPerson("nora", "dcc", "Nora", foreign))
        lab.estate.decide("peter", ConfirmPerson("nora"))
        assert (await signed_in(desk, "nora")).seen.signer is None


async def test_a_key_is_replaced_by_a_decision_that_the_former_one_signed(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        reader = await desk.make_token(begun.seen, TokenWish("reader", reads_only=True))
        reply, after = await desk.replace_key(begun.seen, PASSWORD, HERE)
        assert reply.accepted, reply.text
        assert after is not None
        assert after.seen.signer is not None
        (kay,) = lab.rows_of(Person, person="kay")
        assert kay.key == public_pem(after.seen.signer) != public_pem(KAYS_KEY)
        assert await desk.by_session(begun.secret) is None
        assert await desk.by_token(token) is None
        assert await desk.by_token(reader) is not None
        again = await signed_in(desk, "kay")
        wish = Wish("kay", RemovePerson("sam"))
        assert decide(lab.estate.desk, wish, again.seen.signer, lab.clock()).reply.accepted


async def test_a_key_that_is_not_at_hand_is_not_replaced_here(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        with pytest.raises(NotAllowedError, match="sign the change"):
            await desk.replace_key((await signed_in(desk, "sam")).seen, PASSWORD, HERE)


async def test_a_damaged_seal_lets_its_person_in_and_signs_nothing(lab: AccessLab) -> None:
    (account,) = lab.rows_of(Account, person="kay")
    for seal in (account.sealed_key[:-1], b"\x01", account.sealed_key[::-1]):
        lab.estate.put(replace(account, sealed_key=seal))
        async with lab.desk() as desk:
            begun = await signed_in(desk, "kay")
            assert begun.seen.signer is None
            await desk.make_token(begun.seen, TokenWish(f"ci {len(seal)} {seal[:1].hex()}"))
    lab.estate.put(account)
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        for row in lab.rows_of(BrowserSession, person="kay"):
            lab.estate.put(replace(row, sealed_key=row.sealed_key[:-1] + b"x"))
        seen = await desk.by_session(begun.secret)
        assert seen is not None
        assert seen.signer is None


async def test_only_who_keeps_accounts_invites_locks_and_lists(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        sam, olive = (await signed_in(desk, "sam")).seen, await _olive(desk)
        for refused in (
            desk.invite(sam, "sue"),
            desk.lock(sam, "olive", "because"),
            desk.unlock(sam, "olive"),
            desk.accounts(sam),
            desk.sign_out_everywhere(sam, "olive"),
            desk.lock(olive, "olive", "because"),
        ):
            with pytest.raises(NotAllowedError) as told:
                await refused
            assert "\n" not in str(told.value)
        shown = await desk.accounts(olive)
        assert [one.person for one in shown] == ["kay", "olive", "sam"]
        reader = await desk.make_token(olive, TokenWish("reader", reads_only=True))
        seen = await desk.by_token(reader)
        assert seen is not None
        with pytest.raises(NotAllowedError):
            await desk.invite(seen, "sue")


async def test_who_was_removed_is_invited_by_nobody(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        olive = await _olive(desk)
        code = await desk.invite(olive, "sue")
        lab.estate.decide("olive", RemovePerson("sue"))
        with pytest.raises(LocalError, match="no longer in the fleet"):
            await desk.accept(code, PASSWORD)
        with pytest.raises(LocalError, match="no longer in the fleet"):
            await desk.invite(olive, "sue")


@pytest.mark.parametrize("person", ["", "a b", "<b>", "\n", "x" * 65, "../sam", "Sam\u202e", "é"])
async def test_no_account_is_made_for_what_is_no_id(lab: AccessLab, person: str) -> None:
    async with lab.desk() as desk:
        with pytest.raises(LocalError, match="is no id of a person") as refused:
            await desk.invite(await _olive(desk), person)
        assert "\n" not in str(refused.value)


async def test_a_hostile_name_of_a_person_stays_a_name(lab: AccessLab) -> None:
    (sam,) = lab.rows_of(Person, person="sam")
    lab.estate.put(replace(sam, name="<script>alert(1)</script>' OR 1=1 --"))
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        assert begun.seen.name == "<script>alert(1)</script>' OR 1=1 --"
        assert begun.seen.viewer.person == "sam"


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../../etc/passwd", "/etc/passwd", "\0", "x\n"])
async def test_a_time_zone_that_is_none_is_refused(lab: AccessLab, zone: str) -> None:
    async with lab.desk() as desk:
        begun = await signed_in(desk, "sam")
        with pytest.raises(LocalError, match="is no time zone"):
            await desk.set_zone(begun.seen, zone)
        await desk.set_zone(begun.seen, "Europe/London")
        seen = await desk.by_session(begun.secret)
        assert seen is not None
        assert seen.zone == "Europe/London"
        await desk.set_zone(begun.seen, "")


async def test_what_is_not_for_somebody_is_noted_together(lab: AccessLab) -> None:
    async with lab.desk() as desk:
        seen = (await signed_in(desk, "sam")).seen
        for _ in range(100):
            await desk.refused(seen, "GET /gateways")
        for number in range(2_000):
            await desk.refused(seen, f"GET /{number}\n\x1b[2J")
        await desk.write()
    notes = lab.notes("refused")
    assert 'access sam {"reason":"GET /gateways","times":100}' in notes
    assert len(notes) < 1_100
    assert not any("\x1b" in note for note in notes)


async def test_a_restored_state_lets_nobody_in_without_a_password(lab: AccessLab) -> None:
    """What was signed out, revoked or used up since the back-up does not come to life again."""
    async with lab.desk() as desk:
        begun = await signed_in(desk, "kay")
        token = await desk.make_token(begun.seen, TokenWish("ci"))
        code = await desk.invite(await _olive(desk), "sue")
        forget_ways_in(lab.estate.store, lab.clock())
        assert await desk.by_session(begun.secret) is None
        assert await desk.by_token(token) is None
        with pytest.raises(LocalError):
            await desk.accept(code, PASSWORD)
        for kind in (BrowserSession, AccessToken, Attempts):
            assert lab.rows_of(kind) == []
        assert (await signed_in(desk, "kay")).seen.signer is not None
    (note,) = lab.notes("ways in forgotten")
    assert '"access_tokens":1' in note
    assert '"sessions":2' in note
    assert '"invitations":1' in note
