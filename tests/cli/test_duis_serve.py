"""``zota duis serve`` and the outbox of a head end, as its operator meets them."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import pytest

from images.eui64 import format_eui64
from ota_engine.cli.exits import Exit
from ota_engine.fleet.orders.rows import DocumentState, ServiceInbox, ServiceUser, UserDocument
from ota_engine.fleet.parties.rows import Party, Person
from tests.cli.fleet import write_keys
from tests.cli.zota import zota
from tests.head_end.duis.lab import (
    EAST,
    STRANGER,
    XML,
    Lab,
    inventory,
    opened,
    signed,
    told,
)
from tests.tiers import repeats


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


class Serving:
    """``zota duis serve`` in a process of its own.

    Attributes:
        url: where it is.
    """

    def __init__(self, process: "subprocess.Popen[str]", http: httpx.Client) -> None:
        self.process = process
        self._http = http
        assert process.stdout is not None
        self.first = process.stdout.readline()
        self.url = self.first.split()[3].rstrip(";")

    def post(self, octets: bytes) -> httpx.Response:
        return self._http.post(f"{self.url}/api/v1/serviceD", content=octets, headers=XML)

    def get(self, path: str) -> httpx.Response:
        return self._http.get(f"{self.url}{path}")

    def stop(self, number: int) -> tuple[int, list[dict[str, Any]]]:
        """End it; its exit code, and what it has logged."""
        self.process.send_signal(number)
        _, logged = self.process.communicate(timeout=300)
        return self.process.returncode, [json.loads(line) for line in logged.splitlines()]


@contextmanager
def serving(lab: Lab, *more: str) -> Iterator[Serving]:
    argv = [sys.executable, "-W", "error", "-m", "ota_engine", "duis", "serve"]
    options = ["--state", str(lab.state), "--keys", str(lab.keys), "--http", "127.0.0.1:0", *more]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    http = httpx.Client(timeout=60, trust_env=False, verify=False)  # noqa: S501 - no TLS; certificates are slow to load
    with http, subprocess.Popen([*argv, *options], **pipes, text=True) as process:  # type: ignore[call-overload]
        try:
            yield Serving(process, http)
        finally:
            process.kill()


def test_requests_are_served_until_ctrl_c_and_logs_are_lines_of_json(lab: Lab) -> None:
    asked = inventory()
    with serving(lab) as head_end:
        assert head_end.first == f"serving DUIS at {head_end.url}; Ctrl-C ends it\n"
        assert opened(head_end.post(signed(asked)).content).code == "I0"
        assert head_end.post(b"nonsense").status_code == 400
        metrics = head_end.get("/metrics")
        code, logs = head_end.stop(signal.SIGINT)
    assert code == Exit.INTERRUPTED
    answered = [line for line in logs if line["event"] == "answered"]
    assert [line["code"] for line in answered] == ["I0", "400"]
    assert answered[0]["request"] == asked.header.request_id.text
    assert all({"event", "level", "timestamp"} <= line.keys() for line in logs)
    assert 'zota_duis_requests_total{code="I0",reference="8.2",service="serviceD"} 1.0' in (
        metrics.text
    )


def test_a_killed_head_end_goes_on_with_the_answers_it_has_given(lab: Lab) -> None:
    octets = signed(inventory())
    with serving(lab) as head_end:
        first = head_end.post(octets).content
        head_end.process.kill()
    with serving(lab) as head_end:
        assert head_end.post(octets).content == first


def test_a_user_that_takes_a_document_and_says_nothing_holds_up_neither_answers_nor_the_end(
    lab: Lab,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (east,) = lab.rows(ServiceUser, user=EAST)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        lab.put(ServiceUser(EAST, east.party, east.role, url), told(1))
        with serving(lab) as head_end:
            taken, _ = silent.accept()
            with taken:
                assert taken.recv(4).startswith(b"POST")
                assert opened(head_end.post(signed(inventory())).content).code == "I0"
                code, logs = head_end.stop(signal.SIGINT)
    assert code == Exit.INTERRUPTED
    assert {line["event"] for line in logs} == {"answered"}
    (document,) = lab.rows(UserDocument)
    assert (document.state, document.tries) == (DocumentState.WAITING, 0)


@pytest.mark.heavy
@repeats(1, 5)
def test_requests_are_answered_once_and_alike_however_often_it_is_killed(
    lab: Lab, repeats: int
) -> None:
    posts = [signed(inventory()) for _ in range(8 * (repeats + 1))]
    answers: dict[bytes, set[bytes]] = {octets: set() for octets in posts}
    left = list(posts)
    for life in range(repeats + 1):
        with serving(lab) as head_end, ThreadPoolExecutor(4) as threads:
            if life < repeats:
                Timer(0.05 * (life + 1), head_end.process.kill).start()

            def ask(octets: bytes, head_end: Serving = head_end) -> bytes | None:
                try:
                    answer = head_end.post(octets)
                except httpx.HTTPError:
                    return None
                return answer.content if answer.status_code == 200 else None

            found = dict(zip(left, threads.map(ask, left), strict=True))
        for octets, answer in found.items():
            if answer is not None:
                answers[octets].add(answer)
        left = [octets for octets in posts if not answers[octets]] or posts
    with serving(lab) as head_end:
        for octets in posts:
            answers[octets].add(head_end.post(octets).content)
    assert all(len(found) == 1 for found in answers.values())
    assert len(lab.rows(ServiceInbox)) == len(posts)


def refused(*words: str | Path) -> str:
    ran = zota("duis", "serve", *words)
    assert ran.code in (Exit.ERRORS, Exit.UNREADABLE), ran
    assert ran.err.count("\n") == 1, ran.err
    return ran.err


def test_what_cannot_be_served_is_said_in_one_line(lab: Lab, tmp_path: Path) -> None:
    ours = ("--state", lab.state, "--keys", lab.keys)
    assert "give --tls-cert and --tls-key" in refused(*ours, "--http", "0.0.0.0:0")
    assert "no place to listen" in refused(*ours, "--http", "8079")
    assert "TLS needs both" in refused(*ours, "--tls-cert", lab.keys / "east.pem")
    tls = ("--tls-cert", lab.keys / "east.pem", "--tls-key", lab.keys / "dcc.key")
    assert "no certificates for TLS" in refused(*ours, *tls, "--http", "127.0.0.1:0")
    assert "no such folder" in refused("--state", lab.state, "--keys", tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "zota pki init" in refused("--state", lab.state, "--keys", tmp_path / "empty")
    assert "there is no fleet here" in refused("--state", tmp_path, "--keys", lab.keys)
    assert "schemas of DUIS" in refused(*ours, "--schemas", tmp_path / "empty")
    assert "names no gateway" in refused(*ours, "--gateway", "gw")


def test_a_state_or_a_port_that_is_taken_is_said_in_one_line(lab: Lab, tmp_path: Path) -> None:
    with serving(lab) as head_end:
        place = head_end.url.removeprefix("http://")
        ours = ("--state", lab.state, "--keys", lab.keys)
        assert "is in use by 'zota duis serve'" in refused(*ours, "--http", "127.0.0.1:0")
        other = Lab(tmp_path / "other")
        ours = ("--state", other.state, "--keys", other.keys)
        assert "cannot be listened at" in refused(*ours, "--http", place)


def operated(lab: Lab) -> None:
    """Have an operator whose key is at hand."""
    write_keys(lab.folder, "olive", 1)
    public = (lab.folder / "olive.pub").read_text()
    lab.put(Party("dcc", "The operator", ("operator",)), Person("olive", "dcc", "Olive", public))


def by_olive(lab: Lab) -> tuple[str | Path, ...]:
    return "--state", lab.state, "--as", "olive", "--key", lab.folder / "olive.key"


def test_documents_that_were_refused_are_listed_with_the_reason_and_brought_again(lab: Lab) -> None:
    operated(lab)
    dead = told(1)
    lab.put(
        UserDocument(
            *(dead.document, dead.user, dead.content, dead.created_utc, b"<made/>"),
            state=DocumentState.DEAD,
            tries=1,
            trouble="answered 400: not valid",
        ),
        told(2),
    )
    waiting = zota("duis", "outbox", "list", "--state", lab.state)
    assert "1 of 1 document" in waiting.out
    every = zota("duis", "outbox", "list", "--state", lab.state, "--state-of", "all", "--json")
    listed = json.loads(every.out)
    assert (listed["total"], [one["state"] for one in listed["documents"]]) == (
        2,
        ["dead", "waiting"],
    )
    assert listed["documents"][0]["trouble"] == "answered 400: not valid"
    ran = zota("duis", "outbox", "retry", format_eui64(EAST), *by_olive(lab))
    assert (ran.code, "1 document" in ran.out) == (Exit.OK, True), ran
    assert {row.state for row in lab.rows(UserDocument)} == {DocumentState.WAITING}
    (again,) = lab.rows(UserDocument, document=dead.document)
    assert again.octets == b"<made/>"
    nobody = zota("duis", "outbox", "list", "--state", lab.state, "--state-of", "lost")
    assert nobody.code == Exit.ERRORS


def test_a_user_is_registered_by_a_signed_decision_and_served_from_then_on(lab: Lab) -> None:
    operated(lab)
    octets = signed(inventory(user=STRANGER))
    with serving(lab) as head_end:
        assert opened(head_end.post(octets).content).code == "E1"
        ran = zota(
            *("duis", "user", "register", format_eui64(STRANGER), "--party", "east"),
            *("--role", "IS", "--endpoint", "http://127.0.0.1:1/", *by_olive(lab)),
        )
        assert ran.code == Exit.OK, ran
        assert opened(head_end.post(octets).content).code == "I0"
        code, logs = head_end.stop(signal.SIGTERM)
    assert code == Exit.OK
    assert [line["code"] for line in logs if line["event"] == "answered"] == ["E1", "I0"]
    (row,) = lab.rows(ServiceUser, user=STRANGER)
    assert (row.party, row.endpoint) == ("east", "http://127.0.0.1:1/")
