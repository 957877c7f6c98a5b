"""The policy of a campaign: what was agreed, read from plain values, written the one way.

Knows no campaign. The text of ``policy_text`` is what is signed, hashed and frozen at approval;
``policy_document`` (in ``document``) says the same for people.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, get_args, get_origin, get_type_hints

from images.errors import ImageError
from images.strict_json import read_json
from images.strict_toml import read_toml
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.fleet.calendar.windows import ANYTIME, DailyWindow, clock
from ota_engine.fleet.campaigns.plan.templates import with_template
from ota_engine.fleet.incidents.rows import MILDEST, WORST
from ota_engine.times import DAY_S
from ota_engine.wording import one_line

MIN_NOTICE_DAYS: Final = 7  # SEC Appendix AB, clause 5.2
PERMILLE: Final = 1_000
ANY_NUMBER: Final = 1_000_000  # of failures: none are too many but by their share
_BEYOND: Final = 1e12  # seconds, days and shares; thirty thousand years
_KEPT: Final = 64  # policies that were read and are kept


class PhaseSource(StrEnum):
    """Where the homes of a phase come from."""

    DRAWN = "drawn"  # by the keyed hash
    NOMINATED = "nominated"  # by suppliers, and accepted


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """When a phase has gone well. All shares are thousandths of those reached.

    Attributes:
        success_permille: activated among activated and failed, at least.
        failures: at most so many.
        failures_permille: and at most this share, once there is a sample.
        sample: activated and failed together, at least.
        observation_s: since the last of them.
        worst_category: an incident of this category or worse (smaller) that is open fails the gate.
        han_lost: homes whose devices are gone, at most.
        stale_s: every gateway of its homes must have spoken within it; 0 to ask for nothing.
        sign_off: a person must agree.
        meeting: an assessment meeting must have been held.
        heed_objections: a party that objects must be answered by a sign-off.
    """

    success_permille: int = 950
    failures: int = ANY_NUMBER
    failures_permille: int = 50
    sample: int = 1
    observation_s: float = 2 * DAY_S
    worst_category: int = 2
    han_lost: int = 0
    stale_s: float = 0.0
    sign_off: bool = False
    meeting: bool = False
    heed_objections: bool = True


@dataclass(frozen=True, slots=True)
class Ramp:
    """How the rate of a phase grows with what has gone well.

    Attributes:
        start_per_hour: homes an hour at first.
        factor_permille: the rate grows by this factor, in thousandths,
        every_activated: each time that so many more homes have activated.
    """

    start_per_hour: int
    factor_permille: int = 2 * PERMILLE
    every_activated: int = 100


@dataclass(frozen=True, slots=True)
class PhasePolicy:
    """One phase.

    Attributes:
        name: as people call it.
        homes: how many; None for all others, which only the last phase can have.
        per_hour: begin so many an hour at most.
        at_once: have no more than so many under way.
        gate: when it has gone well.
        source: where its homes come from.
        co_operative: an emergency may leave it out.
        ramp: how the rate grows up to ``per_hour``; None for that rate from the start.
    """

    name: str
    homes: int | None = None
    per_hour: int = 1_000
    at_once: int = 10_000
    gate: GatePolicy = GatePolicy()
    source: PhaseSource = PhaseSource.DRAWN
    co_operative: bool = False
    ramp: Ramp | None = None


@dataclass(frozen=True, slots=True)
class CampaignPolicy:
    """All that was agreed about a campaign.

    Attributes:
        key: of the hash that draws the homes, hexadecimal.
        phases: in order.
        regions: where; empty for everywhere.
        ring_fence: a proving set whose homes alone are meant; empty for all that are in none.
        supplier: whose homes alone are meant, for its own roll-out; empty for all.
        notice_days: between the notice and the first home.
        download_s: time a home has to take the image.
        activation_s: time a home has to say that it runs it, once it was to be activated.
        unreachable_s: a home that says nothing for so long is unreachable.
        attempts: a home has.
        retry_s: between two of them.
        per_region: places in each region; 0 for any number.
        per_gateway: places at each gateway; 0 for any number.
        download_window: hours in which homes begin.
        activation_window: hours in which hubs are told to activate.
        blackout: local days, as YYYY-MM-DD, on which neither happens.
    """

    key: str
    phases: tuple[PhasePolicy, ...]
    regions: tuple[str, ...] = ()
    ring_fence: str = ""
    supplier: str = ""
    notice_days: int = 30
    download_s: float = 3 * DAY_S
    activation_s: float = DAY_S
    unreachable_s: float = 14 * DAY_S
    attempts: int = 3
    retry_s: float = DAY_S
    per_region: int = 0
    per_gateway: int = 0
    download_window: DailyWindow = ANYTIME.window
    activation_window: DailyWindow = ANYTIME.window
    blackout: tuple[str, ...] = ()

    @property
    def least_notice_s(self) -> float:
        """Between the notice that reached a party and the first step in its homes."""
        return MIN_NOTICE_DAYS * DAY_S


def read_policy_toml(text: str) -> CampaignPolicy:
    """Read a policy from the text of a TOML file: its own, or a rehearsal's with a table ``policy``.

    Raises:
        LocalError: it is no TOML, or something in it is missing, unknown or senseless.
    """
    try:
        values = read_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"the policy is not TOML: {error}") from error
    return read_policy(values.get("policy", values))


@lru_cache(_KEPT)
def policy_of(text: str) -> CampaignPolicy:
    """Read a policy from the text that a campaign keeps, once for each text.

    Raises:
        LocalError: it is no policy.
    """
    try:
        return read_policy(read_json(text, "the policy"))
    except ImageError as error:
        raise LocalError(str(error)) from error


def read_policy(values: Mapping[str, Any]) -> CampaignPolicy:
    """Read a policy from plain values, those of a TOML file or of JSON.

    ``template`` names one of ``templates.TEMPLATES``, whose values stand where none are given.

    Raises:
        LocalError: something is missing, unknown or senseless.
    """
    policy: CampaignPolicy = _read(CampaignPolicy, with_template(values), "the policy")
    _refuse_senseless(policy)
    return policy


def _read(kind: type[Any], values: Any, where: str) -> Any:
    """Make a dataclass of plain values; every key must be known and of its type."""
    if not isinstance(values, Mapping):
        raise LocalError(f"{where} is no table: write keys and values")
    hints = get_type_hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        known = ", ".join(sorted(hints))
        raise LocalError(f"{where} has the unknown key {unknown[0][:40]!a}: there are {known}")
    for item in fields(kind):
        if item.default is MISSING and item.name not in values:
            raise LocalError(f"{where} has no {item.name!r}: add it")
    read = {
        name: _value(hints[name], value, f"{name} of {where}") for name, value in values.items()
    }
    return kind(**read)


def _value(hint: Any, value: Any, where: str) -> Any:
    if isinstance(hint, type) and is_dataclass(hint):
        return _read(hint, value, where)
    if get_origin(hint) is tuple:
        item, _ = get_args(hint)
        if not isinstance(value, list | tuple):
            raise LocalError(f"{where} is no list: write [...]")
        return tuple(
            _value(item, one, f"number {number} in {where}") for number, one in enumerate(value, 1)
        )
    if type(None) in get_args(hint):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
        return None if value is None else _value(hint, value, where)
    return _plain(hint, value, where)


def _finite(value: float, where: str) -> float:
    if abs(value) <= _BEYOND:  # neither infinite, nor a whole number that no float holds
        return float(value)
    raise LocalError(f"{where} is beyond all measure: give a number below {_BEYOND:g}")


def _plain(hint: Any, value: Any, where: str) -> Any:
    if hint is str and isinstance(value, date):
        return value.isoformat()  # TOML has days of its own
    if hint is float and type(value) in (int, float):
        return _finite(value, where)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        if value not in list(hint):
            raise LocalError(f"{where} is {one_line(ascii(value))}: give one of {', '.join(hint)}")
        return hint(value)
    if type(value) is not hint:
        raise LocalError(
            f"{where} is {one_line(ascii(value))}: give a value of type {hint.__name__}"
        )
    if hint is int:
        _finite(value, where)
    return value


def _refuse_senseless(policy: CampaignPolicy) -> None:
    if not policy.phases:
        raise LocalError("the policy has no phases: add one at least")
    if policy.notice_days < MIN_NOTICE_DAYS:
        raise LocalError(
            f"{policy.notice_days} days of notice are too few: {MIN_NOTICE_DAYS} at least"
        )
    _refuse_key(policy.key)
    _refuse_numbers(policy)
    for window in (policy.download_window, policy.activation_window):
        _refuse_window(window)
    for day in policy.blackout:
        _refuse_day(day)
    names = [phase.name for phase in policy.phases]
    for number, phase in enumerate(policy.phases, 1):
        if names.count(phase.name) > 1:
            raise LocalError(f"two phases are called {phase.name}: name each otherwise")
        _refuse_phase(phase, last=number == len(policy.phases))


def _refuse_key(key: str) -> None:
    try:
        long_enough = len(bytes.fromhex(key)) >= _KEY_OCTETS[0]
    except ValueError:
        long_enough = False
    if not long_enough or len(key) > 2 * _KEY_OCTETS[1]:
        least, most = _KEY_OCTETS
        raise LocalError(
            f"the key of the policy is not {least} to {most} octets in hexadecimal: draw others"
        )


_KEY_OCTETS: Final = (8, 64)

#: Least value of what must not be less.
_LEAST: Final[Mapping[str, float]] = {
    "download_s": 1,
    "activation_s": 1,
    "unreachable_s": 1,
    "attempts": 1,
    "retry_s": 0,
    "per_region": 0,
    "per_gateway": 0,
    "homes": 0,
    "per_hour": 1,
    "at_once": 1,
    "success_permille": 0,
    "failures": 0,
    "failures_permille": 0,
    "sample": 1,
    "observation_s": 0,
    "han_lost": 0,
    "stale_s": 0,
    "start_per_hour": 1,
    "factor_permille": PERMILLE,
    "every_activated": 1,
    "worst_category": WORST - 1,
}
_MOST: Final[Mapping[str, float]] = {
    "success_permille": PERMILLE,
    "failures_permille": PERMILLE,
    "worst_category": MILDEST,
}


def _refuse_numbers(policy: CampaignPolicy) -> None:
    parts: list[Any] = [policy, *policy.phases]
    parts += [phase.gate for phase in policy.phases]
    parts += [phase.ramp for phase in policy.phases if phase.ramp is not None]
    for part in parts:
        for item in fields(part):
            value = getattr(part, item.name)
            least, most = _LEAST.get(item.name), _MOST.get(item.name, float("inf"))
            if least is not None and value is not None and not least <= value <= most:
                bound = f"{least:g} at least" if value < least else f"{most:g} at most"
                raise LocalError(f"{item.name} of the policy is {value:g}: give {bound}")


def _refuse_window(window: DailyWindow) -> None:
    for text in (window.begins, window.ends):
        try:
            clock(text)
        except ValueError as error:
            raise LocalError(f"{text[:40]!a} is no time of the day: write HH:MM") from error


def _refuse_day(day: str) -> None:
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise LocalError(f"{day[:40]!a} is no day: write YYYY-MM-DD") from error


def _refuse_phase(phase: PhasePolicy, *, last: bool) -> None:
    if phase.source is PhaseSource.NOMINATED:
        if last:
            raise LocalError(
                f"phase {phase.name} is the last, and takes nominated homes alone: add one of all homes"
            )
    elif phase.homes is None and not last:
        raise LocalError(f"phase {phase.name} takes all homes, and another follows: give homes")
    if phase.homes is not None and phase.gate.sample > phase.homes:
        raise LocalError(
            f"phase {phase.name} has {phase.homes:,} homes and asks for a sample of"
            f" {phase.gate.sample:,}: it could never pass: ask for fewer"
        )


def policy_values(policy: CampaignPolicy) -> dict[str, Any]:
    """Write a policy as plain values."""
    return asdict(policy)


def policy_text(policy: CampaignPolicy) -> str:
    """Write a policy the one way; what its hash is of."""
    return canonical_json(policy_values(policy))
