"""The documentation names nothing that is not there."""

import json
import re
from pathlib import Path

import pytest

from emulators.demo.head_end.staging import DEMO_DEVICES
from emulators.demo.head_end.story import SCENES
from ota_engine.gateway.wire import PROTOCOLS
from ota_engine.store.fleet.schema import HEAD as FLEET_SCHEMA
from ota_engine.store.schema import HEAD as HUB_SCHEMA
from tests.cli.zota import zota

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_test_that_the_faults_page_names_exists() -> None:
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "faults.md").read_text())
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_page_on_upgrading_names_the_schemas_and_the_protocol_of_this_version() -> None:
    text = (ROOT / "docs" / "upgrading.md").read_text()
    (hub,) = re.findall(r"^\| of a hub: .* \| `(\w+)` \|", text, re.MULTILINE)
    (fleet,) = re.findall(r"^\| of a fleet: .* \| `(\w+)` \|", text, re.MULTILINE)
    (protocol,) = re.findall(r"^\| gateway and head end, .* \| (\d+) \|", text, re.MULTILINE)
    assert (hub, fleet, int(protocol)) == (HUB_SCHEMA, FLEET_SCHEMA, PROTOCOLS[0])


def test_every_picture_is_one_and_belongs_to_a_page() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text())
    }
    pictures = {*(ROOT / "docs" / "pictures").iterdir()}
    assert shown == pictures | {ROOT / "docs" / "demo.svg", ROOT / "docs" / "demo-head-end.svg"}
    for picture in pictures:
        octets = picture.read_bytes()
        assert octets.startswith(b"\x89PNG")
        assert len(octets) < 150_000


def text_of(picture: str) -> str:
    drawn = (ROOT / "docs" / picture).read_text()
    return re.sub(r"<[^>]*>", "", drawn).replace("&#160;", " ")


def test_the_picture_of_the_head_end_shows_how_its_demonstration_ends() -> None:
    drawn = text_of("demo-head-end.svg")
    for device in DEMO_DEVICES:
        version = f"{device.ends_with:08X}"
        assert re.search(rf"{device.name} +{version} +{version} +yes", drawn)
    for title, _ in SCENES:
        assert title in drawn
    assert "every inventory says what every device runs" in drawn


def test_the_picture_of_the_demonstration_shows_what_it_prints() -> None:
    drawn = text_of("demo.svg")
    printed = zota("demo", "--json")
    assert printed.code == 0
    for device in json.loads(printed.out)["devices"]:
        versions = rf"0x{device['version_before']:08X}  0x{device['version_after']:08X}"
        row = rf"{device['name']} +{versions}  [0-9a-f]{{8}} +{device['blocks']} .*{device['verdict']}"
        assert re.search(row, drawn)
