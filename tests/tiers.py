"""The tiers of the suite: ``make test`` proves each thing once, ``make test-all`` wherever it can.

What takes long because it tries every point, seed or example takes some of them in the default tier
and all in the heavy one. Nothing is heavy that has no lighter sibling in the default tier.

What chance finds, the heavy tier, nightly runs and fuzzers may find. The default tier draws the same every time:
examples of Hypothesis, and the order in which trio lets tasks go on that could all go on. So does whatever runs
with ZOTA_DRAW_THE_SAME, as what decides whether a change lands.
"""

import os
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final

import pytest
import trio
from hypothesis import settings

HEAVY: Final = "heavy"
WHOLE: Final = "whole"  # by name and in ``make test-all`` only: minutes for one test
HUNDRED: Final = 100  # examples of the heavy tier where a test does not name a number
SHARE: Final = 10  # of them is tried in the default tier: one in so many
FEW: Final = 5  # but no fewer than these


def load_profile(markers: str, base: settings) -> None:
    """Choose how many examples Hypothesis tries; before any test module is imported.

    Args:
        markers: the expression of ``-m``, which says whether heavy tests are among those run.
        base: what holds in both tiers.
    """
    default, same = f"not {HEAVY}" in markers, draws_the_same(markers)
    number = HUNDRED // SHARE if default else HUNDRED
    settings.register_profile("of this run", base, max_examples=number, derandomize=same)
    settings.load_profile("of this run")


def draws_the_same(markers: str) -> bool:
    """Whether nothing is left to luck: in the default tier, which ``-m`` leaves heavy tests out of, or by wish."""
    return f"not {HEAVY}" in markers or bool(os.environ.get("ZOTA_DRAW_THE_SAME"))


def draw_the_same() -> None:
    """Let trio draw for the test that begins what it draws for it every time."""
    trio._core._run._r.seed(0)


def examples(count: int) -> settings:
    """Try so many examples in the heavy tier, and their share in the default one."""
    return settings(max_examples=max(min(FEW, count), count * settings().max_examples // HUNDRED))


def points(step: int, whole: int = 1) -> pytest.MarkDecorator:
    """Let a test that steps through points take every ``step``-th, and in the heavy tier every one.

    Args:
        step: in the default tier.
        whole: where every one takes too long for the heavy tier, a step on the way to it; both are whole.
    """
    if whole == 1:
        return _some_or_all("step", step, 1)
    steps = (
        step,
        pytest.param(whole, marks=getattr(pytest.mark, WHOLE)),
        pytest.param(1, marks=getattr(pytest.mark, WHOLE)),
    )
    return pytest.mark.parametrize("step", steps)


def repeats(few: int, many: int) -> pytest.MarkDecorator:
    """Let a test repeat itself a few times, and in the heavy tier many times."""
    return _some_or_all("repeats", few, many)


def seeds(few: int, many: int) -> pytest.MarkDecorator:
    """Give a test the first few seeds, and in the heavy tier the others."""
    return pytest.mark.parametrize("seed", _first(range(many), few))


def first_of(
    name: str, values: Iterable[object], few: int = 1, ids: Sequence[str] | None = None
) -> pytest.MarkDecorator:
    """Give a test the first few of values that show the same in different ways, and in the heavy tier the others."""
    return pytest.mark.parametrize(name, _first(tuple(values), few), ids=ids)


def every_value_once(
    names: tuple[str, str], one: Sequence[object], other: Sequence[object]
) -> pytest.MarkDecorator:
    """Give a test pairs in which every value comes at least once, and in the heavy tier all others.

    Args:
        names: of the two arguments.
        one: the values of the first; there are no fewer of them than of the second.
        other: the values of the second.
    """
    paired = {(first, other[at % len(other)]) for at, first in enumerate(one)}
    return pytest.mark.parametrize(
        names,
        [
            pytest.param(*pair, marks=[] if pair in paired else getattr(pytest.mark, HEAVY))
            for pair in product(one, other)
        ],
    )


def _some_or_all(name: str, some: int, everything: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(name, _first((some, everything), 1))


def _first(values: Sequence[object], count: int) -> list[object]:
    heavy = (pytest.param(value, marks=getattr(pytest.mark, HEAVY)) for value in values[count:])
    return [*values[:count], *heavy]
