"""``zota head-end``: reads options, receives or sends letters, prints; decides nothing."""

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import trio
import typer

from ota_engine.cli.exits import Exit
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.key_folder import read_key_folder
from ota_engine.cli.push_options import duration
from ota_engine.errors import LocalError
from ota_engine.gbcs.keystore import Keystore
from ota_engine.wording import one_line

if TYPE_CHECKING:
    from emulators.receiver.server import HeadEnd, HeadEndFaults, Reception
    from ota_engine.telling.dispatch import Dispatched

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

DEFAULT_PORT = 7339
DEFAULT_RECORDS = Path("head-end.jsonl")
DEFAULT_TIMEOUT = 60.0  # seconds


@app.callback()
def head_end() -> None:
    """Receive outcomes over HTTP as a head end would, or send what waits in a state directory."""


@app.command()
def listen(
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=0xFFFF,
            metavar="PORT",
            help="Of the loopback interface; 0: any that is free.",
        ),
    ] = DEFAULT_PORT,
    records: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to keep one record per id (JSON lines).")
    ] = DEFAULT_RECORDS,
    fail: Annotated[
        int, typer.Option(min=0, metavar="N", help="Answer the first N letters with --status.")
    ] = 0,
    status: Annotated[
        int, typer.Option(min=300, max=599, metavar="CODE", help="The HTTP status for --fail.")
    ] = 503,
    close: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Then forget N letters, cutting the answer short."),
    ] = 0,
    lose_acks: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Then keep N letters, cutting the answer short."),
    ] = 0,
    delay: Annotated[
        float,
        typer.Option(
            parser=duration,
            metavar="TIME",
            help="Wait before every answer: 2s, 1m.",
            show_default="none",
        ),
    ] = 0.0,
    keystore: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Verify every message with the keys in this folder."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Be a head end on the loopback interface until Ctrl-C: keep every outcome once, and say so.

    With --json the first line tells where it listens, and each further line of a letter.
    """
    _require_libraries()
    from emulators.receiver.server import HeadEndFaults

    faults = HeadEndFaults(fail=fail, status=status, close=close, lose=lose_acks, delay=delay)
    keys = None if keystore is None else read_key_folder(keystore)
    trio.run(_listen, port, records, faults, keys, _Voice(as_json))


@app.command()
def deliver(
    url: Annotated[str, typer.Argument(metavar="URL", help="Of the head end, where to post.")],
    state: Annotated[
        Path, typer.Option("--state", metavar="DIR", help="The state directory of an engine.")
    ],
    timeout: Annotated[
        float,
        typer.Option(
            parser=duration, metavar="TIME", help="When to stop trying.", show_default="1m"
        ),
    ] = DEFAULT_TIMEOUT,
    as_json: AsJson = False,
) -> None:
    """Send every outcome of a state directory that the head end has not accepted yet.

    The engine must not be running; a running one is given the URL itself. Exit code 0: the head end
    has them all, 2: some wait still or are dead letters, 3: the database cannot be opened or is in
    use.
    """
    _require_libraries()
    from ota_engine.store.location import DATABASE_NAME

    done = trio.run(_deliver, state / DATABASE_NAME, url, timeout, _complain)
    if as_json:
        typer.echo(json.dumps(done._asdict()))
    else:
        typer.echo(
            f"{done.delivered} delivered, {done.waiting} still waiting, {done.dead} dead letters"
        )
    raise typer.Exit(Exit.ERRORS if done.waiting or done.dead else Exit.OK)


async def _deliver(
    database: Path, url: str, seconds: float, report: Callable[[str], None]
) -> "Dispatched":
    from ota_engine.telling.dispatch import dispatch
    from ota_engine.telling.http_sink import HttpSink

    async with HttpSink(url) as sink:
        return await dispatch(database, sink, seconds=seconds, wall_clock=time.time, report=report)


def _require_libraries() -> None:
    """Say what to install, before anything else goes wrong.

    Raises:
        LocalError: a library is missing.
    """
    try:
        import httpx  # noqa: F401
        import hypercorn  # noqa: F401
        import starlette  # noqa: F401
    except ModuleNotFoundError as error:
        raise LocalError(f"a head end needs {error.name}: pip install 'zota[head-end]'") from error


def _complain(line: str) -> None:
    typer.echo(f"zota: {line}", err=True)


# --- the receiver ---------------------------------------------------------------------------------


class _Voice:
    """Tells of letters as they come."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def open(self, url: str, head_end: "HeadEnd") -> None:
        book = head_end.book
        if self._as_json:
            self._say(json.dumps({"url": url, "records": str(book.path), "known": len(book)}))
            return
        _complain(f"head end at {url}, records in {book.path} ({len(book)} known); Ctrl-C ends it")

    def letter(self, taken: "Reception") -> None:
        if self._as_json:
            self._say(json.dumps(taken._asdict()))
            return
        status = "no answer" if taken.status is None else str(taken.status)
        words = (taken.what, status, taken.id, taken.proof, taken.reason)
        self._say(one_line("  ".join(word for word in words if word)))

    def close(self, head_end: "HeadEnd") -> None:
        if self._as_json:
            self._say(json.dumps({"stopped": True} | head_end.status()))
        else:
            _complain("stopped")

    def _say(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


async def _listen(
    port: int, records: Path, faults: "HeadEndFaults", keys: Keystore | None, voice: _Voice
) -> None:
    from emulators.receiver.book import RecordBook
    from emulators.receiver.server import HeadEnd, serve_head_end

    with (
        RecordBook(records) as book,
        trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals,
    ):
        head_end = HeadEnd(book, faults, voice.letter, keys)
        async with serve_head_end(head_end, port) as url:
            voice.open(url, head_end)
            await anext(signals)
        voice.close(head_end)
