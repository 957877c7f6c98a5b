"""``zota demo --head-end``: suppliers order over HTTP, an operator rolls out, and the inventory is right."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio

from emulators.cli.demo_head_end import ending_lines, line_texts
from emulators.demo.head_end.performance import HeadEndWatch, perform_head_end
from emulators.demo.head_end.staging import (
    BROKER,
    DEMO_DEVICES,
    DEMO_SUPPLIERS,
    EAST,
    HCALCS,
    demo_home,
    stage_head_end,
)
from emulators.demo.head_end.told import (
    DemoLine,
    DemoLineKind,
    DeviceAtEnd,
    HeadEndDemoEnding,
    in_names,
)
from images.eui64 import format_eui64
from ota_engine.cli.exits import Exit
from ota_engine.cli.gateways import image_finder
from ota_engine.times import Utc
from tests.cli.terminal import zota_on
from tests.cli.zota import zota

TABLE = {
    "Comms Hub": ("01010000", {"East power": ["N64"], "West gas": ["N64"]}),
    "PPMID": ("01010000", {"East power": ["N60", "N62", "N39"], "West gas": ["N59", "N39"]}),
    "HCALCS": (
        "01020000",
        {
            "East power": ["N60", "N62", "I0", "N60", "N62", "I0", "8F66"],
            "West gas": ["N59", "N59"],
            "North gas": ["N59"],
        },
    ),
    "gas meter": ("01000000", {"North gas": ["N27"]}),
}


def device(**changes: Any) -> DeviceAtEnd:
    found = DeviceAtEnd("PPMID", "00", "02", {"East": "02", "North": "02"}, "02", {"East": ["N39"]})
    return found._replace(**changes)


@pytest.mark.heavy
def test_every_supplier_hears_what_it_is_to_hear_and_the_inventory_says_what_runs(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "kept"
    ran = zota("demo", "--head-end", "--json", "--keep", folder)
    told = json.loads(ran.out)
    assert (ran.code, told["verdict"]) == (Exit.OK, "matches"), told["checks"]
    for one in told["devices"]:
        version, heard = TABLE[one["name"]]
        assert one["inventory"] == {"East power": version, "North gas": version}
        assert (one["own"], one["told"]) == (version, heard)
    assert {line["kind"] for line in told["lines"]} == set(DemoLineKind)
    assert json.loads((folder / "summary.json").read_text()) == told
    assert not list(folder.rglob("*.key")), "keys are forgotten"
    shown = zota("campaign", "show", "hubs", "--state", folder / "fleet")
    assert re.search(r"all homes .* 1 +1 +0", shown.out), shown.out


@pytest.mark.heavy
def test_a_person_sees_who_says_what_on_eighty_columns() -> None:
    seen = zota_on(80, 40, "demo", "--head-end")
    said = "\n".join(seen.lines)
    assert seen.code == Exit.OK, said
    for picture in (seen.lines, *seen.moments):
        assert all(len(line) <= 80 for line in picture)
        assert "…" not in "\n".join(picture)
    assert "every inventory says what every device runs" in said
    assert "to North gas   N27: the gas meter has another supplier" in said


@pytest.mark.heavy
def test_a_device_that_does_not_take_its_image_is_seen_in_the_end(tmp_path: Path) -> None:
    stage = stage_head_end(datetime.now(UTC))
    images = stage.for_hcalcs[0], stage.for_hcalcs[1][:-1] + b"\x00"  # of another's signature
    watch = HeadEndWatch(lambda line: None, lambda now, statuses: None)
    ending = trio.run(
        perform_head_end,
        replace(stage, for_hcalcs=images),
        tmp_path,
        lambda folder: image_finder([folder]),
        watch,
    )
    wrong = [one for one in ending.devices if not one.matches]
    assert [(one.name, one.own, one.wanted) for one in wrong] == [
        ("HCALCS", "01010000", "01020000")
    ]
    assert not ending.good
    assert any("no, not 01020000" in text.plain for text in ending_lines(ending, 80))


def test_a_demonstration_is_good_when_all_agree_and_nothing_is_wrong() -> None:
    ending = HeadEndDemoEnding(1.0, (device(),), {"all were answered": ""}, "")
    assert ending.good
    assert not ending._replace(checks={"all were answered": "one was not"}).good
    for differs in (
        device(own="01"),
        device(inventory={"East": "02", "North": "01"}),
        device(inventory={}),
        device(wanted="03"),
    ):
        assert not ending._replace(devices=(device(), differs)).good


def test_nobody_is_given_the_private_keys_of_others() -> None:
    stage = stage_head_end(datetime(2027, 1, 1, tzinfo=UTC))
    home = demo_home(stage, Utc(1.8e9))
    assert home.keys is not None
    assert home.keys.signer(HCALCS.device) is not None
    for supplier in DEMO_SUPPLIERS:
        assert home.keys.signer(supplier.user) is None
        held = {name[:16] for name in stage.held_by(supplier.user) if name.endswith(".key")}
        assert held == {f"{supplier.user:016x}"}
    assert {name[:16] for name in stage.held_by(BROKER) if name.endswith(".key")} == {
        f"{BROKER:016x}"
    }


def test_devices_and_suppliers_are_told_by_name() -> None:
    text = f"{format_eui64(DEMO_DEVICES[1].device)} of {format_eui64(EAST.user)}"
    assert in_names(text) == "the PPMID of East power"


def test_what_is_said_is_folded_beside_who_says_it() -> None:
    line = DemoLine(12.3, DemoLineKind.DOCUMENT, "DCC", "West gas", "N59", "word " * 20)
    first, second = [text.plain for text in line_texts(line, 80)][:2]
    assert first.startswith(" 12.3 s  to West gas    N59: word")
    assert second.startswith(" " * 24 + "word")
    assert (
        line_texts(line._replace(kind=DemoLineKind.SCENE, text="A scene"), 80)[1].plain == "A scene"
    )


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("light.ota",), "FILE"),
        (("--capture", "air.pcapng"), "--capture"),
        (("--outcomes-to", "http://127.0.0.1:1/"), "--outcomes-to"),
    ],
)
def test_what_has_no_part_in_it_is_refused_in_one_line(words: tuple[str, ...], named: str) -> None:
    ran = zota("demo", "--head-end", *words)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert ran.err.startswith(f"zota: {named} has no part in a demonstration with --head-end")
