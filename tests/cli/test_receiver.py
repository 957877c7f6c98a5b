"""``zota receiver`` and the dead letters of ``zota store``, as a user meets them."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.store.store import DATABASE_NAME, Store
from ota_engine.wording import utc_text
from tests.cli.zota import zota
from tests.store.samples import deeds, outcome

WAITS = f"the oldest waits since {utc_text(outcome('first').utc)}"
NOBODY = "http://127.0.0.1:1/outcomes"  # a port on which nothing listens
TRIED_ONCE = "3s"  # more than any machine takes for an attempt; so long is waited where it fails


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with Store.open(tmp_path / DATABASE_NAME) as store:
        store.apply([outcome("first"), outcome("second")])
    return tmp_path


class Listening:
    """``zota receiver listen`` in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.first = self.line()

    def line(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(number)
        _, complaints = self.process.communicate(timeout=300)
        return self.process.returncode, complaints


@contextmanager
def listening(folder: Path, *arguments: str) -> Iterator[Listening]:
    argv = [sys.executable, "-W", "error", "-m", "ota_engine", "receiver", "listen", "--json"]
    options = ["--port", "0", "--records", str(folder / "records.jsonl"), *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*argv, *options], **pipes, text=True) as process:  # type: ignore[call-overload]
        try:
            yield Listening(process)
        finally:
            process.kill()


def test_what_waits_is_sent_and_every_letter_told_of(state: Path) -> None:
    with listening(state, "--lose-acks", "1") as receiver:
        assert receiver.first["known"] == 0
        ran = zota("receiver", "deliver", receiver.first["url"], "--state", state, "--json")
        assert (ran.code, json.loads(ran.out)) == (
            Exit.OK,
            {"delivered": 2, "given_up": 0, "waiting": 0, "dead": 0},
        )
        lost, *others = (receiver.line() for _ in range(3))
        assert lost == {"what": "lost", "status": None, "id": "first", "reason": "", "proof": ""}
        assert sorted((each["what"], each["status"]) for each in others) == [
            ("kept", 201),
            ("known", 200),
        ]
        assert receiver.stop() == (Exit.INTERRUPTED, "")
    assert len((state / "records.jsonl").read_text().splitlines()) == 2


def ended(receiver: Listening, number: int) -> int | None:
    """End a receiver that nobody brought anything; its exit code."""
    receiver.process.send_signal(number)
    assert receiver.line() == {"stopped": True, "records": 0, "letters": {}, "proofs": {}}
    return receiver.process.wait(300)


def test_it_ends_cleanly_on_ctrl_c_and_says_what_it_holds(tmp_path: Path) -> None:
    with listening(tmp_path) as receiver:
        assert ended(receiver, signal.SIGINT) == Exit.INTERRUPTED


def test_a_port_in_use_is_one_line_and_its_owner_ends_cleanly_when_told(tmp_path: Path) -> None:
    with listening(tmp_path) as receiver:
        port = receiver.first["url"].split(":")[2].split("/")[0]
        other = tmp_path / "other.jsonl"
        ran = zota("receiver", "listen", "--port", port, "--records", other)
        assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1)
        assert f"port {port} of 127.0.0.1 cannot be used" in ran.err
        ran = zota("receiver", "listen", "--port", 0, "--records", tmp_path / "records.jsonl")
        assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1)
        assert "another process writes" in ran.err
        assert ended(receiver, signal.SIGTERM) == Exit.OK


def test_a_receiver_that_is_away_leaves_all_waiting(state: Path) -> None:
    ran = zota("receiver", "deliver", NOBODY, "--state", state, "--timeout", TRIED_ONCE)
    assert ran.code == Exit.ERRORS
    assert ran.out == "0 delivered, 2 still waiting, 0 dead letters\n"
    assert "zota: receiver: outcome first not delivered yet: " in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("deliver", "receiver.example", "--state", "."),
            Exit.ERRORS,
            "the receiver's URL is none",
        ),
        (("deliver", NOBODY, "--state", "nowhere"), Exit.UNREADABLE, "there is no database here"),
    ],
)
def test_what_cannot_be_delivered_is_one_line(
    arguments: tuple[str, ...], code: int, said: str
) -> None:
    ran = zota("receiver", *arguments)
    assert (ran.code, ran.err.count("\n")) == (code, 1)
    assert said in ran.err


# --- former names ---------------------------------------------------------------------------------


def test_the_former_command_goes_on_working_and_says_so(state: Path) -> None:
    now = zota("receiver", "deliver", NOBODY, "--state", state, "--timeout", TRIED_ONCE)
    ran = zota("head-end", "deliver", NOBODY, "--state", state, "--timeout", TRIED_ONCE)
    assert (ran.code, ran.out) == (now.code, now.out)
    assert ran.err.splitlines()[0] == "zota: head-end is a former name: say 'zota receiver'"
    assert "head-end" not in zota("--help").out


