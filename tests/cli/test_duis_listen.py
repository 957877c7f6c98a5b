"""``zota duis listen``, as whoever waits for responses and alerts meets it."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from images.eui64 import format_eui64
from ota_engine.cli.exits import Exit
from ota_engine.service_user.hearing import SentRequest
from ota_engine.service_user.state import UserFolder
from tests.cli.terminal import Terminal
from tests.cli.zota import zota
from tests.gbcs import parties
from tests.service_user.parties import NOW, OTHER, SWITCH, USER, asked, signed
from tests.service_user.samples import DOCUMENTS, UPDATE_ID

XML = {"Content-Type": "application/xml"}
RESPONSE, NOTED, OUTCOME, _, DEVICE_ALERT, DELIVERED = DOCUMENTS[:6]
REQUEST = asked().header.request_id.text


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with keys, and the folder of a user who has sent an activation."""
    (tmp_path / "keys").mkdir()
    for file in parties.pki_files():
        path = tmp_path / "keys" / file.name
        path.write_bytes(file.octets)
        path.chmod(0o600 if file.secret else 0o644)
    request = SentRequest(asked().header.request_id, 5, "11.3", NOW, "I99")
    UserFolder(tmp_path / "user").sent(request)
    return tmp_path


def words_of(*more: str) -> list[str]:
    argv = [sys.executable, "-W", "error", "-m", "ota_engine", "duis", "listen"]
    return [*argv, "--port", "0", "--state", "user", "--keys", "keys", *more]


