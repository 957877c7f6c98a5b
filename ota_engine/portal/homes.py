"""Pages of the estate: what runs where, homes, and all that is known of one home."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from images.page import BUSY, SOFT, WARN
from ota_engine.fleet.inventory.configurations import version_text
from ota_engine.fleet.inventory.rows import HomeStatus
from ota_engine.fleet.kernel.decisions import SUPPLIERS, PartyRole
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.releases.versions import VariantVersions, VersionBand
from ota_engine.head_end.questions.estate import AskEstate, AskParties, EstateReport
from ota_engine.head_end.questions.home_lists import AskHomes, AskRegions, HomeList
from ota_engine.head_end.questions.homes import AskHome, HomeReport
from ota_engine.head_end.questions.scope import HOMES
from ota_engine.portal.frame import zone_of
from ota_engine.portal.pages import PlaceInMenu, PortalPage, Visit, link
from ota_engine.portal.weeks import CalendarMark, weeks_of
from ota_engine.wording import counted

_SETS: Final = 12  # configuration sets that are listed at once
_OLD_S: Final = 60.0  # of numbers, from when on a page says of when they are


def _estate(visit: Visit) -> Mapping[str, Any]:
    report: EstateReport = visit.ask(AskEstate())
    fuel = visit.query.get("fuel", "")
    kind = visit.query.get("kind", "")
    variants = [one for one in report.variants if _is_wanted(one, kind, fuel)]
    total = sum(homes for _, _, homes in report.sets)
    all_sets = visit.query.get("sets") == "all"
    sets = report.sets if all_sets else report.sets[:_SETS]
    sees_homes = visit.has(*HOMES)
    return {
        "title": "Estate",
        "variants": [_variant(one, sees_homes) for one in sorted(variants, key=_ordered_first)],
        "filters": [
            ("kind", "Kind", sorted({one.variant.kind for one in report.variants}), kind),
            ("fuel", "Fuel", list(Fuel), fuel),
        ],
        "homes": [
            (status, count, link("/homes", status=status) if sees_homes else "")
            for status, count in sorted(report.homes.items(), key=lambda one: -one[1])
        ],
        "sets": [
            {
                "contents": [part for part in contents.split(";") if part],
                "name": name,
                "homes": homes,
                "share": 100.0 * homes / total if total else 0.0,
                "url": link("/homes", configuration=name) if sees_homes else "",
            }
            for name, contents, homes in sets
        ],
        "more_sets": len(report.sets) - len(sets),
        "all_sets": visit.here(sets="all"),
        "counted_utc": report.counted_utc if visit.utc - report.counted_utc > _OLD_S else None,
        "said": counted(sum(report.homes.values()), "home"),
    }


#: Kinds of device by the fuel that they are of; all others are of both.
_FUELS: Final[Mapping[str, str]] = {"ESME": Fuel.ELECTRICITY, "GSME": Fuel.GAS}


def _is_wanted(one: VariantVersions, kind: str, fuel: str) -> bool:
    return kind in ("", one.variant.kind) and fuel in ("", _FUELS.get(one.variant.kind, fuel))


def _ordered_first(one: VariantVersions) -> tuple[bool, str, int]:
    return not one.ordered, one.variant.kind, -one.devices


def _variant(one: VariantVersions, sees_homes: bool) -> dict[str, Any]:
    bands = (
        ("ahead of N", VersionBand.AHEAD, one.ahead, "c6"),
        ("N", VersionBand.NEWEST, one.at_newest, "good"),
        ("N-1", VersionBand.PREVIOUS, one.at_previous, "busy"),
        ("older", VersionBand.OLDER, one.older, "warn"),
        ("unknown", VersionBand.UNKNOWN, one.unknown, "soft"),
    )

    def to(version: str) -> str:
        return link("/homes", variant=one.variant.variant, version=version) if sees_homes else ""

    return {
        "row": one,
        "parts": [
            {"name": name, "count": count, "kind": kind, "url": to(band)}
            for name, band, count, kind in bands
        ],
        "versions": [(version, count, to(version_text(version))) for version, count in one.counts],
        "url": to(""),
    }


_NARROWING: Final = (
    "region",
    "gateway",
    "supplier",
    "configuration",
    "status",
    "ring_fence",
    "variant",
    "version",
)
#: What a version is called where homes are narrowed by it.
_BANDS: Final[Mapping[str, str]] = {
    VersionBand.AHEAD: "ahead of N",
    VersionBand.NEWEST: "N",
    VersionBand.PREVIOUS: "N-1",
}


def _homes(visit: Visit) -> Mapping[str, Any]:
    asked = {name: visit.query.get(name, "") for name in _NARROWING}
    wanted: dict[str, Any] = {**asked, "after": visit.query.get("after", "")}
    found: HomeList = visit.ask(AskHomes(**wanted))
    regions = list(visit.ask(AskRegions()).homes)
    filters: list[tuple[str, str, Sequence[Any], str]] = [
        ("status", "Installation", list(HomeStatus), asked["status"]),
        ("region", "Region", regions, asked["region"]),
    ]
    if visit.view.viewer.sees_every_home:
        suppliers = [
            one.party
            for one in visit.ask(AskParties()).items
            if not SUPPLIERS.isdisjoint(map(PartyRole, one.roles))
        ]
        filters.append(("supplier", "Supplier", suppliers, asked["supplier"]))
    kept = {name: asked[name] for name in ("gateway", "configuration", "ring_fence")}
    kept |= {name: asked[name] for name in ("variant", "version")}
    return {
        "title": "Homes",
        "found": found,
        "filters": filters,
        "kept": {name: value for name, value in kept.items() if value},
        "narrowed": list(_narrowed(visit, kept)),
        "by": visit.here,
        "next": visit.here(after=found.more) if found.more else "",
        "first": visit.here(after=None) if visit.query.get("after") else "",
        "said": counted(found.total, "home"),
    }


def _narrowed(visit: Visit, kept: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Name what narrows the list and is no select, each with the way to the list without it."""
    for name, word in (
        ("gateway", "gateway"),
        ("configuration", "configuration set"),
        ("ring_fence", "proving set"),
    ):
        if kept[name]:
            yield word, kept[name], visit.here(**{name: None, "after": None})
    if kept["variant"]:
        text = kept["variant"]
        if kept["version"]:
            text += f" at {_BANDS.get(kept['version'], kept['version'])}"
        yield "with a device", text, visit.here(variant=None, version=None, after=None)


