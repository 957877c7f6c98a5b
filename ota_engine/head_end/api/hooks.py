"""Lets persons have hooks over HTTP: made, listed, taken back; calls none."""

from functools import partial
from typing import Any, Final, NamedTuple

import trio
from starlette.requests import Request
from starlette.responses import Response

from ota_engine.errors import LocalError
from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.api.headers import refuse_unacceptable
from ota_engine.head_end.api.hook_keeping import HookSeal, drop_hook, hooks_of, make_hook, shown
from ota_engine.head_end.api.problems import Problem
from ota_engine.head_end.api.reception import JSON, NO_STORE, json_octets, refuse_reader
from ota_engine.head_end.api.wanted import read_posted
from ota_engine.head_end.posted import PostWanted, posted_body
from ota_engine.head_end.questions.values import plain, read
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.store.fleet.keyring import KEY_NAME, FleetKey

_BODY: Final = PostWanted("body", f"post JSON as Content-Type {JSON}", (JSON,), 16 << 10, 10.0)


class HookWanted(NamedTuple):
    """Where somebody wants to be called.

    Attributes:
        url: by POST; https, with a public address, where the server does not allow others.
    """

    url: str


class ApiHooks:
    """Hooks of whoever comes.

    Args:
        parts: of the server.
    """

    def __init__(self, parts: ServiceParts) -> None:
        self._parts = parts

    async def list(self, request: Request, seen: SignedIn) -> Response:
        """List hooks of the person."""
        refuse_unacceptable(request.headers.get("accept"), JSON)
        found = await self._parts.reading.ask(partial(hooks_of, person=seen.viewer.person))
        return _answer({"items": [plain(shown(hook)) for hook in found]})

    async def make(self, request: Request, seen: SignedIn) -> Response:
        """Make a hook; its secret is shown this once.

        Raises:
            Problem: what is posted is no hook, or no more may be had.
            PostRefused: the body is of another kind, too large, or does not come.
        """
        refuse_unacceptable(request.headers.get("accept"), JSON)
        refuse_reader(seen)
        body = await posted_body(request, _BODY)
        try:
            told = read_posted(body.octets())
        finally:
            body.close()
        try:
            wanted = read(told, HookWanted, "the body")
        except LocalError as error:
            raise Problem(RefusalCode.CONTENT, str(error)) from None
        key = await trio.to_thread.run_sync(FleetKey.open, self._parts.state / KEY_NAME)
        hook, secret = await self._parts.writing.use(
            partial(
                make_hook,
                seal=HookSeal(key),
                person=seen.viewer.person,
                url=wanted.url,
                utc=self._parts.clock(),
            )
        )
        return _answer({**plain(shown(hook)), "secret": secret}, 201)

    async def drop(self, request: Request, seen: SignedIn) -> Response:
        """Take a hook back."""
        refuse_reader(seen)
        hook, utc = request.path_params["hook"], self._parts.clock()
        await self._parts.writing.use(
            partial(drop_hook, person=seen.viewer.person, hook=hook, utc=utc)
        )
        return Response(status_code=204, headers=NO_STORE)


def _answer(told: dict[str, Any], status: int = 200) -> Response:
    return Response(json_octets(told), status, headers=NO_STORE, media_type=JSON)
