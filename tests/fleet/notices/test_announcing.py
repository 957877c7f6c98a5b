"""Notices are written in one way: once to each party, under a name that says what they are about."""

import json

import pytest

from ota_engine.fleet.kernel.decisions import SUPPLIERS, PartyRole
from ota_engine.fleet.kernel.effects import Put
from ota_engine.fleet.kernel.rows import Rows, RowsWanted, Select
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.parties.rows import Party
from tests.fleet.estate import BEGIN


def told(work: Work) -> list[Notice]:
    return [
        effect.row
        for effect in work.effects
        if isinstance(effect, Put) and isinstance(effect.row, Notice)
    ]


def test_a_party_that_is_named_twice_is_told_once() -> None:
    work = Work(Rows())
    announce(work, NoticeKind.HELD, "campaign:c1", ["a", "b", "a"], "held", {"x": 1}, BEGIN)
    assert [notice.party for notice in told(work)] == ["a", "b"]
    assert json.loads(told(work)[0].body) == {"x": 1}


def test_the_same_words_have_the_same_name_and_other_words_another() -> None:
    work = Work(Rows())
    first = announce(work, NoticeKind.HELD, "campaign:c1", ["a"], "held", {}, BEGIN)
    again = announce(work, NoticeKind.HELD, "campaign:c1", ["a"], "held", {}, BEGIN)
    other = announce(work, NoticeKind.HELD, "campaign:c1", ["a"], "held", {"x": 1}, BEGIN)
    later = announce(work, NoticeKind.HELD, "campaign:c1", ["a"], "held", {}, BEGIN + 1)
    assert first == again
    assert len({first, other, later}) == 3
    assert first.startswith("campaign:c1/held/")


def test_a_name_that_is_given_is_kept() -> None:
    work = Work(Rows())
    assert announce(work, NoticeKind.HELD, "x:1", [], "t", {}, BEGIN, name="mine") == "mine"
    assert told(work) == []


def test_parties_are_found_by_any_of_their_roles() -> None:
    rows = Rows()
    parties = [
        Party("dcc", "Operator", (PartyRole.OPERATOR, PartyRole.APPROVER)),
        Party("east", "East", (PartyRole.GAS_SUPPLIER,)),
        Party("both", "Both", (PartyRole.ELECTRICITY_SUPPLIER, PartyRole.GAS_SUPPLIER)),
    ]
    with pytest.raises(RowsWanted):
        with_role(Work(rows), SUPPLIERS)
    rows.load(Select(Party), parties)
    assert with_role(Work(rows), SUPPLIERS) == ("east", "both")
    assert with_role(Work(rows), {PartyRole.APPROVER}) == ("dcc",)
