"""The evidence of a campaign as one HTML page, for people; pure. Proves nothing: the files beside it do."""

import json
from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from images.page import BAD, SOFT, WAIT, Cell, Tone, Total, facts, page, table, totals
from images.page import GOOD as WANTED
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.times import Utc
from ota_engine.wording import utc_text

#: How each end of a home, and each verdict, is to be seen.
TONES: Final[Mapping[str, Tone]] = {
    MemberState.ACTIVATED: WANTED,
    MemberState.FAILED: BAD,
    MemberState.UNREACHABLE: WAIT,
    MemberState.LEFT: SOFT,
    "pass": WANTED,
    "fail": BAD,
    "inconclusive": WAIT,
}
Named = Mapping[str, Any]
_FOOT: Final = (
    "<p>Everything that is shown here stands in the files beside it:"
    " <code>zota evidence verify</code> checks them.</p>"
)


class PackFigures:
    """What the page shows, added up as rows go by.

    Attributes:
        states: homes by where they ended.
        versions: homes by versions before and after.
        notices: by kind and party.
        decisions: in order, values by name.
        verdicts: likewise.
    """

    def __init__(self) -> None:
        self.states: Counter[str] = Counter()
        self.versions: Counter[tuple[str, str]] = Counter()
        self.notices: Counter[tuple[str, str]] = Counter()
        self.decisions: list[Named] = []
        self.verdicts: list[Named] = []

    def add(self, table: str, row: Named) -> None:
        """Take note of a row of any table."""
        match table:
            case "members":
                self.states[row["state"]] += 1
                self.versions[_hex(row["version_before"]), _hex(row["version_after"])] += 1
            case "notices":
                self.notices[row["kind"], row["party"]] += 1
            case "decisions":
                self.decisions.append(row)
            case "gate_decisions":
                self.verdicts.append(row)


def pack_page(
    about: Mapping[str, Any],
    figures: PackFigures,
    party: str,
    retain_until: Mapping[str, float],
    made: str,
) -> str:
    """Write the page.

    Args:
        about: the campaign and its release, as the pack has them.
        figures: of its rows.
        party: whose homes the pack holds alone; empty for all.
        retain_until: UTC seconds until which it must be kept, by kind.
        made: with what the page was made, for its foot.
    """
    campaign, states = about["campaign"], figures.states
    whose = f"the homes of {party}" if party else "all homes"
    body = [
        f"<h1>Evidence of {escape(campaign['campaign'])}</h1>",
        totals(
            [Total(states.total(), f"homes that ended, of {whose}")]
            + [Total(states[state], str(state), TONES[state]) for state in TONES if states[state]]
        ),
        facts(_facts(about, retain_until)),
        "<h2>Decisions</h2>",
        table(("when", "who", "what", "answer", "signed"), map(_decision, figures.decisions)),
        "<h2>Verdicts</h2>",
        table(
            ("when", "phase", "number", "verdict", "what was missing or wrong"),
            map(_verdict, figures.verdicts),
        ),
        "<h2>Notices</h2>",
        table(("kind", "party", "notices"), _counted(figures.notices)),
        "<h2>Versions</h2>",
        table(("before", "after", "homes"), _counted(figures.versions)),
        _FOOT,
    ]
    return page(f"Evidence of {campaign['campaign']}", body, provenance=made)


def _facts(about: Mapping[str, Any], retain_until: Mapping[str, float]) -> list[tuple[str, object]]:
    campaign, release = about["campaign"], about["release"]
    return [
        ("release", f"{release['release']}, {release['version']:#010x}"),
        ("variant", release["variant"]),
        ("image", release["sha256"]),
        ("campaign", f"{campaign['state']}: {campaign['reason']}"),
        ("proposed by", campaign["author"]),
        ("approved by", campaign["approver"]),
        ("policy", campaign["policy_hash"]),
        *((f"keep {what} until", _time(until)) for what, until in retain_until.items()),
    ]


def _decision(row: Named) -> tuple[object, ...]:
    told = json.loads(row["content"])
    answer = Cell(row["text"], WANTED if row["accepted"] else BAD)
    return (
        _time(row["taken_utc"]),
        row["person"],
        f"{row['act']}: {told['reason']}" if told["reason"] else row["act"],
        answer,
        "yes" if row["signature"] else "no",
    )


def _verdict(row: Named) -> tuple[object, ...]:
    verdict = Cell(row["verdict"], TONES.get(row["verdict"], SOFT))
    return _time(row["utc"]), row["phase"], row["number"], verdict, row["missing"]


def _counted(counts: Counter[tuple[str, str]]) -> list[tuple[object, ...]]:
    return [(*pair, number) for pair, number in sorted(counts.items())]


def _hex(version: int | None) -> str:
    return "unknown" if version is None else f"{version:08X}"


def _time(utc: float) -> str:
    return utc_text(Utc(utc))