class Listening:
    """``zota duis listen --json`` in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.first = self.line()

    def line(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def bring(self, *documents: bytes) -> list[int]:
        with httpx.Client(headers=XML, trust_env=False, timeout=60) as client:
            return [client.post(self.first["url"], content=one).status_code for one in documents]

    def stop(self, number: int = signal.SIGINT) -> tuple[int, Any, str]:
        self.process.send_signal(number)
        out, complaints = self.process.communicate(timeout=300)
        return self.process.returncode, json.loads(out.splitlines()[-1]), complaints


@contextmanager
def listening(here: Path, *more: str) -> Iterator[Listening]:
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words_of("--json", *more), cwd=here, **pipes) as process:
        try:
            yield Listening(process)
        finally:
            process.kill()


def test_documents_are_verified_decoded_and_told_in_json(here: Path) -> None:
    with listening(here) as user:
        assert (user.first["known"], user.first["verifies"]) == (0, True)
        assert user.bring(signed(NOTED), signed(OUTCOME), signed(DELIVERED)) == [204] * 3
        noted, outcome, delivered = (user.line() for _ in range(3))
        ended = user.stop()
    assert ended == (
        Exit.INTERRUPTED,
        {"stopped": True, "documents": 3, "brought": {"kept": 3}},
        "",
    )
    assert {one["signature"] for one in (noted, outcome, delivered)} == {"valid"}
    assert noted["document"]["request_id"] == REQUEST
    assert noted["document"]["gbcs"]["signature"] == "valid"
    assert outcome["document"]["says"] == "CS06 alert: success, it runs 01010000"
    assert delivered["document"]["alert"] == "N60"
    assert delivered["document"]["content"]["request_id"] == UPDATE_ID.text


def test_nothing_is_shown_twice_also_after_a_restart(here: Path) -> None:
    document = signed(DELIVERED)
    for what in ("kept", "known"):
        with listening(here) as user:
            assert user.bring(document, document) == [204, 204]
            assert [user.line()["what"], user.line()["what"]] == [what, "known"]
            code, end, _ = user.stop(signal.SIGTERM)
        assert (code, end["documents"]) == (Exit.OK, 1)


def test_what_is_refused_is_told_with_why(here: Path) -> None:
    with listening(here, "--user", format_eui64(OTHER)) as user:
        assert user.bring(signed(DELIVERED), b"<x/>") == [400, 400]
        assert "who is somebody else" in user.line()["reason"]
        assert "neither Request nor Response" in user.line()["reason"]
        assert user.stop()[1]["documents"] == 0


def test_it_fails_as_it_is_told_to(here: Path) -> None:
    document = signed(DELIVERED)
    faults = ("--fail", "1", "--status", "500", "--redirect", "1", "--lie", "1")
    with listening(here, *faults) as user:
        assert user.bring(*[document] * 4) == [500, 307, 204, 204]
        assert [user.line()["what"] for _ in range(4)] == ["failed", "redirected", "lied", "kept"]
        user.stop()


def test_a_document_is_one_line_where_nobody_draws(here: Path) -> None:
    with subprocess.Popen(
        words_of(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=here
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stderr.readline()
        url = first.split()[3].rstrip(",")
        document = signed(RESPONSE)
        httpx.post(url, content=document, headers=XML, timeout=60)
        httpx.post(url, content=document, headers=XML, timeout=60)
        httpx.post(url, content=signed(RESPONSE), headers=XML, timeout=60)
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, complaints = process.communicate(timeout=300)
    assert line == (
        "2026-11-18 11:06:40 UTC  response 11.3 I0: CS06 response: success, it runs 01010000;"
        f" request {REQUEST}; signature valid; its message: signature valid, MAC absent\n"
    )
    assert (process.returncode, out) == (Exit.INTERRUPTED, "")
    assert complaints.splitlines() == [
        "zota: signed again: 204",
        "zota: stopped: 1 document kept; brought: 1 kept, 1 known, 1 signed again",
    ]


@pytest.mark.parametrize("columns", [80, pytest.param(120, marks=pytest.mark.heavy)])
def test_a_table_of_requests_goes_on_changing_and_fits(here: Path, columns: int) -> None:
    ours, theirs = pty.openpty()
    terminal = Terminal(columns, 24)
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "24"}
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "env": environment}
    shown = b""
    with (
        os.fdopen(ours, "rb", buffering=0) as screen,
        subprocess.Popen(words_of(), cwd=here, **streams) as process,  # type: ignore[call-overload]
    ):
        os.close(theirs)
        while b"Ctrl-C ends it" not in shown or b"/" not in shown:
            shown += screen.read(65_536)
        url = shown.decode().partition("listening at ")[2].split(",")[0]
        for document in (NOTED, OUTCOME, DEVICE_ALERT):
            httpx.post(url, content=signed(document), headers=XML, timeout=60)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # a pseudo-terminal ends with an error
            while piece := screen.read(65_536):
                shown += piece
        assert process.wait(300) == Exit.INTERRUPTED
    terminal.feed(shown.decode())
    lines = terminal.text()
    assert terminal.overlong == []
    (row,) = [line for line in lines if line.startswith(format_eui64(SWITCH))]
    assert row.split()[1:5] == ["11.3", "I99", "I0", "8F66"]
    said = " ".join(" ".join(lines).split())
    assert said.count(REQUEST) == 2  # of the two lines above the table
    assert format_eui64(SWITCH) in said
    assert format_eui64(USER) in said


def test_a_port_or_a_folder_in_use_is_one_line(here: Path) -> None:
    with listening(here) as user:
        port = user.first["url"].split(":")[2].strip("/")
        words = ("duis", "listen", "--port", port, "--state")
        for state, said in ((here / "other", "cannot be used"), (here / "user", "another process")):
            ran = zota(*words, state)
            assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1)
            assert said in ran.err
        user.stop()


def test_a_key_folder_without_a_key_is_told_file_by_file(here: Path) -> None:
    (here / "keys" / f"{OTHER:016x}-xml.pem").write_text("none")
    with listening(here) as user:
        _, _, complaints = user.stop()
    assert f"{OTHER:016x}-xml.pem: left out: not a certificate" in complaints


def test_it_ends_at_once_although_an_answer_is_still_waited_for(here: Path) -> None:
    with (
        listening(here, "--delay", "1h") as user,
        ThreadPoolExecutor(1) as sender,
        httpx.Client(headers=XML, trust_env=False, timeout=300) as client,
    ):
        sent = sender.submit(client.post, user.first["url"], content=signed(DELIVERED))
        assert user.line()["what"] == "kept"
        code, end, _ = user.stop()
        with contextlib.suppress(httpx.HTTPError):
            sent.result()
    assert (code, end["documents"]) == (Exit.INTERRUPTED, 1)
