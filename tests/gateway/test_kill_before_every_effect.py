"""A gateway that dies before any of its effects comes to the same end, without doubling or losing a word."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import pytest

from emulators.estate.real_home import HomeDiedError, RealHome
from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.times import Utc
from tests.gateway import users
from tests.gateway.homes import (
    BEGIN,
    CH,
    FOR_HCALCS,
    FOR_HUB,
    FOR_PPMID,
    GATEWAY,
    HCALCS,
    NEW,
    PPMID,
    home,
)
from tests.tiers import points

IMAGE_OF: Final = {PPMID: FOR_PPMID, HCALCS: FOR_HCALCS, CH: FOR_HUB}
ROUNDS: Final = 40  # of ten minutes
#: Words that name no step of an upgrade.
OF_DEVICES: Final = (HubWord.VERSION, HubWord.ALERT, HubWord.RECEIVED)
WORDS: Final = [HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED]


class Fleet:
    """Gives all that it has said again and again, and keeps what it hears under its key."""

    def __init__(self, lived: RealHome, device: Eui64) -> None:
        self.lived = lived
        self.device = device
        self.heard: dict[str, HubOutcome] = {}
        self.told = [self._instruction(Verb.ASSIGN, 1)]

    def _instruction(self, verb: Verb, number: int, at: float | None = None) -> Instruction:
        image = IMAGE_OF[self.device]
        return Instruction(
            f"c/h1/{number}/{verb}",
            GATEWAY,
            "c",
            1,
            "h1",
            self.device,
            verb,
            image.sha256,
            NEW,
            at,
            number=number,
            commanded=self.device == HCALCS,
        )

    def then(self, *verbs: Verb, at: float | None = None) -> None:
        for verb in verbs:
            self.told.append(self._instruction(verb, len(self.told) + 1, at))

    def talk(self) -> None:
        """Exchange what is to be exchanged; a home that died is started again."""
        try:
            if self.lived.host.engine is None:
                self.lived.start()
            self.lived.give(self.told)
            self.lived.run(Utc(self.lived.utc + 600.0))
            said = self.lived.outcomes()
            for one in said:
                known = self.heard.setdefault(one.key, one)
                assert known == one, "a key names one outcome for ever"
            self.lived.settle([one.key for one in said])
        except HomeDiedError:
            self.lived.run(Utc(self.lived.utc + 60.0))

    @property
    def words(self) -> Sequence[HubWord]:
        return [one.word for one in self.heard.values() if one.word not in OF_DEVICES]


def upgrade(device: Eui64, dies_before: int | None) -> RealHome:
    lived = home()
    lived.dies_before = dies_before
    fleet = Fleet(lived, device)
    for _ in range(ROUNDS):
        fleet.talk()
        if HubWord.TRANSFERRED in fleet.words and len(fleet.told) == 1:
            fleet.then(Verb.ACTIVATE)
        if HubWord.ACTIVATED in fleet.words and lived.dies_before is None:
            break
    assert fleet.words == WORDS, dies_before
    (ended,) = [one for one in fleet.heard.values() if one.word is HubWord.ACTIVATED]
    assert ended.version == NEW
    return lived


@pytest.mark.parametrize("device", IMAGE_OF, ids=["PPMID", "HCALCS", "hub"])
@points(7)
def test_an_upgrade_ends_as_it_should(device: Eui64, step: int) -> None:
    effects = upgrade(device, None).effects
    assert effects > 20
    for index in range(0, effects, step):
        upgrade(device, index)


def recalled(device: Eui64, dies_before: int | None) -> RealHome:
    lived = home()
    lived.dies_before = dies_before
    fleet = Fleet(lived, device)
    at = lived.utc + 5 * 3600.0
    for number in range(ROUNDS):
        fleet.talk()
        if HubWord.TRANSFERRED in fleet.words and len(fleet.told) == 1:
            fleet.then(Verb.ACTIVATE, at=at)
        elif number == ROUNDS // 2 - 6:
            fleet.then(Verb.RECALL)
    assert fleet.words == WORDS[:2], dies_before
    return lived


@pytest.mark.parametrize("device", IMAGE_OF, ids=["PPMID", "HCALCS", "hub"])
@points(7)
def test_an_activation_that_is_recalled_does_not_happen(device: Eui64, step: int) -> None:
    effects = recalled(device, None).effects
    for index in range(0, effects, step):
        recalled(device, index)


# --- what users order --------------------------------------------------------------------------


def ordered(orders: Sequence[Sequence[Instruction]], dies_before: int | None) -> RealHome:
    """Give orders one batch after another, each when all before has been said."""
    lived = home()
    lived.dies_before = dies_before
    fleet = Fleet(lived, HCALCS)
    fleet.told = []
    for batch in orders:
        fleet.told = [*fleet.told, *batch]
        for _ in range(8):
            fleet.talk()
    for _ in range(ROUNDS):
        fleet.talk()
    told = [one for one in fleet.heard.values() if one.word is not HubWord.VERSION]
    assert Counter((one.campaign, one.word) for one in told) == SAID, dies_before
    proofs = [one for one in told if one.word in (HubWord.ANSWERED, HubWord.ALERT)]
    assert all(one.message for one in proofs)
    return lived


AT: Final = float(round(BEGIN + 6 * 3600.0))
ORDERS: Final = (
    [users.deliver("1"), users.read("2", 1)],
    [users.command("3", users.signed(1000, at=AT + 3600.0))],
    [users.command("4", users.cancelling(1001)), users.read("5", 2)],
    [users.command("6", users.signed(1002, at=AT))],
    [users.command("7", users.signed(1001))],
)
SAID: Final = Counter(
    {
        ("sr/1", HubWord.REACHED): 1,
        ("sr/1", HubWord.TRANSFERRED): 1,
        ("sr/1", HubWord.RECEIVED): 1,
        ("sr/1", HubWord.ACTIVATED): 1,
        ("sr/2", HubWord.ANSWERED): 1,
        ("sr/3", HubWord.ANSWERED): 1,
        ("sr/4", HubWord.ANSWERED): 1,
        ("sr/5", HubWord.ANSWERED): 1,
        ("sr/6", HubWord.ANSWERED): 1,
        ("sr/6", HubWord.ALERT): 1,
        ("sr/7", HubWord.REFUSED): 1,
    }
)


@points(7)
def test_what_users_order_is_neither_lost_nor_doubled(step: int) -> None:
    effects = ordered(ORDERS, None).effects
    assert effects > 40
    for index in range(0, effects, step):
        ordered(ORDERS, index)
