"""Reports as JUnit XML, for build servers: a file is a test, a finding above info its failure."""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from images.provenance import Provenance
from images.rules import Report, Severity
from images.rules.report import presentable
from images.rules.sarif import explain


def as_junit(
    files: Sequence[tuple[str, Report]],
    unreadable: Sequence[tuple[str, str]] = (),
    *,
    strict: bool = False,
    made: Provenance | None = None,
) -> str:
    """One test suite over all files.

    Args:
        files: path and report of each.
        unreadable: path and reason of what could not be read.
        strict: warnings fail a file, too.
        made: with what, how and when, as properties of the suite.
    """
    least = Severity.WARNING if strict else Severity.ERROR
    cases = [_case(path, report, least) for path, report in files]
    failed = sum("<failure" in case for case in cases)
    errors = [
        f'  <testcase classname="zota" name={_attribute(path)}>\n'
        f"    <error message={_attribute(reason)}/>\n  </testcase>\n"
        for path, reason in unreadable
    ]
    count = len(cases) + len(errors)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name="zota image validate" tests="{count}" failures="{failed}" '
        f'errors="{len(errors)}"{_timestamp(made)}>\n'
        + "".join((*_properties(made), *cases, *errors))
        + "</testsuite>\n"
    )


def _timestamp(made: Provenance | None) -> str:
    return "" if made is None else f" timestamp={_attribute(made.utc.removesuffix('Z'))}"


def _properties(made: Provenance | None) -> Iterable[str]:
    if made is None:
        return
    yield "  <properties>\n"
    for name, value in made.as_values().items():
        yield f'    <property name="zota.{name}" value={_attribute(str(value))}/>\n'
    yield "  </properties>\n"


def _case(path: str, report: Report, least: Severity) -> str:
    failures = [finding for finding in report.findings if finding.severity >= least]
    rest = [finding for finding in report.findings if finding.severity < least]
    lines = [f'  <testcase classname="zota.{report.profile}" name={_attribute(path)}>\n']
    if failures:
        first = f"{failures[0].rule}: {failures[0].message}"
        text = "\n".join(
            _line(finding.rule, finding.offset, explain(finding)) for finding in failures
        )
        lines.append(f"    <failure message={_attribute(first)}>{_text(text)}</failure>\n")
    if rest:
        text = "\n".join(_line(finding.rule, finding.offset, finding.message) for finding in rest)
        lines.append(f"    <system-out>{_text(text)}</system-out>\n")
    return "".join((*lines, "  </testcase>\n"))


def _line(rule: str, offset: int | None, text: str) -> str:
    return f"{rule}: {text}" if offset is None else f"{rule} at byte {offset}: {text}"


def _text(text: str) -> str:
    return escape(presentable(text))


def _attribute(text: str) -> str:
    return quoteattr(presentable(text))
