"""The evidence of a campaign as one HTML page, for people; pure. Proves nothing: the files beside it do."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
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


def pack_page(
    about: Mapping[str, Any],
    rows: Mapping[str, Sequence[Named]],
    party: str,
    retain_until: Mapping[str, float],
    made: str,
) -> str:
    """Write the page.

    Args:
        about: the campaign and its release, as the pack has them.
        rows: by table, values by name.
        party: whose homes the pack holds alone; empty for all.
        retain_until: UTC seconds until which it must be kept, by kind.
        made: with what the page was made, for its foot.
    """
    campaign, release = about["campaign"], about["release"]
    whose = f"the homes of {party}" if party else "all homes"
    members = rows.get("members", ())
    counts = Counter(row["state"] for row in members)
    body = [
        f"<h1>Evidence of {escape(campaign['campaign'])}</h1>",
        totals(
            [Total(len(members), f"homes that ended, of {whose}")]
            + [Total(counts[state], str(state), TONES[state]) for state in TONES if counts[state]]
        ),
        facts(
            [
                ("release", f"{release['release']}, {release['version']:#010x}"),
                ("variant", release["variant"]),
                ("image", release["sha256"]),
                ("campaign", f"{campaign['state']}: {campaign['reason']}"),
                ("proposed by", campaign["author"]),
                ("approved by", campaign["approver"]),
                ("policy", campaign["policy_hash"]),
                *((f"keep {what} until", _time(until)) for what, until in retain_until.items()),
            ]
        ),
        "<h2>Decisions</h2>",
        table(
            ("when", "who", "what", "answer", "signed"), map(_decision, rows.get("decisions", ()))
        ),
        "<h2>Verdicts</h2>",
        table(
            ("when", "phase", "number", "verdict", "what was missing or wrong"),
            map(_verdict, rows.get("gate_decisions", ())),
        ),
        "<h2>Notices</h2>",
        table(("kind", "party", "notices"), _notices(rows.get("notices", ()))),
        "<h2>Versions</h2>",
        table(("before", "after", "homes"), _versions(members)),
        _FOOT,
    ]
    return page(f"Evidence of {campaign['campaign']}", body, provenance=made)


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


def _notices(rows: Sequence[Named]) -> list[tuple[object, ...]]:
    counts = Counter((row["kind"], row["party"]) for row in rows)
    return [(*kind, number) for kind, number in sorted(counts.items())]


def _versions(rows: Sequence[Named]) -> list[tuple[object, ...]]:
    counts = Counter((_hex(row["version_before"]), _hex(row["version_after"])) for row in rows)
    return [(*pair, number) for pair, number in sorted(counts.items())]


def _hex(version: int | None) -> str:
    return "unknown" if version is None else f"{version:08X}"


def _time(utc: float) -> str:
    return utc_text(Utc(utc))
