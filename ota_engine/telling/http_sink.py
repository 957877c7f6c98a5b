"""The sink that posts outcomes to a receiver over HTTP; knows httpx.

The outcome's key is the letter's ``id`` and its Idempotency-Key, so a receiver that is told twice
can tell. Only a complete answer counts: one that is cut off may have been changed on its way.
"""

import ssl
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import quote

import httpx

from ota_engine.audience import OPERATORS
from ota_engine.errors import LocalError
from ota_engine.records import OutcomeRecord
from ota_engine.telling.http_poster import HttpPoster, answered
from ota_engine.telling.outcome_body import letter
from ota_engine.telling.sink import DEFAULT_PATIENCE, Fate, SinkAnswer

NAME: Final = "receiver"
TIMEOUT_S: Final = 10.0  # for one attempt as a whole
MAX_ANSWER_BYTES: Final = 4096  # what is kept of an answer; more says nothing more

#: Statuses that speak of this letter, not of the way or the hour: no further attempt will do better.
#: All others but 2xx (also 401, 403, 404: whoever moved the receiver will notice) are tried again.
REFUSALS: Final = frozenset({400, 409, 413, 415, 422})

_KEY_SAFE: Final = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")


class HttpSink(HttpPoster):
    """A receiver at a URL. Use it as an async context manager around whatever tells it.

    Args:
        url: where to post, ``https://`` or ``http://``; may carry user and password.
        token: that the receiver wants to see, sent as a bearer with every letter.
        name: of this receiver in the store, if there are several.
        audience: the party it speaks for, if not whoever runs the engine.
        timeout: seconds for one attempt.
        tls: for certificates of one's own; by default those the world trusts.
        transport: instead of the network; a receiver in the same process, say.

    Raises:
        LocalError: the URL is none, or is of another kind, or there are credentials of both kinds.
    """

    at_once = 1
    patience = DEFAULT_PATIENCE

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        name: str = NAME,
        audience: str = OPERATORS,
        timeout: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.audience = audience
        self.remote = transport is None
        checked = _checked(url)
        if token is not None and checked.userinfo:
            raise LocalError(
                "the receiver's URL carries a password, and there is a token: give one"
            )
        proof = {} if token is None else {"Authorization": f"Bearer {token}"}
        headers = {"Accept": "application/json", **proof}
        super().__init__(checked, headers, timeout=timeout, tls=tls, transport=transport)

    async def tell(self, outcomes: Sequence[OutcomeRecord]) -> SinkAnswer:
        """Post outcomes, one by one; never raises for what the receiver does."""
        answer = SinkAnswer(Fate.ACCEPTED)
        for outcome in outcomes:
            answer = await self._tell(outcome)
            if answer.fate is not Fate.ACCEPTED:
                break
        return answer

    async def _tell(self, outcome: OutcomeRecord) -> SinkAnswer:
        return await self.post(outcome.key, letter(outcome))

    async def post(self, key: str, body: bytes) -> SinkAnswer:
        """Post one letter; never raises for what the receiver does.

        Args:
            key: names it for ever, so that a receiver that is told twice can tell.
            body: JSON.
        """
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key(key)}
        return await self._attempted(partial(self._post, body, headers))

    async def _post(self, body: bytes, headers: dict[str, str]) -> SinkAnswer:
        request = self._client.stream("POST", self._url, content=body, headers=headers)
        async with request as response:
            said = b""
            async for piece in response.aiter_raw():  # to its end: only a complete answer counts
                said += piece[: MAX_ANSWER_BYTES - len(said)]
        if response.is_success:
            return SinkAnswer(Fate.ACCEPTED)
        problem = answered(response.status_code, said)
        return SinkAnswer(Fate.REFUSED if response.status_code in REFUSALS else Fate.HELD, problem)


def idempotency_key(key: str) -> str:
    """An outcome's key as a header can carry it: what is not printable ASCII is percent-encoded."""
    return quote(key, safe=_KEY_SAFE, errors="surrogatepass")


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        reason = "" if "@" in url else f" ({error})"  # it may quote the password
        raise LocalError(f"the receiver's URL is none{reason}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise LocalError(
            "the receiver's URL is none: give one like https://receiver.example/outcomes"
        )
    return parsed
