"""``zota duis listen``: be where a user is brought responses and alerts; decides nothing."""

import json
import signal
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Self

import typer

from ota_engine.cli.duis_keys import (
    DUIS,
    DccCertificate,
    Unsigned,
    UserKeys,
    read_secrets,
)
from ota_engine.cli.duis_make import DEFAULT_STATE, User, UserState
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.listening_options import AnswerDelay, FailStatus, OwnPort
from ota_engine.cli.option_groups import grouped

if TYPE_CHECKING:
    from ota_engine.cli.duis_screen import ListeningScreen
    from ota_engine.gbcs.keystore import Keystore
    from ota_engine.service_user.listener import BroughtDocument, Listener
    from ota_engine.service_user.state import UserFolder

DEFAULT_PORT: Final = 8081


class FaultOptions(NamedTuple):
    """What goes wrong on purpose, one after the other; the fields of ``ListenerFaults``."""

    fail: Annotated[
        int, typer.Option(min=0, metavar="N", help="Answer the first N documents with --status.")
    ] = 0
    status: FailStatus = 503
    redirect: Annotated[
        int, typer.Option(min=0, metavar="N", help="Then send N documents elsewhere, by 307.")
    ] = 0
    redirect_to: Annotated[str, typer.Option(metavar="URL", help="Where to.")] = (
        "http://127.0.0.1:1/"
    )
    close: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Then forget N documents, cutting the answer short."),
    ] = 0
    lie: Annotated[
        int, typer.Option(min=0, metavar="N", help="Then acknowledge N documents and forget them.")
    ] = 0
    lose_acks: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Then keep N documents, cutting the answer short."),
    ] = 0
    delay: AnswerDelay = 0.0


@grouped
def listen_command(
    *,
    port: OwnPort = DEFAULT_PORT,
    keys: UserKeys = None,
    dcc: DccCertificate = None,
    unsigned: Unsigned = False,
    user: User = None,
    state: UserState = DEFAULT_STATE,
    faults: FaultOptions,
    as_json: AsJson = False,
) -> None:
    """Receive responses and alerts until Ctrl-C: verify, decode and keep each once, and show it.

    The URL it says is what the head end has to know as the user's endpoint. With --keys documents
    must be signed by the DCC, and messages of devices are verified, too; without, nothing is. With
    --user documents for others are refused. With --json the first line tells where it listens, and
    each further line of a document.
    """
    require(DUIS, "duis listen")
    import trio

    from ota_engine.cli.duis_screen import ListeningScreen
    from ota_engine.service_user.book import DocumentBook
    from ota_engine.service_user.listener import Listener, ListenerFaults
    from ota_engine.service_user.state import UserFolder

    secrets = read_secrets(keys, dcc=dcc)
    folder = UserFolder(state)
    with DocumentBook(folder.documents) as book:
        voice = (_JsonVoice if as_json else ListeningScreen)(folder, secrets.messages)
        listener = Listener(
            book,
            None if keys is None and not dcc else secrets.documents,
            user=user,
            unsigned=unsigned,
            faults=ListenerFaults(*faults),
            watch=voice.brought,
        )
        if trio.run(_listen, listener, port, voice) == signal.SIGINT:
            raise typer.Exit(Exit.INTERRUPTED)


async def _listen(listener: "Listener", port: int, voice: "_JsonVoice | ListeningScreen") -> int:
    import trio

    from ota_engine.service_user.listener import serve_listener

    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with serve_listener(listener, port) as url:
            voice.open(url, listener)
            with voice:
                stopped_by = await anext(signals)
        voice.close(listener)
    return stopped_by


class _JsonVoice:
    """Tells of documents in JSON lines."""

    def __init__(self, folder: "UserFolder", keys: "Keystore") -> None:
        self._keys = keys

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def open(self, url: str, listener: "Listener") -> None:
        book = listener.book
        self._say(
            {
                "url": url,
                "documents": str(book.path),
                "known": len(book),
                "verifies": listener.verifies,
            }
        )

    def brought(self, brought: "BroughtDocument") -> None:
        from ota_engine.service_user.saying import document_facts

        response = brought.response
        self._say(
            {
                "what": brought.what,
                "status": brought.status,
                "reason": brought.reason,
                "signature": None if brought.signature is None else str(brought.signature),
                "document": None if response is None else document_facts(response, self._keys),
            }
        )

    def close(self, listener: "Listener") -> None:
        self._say({"stopped": True} | listener.status())

    def _say(self, facts: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
