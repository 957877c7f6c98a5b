"""SARIF, JUnit and HTML: what a code scanner, a build server and a person read."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import Profile, lint
from images.rules.findings import rule_id
from images.rules.html import as_html
from images.rules.junit import as_junit
from images.rules.sarif import as_sarif
from images.rules.table import FILE_RULES, RULES
from tests.images.payload_cases import wrapped
from tests.images.samples import gb, plain

BAD, WARNED = lint(plain(stack=9)), lint(plain(manufacturer=0))
FILES = [("a/b c.ota", BAD), ("w.ota", WARNED)]


def test_sarif_places_every_finding_by_rule_file_and_byte() -> None:
    (run,) = as_sarif(FILES, "1.2.3")["runs"]
    driver = run["tool"]["driver"]
    assert driver["version"] == "1.2.3"
    assert len(run["results"]) == len(BAD.findings) + len(WARNED.findings)
    for result, finding in zip(run["results"], BAD.findings, strict=False):
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "a/b%20c.ota", "index": 0}
        assert place.get("region", {}).get("byteOffset") == finding.offset
        text = result["message"]["text"]
        assert finding.message in text
        assert text.startswith(f"Byte {finding.offset}: ") or finding.offset is None


def test_sarif_describes_every_rule_once() -> None:
    (run,) = as_sarif(FILES, "0")["runs"]
    identifiers = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert sorted(identifiers) == sorted({rule_id(row.number) for row in (*RULES, *FILE_RULES)})


def test_a_name_that_is_no_text_is_percent_encoded_in_sarif() -> None:
    log = as_sarif([("\udcff.ota", BAD)], "0")
    assert log["runs"][0]["artifacts"] == [{"location": {"uri": "%FF.ota"}}]


def test_junit_fails_files_with_errors_and_with_warnings_when_strict() -> None:
    suite = ElementTree.fromstring(as_junit(FILES, [("x", "denied")]))  # noqa: S314 - our own
    assert suite.attrib["tests"] == "3"
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "ZOTA018 at byte 18" in (failure.text or "")
    strict = ElementTree.fromstring(as_junit(FILES, strict=True))  # noqa: S314
    assert strict.attrib["failures"] == "2"


class Page(HTMLParser):
    """Counts what a browser would show."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.text, self.open = 0, "", 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.rows += tag == "tr"
        self.open += tag in {"table", "tr", "td", "th"}

    def handle_endtag(self, tag: str) -> None:
        self.open -= tag in {"table", "tr", "td", "th"}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_has_totals_by_rule_and_file_and_every_finding() -> None:
    page = Page()
    page.feed(as_html(FILES, [("gone.ota", "denied")]))
    rules = {finding.rule for _, report in FILES for finding in report.findings}
    findings = sum(len(report.findings) for _, report in FILES)
    assert page.rows == 4 + len(rules) + len(FILES) + findings + 1
    assert page.open == 0
    assert page.text.index("2files1error") < page.text.index("By rule")  # totals come first
    assert "gone.ota" in page.text


def test_the_page_needs_nothing_from_elsewhere() -> None:
    assert not re.search(r'src=|href="(?!#)|https?:|@import', as_html(FILES))


def test_every_finding_leads_to_what_its_rule_is_for() -> None:
    written = as_html(FILES)
    named = set(re.findall(r'href="#(\w+)"', written))
    assert named == {finding.rule for _, report in FILES for finding in report.findings}
    assert named == set(re.findall(r'<td id="(\w+)"', written))


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img onerror=x>', "]]>"])
def test_hostile_names_and_strings_stay_text(hostile: str) -> None:
    report = lint(plain(string=hostile.encode()[:31] + b"\xff"), name=hostile)
    page = as_html([(hostile, report)])
    assert hostile not in page
    suite = ElementTree.fromstring(as_junit([(hostile, report)]))  # noqa: S314
    case = suite.find("testcase")
    assert case is not None
    assert case.attrib["name"] == hostile


def test_the_page_lists_the_gravest_findings_of_all_files_first() -> None:
    page = as_html([("clean.ota", WARNED), ("bad.ota", BAD)])
    labels = re.findall(r'<tr class="of-(\w+)">', page)
    order = ["error", "warning", "info"]
    assert labels == sorted(labels, key=order.index) and set(labels) == set(order)
    assert re.findall(r'type="checkbox" value="(\w+)"', page) == order


def test_a_name_that_is_no_text_makes_no_page_that_is_none() -> None:
    """Rule 20 repeats the name in its finding."""
    files = [("x", lint(plain(), name="\udcff\x1b.ota"))]
    for written in (as_html(files), as_junit(files)):
        assert b"\x1b" not in written.encode()


@given(st.text(), st.sampled_from([plain(stack=9), gb(), wrapped(b"\xff" * 99), b""]))
def test_any_name_gives_well_formed_reports(name: str, data: bytes) -> None:
    files = [(name, lint(data, name=name))]
    ElementTree.fromstring(as_junit(files, [(name, name)]))  # noqa: S314
    json.dumps(as_sarif(files, "0"))
    page = Page()
    page.feed(as_html(files))
    assert page.open == 0


def test_every_rule_says_why_in_one_line() -> None:
    for row in (*FILE_RULES, *RULES):
        assert "\n" not in row.why
    assert set(Profile) == {Profile.ZCL, Profile.SE, Profile.GB}
