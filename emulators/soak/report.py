"""The report of a soak: one HTML page that needs nothing else, explaining every device's end.

Knows what a soak gave; changes nothing and decides nothing.
"""

from collections.abc import Iterable, Sequence
from html import escape

from emulators.simulation.oracle import DeviceVerdict
from emulators.soak.soak import ShardJson, SoakResult, added, replay_command
from images.page import BAD, GOOD, SOFT, WARN, Cell, Total, facts, page, table, totals
from ota_engine.evidence.charts import Mark, Points, lines, stacked, timeline
from ota_engine.records import SessionState
from ota_engine.wording import counted

SHOWN_DEVICES = 5000  # rows of the table of devices; a page with more helps nobody
SHOWN_MARKS = 2000  # strikes drawn per kind of fault

#: Grey before the download, blue during it, amber and violet while held, green and red at the end.
STATE_COLOURS: dict[str, str] = {
    SessionState.ASSIGNED: "var(--idle-soft)",
    SessionState.OFFERED: "var(--idle)",
    SessionState.QUEUED: "var(--busy-soft)",
    SessionState.DOWNLOADING: "var(--busy)",
    SessionState.PAUSED: "var(--warn-soft)",
    SessionState.STALLED: "var(--soft)",
    SessionState.VERIFYING: "var(--c6)",
    SessionState.WAIT_FOR_MORE: "var(--c8)",
    SessionState.HELD: "var(--wait-soft)",
    SessionState.SCHEDULED: "var(--wait)",
    SessionState.AWAITING_COMMAND: "var(--c7)",
    SessionState.RESTARTING: "var(--warn)",
    SessionState.UPDATED: "var(--good)",
    SessionState.FAILED: "var(--bad)",
    SessionState.ABORTED: "var(--bad-dark)",
}
#: What the head of the page shows already, and what has a part of its own.
SHOWN_FIRST = frozenset(
    {"devices", "updated", "failed", "stuck", "wrong_image", "blocks", "faults"}
)
#: How each end of a device is to be seen.
TONES: dict[str, str] = {
    DeviceVerdict.UPDATED: GOOD,
    DeviceVerdict.WRONG_IMAGE: BAD,
    DeviceVerdict.FAILED: BAD,
    DeviceVerdict.STUCK: WARN,
}


def report(result: SoakResult, made: str = "") -> str:
    """Write the page.

    Args:
        result: of the soak.
        made: with what and when the page was made, for its foot.
    """
    hours = result.spec.hours
    body = [
        f"<h1>Soak of {result.spec.devices:,} devices over {hours:g} virtual hours</h1>",
        _verdict(result),
        totals(_heading(result)),
        facts(_figures(result)),
        "<h2>Progress</h2>",
        "<p>Sessions by state, as the engine has them.</p>",
        stacked(_states(result.shards), hours, "devices", STATE_COLOURS),
        "<h2>Rates</h2>",
        "<p>Blocks a second of virtual time, all channels together.</p>",
        lines({"blocks/s": _rates(result.shards)}, hours, "blocks/s"),
        "<h2>Faults</h2>",
        _faults(result, hours),
        "<h2>Devices that were not updated</h2>",
        _unhappy(result),
        "<h2>What went wrong on the air</h2>",
        table(("counter", "frames"), added(shard["air"] for shard in result.shards).items()),
        "<h2>What the engine counted</h2>",
        table(("counter", "times"), added(shard["counters"] for shard in result.shards).items()),
    ]
    return page(f"zota soak, seed {result.spec.seed}", body, provenance=made)


def _heading(result: SoakResult) -> Iterable[Total]:
    summary = result.summary()
    yield Total(summary["devices"], "devices")
    for verdict, tone in TONES.items():
        count = summary[verdict.replace(" ", "_")]
        yield Total(count, verdict, tone if count else "")
    yield Total(summary["blocks"], "blocks served")


