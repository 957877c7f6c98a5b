"""A rehearsal as it is written down: TOML in, what is to happen out; pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final, get_type_hints

from emulators.estate.population import EstateSpec
from emulators.estate.reaction import Badness, ReactionModel
from emulators.simulation.measured import MeanSpan, MeasuredModel
from images.strict_toml import read_toml
from ota_engine.errors import LocalError
from ota_engine.fleet.campaigns.plan.policy import CampaignPolicy, read_policy
from ota_engine.fleet.releases.rows import ReleaseType
from ota_engine.times import DAY_S, Utc
from ota_engine.wording import one_line

PERMILLE: Final = 1000
HUB_KIND: Final = "communications hub"  # as soaks call it


@dataclass(frozen=True, slots=True)
class ScenarioRelease:
    """One release of a scenario; a later one is taken when the one before is given up.

    Attributes:
        release: id.
        version: of the firmware.
        cpl: id of its entry.
        type: of the release.
        bad: what is wrong with it.
    """

    release: str
    version: int
    cpl: str
    type: ReleaseType
    bad: Badness


@dataclass(frozen=True, slots=True)
class Life:
    """What goes on in homes meanwhile: thousandths of all homes, a month, unless it says otherwise.

    Attributes:
        supplier_changes_permille: homes that change supplier, told five days ahead.
        tenancies_permille: homes that other people move into.
        tariffs_permille: homes whose supplier books a change of tariff, for two days.
        uploads_permille: homes whose supplier books an upload of old data, for six hours.
        hubs_replaced_permille: homes that get another hub, which runs what hubs run at first.
        homes_gone_permille: homes that are no longer there.
        late_days: days over which the homes being installed are completed.
    """

    supplier_changes_permille: float = 0.0
    tenancies_permille: float = 0.0
    tariffs_permille: float = 0.0
    uploads_permille: float = 0.0
    hubs_replaced_permille: float = 0.0
    homes_gone_permille: float = 0.0
    late_days: float = 120.0


@dataclass(frozen=True, slots=True)
class SupplierHabits:
    """What suppliers do of themselves.

    Attributes:
        slots_permille: share of their homes for which they choose the time of activation.
        choose_days: days they are given for that.
        chosen_days: the times lie within so many days from the first possible one.
    """

    slots_permille: int = 0
    choose_days: float = 14.0
    chosen_days: float = 10.0


@dataclass(frozen=True, slots=True)
class Silence:
    """A party that no notice reaches for some days from the beginning; then the operator tries again."""

    party: str
    days: float


@dataclass(frozen=True, slots=True)
class PlannedIncident:
    """An incident that a supplier raises once a phase has begun some of its homes.

    Attributes:
        phase: name.
        category: 1 is the worst.
        begun_permille: share of the homes of the phase that are begun by then.
        days: until it is resolved, and the campaign goes on.
    """

    phase: str
    category: int = 2
    begun_permille: int = 300
    days: float = 5.0


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
        life: what goes on meanwhile.
        habits: of suppliers.
        silences: parties that notices do not reach.
        incidents: that are raised.
        patience_days: for how long a held campaign is looked into before it is given up.
    """

    begin: Utc
    days: float
    estate: EstateSpec
    model: ReactionModel
    releases: tuple[ScenarioRelease, ...]
    policy: CampaignPolicy
    life: Life = Life()
    habits: SupplierHabits = SupplierHabits()
    silences: tuple[Silence, ...] = ()
    incidents: tuple[PlannedIncident, ...] = ()
    patience_days: float = 3.0

    def ends_of(self, silence: Silence) -> Utc:
        """When notices reach a party again."""
        return Utc(self.begin + silence.days * DAY_S)


def read_scenario(text: str, homes: int, seed: int) -> Scenario:
    """Read a scenario for so many homes.

    Raises:
        LocalError: it cannot be read, or makes no sense.
    """
    try:
        values = read_toml(text)
        _refuse_unknown(values, _TABLES, "the scenario")
        releases = tuple(_release(row) for row in values["releases"])
        begin = values["begin"]
        if not isinstance(begin, datetime) or begin.tzinfo is None:
            raise LocalError("begin is no moment with a zone: write 2027-01-04T09:00:00Z")
        return Scenario(
            begin=Utc(begin.astimezone(UTC).timestamp()),
            days=_days(values.get("days", 400), "days"),
            estate=_estate(values.get("estate", {}), homes, seed),
            model=_model(values.get("reaction", {}), releases),
            releases=releases,
            policy=read_policy(values["policy"]),
            life=_record(Life, values.get("life", {}), "[life]"),
            habits=_record(SupplierHabits, values.get("suppliers", {}), "[suppliers]"),
            silences=_records(Silence, values.get("silences", ()), "[[silences]]"),
            incidents=_records(PlannedIncident, values.get("incidents", ()), "[[incidents]]"),
            patience_days=_days(values.get("patience_days", 3), "patience_days"),
        )
    except KeyError as error:
        raise LocalError(f"the scenario has no {error}: add it") from error
    except tomllib.TOMLDecodeError as error:
        raise LocalError(
            f"no TOML: {one_line(str(error))}: correct it there, or take a whole file"
        ) from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise LocalError(f"the scenario cannot be read: {one_line(str(error))}") from error


