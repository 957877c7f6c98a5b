"""A supplier of the demonstration: asks over HTTP, and is brought what it is told; decides nothing.

Knows trio and the parts of a Service User. Everything it knows of the head end came as signed documents.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import trio
from cryptography.x509 import load_pem_x509_certificate

from emulators.demo.head_end.staging import DemoSupplier, HeadEndStage
from images.eui64 import Eui64
from ota_engine.duis.requests import RequestBody
from ota_engine.duis.responses import ServiceResponse
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.protection import check
from ota_engine.gbcs.verification import CheckResult
from ota_engine.service_user.book import DocumentBook
from ota_engine.service_user.client import ServiceUserClient, UserAnswer, UserSecrets
from ota_engine.service_user.listener import BroughtDocument, Listener, serve_listener
from ota_engine.service_user.making import (
    SupplierCredentials,
    change_of_supplier,
    made_request,
)
from ota_engine.service_user.saying import message_of
from ota_engine.service_user.state import UserFolder
from ota_engine.service_user.xml_keys import XmlKeys
from ota_engine.wall_clock import this_machine

HEARD_WITHIN_S: Final = 60.0  # for what is waited for; machines are busy
NEW: Final = "kept"
KNOWN: Final = "known"  # the same octets once more: nobody minds


class NotHeardError(Exception):
    """What a supplier waits for does not come.

    Attributes:
        reason: one line.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SupplierAtWork:
    """One supplier with its endpoint; ``at_work`` makes one.

    Attributes:
        who: it is.
        endpoint: URL that the head end is to know.
        heard: documents that were brought, in order.
        troubles: with documents, one line each.
    """

    def __init__(
        self,
        who: DemoSupplier,
        secrets: UserSecrets,
        credentials: SupplierCredentials,
        folder: UserFolder,
        watch: Callable[["SupplierAtWork", ServiceResponse], None],
    ) -> None:
        self.who = who
        self.endpoint = ""
        self.heard: list[ServiceResponse] = []
        self.troubles: list[str] = []
        self._secrets = secrets
        self._credentials = credentials
        self._folder = folder
        self._watch = watch
        self._news = trio.Event()

    def brought(self, brought: BroughtDocument) -> None:
        """Take note of what was brought."""
        if brought.what != NEW or brought.response is None:
            if brought.what != KNOWN:
                self.troubles.append(f"a document was {brought.what}: {brought.reason}")
            return
        message = message_of(brought.response)
        if message is not None:
            found = check(message, self._secrets.messages)
            if CheckResult.VALID not in (found.signature, found.mac):
                self.troubles.append("a message of a device is not signed by it")
        self.heard.append(brought.response)
        self._watch(self, brought.response)
        self._news.set()
        self._news = trio.Event()

    async def hear(self, wanted: Callable[[ServiceResponse], bool], what: str) -> None:
        """Wait until a document has come, in the past or from now on.

        Raises:
            NotHeardError: it does not come.
        """
        with trio.move_on_after(HEARD_WITHIN_S):
            while not any(map(wanted, self.heard)):
                await self._news.wait()
            return
        raise NotHeardError(f"{self.who.name} has not heard {what} within {HEARD_WITHIN_S:g} s")

    async def ask(self, url: str, body: RequestBody, device: Eui64 | None = None) -> UserAnswer:
        """Ask something of a head end, and give the last answer: of an 11.3 the second.

        Raises:
            ZotaError: there is no answer that counts.
        """
        async with self._client(url) as client:
            return await client.ask(body, device)

    async def gain(self, url: str, device: Eui64, mpxn: str) -> UserAnswer:
        """Put its own keys into a device that it supplies from now on (6.23).

        Raises:
            ZotaError: there is no answer that counts.
        """
        user, counter = self.who.user, self._counter()
        body = change_of_supplier(self._credentials, counter, mpxn)
        async with self._client(url) as client:
            return await client.send(made_request(user, counter, body, device))

    def _client(self, url: str) -> ServiceUserClient:
        return ServiceUserClient(
            url, self.who.user, self._secrets, self._counter, sent=self._folder.sent
        )

    def _counter(self) -> int:
        return self._folder.take_counter(self.who.user, this_machine())


@asynccontextmanager
async def at_work(
    who: DemoSupplier,
    stage: HeadEndStage,
    folder: Path,
    watch: Callable[[SupplierAtWork, ServiceResponse], None],
) -> AsyncIterator[SupplierAtWork]:
    """Have a supplier at work, with its endpoint served, for as long as the block.

    Args:
        who: it is.
        stage: has the keys.
        folder: in which what it remembers is kept.
        watch: is told of every document.
    """
    files = stage.held_by(who.user)
    keys = XmlKeys.read(files)
    secrets = UserSecrets(keys, Keystore.read(files))
    known = UserFolder(folder)
    signing, agreement, issuing = (
        load_pem_x509_certificate(files[f"{name}.pem"])
        for name in (f"{who.user:016x}-ds", f"{who.user:016x}-ka", "issuing")
    )
    credentials = SupplierCredentials(signing, agreement, (issuing,))
    supplier = SupplierAtWork(who, secrets, credentials, known, watch)
    with DocumentBook(known.documents) as book:
        listener = Listener(book, keys, user=who.user, watch=supplier.brought)
        async with serve_listener(listener) as url:
            supplier.endpoint = url
            yield supplier
