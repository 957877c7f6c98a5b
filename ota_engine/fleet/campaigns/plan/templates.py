"""Policies to begin from, as plain values; knows nothing of how they are read.

``dcc-hub``: Communications Hub firmware deployment as the DCC describes it: a micro pilot of around 10 to
20 hubs, a pilot of around 5,000, two to four weeks together, then all. ``co-operative``: the phases of
Communications Hub firmware management, section 3.3: a list agreed with customers, one or more larger
ones, an assessment meeting after each, then all. ``supplier``: a supplier's own devices.
"""

from collections.abc import Mapping
from typing import Any, Final

from ota_engine.errors import LocalError
from ota_engine.times import DAY_S
from ota_engine.wording import one_line

TEMPLATES: Final[Mapping[str, Mapping[str, Any]]] = {
    "dcc-hub": {
        "notice_days": 30,
        "phases": (
            {
                "name": "micro pilot",
                "homes": 20,
                "per_hour": 20,
                "at_once": 20,
                "gate": {
                    "sample": 10,
                    "failures": 1,
                    "failures_permille": 100,
                    "success_permille": 900,
                    "observation_s": 7 * DAY_S,
                    "sign_off": True,
                },
            },
            {
                "name": "pilot",
                "homes": 5_000,
                "per_hour": 500,
                "at_once": 1_000,
                "ramp": {"start_per_hour": 50, "factor_permille": 2_000, "every_activated": 250},
                "gate": {
                    "sample": 4_000,
                    "failures_permille": 20,
                    "success_permille": 980,
                    "observation_s": 14 * DAY_S,
                    "sign_off": True,
                },
            },
            {
                "name": "mass",
                "per_hour": 2_000,
                "at_once": 20_000,
                "ramp": {"start_per_hour": 250, "factor_permille": 2_000, "every_activated": 2_500},
                "gate": {
                    "sample": 10_000,
                    "failures_permille": 20,
                    "success_permille": 980,
                    "observation_s": 14 * DAY_S,
                },
            },
        ),
    },
    "co-operative": {
        "notice_days": 30,
        "phases": (
            {
                "name": "phase 1",
                "source": "nominated",
                "co_operative": True,
                "per_hour": 50,
                "at_once": 100,
                "gate": {
                    "sample": 10,
                    "failures": 1,
                    "failures_permille": 100,
                    "success_permille": 900,
                    "observation_s": 7 * DAY_S,
                    "meeting": True,
                    "sign_off": True,
                },
            },
            {
                "name": "phase 2",
                "source": "nominated",
                "co_operative": True,
                "per_hour": 500,
                "at_once": 1_000,
                "gate": {
                    "sample": 500,
                    "failures_permille": 20,
                    "success_permille": 980,
                    "observation_s": 14 * DAY_S,
                    "meeting": True,
                    "sign_off": True,
                },
            },
            {
                "name": "phase 3",
                "per_hour": 2_000,
                "at_once": 20_000,
                "ramp": {"start_per_hour": 250, "factor_permille": 2_000, "every_activated": 2_500},
                "gate": {
                    "sample": 5_000,
                    "failures_permille": 20,
                    "success_permille": 980,
                    "observation_s": 14 * DAY_S,
                },
            },
        ),
    },
    "supplier": {
        "notice_days": 7,
        "phases": (
            {
                "name": "first homes",
                "homes": 20,
                "per_hour": 20,
                "at_once": 20,
                "gate": {
                    "sample": 10,
                    "failures": 1,
                    "failures_permille": 100,
                    "success_permille": 900,
                    "observation_s": 3 * DAY_S,
                    "sign_off": True,
                },
            },
            {
                "name": "one in many",
                "homes": 1_000,
                "per_hour": 100,
                "at_once": 500,
                "gate": {
                    "sample": 200,
                    "failures_permille": 20,
                    "success_permille": 980,
                    "observation_s": 7 * DAY_S,
                },
            },
            {
                "name": "all",
                "per_hour": 500,
                "at_once": 5_000,
                "gate": {"sample": 500, "failures_permille": 20, "success_permille": 980},
            },
        ),
    },
}


def with_template(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what a template says and the values do not.

    Phases are known by their names: a value given for one stands in the place of the template's.

    Raises:
        LocalError: the values are no table, there is no such template, or it has no such phase.
    """
    given = _table(values, "the policy")
    name = given.pop("template", None)
    if name is None:
        return given
    if not isinstance(name, str) or name not in TEMPLATES:
        known = ", ".join(sorted(TEMPLATES))
        raise LocalError(f"{one_line(ascii(name))} is no template: give one of {known}")
    template = dict(TEMPLATES[name])
    template["phases"] = _phases(name, template["phases"], given.pop("phases", ()))
    return {**template, **given}


def _phases(name: str, phases: Any, given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list | tuple):
        raise LocalError("phases of the policy is no list: write [[phases]] for each")
    tables = [_table(phase, "a phase of the policy") for phase in given]
    changes = {str(phase.get("name")): phase for phase in tables}
    filled = []
    for phase in phases:
        change = changes.pop(phase["name"], {})
        gate = {**phase["gate"], **_table(change.pop("gate", {}), "a gate of the policy")}
        filled.append({**phase, **change, "gate": gate})
    if changes:
        strange = next(iter(changes))
        known = ", ".join(phase["name"] for phase in phases)
        told = one_line(ascii(strange))
        raise LocalError(f"template {name} has no phase {told}: it has {known}")
    return filled


def _table(values: object, where: str) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise LocalError(f"{where} is no table: write keys and values")
    return dict(values)
