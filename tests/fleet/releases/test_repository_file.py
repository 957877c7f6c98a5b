"""The Firmware Information Repository as CSV: read, refused by line, and written as it was read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError
from ota_engine.fleet.releases.repository import RepositoryEntry, StatedPath
from ota_engine.fleet.releases.repository_file import read_repository, write_repository
from ota_engine.fleet.releases.rows import CplEntry, PathKnowledge, PathStanding, UpgradePath

HEAD = "cpl,variant,version,from_cpl,standing,source"


def test_a_file_says_paths_none_and_unknown_apart() -> None:
    lines = [HEAD, "C1,hub-1,00010000,N/A,,", "C2,hub-1,00020000,,,"]
    lines += ["C3,hub-1,0x00030000,C1,mandatory,maker", "C3,hub-1,00030000,C2,Best Endeavours,SEC"]
    first, second, third = read_repository(lines)
    assert first.knowledge is PathKnowledge.NONE
    assert second.knowledge is PathKnowledge.UNKNOWN
    assert third == RepositoryEntry(
        "C3",
        "hub-1",
        0x30000,
        PathKnowledge.STATED,
        (
            StatedPath("C1", PathStanding.MANDATORY, "maker"),
            StatedPath("C2", PathStanding.BEST_ENDEAVOURS, "SEC"),
        ),
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("C1,hub-1,zz,N/A,,", "no version"),
        ("C1,hub-1,-1,N/A,,", "no version"),
        ("C1,hub-1,1_0,N/A,,", "no version"),
        ("C1,hub-1,100000000,N/A,,", "no version"),
        ("C1,hub-1," + "[" * 9_000 + ",N/A,,", "'.{40}' is no version"),
        ("C1,hub-1,1,C0,sure,maker", "no standing"),
        ("C1,hub-1,1,C0", "4 cells"),
        ('C1,hub-1,1,"C0,mandatory,maker', "quote"),
    ],
)
def test_a_bad_line_is_named_by_its_number(line: str, reason: str) -> None:
    with pytest.raises(LocalError, match=f"line 3: .*{reason}"):
        read_repository([HEAD, "C0,hub-1,0,N/A,,", line])


@pytest.mark.parametrize(
    "lines",
    [
        ["C1,hub-1,1,N/A,,", "C1,hub-1,1,C0,mandatory,m"],
        ["C1,hub-1,1,C0,mandatory,m", "C1,hub-1,1,,,"],
        ["C1,hub-1,1,C0,mandatory,m", "C1,hub-1,1,C0,mandatory,m"],
        ["C1,hub-1,1,C0,mandatory,m", "C1,hub-1,2,C9,mandatory,m"],
    ],
)
def test_lines_that_contradict_each_other_are_refused(lines: list[str]) -> None:
    with pytest.raises(LocalError, match="line 3"):
        read_repository([HEAD, *lines])


def test_another_head_or_an_empty_file_is_refused() -> None:
    with pytest.raises(LocalError, match="columns"):
        read_repository(["a,b"])
    with pytest.raises(LocalError, match="lists nothing"):
        read_repository([HEAD])


WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda text: text.strip() == text and text != "N/A"
)
STANDINGS = st.sampled_from(PathStanding)


@given(
    st.dictionaries(
        WORDS, st.dictionaries(WORDS, st.tuples(STANDINGS, WORDS), max_size=3), min_size=1
    )
)
def test_what_is_written_is_read_back(
    listed: dict[str, dict[str, tuple[PathStanding, str]]],
) -> None:
    entries = [
        CplEntry(cpl, "=v", number, PathKnowledge.STATED if sources else PathKnowledge.NONE)
        for number, (cpl, sources) in enumerate(listed.items())
    ]
    paths = [
        UpgradePath(cpl, source, "=v", standing, who)
        for cpl, sources in listed.items()
        for source, (standing, who) in sources.items()
    ]
    read = {entry.cpl: entry for entry in read_repository(write_repository(entries, paths))}
    for entry in entries:
        stated = {one.from_cpl: (one.standing, one.source) for one in read[entry.cpl].paths}
        assert (read[entry.cpl].variant, read[entry.cpl].version) == ("=v", entry.version)
        assert stated == listed[entry.cpl]
