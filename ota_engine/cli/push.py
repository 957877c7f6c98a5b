"""``zota push``: delivers images to devices over a link and shows it; decides nothing."""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from images.catalogue import Terms
from images.catalogue.status import ImageStatus
from ota_engine.cli import engine_options
from ota_engine.cli import push_options as options
from ota_engine.cli.again import ARGUMENTS, as_typed, command_line
from ota_engine.cli.catalogue_options import DEFAULT_FOLDER
from ota_engine.cli.columns import say_command
from ota_engine.cli.engines import EngineChoice, run_engine, token_words
from ota_engine.cli.exits import Exit
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.links import resolve
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.outcomes_token import OutcomesToken
from ota_engine.cli.provenance import provenance
from ota_engine.cli.push_report import print_report
from ota_engine.cli.push_screen import PushScreen
from ota_engine.cli.remarks import remark
from ota_engine.errors import LocalError
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.push.verdict import PushVerdict
from ota_engine.records import Activation, ImageTerms, VersionPolicy
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from ota_engine.catalogue.picking import Picked
    from ota_engine.hub.push.report import PushReport
    from ota_engine.shell.push import PushRequest, PushResult
    from ota_engine.shell.service import Setup

app = typer.Typer()

_SEVERAL = "deliveries of an earlier push were"
#: What a push remembers, and ``--resume`` stands for.
_REMEMBERED: Final = (
    ARGUMENTS,
    "--device",
    "--all",
    "--catalogue",
    "--policy",
    "--override",
    "--in-order",
    "--expect-version",
    "--at",
    "--no-activate",
)


@app.command()
@grouped
def push(
    context: typer.Context,
    link: options.LinkUrl,
    state: options.State,
    asked: options.PushOptions,
    keys: engine_options.MaybeKeys = None,
    outcomes_to: engine_options.OutcomesTo = None,
    outcomes_token_file: OutcomesToken = None,
    as_json: AsJson = False,
) -> None:
    """Deliver images to devices, and wait until each reports what it runs.

    Each device is asked what it is first; one that no image fits is offered nothing. Exit code 0:
    every device reports the new version, or holds the image as it was told to; 2: one does not, or
    the command makes no sense; 3: a file, the link or the state folder cannot be opened; 130:
    stopped by Ctrl-C, and the last line says how to go on.
    """
    choice = resolve(link)
    _check(asked)
    request = _request(asked, state)
    report, capture = asked.report, asked.capture
    if report is not None:
        capture = _evidence_folder(report, capture, asked.resume)
    if asked.dry_run:  # nothing is signed, and nobody is told of anything
        keys = outcomes_to = outcomes_token_file = None
    engine = EngineChoice(
        choice,
        state,
        _config(asked),
        keys=keys,
        outcomes_to=outcomes_to,
        capture=capture,
        outcomes_token=outcomes_token_file,
    )
    with PushScreen(f"zota push   {choice.url}", quiet=as_json) as screen:
        result = _perform(engine, request, screen)
    told = _report_of(result, choice.url)
    _tell(told, as_json)
    if report is not None:  # what cannot be written must not keep the verdicts back
        _write_evidence(report, state, result, told)
        _copy_capture(capture, report)
    if report is not None and not as_json:
        typer.echo(f"evidence: {report}")
    if not as_json:
        _say_how_to_activate(result, engine)
    if result.ending.interrupted and not asked.dry_run:
        again = as_typed(context, {"--resume": None}, _REMEMBERED)
        say_command("zota: stopped; to go on", again, sys.stderr)
    if result.ending.interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.OK if told.good else Exit.ERRORS)


def _check(asked: options.PushOptions) -> None:
    """Refuse what contradicts itself."""
    new = (*asked.names, *asked.devices, *asked.overrides, asked.everybody, asked.no_activate)
    if asked.resume and (any(new) or asked.at is not None or asked.in_order or asked.dry_run):
        raise LocalError(
            "--resume goes on with what was asked for before: leave out FILE, --device, --all, "
            "--at, --no-activate, --override, --in-order and --dry-run"
        )
    if asked.expect_version is not None and (asked.resume or len(asked.names) != 1):
        raise LocalError("--expect-version is for one FILE: push each that needs it by itself")
    if asked.resume and asked.policy is not VersionPolicy.UPGRADE:
        raise LocalError("--resume keeps the terms of the push it goes on with: leave out --policy")
    if asked.dry_run and (asked.at is not None or asked.no_activate):
        raise LocalError("--dry-run offers nothing: leave out --at and --no-activate")
    if not asked.resume and not asked.names and asked.catalogue is None:
        raise LocalError("nothing to push: name OTA files, give --catalogue, or give --resume")
    if not asked.resume and bool(asked.devices) == asked.everybody:
        raise LocalError("for whom? name devices with --device EUI64, or give --all")
    if asked.at is not None and asked.no_activate:
        raise LocalError("--at and --no-activate exclude each other")


