"""Options in groups: a command takes one record where it would take a dozen parameters."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take groups of options.

    A parameter whose type is a named tuple becomes one option for each of its fields, with the
    field's type, default and ``Annotated`` words; the command is given the tuple. Other parameters
    stay as they are.
    """
    hints = get_type_hints(command, include_extras=True)
    plain: list[inspect.Parameter] = []
    groups: dict[str, tuple[Callable[..., object], tuple[str, ...]]] = {}
    for parameter in inspect.signature(command).parameters.values():
        kind = hints[parameter.name]
        if isinstance(kind, type) and issubclass(kind, tuple):
            fields = _fields(kind)
            groups[parameter.name] = kind, tuple(field.name for field in fields)
            plain += fields
        else:
            plain.append(parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def flat(**values: Any) -> None:
        records = {
            name: make(**{field: values.pop(field) for field in fields})
            for name, (make, fields) in groups.items()
        }
        command(**values, **records)

    flat.__signature__ = inspect.Signature(plain)  # type: ignore[attr-defined] # inspect reads it
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in plain}
    return flat


def _fields(kind: Any) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=kind._field_defaults.get(name, inspect.Parameter.empty),
            annotation=annotation,
        )
        for name, annotation in get_type_hints(kind, include_extras=True).items()
    ]
