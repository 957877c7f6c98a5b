"""``zota demo``: delivers an image to four emulated devices and shows it; decides nothing."""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Group
from rich.text import Text

from images.eui64 import Eui64
from images.files import read_bounded, write_whole
from ota_engine.cli.again import command_line
from ota_engine.cli.captures import CaptureOption, recording
from ota_engine.cli.columns import Column, Room, TableRow, command_lines, folded, lay_out, show
from ota_engine.cli.engine_options import OutcomesTo
from ota_engine.cli.engines import HTTP, HTTP_OPTION, audit_head, tell_what_waits
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.live_screen import LiveScreen
from ota_engine.cli.outcomes_token import OutcomesToken, outcomes_token
from ota_engine.cli.progress import RateMeter, board, delivery, duration
from ota_engine.cli.provenance import provenance
from ota_engine.errors import LocalError
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.times import Monotonic

if TYPE_CHECKING:
    from emulators.demo.demonstration import DemoEnding, DemoProof
    from emulators.demo.staging import Demonstration

app = typer.Typer()

DOWNLOADS_FOR = 10.0  # seconds on a terminal, while anything is being downloaded
WAITS_FOR = 4.0  # seconds on a terminal for the rest
FRAMES = 12  # pictures a second
LINE_EVERY = 300.0  # virtual seconds between two lines when piped
SAMPLE_NAME = "sample firmware"
PROOFS, CERTIFICATES = "proofs", "certificates"  # folders of the evidence
ORDER = "CS06"
COLUMNS = (
    Column("device"),
    Column("before"),
    Column("after"),
    Column("image", gives_way=2),
    Column("blocks", right=True, gives_way=1),
    Column("signed", gives_way=3),
    Column("verdict"),
)


@app.command()
def demo(
    file: Annotated[
        Path | None, typer.Argument(help="A firmware binary or a ready OTA file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the evidence in this new folder.")
    ] = None,
    capture: CaptureOption = None,
    outcomes_to: OutcomesTo = None,
    outcomes_token_file: OutcomesToken = None,
    head_end: Annotated[
        bool,
        typer.Option(
            "--head-end", help="Have suppliers order by DUIS, and an operator by campaign."
        ),
    ] = False,
) -> None:
    """Deliver an image to an emulated PPMID, IHD, HCALCS and Communications Hub.

    Without FILE a sample firmware is built into an image for each of them. A PKI is made for the
    run: the supplier signs the image of the HCALCS and orders it by CS06 through the tunnel, and
    what the devices sign is kept with the certificates to check it by. Exit code 0: every device
    runs its image, byte for byte; 2: one does not, or FILE is damaged; 3: it cannot be read.

    With --head-end suppliers order firmware by signed requests over HTTP and are told what becomes of
    it, the operator updates the hub by campaign, and a supplier changes meanwhile, in under a minute.
    Exit code 0: the inventory says what every device runs, and all were told what they had to be.
    """
    if head_end:
        _refuse_with_head_end(file, capture, outcomes_to)
        _demo_head_end(keep, as_json=as_json)
    from emulators.demo.staging import sample_firmware, stage

    data = sample_firmware() if file is None else read_bounded(file)
    demonstration = stage(data, SAMPLE_NAME if file is None else str(file))
    outcomes_token(outcomes_to, outcomes_token_file)  # refuse it now, not in the end
    if outcomes_to is not None:
        require(HTTP, HTTP_OPTION)
    with _evidence(keep) as folder:
        endings = _perform(demonstration, folder, capture, quiet=as_json)
        _keep_proofs(demonstration, endings, folder)
        summary = _summary(demonstration, endings, file) | {
            "audit_head": audit_head(folder),
            "made": provenance().as_values(),
        }
        write_whole(folder / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())
        if as_json:
            typer.echo(json.dumps(summary, indent=2))
        else:
            _show(endings, folder)
            typer.echo(f"audit head: {summary['audit_head']}")
        waiting = _tell(folder, outcomes_to, outcomes_token_file)
    if as_json and keep is None and not waiting:
        shutil.rmtree(folder)  # nobody was told where it is
    raise typer.Exit(Exit.OK if summary["verdict"] == "delivered" else Exit.ERRORS)