@pytest.mark.parametrize("words", [("--head-end", "ftp://x"), ("--head-end=ftp://x",)])
def test_the_former_option_goes_on_working_and_says_so(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    ran = zota("demo", "--keep", tmp_path / "kept", *words)
    note, problem = ran.err.splitlines()
    assert note == "zota: --head-end is a former name: say --outcomes-to"
    assert (ran.code, "the receiver's URL is none" in problem) == (Exit.ERRORS, True)
    assert "--head-end" not in zota("push", "--help").out


def test_a_word_that_only_looks_like_the_former_option_is_left_alone() -> None:
    ran = zota("gbcs", "decode", "--", "--head-end")
    assert "former" not in ran.err


def test_records_under_their_former_name_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("head-end.jsonl", "receiver.jsonl"):
        (tmp_path / name).write_text("not ours")
        ran = zota("receiver", "listen", "--port", 0)
        assert (ran.code, name in ran.err) == (Exit.UNREADABLE, True)


def test_an_activation_is_proven_at_a_receiver_with_keys_of_its_own(tmp_path: Path) -> None:
    """A receiver that loses acknowledgements verifies again what a load switch signed."""
    keys, state, image = tmp_path / "keys", tmp_path / "lab", tmp_path / "hcalcs.zigbee"
    firmware = tmp_path / "firmware.bin"
    firmware.write_bytes(bytes(range(256)) * 4)
    made = zota("pki", "init", keys).out.splitlines()
    named = {line.split()[1]: line.split()[0] for line in made if line.count("-") >= 7}
    supplier = keys / f"{named['supplier'].replace('-', '').lower()}-ds.key"
    built = ("--manufacturer", "0x121D", "--type", "0x0086", "--version", "0x01020304")
    hardware = ("--hw-min", "0x0100", "--hw-max", "0x01FF")
    signed = ("--layout", "gb", "--sign-key", supplier)
    assert zota("image", "build", firmware, "-o", image, *signed, *built, *hardware).code == Exit.OK
    with listening(tmp_path, "--keystore", str(keys), "--lose-acks", "2") as receiver:
        engine = ("--link", f"sim://?keys={keys}", "--state", state, "--keys", keys)
        told = ("--outcomes-to", receiver.first["url"])
        device = ("--device", named["hcalcs"])
        assert zota("push", image, *engine, *device, *told).code == Exit.OK
        assert zota("activate", "--image", image, *engine, *device, *told).code == Exit.OK
        receiver.process.send_signal(signal.SIGINT)
        while "stopped" not in (line := receiver.line()):
            assert line["proof"] in {"proven", "no message"}
    assert (line["letters"]["lost"], line["letters"]["known"]) == (2, 2)
    records = [json.loads(text) for text in (tmp_path / "records.jsonl").read_text().splitlines()]
    proven = {record["decoded"]["use_case"] for record in records if record["message"]}
    assert proven == {"CCS08", "CS06"}
    assert line["proofs"]["proven"] == len([record for record in records if record["message"]])
    with Store.inspect(state / DATABASE_NAME) as store:
        assert [record["id"] for record in records] == [each.key for each in store.outcomes()]


# --- dead letters ---------------------------------------------------------------------------------


@pytest.fixture
def buried(state: Path) -> Path:
    with Store.open(state / DATABASE_NAME) as store:
        store.dispatches.register("receiver")
        store.dispatches.bury("receiver", "first", 3, "answered 422: no\x1b[2J")
    return state


def test_no_dead_letters(state: Path) -> None:
    ran = zota("store", "dead-letters", "--state", state)
    assert (ran.code, ran.out) == (
        Exit.OK,
        f"outcomes.jsonl (for operators): 2 waiting, 0 delivered, 0 dead; {WAITS}\n",
    )


def test_dead_letters_are_shown_with_their_reason(buried: Path) -> None:
    ran = zota("store", "dead-letters", buried / DATABASE_NAME)
    assert ran.code == Exit.ERRORS
    first, *sinks, remedy = ran.out.splitlines()
    assert first == (
        "receiver: first: transfer of 00-DB-12-34-56-78-90-A4 succeeded: answered 422: "
        r"no\x1b[2J (3 attempts)"
    )
    assert sinks == [
        f"outcomes.jsonl (for operators): 2 waiting, 0 delivered, 0 dead; {WAITS}",
        f"receiver (for operators): 1 waiting, 0 delivered, 1 dead; {WAITS}",
    ]
    assert "zota store requeue" in remedy


def test_fault_22_a_receiver_that_takes_nothing_is_shown_with_how_long_it_has_not(
    buried: Path,
) -> None:
    with Store.open(buried / DATABASE_NAME) as store:
        store.dispatches.delivered("outcomes.jsonl", ["first", "second"])
    ran = zota("store", "dead-letters", "--state", buried)
    *_, fresh, stale, _ = ran.out.splitlines()
    assert stale.endswith(WAITS)
    assert fresh == "outcomes.jsonl (for operators): 0 waiting, 2 delivered, 0 dead"


def test_dead_letters_in_json(buried: Path) -> None:
    shown = json.loads(zota("store", "dead-letters", "--state", buried, "--json").out)
    assert shown["sinks"]["receiver"] == {"waiting": 1, "delivered": 0, "dead": 1}
    assert set(shown["waiting_since"].values()) == {outcome("first").utc}
    (letter,) = shown["dead"]
    assert (letter["id"], letter["sink"], letter["attempts"]) == ("first", "receiver", 3)


@pytest.mark.parametrize("chosen", [("--id", "first"), ("--all",), ("--all", "--sink", "receiver")])
def test_a_dead_letter_queued_again_is_delivered_and_audited(
    buried: Path, chosen: tuple[str, ...]
) -> None:
    ran = zota("store", "requeue", "--state", buried, *chosen)
    assert (ran.code, ran.out) == (Exit.OK, "queued again: 1\n")
    with Store.open(buried / DATABASE_NAME) as store:
        assert store.dispatches.dead() == ()
        assert [each.key for each in store.dispatches.waiting("receiver", 9)] == ["first", "second"]
        (deed,) = deeds(store)
        assert (deed.action, deed.subject) == ("requeue", "first")
        assert store.verify_audit() is None


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ((), "which dead letters? name them with --id, or give --all"),
        (("--all", "--id", "first"), "which dead letters?"),
        (("--id", "second"), "'second' is no dead letter: 'zota store dead-letters' shows"),
        (("--id", "first", "--sink", "x"), "'first' is no dead letter"),
    ],
)
def test_what_cannot_be_queued_again_is_one_line_and_changes_nothing(
    buried: Path, chosen: tuple[str, ...], said: str
) -> None:
    ran = zota("store", "requeue", "--state", buried, *chosen)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert said in ran.err
    with Store.inspect(buried / DATABASE_NAME) as store:
        assert len(store.dispatches.dead()) == 1


