"""What may be listed, approved and removed, and what every decision leaves behind."""

from pathlib import Path

import pytest

from images import ImageError
from images.catalogue import ImageStatus, Range, StatusDecision, Terms
from ota_engine.catalogue.desk import decide, find, remove
from ota_engine.catalogue.folder import Catalogue
from ota_engine.errors import LocalError
from tests.catalogue.samples import ANNE, CODE, NAME, NOW, TYPE, VERSION, bases, empty, ota, put

BROKEN = ota()[:-16] + bytes(16)  # an integrity code that is wrong


def test_a_file_is_listed_as_a_draft_with_its_origin(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    added = put(catalogue, ota(hardware=(1, 2)), bases((1, 5)))
    assert catalogue.entries() == [added.entry]
    assert catalogue.octets(added.entry) == ota(hardware=(1, 2))
    entry = added.entry
    assert (entry.identity, entry.hardware) == ((CODE, TYPE, VERSION), Range(1, 2))
    assert (entry.status, entry.terms.bases) == (ImageStatus.DRAFT, (Range(1, 5),))
    assert (entry.origin.name, entry.origin.source) == ("ppmid.ota", "bench")
    assert [(step.who, step.utc, step.what) for step in entry.history] == [("anne", NOW, "added")]


def test_the_same_octets_are_kept_once_in_whatever_wrapper(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    put(catalogue, ota())
    assert put(catalogue, ota() + b"\xff" * 9, bearer=ANNE._replace(override="padded")).known
    assert len(catalogue.entries()) == 1
    assert len(list((catalogue.path / "images").iterdir())) == 1


def test_other_octets_of_one_identity_are_refused_by_name(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    first = put(catalogue, ota()).entry
    with pytest.raises(
        LocalError, match=f"{NAME} is listed with other octets .{first.sha256[:12]}"
    ):
        put(catalogue, ota(b"other"))
    assert catalogue.entries() == [first]


def test_a_clash_is_listed_where_somebody_says_why(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    first = put(catalogue, ota()).entry
    added = put(catalogue, ota(b"other"), bearer=ANNE._replace(allow_clash="two board spins"))
    assert added.clashes == (first,)
    assert added.entry.history[-1][1:] == ("anne", "accepted a clash", "two board spins")


def test_files_for_two_named_devices_do_not_clash(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    put(catalogue, ota(b"one", destination=1))
    assert put(catalogue, ota(b"two", destination=2)).clashes == ()


def test_a_file_with_errors_is_refused_with_its_rules(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"refused for ZOTA\d{3}"):
        put(empty(tmp_path), BROKEN)


def test_accepted_errors_stay_on_record_with_their_reason(tmp_path: Path) -> None:
    entry = put(empty(tmp_path), BROKEN, bearer=ANNE._replace(override="lab only")).entry
    assert entry.accepted
    assert entry.history[-1].reason == "lab only"
    assert set(entry.accepted) <= set(entry.history[-1].what.split())


def test_a_truncated_file_cannot_be_listed_for_any_reason(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    with pytest.raises(ImageError, match="get the whole file"):
        put(catalogue, ota()[:-1], bearer=ANNE._replace(override="please"))
    assert catalogue.entries() == []


def test_an_upgrade_path_from_a_higher_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="give lower versions"):
        put(empty(tmp_path), ota(), bases((1, VERSION)))


def test_hardware_may_be_narrowed_and_never_widened(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    with pytest.raises(ImageError, match="never widen"):
        put(catalogue, ota(hardware=(1, 5)), Terms(hardware=Range(1, 6)))
    assert put(catalogue, ota(hardware=(1, 5)), Terms(hardware=Range(2, 3))).entry.hardware == (
        2,
        3,
    )


def test_terms_of_a_listed_image_do_not_change_silently(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    put(catalogue, ota(), bases((1, 5)))
    with pytest.raises(LocalError, match="on other terms"):
        put(catalogue, ota(), bases((1, 6)))
    assert put(catalogue, ota(), bases((1, 5))).known


def order(
    catalogue: Catalogue, what: StatusDecision, reason: str = "", name: str = NAME
) -> ImageStatus:
    with catalogue.writing() as writing:
        return decide(writing, name, what, ANNE, reason).status


def test_an_image_is_approved_and_withdrawn_by_order(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    put(catalogue, ota())
    assert order(catalogue, StatusDecision.APPROVE) is ImageStatus.APPROVED
    with pytest.raises(ImageError, match="approved already"):
        order(catalogue, StatusDecision.APPROVE)
    with pytest.raises(ImageError, match="give a --reason"):
        order(catalogue, StatusDecision.WITHDRAW)
    assert order(catalogue, StatusDecision.WITHDRAW, "bricks rev C") is ImageStatus.WITHDRAWN
    (entry,) = catalogue.entries()
    assert [step.what for step in entry.history] == ["added", "approved", "withdrawn"]
    assert entry.history[-1].reason == "bricks rev C"


def test_two_approved_images_of_one_identity_need_a_reason(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    first = put(catalogue, ota()).entry
    second = put(catalogue, ota(b"other"), bearer=ANNE._replace(allow_clash="why")).entry
    order(catalogue, StatusDecision.APPROVE, name=first.sha256)
    with pytest.raises(LocalError, match="of the same identity is approved"):
        order(catalogue, StatusDecision.APPROVE, name=second.sha256)
    assert order(catalogue, StatusDecision.APPROVE, "lab", second.sha256) is ImageStatus.APPROVED


def test_an_approved_image_cannot_be_removed(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    put(catalogue, ota())
    order(catalogue, StatusDecision.APPROVE)
    with pytest.raises(LocalError, match="withdraw it first"), catalogue.writing() as writing:
        remove(writing, NAME)
    assert len(catalogue.entries()) == 1


def test_a_removed_image_leaves_neither_record_nor_octets(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    put(catalogue, ota())
    with catalogue.writing() as writing:
        remove(writing, NAME)
    assert catalogue.entries() == []
    assert list((catalogue.path / "images").iterdir()) == []


@pytest.mark.parametrize("selector", [NAME, NAME.lower(), "sha256", "sha256-prefix"])
def test_an_image_is_found_by_identity_or_digest(tmp_path: Path, selector: str) -> None:
    entry = put(empty(tmp_path), ota()).entry
    known = {"sha256": entry.sha256, "sha256-prefix": entry.sha256[:4].upper()}
    assert find([entry], known.get(selector, selector)) == entry


@pytest.mark.parametrize("selector", ["", "abc", "121D-0084-01020305", "../images", "\x1b[2J"])
def test_what_is_not_there_is_said_in_one_line(tmp_path: Path, selector: str) -> None:
    entry = put(empty(tmp_path), ota()).entry
    with pytest.raises(LocalError, match="not in the catalogue") as error:
        find([entry], selector)
    assert str(error.value).isprintable()