def _tell(folder: Path, outcomes_to: str | None, token_file: Path | None) -> int:
    """Tell who is to hear of the outcomes; how many wait still."""
    if outcomes_to is None:
        return 0
    return tell_what_waits(outcomes_to, folder, virtual=True, token_file=token_file)


def _refuse_with_head_end(file: Path | None, capture: Path | None, told: str | None) -> None:
    given = (("FILE", file), ("--capture", capture), ("--outcomes-to", told))
    for name, value in given:
        if value is not None:
            raise LocalError(f"{name} has no part in a demonstration with --head-end: leave it out")


def _demo_head_end(keep: Path | None, *, as_json: bool) -> NoReturn:
    from emulators.cli.demo_head_end import demo_head_end

    with _evidence(keep) as folder:
        good = demo_head_end(folder, as_json=as_json)
    if as_json and keep is None:
        shutil.rmtree(folder)  # nobody was told where it is
    raise typer.Exit(Exit.OK if good else Exit.ERRORS)


def _keep_proofs(
    demonstration: "Demonstration", endings: "Sequence[DemoEnding]", folder: Path
) -> None:
    """Write down every signed message, and beside them the certificates to check them by."""
    for name in (PROOFS, CERTIFICATES):
        (folder / name).mkdir()
    for file in demonstration.certificates:
        write_whole(folder / CERTIFICATES / file.name, file.octets)
    for ending in endings:
        for number, proof in enumerate(ending.proofs, 1):
            path = folder / PROOFS / _proof_name(ending, number, proof)
            write_whole(path, (proof.message + "\n").encode())


def _proof_name(ending: "DemoEnding", number: int, proof: "DemoProof") -> str:
    return f"{ending.name.lower().replace(' ', '-')}-{number}-{proof.use_case.lower()}.hex"


@contextmanager
def _evidence(keep: Path | None) -> Iterator[Path]:
    """The folder for the evidence; a temporary one is gone if the demonstration breaks off."""
    if keep is not None:
        if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise LocalError(f"{keep}: is not an empty folder; name a new one for the evidence")
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="zota-demo-"))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _perform(
    demonstration: "Demonstration", folder: Path, capture: Path | None, *, quiet: bool
) -> "list[DemoEnding]":
    """Run the demonstration with its store, journal, outcomes and images in a folder."""
    from emulators.demo.demonstration import play
    from emulators.simulation.journal import Journal
    from ota_engine.store.store import DATABASE_NAME, Store
    from ota_engine.telling.dispatch import drain
    from ota_engine.telling.json_lines import SINK_NAME, JsonLinesSink

    for kind, image in demonstration.settings.firmware.new.items():
        write_whole(folder / f"type-{kind:04X}.zigbee", image)
    with (
        Store.open(folder / DATABASE_NAME, owner="zota demo", durable=False) as store,
        (folder / "journal.jsonl").open("wb") as lines,
        JsonLinesSink(folder / SINK_NAME) as sink,
        recording(capture) as record,
        _Stage(demonstration, quiet=quiet) as stage,
    ):
        endings = play(demonstration, store, Journal(lines.write), stage.watch, record)
        drain(store, sink)
    return endings


