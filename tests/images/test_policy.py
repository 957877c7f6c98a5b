"""Which findings count: selection, ignores with a reason, baselines."""

import json

import pytest

from images import ImageError, Report, lint
from images.rules.policy import (
    Ignore,
    RulePolicy,
    read_baseline,
    require_data,
    sift,
    write_baseline,
)
from tests.images.samples import plain

REPORT = lint(plain(stack=9, file_version=0))


def rules(report: Report) -> set[str]:
    return {finding.rule for finding in report.findings}


def test_without_a_policy_everything_counts() -> None:
    assert sift("a.ota", REPORT, RulePolicy()) == REPORT


def test_selected_rules_only() -> None:
    assert rules(sift("a.ota", REPORT, RulePolicy(select=("ZOTA018",)))) == {"ZOTA018"}
    assert rules(sift("a.ota", REPORT, RulePolicy(select=("ZOTA01",)))) == {"ZOTA017", "ZOTA018"}


def test_a_file_that_is_no_image_passes_no_selected_rule() -> None:
    report = lint(b"no image")
    assert rules(sift("a.ota", report, RulePolicy(select=("ZOTA041",)))) == {"ZOTA001"}


@pytest.mark.parametrize(
    ("select", "given", "wanted"),
    [
        ("ZOTA040", set(), "give --manifest or --retracted"),
        ("ZOTA024", {"retracted"}, "give --manifest"),
        ("ZOTA028", {"manifest"}, "give --ca-key"),
    ],
)
def test_a_rule_selected_alone_needs_what_it_compares_with(
    select: str, given: set[str], wanted: str
) -> None:
    with pytest.raises(ImageError, match=f"{select} has nothing to compare with: {wanted}"):
        require_data([select], given)


@pytest.mark.parametrize(
    ("select", "given"),
    [("ZOTA040", {"retracted"}), ("ZOTA04", set()), ("ZOTA018", set()), ("ZOTA028", {"ca_key"})],
)
def test_a_rule_that_can_run_may_be_selected(select: str, given: set[str]) -> None:
    require_data([select], given)


def test_an_ignored_rule_is_silent_for_the_files_named_only() -> None:
    policy = RulePolicy(ignores=(Ignore("ZOTA018", "old stack", "old/*"),))
    assert "ZOTA018" not in rules(sift("old/a.ota", REPORT, policy))
    assert "ZOTA018" in rules(sift("new/a.ota", REPORT, policy))


def test_known_findings_do_not_count_and_new_ones_do() -> None:
    known = read_baseline(write_baseline([("a.ota", REPORT)]))
    assert sift("a.ota", REPORT, RulePolicy(baseline=known)).worst == 0
    worse = lint(plain(stack=9, file_version=0, manufacturer=0xFFFF))
    left = sift("a.ota", worse, RulePolicy(baseline=known))
    assert {finding.rule for finding in left.findings if finding.severity} == {"ZOTA015"}
    assert sift("b.ota", REPORT, RulePolicy(baseline=known)) == REPORT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 2, "findings": []}',
        '{"version": 1, "findings": [{"path": 1, "rule": "", "message": ""}]}',
        '{"version": 1, "findings": [{"path": ""}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(ImageError, match="not a baseline"):
        read_baseline(text)


def test_a_baseline_is_the_same_whatever_the_order_of_files() -> None:
    one = write_baseline([("a", REPORT), ("b", REPORT)])
    assert one == write_baseline([("b", REPORT), ("a", REPORT)])
    assert json.loads(one)["version"] == 1
