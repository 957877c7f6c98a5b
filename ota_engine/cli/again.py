"""Commands that a person is to give next, first of all the one just given; knows no command, only how options are written."""

import shlex
from collections.abc import Container, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

import typer
from typer.core import TyperOption

from ota_engine.wording import without_credentials

ARGUMENTS: Final = ""  # in place of an option's name: words that are no options
NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_END: Final = "--"  # no options after it


def command_line(*words: object) -> str:
    """A command as one can paste it, but for credentials in its URLs, which are never printed."""
    return shlex.join(without_credentials(str(word)) for word in words)


def as_typed(
    context: typer.Context,
    values: Mapping[str, object] = NOTHING,
    without: Container[str] = (),
) -> str:
    """Write the command that was typed, with all its options, to be typed again.

    Args:
        context: of the command; its object is what was typed, in present names of options (app.py).
        values: options that are to have another value than was typed, or stand in it although they were
            not; None for a flag.
        without: options that are to be left out, as ``--all``; ``ARGUMENTS`` for what is none.
    """
    typed: tuple[str, ...] = context.obj
    named = len(context.command_path.split()) - 1  # without zota itself
    pieces = [piece for piece in _pieces(context, typed[named:]) if piece[0] not in without]
    there = {name for name, _ in pieces}
    added = [(name, _option(name, values[name])) for name in values if name not in there]
    end = 1 if pieces and pieces[-1][1][0] == _END else 0
    pieces[len(pieces) - end : len(pieces) - end] = added
    words = (_option(name, values[name]) if name in values else taken for name, taken in pieces)
    return command_line("zota", *typed[:named], *chain.from_iterable(words))


def _option(name: str, value: object) -> list[str]:
    return [name] if value is None else [name, str(value)]


def _pieces(context: typer.Context, typed: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """Take a command's words apart: the name of each option, and its words."""
    valued = {
        name
        for option in context.command.params
        if isinstance(option, TyperOption) and not option.is_flag
        for name in option.opts
    }
    words = iter(typed)
    for word in words:
        if word == _END:
            yield ARGUMENTS, [word, *words]
        elif not word.startswith("-") or word == "-":
            yield ARGUMENTS, [word]
        else:
            name = word.partition("=")[0] if word.startswith(_END) else word[:2]
            yield name, [word, *([next(words)] if name in valued and name == word else [])]
