"""The diagrams of the documentation are those of the tables."""

import importlib
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "diagrams.py"


class Lamp(Enum):
    OFF = "off"
    DIM = "dim; half"
    BRIGHT = "bright"
    BLINKING = "blinking"


class Touch(Enum):
    TAP = "tap"
    HOLD = "hold: long"
    CUT = "mains cut"


class Do(Enum):
    HUM = "hum"


def diagrams(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOL.parent))
    return importlib.import_module("diagrams")


def test_the_architecture_shows_the_tables_as_they_are() -> None:
    checked = diagrams("--check")
    assert checked.returncode == 0, checked.stdout


def test_a_stale_document_is_told_and_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "doc.md"
    stale = "before\n<!-- diagram: emulators.client.table -->\nold\n<!-- end diagram -->\nafter\n"
    document.write_text(stale)
    checked = diagrams("--check", str(document))
    assert checked.returncode == 1
    assert "make docs" in checked.stdout
    assert document.read_text() == stale


def test_redrawing_fills_the_place_and_nothing_else(tmp_path: Path) -> None:
    document = tmp_path / "doc.md"
    document.write_text(
        "before\n<!-- diagram: emulators.client.table -->\n<!-- end diagram -->\nafter\n"
    )
    assert diagrams(str(document)).returncode == 0
    text = document.read_text()
    assert text.startswith("before\n<!-- diagram: emulators.client.table -->\n```mermaid\n")
    assert text.endswith("<!-- end diagram -->\nafter\n")
    assert diagrams("--check", str(document)).returncode == 0


def test_a_place_for_an_unknown_machine_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "doc.md"
    document.write_text("<!-- diagram: no.such -->\n<!-- end diagram -->\n")
    ended = diagrams(str(document))
    assert ended.returncode != 0
    assert "no.such" in ended.stderr


def test_arrows_between_the_same_states_become_one(tool: Any) -> None:
    table = {(Lamp.OFF, Touch.TAP): Lamp.DIM, (Lamp.OFF, Touch.HOLD): (Lamp.DIM, Do.HUM)}
    drawing = tool.draw(tool.rows(table), Lamp.OFF)
    assert "    OFF --> DIM: tap<br/>hold - long / hum\n" in drawing
    assert '    state "dim, half" as DIM\n' in drawing  # a semicolon would end the label
    assert "    [*] --> OFF\n" in drawing


def test_what_leads_many_states_one_way_is_written_not_drawn(tool: Any) -> None:
    table = {(lamp, Touch.CUT): Lamp.OFF for lamp in Lamp}
    drawing = tool.draw(tool.rows(table), Lamp.OFF)
    assert "-->" not in drawing.replace("[*] -->", "")
    assert "| mains cut | any of the 4 states | *off* |" in drawing


def test_a_usual_arrow_is_drawn_although_a_crowd_shares_it(tool: Any) -> None:
    table = {(lamp, Touch.CUT): Lamp.OFF for lamp in Lamp}
    drawing = tool.draw(tool.rows(table), Lamp.OFF, frozenset({"BRIGHT-OFF"}))
    assert "    BRIGHT --> OFF: mains cut\n" in drawing
    assert "BLINKING -->" not in drawing


def test_what_changes_no_state_is_written_below(tool: Any) -> None:
    drawing = tool.draw(tool.rows({(Lamp.DIM, Touch.TAP): Lamp.DIM}), Lamp.OFF)
    assert "| *dim, half* | tap |" in drawing
    assert "DIM --> DIM" not in drawing


@pytest.mark.parametrize("name", ["ota_engine.hub.delivery.session", "emulators.client.table"])
def test_every_row_of_a_table_is_in_its_drawing(tool: Any, name: str) -> None:
    machine = tool.MACHINES[name]
    arrows = tool.rows(getattr(importlib.import_module(machine.module), machine.table))
    lines = tool.drawing(name).splitlines()
    assert arrows
    for arrow in arrows:
        label = tool.label(arrow.event, arrow.action)
        state, target = tool.text_of(arrow.state), tool.text_of(arrow.target)
        assert any(
            label in line
            and (
                f"{arrow.state.name} --> {arrow.target.name}: " in line
                or ((f"*{state}*" in line or "any of" in line) and line.endswith(f"*{target}* |"))
                or (state == target and line.startswith(f"| *{state}* |"))
            )
            for line in lines
        ), arrow
