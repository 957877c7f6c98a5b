"""The description in a built distribution holds on its own, as a package index shows it."""

import email
import email.message
import importlib
import re
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.tools.wheel import ROOT, built_sdist, built_wheel

TARGET = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
README = (ROOT / "README.md").read_text("utf-8")
SOURCE = "https://example.org/somebody/zota"


def metadata_of(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_string(archive.read(name).decode())


def description(metadata: email.message.Message) -> str:
    assert metadata["Description-Content-Type"] == "text/markdown"
    text = metadata.get_payload()
    assert isinstance(text, str)
    return text


def project(folder: Path, urls: str = "") -> Path:
    """As much of this project as a build needs, with addresses."""
    folder.mkdir()
    for name in ("README.md", "LICENSE", "tools/compiled_cores.py", "tools/index_readme.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    for package in ("ota_engine", "emulators", "images", "hw"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (folder / "pyproject.toml").write_text(text + urls, "utf-8")
    return folder


def test_no_link_of_the_description_leads_nowhere(tmp_path: Path) -> None:
    metadata = metadata_of(built_wheel(tmp_path, project(tmp_path / "project")))
    text = description(metadata)
    targets = TARGET.findall(FENCE.sub("", text))
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []
    assert FENCE.findall(text) == FENCE.findall(README), "what is to be typed stays as it is"
    for heading in re.findall(r"^## .*$", README, re.MULTILINE):
        assert heading in text
    if metadata["Project-URL"] is None:
        assert "![" not in text
        assert "source distribution" in text


def test_with_an_address_each_link_and_picture_leads_into_the_repository(tmp_path: Path) -> None:
    source = project(tmp_path / "project", f'\n[project.urls]\nSource = "{SOURCE}"\n')
    metadata = metadata_of(built_wheel(tmp_path, source))
    assert metadata["Project-URL"] == f"Source, {SOURCE}"
    text = description(metadata)
    assert f"({SOURCE}/raw/HEAD/docs/demo.svg)" in text
    assert f"({SOURCE}/blob/HEAD/docs/push.md)" in text
    local = [target for target in TARGET.findall(FENCE.sub("", README)) if "://" not in target]
    found = {
        target.split("/HEAD/")[1] for target in TARGET.findall(text) if target.startswith(SOURCE)
    }
    assert found == set(local)


@pytest.mark.heavy
def test_the_source_distribution_builds_the_same_wheel(tmp_path: Path) -> None:
    with tarfile.open(built_sdist(tmp_path)) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
    (tmp_path / "direct").mkdir()
    (tmp_path / "again").mkdir()
    direct = built_wheel(tmp_path / "direct")
    again = built_wheel(tmp_path / "again", unpacked)
    with zipfile.ZipFile(direct) as one, zipfile.ZipFile(again) as other:
        assert one.namelist() == other.namelist()
        assert [info.CRC for info in one.infolist()] == [info.CRC for info in other.infolist()]


@pytest.mark.parametrize(
    ("line", "without", "with_source"),
    [
        (
            "see [a page](docs/a.md#part).",
            "see a page.",
            "see [a page](U/blob/HEAD/docs/a.md#part).",
        ),
        ("![a picture](docs/a.svg)", "", "![a picture](U/raw/HEAD/docs/a.svg)"),
        ("[there](https://example.org/)", None, None),
        ("[below](#below)", None, None),
        ("```\n[not](a.link)\n```", None, None),
    ],
)
def test_a_link_is_rewritten_where_it_would_lead_nowhere(
    line: str, without: str | None, with_source: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    tool: Any = importlib.import_module("index_readme")
    assert tool.for_an_index(line, "U") == (line if with_source is None else with_source)
    said = tool.for_an_index(line, None).removesuffix(f"{tool.LOOSE}\n").rstrip()
    assert said == (line if without is None else without)
