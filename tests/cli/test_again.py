"""A command that is to be typed again is the one that was typed, but for what has to be another thing then."""

import shlex
from typing import cast

import pytest
import typer

from ota_engine.cli.again import ARGUMENTS, as_typed
from ota_engine.cli.app import assemble
from ota_engine.cli.commands import find


def context_of(line: str) -> typer.Context:
    """What a command of this line is given."""
    words = shlex.split(line)
    group = typer.main.get_group(assemble(find(words[0])))
    context = group.make_context("zota", list(words), obj=tuple(words))
    command = group.commands[words[0]]
    made = command.make_context(words[0], words[1:], parent=context)
    return cast("typer.Context", made)  # as typer itself hands it to commands


PUSH = "push a.ota --link han:// --device 00db1234000000aa --state=s 'b c.ota' --block-size 32"


@pytest.mark.parametrize(
    "line",
    [
        PUSH,
        "push --link=sim:// --state s --all --json -- --strange.ota",
        "soak --devices 5 --scheduler tls://127.0.0.1:8786 --tls certs --seed=4",
    ],
)
def test_every_option_stands_as_it_was_typed(line: str) -> None:
    assert as_typed(context_of(line)) == f"zota {line}"


def test_what_is_left_out_goes_with_its_value_and_nothing_else_does() -> None:
    left = as_typed(context_of(PUSH), {"--resume": None}, (ARGUMENTS, "--device"))
    assert left == "zota push --link han:// --state=s --block-size 32 --resume"


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        ("rehearse a.toml", "rehearse a.toml --seed 7"),
        ("rehearse --seed 5 a.toml", "rehearse --seed 7 a.toml"),
        ("rehearse --seed=5 a.toml", "rehearse --seed 7 a.toml"),
        ("rehearse -- -a.toml", "rehearse --seed 7 -- -a.toml"),
    ],
)
def test_a_value_is_put_where_another_one_was_typed_or_before_what_are_no_options(
    typed: str, again: str
) -> None:
    assert as_typed(context_of(typed), {"--seed": 7}) == f"zota {again}"


def test_credentials_in_a_url_are_not_written() -> None:
    line = f"{PUSH} --outcomes-to=https://me:geheim@receiver/ --outcomes-token-file f"
    written = as_typed(context_of(line))
    assert "geheim" not in written
    assert written.endswith("'--outcomes-to=https://***@receiver/' --outcomes-token-file f")
