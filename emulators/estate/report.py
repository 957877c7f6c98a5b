"""The report of a rehearsal: one HTML page that needs nothing else.

Knows what a rehearsal gave; changes nothing and decides nothing.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any, Final

from emulators.estate.forecast import EndForecast
from emulators.estate.rehearsed import ProgressPoint, Rehearsed, RehearsedPhase
from emulators.estate.what_ifs import WHAT_IFS
from images.page import BAD, GOOD, SOFT, WARN, Cell, Total, facts, page, table, totals
from ota_engine.evidence.charts import Mark, lines, stacked, timeline
from ota_engine.fleet.campaigns.gates import GateVerdict
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.times import DAY_S, Utc
from ota_engine.wording import counted, utc_text

DAYS: Final = "days"
MOST_POINTS: Final = 400  # of one chart
MOST_GATES: Final = 200  # rows of a table; a page with more helps nobody
MOST_DECISIONS: Final = 300

#: Grey before a home begins, amber while it waits, blue under way, violet with the whole image, and ends.
STATE_COLOURS: Final = {
    MemberState.ACTIVATED: "var(--good)",
    MemberState.FAILED: "var(--bad)",
    MemberState.UNREACHABLE: "var(--bad-dark)",
    MemberState.SCHEDULED: "var(--wait)",
    MemberState.TRANSFERRED: "var(--wait-soft)",
    MemberState.REACHED: "var(--busy)",
    MemberState.OFFERED: "var(--busy-soft)",
    MemberState.WAITING: "var(--warn-soft)",
    MemberState.LEFT: "var(--soft)",
    MemberState.PLANNED: "var(--idle-soft)",
}
_TONES: Final = {
    GateVerdict.PASS: GOOD,
    GateVerdict.FAIL: BAD,
    GateVerdict.INCONCLUSIVE: WARN,
    "": SOFT,
}


def report(
    result: Rehearsed,
    ends: EndForecast | None = None,
    what_ifs: Sequence[str] = (),
    made: str = "",
) -> str:
    """Write the page.

    Args:
        result: of the rehearsal.
        ends: what several seeds gave; None where there was one.
        what_ifs: that were asked.
        made: with what and when the page was made, for its foot.
    """
    body = [
        f"<h1>Rehearsal on {result.homes:,} homes</h1>",
        _verdict(result),
        totals(_heading(result)),
        facts(_facts(result, what_ifs)),
        *_campaigns(result),
        "<h2>Phases</h2>",
        _phases(result.phases),
        timeline(_bars(result), _length(result), DAYS),
        "<h2>Gates</h2>",
        *_gates(result.gates, result.begin_utc),
        *_incidents(result),
        "<h2>Waiting</h2>",
        *_waiting(result),
        "<h2>Notices</h2>",
        *_notices(result),
        "<h2>Forecast</h2>",
        *_forecast(result, ends),
        "<h2>Decisions</h2>",
        *_decisions(result),
    ]
    return page(f"zota rehearse, seed {result.seed}", body, provenance=made)


def _day(utc: float, begin: float) -> str:
    return f"{(utc - begin) / DAY_S:,.1f}"


def _length(result: Rehearsed) -> float:
    last = result.progress[-1].utc if result.progress else result.begin_utc
    return max(1.0, (last - result.begin_utc) / DAY_S)


def _verdict(result: Rehearsed) -> str:
    if result.complete:
        text = "The last campaign stands open for homes to come; every gate before it has passed."
        return f'<p class="{GOOD} verdict">{text}</p>'
    text = "The last campaign did not come to its end: its gates say why."
    return f'<p class="{BAD} verdict">{text}</p>'


def _heading(result: Rehearsed) -> Iterator[Total]:
    last = result.phases[-1].campaign if result.phases else ""
    mine = [phase for phase in result.phases if phase.campaign == last]
    yield Total(result.homes, "homes")
    yield Total(sum(phase.activated for phase in mine), "activated in the end", GOOD)
    for name, tone in (("failed", BAD), ("waiting", WARN), ("unreachable", WARN)):
        count = sum(getattr(phase, name) for phase in mine)
        yield Total(count, name, tone if count else "")
    if result.days is not None:
        yield Total(f"{result.days:,.0f}", "days")


def _facts(result: Rehearsed, what_ifs: Sequence[str]) -> Iterator[tuple[str, object]]:
    yield "begins", utc_text(Utc(result.begin_utc))
    if result.ends_utc is not None:
        yield "last home ends", utc_text(Utc(result.ends_utc))
    yield "seed", Cell(str(result.seed), "code")
    for text in what_ifs:
        row = WHAT_IFS.get(text.partition("=")[0].partition("@")[0])
        yield "what if", f"{text}: {row.means}" if row else text
    if result.real_homes:
        yield "homes block by block", f"{result.real_homes:,}, all others by numbers"
    for name, many in result.happenings.items():
        yield _HAPPENINGS.get(name, name), Cell(f"{many:,}", "")
    yield "journal", Cell(result.journal_sha256, "code")
    yield "head of the audit trail", Cell(result.audit_head, "code")


_HAPPENINGS: Final = {
    "SupplierTold": "changes of supplier",
    "TenancyTold": "changes of tenancy",
    "DeviceTold": "hubs replaced",
    "HomeTold": "homes completed or gone",
}


# --- progress ------------------------------------------------------------------------------------


def _campaigns(result: Rehearsed) -> Iterator[str]:
    """Draw each campaign: its homes by state."""
    for campaign in dict.fromkeys(one.campaign for one in result.progress):
        points = [one for one in result.progress if one.campaign == campaign]
        yield f"<h2>{escape(campaign)}</h2>"
        yield f"<p>{_campaign_text(result, campaign)}</p>"
        points = _thinned(points)
        series = {
            str(state): [
                ((one.utc - result.begin_utc) / DAY_S, float(one.states.get(state, 0)))
                for one in points
            ]
            for state in STATE_COLOURS
        }
        shown = {name: points for name, points in series.items() if any(y for _, y in points)}
        colours = {str(state): colour for state, colour in STATE_COLOURS.items()}
        yield stacked(shown, _length(result), "homes", colours, DAYS)


def _campaign_text(result: Rehearsed, campaign: str) -> str:
    mine = [phase for phase in result.phases if phase.campaign == campaign]
    activated, homes = (sum(getattr(one, name) for one in mine) for name in ("activated", "homes"))
    failed = [phase.name for phase in mine if phase.gate == GateVerdict.FAIL]
    how = f"held in its {escape(failed[0])} and given up" if failed else "not held by a gate"
    return f"{activated:,} of {homes:,} homes activated; {how}."


def _thinned(points: Sequence[ProgressPoint]) -> list[ProgressPoint]:
    step = max(1, len(points) // MOST_POINTS)
    return [*points[:-1:step], points[-1]]


def _phases(phases: Iterable[RehearsedPhase]) -> str:
    heads = (
        *("campaign", "phase", "gate", "homes", "reached", "activated", "failed", "waiting"),
        *("unreachable", "begins", "gate passes"),
    )
    return table(heads, map(_phase_row, phases))


def _phase_row(phase: RehearsedPhase) -> tuple[object, ...]:
    began = "" if phase.started_utc is None else utc_text(Utc(phase.started_utc))[:10]
    ended = "" if phase.ended_utc is None else utc_text(Utc(phase.ended_utc))[:10]
    return (
        Cell(phase.campaign, "whole"),
        Cell(phase.name, "whole"),
        Cell(phase.gate or "not reached", f"verdict {_TONES[phase.gate]}"),
        phase.homes,
        phase.reached,
        phase.activated,
        phase.failed,
        phase.waiting,
        phase.unreachable,
        Cell(began, "whole"),
        Cell(ended, "whole"),
    )


def _bars(result: Rehearsed) -> dict[str, list[Mark]]:
    end = result.begin_utc + _length(result) * DAY_S
    rows = {}
    for phase in result.phases:
        if phase.started_utc is None:
            continue
        until = phase.ended_utc
        if until is None:
            judged = [
                gate["utc"]
                for gate in result.gates
                if gate["campaign"] == phase.campaign and gate["verdict"] == GateVerdict.FAIL
            ]
            until = judged[-1] if judged else end
        start = (phase.started_utc - result.begin_utc) / DAY_S
        lasts = (until - phase.started_utc) / DAY_S
        name = f"{phase.campaign.removeprefix('campaign-')} {phase.name}"
        rows[name] = [Mark(start, lasts, f"{lasts:.1f} days: {phase.gate or 'no verdict'}")]
    return rows


# --- gates, incidents ----------------------------------------------------------------------------


def _gates(gates: Sequence[dict[str, Any]], begin: float) -> Iterator[str]:
    """List verdicts: all that end something, and of the others the first of each wording."""
    told: set[tuple[str, int, str]] = set()
    shown = []
    for one in gates:
        wording = one["campaign"], one["phase"], one["missing"]
        if one["verdict"] != GateVerdict.INCONCLUSIVE or wording not in told:
            shown.append(one)
        told.add(wording)
    shown = shown[:MOST_GATES]
    heads = ("day", "campaign", "phase", "verdict", "missing or wrong", "inputs")
    yield table(heads, (_gate_row(one, begin) for one in shown))
    left = len(gates) - len(shown)
    if left:
        yield f"<p>{counted(left, 'verdict')} more, of the same wording, are in result.json.</p>"
    if gates:
        yield f'<p class="soft">Policy <code>{gates[0]["policy_hash"]}</code></p>'


def _gate_row(gate: dict[str, Any], begin: float) -> tuple[object, ...]:
    verdict = gate["verdict"]
    why = "; ".join(text for text in (gate["missing"], gate.get("named", "")) if text)
    return (
        Cell(_day(gate["utc"], begin), "number"),
        Cell(gate["campaign"], "whole"),
        gate["phase"],
        Cell(verdict, f"whole verdict {_TONES[verdict]}"),
        why,
        Cell(_inputs(gate["inputs"]), "soft"),
    )


def _inputs(text: str) -> str:
    """Say what a verdict was made of, without what is nothing."""
    values: dict[str, Any] = json.loads(text)
    told = []
    for name, value in values.items():
        if value in (0, None, "", [], False) or name.endswith("_utc"):
            continue
        if name == "waiting":
            value = sum(homes for _, homes in value)  # noqa: PLW2901 - the reasons stand beside
        number = f"{value:,}" if isinstance(value, int) else _listed(value)
        told.append(f"{name.replace('_', ' ')} {number}")
    return ", ".join(told)


def _listed(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_listed, value))
    return " ".join(map(str, value.values())) if isinstance(value, dict) else str(value)


def _incidents(result: Rehearsed) -> Iterator[str]:
    if not result.incidents:
        return
    yield "<h2>Incidents</h2>"
    heads = ("day", "incident", "campaign", "phase", "category", "text", "state", "resolution")
    yield table(
        heads,
        (
            (
                Cell(_day(one["raised_utc"], result.begin_utc), "number"),
                Cell(one["incident"], "whole"),
                Cell(one["campaign"], "whole"),
                one["phase"],
                one["category"],
                one["text"],
                one["state"],
                f"{one['resolution']}: {one['reason']}" if one["resolution"] else "",
            )
            for one in result.incidents
        ),
    )


# --- waiting, notices, forecast, decisions -------------------------------------------------------


def _waiting(result: Rehearsed) -> Iterator[str]:
    if not result.deferred:
        yield "<p>No home had to wait.</p>"
        return
    yield "<p>Homes that waited, by the reason; a home that waits two days is two home-days.</p>"
    most: dict[str, int] = {}
    for one in result.progress:
        for reason, homes in one.waits.items():
            most[reason] = max(most.get(reason, 0), homes)
    worst = sorted(result.deferred, key=lambda reason: -result.deferred[reason])
    rows = [
        (reason, Cell(f"{result.deferred[reason]:,.0f}", "number"), most[reason])
        for reason in worst
    ]
    yield table(("reason", "home-days", "homes at most"), rows)
    points = _thinned(result.progress)
    series = {
        reason: [
            ((one.utc - result.begin_utc) / DAY_S, float(one.waits.get(reason, 0)))
            for one in points
        ]
        for reason in worst[:8]
    }
    yield lines(series, _length(result), "homes", DAYS)


def _notices(result: Rehearsed) -> Iterator[str]:
    rows: list[tuple[object, ...]] = list(result.notices.items())
    yield table(("kind", "delivered"), rows)
    if result.undelivered:
        yield "<p>Not delivered at first, as the party's endpoint did not answer:</p>"
        yield table(("party", "notices"), result.undelivered.items())


def _forecast(result: Rehearsed, ends: EndForecast | None) -> Iterator[str]:
    yield "<p>When each gate was to pass, as was said at approval, and when it did.</p>"
    rows = []
    for phase in result.phases:
        if phase.forecast_utc is None:
            continue
        late = (
            ""
            if phase.ended_utc is None
            else f"{(phase.ended_utc - phase.forecast_utc) / DAY_S:+.1f}"
        )
        passes = "" if phase.ended_utc is None else _day(phase.ended_utc, result.begin_utc)
        forecast_day = _day(phase.forecast_utc, result.begin_utc)
        rows.append(
            (
                Cell(phase.campaign, "whole"),
                Cell(phase.name, "whole"),
                *(Cell(text, "number") for text in (forecast_day, passes, late)),
            )
        )
    yield table(("campaign", "phase", "forecast, day", "passed, day", "days later"), rows)
    if ends is None:
        yield '<p class="soft">One seed has no spread: --seeds N rehearses with several.</p>'
        return
    many = counted(len(ends.runs), "seed")
    if ends.median_days is None:
        yield f"<p>None of {many} came to its end.</p>"
    else:
        yield (
            f"<p>{ends.complete} of {many} came to their end after {ends.earliest_days:,.1f} to"
            f" {ends.latest_days:,.1f} days, {ends.median_days:,.1f} in the middle.</p>"
        )
    yield table(
        ("seed", "ends, day", "complete", "journal"),
        (
            (
                Cell(str(one.seed), "code"),
                Cell("" if one.days is None else f"{one.days:,.1f}", "number"),
                Cell("yes" if one.complete else "no", GOOD if one.complete else BAD),
                Cell(one.journal_sha256[:16], "code"),
            )
            for one in ends.runs
        ),
    )


def _decisions(result: Rehearsed) -> Iterator[str]:
    shown = [one for one in result.decisions if one["act"] not in _OFTEN][:MOST_DECISIONS]
    yield "<p>Taken by the emulated persons, each signed with a key of her own.</p>"
    yield table(
        ("day", "person", "act", "what came of it"),
        (
            (
                Cell(_day(one["utc"], result.begin_utc), "number"),
                Cell(one["person"], "whole"),
                Cell(one["act"], "whole"),
                Cell(one["text"], "" if one["accepted"] else BAD),
            )
            for one in shown
        ),
    )
    left = len(result.decisions) - len(shown)
    if left:
        yield f"<p>{counted(left, 'decision')} more: what suppliers book and choose every day.</p>"


_OFTEN: Final = frozenset({"BookCalendar", "ChooseSlots"})
