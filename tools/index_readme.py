"""Makes the description for a package index of README.md, when a distribution is built.

An index shows the page alone, so a relative link leads nowhere there. With ``Source`` in
``[project.urls]`` of ``pyproject.toml`` every relative link and picture leads into that repository;
without it a link is its words, and a picture is left out. Knows Markdown's links and where a repository
keeps its files, and nothing of what the page is about. Run by hatchling, which finds it by path.
"""

import re
from pathlib import Path
from typing import Any, Final

from hatchling.metadata.plugin.interface import MetadataHookInterface

SOURCE: Final = "Source"  # the one place where the repository's address is written down
LOOSE: Final = (
    "The pages of `docs/` named here, the tests and the Makefile come with the source distribution."
)

_LINK = re.compile(r"(?P<picture>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]+)\)")
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.IGNORECASE)


def for_an_index(text: str, source: str | None) -> str:
    """Rewrite a page of the repository's root so that it holds on its own.

    Args:
        text: Markdown.
        source: where the repository is to be seen, as GitHub, GitLab or Forgejo show one; or None.
    """

    def led(link: re.Match[str]) -> str:
        if _ELSEWHERE.match(link["target"]):
            return link[0]
        if source is None:
            return "" if link["picture"] else link["words"]
        way = "raw" if link["picture"] else "blob"
        target = f"{source.rstrip('/')}/{way}/HEAD/{link['target']}"
        return f"{link['picture']}[{link['words']}]({target})"

    parts = _FENCED.split(text)
    parts[::2] = [_LINK.sub(led, part) for part in parts[::2]]
    page = re.sub(r"\n{3,}", "\n\n", "".join(parts))
    return page if source else f"{page.rstrip()}\n\n{LOOSE}\n"


class IndexReadme(MetadataHookInterface):
    """Gives hatchling the description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the description to a project's metadata."""
        text = Path(self.root, "README.md").read_text("utf-8")
        source = metadata.get("urls", {}).get(SOURCE)
        page = for_an_index(text, source)
        metadata["readme"] = {"content-type": "text/markdown", "text": page}
