"""A released folder: what is served, and what is served no more."""

import json
from pathlib import Path

import pytest

from images.catalogue import CatalogueEntry, StatusDecision
from ota_engine.catalogue.desk import decide
from ota_engine.catalogue.export import FOLDER_INDEX, chosen, release_folder
from ota_engine.catalogue.folder import Catalogue
from ota_engine.errors import StoreError
from tests.catalogue.samples import ANNE, NAME, VERSION, empty, ota, put

NEXT = f"121D-0084-{VERSION + 1:08X}"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Two approved images."""
    made = empty(tmp_path)
    for version in (VERSION, VERSION + 1):
        order(made, put(made, ota(version=version)).entry, StatusDecision.APPROVE)
    return made


def order(catalogue: Catalogue, entry: CatalogueEntry, what: StatusDecision) -> None:
    with catalogue.writing() as writing:
        decide(writing, entry.sha256, what, ANNE, "it bricks")


def release(catalogue: Catalogue, target: Path) -> set[str]:
    """Release into a folder, and tell the images in it."""
    release_folder(catalogue, chosen(catalogue.entries(), drafts=False), target, "", force=True)
    return {file.name for file in target.glob("*.zigbee")}


def test_a_withdrawn_image_leaves_the_folder_with_its_next_release(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    assert release(catalogue, target) == {f"{NAME}-ppmid.zigbee", f"{NEXT}-ppmid.zigbee"}
    order(catalogue, catalogue.entries()[0], StatusDecision.WITHDRAW)
    assert release(catalogue, target) == {f"{NEXT}-ppmid.zigbee"}
    assert NAME not in (target / "zigpy.json").read_text()


def test_a_file_that_is_not_the_one_released_is_left_alone(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    release(catalogue, target)
    (target / f"{NAME}-ppmid.zigbee").write_bytes(b"somebody else's")
    order(catalogue, catalogue.entries()[0], StatusDecision.WITHDRAW)
    assert f"{NAME}-ppmid.zigbee" in release(catalogue, target)


@pytest.mark.parametrize("place", ["../secret", "deep/secret", "/etc/passwd"])
def test_a_hostile_index_in_the_target_deletes_nothing(
    catalogue: Catalogue, tmp_path: Path, place: str
) -> None:
    target = tmp_path / "out"
    release(catalogue, target)
    entry = catalogue.entries()[0]
    order(catalogue, entry, StatusDecision.WITHDRAW)
    (target / "deep").mkdir()
    for secret in (tmp_path / "secret", target / "deep" / "secret"):
        secret.write_bytes(catalogue.octets(entry))
    index = json.loads((target / FOLDER_INDEX).read_text())
    index["images"][0]["file"] = place
    (target / FOLDER_INDEX).write_text(json.dumps(index))
    release(catalogue, target)
    assert (tmp_path / "secret").exists()
    assert (target / "deep" / "secret").exists()


def test_a_link_in_the_target_is_replaced_and_never_written_through(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (tmp_path / "precious").write_bytes(b"precious")
    (target / "zigpy.json").symlink_to(tmp_path / "precious")
    (target / f"{NAME}-ppmid.zigbee").symlink_to(tmp_path / "precious")
    release(catalogue, target)
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (target / f"{NAME}-ppmid.zigbee").read_bytes() == ota()


def test_an_image_whose_octets_changed_stops_a_release(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    (catalogue.path / "images" / catalogue.entries()[1].sha256).write_bytes(ota(b"evil"))
    with pytest.raises(StoreError, match="the octets changed on disk"):
        release(catalogue, tmp_path / "out")
    assert list((tmp_path / "out").glob("*.json")) == []
