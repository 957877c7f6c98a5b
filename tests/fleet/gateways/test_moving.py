"""Who a home belongs to, and what becomes of its counters and of what was told about it."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64, format_eui64
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.gateways.acts import (
    AdmitGateway,
    ForceHomes,
    MoveHomes,
    RevokeGateway,
)
from ota_engine.fleet.gateways.moving import MARGIN, CountersTold, HomeReleased, MemoryLost
from ota_engine.fleet.gateways.registering import RegistrationRefused, registered
from ota_engine.fleet.gateways.rows import HomeCounter, HomeMove, MoveState, RegisteredGateway
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.port import HubWord, Instruction, InstructionState, InstructionTaken, Verb
from ota_engine.times import Utc
from tests.fleet.estate import DAY, VERSION
from tests.fleet.rollout import RollOutTown
from tests.tiers import examples

ORIGINATOR = Eui64(0x00DB000000000001)


@pytest.fixture
def town() -> RollOutTown:
    town = RollOutTown(2)
    admit(town)
    town.begin()
    return town


def admit(town: RollOutTown) -> None:
    for name in ("gw", "gw2", "gw3"):
        code = sha256(name.encode()).hexdigest()
        town.decide("olive", AdmitGateway(name, code, town.utc + DAY))


def gateway_of(town: RollOutTown, home: str = "h1") -> str:
    return town.row(Home, home=home).gateway


def take_all(town: RollOutTown) -> None:
    waiting = town.rows(Instruction, state=InstructionState.WAITING)
    town.desk.handle([InstructionTaken(one.key) for one in waiting], town.utc)


def test_a_home_stays_until_its_gateway_has_let_it_go(town: RollOutTown) -> None:
    town.decide("olive", MoveHomes("gw2", ("h1",)))
    assert gateway_of(town) == "gw"
    town.happen(HomeReleased("h1", "gw3"))
    assert gateway_of(town) == "gw"
    town.happen(HomeReleased("h1", "gw"))
    assert gateway_of(town) == "gw2"
    town.happen(HomeReleased("h1", "gw"))
    assert gateway_of(town) == "gw2"
    move = town.row(HomeMove, home="h1")
    assert (move.state, move.source, move.target) == (MoveState.MOVED, "gw", "gw2")


def test_a_move_can_be_taken_back_while_the_home_is_there(town: RollOutTown) -> None:
    town.decide("olive", MoveHomes("gw2", ("h1",)))
    town.decide("olive", MoveHomes("gw", ("h1",)))
    take_all(town)
    town.happen(HomeReleased("h1", "gw"))
    assert gateway_of(town) == "gw"
    again = town.rows(Instruction, state=InstructionState.WAITING)
    assert [one.home for one in again] == ["h1"], "it is told anew what it has let go of"


def test_what_waits_goes_along_and_what_was_taken_is_told_again_from_the_last_assignment_on(
    town: RollOutTown,
) -> None:
    take_all(town)
    town.transfer("h1")
    take_all(town)
    town.decide("olive", MoveHomes("gw2", ("h1",)))
    town.happen(HomeReleased("h1", "gw"))
    told = town.rows(Instruction, gateway="gw2", state=InstructionState.WAITING)
    assert {one.verb for one in told} == {Verb.ASSIGN, Verb.ACTIVATE}
    assert town.rows(Instruction, gateway="gw", home="h1") == []
    assert town.rows(Instruction, gateway="gw", home="h2") != []
    assert town.places() == {"North": 1, "gw": 1}
    town.check_sums()


def test_a_home_that_has_ended_is_told_nothing_again(town: RollOutTown) -> None:
    take_all(town)
    town.finish("h1")
    take_all(town)
    town.decide("olive", MoveHomes("gw2", ("h1",)))
    town.happen(HomeReleased("h1", "gw"))
    assert town.rows(Instruction, gateway="gw2") == []
    assert town.state("h1") is MemberState.ACTIVATED


def test_a_forced_move_goes_beyond_every_counter_that_may_have_been_used(
    town: RollOutTown,
) -> None:
    ahead = int(town.utc * 1000) + 5 * MARGIN
    for home, highest in (("h1", 7), ("h2", ahead)):
        town.happen(CountersTold(home, "gw", {ORIGINATOR: highest}))
    town.decide("olive", ForceHomes("gw2", ("h1", "h2")))
    town.desk.wake(town.utc)
    found = {one.home: one for one in town.rows(HomeCounter)}
    assert found["h1"].highest == int(town.utc * 1000) + MARGIN
    assert found["h2"].highest == ahead + MARGIN
    assert {one.gateway for one in found.values()} == {"gw2"}
    assert gateway_of(town) == "gw2"


def test_only_the_gateway_of_a_home_speaks_of_its_counters(town: RollOutTown) -> None:
    town.happen(CountersTold("h1", "gw", {ORIGINATOR: 7}))
    town.happen(CountersTold("h1", "gw2", {ORIGINATOR: 900}))
    town.happen(CountersTold("h1", "gw", {ORIGINATOR: 5}))
    assert town.row(HomeCounter).highest == 7


@pytest.mark.parametrize(
    ("gateway", "homes", "said"),
    [
        ("gw9", ("h1",), "no such gateway"),
        ("gw2", ("h9",), "no such home"),
        ("gw2", (), "0 homes: name 1 to 2,000 in one decision"),
        ("gw3", ("h1",), "revoked"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(
    town: RollOutTown, gateway: str, homes: tuple[str, ...], said: str
) -> None:
    town.decide("olive", RevokeGateway("gw3"))
    for act in (MoveHomes, ForceHomes):
        assert said in town.refused("olive", act(gateway, homes))
    town.refused("sam", MoveHomes("gw2", ("h1",)))
    assert town.rows(HomeMove) == []


def test_a_home_on_its_way_goes_on_when_its_gateway_has_lost_its_memory(town: RollOutTown) -> None:
    town.happen(CountersTold("h1", "gw", {ORIGINATOR: 7}))
    take_all(town)
    town.decide("olive", MoveHomes("gw2", ("h1",)))
    for home in ("h1", "h2"):
        town.happen(MemoryLost(home, "gw"))
    assert gateway_of(town) == "gw2"
    assert town.row(HomeCounter).highest == int(town.utc * 1000) + MARGIN
    waiting = town.rows(Instruction, state=InstructionState.WAITING)
    assert {one.home: one.gateway for one in waiting} == {"h1": "gw2", "h2": "gw"}


steps = st.lists(
    st.tuples(
        st.sampled_from(["move", "force", "release", "lose", "take", "say", "wake"]),
        st.sampled_from(["h1", "h2"]),
        st.sampled_from(["gw", "gw2", "gw3"]),
        st.sampled_from([HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED]),
    ),
    max_size=14,
)


@examples(40)
@given(steps)
def test_wherever_homes_go_sums_are_right_counters_grow_and_whoever_has_a_home_is_told(
    taken: list[tuple[str, str, str, HubWord]],
) -> None:
    town = RollOutTown(2)
    admit(town)
    town.begin()
    town.happen(CountersTold("h1", "gw", {ORIGINATOR: 7}))
    highest = 7
    for step, home, gateway, word in taken:
        if step == "move":
            town.decide("olive", MoveHomes(gateway, (home,)))
        elif step == "force":
            town.decide("olive", ForceHomes(gateway, (home,)))
        elif step == "release":
            town.happen(HomeReleased(home, gateway))
        elif step == "lose":
            town.happen(MemoryLost(home, gateway))
        elif step == "take":
            take_all(town)
        elif step == "say":
            version = VERSION if word is HubWord.ACTIVATED else None
            town.say(home, word, version=version)
        else:
            town.desk.wake(town.utc)
        (counter,) = town.rows(HomeCounter, home="h1", originator=format_eui64(ORIGINATOR))
        assert counter.highest >= highest
        highest = counter.highest
        town.check_sums()
    for one in town.rows(Instruction, state=InstructionState.WAITING):
        assert one.gateway == gateway_of(town, one.home)
    for move in town.rows(HomeMove, state=MoveState.LEAVING):
        assert move.source == gateway_of(town, move.home)
    assert town.store.verify_audit() is None
    assert list(town.store.broken_seals()) == []


# --- registering ---------------------------------------------------------------------------------

CODE, TOKEN = "ab" * 32, "cd" * 32
ADMITTED = RegisteredGateway("gw", CODE, 100.0)


def test_a_code_lets_in_one_instance_as_often_as_its_answer_is_lost() -> None:
    row = registered(ADMITTED, CODE, "one", TOKEN, Utc(50.0))
    assert (row.token, row.instance, row.registered_utc) == (TOKEN, "one", 50.0)
    again = registered(row, CODE, "one", "ef" * 32, Utc(60.0))
    assert again.token == "ef" * 32
    with pytest.raises(RegistrationRefused, match="used by another"):
        registered(again, CODE, "two", TOKEN, Utc(60.0))


@pytest.mark.parametrize(
    ("row", "code", "utc"),
    [
        (None, CODE, 50.0),
        (ADMITTED, TOKEN, 50.0),
        (ADMITTED, "", 50.0),
        (RegisteredGateway("gw", "", 100.0), "", 50.0),
        (ADMITTED, CODE, 101.0),
    ],
)
def test_anything_else_lets_in_nobody(row: RegisteredGateway | None, code: str, utc: float) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        registered(row, code, "one", TOKEN, Utc(utc))
    assert "\n" not in str(refused.value)
