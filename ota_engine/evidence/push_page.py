"""The report of a push as one HTML page: what every device says it runs, and how it came about.

Pure; knows the report of a push, changes nothing and decides nothing.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from images.eui64 import format_eui64
from images.page import BAD, BUSY, SOFT, WAIT, WARN, Cell, Tone, Total, facts, page, table, totals
from images.page import GOOD as WANTED
from ota_engine.evidence.charts import Points, lines
from ota_engine.hub.push.report import PushReport
from ota_engine.hub.push.verdict import GOOD, PushVerdict
from ota_engine.records import EventRecord, OutcomeRecord
from ota_engine.times import Utc

SHOWN_EVENTS = 2000  # lines of the journal; a page with more helps nobody
#: Seconds up to which a time axis is in this unit, and the seconds of one of it.
AXES = ((180.0, "s", 1.0), (10800.0, "min", 60.0), (float("inf"), "h", 3600.0))

#: How each end of a firmware is to be seen.
TONES: Mapping[PushVerdict, Tone] = {
    PushVerdict.UPDATED: WANTED,
    PushVerdict.CURRENT: WANTED,
    PushVerdict.HOLDING: WAIT,
    PushVerdict.AWAITING: WAIT,
    PushVerdict.WOULD: BUSY,
    PushVerdict.PASSED_OVER: SOFT,
    PushVerdict.REFUSED: WARN,
    PushVerdict.FAILED: BAD,
    PushVerdict.ABORTED: BAD,
    PushVerdict.UNFINISHED: BUSY,
}


def push_page(
    report: PushReport,
    progress: Mapping[str, Points],
    events: Sequence[EventRecord],
    outcomes: Sequence[OutcomeRecord],
    begun: str,
    made: str = "",
) -> str:
    """Write the page.

    Args:
        report: of the push.
        progress: per firmware, points of (seconds, share of its image).
        events: the journal of the push, oldest first.
        outcomes: what was told to sinks, oldest first.
        begun: when it began, as people say it.
        made: with what and when the page was made, for its foot.
    """
    heads = ("name", "type", "version", "octets", "SHA-256", "from", "status", "devices")
    body = [
        "<h1>Push of firmware</h1>",
        _verdict(report),
        totals(_totals(report)),
        facts(_terms(report, begun)),
        "<h2>What the devices report</h2>",
        _devices(report),
        "<h2>Images</h2>",
        table(heads, _images(report)),
        "<h2>Progress</h2>",
        _progress(progress, report.seconds),
        "<h2>Outcomes</h2>",
        table(("device", "what", "verdict", "why", "before", "after"), _outcomes(outcomes)),
        "<h2>Journal</h2>",
        table(("after", "device", "what", "detail"), _journal(events, report.created_utc)),
        _left_out(events),
    ]
    return page("zota push", body, provenance=made)


def _verdict(report: PushReport) -> str:
    text = "Every device has what was pushed to it." if report.good else _trouble(report)
    return f'<p class="verdict {WANTED if report.good else BAD}">{escape(text)}</p>'


def _totals(report: PushReport) -> Iterable[Total]:
    """How many firmwares ended how, those that were wanted first."""
    counts = Counter(told.verdict for told in report.devices)
    yield Total(len({told.device for told in report.devices}), "devices")
    for verdict in PushVerdict:
        if counts[verdict]:
            yield Total(counts[verdict], verdict, TONES[verdict])


def _trouble(report: PushReport) -> str:
    if report.interrupted:
        return "Interrupted: what follows is where every device stood then."
    fine = GOOD | {PushVerdict.PASSED_OVER}
    bad = {told.device for told in report.devices if told.verdict not in fine}
    if not bad:
        return "No device takes what was pushed."
    everybody = {told.device for told in report.devices}
    return f"{len(bad)} of {len(everybody)} devices did not end as they should."


def _terms(report: PushReport, begun: str) -> Iterable[tuple[str, object]]:
    yield "link", report.link
    yield "begun", begun
    yield "took", f"{report.seconds:.1f} s"
    yield "version policy", report.policy
    yield "activation", report.activation
    for override in report.overrides:
        yield f"{override.term} does not count", override.reason


def _devices(report: PushReport) -> str:
    heads = (
        "device",
        "type",
        "verdict",
        "before",
        "after",
        "octets",
        "blocks",
        "asked again",
        "why",
    )
    rows = [
        (
            Cell(told.device, "whole"),
            told.image_type or "not told",
            Cell(told.verdict, f"whole verdict {TONES[told.verdict]}"),
            Cell(told.version_before or "not told", "whole"),
            Cell(told.version_after or "not told", "whole"),
            f"{told.offset:,} of {told.size:,}" if told.size else "",
            told.blocks,
            told.retries,
            told.reason,
        )
        for told in report.devices
    ]
    return table(heads, rows)


def _images(report: PushReport) -> Iterable[tuple[object, ...]]:
    for image in report.images:
        yield (
            image.name,
            f"{image.image_type} of {image.manufacturer_code}",
            Cell(image.file_version, "whole"),
            image.size,
            image.sha256,
            image.source,
            image.status or "",
            image.devices or "none takes it",
        )


def _progress(progress: Mapping[str, Points], seconds: float) -> str:
    """Draw every firmware that got anything; a device is one line once its firmware is known."""
    _, axis, scale = next(row for row in AXES if seconds <= row[0])
    known = {name.partition(" ")[0] for name in progress if " " in name}
    series = {
        name: [(time / scale, share * 100) for time, share in points]
        for name, points in progress.items()
        if name not in known and any(share for _, share in points)
    }
    if not series:
        return "<p>Nothing was downloaded.</p>"
    return lines(series, max(seconds, 1.0) / scale, "%", axis)


def _outcomes(outcomes: Sequence[OutcomeRecord]) -> Iterable[tuple[object, ...]]:
    for outcome in outcomes:
        yield (
            format_eui64(outcome.device),
            outcome.kind,
            outcome.verdict,
            outcome.reason,
            _version(outcome.version_before),
            _version(outcome.version_after),
        )


def _journal(events: Sequence[EventRecord], begun_utc: Utc) -> Iterable[tuple[object, ...]]:
    for event in events[-SHOWN_EVENTS:]:
        who = "" if event.device is None else format_eui64(event.device)
        yield f"{event.utc - begun_utc:.3f} s", who, event.kind, _in_words(event)


def _in_words(event: EventRecord) -> str:
    """The steps of a delivery in words; whatever else there is as it was written."""
    detail = json.loads(event.detail)
    if event.kind != "session":
        return ", ".join(f"{name} {value}" for name, value in detail.items())
    why = f": {detail['reason']}" if detail["reason"] else ""
    return f"{detail['before']} → {detail['state']} at {detail['offset']} octets{why}"


def _left_out(events: Sequence[EventRecord]) -> str:
    more = len(events) - SHOWN_EVENTS
    return f"<p>{more} earlier lines are in journal.jsonl.</p>" if more > 0 else ""


def _version(version: int | None) -> str:
    return "" if version is None else f"0x{version:08X}"
