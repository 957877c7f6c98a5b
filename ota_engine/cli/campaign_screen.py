"""Shows how a campaign stands in the columns of a terminal; decides nothing.

Nothing that is a name, a number or a verdict is cut.
"""

from typing import TYPE_CHECKING, Final

from rich.text import Text

from ota_engine.cli.columns import INDENT, Column, TableRow, beside, folded, lay_out
from ota_engine.fleet.campaigns.lives import OVER, UNDER_WAY
from ota_engine.fleet.campaigns.rows import CampaignState, MemberState, PhaseState
from ota_engine.times import Utc
from ota_engine.wording import counted, utc_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ota_engine.head_end.questions.campaign_status import CampaignStatus, PhaseStatus
    from ota_engine.head_end.questions.homes_in_campaigns import HomeStanding

BAR: Final = 60  # characters of a whole bar, where there is room
DONE, AWAY, WRONG, LEFT = "█", "▓", "✗", "░"
_STATES: Final = {
    CampaignState.RUNNING: "green",
    CampaignState.PAUSED: "yellow",
    CampaignState.HELD: "bold red",
    CampaignState.ABORTED: "red",
}
_PHASES: Final = {
    PhaseState.RUNNING: "green",
    PhaseState.OPEN: "green",
    PhaseState.PASSED: "green",
    PhaseState.HELD: "bold red",
}
_VERDICTS: Final = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}


def status_lines(status: "CampaignStatus", width: int | None) -> list[Text | str]:
    """Lay a campaign out."""
    lines = _heading(status, width)
    lines += ["", *_phases(status, width)]
    for phase in status.phases:
        if phase.verdict:
            lines += ["", *_gate(phase, width)]
    if status.waiting:
        lines += ["", *_waiting(status, width)]
    for one in status.incidents:
        text = f"incident {one.incident}, category {one.category}, {one.state}: {one.text}"
        lines += ["", *folded(text, width)]
    lines += ["", *_rest(status, width)]
    return lines


def home_lines(homes: "Sequence[HomeStanding]", width: int | None) -> list[Text | str]:
    """Lay homes out: where each stands, and why."""
    columns = (
        Column("home"),
        Column("campaign", gives_way=2),
        Column("phase", right=True, gives_way=3),
        Column("state"),
        Column("since", gives_way=1),
    )
    rows = [
        TableRow((one.home, one.campaign, str(one.phase), one.state, _time(one.since_utc)), one.why)
        for one in homes
    ]
    return list(lay_out(columns, rows, width).lines())


def _heading(status: "CampaignStatus", width: int | None) -> list[Text | str]:
    campaign = status.campaign
    first = Text(f"{campaign.campaign}: ")
    first.append(str(campaign.state), style=_STATES.get(campaign.state, "bold"))
    first.append(f" since {_time(campaign.since_utc)}")
    about = (
        f"release {campaign.release}, {status.version:#010x} for {status.variant}; by"
        f" {campaign.author}"
    )
    if campaign.approver:
        about += f", approved by {campaign.approver}"
    about += f"; revision {campaign.revision}: {campaign.changed}"
    lines: list[Text | str] = [first]
    if campaign.reason:
        lines += folded(campaign.reason, width, INDENT)
    lines += folded(about, width)
    if campaign.deploy_utc is not None and not campaign.phase:
        lines += folded(f"the first home is begun on {_time(campaign.deploy_utc)} or later", width)
    return lines


def _phases(status: "CampaignStatus", width: int | None) -> list[Text | str]:
    columns = (
        Column("phase"),
        Column("state"),
        Column("homes", right=True),
        Column("activated", right=True),
        Column("failed", right=True),
        Column("under way", right=True),
        Column("waiting", right=True, gives_way=1),
        Column("silent", right=True, gives_way=2),
    )
    rows = [_row(phase) for phase in status.phases]
    if not rows:
        return ["no homes are drawn before it is approved"]
    laid = lay_out(columns, rows, width)
    lines: list[Text | str] = [*laid.heading]
    for phase, row in zip(status.phases, laid.rows, strict=True):
        lines += row
        if phase.homes:
            lines.append(_bar(phase, min(BAR, (width or BAR + len(INDENT)) - len(INDENT) - 6)))
    return lines


