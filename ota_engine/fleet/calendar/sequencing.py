"""In which order the firmwares of one home are upgraded, and which go together; both are data.

The DCC does not put requests in order (Communications Hub firmware management, chapter 4): this does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.fleet.calendar.rows import Compatibility, SequenceRule
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    no_revision,
)
from ota_engine.fleet.kernel.rows import Ask, Select
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.releases.acts import MOST_VERSION
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class SetSequence:
    """One firmware after another, in every home; see ``SequenceRule``."""

    rule: str
    earlier: str
    later: str
    source: str
    earlier_version: int = 0
    later_version: int = 0


@dataclass(frozen=True, slots=True)
class DropSequence:
    """That order no longer holds."""

    rule: str


@dataclass(frozen=True, slots=True)
class SetCompatibility:
    """Whether two firmwares go together in one home; see ``Compatibility``."""

    cell: str
    variant: str
    other: str
    fits: bool
    source: str
    least: int = 0
    most: int = MOST_VERSION
    other_least: int = 0
    other_most: int = MOST_VERSION


@dataclass(frozen=True, slots=True)
class DropCompatibility:
    """That cell of the matrix no longer holds."""

    cell: str


class OtherUpgrade(NamedTuple):
    """Another campaign's upgrade of a device in the same home, which is not over.

    Attributes:
        device: which.
        kind: of the device.
        variant: of the device.
        under_way: it was begun.
    """

    device: Eui64
    kind: str
    variant: str
    under_way: bool


RULES: Final[tuple[Select, Select]] = (Select(SequenceRule), Select(Compatibility))


def devices_of(home: str) -> Ask:
    """Name the devices of a home, which are wanted once there is any rule."""
    return Select(InstalledDevice, (("home", home),))


def has_rules(work: Work) -> bool:
    """Whether there is anything to look devices up for.

    Raises:
        RowsWanted: ``RULES`` are not loaded.
    """
    sequences, matrix = RULES
    return bool(work.selected(sequences) or work.selected(matrix))


def out_of_order(
    release: FirmwareRelease, device: Eui64, home: str, others: Iterable[OtherUpgrade], work: Work
) -> str:
    """Say what an upgrade must wait for within its home; empty for nothing.

    Raises:
        RowsWanted: rows are not loaded.
    """
    if not has_rules(work):
        return ""
    devices = work.select(InstalledDevice, home=home)
    kind = next((one.kind for one in devices if one.device == device), "")
    beside = [one for one in devices if one.device != device]
    for rule in work.select(SequenceRule):
        if rule.later in (kind, release.variant) and release.version >= rule.later_version:
            waits = _before(rule, beside, others)
            if waits:
                return waits
    return next(
        (
            f"{one.variant} at {_text(one.version)} does not go with {release.release}"
            for one in beside
            if not _fits(release, one, work)
        ),
        "",
    )


def _before(
    rule: SequenceRule, beside: Iterable[InstalledDevice], others: Iterable[OtherUpgrade]
) -> str:
    if any(rule.earlier in (other.kind, other.variant) for other in others):
        return f"the upgrade of the {rule.earlier} comes first"
    first = [one for one in beside if rule.earlier in (one.kind, one.variant)]
    if any((one.version or 0) < rule.earlier_version for one in first):
        return f"{rule.earlier} must run {rule.earlier_version:08X} first"
    return ""


def _fits(release: FirmwareRelease, beside: InstalledDevice, work: Work) -> bool:
    """Whether the matrix has nothing against a release beside a device.

    A version that nobody knows may be any.
    """
    for cell in work.select(Compatibility):
        for mine, least, most, other, other_least, other_most in (
            (cell.variant, cell.least, cell.most, cell.other, cell.other_least, cell.other_most),
            (cell.other, cell.other_least, cell.other_most, cell.variant, cell.least, cell.most),
        ):
            if (
                not cell.fits
                and (mine, other) == (release.variant, beside.variant)
                and least <= release.version <= most
                and (beside.version is None or other_least <= beside.version <= other_most)
            ):
                return False
    return True


def _text(version: int | None) -> str:
    return "a version unknown" if version is None else f"{version:08X}"


def _set_sequence(act: SetSequence, actor: Actor, work: Work, utc: Utc) -> str:
    if not act.earlier or not act.later:
        raise DecisionRefused(RefusalCode.CONTENT, f"rule {act.rule} names one firmware: name two")
    others = [rule for rule in work.select(SequenceRule) if rule.rule != act.rule]
    if act.earlier in _followers(act.later, others):
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"rule {act.rule} closes a circle: {act.earlier} waits for {act.later} already:"
            " drop one of the rules",
        )
    work.put(
        SequenceRule(
            act.rule,
            act.earlier,
            act.earlier_version,
            act.later,
            act.later_version,
            act.source,
            actor.person,
        )
    )
    return f"rule {act.rule}: {act.earlier} before {act.later}"


def _followers(first: str, rules: Iterable[SequenceRule]) -> set[str]:
    """All that waits for something, and what waits for that, with itself."""
    rules = tuple(rules)
    found, new = {first}, {first}
    while new:
        new = {rule.later for rule in rules if rule.earlier in new} - found
        found |= new
    return found


def _drop_sequence(act: DropSequence, actor: Actor, work: Work, utc: Utc) -> str:
    row = work.get(SequenceRule, act.rule)
    if row is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.rule}: there is no such rule: look at its id"
        )
    work.drop(row)
    return f"rule {act.rule} is dropped"


def _set_compatibility(act: SetCompatibility, actor: Actor, work: Work, utc: Utc) -> str:
    if act.least > act.most or act.other_least > act.other_most:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"cell {act.cell} has no version in it: mend its bounds"
        )
    work.put(
        Compatibility(
            act.cell,
            act.variant,
            act.least,
            act.most,
            act.other,
            act.other_least,
            act.other_most,
            act.fits,
            act.source,
            actor.person,
        )
    )
    word = "goes" if act.fits else "does not go"
    return f"cell {act.cell}: {act.variant} {word} with {act.other}"


def _drop_compatibility(act: DropCompatibility, actor: Actor, work: Work, utc: Utc) -> str:
    row = work.get(Compatibility, act.cell)
    if row is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.cell}: there is no such cell: look at its id"
        )
    work.drop(row)
    return f"cell {act.cell} is dropped"


def _rule_subject(act: SetSequence | DropSequence) -> str:
    return f"sequence:{act.rule}"


def _cell_subject(act: SetCompatibility | DropCompatibility) -> str:
    return f"compatibility:{act.cell}"


_RULERS: Final = frozenset(
    {PartyRole.OPERATOR, PartyRole.APPROVER, PartyRole.MANUFACTURER, PartyRole.ADMINISTRATOR}
)

ACTS: Final = {
    SetSequence: ActRow(_RULERS, _rule_subject, no_revision, _set_sequence),
    DropSequence: ActRow(_RULERS, _rule_subject, no_revision, _drop_sequence),
    SetCompatibility: ActRow(_RULERS, _cell_subject, no_revision, _set_compatibility),
    DropCompatibility: ActRow(_RULERS, _cell_subject, no_revision, _drop_compatibility),
}
