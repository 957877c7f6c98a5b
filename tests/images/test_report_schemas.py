"""SARIF, JUnit and JSON reports against schemas that allow nothing we do not write."""

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from lxml import etree

from images import Report, lint
from images.provenance import Provenance
from images.rules.junit import as_junit
from images.rules.sarif import as_sarif
from tests.cli.zota import zota
from tests.images.cases import Case
from tests.images.samples import REAL, needs_real_files, plain
from tests.images.test_lint import CASES

ROOT = Path(__file__).parents[2]
SCHEMAS = Path(__file__).parent / "schemas"
SARIF = Draft202012Validator(json.loads((SCHEMAS / "sarif.json").read_text("utf-8")))
REPORT = Draft202012Validator(json.loads((ROOT / "docs/schemas/validate.json").read_text("utf-8")))
JUNIT = etree.XMLSchema(etree.parse(SCHEMAS / "junit.xsd"))

Files = Sequence[tuple[str, Report]]
UNREADABLE = [("a b/\udcff.ota", "Permission denied")]


def judged(case: Case) -> Report:
    return lint(case.data, profile=case.profile, name=case.name, vendor=case.vendor)


EVERY_RULE: Files = [(f"dir/{number}: x.ota", judged(case)) for number, case in enumerate(CASES)]


def junit_is_valid(text: str) -> bool:
    return bool(JUNIT.validate(etree.fromstring(text.encode())))


@pytest.mark.parametrize("schema", [SARIF, REPORT])
def test_the_schemas_are_schemas(schema: Draft202012Validator) -> None:
    Draft202012Validator.check_schema(schema.schema)


def test_the_schemas_allow_nothing_unnamed() -> None:
    def objects(node: Any) -> list[dict[str, Any]]:
        if isinstance(node, list):
            return [found for part in node for found in objects(part)]
        if not isinstance(node, dict):
            return []
        below = [found for part in node.values() for found in objects(part)]
        return below + ([node] if node.get("type") == "object" else [])

    for schema in (SARIF.schema, REPORT.schema):
        assert all("additionalProperties" in found for found in objects(schema))


def test_a_finding_of_every_rule_is_valid_sarif() -> None:
    SARIF.validate(json.loads(json.dumps(as_sarif(EVERY_RULE, "1.0", UNREADABLE))))


def test_an_empty_run_is_valid_sarif() -> None:
    SARIF.validate(as_sarif([], "1.0"))


def test_a_file_given_twice_is_one_artifact_of_sarif() -> None:
    twice = as_sarif([EVERY_RULE[0], EVERY_RULE[1], EVERY_RULE[0]], "1.0")
    SARIF.validate(twice)
    (run,) = twice["runs"]
    assert len(run["artifacts"]) == 2
    for result in run["results"]:
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert run["artifacts"][location["index"]]["location"]["uri"] == location["uri"]


def test_sarif_says_what_could_not_be_read() -> None:
    (run,) = as_sarif([], "1.0", UNREADABLE)["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert "Permission denied" in notification["message"]["text"]
    place = notification["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "a%20b/%FF.ota"}


@pytest.mark.parametrize("strict", [False, True])
def test_a_finding_of_every_rule_is_valid_junit(strict: bool) -> None:
    seen = [("x.ota", "Permission denied")]
    assert junit_is_valid(as_junit(EVERY_RULE, seen, strict=strict))


def test_an_empty_run_is_valid_junit() -> None:
    assert junit_is_valid(as_junit([]))


def test_junit_counts_what_it_lists() -> None:
    suite = etree.fromstring(as_junit(EVERY_RULE, [("x", "y")], strict=True).encode())
    for name, path in (("tests", "testcase"), ("failures", "*/failure"), ("errors", "*/error")):
        assert int(suite.get(name)) == len(suite.findall(path)) > 0


def test_every_junit_case_has_a_name_of_its_own() -> None:
    suite = etree.fromstring(as_junit(EVERY_RULE).encode())
    names = [case.get("name") for case in suite]
    assert len(names) == len(set(names)) == len(EVERY_RULE)


def write(folder: Path) -> None:
    for number, case in enumerate(CASES):
        (folder / f"{number}.ota").write_bytes(case.data)
    (folder / "lost.ota").symlink_to("nowhere")
    (folder / "readme.md").write_text("# Images", encoding="utf-8")


@pytest.mark.parametrize("options", [(), ("--profile", "se"), ("--profile", "vendor:ikea")])
def test_json_of_a_folder_is_valid(tmp_path: Path, options: tuple[str, ...]) -> None:
    write(tmp_path)
    report = json.loads(zota("image", "validate", tmp_path, "--json", *options).out)
    REPORT.validate(report)
    assert report["unreadable"] and report["skipped"]


def test_json_of_a_comparison_is_valid(tmp_path: Path) -> None:
    old, new = tmp_path / "old.ota", tmp_path / "new.ota"
    old.write_bytes(plain())
    new.write_bytes(plain(file_version=0x01020305, string=b"newer"))
    report = json.loads(zota("image", "validate", "--diff", old, new, "--json").out)
    REPORT.validate(report)
    assert report["changes"]


def test_sarif_and_junit_of_a_folder_are_valid(tmp_path: Path) -> None:
    write(tmp_path)
    SARIF.validate(json.loads(zota("image", "validate", tmp_path, "--format", "sarif").out))
    assert junit_is_valid(zota("image", "validate", tmp_path, "--format", "junit").out)


@needs_real_files
def test_reports_of_vendor_files_are_valid() -> None:
    SARIF.validate(json.loads(zota("image", "validate", REAL, "--format", "sarif").out))
    REPORT.validate(json.loads(zota("image", "validate", REAL, "--json").out))
    assert junit_is_valid(zota("image", "validate", REAL, "--format", "junit").out)


DAMAGE: list[tuple[tuple[str | int, ...], Any]] = [
    (("version",), "2.0.0"),
    (("runs", 0, "results", 0, "level"), "info"),
    (("runs", 0, "results", 0, "message"), "text"),
    (("runs", 0, "results", 0, "ruleIndex"), -1),
    (("runs", 0, "results", 0, "locations", 0, "line"), 3),
    (("runs", 0, "artifacts", 0, "location", "uri"), "a b"),
    (("runs", 0, "artifacts", 0, "location", "uri"), "c:x"),
    (("runs", 0, "invocations", 0), {}),
]


@pytest.mark.parametrize(("place", "value"), DAMAGE)
def test_the_sarif_schema_notices(place: tuple[str | int, ...], value: Any) -> None:
    log = deepcopy(as_sarif(EVERY_RULE, "1.0"))
    node: Any = log
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    assert not SARIF.is_valid(log)


def test_a_junit_suite_says_with_what_how_and_when_it_was_made() -> None:
    made = Provenance(
        "1.2.3", 'zota image validate "a b.ota" --format junit', "2026-07-01T02:03:04Z"
    )
    text = as_junit(EVERY_RULE, made=made)
    assert junit_is_valid(text)
    suite = etree.fromstring(text.encode())
    assert suite.get("timestamp") == "2026-07-01T02:03:04"
    told = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert told == {"zota.version": "1.2.3", "zota.command": made.command, "zota.utc": made.utc}
