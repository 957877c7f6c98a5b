"""A fleet at a server, reached over its API; knows HTTP, and no rule of the fleet.

A person who has her key signs here, and the server never sees it. Whatever the server does that it should not
is one line. What it refuses is told in its own words, which are those that a state folder has.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, Self
from urllib.parse import quote

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.decisions import Decision, octets_to_sign
from ota_engine.fleet.kernel.signatures import sign
from ota_engine.head_end.api.addresses import PREFIX, act_address, question_address
from ota_engine.head_end.deciding import Wish, again, digest_of, named
from ota_engine.head_end.imports import ImportReport
from ota_engine.head_end.listings import BadLine
from ota_engine.head_end.questions.asking import NotForViewerError, NotThereError
from ota_engine.head_end.questions.catalogue import QUESTIONS
from ota_engine.head_end.questions.persons import AskGiven, AskMyself, GivenDecision, Myself
from ota_engine.head_end.questions.values import plain, read
from ota_engine.head_end.remote.place import EvidenceOrder, ImportOrder
from ota_engine.times import Utc
from ota_engine.wording import one_line

PATIENCE_S: Final = 60.0  # for an answer to begin, and between its parts
MOST_ANSWER: Final = 256 << 20  # octets of an answer
MOST_PACK: Final = 4 << 30  # octets of evidence
_OK: Final = 200
_UNKNOWN: Final = 401
_OURS: Final = 500  # from here on the server is at fault, or busy
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_NOT_THERE: Final = "not-there"
_NOT_FOR_YOU: Final = "not-for-you"
_BAD_LINES: Final = "bad-lines"


class RemotePlace:
    """A fleet at a server; see ``ReachedFleet``.

    Args:
        client: with the server's address and a token.
        clock: gives UTC.
    """

    def __init__(self, client: httpx.Client, clock: Callable[[], Utc]) -> None:
        self._client, self._clock = client, clock
        self._url = str(client.base_url).rstrip("/")
        self._acts = Fleet().acts

    @classmethod
    @contextmanager
    def open(
        cls, url: str, token: str, clock: Callable[[], Utc], patience_s: float = PATIENCE_S
    ) -> Iterator[Self]:
        """Reach a server; it is asked nothing yet.

        Args:
            url: of the server.
            token: that lets a person in.
            clock: gives UTC.
            patience_s: for the server.

        Raises:
            LocalError: the address is none, or would tell the token to anybody on the way.
        """
        address = _address(url)
        headers = {"Authorization": f"Bearer {token}"}
        hidden = address.scheme == "https"  # else a proxy that is set up here would read the token
        with httpx.Client(
            base_url=address, headers=headers, timeout=patience_s, trust_env=hidden
        ) as client:
            yield cls(client, clock)

    # --- questions -------------------------------------------------------------------------------

    def ask(self, question: Any) -> Any:
        """Answer a question."""
        row = QUESTIONS[type(question)]
        octets = self._whole("GET", question_address(question, row))
        try:
            return read(self._json(octets), row.gives, "answer")
        except LocalError as error:
            raise self._strange(f"it answers otherwise than this zota reads ({error})") from None

    # --- decisions -------------------------------------------------------------------------------

    def decide(self, wish: Wish, signer: ec.EllipticCurvePrivateKey | None) -> dict[str, Any]:
        """Give a person's decision."""
        self._refuse_other(wish.person)
        as_read = read(plain(wish.act), type(wish.act), "fields")  # signed is what the server reads
        wish = wish._replace(act=as_read)
        body: dict[str, Any] = {"fields": plain(wish.act), "reason": wish.reason}
        key, revision = wish.key, wish.revision
        if signer is not None:
            decision = self._named(wish)
            key, revision = decision.key, decision.revision
            signature = sign(signer, octets_to_sign(decision))
            body |= {"given_utc": decision.given_utc, "signature": signature.hex()}
        headers = {"Idempotency-Key": key} if key else {}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        address = act_address(type(wish.act))
        with self._stream("POST", address, json=body, headers=headers) as response:
            octets = self._octets(response)
            told = self._json(octets)
            if response.status_code == _OK and isinstance(told, dict):
                return told
            refused = _refused(told)
            if refused is None:
                raise self._problem(response.status_code, octets)
            return refused

    def _named(self, wish: Wish) -> Decision:
        """Name a decision, as it was named where it is given again."""
        decision = Decision(
            wish.key, wish.person, wish.act, wish.reason, wish.revision, self._clock()
        )
        subject = self._acts[type(wish.act)].subject(wish.act)
        given: GivenDecision = self.ask(AskGiven(subject, digest_of(decision), wish.key))
        if not given.key:
            return named(decision)
        told = {"given_utc": given.given_utc, "revision": given.revision}
        return again(decision, given.key, told)

    def _refuse_other(self, person: str) -> None:
        known: Myself = self.ask(AskMyself())
        if known.person != person:
            raise LocalError(
                f"--as {person}: the token lets in {known.person}: give the token of {person}"
            )

    # --- files -----------------------------------------------------------------------------------

    def import_list(
        self, order: ImportOrder, file: BinaryIO, bad: Callable[[BadLine], None]
    ) -> ImportReport:
        """Take a list."""
        self._refuse_other(order.person)
        given = {"dry_run": order.dry_run, "take_others": order.take_others}
        query = {name: "true" for name, wanted in given.items() if wanted}
        with self._stream(
            "POST",
            f"{PREFIX}/imports/{order.kind}",
            params=query,
            content=file,
            headers={"Content-Type": "application/octet-stream"},
        ) as response:
            octets = self._octets(response)
            told = self._json(octets)
            known = isinstance(told, dict) and told.get("code") == _BAD_LINES
            if response.status_code != _OK and not known:
                raise self._problem(response.status_code, octets)
        return self._report(told, bad)

    def _report(self, told: Any, bad: Callable[[BadLine], None]) -> ImportReport:
        try:
            lines = read(told["bad_lines"], tuple[BadLine, ...], "bad_lines")
            names = ImportReport._fields
            report = read({name: told[name] for name in names}, ImportReport, "report")
        except (LocalError, KeyError, TypeError) as error:
            raise self._strange(
                f"it tells of a list otherwise than this zota reads ({error})"
            ) from None
        for line in lines:
            bad(line)
        found: ImportReport = report
        return found

    def evidence(self, order: EvidenceOrder) -> bytes:
        """Fetch the evidence of a campaign.

        Raises:
            LocalError: there is none for whoever asks, or it wants certificates.
            StoreError: the fleet cannot be reached.
        """
        if order.certificates:
            raise LocalError(
                "--keystore: certificates lie where the state folder is: export there, or without"
            )
        query = {"party": order.party} if order.party else {}
        query |= {
            "decisions_years": repr(order.decisions_years),
            "homes_years": repr(order.homes_years),
        }
        address = f"{PREFIX}/evidence/{quote(order.campaign, safe='')}"
        return self._whole("GET", address, MOST_PACK, params=query)

    # --- its parts -------------------------------------------------------------------------------

    @contextmanager
    def _stream(self, method: str, address: str, **given: Any) -> Iterator[httpx.Response]:
        try:
            with self._client.stream(method, address, **given) as response:
                yield response
        except httpx.TimeoutException:
            raise StoreError(
                f"{self._url}: no complete answer in time: is the server busy, or another program?"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = one_line(str(error) or type(error).__name__)
            raise StoreError(
                f"{self._url}: no server answers ({why}): is zota serve running there?"
            ) from None

    def _whole(self, method: str, address: str, most: int = MOST_ANSWER, **given: Any) -> bytes:
        with self._stream(method, address, **given) as response:
            octets = self._octets(response, most)
            if response.status_code != _OK:
                raise self._problem(response.status_code, octets)
            return octets

    def _octets(self, response: httpx.Response, most: int = MOST_ANSWER) -> bytes:
        found = bytearray()
        for part in response.iter_bytes():
            found += part
            if len(found) > most:
                raise self._strange(f"its answer is longer than {most >> 20:,} MiB")
        return bytes(found)

    def _json(self, octets: bytes) -> Any:
        try:
            return json.loads(octets)
        except (ValueError, RecursionError):
            raise self._strange("its answer is no JSON") from None

    def _strange(self, what: str) -> StoreError:
        return StoreError(
            f"{self._url}: {one_line(what)}: is it a zota server, and of this version?"
        )

    def _problem(self, status: int, octets: bytes) -> LocalError | StoreError:
        """Say what a server refused, in its words."""
        try:
            told = json.loads(octets)
            detail, code = str(told["detail"]), str(told["code"])
        except (ValueError, RecursionError, KeyError, TypeError):
            return self._strange(f"it answers {status}, and says nothing that this zota reads")
        if status >= _OURS:
            return StoreError(f"{self._url}: {detail}")
        if status == _UNKNOWN:
            return LocalError(f"{self._url}: {detail}")
        kinds: Mapping[str, type[LocalError]] = {
            _NOT_THERE: NotThereError,
            _NOT_FOR_YOU: NotForViewerError,
        }
        return kinds.get(code, LocalError)(detail)


def _refused(told: Any) -> dict[str, Any] | None:
    """Read the answer to a decision that was refused; None where it is another problem."""
    names = ("accepted", "code", "text", "revision", "decision", "person", "act", "fields")
    if not isinstance(told, dict) or told.get("accepted") is not False:
        return None
    return {name: told.get(name) for name in (*names, "given_utc", "signed")}


def _address(url: str) -> httpx.URL:
    """Read the address of a server."""
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        found = httpx.URL("")
    if found.scheme not in ("http", "https") or not found.host:
        raise LocalError(f"--url: {url[:80]!a} is no address of a server: give http(s)://HOST:PORT")
    if found.userinfo:
        raise LocalError(
            "--url: names and passwords are of no use in it, and others see them: give"
            " http(s)://HOST:PORT, and --token-file"
        )
    if found.scheme == "http" and found.host not in _LOOPBACK:
        raise LocalError(
            f"--url: http tells the token to everybody on the way to {found.host}: give https"
        )
    return found.copy_with(path=found.path.rstrip("/"), query=None, fragment=None)
