"""The two-bank flash on its own, and fault 7: power cut at every single write."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.platform.flash import (
    MAX_TRIAL_BOOTS,
    SECTOR,
    FileIdentity,
    Flash,
    PowerLossError,
    SectorPool,
    Spare,
)
from ota_engine.errors import LocalError

FACTORY = FileIdentity(0x121D, 0x0084, 1)
NEW = FileIdentity(0x121D, 0x0084, 2)
CONTENT = Random(1).randbytes(10_496)  # two sectors and a half


def flash(bank_size: int = 1 << 20) -> Flash:
    return Flash(SectorPool(), bank_size, FACTORY)


def write(store: Flash, content: bytes = CONTENT, step: int = 48) -> None:
    for start in range(0, len(content), step):
        store.append(content[start : start + step])
    store.finish()


def installed(content: bytes = CONTENT) -> Flash:
    store = flash()
    store.begin(NEW, len(content))
    write(store, content)
    store.mark_verified(complete=True)
    return store


def test_what_was_written_runs_after_verification_swap_and_confirmation() -> None:
    store = installed()
    store.request_swap()
    boot = store.boot()
    store.confirm()
    assert boot.trial
    assert boot.files[0].identity == NEW
    assert store.running_content() == CONTENT


def test_a_verified_image_is_not_booted_before_it_is_asked_for() -> None:
    boot = installed().boot()
    assert (boot.files[0].identity, boot.trial) == (FACTORY, False)


def test_an_unverified_image_is_never_swapped_in() -> None:
    store = flash()
    store.begin(NEW, len(CONTENT))
    write(store)
    store.request_swap()
    assert store.boot().files[0].identity == FACTORY


def test_octets_that_rot_after_verification_are_not_booted() -> None:
    store = installed()
    store.request_swap()
    store.damage(1)
    boot = store.boot()
    assert (boot.files[0].identity, boot.rolled_back) == (FACTORY, True)


def test_an_image_that_is_never_confirmed_is_given_up() -> None:
    store = installed()
    store.request_swap()
    for _ in range(MAX_TRIAL_BOOTS):
        assert store.boot().trial
    assert store.boot().rolled_back
    assert not store.boot().rolled_back
    assert store.metadata.spare is Spare.EMPTY


def test_progress_is_durable_sector_by_sector() -> None:
    store = flash()
    store.begin(NEW, len(CONTENT))
    store.append(CONTENT[: SECTOR + 100])
    store.lose_power()
    download = store.resume()
    assert download is not None
    assert (download.identity, download.size, download.offset) == (NEW, len(CONTENT), SECTOR)


def test_a_file_larger_than_the_room_is_refused_and_nothing_changes() -> None:
    store = flash(bank_size=8192)
    with pytest.raises(LocalError):
        store.begin(NEW, 8193)
    assert store.metadata.spare is Spare.EMPTY


def test_files_of_one_upgrade_lie_behind_each_other_and_run_together() -> None:
    store = flash()
    second = FileIdentity(0x121D, 0x0085, 2)
    store.begin(NEW, len(CONTENT))
    write(store)
    store.mark_verified(complete=False)
    store.begin(second, 100, after_held=True)
    write(store, b"x" * 100)
    store.mark_verified(complete=True)
    store.request_swap()
    store.boot()
    store.confirm()
    assert store.running_content() == CONTENT + b"x" * 100
    assert [file.identity for file in store.metadata.running] == [NEW, second]


def test_a_new_download_replaces_what_the_spare_bank_held() -> None:
    store = installed()
    store.begin(FileIdentity(0x121D, 0x0084, 3), len(CONTENT))
    assert store.metadata.spare is Spare.DOWNLOADING
    assert store.metadata.held == ()


def test_a_thousand_devices_share_the_octets_of_one_image() -> None:
    pool = SectorPool()
    stores = [Flash(pool, 1 << 20, FACTORY) for _ in range(1000)]
    for store in stores:
        store.begin(NEW, len(CONTENT))
        write(store, step=1000)
    assert len(pool) == 3


def test_the_pool_is_bounded() -> None:
    pool = SectorPool(limit=4)
    for number in range(100):
        pool.intern(bytes([number]))
    assert len(pool) <= 4


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_any_cut_of_the_same_octets_gives_the_same_file(lengths: list[int]) -> None:
    content = bytes(sum(lengths) % 251 for _ in range(sum(lengths)))
    store = flash()
    store.begin(NEW, len(content))
    start = 0
    for length in lengths:
        store.append(content[start : start + length])
        start += length
    store.finish()
    assert b"".join(store.downloaded()) == content


# --- fault 7: the loop over every write -----------------------------------------------------------


def install_once(store: Flash) -> None:
    """One life of a device: take up what is there, go on to the end of an upgrade."""
    store.lose_power()
    boot = store.boot()
    running = boot.files[0].identity
    assert running in (FACTORY, NEW)
    if running == NEW:  # whatever booted is complete
        assert b"".join(store.held_sectors()) == CONTENT or store.running_content() == CONTENT
        store.confirm()
        return
    if store.metadata.spare is not Spare.VERIFIED:
        download = store.resume()
        if download is None:
            store.begin(NEW, len(CONTENT))
            download = store.resume()
        assert download is not None
        write(store, CONTENT[download.offset :])
        assert b"".join(store.downloaded()) == CONTENT
        store.mark_verified(complete=True)
    store.request_swap()
    install_once(store)


def writes_of_an_upgrade() -> int:
    store = flash()
    install_once(store)
    return store.writes


@pytest.mark.parametrize("index", range(writes_of_an_upgrade()))
def test_power_cut_at_every_write_ends_in_the_new_image_whole(index: int) -> None:
    store = flash()
    store.power_fails_at(index)
    with pytest.raises(PowerLossError):
        install_once(store)
    store.power_fails_at(-1)
    install_once(store)
    assert store.running_content() == CONTENT


def test_power_cut_at_every_pair_of_writes_never_runs_anything_but_a_whole_image() -> None:
    total = writes_of_an_upgrade()
    for first in range(total):
        for gap in range(1, 8):
            store = flash()
            store.power_fails_at(first)
            with pytest.raises(PowerLossError):
                install_once(store)
            store.power_fails_at(store.writes + gap)
            try:
                install_once(store)
            except PowerLossError:
                store.power_fails_at(-1)
                install_once(store)
            assert store.running_content() == CONTENT, (first, gap)


@pytest.mark.parametrize("index", range(5))
def test_power_cut_while_a_held_image_is_erased_never_leaves_half_of_it_bootable(
    index: int,
) -> None:
    store = installed()
    store.power_fails_at(store.writes + index)
    with pytest.raises(PowerLossError):
        store.begin(FileIdentity(0x121D, 0x0084, 3), len(CONTENT))
    store.request_swap()
    boot = store.boot()
    whole = b"".join(store.held_sectors()) == CONTENT
    assert boot.files[0].identity == (NEW if index == 0 else FACTORY)
    assert whole == (index == 0)
