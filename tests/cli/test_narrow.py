"""What commands look like on terminals of 80 and of 120 columns, captured as they were drawn."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from emulators.devices import kinds
from images.eui64 import Eui64, format_eui64
from ota_engine.records import OrderRecord, OrderState
from ota_engine.store.store import DATABASE_NAME, Store
from ota_engine.times import Utc
from tests.cli.firmware import NEW_VERSION, image_file
from tests.cli.terminal import Capture, zota_on
from tests.hub.activation.orders import sent

SIZES = pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40)])
FIRST = 0x00DB123400000000
VERSION = 0x01010000
REASONS = {
    OrderState.ACTIVATED: "outcome 0, success: the device runs 0x01010000",
    OrderState.FAILED: "outcome 1, no image held: the device runs 0x01000000",
    OrderState.EXPIRED: "no word in time: delivered; not answered yet",
    OrderState.SENT: "delivered; not answered yet",
}


def fits(capture: Capture, columns: int) -> bool:
    """Whether nothing was cut off, nor any line wrapped by the terminal."""
    pictures = [capture.lines, *capture.moments]
    text = "\n".join(line for picture in pictures for line in picture)
    return "…" not in text and all(len(line) <= columns for line in text.splitlines())


def orders(count: int) -> list[OrderRecord]:
    """Orders of which most were obeyed."""
    states = [OrderState.FAILED, OrderState.SENT, OrderState.EXPIRED]
    found = []
    for number in range(1, count + 1):
        state = states[number - 1] if number <= len(states) else OrderState.ACTIVATED
        found.append(
            replace(
                sent(),
                number=number,
                device=Eui64(FIRST + number),
                counter=1000 + number,
                state=state,
                reason=REASONS[state],
                execution_utc=Utc(1_795_000_000.0),
                firmware_version=None if state is OrderState.SENT else VERSION,
            )
        )
    return found


@SIZES
@pytest.mark.parametrize("count", [3, 400])
def test_orders_are_listed_whole_and_what_was_obeyed_is_counted(
    tmp_path: Path, columns: int, lines: int, count: int
) -> None:
    with Store.open(tmp_path / DATABASE_NAME) as store:
        store.apply(orders(count))
    seen = zota_on(columns, lines, "orders", "list", "--state", tmp_path)
    assert (seen.code, fits(seen, columns)) == (0, True)
    said = " ".join(" ".join(seen.lines).split())
    for order in orders(count)[:3]:
        assert format_eui64(order.device) in said
        assert order.reason in said
    assert said.count("0x01010000") >= 2
    if count == 3:
        assert "3 orders: 1 sent, 1 failed, 1 expired" in said
    else:
        assert "400 orders: 1 sent, 397 activated, 1 failed, 1 expired" in said
        assert "397 of them not listed: --all lists them" in said
        assert len(seen.lines) <= lines
        every = zota_on(columns, lines, "orders", "list", "--state", tmp_path, "--all")
        assert sum("activated" in line for line in every.lines) >= 397


@SIZES
def test_a_demonstration_is_drawn_whole_from_begin_to_end(columns: int, lines: int) -> None:
    seen = zota_on(columns, lines, "demo")
    assert (seen.code, fits(seen, columns)) == (0, True)
    drawn = ["\n".join(moment[-lines:]) for moment in seen.moments]
    assert any(
        re.search(r"^4 devices: .*4 active   [\d,]+ B/s", one, re.MULTILINE) for one in drawn
    )
    end = "\n".join(seen.lines)
    assert len(re.findall(r"0x01000000  0x01010000  [0-9a-f]{8} ", end)) == 4
    assert len(re.findall(r"CCS08.*  updated$", end, re.MULTILINE)) == 4
    assert re.search(r"^evidence: \S+$", end, re.MULTILINE)


@SIZES
def test_a_soak_tells_figures_digest_and_command_whole(columns: int, lines: int) -> None:
    words: list[str | int] = [
        "--devices",
        400,
        "--hours",
        "0.02",
        "--image-size",
        100_000,
        "--seed",
        5,
    ]
    seen = zota_on(columns, lines, "soak", *words)
    assert (seen.code, fits(seen, columns)) == (0, True)
    end = "\n".join(seen.lines)
    assert re.search(r"\b[0-9a-f]{64}$", end, re.MULTILINE)
    assert len(re.findall(r"^00-DB(?:-[0-9A-F]{2}){6} ", end, re.MULTILINE)) == 10
    assert re.search(r"390 devices were not updated either, and not listed here: --report", end)
    pasted = " ".join(end.replace("\\\n", " ").split())
    assert "zota soak --devices 400 --hours 0.02 --image-size 100000 --seed 5" in pasted


@SIZES
def test_a_push_is_drawn_whole_and_each_verdict_told_once(
    tmp_path: Path, columns: int, lines: int
) -> None:
    roster = tmp_path / "three.toml"
    devices = [f"00-DB-12-34-00-00-00-0{number}" for number in range(1, 4)]
    roster.write_text(
        "".join(
            f'[[device]]\nkind = "ihd"\neui64 = "{one.replace("-", "").lower()}"\n'
            for one in devices
        )
    )
    image = image_file(tmp_path, kinds.IHD)
    link = ["--link", f"sim://?devices={roster}", "--state", str(tmp_path / "state")]
    seen = zota_on(columns, lines, "push", image, *link, "--all")
    assert (seen.code, fits(seen, columns)) == (0, True), seen.lines
    drawn = ["\n".join(moment[-lines:]) for moment in seen.moments]
    assert any("3 devices: " in one for one in drawn)
    end = "\n".join(seen.lines)
    assert "3 devices: 3 updated" in end
    for device in devices:
        row = rf"^{device}  .*0x01000000  0x{NEW_VERSION:08X} .*  updated"
        assert len(re.findall(row, end, re.MULTILINE)) == 1
        assert end.count(device) == 1