def _row(phase: "PhaseStatus") -> TableRow:
    failed = phase.count(MemberState.FAILED)
    return TableRow(
        (
            phase.name,
            Text(str(phase.state), style=_PHASES.get(phase.state, "")),
            f"{phase.homes:,}",
            f"{phase.count(MemberState.ACTIVATED):,}",
            Text(f"{failed:,}", style="red" if failed else ""),
            f"{_under_way(phase):,}",
            f"{phase.count(MemberState.WAITING):,}",
            f"{phase.count(MemberState.UNREACHABLE):,}",
        )
    )


def _under_way(phase: "PhaseStatus") -> int:
    return phase.count(*UNDER_WAY)


def _bar(phase: "PhaseStatus", whole: int) -> Text:
    """Draw how far a phase has come; what any home is in has a character, if there is room."""
    bar = Text(INDENT)
    activated = phase.count(MemberState.ACTIVATED)
    parts = (
        (DONE, activated, "green"),
        (WRONG, phase.count(MemberState.FAILED), "red"),
        (AWAY, _under_way(phase), "cyan"),
    )
    left = whole
    for mark, homes, style in parts:
        size = min(left, max(homes * whole // phase.homes, 1 if homes else 0))
        bar.append(mark * size, style=style)
        left -= size
    bar.append(LEFT * left, style="dim")
    return bar.append(f" {activated * 100 // phase.homes:>3} %")


def _gate(phase: "PhaseStatus", width: int | None) -> list[Text | str]:
    line = Text(f"gate of {phase.name}: ")
    line.append(phase.verdict, style=_VERDICTS.get(phase.verdict, ""))
    if phase.judged_utc is not None:
        line.append(f" at {_time(phase.judged_utc)}")
    lines: list[Text | str] = [line]
    for text in phase.missing:
        word = "wrong" if phase.verdict == "fail" else "missing"
        lines += folded(f"{word}: {text}", width, INDENT)
    return lines


def _waiting(status: "CampaignStatus", width: int | None) -> list[Text | str]:
    lines: list[Text | str] = ["homes that wait, and since when the first of them does"]
    names = {phase.number: phase.name for phase in status.phases}
    for one in status.waiting:
        since = "" if one.since_utc is None else f", since {_time(one.since_utc)}"
        text = f"{names.get(one.phase, one.phase)}: {one.reason}{since}"
        lines += beside(f"{one.homes:>10,}  ", text, width)
    return lines


def _rest(status: "CampaignStatus", width: int | None) -> list[Text | str]:
    lines: list[Text | str] = []
    for phase in status.phases:
        if phase.forecast_utc is None or phase.state in OVER:
            continue
        agreed = f"forecast at approval: {_day(phase.forecast_utc)}"
        if phase.state is PhaseState.OPEN:
            text = f"{phase.name} is open for homes to come ({agreed})"
        elif phase.expected_utc is None:
            text = f"{phase.name} ends later ({agreed})"
        else:
            text = f"{phase.name} is expected to end {_day(phase.expected_utc)} ({agreed})"
        lines += folded(text, width)
    if status.replacements:
        lines += folded(
            f"{counted(status.replacements, 'device')} to be replaced: somebody has to go there",
            width,
        )
    told = ", ".join(f"{number:,} {state}" for state, number in status.notices.items())
    lines += folded(f"notices: {told or 'none'}", width)
    return lines


def _time(utc: float) -> str:
    return utc_text(Utc(utc))


def _day(utc: float) -> str:
    return utc_text(Utc(utc)).split()[0]
