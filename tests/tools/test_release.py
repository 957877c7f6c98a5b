"""A release is what one commit holds, the same wherever it is built, and can be checked with common tools."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.by_path import modules_of
from tests.tools.wheel import ROOT

SSH = shutil.which("ssh-keygen")
signing = pytest.mark.skipif(SSH is None, reason="ssh-keygen is not installed")
PURELIB = next(path for path in sys.path if path.endswith("site-packages"))


@pytest.fixture
def tool() -> Iterator[Any]:
    """Import one module of the tool by its name."""
    with modules_of(ROOT / "tools" / "release") as imported:
        yield imported


def key_of(folder: Path, kind: str = "ed25519") -> Path:
    """Make a throw-away key."""
    key = folder / f"key-{kind}"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", key], check=True)
    return key


def git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    program = ["git", "-C", str(folder), *settings, *words]
    return subprocess.run(program, check=True, capture_output=True, text=True).stdout


def made(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the tool as a releaser does, without a network."""
    program = [sys.executable, str(ROOT / "tools" / "release"), "--no-isolation", *map(str, words)]
    whole = {**os.environ, "PYTHONPATH": ""}  # with all that checks a bill of materials
    return subprocess.run(program, capture_output=True, text=True, check=False, env=whole)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files as they lie here, in a commit of their own."""
    if not (ROOT / ".git").exists():
        pytest.skip("a release is made from a repository, and this is none")
    folder = tmp_path_factory.mktemp("repository")
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "As it lies here")
    return folder


def version_of(repository: Path) -> str:
    text = (repository / "pyproject.toml").read_text("utf-8")
    found = re.search(r'^version = "(.+)"', text, re.MULTILINE)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def released(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A release that a throw-away key has signed, and what was said of it."""
    folder = tmp_path_factory.mktemp("released")
    signed: list[str | Path] = ["--key", key_of(folder)] if SSH else []
    (repository / "lies-about.txt").write_text("not committed")
    done = made("--repository", repository, "--folder", folder / "out", *signed)
    assert done.returncode == 0, done.stderr
    return folder / "out" / version_of(repository), done


@pytest.mark.heavy
def test_a_release_has_everything_and_its_sums_hold(
    released: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, done = released
    version = folder.name
    assert {path.name for path in folder.iterdir()} == {
        f"zota-{version}-py3-none-any.whl",
        f"zota-{version}.tar.gz",
        f"zota-{version}.cdx.json",
        "constraints.txt",
        "RELEASE-NOTES.md",
        "SHA256SUMS",
        *(["SHA256SUMS.sig"] if SSH else []),
    }
    assert "built twice, the same octet for octet" in done.stdout
    assert f"not tagged v{version}: for a look, not for others" in done.stdout
    assert "not in it, because not committed: 1 changed or new file" in done.stdout
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True)
    assert "zota image" in (folder / "RELEASE-NOTES.md").read_text("utf-8")
    if SSH is None:
        return
    receivers = tmp_path / "receivers"
    receivers.write_text(done.stdout.splitlines()[-1])
    verify = ["ssh-keygen", "-Y", "verify", "-f", str(receivers), "-I", "zota-release"]
    verify += ["-n", "file", "-s", str(folder / "SHA256SUMS.sig")]
    octets = (folder / "SHA256SUMS").read_bytes()
    subprocess.run(verify, input=octets, check=True)
    assert subprocess.run(verify, input=octets + b"x", check=False).returncode != 0


