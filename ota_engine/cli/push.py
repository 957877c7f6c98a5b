"""``zota push``: delivers images to devices over a link and shows it; decides nothing."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from images.eui64 import Eui64
from ota_engine.cli import engine_options
from ota_engine.cli import push_options as options
from ota_engine.cli.captures import CaptureOption
from ota_engine.cli.engines import EngineChoice, run_engine
from ota_engine.cli.exits import Exit
from ota_engine.cli.image_intake import take_in_named
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.links import resolve
from ota_engine.cli.order_report import command_line
from ota_engine.cli.push_screen import PushScreen
from ota_engine.errors import LocalError
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.push.push import PushVerdict
from ota_engine.records import Activation, VersionPolicy

if TYPE_CHECKING:
    from ota_engine.hub.push.summary import Json
    from ota_engine.shell.push import PushRequest, PushResult
    from ota_engine.shell.service import Setup

app = typer.Typer()

_SEVERAL = "deliveries of an earlier push were"
PIPED_WIDTH = 110  # columns of a table that goes into a file


@app.command()
def push(
    link: options.LinkUrl,
    state: options.State,
    files: options.Files = None,
    device: options.Devices = None,
    everybody: options.Everybody = False,
    policy: options.Policy = VersionPolicy.UPGRADE,
    block_size: options.BlockSize = None,
    concurrency: options.Concurrency = options.DEFAULT_CONCURRENCY,
    at: options.At = None,
    no_activate: options.NoActivate = False,
    timeout: options.Timeout = options.NO_TIMEOUT,
    capture: CaptureOption = None,
    report: options.Report = None,
    resume: options.GoOn = False,
    keys: engine_options.MaybeKeys = None,
    head_end: engine_options.HeadEnd = None,
    as_json: AsJson = False,
) -> None:
    """Deliver images to devices, and wait until each reports what it runs.

    Each device is asked what it is first; one that no FILE fits is offered nothing. Exit code 0:
    every device reports the new version, or holds the image as it was told to; 2: one does not, or
    the command makes no sense; 3: a file, the link or the state folder cannot be opened; 130:
    stopped by Ctrl-C, and the last line says how to go on.
    """
    choice = resolve(link)
    _check(files or [], device or [], everybody, resume, at, no_activate)
    request = _request(
        files or [],
        None if everybody else tuple(Eui64(number) for number in device or []),
        policy,
        (block_size, concurrency),
        _activation(at, no_activate),
        at,
        timeout,
        state if resume else None,
    )
    if report is not None:
        capture = _evidence_folder(report, capture, resume)
    engine = EngineChoice(choice, state, keys=keys, head_end=head_end, capture=capture)
    with PushScreen(f"zota push   {choice.url}", quiet=as_json) as screen:
        result = _perform(engine, request, screen)
    summary = _summary(result, choice.url)
    if report is not None:
        _write_evidence(report, state, result, summary)
    _tell(result, summary, as_json)
    if report is not None and not as_json:
        typer.echo(f"evidence: {report}")
    if not as_json:
        _say_how_to_activate(result, engine)
    if result.ending.interrupted:
        _say_how_to_go_on(engine, block_size, concurrency)
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.OK if summary["verdict"] == "delivered" else Exit.ERRORS)


def _check(
    files: list[Path],
    devices: list[int],
    everybody: bool,
    resume: bool,
    at: float | None,
    no_activate: bool,
) -> None:
    """Refuse what contradicts itself."""
    if resume and (files or devices or everybody or at is not None or no_activate):
        raise LocalError(
            "--resume goes on with what was asked for before: leave out FILE, --device, --all, "
            "--at and --no-activate"
        )
    if not resume and not files:
        raise LocalError("nothing to push: name OTA files, or give --resume")
    if not resume and bool(devices) == everybody:
        raise LocalError("for whom? name devices with --device EUI64, or give --all")
    if at is not None and no_activate:
        raise LocalError("--at and --no-activate exclude each other")


def _activation(at: float | None, no_activate: bool) -> Activation:
    if no_activate:
        return Activation.WAIT
    return Activation.IMMEDIATE if at is None else Activation.AT


def _request(
    files: list[Path],
    devices: tuple[Eui64, ...] | None,
    policy: VersionPolicy,
    pace: tuple[int | None, int],
    activation: Activation,
    at: float | None,
    timeout: float,
    interrupted: Path | None,
) -> "PushRequest":
    from ota_engine.shell.push import NODE_RATE, NOTIFY_SPACING, PushRequest
    from ota_engine.shell.push_plan import load_plan

    block_size, concurrency = pace
    config = DeliveryConfig(
        block_size=block_size,
        concurrency=concurrency,
        notify_spacing=NOTIFY_SPACING,
        node_requests_per_second=NODE_RATE,
    )

    images = tuple(take_in_named(path) for path in files)
    plan = None if interrupted is None else load_plan(interrupted)
    return PushRequest(images, devices, policy, activation, at, config, timeout, plan)


def _perform(choice: EngineChoice, request: "PushRequest", screen: PushScreen) -> "PushResult":
    from ota_engine.shell.push import push as push_over

    async def perform(setup: "Setup") -> "PushResult":
        return await push_over(
            setup.link,
            setup.state,
            request,
            screen.watch,
            wall_clock=setup.wall_clock,
            virtual=setup.virtual,
            security=setup.security,
            sinks=setup.sinks,
        )

    return run_engine(choice, perform)


def _summary(result: "PushResult", url: str) -> "Json":
    from ota_engine.hub.push.summary import summarise

    return summarise(result.plan, result.images, result.standings, result.ending, url)


def _evidence_folder(folder: Path, capture: Path | None, resume: bool) -> Path:
    """Make the evidence folder; the capture goes there unless it has a place already."""
    from ota_engine.shell.evidence import CAPTURE_NAME, prepare_folder

    prepare_folder(folder)
    if capture is not None:
        return capture
    if not resume:
        (folder / CAPTURE_NAME).unlink(missing_ok=True)
    return folder / CAPTURE_NAME


def _write_evidence(folder: Path, state: Path, result: "PushResult", summary: "Json") -> None:
    from ota_engine.shell.evidence import write_evidence

    write_evidence(folder, state, result, summary)


def _tell(result: "PushResult", summary: "Json", as_json: bool) -> None:
    if result.stopped:
        said = "delivery of an earlier push was" if result.stopped == 1 else _SEVERAL
        typer.echo(f"zota: {result.stopped} {said} withdrawn", err=True)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    console = Console()
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    console.print(_verdicts(summary))
    for told in summary["devices"]:
        if told["reason"]:
            console.print(f"{told['device']}: {told['reason']}", soft_wrap=True, markup=False)


def _verdicts(summary: "Json") -> Table:
    """What every device ran before and runs now, in its own words."""
    table = Table(title="what the devices report", title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("device", "before", "after", "image sha256", "blocks", "again", "verdict"):
        right = heading in ("blocks", "again")
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for told in summary["devices"]:
        table.add_row(
            told["device"],
            told["version_before"] or "unknown",
            told["version_after"] or "unknown",
            (told["image"] or "")[:12],
            str(told["blocks"]),
            str(told["retries"]),
            told["verdict"],
        )
    return table


def _say_how_to_activate(result: "PushResult", engine: EngineChoice) -> None:
    """With keys at hand: the command that orders each device that waits for one."""
    for standing in result.standings:
        if standing.verdict is not PushVerdict.AWAITING or standing.session is None:
            continue
        digest = result.images[standing.session.sha256].manufacturer_image_hash
        if engine.keys is not None and digest:
            words = (*_engine_words("activate", engine), "--device", f"{standing.device:016x}")
            typer.echo(f"to have it run: {command_line(*words, '--hash', digest)}")


def _engine_words(command: str, engine: EngineChoice, *flags: str) -> list[object]:
    words = ["zota", command, *flags, "--link", engine.link.url, "--state", engine.state]
    if engine.keys is not None:
        words += ["--keys", engine.keys]
    if engine.head_end is not None:
        words += ["--head-end", engine.head_end]
    return words


def _say_how_to_go_on(engine: EngineChoice, block_size: int | None, concurrency: int) -> None:
    words = _engine_words("push", engine, "--resume")
    if block_size is not None:
        words += ["--block-size", block_size]
    if concurrency != options.DEFAULT_CONCURRENCY:
        words += ["--concurrency", concurrency]
    typer.echo(f"zota: stopped; to go on: {command_line(*words)}", err=True)
