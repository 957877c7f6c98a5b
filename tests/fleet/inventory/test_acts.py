"""Homes set apart to prove releases on, and particulars that are forgotten."""

from pathlib import Path

from ota_engine.fleet.inventory.acts import EraseParticulars, FenceHomes, ReleaseHomes
from ota_engine.fleet.inventory.rows import Home, Particulars, RingFence
from ota_engine.store.fleet.book import FleetStore
from tests.fleet.estate import Estate

SOME = ("h00000000", "h00000001")


def test_homes_are_set_apart_and_released() -> None:
    estate = Estate(3)
    estate.decide("olive", FenceHomes("proving", SOME, "production proving"))
    assert [row.home for row in estate.rows(Home, ring_fence="proving")] == list(SOME)
    estate.decide("olive", ReleaseHomes("proving", SOME[:1]))
    assert [row.home for row in estate.rows(Home, ring_fence="proving")] == list(SOME[1:])
    assert estate.row(RingFence).revision == 2


def test_a_home_is_in_one_ring_fence_only() -> None:
    estate = Estate(3)
    estate.decide("olive", FenceHomes("one", SOME, "production proving"))
    assert "in ring fence one" in estate.refused("olive", FenceHomes("two", SOME, "more"))
    assert not estate.rows(Home, ring_fence="two")


def test_an_act_on_homes_names_some_that_are_there() -> None:
    estate = Estate(1)
    assert "no such home" in estate.refused("olive", FenceHomes("one", ("hx",), "why"))
    assert "0 homes: name 1 to 5,000" in estate.refused("olive", FenceHomes("one", (), "why"))
    assert "purpose" in estate.refused("olive", FenceHomes("one", SOME[:1]))
    assert "no such ring fence" in estate.refused("olive", ReleaseHomes("one", SOME[:1]))


def test_erased_particulars_leave_the_pseudonym() -> None:
    estate = Estate(1)
    estate.put(Particulars(SOME[0], address="1 High Street"))
    text = estate.decide("olive", EraseParticulars(SOME[:1]))
    assert "1 home " in text
    assert not estate.rows(Particulars)
    assert estate.row(Home).home == SOME[0]


def test_erased_particulars_are_nowhere_in_the_file_any_more(tmp_path: Path) -> None:
    path = tmp_path / "fleet.sqlite"
    estate = Estate(1, store=FleetStore.open(path))
    estate.put(Particulars(SOME[0], address="1 High Street"))
    estate.decide("olive", EraseParticulars(SOME[:1]), "they asked for it")
    estate.store.close()
    octets = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert SOME[0].encode() in octets
    assert b"High Street" not in octets