def test_dead_letters_are_shown_but_not_queued_while_an_engine_runs(buried: Path) -> None:
    with Store.open(buried / DATABASE_NAME, owner="an engine"):
        assert zota("store", "dead-letters", "--state", buried).code == Exit.ERRORS
        ran = zota("store", "requeue", "--state", buried, "--all")
    assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1)
    assert "in use by 'an engine'" in ran.err


# --- secrets --------------------------------------------------------------------------------------

GEHEIM = "geheim-1234"


def token_file(folder: Path, text: str = GEHEIM + "\n") -> Path:
    path = folder / "token"
    path.write_text(text)
    return path


def test_a_token_from_a_file_or_the_environment_opens_the_receiver(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = token_file(state)
    with listening(state, "--token-file", str(file)) as receiver:
        words = ("receiver", "deliver", receiver.first["url"], "--state", state)
        without = zota(*words, "--timeout", TRIED_ONCE)
        assert (without.code, "answered 401" in without.err) == (Exit.ERRORS, True)
        monkeypatch.setenv("ZOTA_OUTCOMES_TOKEN", "another")
        assert zota(*words, "--timeout", TRIED_ONCE).code == Exit.ERRORS
        monkeypatch.setenv("ZOTA_OUTCOMES_TOKEN", GEHEIM)
        assert zota(*words).code == Exit.OK
        again = zota(*words, "--head-end-token-file", file)
        assert (again.code, "say --outcomes-token-file" in again.err) == (Exit.OK, True)
    assert GEHEIM not in without.err + without.out + again.err + again.out


@pytest.mark.parametrize("text", ["", "\n", "two words", "bell\x07", "zwölf", "x" * 9000])
def test_a_file_that_holds_no_token_is_one_line_without_what_it_holds(
    state: Path, text: str
) -> None:
    file = token_file(state, text)
    ran = zota("receiver", "deliver", "http://h/", "--state", state, "--outcomes-token-file", file)
    assert (ran.code, ran.out) == (Exit.ERRORS, "")
    assert ran.err == f"zota: {file}: holds no token: put one line of printable ASCII there\n"


def test_a_token_and_a_password_are_one_too_many(state: Path) -> None:
    words = ("--state", state, "--outcomes-token-file", token_file(state))
    ran = zota("receiver", "deliver", f"http://me:{GEHEIM}@h/", *words)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert GEHEIM not in ran.err


@pytest.mark.parametrize(
    "url", [f"http://me:{GEHEIM}@127.0.0.1:9/", f"http://me:{GEHEIM}/x@h/", f"ftp://me:{GEHEIM}@h/"]
)
def test_a_password_in_a_url_is_printed_nowhere(state: Path, url: str) -> None:
    ran = zota("receiver", "deliver", url, "--state", state, "--timeout", "1s")
    assert ran.code == Exit.ERRORS
    assert GEHEIM not in ran.out + ran.err
    with Store.inspect(state / DATABASE_NAME) as store:
        assert GEHEIM not in "".join(letter.problem for letter in store.dispatches.dead())
