"""Whoever follows every link from the overview finds a page behind each, and nothing that is another's."""

import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import httpx
import pytest

from ota_engine.portal.door import PortalDoor
from tests.portal.lab import NASTY, PortalLab

_LINK = re.compile(r'href="(/[^"]*)"')
_ID = re.compile(r' id="([^"]+)"')
MOST = 400  # pages of one person
OTHERS = ("otto", "peter", "cleo", "mona", "ada")  # eve and will are looked over below


async def _crawl(http: httpx.AsyncClient) -> dict[str, httpx.Response]:
    """Get every page that anything links to, forms left out."""
    found: dict[str, httpx.Response] = {}
    ahead = ["/"]
    while ahead and len(found) < MOST:
        path = ahead.pop()
        if path in found:
            continue
        found[path] = answer = await http.get(path)
        if "text/html" in answer.headers["content-type"]:
            links = (unescape(one).split("#")[0] for one in _LINK.findall(answer.text))
            ahead += [one for one in links if one and one not in found]
    return found


def look_over(found: Mapping[str, httpx.Response]) -> None:
    """See that every link leads to a page, and that nothing on it is markup or stands twice."""
    bad = {path: answer.status_code for path, answer in found.items() if answer.status_code != 200}
    assert bad == {}
    assert len(found) > 5
    for path, answer in found.items():
        assert NASTY not in answer.text, path
        assert "<script>" not in answer.text, path
        assert not re.search(r"\son\w+=|\sstyle=", answer.text), path
        ids = _ID.findall(answer.text)
        assert len(ids) == len(set(ids)), path
        assert set(re.findall(r'href="#([^"]+)"', answer.text)) <= set(ids), path


@pytest.mark.parametrize(
    "person",
    ["olive", *(pytest.param(one, marks=pytest.mark.heavy) for one in OTHERS)],
)
async def test_every_link_leads_to_a_page_and_to_a_place_on_it(tmp_path: Path, person: str) -> None:
    with PortalLab(tmp_path, homes=24) as lab:
        lab.roll_out()
        async with lab.serving(PortalDoor) as client, client.browser(person) as http:
            found = await _crawl(http)
    look_over(found)


@pytest.mark.parametrize("person", ["eve", pytest.param("will", marks=pytest.mark.heavy)])
async def test_a_supplier_finds_no_home_of_another_anywhere(tmp_path: Path, person: str) -> None:
    with PortalLab(tmp_path, homes=24) as lab:
        lab.roll_out()
        others = [f"h{number}" for number in range(1, 25) if lab.party_of(f"h{number}") != person]
        async with lab.serving(PortalDoor) as client, client.browser(person) as http:
            found = await _crawl(http)
            hidden = [(await http.get(f"/homes/{home}")).status_code for home in others]
    look_over(found)
    assert set(hidden) == {404}
    named = re.compile(rf"\b({'|'.join(others)})\b")
    for path, answer in found.items():
        if "text/html" in answer.headers["content-type"]:
            shown = re.sub(r"</?h[1-6][ >]", "", answer.text)  # headings are no homes
            assert not named.search(shown), path
