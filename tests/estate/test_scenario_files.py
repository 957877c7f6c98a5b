"""Scenarios as strangers write them: read, or refused in one line."""

import pytest

from emulators.estate.scenario import read_scenario
from ota_engine.errors import LocalError

RELEASES = "releases = []\nbegin = 2027-01-04T09:00:00Z\n"
RELEASE = """
[[releases]]
id = "a"
version = "1"
cpl = "c"
type = "planned"
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("days = " + "[" * 4_000, "nested too deeply"),
        ("days = " + "6" * 5_000, "digits"),
        ("a = 1\na = 2", "no TOML"),
        ("a" * 9_000 + " = 1", "means nothing"),
        (RELEASES + "[reaction]\nreach_s = inf", "reach_s of .reaction. is inf"),
        (RELEASES + "[reaction]\nreach_s = nan", "reach_s of .reaction. is nan"),
        ("days = inf\n" + RELEASES, "days is inf"),
        (RELEASE.replace("planned", "p" * 9_000), "ppp"),
        (
            f"releases = []\nbegin = 2027-01-04T09:00:00Z\n[reaction]\nreach_s = {10**400}",
            "too large",
        ),
    ],
)
def test_a_scenario_that_no_parser_reads_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(LocalError, match=said) as refused:
        read_scenario(text, 100, 1)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 1_000
