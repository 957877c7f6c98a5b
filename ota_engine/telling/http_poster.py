"""Posts over HTTP for whoever has something to say to one URL; knows httpx, and nothing of what is said."""

import ssl
from collections.abc import Awaitable, Callable, Mapping

import httpx
import trio

from ota_engine.telling.http_calling import HttpCaller
from ota_engine.telling.sink import Fate, SinkAnswer
from ota_engine.wording import one_line


class HttpPoster(HttpCaller):
    """Connections to one server. Use it as an async context manager.

    Args:
        url: of the server.
        headers: that go with every post.
        timeout: seconds for one attempt.
        tls: for certificates of one's own; by default those the world trusts.
        transport: instead of the network; a server in the same process, say.
    """

    def __init__(
        self,
        url: httpx.URL,
        headers: Mapping[str, str],
        *,
        timeout: float,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._timeout = timeout
        verify = tls or url.scheme == "https"  # what is not used is slow to load
        super().__init__(headers, verify=verify, transport=transport, timeout=timeout)

    async def _attempted(self, post: Callable[[], Awaitable[SinkAnswer]]) -> SinkAnswer:
        """Make one attempt within its time; never raises for what the other side does."""
        try:
            with trio.fail_after(self._timeout):
                return await post()
        except (httpx.TimeoutException, trio.TooSlowError):
            return SinkAnswer(Fate.AWAY, f"no complete answer within {self._timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return SinkAnswer(Fate.AWAY, one_line(str(error) or type(error).__name__))


def answered(status: int, said: bytes) -> str:
    """Put an answer that is no success in one line: its status, and what it says."""
    reason = one_line(said.decode("utf-8", "replace").strip())
    return f"answered {status}" + (f": {reason}" if reason else "")


def http_url(text: str) -> httpx.URL | None:
    """Read the URL of something that speaks HTTP; None of what is none."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        return None
    return url if url.scheme in {"http", "https"} and url.host else None
