"""The examples of the documentation run as printed, and nothing loads before it is asked for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import images

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/python-api.md"])
def test_the_examples_of_a_page_run_in_their_order(page: str) -> None:
    examples = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    assert examples
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, page, "exec"), names)  # noqa: S102 - our own documentation


def test_every_public_name_is_there_and_others_are_not() -> None:
    for name in images.__all__:
        assert getattr(images, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'lnit'"):
        _ = images.lnit


def test_parsing_loads_neither_rules_nor_builder() -> None:
    code = (
        "import sys; from images import parse;"
        "sys.exit(any(name in sys.modules for name in"
        " ('images.rules', 'images.building', 'construct', 'cryptography')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
