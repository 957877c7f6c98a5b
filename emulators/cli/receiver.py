"""``zota receiver``: be a receiver of outcomes, or send it what waits; decides nothing."""

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import trio
import typer

from ota_engine.cli.engines import HTTP
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.key_folder import read_key_folder
from ota_engine.cli.listening_options import AnswerDelay, FailStatus, OwnPort
from ota_engine.cli.outcomes_token import read_token
from ota_engine.cli.receiver import deliver
from ota_engine.cli.remarks import remark
from ota_engine.gbcs.keystore import Keystore
from ota_engine.wording import one_line

if TYPE_CHECKING:
    from emulators.receiver.server import Receiver, ReceiverFaults, Reception

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

DEFAULT_PORT = 7339
DEFAULT_RECORDS = Path("receiver.jsonl")
FORMER_RECORDS = Path("head-end.jsonl")  # whoever has it goes on with it: it knows what came before


@app.callback()
def receiver() -> None:
    """Receive outcomes over HTTP, or send what waits in a state directory."""


@app.command()
def listen(
    port: OwnPort = DEFAULT_PORT,
    records: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to keep one record per id (JSON lines).",
            show_default=str(DEFAULT_RECORDS),
        ),
    ] = None,
    fail: Annotated[
        int, typer.Option(min=0, metavar="N", help="Answer the first N letters with --status.")
    ] = 0,
    status: FailStatus = 503,
    close: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Then forget N letters, cutting the answer short."),
    ] = 0,
    lose_acks: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Then keep N letters, cutting the answer short."),
    ] = 0,
    delay: AnswerDelay = 0.0,
    keystore: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Verify every message with the keys in this folder."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Refuse whoever does not bear the token in this file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Be a receiver on the loopback interface until Ctrl-C: keep every outcome once, and say so.

    With --json the first line tells where it listens, and each further line of a letter.
    """
    require(HTTP, "receiver listen")
    from emulators.receiver.server import ReceiverFaults

    faults = ReceiverFaults(fail=fail, status=status, close=close, lose=lose_acks, delay=delay)
    keys = None if keystore is None else read_key_folder(keystore)
    secrets = keys, None if token_file is None else read_token(token_file)
    book = records or _default_records()
    if trio.run(_listen, port, book, faults, secrets, _Voice(as_json)) == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


app.command()(deliver)


def _default_records() -> Path:
    former = FORMER_RECORDS.exists() and not DEFAULT_RECORDS.exists()
    return FORMER_RECORDS if former else DEFAULT_RECORDS


# --- the receiver ---------------------------------------------------------------------------------


class _Voice:
    """Tells of letters as they come."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def open(self, url: str, receiver: "Receiver") -> None:
        book = receiver.book
        if self._as_json:
            self._say(json.dumps({"url": url, "records": str(book.path), "known": len(book)}))
            return
        remark(f"receiver at {url}, records in {book.path} ({len(book)} known); Ctrl-C ends it")

    def letter(self, taken: "Reception") -> None:
        if self._as_json:
            self._say(json.dumps(taken._asdict()))
            return
        status = "no answer" if taken.status is None else str(taken.status)
        words = (taken.what, status, taken.id, taken.proof, taken.reason)
        self._say(one_line("  ".join(word for word in words if word)))

    def close(self, receiver: "Receiver") -> None:
        if self._as_json:
            self._say(json.dumps({"stopped": True} | receiver.status()))
        else:
            remark("stopped")

    def _say(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


async def _listen(
    port: int,
    records: Path,
    faults: "ReceiverFaults",
    secrets: tuple[Keystore | None, str | None],
    voice: _Voice,
) -> int:
    from emulators.receiver.book import RecordBook
    from emulators.receiver.server import Receiver, serve_receiver

    with (
        RecordBook(records) as book,
        trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals,
    ):
        receiver = Receiver(book, faults, voice.letter, *secrets)
        async with serve_receiver(receiver, port) as url:
            voice.open(url, receiver)
            stopped_by = await anext(signals)
        voice.close(receiver)
    return stopped_by
