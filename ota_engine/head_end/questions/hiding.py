"""Takes names of homes and devices out of an answer that its viewer may not know; knows no question.

Records of others' homes are in no answer to a supplier: whoever answers sees to that. This is for what
persons wrote and what was written about them, where any name may stand.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final

from images.eui64 import Eui64, format_eui64
from ota_engine.head_end.questions.asking import View
from ota_engine.store.fleet.sets import homes_of_others

HIDDEN: Final = "(not yours)"
_WORD: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_EUI64: Final = re.compile(r"[0-9A-Fa-f]{2}(?:[-:][0-9A-Fa-f]{2}){7}|[0-9A-Fa-f]{16}")
_DECIMAL: Final = re.compile(r"\d{1,20}")
_MOST_EUI64: Final = 1 << 64


def without_others(answer: Any, view: View) -> Any:
    """Give an answer without what its viewer may not know.

    Raises:
        StoreError: the database failed.
    """
    if view.viewer.sees_every_home:
        return answer
    words: dict[str, str] = {}  # as they stand in texts, with the EUI-64 that they are
    for text in _texts(answer):
        words.update((word, _device(word)) for word in _words(text))
    if not words:
        return answer
    devices = sorted({device for device in words.values() if device})
    with view.desk.store.reading():
        others = homes_of_others(view.desk.store.driver, sorted(words), devices, view.viewer.party)
    hidden = {word for word, device in words.items() if word in others or device in others}
    return _changed(answer, _Hider(hidden)) if hidden else answer


def _words(text: str) -> Iterator[str]:
    yield from (match.group() for match in _WORD.finditer(text))
    yield from (match.group() for match in _EUI64.finditer(text))


def _device(word: str) -> str:
    """Write a word as an EUI-64, if it could be one; empty if not."""
    if _EUI64.fullmatch(word):
        return format_eui64(Eui64(int(word.replace("-", "").replace(":", ""), 16)))
    if _DECIMAL.fullmatch(word) and int(word) < _MOST_EUI64:
        return format_eui64(Eui64(int(word)))
    return ""


class _Hider:
    """Writes a text without some words."""

    def __init__(self, hidden: set[str]) -> None:
        self._hidden = hidden

    def __call__(self, text: str) -> str:
        for pattern in (_EUI64, _WORD):
            text = pattern.sub(self._word, text)
        return text

    def _word(self, match: re.Match[str]) -> str:
        return HIDDEN if match.group() in self._hidden else match.group()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Enum):
        return
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            yield from _texts(getattr(value, one.name))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, tuple | list | frozenset):
        for one in value:
            yield from _texts(one)


def _changed(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        return hide(value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: _changed(getattr(value, one.name), hide) for one in fields(value)}
        return replace(value, **parts)
    if isinstance(value, Mapping):
        return {_changed(key, hide): _changed(one, hide) for key, one in value.items()}
    if isinstance(value, tuple | list | frozenset):
        parts_of = (_changed(one, hide) for one in value)
        return type(value)(*parts_of) if hasattr(value, "_fields") else type(value)(parts_of)
    return value
