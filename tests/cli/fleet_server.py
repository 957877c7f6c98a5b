"""A server for a fleet's state folder, beside a test that is no coroutine: the API on a loopback port."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.applications import Starlette

from ota_engine.fleet.access.rows import Account
from ota_engine.fleet.fleet import Fleet
from ota_engine.head_end.access.desk import AccessDesk
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.tokens import TokenWish, make_token
from ota_engine.head_end.api.door import ApiDoor
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.rooms import DeskRoom, ReadingRoom
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.store.fleet.book import FleetStore
from ota_engine.telling.serving import Place, TlsFiles, serving
from ota_engine.wall_clock import this_machine
from tests.fleet.databases import place_in


class FleetServer:
    """The API of a fleet, for as long as the block.

    Args:
        state: the state folder.
        app: what is served in place of the API.
        tls: how it shows who it is; None for plain HTTP.

    Attributes:
        url: where it is.
        logs: what it logged.
    """

    def __init__(
        self, state: Path, app: Starlette | None = None, tls: TlsFiles | None = None
    ) -> None:
        self._state, self._other, self._tls = state, app, tls
        self._ready = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._serve,))
        self._trio: trio.lowlevel.TrioToken | None = None
        self._stop = trio.CancelScope()
        self._tokens = 0
        self.url = ""
        self.logs: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._trio is not None:
            self._trio.run_sync_soon(self._stop.cancel)
        self._thread.join()

    async def _serve(self) -> None:
        try:
            await self._open()
        finally:
            self._ready.set()

    async def _open(self) -> None:
        path = place_in(self._state)
        store = FleetStore.open(path)
        try:
            with ReadingRoom.open(path) as reading, self._stop:
                writing = DeskRoom(FleetDesk(Fleet(), store))
                parts = ServiceParts(
                    state=self._state,
                    writing=writing,
                    reading=reading,
                    entry=AccessDesk(writing, reading, this_machine),
                    clock=this_machine,
                    log=lambda event, **facts: self.logs.append({"event": event, **facts}),
                    secure=False,
                )
                app = self._other or Starlette(routes=list(ApiDoor(parts).routes))
                place = Place("127.0.0.1", 0)
                async with serving(app, place, tls=self._tls, stopping_s=0.2) as self.url:
                    self._trio = trio.lowlevel.current_trio_token()
                    self._ready.set()
                    await trio.sleep_forever()
        finally:
            store.close()

    def token(self, folder: Path, person: str, *, key: Path | None = None) -> Path:
        """Write a token of a person into a file.

        Args:
            folder: where to.
            person: on whose behalf.
            key: her private key, by which the server signs; None for who signs herself.
        """
        self._tokens += 1
        store = FleetStore.open(place_in(self._state))
        try:
            desk = FleetDesk(Fleet(), store)
            with store.transaction():
                store.insert([Account(person, "", b"", "", "", 0.0, this_machine())])
            now = Moment(this_machine())
            wish = TokenWish(f"token {self._tokens}")
            token = make_token(desk, person, wish, _private(key), person, now)
        finally:
            store.close()
        file = folder / f"{person}-{self._tokens}.token"
        file.touch(0o600)
        file.write_text(f"{token}\n")
        return file


def _private(key: Path | None) -> ec.EllipticCurvePrivateKey | None:
    if key is None:
        return None
    found = load_pem_private_key(key.read_bytes(), None)
    assert isinstance(found, ec.EllipticCurvePrivateKey)
    return found