class _Stage(LiveScreen):
    """The screen: a live table in compressed time, sparse lines when piped, or nothing.

    Time runs slower while anything is being downloaded, because that is what people look at.
    """

    def __init__(self, demonstration: "Demonstration", *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._names = demonstration.names
        self._meter = RateMeter()
        busy, rest = demonstration.expected_seconds
        self._pace = {True: DOWNLOADS_FOR / busy, False: WAITS_FOR / rest}
        self._last: tuple[Monotonic, Sequence[SessionStatus]] = (Monotonic(0.0), ())
        self._owed = 0.0  # seconds of show until the next picture
        self._next_line = 0.0

    def _draw_last(self) -> None:
        self._draw()

    def watch(self, now: Monotonic, statuses: Sequence[SessionStatus]) -> None:
        """Show how far everybody is after so many virtual seconds."""
        self._meter.read(statuses, now)
        passed, self._last = now - self._last[0], (now, statuses)
        if self._live.is_started:
            self._owed += passed * self._pace[any(s.offset < s.size for s in statuses)]
            if self._owed >= 1 / FRAMES:
                self._draw()
                time.sleep(self._owed)
                self._owed = 0.0
        elif statuses and not self._quiet and now >= self._next_line:
            self._next_line = now + LINE_EVERY
            self._line(now, statuses)

    def _draw(self) -> None:
        now, statuses = self._last
        lines = stage_lines(now, statuses, self._names, self._meter, Room.of(sys.stdout))
        self._live.update(Group(*lines), refresh=True)

    def _line(self, now: Monotonic, statuses: Sequence[SessionStatus]) -> None:
        parts = [
            f"{self._names[status.device]} {status.state.value} {status.offset / status.size:.0%}"
            for status in statuses
        ]
        self._console.print(f"{duration(now):>8}  " + ", ".join(parts), soft_wrap=True)


def stage_lines(
    now: float,
    statuses: "Sequence[SessionStatus]",
    names: "Mapping[Eui64, str]",
    meter: RateMeter,
    room: Room,
) -> list[Text]:
    """How far everybody is after so many virtual seconds."""
    rows = [delivery(status, names[status.device], meter) for status in statuses]
    title = f"zota demo   virtual time {duration(now)}"
    return board(title, rows, meter.speed(statuses), room)


def _summary(
    demonstration: "Demonstration", endings: "Sequence[DemoEnding]", file: Path | None
) -> dict[str, object]:
    good = all(ending.verdict == "updated" and ending.byte_exact for ending in endings)
    return {
        "image": {
            "path": None if file is None else str(file),
            "kind": demonstration.kind,
            "size": demonstration.size,
            "sha256": demonstration.sha256,
        },
        "devices": [asdict(ending) for ending in endings],
        "verdict": "delivered" if good else "failed",
    }


def summary_lines(endings: "Sequence[DemoEnding]", width: int | None) -> list[Text]:
    """What every device ran before and runs now, in its own words."""
    rows = [_row(ending) for ending in endings]
    return [Text("what the devices run now"), *lay_out(COLUMNS, rows, width).lines()]


def _row(ending: "DemoEnding") -> TableRow:
    good = ending.verdict == "updated" and ending.byte_exact
    cells = (
        ending.name,
        _version(ending.version_before),
        _version(ending.version_after),
        ending.image_sha256[:8],
        str(ending.blocks),
        ", ".join(proof.use_case for proof in ending.proofs),
        Text(ending.verdict, style="green" if good else "red"),
    )
    return TableRow(cells, ending.reason)


def _show(endings: "Sequence[DemoEnding]", folder: Path) -> None:
    width = Room.of(sys.stdout).columns
    lines = summary_lines(endings, width)
    if all(ending.byte_exact for ending in endings):
        lines.append(Text("every device runs the delivered file, byte for byte"))
    for ending in endings:
        for number, proof in enumerate(ending.proofs, 1):
            if proof.use_case == ORDER:
                said = f"{ending.name} signed for it: {proof.said}"
                lines += map(Text, folded(said, width))
                path = folder / PROOFS / _proof_name(ending, number, proof)
                words = "zota", "gbcs", "decode", path, "--keystore", folder / CERTIFICATES
                lines += map(Text, command_lines("check that", command_line(*words), width))
    lines.append(Text(f"evidence: {folder}"))
    show(lines)


def _version(version: int | None) -> str:
    return "unknown" if version is None else f"0x{version:08X}"
