"""Options in groups: a command line is the same whether a record or parameters take it."""

import inspect
from typing import Annotated, NamedTuple

import typer
from typer.testing import CliRunner

from ota_engine.cli.option_groups import grouped


class Size(NamedTuple):
    width: Annotated[int, typer.Option("-w", "--width", help="How wide.")]
    tall: Annotated[bool, typer.Option("--tall", help="Not flat.")] = False


class Name(NamedTuple):
    name: Annotated[str, typer.Option(help="What to call it.")] = "box"


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
@grouped
def draw(
    where: Annotated[str, typer.Argument()], size: Size, name: Name, twice: bool = False
) -> None:
    """Draw a thing."""
    typer.echo(f"{where} {size} {name} {twice}")


def test_each_field_is_an_option_and_the_command_gets_the_records() -> None:
    ran = CliRunner().invoke(app, ["here", "-w", "3", "--tall", "--twice"])
    assert ran.output == "here Size(width=3, tall=True) Name(name='box') True\n"


def test_a_field_without_a_default_has_to_be_given() -> None:
    ran = CliRunner().invoke(app, ["here"])
    assert ran.exit_code == 2
    assert "--width" in ran.output


def test_help_reads_as_if_there_were_no_groups() -> None:
    ran = CliRunner().invoke(app, ["--help"])
    for words in ("Draw a thing.", "How wide.", "Not flat.", "What to call it.", "--twice"):
        assert words in ran.output
    assert list(inspect.signature(draw).parameters) == ["where", "width", "tall", "name", "twice"]
