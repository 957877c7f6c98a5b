"""Checks that a site holds together: every link, anchor and resource of every page is on the site itself.

Knows HTML as it lies in a folder, and nothing of who made it. Links to other people's sites are left alone:
whether they answer today is no property of ours.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from lxml import html

#: Tag -> the attribute that makes a browser fetch something when the page is opened.
FETCHED: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
#: Kinds of ``link`` that are fetched, too.
FETCHED_LINKS: Final = frozenset(
    ("stylesheet", "icon", "preload", "shortcut icon", "modulepreload")
)


class Page(NamedTuple):
    """What a page leads to, and where it can be led into.

    Attributes:
        links: as they are written.
        fetched: what is fetched with it.
        anchors: names within it.
    """

    links: tuple[str, ...]
    fetched: tuple[str, ...]
    anchors: frozenset[str]


class Checked(NamedTuple):
    """How many pages and links there are, and what is wrong, a line each."""

    pages: int
    links: int
    wrong: tuple[str, ...]


def check(site: Path) -> Checked:
    """Follow whatever leads from a page of a site to itself or to another file of it."""
    pages = {path: read(path.read_bytes()) for path in sorted(site.rglob("*.html"))}
    wrong: list[str] = []
    count = 0
    for path, page in pages.items():
        name = path.relative_to(site)
        strange = (target for target in page.fetched if urlsplit(target).netloc)
        wrong += [f"{name}: fetches {target} from elsewhere" for target in strange]
        for target in (*page.links, *page.fetched):
            if urlsplit(target).scheme or urlsplit(target).netloc:
                continue
            count += 1
            wrong += [f"{name}: {line}" for line in _followed(site, path, target, pages)]
    return Checked(len(pages), count, tuple(wrong))


def read(octets: bytes) -> Page:
    """Read a page."""
    tree = html.fromstring(octets)
    links: list[str] = []
    fetched: list[str] = []
    anchors: set[str] = set()
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        anchors.update(filter(None, (element.get("id"), element.get("name"))))
        if element.tag == "a" and (target := element.get("href")):
            links.append(target)
        elif element.tag == "link" and element.get("rel", "").lower() in FETCHED_LINKS:
            fetched.append(element.get("href", ""))
        elif target := element.get(FETCHED.get(element.tag, "-"), ""):
            fetched.append(target)
    return Page(
        tuple(links),
        tuple(one for one in fetched if not one.startswith("data:")),
        frozenset(anchors),
    )


def _followed(site: Path, path: Path, target: str, pages: dict[Path, Page]) -> Iterator[str]:
    parts = urlsplit(target)
    other = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
    if other.is_dir():
        other /= "index.html"
    if not other.is_relative_to(site):
        yield f"{target} leads out of the site"
    elif not other.is_file():
        yield f"{target} leads nowhere"
    elif parts.fragment and other in pages and unquote(parts.fragment) not in pages[other].anchors:
        yield f"{target}: there is no such part"
