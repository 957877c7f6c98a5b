"""What commands look like on terminals of 80 and of 120 columns, captured as they were drawn."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from emulators.devices import kinds
from images import ImageSpec, build
from images.catalogue import ImageStatus, Range, Terms
from images.eui64 import Eui64, format_eui64
from ota_engine.catalogue.desk import Bearer, add
from ota_engine.catalogue.folder import Catalogue
from ota_engine.cli.columns import INDENT
from ota_engine.records import OrderRecord, OrderState
from ota_engine.store.store import DATABASE_NAME, Store
from ota_engine.times import Utc
from tests.cli.every_command import FIRMWARE, OCTETS, WORK
from tests.cli.firmware import NEW_VERSION, image_file
from tests.cli.terminal import Capture, run_on, zota_on
from tests.hub.activation.orders import sent

SIZES = pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40)])
WIDE_HEAVY = pytest.mark.parametrize(
    ("columns", "lines"), [(80, 24), pytest.param(120, 40, marks=pytest.mark.heavy)]
)
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
    cut = "…" in text or any(len(line) > columns for line in text.splitlines())
    return not cut and not torn(capture, columns)


def torn(capture: Capture, columns: int) -> list[str]:
    """Lines that went on in the next one at no space, but for words longer than any line."""
    return [line for line in capture.overlong if len(line.split()[-1]) < columns - len(INDENT)]


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


@WIDE_HEAVY
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


@WIDE_HEAVY
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


@SIZES
@pytest.mark.parametrize("count", [3, pytest.param(400, marks=pytest.mark.heavy)])
def test_a_push_to_many_counts_them_and_ends_with_the_head_of_the_trail(
    tmp_path: Path, columns: int, lines: int, count: int
) -> None:
    roster = tmp_path / "many.toml"
    devices = [Eui64(FIRST + number) for number in range(1, count + 1)]
    roster.write_text(
        "".join(f'[[device]]\nkind = "ihd"\neui64 = "{one:016x}"\n' for one in devices)
    )
    image = image_file(tmp_path, kinds.IHD)
    link = ["--link", f"sim://?devices={roster}", "--state", str(tmp_path / "state")]
    seen = zota_on(columns, lines, "push", image, *link, "--all")
    assert (seen.code, fits(seen, columns)) == (0, True), seen.overlong
    end = "\n".join(seen.lines)
    assert f"{count} devices: {count} updated" in end
    assert len(re.findall(r"^audit head: [0-9a-f]{64}$", end, re.MULTILINE)) == 1
    drawn = ["\n".join(moment[-lines:]) for moment in seen.moments]
    assert any(re.search(rf"^{count} devices: ", one, re.MULTILINE) for one in drawn)
    if count > lines:
        assert "more: updated" in end
        assert any(re.search(r"^and \d+ more: ", one, re.MULTILINE) for one in drawn)
        assert len(seen.lines) < 2 * lines


@WIDE_HEAVY
@pytest.mark.parametrize("devices", [3, pytest.param(4, marks=pytest.mark.heavy)])
def test_a_soak_of_a_few_names_each_that_was_not_updated(
    columns: int, lines: int, devices: int
) -> None:
    words = f"--devices {devices} --hours 0.02 --image-size 100000 --seed 5".split()
    seen = zota_on(columns, lines, "soak", *words)
    assert (seen.code, fits(seen, columns)) == (0, True)
    end = "\n".join(seen.lines)
    assert len(re.findall(r"^00-DB(?:-[0-9A-F]{2}){6} ", end, re.MULTILINE)) == devices
    assert "not listed here" not in end


def fill(folder: Path, count: int) -> None:
    """List so many images, every tenth of them withdrawn, two under one identity."""
    bearer = Bearer("somebody", Utc(1_795_000_000.0), allow_clash="for a test")
    catalogue = Catalogue.made(folder)
    with catalogue.writing() as writing:
        for number in range(1, count + 1):
            version = VERSION + (number if number != 2 else 1)
            spec = ImageSpec(
                manufacturer_code=0x121D,
                image_type=0x84,
                file_version=version,
                header_string="a string of the header, long",
            )
            data = build(b"firmware %d" % number, spec)
            base = Range(VERSION - 0x1000, VERSION - 1)
            terms = Terms(bases=(base, Range(VERSION, VERSION)))
            entry = add(writing, data, f"{number}.ota", "here", terms, bearer).entry
            status = ImageStatus.DRAFT if number % 10 else ImageStatus.WITHDRAWN
            writing.replace(replace(entry, status=status))


@WIDE_HEAVY
@pytest.mark.parametrize("count", [3, pytest.param(400, marks=pytest.mark.heavy)])
def test_a_catalogue_is_listed_whole_and_what_was_withdrawn_is_counted(
    tmp_path: Path, columns: int, lines: int, count: int
) -> None:
    folder = tmp_path / "catalogue"
    fill(folder, count)
    seen = zota_on(columns, lines, "catalogue", "list", "--catalogue", folder)
    assert (seen.code, fits(seen, columns)) == (0, True), seen.overlong
    said = " ".join(" ".join(seen.lines).split())
    names = re.findall(r"^121D-0084-[0-9A-F]{8}  draft", "\n".join(seen.lines), re.MULTILINE)
    assert len(names) == count - count // 10
    assert said.count("from 0x0100F000..0x0100FFFF, 0x01010000") == len(names)
    if count == 3:
        assert "3 of 3 images: 3 draft; 2 clash" in said
    else:
        assert "400 of 400 images: 360 draft, 40 withdrawn; 2 clash" in said
        assert "40 withdrawn ones are not listed: --all lists them" in said
        every = zota_on(columns, lines, "catalogue", "list", "--catalogue", folder, "--all")
        assert sum("  withdrawn  " in line for line in every.lines) == 40


@pytest.mark.heavy
@pytest.mark.parametrize("columns", [80, 120])
def test_no_command_leaves_it_to_the_terminal_where_its_words_are_torn(
    tmp_path: Path, columns: int
) -> None:
    (tmp_path / FIRMWARE).write_bytes(OCTETS)
    program = [sys.executable, "-m", "ota_engine"]
    for words, code in WORK:
        seen = run_on(columns, 24, [*program, *words.split()], tmp_path)
        assert (seen.code, torn(seen, columns)) == (code, []), words
