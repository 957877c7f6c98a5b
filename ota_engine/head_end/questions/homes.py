"""What can be asked of one home or device: all that is known of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from images.eui64 import Eui64, format_eui64
from ota_engine.fleet.calendar.rows import (
    CalendarEntry,
    Deferral,
    HomeDiary,
    Slot,
    UpgradeWindow,
)
from ota_engine.fleet.campaigns.rows import Campaign, DeviceToReplace, Member
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, Variant
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.port import Instruction
from ota_engine.head_end.questions.asking import NotThereError, QuestionRow, Questions, View
from ota_engine.head_end.questions.home_history import HomeEvent, home_history
from ota_engine.head_end.questions.scope import HOMES, home_of, sees_home
from ota_engine.store.fleet.sets import rows_of


@dataclass(frozen=True, slots=True)
class AskHome:
    """All that is known of one home."""

    home: str


@dataclass(frozen=True, slots=True)
class InstructionShown:
    """What a gateway was told about a home; the octets are left out."""

    key: str
    gateway: str
    campaign: str
    verb: str
    device: Eui64
    version: int
    at_utc: float | None
    until_utc: float | None
    state: str


@dataclass(frozen=True, slots=True)
class HomeReport:
    """What is known of one home.

    Attributes:
        home: its row.
        devices: in it.
        calendar: what else goes on there; the words of other parties are left out.
        windows: in which campaigns that it is in may do what.
        slots: times that were chosen there.
        deferrals: campaigns that put it off because of its calendar.
        memberships: where it stands in campaigns.
        instructions: that its gateways were given.
        replacements: devices that somebody has to go to.
        history: what happened to it, the oldest first.
    """

    home: Home
    devices: tuple[InstalledDevice, ...]
    calendar: tuple[CalendarEntry, ...]
    windows: tuple[UpgradeWindow, ...]
    slots: tuple[Slot, ...]
    deferrals: tuple[Deferral, ...]
    memberships: tuple[Member, ...]
    instructions: tuple[InstructionShown, ...]
    replacements: tuple[DeviceToReplace, ...]
    history: tuple[HomeEvent, ...]


@dataclass(frozen=True, slots=True)
class AskDevice:
    """What is known of one device, by its EUI-64, or that of its Gas Proxy Function."""

    device: Eui64


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What is known of one device.

    Attributes:
        device: its row.
        variant: what it is; None where nobody entered that.
        home: where it is.
        replacement: why somebody has to go to it; None where nobody has.
    """

    device: InstalledDevice
    variant: Variant | None
    home: Home
    replacement: DeviceToReplace | None


def _home(asked: AskHome, view: View) -> HomeReport:
    store = view.desk.store
    with store.reading():
        home = home_of(view, asked.home)
        here = ("home", home.home)
        devices = store.select(Select(InstalledDevice, (here,)))
        campaigns = store.select(Select(Campaign))
        memberships = list(_of_campaigns(Member, campaigns, home, view))
        return HomeReport(
            home,
            tuple(devices),
            tuple(_calendar(home, view)),
            tuple(
                window
                for member in memberships
                for window in store.select(Select(UpgradeWindow, (("campaign", member.campaign),)))
            ),
            tuple(_of_campaigns(Slot, campaigns, home, view)),
            tuple(_of_campaigns(Deferral, campaigns, home, view)),
            tuple(memberships),
            tuple(_instructions(memberships, view)),
            tuple(one for device in devices for one in _replacement(device.device, view)),
            home_history(view, home, memberships),
        )


def _of_campaigns(
    kind: type[Any], campaigns: Iterable[Campaign], home: Home, view: View
) -> Iterator[Any]:
    """Read what campaigns have about a home; each is one look, whatever their size."""
    for campaign in campaigns:
        where = ("campaign", campaign.campaign), ("home", home.home)
        yield from view.desk.store.select(Select(kind, where))


def _calendar(home: Home, view: View) -> Iterator[CalendarEntry]:
    viewer = view.viewer
    for diary in view.desk.store.select(Select(HomeDiary, (("home", home.home),))):
        for entry in diary.calendar:
            known = viewer.sees_every_home or entry.party == viewer.party
            yield entry if known else entry._replace(entry="", party="", reason="")


def _instructions(memberships: list[Member], view: View) -> Iterator[InstructionShown]:
    for member in memberships:
        begin = f"{member.campaign}/{member.home}/"
        given = {"begin": begin, "end": f"{begin}:"}  # what follows is a digit, which is below it
        found = rows_of(
            view.desk.store.driver,
            Instruction,
            "WHERE r.key > :begin AND r.key < :end ORDER BY r.number",
            given,
        )
        yield from map(_instruction, found)


def _instruction(row: Instruction) -> InstructionShown:
    return InstructionShown(
        row.key,
        row.gateway,
        row.campaign,
        str(row.verb),
        row.device,
        row.version,
        row.at_utc,
        row.until_utc,
        str(row.state),
    )


def _replacement(device: Eui64, view: View) -> list[DeviceToReplace]:
    return view.desk.store.select(Select(DeviceToReplace, (("device", device),)))


def _device(asked: AskDevice, view: View) -> DeviceReport:
    store = view.desk.store
    with store.reading():
        found = [
            *store.select(Select(InstalledDevice, (("device", asked.device),))),
            *store.select(Select(InstalledDevice, (("gpf", asked.device),))),
        ]
        for device in found:
            homes = store.select(Select(Home, (("home", device.home),)))
            if homes and sees_home(view, homes[0]):
                variants = store.select(Select(Variant, (("variant", device.variant),)))
                replacements = _replacement(device.device, view)
                return DeviceReport(
                    device,
                    variants[0] if variants else None,
                    homes[0],
                    replacements[0] if replacements else None,
                )
    raise NotThereError(f"{format_eui64(asked.device)}: there is no such device in a home")


QUESTIONS: Final[Questions] = {
    AskHome: QuestionRow("homes/{home}", _home, HomeReport, HOMES),
    AskDevice: QuestionRow("devices/{device}", _device, DeviceReport, HOMES),
}
