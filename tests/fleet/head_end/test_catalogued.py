"""The fleet's copy of the catalogue: what is there, what is approved, and what is gone."""

from pathlib import Path

from images.catalogue import StatusDecision
from ota_engine.catalogue.desk import decide, remove
from ota_engine.fleet.releases.rows import CataloguedImage
from ota_engine.head_end.catalogued import copy_catalogue, shelve_images
from ota_engine.head_end.image_shelf import ImageShelf
from tests.catalogue.samples import ANNE, CODE, TYPE, VERSION, empty, ota, put
from tests.fleet.estate import Estate


def test_the_copy_is_what_the_catalogue_is(tmp_path: Path) -> None:
    estate, catalogue = Estate(0), empty(tmp_path)
    sha256 = put(catalogue, ota()).entry.sha256
    assert copy_catalogue(catalogue, estate.store) == 1
    assert estate.row(CataloguedImage) == CataloguedImage(sha256, CODE, TYPE, VERSION, False)
    with catalogue.writing() as writing:
        decide(writing, sha256, StatusDecision.APPROVE, ANNE, "")
    copy_catalogue(catalogue, estate.store)
    assert estate.row(CataloguedImage).approved


def test_an_image_that_is_gone_is_approved_no_longer(tmp_path: Path) -> None:
    estate, catalogue = Estate(0), empty(tmp_path)
    sha256 = put(catalogue, ota()).entry.sha256
    estate.put(CataloguedImage(sha256, CODE, TYPE, VERSION, approved=True))
    with catalogue.writing() as writing:
        remove(writing, sha256)
    assert copy_catalogue(catalogue, estate.store) == 0
    assert not estate.row(CataloguedImage).approved


def test_octets_of_approved_images_are_kept_for_gateways(tmp_path: Path) -> None:
    catalogue, shelf = empty(tmp_path / "catalogue"), ImageShelf(tmp_path / "images")
    octets = ota()
    sha256 = put(catalogue, octets).entry.sha256
    assert shelve_images(catalogue, shelf) == 0
    with catalogue.writing() as writing:
        decide(writing, sha256, StatusDecision.APPROVE, ANNE, "")
    assert shelve_images(catalogue, shelf) == shelve_images(catalogue, shelf) == 1
    assert (shelf.folder / sha256).read_bytes() == octets
