"""The fuzzer: it finds what is planted, keeps it, goes on where it stopped, and shares its corpus."""

import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.tools.by_path import modules_of

FUZZ = Path(__file__).resolve().parents[2] / "tools" / "fuzz"
WALKED = """
def walk(data):
    if data[:1] == b"Z":
        if data[1:2] == b"I":
            raise ValueError("found")
    return 0
"""


ONE_TARGET = """
from ota_engine.errors import PeerError
from ota_engine.zcl.frame import parse_header
from targets.target import Target, one_line

def parsing(data):
    try:
        parse_header(data)
    except PeerError as error:
        one_line(error)

TARGETS = {"header": Target(lambda: (bytes(3),), parsing, ("ota_engine.zcl.frame",))}
"""


def fuzzed(*arguments: str, program: Path = FUZZ) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Parts:
    """The parts of the fuzzer in this process, at a target of our own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.campaign = importlib.import_module("campaign")
        self.corpus = importlib.import_module("corpus")
        self.probes = importlib.import_module("probes").Probes()
        self.target = importlib.import_module("targets.target").Target

    def walked(self, source: str = WALKED) -> Any:
        """A function whose places are marked."""
        code = self.probes.compile(source.encode(), "walked.py", "walked")
        names: dict[str, Any] = {"__went_by__": self.probes.marks}
        exec(code, names)  # noqa: S102 - the text above
        return names["walk"]

    def feed(
        self, run: Any, *, seeds: tuple[bytes, ...] = (b"abcd",), runs: int, seed: int = 1
    ) -> Any:
        """Feed a target so many inputs; its seeds are the first of them."""
        target = self.target(lambda: seeds, run, ("walked",))
        limits = self.campaign.Limits(time.monotonic() + 600, runs)
        return self.campaign.Feeding("planted", target, self.probes, self.folder).go_on(
            seed, limits
        )


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with modules_of(FUZZ):
        package = type(sys)("targets")  # without the targets of the project, which load all of it
        package.__path__ = [str(FUZZ / "targets")]
        sys.modules["targets"] = package
        yield Parts(tmp_path)


@pytest.mark.heavy
def test_every_target_stands_its_seeds_and_some_changes_of_them(tmp_path: Path) -> None:
    ended = fuzzed("--runs", "300", "--seconds", "6000", "--folder", str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "seed 1" in ended.stdout and "0 defects" in ended.stdout.splitlines()[-1]
    assert not (tmp_path / "defects").exists()


def test_every_target_stands_its_first_seed_and_its_last() -> None:
    with modules_of(FUZZ) as imported:
        attempt, targets = imported("campaign").attempt, imported("targets").TARGETS
        assert len(targets) > 20
        for name, target in targets.items():
            seeds = target.seeds()
            for seed in (seeds[0], seeds[-1]):
                broken = attempt(target, seed)
                assert broken is None, f"{name}: {broken.trace}"


def test_the_program_marks_what_it_feeds_goes_on_where_it_stopped_and_says_so(
    tmp_path: Path,
) -> None:
    program = tmp_path / "tools" / "fuzz"
    shutil.copytree(FUZZ, program, ignore=shutil.ignore_patterns("__pycache__"))
    (program / "targets" / "__init__.py").write_text(ONE_TARGET)  # to load all takes seconds
    for package in ("images", "ota_engine", "emulators", "hw"):
        (tmp_path / package).symlink_to(FUZZ.parents[1] / package)

    def told(*arguments: str) -> str:
        ended = fuzzed("header", "--folder", str(tmp_path), *arguments, program=program)
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
        return ended.stdout

    for _ in range(2):
        fed = told("--runs", "200").splitlines()
        assert fed[0].startswith("fuzz: seed 1, 60 s for header")
        assert "fuzz: header: 200 inputs" in fed[1]
        assert "0 defects" in fed[-1]
    assert not (tmp_path / "defects").exists()
    (row,) = json.loads(told("--json"))
    assert (row["target"], row["executions"], row["runs"]) == ("header", 400, 2)
    assert 0 < row["reached"] <= row["places"] and row["verdict"] is None


def test_an_unknown_target_is_refused_with_the_names_that_are_known(
    parts: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    words = importlib.import_module("words")
    with pytest.raises(SystemExit) as ended:
        words.read_words(["gbcs", "no-such-target"], ["gbcs", "manifest"], parts.folder, "Fuzz.")
    assert ended.value.code == 2
    said = capsys.readouterr().out
    assert said == "fuzz: no target named no-such-target; there are gbcs, manifest\n"


@pytest.mark.heavy
def test_an_unknown_target_is_refused_with_the_names_there_are() -> None:
    ended = fuzzed("no-such-target")
    assert ended.returncode == 2
    assert "no-such-target" in ended.stdout and "manifest" in ended.stdout


@pytest.mark.heavy
def test_a_run_goes_on_where_the_last_one_stopped_and_a_table_says_so(tmp_path: Path) -> None:
    arguments = ("zcl-tunnel", "gbcs", "--folder", str(tmp_path))
    for _ in range(2):
        assert fuzzed(*arguments, "--runs", "200").returncode == 0
    table = fuzzed(*arguments, "--status")
    assert table.returncode == 0
    assert all(len(line) <= 80 for line in table.stdout.splitlines())
    assert "400" in next(line for line in table.stdout.splitlines() if line.startswith("gbcs"))
    told = json.loads(fuzzed(*arguments, "--json").stdout)
    assert [(row["target"], row["executions"], row["runs"]) for row in told] == [
        ("zcl-tunnel", 400, 2),
        ("gbcs", 400, 2),
    ]
    assert all(0 < row["reached"] <= row["places"] and row["verdict"] is None for row in told)


def test_a_planted_defect_is_found_and_its_input_kept(parts: Parts) -> None:
    tally = parts.feed(parts.walked(), runs=20_000)
    (defect,) = tally.defects  # one per place, however many inputs reach it
    assert list((parts.folder / "defects" / "planted").iterdir()) == [defect.kept]
    assert defect.kept.read_bytes().startswith(b"ZI")
    assert "ValueError" in defect.place and "in walk" in defect.trace


def test_a_way_that_was_found_is_begun_with_the_next_time(parts: Parts) -> None:
    walk = parts.walked()
    first = parts.feed(walk, runs=5_000)
    assert first.state.executions == 5_000 and first.kept > 0
    parts.probes.marks.clear()
    again = parts.feed(walk, runs=1)  # its seed alone, and what was kept
    assert again.state.reached == first.state.reached
    assert (again.state.executions, again.state.runs) == (5_001, 2)


def test_inputs_that_add_nothing_to_smaller_ones_are_taken_away(parts: Parts) -> None:
    walk = parts.walked()
    corpus = parts.corpus.Corpus(parts.folder / "corpus" / "planted")
    for data in (b"Zx", b"Zxx", b"Zxxx"):
        corpus.add(data)
    tally = parts.feed(walk, runs=1)
    assert tally.kept == 1
    names = {path.name for path in corpus.folder.iterdir() if not path.name.startswith(".")}
    assert names == {parts.corpus.digest(b"Zx"), "state.json"}


def test_processes_beside_each_other_count_every_execution_and_take_over_finds(
    parts: Parts,
) -> None:
    folder = parts.folder / "shared"

    def tell(number: int) -> None:
        corpus = parts.corpus.Corpus(folder)
        corpus.add(bytes((number,)))
        for _ in range(20):
            corpus.tell(parts.corpus.Done(5, 0.5, None, 0.0), 1, 2)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tell, range(4)))
    state = parts.corpus.Corpus(folder).state()
    assert (state.executions, state.seconds, state.quiet) == (400, 40.0, 400)
    late = parts.corpus.Corpus(folder)
    assert sorted(late.found_by_others()) == [bytes((number,)) for number in range(4)]
    assert late.found_by_others() == []


@pytest.mark.parametrize(
    ("executions", "quiet", "verdict"),
    [
        (10_000_000, 0, "10^7"),
        (1_000_000, 1_000_000, "flat 1,000,000"),
        (999_999, 999_999, ""),
        (4_000_000, 1_999_999, ""),
        (4_000_000, 2_000_000, "flat 2,000,000"),
    ],
)
def test_enough_is_ten_million_or_no_new_place_in_half_of_all_and_a_million(
    parts: Parts, executions: int, quiet: int, verdict: str
) -> None:
    assert parts.corpus.FuzzState(executions=executions, quiet=quiet).verdict == verdict


def test_changed_sources_must_become_quiet_anew(parts: Parts) -> None:
    corpus = parts.corpus.Corpus(parts.folder / "corpus" / "planted")
    corpus.begin("before", lambda data: True)
    corpus.tell(parts.corpus.Done(2_000_000, 1.0, None, 0.0), 1, 2)
    same, _ = corpus.begin("before", lambda data: True)
    other, _ = corpus.begin("after", lambda data: True)
    assert same.flat and not other.flat
    assert other.executions == 2_000_000


def test_an_endless_walk_is_a_defect(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    def never_ends(data: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr(parts.campaign, "SLOWEST", 0.05)
    (defect,) = parts.feed(never_ends, runs=1).defects
    assert "TooSlow" in defect.place


def test_an_input_that_waits_for_ever_is_a_defect(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts.campaign, "STILL", 0.05)
    never, kept_open = os.pipe()
    (defect,) = parts.feed(lambda data: os.read(never, 1), runs=1).defects
    assert "TooSlow" in defect.place
    os.close(kept_open)


def test_an_input_that_kills_the_process_is_kept_by_its_parent(parts: Parts) -> None:
    def dies(data: bytes) -> None:
        if data == b"die":
            os.kill(os.getpid(), signal.SIGKILL)

    apart = importlib.import_module("apart")
    target = parts.target(lambda: (b"live", b"die"), dies, ())
    limits = parts.campaign.Limits(time.monotonic() + 600, 10)
    tally = apart.feed_apart("planted", target, parts.probes, parts.folder, 1, limits)
    (defect,) = tally.defects
    assert "SIGKILL" in defect.place and defect.kept.read_bytes() == b"die"


def test_code_that_is_not_pythons_is_ended_by_the_kernel_and_nothing_that_only_takes_long_in_all(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = importlib.import_module("apart")
    monkeypatch.setattr(apart, "ENDLESS", 0.5)  # processor seconds, as all here
    monkeypatch.setattr(parts.campaign, "SLOWEST", 0.45)

    def work(data: bytes) -> None:
        if data == b"endless":
            hashlib.pbkdf2_hmac("sha256", b"", b"", 1 << 30)  # an hour, and no handler runs in it
        until = time.process_time() + 0.02
        while time.process_time() < until:
            pass

    target = parts.target(
        lambda: (*(bytes((one,)) for one in range(30)), b"endless"), work, ("walked",)
    )
    limits = parts.campaign.Limits(time.monotonic() + 600, 100)
    tally = apart.feed_apart("planted", target, parts.probes, parts.folder, 1, limits)
    (defect,) = tally.defects
    assert "SIGPROF" in defect.place and defect.kept.read_bytes() == b"endless"


def test_the_same_seed_makes_the_same_inputs(parts: Parts, tmp_path: Path) -> None:
    def inputs(seed: int) -> list[bytes]:
        seen: list[bytes] = []
        parts.folder = tmp_path / f"{seed} {len(list(tmp_path.iterdir()))}"
        parts.feed(seen.append, seeds=(b"abc", b"defgh"), runs=200, seed=seed)
        return seen

    assert inputs(7) == inputs(7)
    assert inputs(7) != inputs(8)
    assert len(inputs(7)) == 200


def test_no_input_grows_beyond_the_limit(parts: Parts) -> None:
    mutation = importlib.import_module("mutation")
    corpus = [bytes(900), b"", b"abc"]
    given = mutation.Given(random.Random(1), corpus, 1_000)
    made = [mutation.mutate(given, corpus[given.below(3)]) for _ in range(600)]
    assert max(map(len, made)) <= 1_000
    assert len(set(made)) > 400


def test_words_of_the_code_are_put_into_inputs(parts: Parts) -> None:
    mutation = importlib.import_module("mutation")
    parts.walked("def walk(data):\n    return data in (b'magic', 'word', 0x1234)\n")
    words = mutation.words_of(parts.probes.words(("walked",)))
    assert {b"magic", b"word", b"\x34\x12", b"\x12\x34", b"4660"} <= set(words)


def test_a_place_is_marked_once_and_the_way_past_a_condition_is_one(parts: Parts) -> None:
    walk = parts.walked("def walk(far):\n    if far:\n        far = 2\n    return far\n")
    seen = []
    for far in (1, 1, 0, 0):
        walk(far)
        seen.append(len(parts.probes.marks))
    assert seen == [3, 3, 4, 4]
    assert len(parts.probes.within(("walked",))) == 4
