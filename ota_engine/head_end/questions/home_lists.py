"""What can be asked of many homes: lists of them, and the regions that they are in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ota_engine.errors import LocalError
from ota_engine.fleet.inventory.rows import Home, Variant
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.fleet.releases.versions import VersionBand, version_report
from ota_engine.head_end.questions.asking import NotThereError, QuestionRow, Questions, View
from ota_engine.head_end.questions.counting import counted
from ota_engine.head_end.questions.estate import AskEstate, estate_report
from ota_engine.head_end.questions.paging import bounded, cut
from ota_engine.head_end.questions.scope import HOMES, home_party, refuse_other_party
from ota_engine.store.fleet.sets import (
    DevicesWanted,
    HomesWanted,
    count_homes,
    count_own_homes,
    homes_sought,
    page_of_homes,
    versions_about,
)

_BITS: Final = 32  # of a version


@dataclass(frozen=True, slots=True)
class AskHomes:
    """Which homes there are, in the order of their ids.

    Attributes:
        region: of the communications service provider; empty for all.
        gateway: that reaches them; empty for all.
        supplier: that answers for them; empty for all.
        configuration: id of the configuration set; empty for all.
        status: text of ``HomeStatus``; empty for all.
        ring_fence: id of a proving set; empty for all.
        variant: id of a product of which a commissioned device is there; empty for all.
        version: that this device runs: text of ``VersionBand``, or up to eight hexadecimal digits; empty
            for any.
        most: give no more than so many.
        after: ``more`` of the page before.
    """

    region: str = ""
    gateway: str = ""
    supplier: str = ""
    configuration: str = ""
    status: str = ""
    ring_fence: str = ""
    variant: str = ""
    version: str = ""
    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class HomeList:
    """Homes, on this page and in all; very many are not counted for every answer."""

    items: tuple[Home, ...]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class AskRegions:
    """Which regions homes are in."""


@dataclass(frozen=True, slots=True)
class RegionList:
    """Homes by region, in the order of their names; very many are not counted for every answer."""

    homes: Mapping[str, int]


def _homes(asked: AskHomes, view: View) -> HomeList:
    most = bounded(asked.most)
    named = ("region", "gateway", "configuration", "status", "ring_fence")
    where = tuple((name, getattr(asked, name)) for name in named if getattr(asked, name))
    with view.desk.store.reading():
        party = refuse_other_party(view, asked.supplier)
        wanted = HomesWanted(where, party, asked.after, most + 1, _device(asked, view))
        driver = view.desk.store.driver
        sought = homes_sought(driver, wanted)
        found = page_of_homes(driver, sought, wanted)
        name = ("homes", *sought.parts, *map(str, sought.given.values()))
        total, _ = counted(view, name, lambda: count_homes(driver, sought))
    items, goes_on = cut(found, most)
    return HomeList(items, total, items[-1].home if goes_on else "")


def _device(asked: AskHomes, view: View) -> DevicesWanted | None:
    """Say which device homes must have.

    Raises:
        LocalError: a version of no product, or one that is none.
        NotThereError: there is no such product.
    """
    if not asked.variant:
        if asked.version:
            raise LocalError("version: give the variant whose version it is")
        return None
    found = view.desk.store.select(Select(Variant, (("variant", asked.variant),)))
    if not found:
        raise NotThereError(
            f"{asked.variant!a}: there is no such variant: zota estate show has all"
        )
    if asked.version in tuple(VersionBand):
        band = VersionBand(asked.version)
        return DevicesWanted(asked.variant, _versions(found[0], band, view))
    if asked.version:
        return DevicesWanted(asked.variant, (_number(asked.version),))
    about = versions_about(view.desk.store.driver, asked.variant)
    return DevicesWanted(asked.variant, (*about, None))


def _versions(variant: Variant, band: VersionBand, view: View) -> tuple[int | None, ...]:
    """Name the versions that are so old, as the viewer's estate has them."""
    store, name = view.desk.store, variant.variant
    if home_party(view):
        own = estate_report(AskEstate(), view).variants
        return next((one.versions(band) for one in own if one.variant.variant == name), ())
    about: dict[int | None, int] = dict.fromkeys(versions_about(store.driver, name), 1)
    releases = store.select(Select(FirmwareRelease, (("variant", name),)))
    return version_report(variant, about, releases).versions(band)


def _number(text: str) -> int:
    try:
        number = int(text, 16)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << _BITS:
        bands = ", ".join(VersionBand)
        raise LocalError(f"version: {text[:40]!a} is none: give {bands}, or hexadecimal digits")
    return number


def _regions(asked: AskRegions, view: View) -> RegionList:
    store, party = view.desk.store, home_party(view)

    def count() -> dict[str, int]:
        if party:
            return count_own_homes(store.driver, party, "region")
        return {
            str(name): homes for (name,), homes in store.count(Counts(Home, ("region",))).items()
        }

    with store.reading():
        found, _ = counted(view, ("regions", party), count)
    return RegionList(dict(sorted(found.items())))


QUESTIONS: Final[Questions] = {
    AskHomes: QuestionRow("homes", _homes, HomeList, HOMES),
    AskRegions: QuestionRow("regions", _regions, RegionList, HOMES),
}
