"""Connections to a server that may do nothing: none of them outlives the patience for it."""

import ssl

import httpx
import trio

from ota_engine.telling.http_calling import HttpCaller


class Caller(HttpCaller):
    async def call(self, url: str) -> httpx.Response:
        return await self._client.get(url)


async def test_a_connection_on_which_tls_is_never_agreed_is_closed_when_it_is_given_up() -> None:
    caller = Caller({}, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), timeout=None)
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener, caller:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                caller.call, f"https://127.0.0.1:{listener.socket.getsockname()[1]}/"
            )
            silent = await listener.accept()
            assert await silent.receive_some(1) == b"\x16"  # it says hello
            nursery.cancel_scope.cancel()
        async with silent:
            with trio.fail_after(60):
                async for _ in silent:  # the rest of that, and the end
                    pass