def _activation(asked: options.PushOptions) -> Activation:
    if asked.no_activate:
        return Activation.WAIT
    return Activation.IMMEDIATE if asked.at is None else Activation.AT


def _request(asked: options.PushOptions, state: Path) -> "PushRequest":
    from ota_engine.catalogue.picking import open_catalogue, pick
    from ota_engine.shell.push import PushRequest
    from ota_engine.shell.push_plan import require_unfinished

    if asked.resume:
        require_unfinished(state)
        return PushRequest(timeout=asked.timeout, resume=True)
    picked = pick(
        asked.names,
        open_catalogue(asked.catalogue, DEFAULT_FOLDER),
        tuple(one.term for one in asked.overrides),
        this_machine(),
        everything=asked.catalogue is not None,
    )
    return PushRequest(
        images=tuple(one.image for one in picked),
        devices=None if asked.everybody else asked.devices,
        policy=asked.policy,
        activation=_activation(asked),
        activation_utc=asked.at,
        timeout=asked.timeout,
        terms=tuple(_terms(picked, asked.expect_version)),
        sources={one.image.sha256: str(one.source) for one in picked},
        overrides=asked.overrides,
        in_order=asked.in_order,
        dry=asked.dry_run,
    )


def _terms(picked: "Iterable[Picked]", expected: int | None) -> "Iterator[ImageTerms]":
    """The terms of the images: of the catalogue, and what devices are said to report."""
    for one in picked:
        terms = one.terms
        if expected is not None:
            terms = terms or ImageTerms(one.image.sha256, ImageStatus.APPROVED, Terms())
            terms = replace(terms, terms=replace(terms.terms, reports=expected))
        if terms is not None:
            yield terms


def _config(asked: options.PushOptions) -> DeliveryConfig:
    from ota_engine.shell.push import NODE_RATE, NOTIFY_SPACING

    return DeliveryConfig(
        block_size=asked.block_size,
        concurrency=asked.concurrency,
        notify_spacing=NOTIFY_SPACING,
        node_requests_per_second=NODE_RATE,
    )


def _perform(choice: EngineChoice, request: "PushRequest", screen: PushScreen) -> "PushResult":
    from ota_engine.shell.push import push as push_over

    async def perform(setup: "Setup") -> "PushResult":
        return await push_over(setup, request, screen.watch)

    return run_engine(choice, perform)


def _report_of(result: "PushResult", url: str) -> "PushReport":
    from ota_engine.hub.push.report import report_of

    return report_of(result.facts, url)


def _evidence_folder(folder: Path, capture: Path | None, resume: bool) -> Path:
    """Make the evidence folder; the capture goes there unless it has a place already."""
    from ota_engine.shell.evidence import CAPTURE_NAME, prepare_folder

    prepare_folder(folder)
    if capture is not None:
        return capture
    if not resume:
        (folder / CAPTURE_NAME).unlink(missing_ok=True)
    return folder / CAPTURE_NAME


def _write_evidence(folder: Path, state: Path, result: "PushResult", told: "PushReport") -> None:
    from ota_engine.shell.evidence import write_evidence

    write_evidence(folder, state, result, told, provenance())


def _copy_capture(capture: Path | None, folder: Path) -> None:
    """Put a capture that was kept elsewhere into the evidence folder, too."""
    from ota_engine.shell.evidence import CAPTURE_NAME

    kept = folder / CAPTURE_NAME
    if capture is not None and capture.is_file() and capture.resolve() != kept.resolve():
        shutil.copyfile(capture, kept)


def _tell(told: "PushReport", as_json: bool) -> None:
    if told.withdrawn:
        said = "delivery of an earlier push was" if told.withdrawn == 1 else _SEVERAL
        remark(f"{told.withdrawn} {said} withdrawn")
    if as_json:
        typer.echo(json.dumps(told.as_values() | {"made": provenance().as_values()}, indent=2))
    else:
        print_report(told)


def _say_how_to_activate(result: "PushResult", engine: EngineChoice) -> None:
    """With keys at hand: the command that orders each device that waits for one."""
    for standing in result.standings:
        if standing.verdict is not PushVerdict.AWAITING or standing.session is None:
            continue
        digest = result.images[standing.session.sha256].manufacturer_image_hash
        if engine.keys is not None and digest:
            words = (*_engine_words(engine), "--device", f"{standing.device:016x}")
            say_command("to have it run", command_line(*words, "--hash", digest))


def _engine_words(engine: EngineChoice) -> list[object]:
    words: list[object] = ["zota", "activate", "--link", engine.link.url, "--state", engine.state]
    words += ["--keys", engine.keys]
    if engine.outcomes_to is not None:
        words += ["--outcomes-to", engine.outcomes_to, *token_words(engine.outcomes_token)]
    return words
