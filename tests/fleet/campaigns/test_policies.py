"""Policies: read strictly, written the one way, frozen at approval, printed for people."""

from typing import Any

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.fleet.campaigns.acts import AmendCampaign, ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.plan.document import policy_document
from ota_engine.fleet.campaigns.plan.policy import (
    policy_of,
    policy_text,
    read_policy,
    read_policy_toml,
)
from ota_engine.fleet.campaigns.plan.templates import TEMPLATES
from tests.fleet.rollout import KEY, RollOutTown, phase, policy

EXAMPLE = """
template = "dcc-hub"
key = "0011223344556677"
regions = ["North"]
blackout = [2027-12-25, 2027-12-26]
download_window = { begins = "22:00", ends = "06:00" }
activation_window = { begins = "09:00", ends = "17:00" }
per_gateway = 40

[[phases]]
name = "pilot"
homes = 6000
gate = { worst_category = 3 }
"""


def test_a_policy_is_read_from_toml_over_a_template() -> None:
    read = read_policy_toml(EXAMPLE)
    assert [one.name for one in read.phases] == ["micro pilot", "pilot", "mass"]
    assert read.phases[1].homes == 6000
    assert read.phases[1].gate.worst_category == 3
    assert read.phases[1].gate.sample == TEMPLATES["dcc-hub"]["phases"][1]["gate"]["sample"]
    assert read.blackout == ("2027-12-25", "2027-12-26")


def test_what_is_written_is_what_is_read() -> None:
    read = read_policy_toml(EXAMPLE)
    assert policy_of(policy_text(read)) == read


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_every_template_is_a_policy_once_it_has_a_key(name: str) -> None:
    assert read_policy({"template": name, "key": KEY}).phases


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"notice_days": 6}, "6 days of notice are too few: 7 at least"),
        ({"key": "xyz"}, "the key of the policy is not 8 to 64 octets"),
        ({"key": "0011"}, "the key of the policy is not 8 to 64 octets"),
        ({"phases": []}, "the policy has no phases"),
        ({"color": "red"}, "the unknown key 'color'"),
        ({"attempts": 0}, "attempts of the policy is 0: give 1 at least"),
        ({"attempts": "3"}, "attempts of the policy is '3'"),
        ({"attempts": True}, "attempts of the policy is True"),
        ({"blackout": ["tomorrow"]}, "'tomorrow' is no day"),
        ({"download_window": {"begins": "25:00"}}, "'25:00' is no time of the day"),
        ({"template": "dcc"}, "'dcc' is no template"),
        ({"template": "d" * 9_000}, "ddd"),
        ({"template": {}}, "{} is no template"),
        ({"template": "dcc-hub", "phases": 3}, "phases of the policy is no list"),
        ({"template": "dcc-hub", "phases": ["pilot"]}, "a phase of the policy is no table"),
        (
            {"template": "dcc-hub", "phases": [{"name": "pilot", "gate": 3}]},
            "a gate of the policy is no table",
        ),
        (
            {"template": "dcc-hub", "phases": [{"name": "p" * 9_000}]},
            "template dcc-hub has no phase 'ppp",
        ),
        ({"attempts": 10**400}, "attempts of the policy is beyond all measure"),
        ({"attempts": -(10**400)}, "attempts of the policy is beyond all measure"),
        ({"key": ["a" * 9_000]}, "key of the policy is ['aaa"),
        ({"a" * 9_000: 1}, "the unknown key 'aaa"),
        ({"blackout": ["a" * 9_000]}, "aaa' is no day"),
        ({"download_window": {"begins": "a" * 9_000}}, "aaa' is no time of the day"),
        ({"retry_s": float("inf")}, "retry_s of the policy is beyond all measure"),
        ({"retry_s": float("nan")}, "retry_s of the policy is beyond all measure"),
        ({"retry_s": 10**400}, "retry_s of the policy is beyond all measure"),
        ({"phases": [phase("a"), phase("b", 3)]}, "phase a takes all homes, and another follows"),
        ({"phases": [phase("a", 3), phase("a")]}, "two phases are called a"),
        ({"phases": [phase("a", source="nominated")]}, "takes nominated homes alone"),
        ({"phases": [phase("a", 3, gate={"sample": 4})]}, "it could never pass"),
        (
            {"phases": [phase("a", gate={"success_permille": 1001})]},
            "success_permille of the policy is 1001: give 1000 at most",
        ),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_in_one_line(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(LocalError) as refused:
        read_policy({**policy(), **changes})
    assert words in str(refused.value)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 1_000


def test_the_file_that_was_rehearsed_may_be_proposed_as_it_is() -> None:
    keys, phases = EXAMPLE.split("[[phases]]", 1)
    inside = (
        "[policy]" + keys + "[[policy.phases]]" + phases.replace("[[phases]]", "[[policy.phases]]")
    )
    assert read_policy_toml("days = 400\n" + inside) == read_policy_toml(EXAMPLE)


@pytest.mark.parametrize("text", ["3", '"no table"', "[[1, 2, 3]]"])
def test_a_policy_that_is_no_table_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(LocalError, match="the policy is no table"):
        policy_of(text)


@pytest.mark.parametrize("value", ["[" * 4_000, "6" * 5_000])
def test_a_policy_that_no_parser_reads_is_refused_in_one_line(value: str) -> None:
    with pytest.raises(LocalError, match="the policy is not TOML") as refused:
        read_policy_toml(f"attempts = {value}")
    assert "\n" not in str(refused.value)


def test_a_policy_that_is_no_toml_says_where() -> None:
    with pytest.raises(LocalError, match=r"the policy is not TOML: .*line 1"):
        read_policy_toml("key = \nattempts = 3")


def test_the_document_says_everything_in_80_columns() -> None:
    text = policy_document(read_policy_toml(EXAMPLE))
    assert max(map(len, text.splitlines())) <= 80
    for words in (
        "in North",
        "30 days before the first home",
        "from 22:00 to 06:00",
        "from 09:00 to 17:00",
        "2027-12-25, 2027-12-26",
        "40 deliveries at once in a gateway",
        "Phase 2: pilot",
        "6,000 homes",
        "one of category 3 or worse",
        "a person has agreed",
        KEY,
    ):
        assert words in " ".join(text.split())


def test_what_was_approved_is_what_was_proposed_and_is_never_changed() -> None:
    town = RollOutTown(2)
    town.announce()
    campaign = town.stands()
    text = canonical_json(policy(attempts=9))
    refused = town.refused("olive", AmendCampaign("c1", text))
    assert refused == "c1 is notified: that takes a campaign that is proposed"
    assert town.stands() == campaign


def test_an_amended_policy_is_approved_by_somebody_other_than_who_amended_it() -> None:
    town = RollOutTown(2)
    town.approved_release()
    town.decide("olive", ProposeCampaign("c1", "r1", canonical_json(policy())))
    before = town.stands().policy_hash
    town.decide("paula", AmendCampaign("c1", canonical_json(policy(attempts=9))))
    assert town.stands().policy_hash != before
    assert "wrote c1: somebody else approves it" in town.refused("paula", ApproveCampaign("c1"))
    town.decide("peter", ApproveCampaign("c1"))


def test_the_hash_of_the_policy_is_kept_with_every_verdict() -> None:
    town = RollOutTown(2)
    town.begin()
    town.finish("h1", "h2")
    town.pass_time(3 * 86_400)
    assert {row.policy_hash for row in town.verdicts()} == {town.stands().policy_hash}
