"""A rehearsal as it is written down: TOML in, what is to happen out; pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from emulators.estate.population import EstateSpec
from emulators.estate.reaction import ReactionModel
from ota_engine.errors import LocalError
from ota_engine.fleet.campaigns.policy import CampaignPolicy, read_policy
from ota_engine.fleet.releases.rows import ReleaseType
from ota_engine.times import Utc

PERMILLE: Final = 1000


@dataclass(frozen=True, slots=True)
class ScenarioRelease:
    """One release of a scenario; a later one is taken when the one before is given up."""

    release: str
    version: int
    cpl: str
    type: ReleaseType
    fails: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is rehearsed.

    Attributes:
        begin: the first moment.
        days: it ends after so many at the latest.
        estate: who is there.
        model: how homes react.
        releases: in the order in which they are tried.
        policy: of every campaign.
    """

    begin: Utc
    days: float
    estate: EstateSpec
    model: ReactionModel
    releases: tuple[ScenarioRelease, ...]
    policy: CampaignPolicy


def read_scenario(text: str, homes: int, seed: int) -> Scenario:
    """Read a scenario for so many homes.

    Raises:
        LocalError: it cannot be read, or makes no sense.
    """
    try:
        values = tomllib.loads(text)
        releases = tuple(_release(row) for row in values["releases"])
        begin = values["begin"]
        if not isinstance(begin, datetime) or begin.tzinfo is None:
            raise LocalError("begin is no moment with a zone: write 2027-01-04T09:00:00Z")
        return Scenario(
            begin=Utc(begin.astimezone(UTC).timestamp()),
            days=float(values.get("days", 400)),
            estate=_estate(values.get("estate", {}), homes, seed),
            model=_model(values.get("reaction", {}), releases),
            releases=releases,
            policy=read_policy(values["policy"]),
        )
    except KeyError as error:
        raise LocalError(f"the scenario has no {error}: add it") from error
    except (TypeError, ValueError) as error:
        raise LocalError(f"the scenario cannot be read: {error}") from error


def _release(row: Mapping[str, Any]) -> ScenarioRelease:
    return ScenarioRelease(
        release=str(row["id"]),
        version=int(str(row["version"]), 16),
        cpl=str(row["cpl"]),
        type=ReleaseType(row.get("type", "planned")),
        fails=int(row.get("fails_permille", 0)) / PERMILLE,
    )


def _estate(values: Mapping[str, Any], homes: int, seed: int) -> EstateSpec:
    plain = EstateSpec(homes, seed)
    sets = values.get("configurations", dict(plain.configurations))
    return EstateSpec(
        homes=homes,
        seed=seed,
        version=int(str(values.get("version", hex(plain.version))), 16),
        suppliers=int(values.get("suppliers", plain.suppliers)),
        regions=tuple(map(str, values.get("regions", plain.regions))),
        configurations=tuple((str(name), int(share)) for name, share in sets.items()),
    )


def _model(values: Mapping[str, Any], releases: tuple[ScenarioRelease, ...]) -> ReactionModel:
    plain = ReactionModel()
    return ReactionModel(
        reach_s=float(values.get("reach_s", plain.reach_s)),
        transfer_s=float(values.get("transfer_s", plain.transfer_s)),
        activate_s=float(values.get("activate_s", plain.activate_s)),
        failing={one.version: one.fails for one in releases},
        silent=int(values.get("silent_permille", 2)) / PERMILLE,
    )
