"""Posts requests of a Service User to a head end, and takes its answers; knows httpx and trio.

An answer counts when it is DUIS, signed by the DCC, and an answer to what was asked. Redirects are told
and not followed: a signed request goes nowhere but where its user has sent it.
"""

import ssl
from collections.abc import Callable
from typing import Final, NamedTuple

import httpx
import trio

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.documents import parse_document
from ota_engine.duis.reading import read_request
from ota_engine.duis.requests import RequestBody, ServiceRequest, UpdateFirmware
from ota_engine.duis.responses import ServiceResponse
from ota_engine.duis.variants import WEB_SERVICES
from ota_engine.duis.writing import write_request
from ota_engine.errors import LinkError, LocalError, PeerError
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.verification import CheckResult
from ota_engine.service_user.consent import second_half
from ota_engine.service_user.hearing import SentRequest
from ota_engine.service_user.judging import TRANSFORMED, AnswerJudgement, judge
from ota_engine.service_user.making import made_request
from ota_engine.service_user.xml_keys import CheckedDocument, XmlKeys
from ota_engine.telling.http_poster import HttpPoster, answered, http_url
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from ota_engine.wording import one_line, without_credentials

XML: Final = "application/xml"
PUBLIC_PATIENCE_S: Final = 3.0  # after which public clients take a head end for dead
PATIENCE_S: Final = 30.0
MOST_ANSWER_OCTETS: Final = 8 << 20  # a warning of 50,000 devices has 1.2 MB
MOST_SAID: Final = 200  # characters of an answer that is no DUIS


class UserSecrets(NamedTuple):
    """What a user signs and verifies with.

    Attributes:
        documents: keys of documents, the user's own and the DCC's certificates.
        messages: keys of GBCS messages, the user's own and devices' certificates.
    """

    documents: XmlKeys
    messages: Keystore


class UserAnswer(NamedTuple):
    """What came of one request.

    Attributes:
        request: as it was sent.
        document: that was sent, octets.
        response: what was answered.
        octets: of it, as they came.
        judgement: what it is worth.
        signature: of the answer.
        elapsed_s: from the first octet sent to the last received.
    """

    request: ServiceRequest
    document: bytes
    response: ServiceResponse
    octets: bytes
    judgement: AnswerJudgement
    signature: CheckResult
    elapsed_s: float


