"""Pages of the estate: what runs where, homes, and all that is known of one home."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from ota_engine.evidence.charts import Mark, timeline
from ota_engine.fleet.inventory.rows import HomeStatus
from ota_engine.fleet.kernel.decisions import SUPPLIERS, PartyRole
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.releases.versions import VariantVersions
from ota_engine.head_end.questions.estate import AskEstate, AskParties, EstateReport
from ota_engine.head_end.questions.homes import AskHome, AskHomes, HomeList, HomeReport
from ota_engine.head_end.questions.scope import HOMES
from ota_engine.portal.pages import PlaceInMenu, PortalPage, Visit, link
from ota_engine.times import DAY_S
from ota_engine.wording import counted

_SETS: Final = 12  # configuration sets that are listed at once
_OLD_S: Final = 60.0  # of numbers, from when on a page says of when they are
_BEFORE_DAYS: Final = 7
_AFTER_DAYS: Final = 35
_POINT_DAYS: Final = 0.15  # how long a moment looks


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
        "variants": [_variant(one) for one in sorted(variants, key=_ordered_first)],
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


def _variant(one: VariantVersions) -> dict[str, Any]:
    parts = (
        ("ahead of N", one.ahead, "c6"),
        ("N", one.at_newest, "good"),
        ("N-1", one.at_previous, "busy"),
        ("older", one.older, "warn"),
        ("unknown", one.unknown, "soft"),
    )
    return {
        "row": one,
        "parts": [
            {"name": name, "count": count, "kind": kind, "url": ""} for name, count, kind in parts
        ],
    }


def _homes(visit: Visit) -> Mapping[str, Any]:
    names = ("region", "gateway", "supplier", "configuration", "status", "ring_fence")
    asked = {name: visit.query.get(name, "") for name in names}
    wanted: dict[str, Any] = {**asked, "after": visit.query.get("after", "")}
    found: HomeList = visit.ask(AskHomes(**wanted))
    filters: list[tuple[str, str, Sequence[Any], str]] = [
        ("status", "Installation", list(HomeStatus), asked["status"])
    ]
    if visit.view.viewer.sees_every_home:
        suppliers = [
            one.party
            for one in visit.ask(AskParties()).items
            if not SUPPLIERS.isdisjoint(map(PartyRole, one.roles))
        ]
        filters.append(("supplier", "Supplier", suppliers, asked["supplier"]))
    return {
        "title": "Homes",
        "found": found,
        "filters": filters,
        "narrowed": [
            (name.replace("_", " "), asked[name], visit.here(**{name: None, "after": None}))
            for name in ("region", "configuration", "gateway", "ring_fence")
            if asked[name]
        ],
        "by": visit.here,
        "next": visit.here(after=found.more) if found.more else "",
        "first": visit.here(after=None) if visit.query.get("after") else "",
        "said": counted(found.total, "home"),
    }


def _home(visit: Visit) -> Mapping[str, Any]:
    report: HomeReport = visit.ask(AskHome(visit.fields["home"]))
    return {
        "title": f"Home {report.home.home}",
        "report": report,
        "strip": _strip(report, visit.utc),
        "history": list(reversed(report.history)),
        "said": f"{counted(len(report.history), 'event')} in the history of this home",
    }


def _strip(report: HomeReport, utc: float) -> Markup | None:
    """Draw what goes on in a home from last week to next month; None for nothing."""
    begin = utc - _BEFORE_DAYS * DAY_S
    rows: dict[str, list[Mark]] = {}
    for window in report.windows:
        text = f"{window.campaign}: {window.step} may be done"
        _add(rows, f"{window.step} window", window.from_utc, window.until_utc, begin, text)
    for slot in report.slots:
        text = f"{slot.campaign}: {slot.step}, chosen by {slot.party}"
        _add(rows, f"{slot.step} chosen", slot.at_utc, slot.at_utc, begin, text)
    for entry in report.calendar:
        text = f"{entry.kind} {entry.reason}".strip()
        _add(rows, entry.kind, entry.from_utc, entry.until_utc, begin, text)
    if not rows:
        return None
    rows = {"now": [Mark(_BEFORE_DAYS, _POINT_DAYS, "now")], **rows}
    days = _BEFORE_DAYS + _AFTER_DAYS
    label = "what goes on in this home, a day a step; the tables say the same"
    return Markup(timeline(rows, days, "days", label))  # noqa: S704 - made by our own charts, which escape


def _add(
    rows: dict[str, list[Mark]], name: str, from_: float, until: float, begin: float, text: str
) -> None:
    """Put a mark into a row, as far as it lies within what is shown."""
    first = max(0.0, (from_ - begin) / DAY_S)
    last = min(float(_BEFORE_DAYS + _AFTER_DAYS), (until - begin) / DAY_S)
    if last >= first:
        rows.setdefault(name, []).append(Mark(first, max(last - first, _POINT_DAYS), text))


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
