"""What if: a scenario in, one in which something more goes wrong out; pure.

A what-if is written ``NAME``, ``NAME=VALUE``, ``NAME@PHASE`` or ``NAME=VALUE@PHASE``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from emulators.estate.reaction import Badness
from emulators.estate.scenario import PERMILLE, PlannedIncident, Scenario, Silence
from ota_engine.errors import LocalError
from ota_engine.fleet.releases.rows import ReleaseType

_SHAPE: Final = re.compile(r"([a-z-]+)(?:=([^@]*))?(?:@(.+))?")
_BAD: Final = 20.0  # percent of homes in which a bad image never runs
_SILENT_DAYS: Final = 60.0


class WhatIfTold(NamedTuple):
    """A what-if as it was written: its text, and the value and the phase in it, empty for none."""

    text: str
    value: str
    phase: str


class WhatIf(NamedTuple):
    """One thing that may be asked.

    Attributes:
        form: how it is written.
        means: what it changes, in words.
        change: does so.
    """

    form: str
    means: str
    change: Callable[[Scenario, WhatIfTold], Scenario]


def with_what_ifs(scenario: Scenario, texts: Iterable[str]) -> Scenario:
    """Change a scenario as what-ifs say.

    Raises:
        LocalError: one cannot be read, or does not fit the scenario.
    """
    for text in texts:
        match = _SHAPE.fullmatch(text)
        row = WHAT_IFS.get(match[1]) if match else None
        if match is None or row is None:
            raise LocalError(f"{text!a} is no what-if: give one of {', '.join(WHAT_IFS)}")
        scenario = row.change(scenario, WhatIfTold(text, match[2] or "", match[3] or ""))
    return scenario


def _percent(told: WhatIfTold, default: float | None = None) -> float:
    """Read a share in percent."""
    if not told.value and default is not None:
        return default
    match = re.fullmatch(r"(\d+(?:\.\d+)?)%", told.value)
    share = float(match[1]) if match else -1.0
    if not 0 <= share <= 100:
        raise LocalError(f"{told.text}: give a share from 0% to 100%, as in cos=2%")
    return share


def _no_phase(told: WhatIfTold) -> None:
    if told.phase:
        raise LocalError(f"{told.text}: it belongs to no phase: leave out @{told.phase}")


def _life(name: str) -> Callable[[Scenario, WhatIfTold], Scenario]:
    def change(scenario: Scenario, told: WhatIfTold) -> Scenario:
        _no_phase(told)
        permille = _percent(told) * PERMILLE / 100
        return replace(scenario, life=replace(scenario.life, **{name: permille}))

    return change


def _offline(scenario: Scenario, told: WhatIfTold) -> Scenario:
    _no_phase(told)
    return replace(scenario, model=replace(scenario.model, offline=_percent(told) / 100))


def _late(scenario: Scenario, told: WhatIfTold) -> Scenario:
    _no_phase(told)
    permille = int(_percent(told) * PERMILLE / 100)
    return replace(scenario, estate=replace(scenario.estate, late_permille=permille))


def _bad_image(scenario: Scenario, told: WhatIfTold) -> Scenario:
    return _spoiled(scenario, told, Badness(fails=_percent(told, _BAD) / 100))


def _han_lost(scenario: Scenario, told: WhatIfTold) -> Scenario:
    return _spoiled(scenario, told, Badness(loses_han=_percent(told, 1.0) / 100))


def _spoiled(scenario: Scenario, told: WhatIfTold, bad: Badness) -> Scenario:
    """Let the last release be bad, and another one mend it."""
    _no_phase(told)
    *others, last = scenario.releases
    mended = replace(
        last,
        release=f"{last.release}-mended",
        version=last.version + 1,
        cpl=f"{last.cpl}-mended",
        type=ReleaseType.UNPLANNED,
    )
    releases = (*others, replace(last, bad=bad), mended)
    bads = {one.version: one.bad for one in releases}
    return replace(scenario, releases=releases, model=replace(scenario.model, bad=bads))


def _incident(scenario: Scenario, told: WhatIfTold) -> Scenario:
    names = [phase.name for phase in scenario.policy.phases]
    if told.phase not in names:
        raise LocalError(
            f"{told.text}: name a phase, as in incident@{names[0]}: {', '.join(names)}"
        )
    category = int(told.value) if told.value.isdecimal() else 2
    if told.value not in ("", *"12345"):
        raise LocalError(f"{told.text}: a category is a number from 1 to 5")
    planned = PlannedIncident(told.phase, category)
    return replace(scenario, incidents=(*scenario.incidents, planned))


def _silent(scenario: Scenario, told: WhatIfTold) -> Scenario:
    _no_phase(told)
    parties = scenario.estate.supplier_ids
    if told.value not in parties:
        raise LocalError(f"{told.text}: name a party, as in silent={parties[0]}")
    return replace(scenario, silences=(*scenario.silences, Silence(told.value, _SILENT_DAYS)))


#: All that may be asked, by the word that begins it.
WHAT_IFS: Final[Mapping[str, WhatIf]] = {
    "bad-image": WhatIf(
        "bad-image[=20%]",
        "the last release never runs in such a share of homes; another one mends it",
        _bad_image,
    ),
    "han-lost": WhatIf(
        "han-lost[=1%]",
        "the last release costs such a share of homes their devices; another one mends it",
        _han_lost,
    ),
    "incident": WhatIf(
        "incident[=2]@PHASE",
        "a supplier raises an incident of that category when 30 % of a phase are begun",
        _incident,
    ),
    "cos": WhatIf(
        "cos=2%",
        "such a share of homes changes supplier each month",
        _life("supplier_changes_permille"),
    ),
    "clash": WhatIf(
        "clash=5%",
        "suppliers book a change of tariff in such a share of homes each month",
        _life("tariffs_permille"),
    ),
    "replaced": WhatIf(
        "replaced=1%",
        "such a share of homes gets another hub each month",
        _life("hubs_replaced_permille"),
    ),
    "gone": WhatIf(
        "gone=1%", "such a share of homes vanishes each month", _life("homes_gone_permille")
    ),
    "late": WhatIf(
        "late=5%", "such a share of homes is installed only while the campaigns run", _late
    ),
    "offline": WhatIf("offline=5%", "hubs are away for such a share of the time", _offline),
    "silent": WhatIf(
        "silent=PARTY", f"no notice reaches a party for {_SILENT_DAYS:.0f} days", _silent
    ),
}