def _home(visit: Visit) -> Mapping[str, Any]:
    report: HomeReport = visit.ask(AskHome(visit.fields["home"]))
    happenings = list(_happenings(report))
    return {
        "title": f"Home {report.home.home}",
        "report": report,
        "weeks": weeks_of(happenings, visit.utc, zone_of(visit.zone)) if happenings else [],
        "history": list(reversed(report.history)),
        "said": f"{counted(len(report.history), 'event')} in the history of this home",
    }


def _happenings(report: HomeReport) -> Iterator[CalendarMark]:
    """Name what goes on in a home: what campaigns may do, what was chosen, what is booked."""
    for window in report.windows:
        text = f"{window.campaign}: {window.step} may be done"
        yield CalendarMark(f"{window.step} allowed", SOFT, text, window.from_utc, window.until_utc)
    for slot in report.slots:
        text = f"{slot.campaign}: {slot.step}, chosen by {slot.party}"
        yield CalendarMark(f"{slot.step} chosen", BUSY, text, slot.at_utc, slot.at_utc)
    for entry in report.calendar:
        text = f"{entry.kind} {entry.reason}".strip()
        yield CalendarMark(entry.kind, WARN, text, entry.from_utc, entry.until_utc)


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/estate",
        template="estate.html",
        read=_estate,
        roles=HOMES | {PartyRole.MANUFACTURER},
        menu=PlaceInMenu("Firmware", "Estate"),
    ),
    PortalPage(
        path="/homes",
        template="homes.html",
        read=_homes,
        roles=HOMES,
        menu=PlaceInMenu("Firmware", "Homes"),
    ),
    PortalPage(path="/homes/{home}", template="home.html", read=_home, roles=HOMES),
)