@pytest.mark.heavy
def test_its_bill_names_what_a_user_gets_in_the_versions_of_the_constraints(
    released: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = released
    (path,) = folder.glob("*.cdx.json")
    bill = json.loads(path.read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    constraints = (folder / "constraints.txt").read_text("utf-8").lower().replace("_", "-")
    components = {one["name"]: one for one in bill["components"]}
    for name, one in components.items():
        assert f"{name}=={one['version']}\n".lower() in constraints
        assert one["licenses"], name
    assert components["trio"]["scope"] == "required"
    assert components["starlette"]["scope"] == "optional"
    extras = {one["value"] for one in components["bellows"]["properties"]}
    assert "radio" in extras
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & set(components)
    known = {one["bom-ref"] for one in bill["components"]} | {
        bill["metadata"]["component"]["bom-ref"]
    }
    for entry in bill["dependencies"]:
        assert {entry["ref"], *entry.get("dependsOn", [])} <= known
    sums = (folder / "SHA256SUMS").read_text("utf-8")
    (digest,) = bill["metadata"]["component"]["hashes"]
    assert f"{digest['content']}  zota-{folder.name}-py3-none-any.whl" in sums


@pytest.mark.heavy
def test_its_wheel_installs_and_says_its_version(
    released: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, _ = released
    (wheel,) = folder.glob("*-py3-none-any.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True)
    # What zota needs comes from here, and zota itself must not.
    environment = {**os.environ, "PYTHONPATH": PURELIB}
    where = [python, "-c", "import ota_engine; print(ota_engine.__file__)"]
    told = subprocess.run(
        where, check=True, capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    if str(tmp_path) not in told.stdout:
        pytest.fail(f"zota came from {told.stdout}")
    said = subprocess.run(
        [tmp_path / "venv" / "bin" / "zota", "--version"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert said.stdout.startswith(f"zota {folder.name}, ")


def test_a_signed_release_is_made_once(tool: Any, tmp_path: Path) -> None:
    target = tmp_path / "1.0.0"

    def put(octets: bytes, signature: bytes | None) -> None:
        made = tmp_path / "made"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        (made / "a.whl").write_bytes(octets)
        tool("sums").write_sums(made)
        if signature:
            (made / "SHA256SUMS.sig").write_bytes(signature)
        tool("shelf").put(made, target)

    put(b"one", None)
    put(b"two", None)
    assert (target / "a.whl").read_bytes() == b"two"
    put(b"two", b"signature")
    put(b"two", None)
    assert (target / "SHA256SUMS.sig").read_bytes() == b"signature", "the same, and still signed"
    with pytest.raises(tool("trouble").ReleaseError, match="is signed and holds something else"):
        put(b"three", b"signature")
    assert (target / "a.whl").read_bytes() == b"two"


def test_a_version_whose_tag_names_another_commit_is_not_released_again(
    tool: Any, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q")
    for text in ("one", "other"):
        (tmp_path / "pyproject.toml").write_text(f'[project]\nversion = "1.2.3"\nname = "{text}"\n')
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", text)
    commit = tool("commit")
    now = commit.commit_of(tmp_path)
    assert commit.version_of(tmp_path, now) == "1.2.3"
    git(tmp_path, "tag", "v1.2.3")
    now = commit.commit_of(tmp_path)
    assert now.tags == ("v1.2.3",)
    assert commit.version_of(tmp_path, now) == "1.2.3"
    git(tmp_path, "tag", "-f", "v1.2.3", "HEAD~1")
    with pytest.raises(tool("trouble").ReleaseError, match=r"is released, tag v1\.2\.3"):
        commit.version_of(tmp_path, commit.commit_of(tmp_path))


HOOK = """import os
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class Cores(BuildHookInterface):
    def initialize(self, version, build_data):
        if HAS_CORES and os.environ.get("ZOTA_COMPILED") == "1":
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
"""
PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "inn"
version = "1.0.0"

[tool.hatch.build.targets.wheel.hooks.custom]
path = "hook.py"
"""


@pytest.mark.heavy
@pytest.mark.parametrize("has_cores", [True, False])
def test_a_compiled_wheel_is_one_for_this_machine_or_there_is_none(
    tool: Any, tmp_path: Path, has_cores: bool
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "inn").mkdir(parents=True)
    target.mkdir()
    (source / "inn" / "__init__.py").touch()
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "constraints.txt").touch()
    (source / "hook.py").write_text(f"HAS_CORES = {has_cores}\n{HOOK}")
    git(source, "init", "-q")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "An inn")
    commit, building = tool("commit").commit_of(source), tool("building")
    if has_cores:
        wheel = building.build_compiled(source, commit, target, isolated=False)
        assert wheel.parent == target and not wheel.name.endswith("none-any.whl")
        return
    with pytest.raises(tool("trouble").ReleaseError, match="compiles nothing"):
        building.build_compiled(source, commit, target, isolated=False)


@signing
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_sums_signed_by_a_key_verify_and_others_do_not(
    tool: Any, tmp_path: Path, kind: str
) -> None:
    sums = tool("sums")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.whl").write_bytes(b"a wheel")
    written = sums.write_sums(tmp_path / "out")
    line = sums.sign(written, key_of(tmp_path, kind))
    receivers = tmp_path / "receivers"
    receivers.write_text(f"{line}\n")
    sums.verify(written, receivers)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "a.whl",
        "SHA256SUMS",
        "SHA256SUMS.sig",
    }
    written.write_text(written.read_text().replace("a.whl", "b.whl"))
    with pytest.raises(tool("trouble").ReleaseError, match="ssh-keygen"):
        sums.verify(written, receivers)


def test_a_key_that_is_not_there_is_told_in_one_line(tool: Any, tmp_path: Path) -> None:
    written = tool("sums").write_sums(tmp_path)
    with pytest.raises(tool("trouble").ReleaseError, match="there is no such key"):
        tool("sums").sign(written, tmp_path / "nowhere")


def test_builds_that_differ_in_one_octet_are_refused(tool: Any, tmp_path: Path) -> None:
    builds = []
    for folder, octets in (("a", b"one"), ("b", b"two")):
        (tmp_path / folder).mkdir()
        builds.append([tmp_path / folder / "zota.whl"])
        builds[-1][0].write_bytes(octets)
    tool("building").compare(builds[0], builds[0])
    with pytest.raises(tool("trouble").ReleaseError, match="not reproducible: zota"):
        tool("building").compare(*builds)


def test_without_a_commit_there_is_no_release(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    done = made("--repository", tmp_path, "--folder", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("release: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def project(folder: Path, *fragments: str) -> Path:
    """As much as a change log is made of."""
    (folder / "changelog.d").mkdir()
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(ROOT / "CHANGELOG.md", folder)
    container = Path("docs", "examples", "deploy", "Containerfile")
    (folder / container).parent.mkdir(parents=True)
    shutil.copy(ROOT / container, folder / container)
    for name in fragments:
        (folder / "changelog.d" / name).write_text(f"What {name} says.\n")
    return folder


def test_fragments_of_one_issue_and_kind_all_come_into_the_change_log(tmp_path: Path) -> None:
    names = ["7.added.md", "7.added.one.md", "7.added.1.md", "7.fixed.one.md", "+x.added.md"]
    folder = project(tmp_path, *names)
    done = made("--repository", folder, "--prepare", "9.8.7rc1")
    assert done.returncode == 0, done.stderr
    written = (folder / "CHANGELOG.md").read_text("utf-8")
    assert "## 9.8.7rc1 (" in written
    for name in names:
        assert written.count(f"What {name} says.") == 1
    assert version_of(folder) == "9.8.7rc1"
    container = (folder / "docs/examples/deploy/Containerfile").read_text("utf-8")
    assert set(re.findall(r"build/release/(\S+)", container)) == {"9.8.7rc1"}
    assert list((folder / "changelog.d").glob("*.md")) == []


@pytest.mark.parametrize(
    ("fragments", "version", "said"),
    [
        (["7.added.md"], "new", "not a version"),
        ([], "1.0.0", "nothing is new"),
        (["seven.md"], "1.0.0", "name it ISSUE.added.WORD.md"),
    ],
)
def test_what_cannot_be_prepared_is_told_in_one_line(
    tmp_path: Path, fragments: list[str], version: str, said: str
) -> None:
    done = made("--repository", project(tmp_path, *fragments), "--prepare", version)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_every_fragment_here_has_a_name_that_a_release_reads(tool: Any, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "changelog.d", tmp_path / "changelog.d")
    tool("notes").number(tmp_path / "changelog.d")
    kept = [path for path in (tmp_path / "changelog.d").iterdir() if path.suffix == ".md"]
    assert len(kept) == len(list((ROOT / "changelog.d").glob("*.md")))