_BEYOND: Final = 1e12  # seconds or anything else: more than any rehearsal lasts or counts
_TABLES: Final = frozenset(
    {
        *("begin", "days", "patience_days", "estate", "reaction", "releases", "policy"),
        *("life", "suppliers", "silences", "incidents"),
    }
)


def _refuse_unknown(values: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for name in values:
        if name not in known:
            told = one_line(ascii(name))
            raise LocalError(f"{where} has {told}, which means nothing: mend or remove it")


def _days(value: Any, name: str) -> float:
    days = float(value)
    if not 0 <= days < _BEYOND:
        raise LocalError(f"{name} is {days:g}: give 0 or more, below {_BEYOND:g}")
    return days


def _record(kind: type[Any], values: Mapping[str, Any], where: str) -> Any:
    """Read a record of numbers and texts; what is not given is as it is otherwise."""
    known = {item.name: item for item in fields(kind)}
    _refuse_unknown(values, frozenset(known), where)
    for name, item in known.items():
        if item.default is MISSING and name not in values:
            raise LocalError(f"{where} has no {name!r}: add it")
    kinds = get_type_hints(kind)
    read = {name: kinds[name](value) for name, value in values.items()}
    for name, value in read.items():
        if not isinstance(value, str) and not 0 <= value < _BEYOND:
            raise LocalError(f"{name} of {where} is {value:.6g}: give 0 or more, below {_BEYOND:g}")
    return kind(**read)


def _records(kind: type[Any], rows: Any, where: str) -> tuple[Any, ...]:
    return tuple(_record(kind, row, where) for row in rows)


def _release(row: Mapping[str, Any]) -> ScenarioRelease:
    known = {"id", "version", "cpl", "type", "fails_permille", "loses_han_permille"}
    _refuse_unknown(row, frozenset(known), "[[releases]]")
    return ScenarioRelease(
        release=str(row["id"]),
        version=int(str(row["version"]), 16),
        cpl=str(row["cpl"]),
        type=ReleaseType(row.get("type", "planned")),
        bad=Badness(
            int(row.get("fails_permille", 0)) / PERMILLE,
            int(row.get("loses_han_permille", 0)) / PERMILLE,
        ),
    )


_ESTATE: Final = frozenset(
    {"version", "suppliers", "regions", "configurations", "late_permille", "variant"}
)


def _estate(values: Mapping[str, Any], homes: int, seed: int) -> EstateSpec:
    plain = EstateSpec(homes, seed)
    _refuse_unknown(values, _ESTATE, "[estate]")
    sets = values.get("configurations", dict(plain.configurations))
    return EstateSpec(
        homes=homes,
        seed=seed,
        version=int(str(values.get("version", hex(plain.version))), 16),
        suppliers=int(values.get("suppliers", plain.suppliers)),
        regions=tuple(map(str, values.get("regions", plain.regions))),
        configurations=tuple((str(name), int(share)) for name, share in sets.items()),
        late_permille=int(values.get("late_permille", plain.late_permille)),
        variant=str(values.get("variant", plain.variant)),
    )


@dataclass(frozen=True, slots=True)
class _Reaction:
    """The table [reaction]."""

    reach_s: float = 1_800.0
    transfer_s: float = 14_400.0
    activate_s: float = 900.0
    silent_permille: int = 2
    offline_permille: int = 0
    offline_s: float = 172_800.0


def _model(values: Mapping[str, Any], releases: tuple[ScenarioRelease, ...]) -> ReactionModel:
    told: _Reaction = _record(_Reaction, values, "[reaction]")
    return ReactionModel(
        reach=MeanSpan(told.reach_s),
        transfer=MeanSpan(told.transfer_s),
        activate=MeanSpan(told.activate_s),
        bad={one.version: one.bad for one in releases},
        silent=told.silent_permille / PERMILLE,
        offline=told.offline_permille / PERMILLE,
        offline_s=told.offline_s,
    )


def with_measured(scenario: Scenario, measured: MeasuredModel) -> Scenario:
    """Let hubs react as a soak has measured.

    Raises:
        LocalError: it has measured no hubs.
    """
    kind = measured.kinds.get(HUB_KIND)
    if kind is None or not (kind.reach and kind.transfer and kind.activate):
        raise LocalError(f"the model has no {HUB_KIND} that was updated: soak more devices, longer")
    model = replace(
        scenario.model,
        reach=kind.reach,
        transfer=kind.transfer,
        activate=kind.activate,
        fails=kind.fails,
        silent=kind.unheard,
    )
    return replace(scenario, model=model)