def _verdict(result: SoakResult) -> str:
    """The headline: red for what must never be, amber while anybody is without the image."""
    problems = []
    summary = result.summary()
    if result.missing:
        problems.append(f"{len(result.missing)} shard(s) missing: {_numbers(result.missing)}")
    if summary["wrong_image"]:
        problems.append(f"{summary['wrong_image']} device(s) run a wrong image")
    if result.unexplained:
        problems.append(f"{len(result.unexplained)} device(s) without an explanation")
    for name, told in (("lost", result.lost), ("doubled", result.doubled)):
        problems += [f"an outcome is {name}: {line}" for line in told]
    problems += [f"audit trail: {text}" for text in result.audit_faults]
    if problems:
        return f'<p class="{BAD} verdict">{escape("; ".join(problems))}</p>'
    sound = "No wrong image, every end explained, every audit trail intact."
    left = summary["devices"] - summary["updated"]
    if left:
        verb = "was" if left == 1 else "were"
        those = f"{left:,} of {counted(summary['devices'], 'device')} {verb} not updated"
        those += ": it says why below." if left == 1 else ": each below says why."
        held = summary["held_by_clock"]
        if held:
            verb = "waits" if held == 1 else "wait"
            those += f" {held:,} of them {verb} for a time of day: the wall clock was set back."
        return f'<p class="{WARN} verdict">{those}</p><p>{sound}</p>'
    return f'<p class="{GOOD} verdict">Every device was updated.</p><p>{sound}</p>'


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:20])
    return shown + (", ..." if len(numbers) > 20 else "")


def _figures(result: SoakResult) -> Iterable[tuple[str, object]]:
    summary = result.summary()
    for name, value in summary.items():
        if name not in SHOWN_FIRST:
            yield name.replace("_", " "), value
    yield "fault profile", result.spec.faults
    yield "shell", result.spec.shell
    yield "engine starts", sum(shard["engine_starts"] for shard in result.shards)
    yield "commits", sum(shard["commits"] for shard in result.shards)
    yield "journal lines", sum(shard["journal_lines"] for shard in result.shards)
    yield "run it again", Cell(replay_command(result.spec), "code")


def _states(shards: Sequence[ShardJson]) -> dict[str, Points]:
    """Add up the shards' samples by state; all shards take theirs at the same times."""
    times, totals = _totals(shards)
    seen = {name for total in totals for name in total}
    names = [state.value for state in SessionState if state.value in seen]
    return {
        name: [(time, total.get(name, 0)) for time, total in zip(times, totals, strict=True)]
        for name in names
    }


def _totals(shards: Sequence[ShardJson]) -> tuple[list[float], list[dict[str, int]]]:
    if not shards:
        return [], []
    times = [sample["time"] / 3600 for sample in shards[0]["samples"]]
    rows = zip(*(shard["samples"] for shard in shards), strict=True)
    return times, [added(sample["states"] for sample in row) for row in rows]


def _rates(shards: Sequence[ShardJson]) -> Points:
    points = []
    before = (0.0, 0)
    for row in zip(*(shard["samples"] for shard in shards), strict=True):
        now = (row[0]["time"], sum(sample["blocks"] for sample in row))
        if now[0] > before[0]:
            points.append((now[0] / 3600, (now[1] - before[1]) / (now[0] - before[0])))
        before = now
    return points


def _faults(result: SoakResult, hours: float) -> str:
    rows: dict[str, list[Mark]] = {}
    for shard in result.shards:
        for fault in shard["faults"]:
            marks = rows.setdefault(fault["fault"], [])
            if len(marks) < SHOWN_MARKS:
                text = ", ".join(f"{key} {value}" for key, value in fault.items())
                length = fault.get("seconds", 0.0) / 3600
                marks.append(Mark(fault["at"] / 3600, length, f"shard {shard['shard']}: {text}"))
    if not rows:
        return "<p>None were planned.</p>"
    return timeline(dict(sorted(rows.items())), hours) + table(
        ("fault", "strikes"), result.struck.items()
    )


def _unhappy(result: SoakResult) -> str:
    unhappy = [device for device in result.judgements if device["verdict"] != DeviceVerdict.UPDATED]
    if not unhappy:
        return "<p>None.</p>"
    unhappy.sort(
        key=lambda device: (device["verdict"] != DeviceVerdict.WRONG_IMAGE, device["device"])
    )
    rows = [
        (
            Cell(device["device"], "whole"),
            device["kind"],
            Cell(device["verdict"], f"whole verdict {TONES.get(device['verdict'], SOFT)}"),
            device["reason"] or "no reason recorded: a defect of ours",
            Cell(f"0x{device['version_before']:08X} → 0x{device['version_after']:08X}", "whole"),
            device["attempts"],
            device["retries"],
            device["crashes"],
            "; ".join(device["faults"]) or "none of its own",
        )
        for device in unhappy[:SHOWN_DEVICES]
    ]
    heads = (
        "device",
        "kind",
        "verdict",
        "why",
        "version",
        "attempts",
        "retries",
        "power cuts",
        "faults",
    )
    more = len(unhappy) - len(rows)
    note = f"<p>{more} more are not shown.</p>" if more > 0 else ""
    return table(heads, rows) + note
