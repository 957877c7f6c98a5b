"""Who looks for which page: the sections of the site's sidebar, by user.

Knows names of pages and nothing else. A page that no section names is found under *More* by itself, so a
new one needs no row here; one that is named and is not there is an error.
"""

from collections.abc import Collection
from typing import Final, TypeAlias

Sections: TypeAlias = dict[str, tuple[str, ...]]

#: Section -> pages in the order in which they are read; ``*`` stands for the others of a folder.
SECTIONS: Final[Sections] = {
    "Lab engineer": (
        "docs/push.md",
        "docs/radios.md",
        "docs/virtual-dongle.md",
        "docs/emulated-devices.md",
        "docs/vendor-habits.md",
    ),
    "Soak tester": ("docs/soak.md", "docs/faults.md"),
    "Manufacturer": ("docs/image-files.md", "docs/rules/README.md", "docs/catalogue.md"),
    "Operator": (
        "docs/fleet.md",
        "docs/fleet-commands.md",
        "docs/fleet-exceptions.md",
        "docs/rehearsal.md",
        "docs/evidence.md",
        "docs/serve.md",
        "docs/gateways.md",
        "docs/scale.md",
        "docs/upgrading.md",
        "docs/support.md",
    ),
    "Supplier": (
        "docs/portal.md",
        "docs/duis.md",
        "docs/activation.md",
        "docs/premises.md",
        "docs/outcomes.md",
        "docs/gbcs.md",
    ),
    "Developer": (
        "docs/python-api.md",
        "docs/reference/images.md",
        "docs/reference/ota_engine.md",
        "docs/reference/emulators.md",
        "docs/reference/hw.md",
        "docs/api.md",
        "docs/stability.md",
        "docs/architecture.md",
        "docs/adr/README.md",
        "CONTRIBUTING.md",
    ),
    "Everybody": ("docs/glossary.md", "docs/exit-codes.md", "CHANGELOG.md"),
}
MORE: Final = "More"


def sections(pages: Collection[str], inner: Collection[str]) -> Sections:
    """Give every page its section.

    Args:
        pages: all of the site but the first, by their paths in the repository.
        inner: those that another page lists.

    Raises:
        LookupError: a section names a page that is not there.
    """
    named = {page for row in SECTIONS.values() for page in row}
    if lost := sorted(named - set(pages)):
        raise LookupError(
            f"tools/site/navigation.py: {lost[0]} is no page: take it out, or write it"
        )
    others = tuple(sorted(set(pages) - named - set(inner)))
    return {**SECTIONS, **({MORE: others} if others else {})}
