"""Servers that are away, refuse, are no fleet's or of another version: each is one line and a code."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ota_engine.cli.exits import Exit
from ota_engine.errors import StoreError
from ota_engine.head_end.questions.campaigns import AskCampaigns
from ota_engine.head_end.remote.server import RemotePlace
from ota_engine.telling.serving import TlsFiles
from ota_engine.wall_clock import this_machine
from tests.cli.fleet import FleetFolder
from tests.cli.fleet_server import FleetServer
from tests.cli.zota import Ran, zota
from tests.head_end.duis.test_operations import WebPki

Answer = Callable[[Request], Awaitable[Response]]
NEWER = {"items": [{"campaign": "c1", "mood": "fine"}]}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> FleetFolder:
    return FleetFolder(tmp_path_factory.mktemp("fleet"), 4)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text("zota-t-1234567890\n")
    return file


def served(fleet: FleetFolder, answer: Answer) -> FleetServer:
    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    return FleetServer(fleet.state, app)


def listed(url: str, token: Path) -> Ran:
    return zota("campaign", "list", "--url", url, "--token-file", token)


def refused(ran: Ran, code: Exit) -> str:
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1), ran
    return ran.err


def test_a_server_that_is_away_is_told(token: Path) -> None:
    err = refused(listed("http://127.0.0.1:1", token), Exit.UNREADABLE)
    assert err.startswith("zota: http://127.0.0.1:1: no server answers")
    assert err.endswith("is zota serve running there?\n")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (PlainTextResponse("hello"), "its answer is no JSON"),
        (JSONResponse(NEWER), "'mood' is no field of it"),
        (JSONResponse([]), "a value of another type"),
        (PlainTextResponse("gone", 404), "it answers 404"),
        (PlainTextResponse("oh", 500), "it answers 500"),
        (RedirectResponse("http://127.0.0.1:1/"), "it answers 307"),
        (JSONResponse({"detail": "busy now", "code": "busy"}, 503), "busy now"),
        (PlainTextResponse("[" * 100_000), "its answer is no JSON"),
    ],
    ids=["text", "newer", "list", "404", "500", "elsewhere", "busy", "deep"],
)
def test_what_is_no_server_of_a_fleet_is_told(
    fleet: FleetFolder, token: Path, answer: Response, says: str
) -> None:
    async def same(request: Request) -> Response:
        return answer

    with served(fleet, same) as server:
        err = refused(listed(server.url, token), Exit.UNREADABLE)
    assert err.startswith(f"zota: {server.url}: ")
    assert says in err


def test_the_token_goes_by_no_proxy_to_a_server_on_this_machine(
    fleet: FleetFolder, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain HTTP is for this machine alone: a proxy would read the token."""
    asked: list[str] = []

    async def spies(request: Request) -> Response:
        asked.append(request.headers.get("authorization", ""))
        return JSONResponse({"detail": "caught", "code": "caught"}, 503)

    async def answers(request: Request) -> Response:
        return JSONResponse({"detail": "the server itself", "code": "busy"}, 503)

    with served(fleet, spies) as proxy, served(fleet, answers) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        err = refused(listed(server.url, token), Exit.UNREADABLE)
    assert "the server itself" in err
    assert not asked


def test_a_password_in_the_address_is_refused_and_not_repeated(token: Path) -> None:
    err = refused(listed("http://olive:geheim@127.0.0.1:1", token), Exit.ERRORS)
    assert "geheim" not in err
    assert "--token-file" in err


def test_a_server_that_never_answers_is_not_waited_for_for_ever(fleet: FleetFolder) -> None:
    async def never(request: Request) -> Response:
        await trio.sleep_forever()
        raise AssertionError

    with (
        served(fleet, never) as server,
        RemotePlace.open(server.url, "token", this_machine, patience_s=0.05) as place,
        pytest.raises(StoreError, match="no complete answer in time"),
    ):
        place.ask(AskCampaigns())


def test_a_token_that_is_unknown_is_told(fleet: FleetFolder, token: Path) -> None:
    with FleetServer(fleet.state) as server:
        err = refused(listed(server.url, token), Exit.ERRORS)
        assert "this token is forged, over or revoked" in err
        word = ("campaign", "list", "--url", server.url)
        assert "--token-file FILE" in refused(zota(*word), Exit.ERRORS)
        token.write_text("two words\n")
        assert "no token in it" in refused(zota(*word, "--token-file", token), Exit.ERRORS)
        gone = token.with_name("gone")
        assert "gone" in refused(zota(*word, "--token-file", gone), Exit.UNREADABLE)


def test_a_token_is_told_to_nobody_on_the_way(token: Path) -> None:
    err = refused(listed("http://fleet.example:8080", token), Exit.ERRORS)
    assert "http tells the token to everybody on the way to fleet.example: give https" in err
    for url in ("fleet.example", "ftp://fleet.example", "http://", "https://x:y"):
        assert "is no address of a server" in refused(listed(url, token), Exit.ERRORS)


def test_a_server_is_known_by_its_certificate(
    fleet: FleetFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pki = WebPki(tmp_path)
    tls = TlsFiles(pki.folder / "server.pem", pki.folder / "server.key")
    with FleetServer(fleet.state, tls=tls) as server:
        token = server.token(tmp_path, "olive")
        assert server.url.startswith("https://")
        assert "certificate" in refused(listed(server.url, token), Exit.UNREADABLE)
        monkeypatch.setenv("SSL_CERT_FILE", str(pki.folder / "authority.pem"))
        ran = listed(server.url, token)
    assert (ran.code, ran.out) == (Exit.OK, "no campaign was proposed\n"), ran


def test_questions_that_are_not_for_a_person_are_told(fleet: FleetFolder) -> None:
    with FleetServer(fleet.state) as server:
        token = server.token(fleet.folder, "sam")
        words = ("estate", "gained", "supplier-2", "--url", server.url, "--token-file", token)
        assert "there is no such party" in refused(zota(*words), Exit.ERRORS)
