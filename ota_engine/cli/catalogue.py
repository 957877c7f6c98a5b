"""``zota catalogue``: reads options and files, asks the catalogue room, prints; decides nothing."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from images import ImageError, Report
from images.catalogue import CatalogueEntry, StatusDecision, Terms, fits, route, suits
from images.catalogue.indexes import IndexForm
from images.judging.settings import JudgingSettings
from images.rules.policy import sift
from ota_engine.catalogue import desk
from ota_engine.catalogue.export import chosen, release_folder, release_index
from ota_engine.catalogue.folder import Catalogue, Writing
from ota_engine.catalogue.intake import UNNAMED, label, printable, read_once
from ota_engine.catalogue.takeover import TakenOver, find_index, take_over
from ota_engine.cli import catalogue_options as option
from ota_engine.cli import catalogue_report as report
from ota_engine.cli import image_options as image
from ota_engine.cli.columns import Room
from ota_engine.cli.exits import Exit
from ota_engine.cli.files import write_whole
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put, remark
from ota_engine.errors import LocalError
from ota_engine.wall_clock import this_machine

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def catalogue() -> None:
    """Keep released images: what they are, whom they are for, whether they may be served."""


@app.command("add")
@grouped
def add_command(
    files: option.Files,
    judging: image.JudgingOptions,
    folder: option.Folder = option.DEFAULT_FOLDER,
    base: option.Bases = None,
    hw_min: option.HardwareMinimum = None,
    hw_max: option.HardwareMaximum = None,
    model: option.Models = None,
    maker: option.Makers = None,
    notes: option.Notes = "",
    by: option.By = None,
    override: option.Override = "",
    allow_clash: option.AllowClash = "",
    as_json: option.AsJson = False,
) -> None:
    """List OTA files as drafts, after judging them by the rules of 'zota image validate'."""
    terms = Terms(
        bases=option.read_bases(base),
        hardware=option.read_hardware(hw_min, hw_max),
        models=tuple(model or ()),
        makers=tuple(maker or ()),
        notes=notes.strip(),
    )
    bearer = _bearer(by, override, allow_clash)
    settings = judging.settings()
    with Catalogue.made(folder).writing() as writing:
        taken = [_add(writing, file, terms, bearer, settings) for file in files]
    _show_taken(taken, as_json)


def _bearer(by: str | None, override: str = "", allow_clash: str = "") -> desk.Bearer:
    who = option.read_who(by)
    return desk.Bearer(who, this_machine(), override.strip(), allow_clash.strip())


def _add(
    writing: Writing,
    file: Path,
    terms: Terms,
    bearer: desk.Bearer,
    settings: JudgingSettings,
) -> TakenOver:
    def judge(data: bytes, _: str) -> Report:
        return _judged(settings, file.as_posix(), data)

    try:
        data = read_once(file)
    except OSError as error:
        return TakenOver(
            str(file), None, reason=error.strerror or "cannot be read", unreadable=True
        )
    except ImageError as error:
        return TakenOver(str(file), None, reason=error.reason.removeprefix(f"{label(file.name)}: "))
    source = printable(file.as_posix()) or UNNAMED
    try:
        added = desk.add(writing, data, file.name, source, terms, bearer, judge)
    except (ImageError, LocalError) as error:
        return TakenOver(str(file), None, reason=str(error))
    return TakenOver(str(file), added.entry, added.known)


def _judged(settings: JudgingSettings, path: str, data: bytes) -> Report:
    return sift(path, settings.judge(path, data), settings.policy)


def _show_taken(taken: list[TakenOver], as_json: bool) -> None:
    if as_json:
        report.print_json(report.taken_as_json(taken))
    else:
        report.print_taken(taken)
    if any(one.unreadable for one in taken):
        raise typer.Exit(Exit.UNREADABLE)
    refused = any(one.entry is None for one in taken)
    raise typer.Exit(Exit.ERRORS if refused else Exit.OK)


@app.command("list")
def list_command(
    folder: option.Folder = option.DEFAULT_FOLDER,
    status: option.StatusOnly = None,
    running: option.Running = None,
    device_hw: image.DeviceHardware = None,
    whole: option.Whole = False,
    as_json: option.AsJson = False,
) -> None:
    """List images, those that clash marked; --running and --device-hw show what fits a device.

    On a terminal with fewer lines, those withdrawn are counted only.
    """
    everything = Catalogue(folder).entries()
    wanted = [
        entry
        for entry in everything
        if (status is None or entry.status is status)
        and (device_hw is None or suits(entry, device_hw))
        and (running is None or fits(entry, running, device_hw))
    ]
    if as_json:
        report.print_json(report.list_as_json(wanted, everything))
    else:
        report.print_list(
            wanted, everything, Room.of(sys.stdout), whole=whole or status is not None
        )


@app.command("show")
def show_command(
    name: option.Image,
    folder: option.Folder = option.DEFAULT_FOLDER,
    as_json: option.AsJson = False,
) -> None:
    """Show everything about one image, its history included."""
    everything = Catalogue(folder).entries()
    entry = desk.find(everything, name)
    if as_json:
        report.print_json(*report.list_as_json([entry], everything))
    else:
        report.print_entry(entry, everything)


@app.command("route")
def route_command(
    manufacturer: image.Manufacturer,
    image_type: image.ImageType,
    running: Annotated[
        int, typer.Option(parser=image.number, metavar="V", help="The version the device runs.")
    ],
    folder: option.Folder = option.DEFAULT_FOLDER,
    device_hw: image.DeviceHardware = None,
    as_json: option.AsJson = False,
) -> None:
    """Find the approved images to apply, in order, to come to the newest version."""
    ours = [
        entry
        for entry in Catalogue(folder).entries()
        if (entry.manufacturer_code, entry.image_type) == (manufacturer, image_type)
    ]
    steps = route(ours, running, device_hw)
    if as_json:
        found = None if steps is None else report.list_as_json(steps, ours)
        report.print_json(found)
    if steps is None:
        raise LocalError(
            f"no way from {running:#010x} to the newest approved image: see the versions they may "
            "be applied to with 'zota catalogue list'"
        )
    if not as_json:
        for entry in steps:
            put(f"{entry.name}  {entry.sha256[: report.DIGITS]}  {entry.header_string}")
        put(f"{len(steps)} steps" if steps else "nothing newer is approved for it")


@app.command("approve")
def approve_command(
    names: option.Images,
    folder: option.Folder = option.DEFAULT_FOLDER,
    by: option.By = None,
    reason: option.Reason = "",
    as_json: option.AsJson = False,
) -> None:
    """Let images be released; one that is refused leaves the others alone."""
    _decide(folder, names, StatusDecision.APPROVE, by, reason, as_json)


@app.command("withdraw")
def withdraw_command(
    names: option.Images,
    folder: option.Folder = option.DEFAULT_FOLDER,
    by: option.By = None,
    reason: option.Reason = "",
    as_json: option.AsJson = False,
) -> None:
    """Take images back: they stay listed, and are released no more."""
    _decide(folder, names, StatusDecision.WITHDRAW, by, reason, as_json)


def _decide(
    folder: Path,
    names: list[str],
    order: StatusDecision,
    by: str | None,
    reason: str,
    as_json: bool,
) -> None:
    bearer = _bearer(by)
    _each(
        folder,
        names,
        lambda writing, name: desk.decide(writing, name, order, bearer, reason),
        as_json,
    )


def _each(
    folder: Path,
    names: list[str],
    act: Callable[[Writing, str], CatalogueEntry],
    as_json: bool,
    done: str = "",
) -> None:
    """Do one thing to every image named, in one go; tell of each what became of it.

    Raises:
        LocalError: one image was named, and is refused.
        ImageError: likewise.
    """
    changed: list[CatalogueEntry] = []
    refused: list[str] = []
    with Catalogue(folder).writing() as writing:
        for name in dict.fromkeys(names):
            try:
                changed.append(act(writing, name))
            except (ImageError, LocalError) as error:
                if len(names) == 1:
                    raise
                refused.append(str(error))
    if as_json:
        shown = [report.entry_as_json(entry) for entry in changed]
        report.print_json(shown[0] if len(names) == 1 else shown)
    else:
        for entry in changed:
            put(f"{entry.name} {entry.sha256[: report.DIGITS]} {done or entry.status}")
    for reason in refused:
        remark(reason)
    if len(names) > 1 and not as_json:
        put(f"{len(changed)} {done or 'changed'}, {len(refused)} refused")
    if refused:
        raise typer.Exit(Exit.ERRORS)


@app.command("remove")
def remove_command(
    names: option.Images,
    folder: option.Folder = option.DEFAULT_FOLDER,
    as_json: option.AsJson = False,
) -> None:
    """Forget drafts or withdrawn images, their octets included."""
    _each(folder, names, desk.remove, as_json, "removed")


@app.command("export")
def export_command(
    target: option.Target,
    folder: option.Folder = option.DEFAULT_FOLDER,
    form: option.FormChoice = option.Form.FOLDER,
    base_url: option.BaseUrl = "",
    drafts: option.Drafts = False,
    force: option.Force = False,
    as_json: option.AsJson = False,
) -> None:
    """Release approved images: a folder with files and indexes, or one index of files elsewhere."""
    opened = Catalogue(folder)
    entries = chosen(opened.entries(), drafts=drafts)
    if form is option.Form.FOLDER:
        released = release_folder(opened, entries, target, base_url, force=force)
    else:
        if not base_url:
            raise typer.BadParameter("one index alone needs --base-url: where the files are")
        reader: IndexForm = "zigpy" if form is option.Form.ZIGPY else "zigbee2mqtt"
        text, released = release_index(opened, entries, reader, base_url)
        if str(target) == "-":
            typer.echo(text.decode(), nl=False)
            report.warn_release(released)
            return
        write_whole(target, text, force=force)
    if as_json:
        report.print_json(report.release_as_json(str(target), released))
    else:
        count = len(released.images)
        put(f"{target}: {count} image{'' if count == 1 else 's'}")
        for hint in released.hints:
            put(hint)
        report.warn_release(released)


@app.command("import")
@grouped
def import_command(
    index: option.Index,
    judging: image.JudgingOptions,
    folder: option.Folder = option.DEFAULT_FOLDER,
    files: option.FilesFolder = None,
    by: option.By = None,
    override: option.Override = "",
    allow_clash: option.AllowClash = "",
    as_json: option.AsJson = False,
) -> None:
    """List the files of an index as drafts; files are read beside it, nothing is ever fetched."""
    found = find_index(index)
    settings = judging.settings()
    bearer = _bearer(by, override, allow_clash)

    def judge(data: bytes, name: str) -> Report:
        return _judged(settings, name, data)

    def taking(writing: Writing) -> Iterator[TakenOver]:
        return take_over(writing, found, files or found.parent, bearer, judge)

    with Catalogue.made(folder).writing() as writing:
        taken = list(taking(writing))
    _show_taken(taken, as_json)


@app.command("check")
def check_command(
    folder: option.Folder = option.DEFAULT_FOLDER, as_json: option.AsJson = False
) -> None:
    """Look at every record and every octet without changing any. Exit code 2: defects found."""
    defects = list(Catalogue(folder).check())
    if as_json:
        report.print_json([defect._asdict() for defect in defects])
    else:
        for defect in defects:
            put(f"{defect.where}: {defect.problem}")
        put("DEFECTS FOUND" if defects else "sound")
    raise typer.Exit(Exit.ERRORS if defects else Exit.OK)
