"""One page in any order."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from emulators.client.page import PageReception

CONTENT = Random(3).randbytes(1000)


def blocks(page: PageReception) -> list[tuple[int, bytes]]:
    end = page.start + page.size
    return [
        (offset, CONTENT[offset : min(offset + page.block_size, end)])
        for offset in range(page.start, end, page.block_size)
    ]


@given(st.integers(1, 600), st.integers(1, 100), st.randoms(use_true_random=False))
def test_blocks_in_any_order_make_the_page(size: int, block_size: int, order: Random) -> None:
    page = PageReception(96, size, block_size)
    shuffled = blocks(page)
    order.shuffle(shuffled)
    for offset, data in shuffled:
        assert not page.complete
        assert page.put(offset, data)
    assert page.complete
    assert page.content == CONTENT[96 : 96 + size]


@given(st.sets(st.integers(0, 9)))
def test_holes_are_named_in_order(lost: set[int]) -> None:
    page = PageReception(0, 480, 48)
    for index, (offset, data) in enumerate(blocks(page)):
        if index not in lost:
            page.put(offset, data)
    found = []
    while (hole := page.next_hole()) is not None:
        found.append(hole[0] // 48)
        page.put(hole[0], CONTENT[hole[0] : sum(hole)])
    assert found == sorted(lost)


def test_a_duplicate_is_not_taken_twice() -> None:
    page = PageReception(0, 100, 50)
    assert page.put(0, CONTENT[:50])
    assert not page.put(0, bytes(50))
    assert page.prefix() == CONTENT[:50]


def test_a_block_across_the_grid_is_refused_and_called_a_misfit() -> None:
    page = PageReception(0, 100, 50)
    assert not page.put(10, CONTENT[10:60])
    assert page.misfits(10, CONTENT[10:60])
    assert page.misfits(0, CONTENT[:40])
    assert not page.misfits(0, CONTENT[:50])


@given(st.integers(-(2**31), 2**32), st.binary(max_size=60))
def test_offsets_outside_the_page_never_change_it(offset: int, data: bytes) -> None:
    page = PageReception(1000, 100, 50)
    if not 1000 <= offset < 1100:
        assert not page.put(offset, data)
        assert not page.misfits(offset, data)
        assert page.untouched
