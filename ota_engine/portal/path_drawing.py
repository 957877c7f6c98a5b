"""Draws how versions of one variant are reached from each other; knows rows, no page."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from markupsafe import Markup

from ota_engine.fleet.releases.rows import CplEntry, PathStanding, UpgradePath

_STEP: Final = 150  # between two versions
_LEFT: Final = 75
_RISE: Final = 26  # of an arc, for each version that it passes over
_ROW: Final = 64  # below the line of versions
_MOST: Final = 12  # versions drawn: the newest


def path_drawing(
    entries: Sequence[CplEntry], paths: Sequence[UpgradePath], here: str
) -> Markup | None:
    """Draw versions from the oldest to the newest, and an arc for each path between two of them.

    Args:
        entries: versions of one variant.
        paths: between them.
        here: id of the one that the page is about.

    Returns:
        None where there is nothing to draw.
    """
    shown = sorted(entries, key=lambda one: one.version)[-_MOST:]
    places = {one.cpl: _LEFT + _STEP * number for number, one in enumerate(shown)}
    drawn = [one for one in paths if one.cpl in places and one.from_cpl in places]
    if len(shown) < 2 or not drawn:
        return None
    highest = max(_height(one, places) for one in drawn)
    base = highest + 24
    width, height = 2 * _LEFT + _STEP * (len(shown) - 1), base + _ROW
    head = (
        f'<svg class="paths" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{escape(_told(shown, drawn), quote=True)}">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
    )
    parts = [head]
    parts += [_arc(one, places, base) for one in drawn]
    parts += [_node(one, places[one.cpl], base, is_here=one.cpl == here) for one in shown]
    return Markup("".join(parts) + "</svg>")  # noqa: S704 - numbers, and texts escaped above


def _height(path: UpgradePath, places: Mapping[str, int]) -> int:
    return _RISE * abs(places[path.cpl] - places[path.from_cpl]) // _STEP


def _arc(path: UpgradePath, places: Mapping[str, int], base: int) -> str:
    begin, end = places[path.from_cpl], places[path.cpl]
    rise = 2 * _height(path, places)
    kind = "must" if path.standing is PathStanding.MANDATORY else "may"
    text = f"{path.from_cpl} to {path.cpl}: {path.standing}, by {path.source}"
    return (
        f'<path class="{kind}" marker-end="url(#tip)" d="M{begin} {base - 12}Q{(begin + end) // 2}'
        f' {base - 12 - rise} {end} {base - 12}"><title>{escape(text)}</title></path>'
    )


def _node(entry: CplEntry, x: int, base: int, *, is_here: bool) -> str:
    kind = "here" if is_here else "there"
    return (
        f'<circle class="{kind}" cx="{x}" cy="{base}" r="8"/>'
        f'<text class="{kind}" x="{x}" y="{base + 26}">{entry.version:08X}</text>'
        f'<text class="cpl" x="{x}" y="{base + 44}">{escape(entry.cpl[:22])}</text>'
    )


def _told(entries: Sequence[CplEntry], paths: Sequence[UpgradePath]) -> str:
    names = {one.cpl: f"{one.version:08X}" for one in entries}
    return "; ".join(f"{names[one.from_cpl]} to {names[one.cpl]}, {one.standing}" for one in paths)
