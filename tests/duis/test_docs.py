"""The pages on DUIS say what the tables say."""

import subprocess
import sys
from pathlib import Path

import pytest

from ota_engine.duis.codes import ALERT_ROWS, RESPONSE_ROWS, AlertRow, ResponseRow
from ota_engine.duis.documents import (
    MOST_ATTRIBUTES,
    MOST_DEPTH,
    MOST_DOCUMENT_OCTETS,
    MOST_NAMESPACES,
    MOST_TAGS,
)
from ota_engine.duis.requests import MOST_DEVICES, MOST_IMAGE_OCTETS
from ota_engine.duis.responses import MOST_LISTED, MOST_PUSHED_OCTETS
from ota_engine.duis.variants import VARIANTS, WEB_SERVICES, Dating, UserRole, VariantRow

PAGE = (Path(__file__).parents[2] / "docs" / "duis.md").read_text()
KEPT = {Dating.NONE: "-", Dating.DCC: "the DCC", Dating.DEVICE: "the device"}


@pytest.mark.parametrize("row", VARIANTS.values(), ids=VARIANTS)
def test_every_service_is_a_line_of_the_page(row: VariantRow) -> None:
    posted = (f"{one}: `{WEB_SERVICES[one]}`" for one in sorted(row.command_variants))
    who = sorted(row.roles, reverse=True) if len(row.roles) < len(UserRole) else ["every user"]
    cells = (row.name, row.title, ", ".join(posted), ", ".join(who), KEPT[row.dating])
    assert f"| {' | '.join(cells)} |" in PAGE


@pytest.mark.parametrize("row", RESPONSE_ROWS, ids=lambda row: row.name)
def test_every_response_code_is_a_line_of_the_page(row: ResponseRow) -> None:
    cells = (f"`{row.case}`", row.variant or "all", row.code, row.certainty, row.source)
    assert f"| {' | '.join(cells)} |" in PAGE


@pytest.mark.parametrize("row", ALERT_ROWS, ids=lambda row: row.case)
def test_every_alert_code_is_a_line_of_the_page(row: AlertRow) -> None:
    cells = (f"`{row.case}`", row.element, row.code, row.audience, row.certainty, row.source)
    assert f"| {' | '.join(cells)} |" in PAGE


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    assert (
        f"{MOST_DOCUMENT_OCTETS >> 20} MiB, {MOST_TAGS:,} tags, {MOST_ATTRIBUTES:,} attributes"
        in PAGE
    )
    assert f"{MOST_NAMESPACES} namespaces, {MOST_DEPTH} deep" in PAGE
    for number in (MOST_IMAGE_OCTETS, MOST_DEVICES, MOST_PUSHED_OCTETS, MOST_LISTED):
        assert f"{number:,}" in PAGE


def test_a_fleet_whose_users_write_no_documents_needs_no_xml_library() -> None:
    program = "import sys; sys.modules['lxml'] = None; import ota_engine.fleet.fleet"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
