"""The OTA client's table is total, its sets are disjoint, and every state can be reached."""

from itertools import product

from emulators.client.downloading import Downloading
from emulators.client.ending import ClientEnding
from emulators.client.ota_client import DEEDS, OtaClient
from emulators.client.querying import Querying
from emulators.client.table import (
    IGNORED,
    ILLEGAL,
    TABLE,
    UPGRADE_STATUS,
    ClientEvent,
    ClientState,
    Do,
)

EVERY_PAIR = frozenset(product(ClientState, ClientEvent))


def test_every_pair_is_in_the_table_or_ignored_or_illegal() -> None:
    assert TABLE.keys() | IGNORED | ILLEGAL == EVERY_PAIR


def test_no_pair_is_in_two_of_the_sets() -> None:
    assert len(TABLE) + len(IGNORED) + len(ILLEGAL) == len(EVERY_PAIR)


def test_every_state_is_reached_from_off() -> None:
    reached = {ClientState.OFF}
    while True:
        more = {target for (state, _), (target, _) in TABLE.items() if state in reached}
        if more <= reached:
            break
        reached |= more
    assert reached == set(ClientState)


def test_power_can_be_lost_in_every_state() -> None:
    assert {TABLE[state, ClientEvent.POWER_OFF][0] for state in ClientState} == {ClientState.OFF}


def test_every_action_is_used() -> None:
    assert {do for _, do in TABLE.values()} == set(Do)


def test_every_state_has_an_upgrade_status() -> None:
    assert UPGRADE_STATUS.keys() == set(ClientState)


def test_only_a_verified_file_is_ever_applied() -> None:
    """RESTARTING is entered from the states behind VERIFYING and from no other."""
    holding = {
        ClientState.ENDING,
        ClientState.COUNTDOWN,
        ClientState.WAITING_TO_UPGRADE,
        ClientState.EXTERNAL,
    }
    before = {
        state for (state, _), (target, _) in TABLE.items() if target is ClientState.RESTARTING
    }
    assert before == holding
    entries = {
        state
        for (state, _), (target, _) in TABLE.items()
        if target in holding and state not in holding
    }
    assert entries == {ClientState.OFF, ClientState.QUERYING, ClientState.VERIFYING}


def test_every_action_is_done_by_exactly_one_part_of_the_client() -> None:
    parts = (Querying, Downloading, ClientEnding, OtaClient)
    for do in Do:
        assert sum(hasattr(part, do.value) for part in parts) == 1, do
    assert set(DEEDS) == set(Do)