class ServiceUserClient(HttpPoster):
    """One user at one head end. Use it as an async context manager.

    Args:
        url: of the head end, such as ``http://127.0.0.1:8079``; paths are added.
        user: its EUI-64.
        secrets: keys.
        counter: gives the next originator counter.
        patience_s: how long an answer is waited for.
        strict: unsigned answers count for nothing, nor do those that no certificate at hand verifies.
        tls: for certificates of one's own.
        transport: instead of the network.
        sent: is told of each request before it is sent, and again when it is answered.

    Raises:
        LocalError: the URL is none.
    """

    def __init__(
        self,
        url: str,
        user: Eui64,
        secrets: UserSecrets,
        counter: Callable[[], int],
        *,
        patience_s: float = PATIENCE_S,
        strict: bool = True,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sent: Callable[[SentRequest], None] = lambda request: None,
    ) -> None:
        headers = {"Accept": XML}
        super().__init__(
            checked_url(url), headers, timeout=patience_s, tls=tls, transport=transport
        )
        self.user = user
        self._secrets = secrets
        self._counter = counter
        self._strict = strict
        self._tell = sent

    async def ask(self, body: RequestBody, device: Eui64 | None = None) -> UserAnswer:
        """Make a request, send it, and for 11.3 sign what it becomes and send that, too.

        Args:
            body: what is wanted.
            device: who is asked, where it is not the DCC.

        Returns:
            The last answer: of an 11.3 that was refused, the refusal.

        Raises:
            LinkError: the head end cannot be reached, or does not answer in time.
            PeerError: what it answers is no answer.
            LocalError: a key is missing.
        """
        answer = await self.send(made_request(self.user, self._counter(), body, device))
        return await self.follow(answer)

    async def follow(self, answer: UserAnswer) -> UserAnswer:
        """Sign the pre-command of an answer and send it; the answer itself where there is none.

        Raises:
            LinkError: the head end cannot be reached, or does not answer in time.
            PeerError: the pre-command is not what was asked for, or what is answered is no answer.
            LocalError: a key is missing.
        """
        second = self.signed(answer)
        return answer if second is None else await self.send(second)

    def signed(self, answer: UserAnswer) -> ServiceRequest | None:
        """The second half of a request, its pre-command signed; None where there is nothing to sign.

        Raises:
            PeerError: the pre-command is not what was asked for.
            LocalError: the user's signing key is not at hand.
        """
        if answer.request.header.command_variant != TRANSFORMED or not answer.judgement.taken:
            return None
        signer = self._secrets.messages.signer(self.user)
        if signer is None:
            raise LocalError(
                f"no GBCS signing key of {format_eui64(self.user)} is at hand: the pre-command"
                " cannot be signed"
            )
        return second_half(answer.request, answer.response, signer)

    async def send(self, request: ServiceRequest) -> UserAnswer:
        """Sign a request and send it.

        Raises:
            LinkError: the head end cannot be reached, or does not answer in time.
            PeerError: what it answers is no answer.
            LocalError: the user's key is not at hand.
        """
        signed = self._secrets.documents.sign(
            write_request(request), request.header.request_id.originator
        )
        return await self._sent(request, signed)

    async def send_document(self, document: bytes) -> UserAnswer:
        """Send a signed document as it is.

        Raises:
            LinkError: the head end cannot be reached, or does not answer in time.
            PeerError: what it answers is no answer, or the document is no request.
        """
        return await self._sent(read_request(parse_document(document)), document)

    async def _sent(self, request: ServiceRequest, document: bytes) -> UserAnswer:
        service = WEB_SERVICES.get(request.header.command_variant)
        if service is None:
            raise LocalError(
                f"command variant {request.header.command_variant} is never sent by a user: 1 to 8"
            )
        note = _note(request)
        self._tell(note)
        begun = trio.current_time()
        octets = await self._posted(service, document)
        elapsed = trio.current_time() - begun
        checked = await trio.to_thread.run_sync(self._read, octets)
        answered = checked.response
        judgement = judge(request, answered)
        self._tell(note._replace(code=answered.code))
        return UserAnswer(
            request, document, answered, octets, judgement, checked.signature, elapsed
        )

    def _read(self, octets: bytes) -> CheckedDocument:
        keys = self._secrets.documents
        return counted_answer(keys, octets, this_machine(), strict=self._strict)

    async def _posted(self, service: str, document: bytes) -> bytes:
        url = self._url.copy_with(path=f"{self._url.path.rstrip('/')}/api/v1/{service}")
        place = without_credentials(str(url))
        try:
            with trio.fail_after(self._timeout):
                return await self._exchange(url, place, document)
        except (httpx.TimeoutException, trio.TooSlowError):
            raise LinkError(
                f"{place}: no complete answer within {self._timeout:g} s: see whether the head end"
                " runs, or give it longer with --timeout"
            ) from None
        except (httpx.HTTPError, OSError) as error:
            said = one_line(str(error) or type(error).__name__)
            raise LinkError(f"{place}: {said}: see whether the head end runs there") from None

    async def _exchange(self, url: httpx.URL, place: str, document: bytes) -> bytes:
        headers = {"Content-Type": XML}
        async with self._client.stream("POST", url, content=document, headers=headers) as response:
            octets, length = b"", 0
            async for piece in response.aiter_bytes():  # to its end, or to that of our patience
                octets += piece[: MOST_ANSWER_OCTETS - len(octets)]
                length += len(piece)
        if length > MOST_ANSWER_OCTETS:
            raise PeerError(f"{place}: an answer of {length:,} octets is none of DUIS")
        _require_document(place, response, octets)
        return octets


def counted_answer(keys: XmlKeys, octets: bytes, utc: Utc, *, strict: bool) -> CheckedDocument:
    """Read an answer that counts.

    Args:
        keys: with the DCC's certificates.
        octets: as they came.
        utc: now.
        strict: unsigned answers count for nothing, nor do those of unknown signers.

    Raises:
        PeerError: it is none, or counts for nothing.
    """
    checked = keys.read_response(octets, utc)
    if strict and checked.signature is not CheckResult.VALID:
        raise PeerError(f"the answer {checked.response.code} does not count: {checked.reason}")
    return checked


def _note(request: ServiceRequest) -> SentRequest:
    header, body = request.header, request.body
    devices = len(body.devices) if isinstance(body, UpdateFirmware) else 1
    return SentRequest(
        header.request_id,
        header.command_variant,
        header.variant,
        this_machine(),
        devices=devices,
    )


def checked_url(url: str) -> httpx.URL:
    """Read the URL of a head end.

    Raises:
        LocalError: it is none.
    """
    parsed = http_url(url)
    if parsed is None:
        raise LocalError("the URL of the head end is none: give one like http://127.0.0.1:8079")
    return parsed


def _require_document(place: str, response: httpx.Response, octets: bytes) -> None:
    """Refuse what is no document: whatever is wrong with a request, DUIS says in 2xx."""
    status = response.status_code
    if response.is_redirect:
        where = one_line(without_credentials(response.headers.get("location", "elsewhere")))
        raise PeerError(
            f"{place}: answered {status}: it lies at {where}: give that URL if you trust it"
        )
    if not response.is_success:
        raise PeerError(f"{place}: {answered(status, octets[:MOST_SAID])}")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != XML:
        raise PeerError(f"{place}: answered {one_line(kind) or 'nothing'}, and not {XML}")
