"""Rule 17: six principles of firmware: what a defect hits, single hops, boards, retirement that is told.

Source: document 001, Appendix B. Single hops stand in rule 20, boards in rule 13.
"""

import pytest

from ota_engine.fleet.approvals.ending import RetireRelease, WithdrawRelease
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.releases.defects import RecordDefect, forbids_manufacture
from ota_engine.fleet.releases.rows import (
    DefectHit,
    FirmwareRelease,
    KnownDefect,
    ReleaseStatus,
)
from tests.fleet.estate import Estate


def test_a_defect_says_how_bad_it_is_and_what_it_hits() -> None:
    estate = Estate(1)
    estate.approved_release()
    hits = DefectHit.SMART_SERVICES, DefectHit.HAN
    estate.decide("mona", RecordDefect("r1", "D1", 2, hits, "drops messages"))
    row = estate.row(KnownDefect)
    assert (row.category, row.hits) == (2, hits)
    assert "1 to 5" in estate.refused("mona", RecordDefect("r1", "D2", 6, (), "x"))
    assert "nothing that a defect hits" in estate.refused(
        "mona", RecordDefect("r1", "D2", 1, ("everything",), "x")
    )


@pytest.mark.parametrize("hit", list(DefectHit))
def test_each_hit_forbids_manufacture_and_a_defect_without_one_does_not(hit: DefectHit) -> None:
    plain = KnownDefect("r1", "D1", 1, (), "a wrong word in a log")
    bad = KnownDefect("r1", "D2", 5, (hit,), "now and then")
    assert forbids_manufacture([plain, bad]) == (bad,)


def test_retirement_and_what_takes_its_place_are_told_to_all_users() -> None:
    estate = Estate(1)
    estate.approved_release()
    estate.approved_release("r2", 0x0003_0000)
    estate.decide("olive", RetireRelease("r1", "r2", estate.utc + 1), "r2 is everywhere")
    old = estate.row(FirmwareRelease, release="r1")
    assert (old.status, old.successor) == (ReleaseStatus.RETIRED, "r2")
    told = {row.party: row.text for row in estate.rows(Notice, kind=NoticeKind.RETIREMENT)}
    assert set(told) == {"maker", "supplier-1", "supplier-2", "supplier-3", "supplier-4"}
    assert told["maker"] == "release r1 is retired, r2 takes its place"


def test_a_release_retires_only_in_favour_of_one_that_may_be_delivered() -> None:
    estate = Estate(1)
    estate.approved_release()
    estate.approved_release("r2", 0x0003_0000, approve=False)
    assert "r2 is draft" in estate.refused("olive", RetireRelease("r1", "r2", estate.utc))
    assert "no such release" in estate.refused("olive", RetireRelease("r1", "r9", estate.utc))


def test_a_withdrawn_release_is_told_and_is_not_approved_again() -> None:
    estate = Estate(1)
    estate.approved_release()
    estate.decide("olive", WithdrawRelease("r1"), "it loses the HAN")
    assert estate.row(FirmwareRelease).status is ReleaseStatus.WITHDRAWN
    texts = {row.text for row in estate.rows(Notice, kind=NoticeKind.RETIREMENT)}
    assert texts == {"release r1 is withdrawn: it loses the HAN"}
    assert "r1 is withdrawn" in estate.refused("olive", WithdrawRelease("r1"))
