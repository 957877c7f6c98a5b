"""The site has every page of the repository, and nothing on it leads nowhere or comes from elsewhere."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.by_path import modules_of
from tests.tools.wheel import ROOT


@pytest.fixture
def tool() -> Iterator[Any]:
    """Import one module of the tool by its name."""
    with modules_of(ROOT / "tools" / "site") as imported:
        yield imported


@pytest.mark.heavy
def test_the_site_of_this_repository_is_built_strictly(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "tools" / "site"), "--folder", str(tmp_path / "site")]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(ROOT).with_suffix(".html") for path in ROOT.glob("docs/**/*.md")}
    missing = [page for page in pages if not (tmp_path / "site" / page).is_file()]
    assert missing == []
    index = (tmp_path / "site" / "index.html").read_text("utf-8")
    for user in (
        "Lab engineer",
        "Soak tester",
        "Manufacturer",
        "Operator",
        "Supplier",
        "Developer",
    ):
        assert user in index
    states = (tmp_path / "site" / "docs" / "architecture.html").read_text("utf-8")
    assert 'alt="states of campaign"' in states and "stateDiagram" not in states


def repository(folder: Path, readme: str, **pages: str) -> Path:
    """A small one."""
    (folder / "docs").mkdir(parents=True)
    (folder / "README.md").write_text(readme)
    (folder / "CONTRIBUTING.md").write_text("# How to\n")
    (folder / "CHANGELOG.md").write_text("# New\n")
    for name, text in pages.items():
        (folder / "docs" / f"{name}.md").write_text(text)
    return folder


def laid_out(tool: Any, source: Path, target: Path) -> int:
    """Lay out with the navigation of that small repository."""
    navigation, pages = tool("navigation"), tool("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(navigation, "SECTIONS", {"Everybody": ("docs/a.md", "CHANGELOG.md")})
        count = pages.Layout(source, target, lambda words: f"<svg>{words}</svg>").write()
        assert isinstance(count, int)
        return count


def test_pages_keep_their_paths_and_what_only_a_repository_shows_is_given_along(
    tool: Any, tmp_path: Path
) -> None:
    source = repository(
        tmp_path / "source",
        "# It\n\n[a](docs/a.md#part) [files](docs/files) [code](tool.py) ![p](docs/p.svg)\n",
        a="# A\n\n[back](../README.md) [out](https://example.org/x)\n\n```\n[not](a.link)\n```\n",
        b="# B\n\n<!-- diagram: one.two -->\n```mermaid\nstateDiagram-v2\n```\n<!-- end diagram -->\n",
    )
    (source / "docs" / "files").mkdir()
    (source / "docs" / "files" / "x.service").write_text("[Unit]\n")
    (source / "docs" / "p.svg").write_text("<svg/>")
    (source / "tool.py").write_text("pass\n")
    target = tmp_path / "target"
    assert laid_out(tool, source, target) == 6
    index = (target / "index.md").read_text("utf-8")
    for way in ("(docs/a.md#part)", "(docs/files/index.md)", "(tool.py)", "(docs/p.svg)"):
        assert way in index
    assert (target / "tool.py").is_file() and (target / "docs" / "p.svg").is_file()
    assert "[Unit]" in (target / "docs" / "files" / "index.md").read_text("utf-8")
    text = (target / "docs" / "a.md").read_text("utf-8")
    assert "(../index.md)" in text and "(https://example.org/x)" in text
    assert "[not](a.link)" in text, "what is to be typed stays as it is"
    drawn = (target / "docs" / "b.md").read_text("utf-8")
    assert "![states of two](../drawings/" in drawn and "```mermaid" not in drawn
    (drawing,) = (target / "drawings").iterdir()
    assert drawing.read_text("utf-8") == "<svg>stateDiagram-v2\n</svg>"


def test_a_new_page_is_found_without_a_row_of_its_own(tool: Any, tmp_path: Path) -> None:
    source = repository(tmp_path / "source", "# It\n", a="# A\n", brand_new="# B\n")
    laid_out(tool, source, tmp_path / "target")
    index = (tmp_path / "target" / "index.md").read_text("utf-8")
    assert ":caption: More" in index
    assert index.index(":caption: More") < index.index("docs/brand_new.md")


def test_a_link_that_leads_nowhere_stops_it(tool: Any, tmp_path: Path) -> None:
    source = repository(tmp_path / "source", "# It\n\n[b](docs/b.md)\n", a="# A\n")
    with pytest.raises(LookupError, match=r"README\.md: docs/b\.md leads nowhere"):
        laid_out(tool, source, tmp_path / "target")


def test_a_page_that_the_navigation_names_has_to_be_there(tool: Any, tmp_path: Path) -> None:
    source = repository(tmp_path / "source", "# It\n", b="# B\n")
    with pytest.raises(LookupError, match=r"docs/a\.md is no page"):
        laid_out(tool, source, tmp_path / "target")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (
            '<a href="b.html">b</a><a href="b.html#there">b</a><a href="#here">h</a><p id="here">',
            [],
        ),
        ('<a href="https://example.org/">elsewhere</a><img src="data:image/png;base64,AA==">', []),
        ('<a href="c.html">c</a>', ["a.html: c.html leads nowhere"]),
        ('<a href="b.html#not">b</a>', ["a.html: b.html#not: there is no such part"]),
        ('<a href="../up.html">b</a>', ["a.html: ../up.html leads out of the site"]),
        ('<img src="p.png">', ["a.html: p.png leads nowhere"]),
        (
            '<script src="https://example.org/s.js"></script>',
            ["a.html: fetches https://example.org/s.js from elsewhere"],
        ),
        (
            '<link rel="stylesheet" href="//example.org/s.css">',
            ["a.html: fetches //example.org/s.css from elsewhere"],
        ),
    ],
)
def test_a_site_holds_together_or_is_told_where_not(
    tool: Any, tmp_path: Path, body: str, wrong: list[str]
) -> None:
    (tmp_path / "a.html").write_text(f"<html><body>{body}</body></html>")
    (tmp_path / "b.html").write_text('<html><body><h1 id="there">B</h1></body></html>')
    found = tool("links").check(tmp_path)
    assert list(found.wrong) == wrong
    assert found.pages == 2


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    program = [sys.executable, str(ROOT / "tools" / "site"), "--folder", str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"site: {tmp_path} holds something else: name another folder\n"
    assert (tmp_path / "thesis.txt").read_text() == "mine"
