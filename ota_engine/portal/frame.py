"""Makes HTML of templates: everything that comes from outside is text in it; knows no page and no socket.

What a template does not escape was made by ``ota_engine.evidence.charts`` or by a macro of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from images.eui64 import format_eui64
from ota_engine.fleet.inventory.configurations import version_text
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.portal.pages import link, part
from ota_engine.portal.tones import tone_of
from ota_engine.wording import counted, utc_text

TEMPLATES: Final = Path(__file__).with_name("templates")
LIVE: Final = "live_"  # how the name of a block begins that changes while it is looked at


def environment(static: Callable[[str], str]) -> Environment:
    """Make what templates are made with.

    Args:
        static: gives the path of a file that never changes.
    """
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "about": about,
        "clock": clock_text,
        "act_label": act_label,
        "eui": format_eui64,
        "part": part,
        "role": role_text,
        "tone": tone_of,
        "thousands": "{:,}".format,
        "version": version_text,
    }
    made.globals |= {"static": static, "link": link, "counted": counted, "shares": shares}
    made.globals["ui"] = made.get_template("macros.html").module
    return made


class PageFrame:
    """All templates, and how they become pages.

    Args:
        static: gives the path of a file that never changes.
    """

    def __init__(self, static: Callable[[str], str]) -> None:
        self._made = environment(static)

    def page(self, template: str, told: Mapping[str, Any], zone: str) -> str:
        """Make a whole page."""
        return self._template(template).render(shown(told, zone))

    def fragments(self, template: str, told: Mapping[str, Any], zone: str) -> dict[str, str]:
        """Make what changes of a page while it is looked at, each by the id of its element."""
        found = self._template(template)
        context = found.new_context(dict(shown(told, zone)))
        return {name: "".join(found.blocks[name](context)) for name in self.live(template)}

    def live(self, template: str) -> list[str]:
        """Name the blocks of a template that change while it is looked at."""
        return [name for name in self._template(template).blocks if name.startswith(LIVE)]

    def _template(self, name: str) -> Template:
        return self._made.get_template(name)


def shown(told: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Add what every template may use: times in the viewer's zone."""
    where = zone_of(zone)
    return {
        **told,
        "when": lambda utc: time_element(utc, where),
        "day": lambda utc: time_element(utc, where, "%-d %b %Y"),
        "zone": zone_name(zone),
        "is_utc": zone_name(zone) == "UTC",
    }


def zone_of(name: str) -> tzinfo | None:
    """Find a time zone; that of this machine where the name says none."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):  # no such zone on this machine
        return None


def zone_name(name: str) -> str:
    """Name a time zone for people."""
    if name and zone_of(name) is not None:
        return name
    return datetime.now().astimezone().tzname() or "UTC"


def time_element(utc: float | None, zone: tzinfo | None, form: str = "%-d %b %Y, %H:%M") -> Markup:
    """Write a time in a zone, with UTC for whoever points at it; a dash for none."""
    if not utc:  # never, or before anybody kept it
        return Markup('<span class="soft">&ndash;</span>')
    try:
        local = datetime.fromtimestamp(utc, UTC).astimezone(zone)
    except (OverflowError, ValueError, OSError):
        return Markup("<span>{}</span>").format(utc_text(utc))  # type: ignore[arg-type] # a float is shown
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        local.strftime(form),
    )


def rate_text(rate: float) -> str:
    """Write how much of the calendar passes in a second."""
    for seconds, one in ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute")):
        if rate >= seconds and rate % seconds == 0:
            return counted(int(rate / seconds), one)
    return f"{rate:,.4g} seconds"


def about(subject: str) -> str:
    """Write what something is about (``home:h1``) as people read it, no word twice."""
    word, _, name = subject.partition(":")
    return name if name.startswith(word) else f"{word} {name}".rstrip()


def role_text(role: str) -> str:
    """Write a role of a party as people read it."""
    return "CSP" if role == PartyRole.CSP else str(role)


def clock_text(off_s: float) -> str:
    """Write how far a clock is off, in seconds."""
    return (
        f"{abs(off_s):,.1f} s {'ahead' if off_s > 0 else 'behind'}" if round(off_s, 1) else "right"
    )


def act_label(act: str) -> str:
    """Write the name of a kind of act (``approve-campaign``) as people read it on a button."""
    return act.replace("-", " ").capitalize().replace(" uit", " UIT")


def shares(numbers: Iterable[int]) -> list[float]:
    """Say how wide each part of a bar is, of 100; a part that is there can be seen."""
    given = list(numbers)
    total = sum(given)
    if not total:
        return [0.0 for _ in given]
    wide = [max(100.0 * number / total, 0.6) if number else 0.0 for number in given]
    scale = 100.0 / sum(wide)
    return [round(one * scale, 2) for one in wide]
