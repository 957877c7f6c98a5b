"""Shapes of values in JSON: each writes a value, reads one strictly and describes itself as a schema.

Pure; knows JSON and nothing of what travels in it. What is read is of its shape, or refused with the place
where it is not; a schema is made of the same shape, so that the two cannot differ.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from images.errors import ImageError
from images.eui64 import Eui64, format_eui64, parse_eui64
from images.strict_json import read_json
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError

DEEPEST: Final = 16  # objects and lists within each other
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_EUI64: Final = re.compile(r"[0-9A-F]{2}(?:-[0-9A-F]{2}){7}")
_EUI64_SCHEMA: Final = {
    "type": "string",
    "pattern": "^[0-9A-F]{2}(-[0-9A-F]{2}){7}$",
    "examples": ["00-DB-12-34-56-78-90-A4"],
}


class WireError(LocalError):
    """What was read, or is to be written, is not what is spoken here; the text says where and why."""


class WireShape(Protocol):
    """What a value looks like in JSON."""

    def write(self, value: Any) -> Any:
        """Write a value as plain JSON values.

        Raises:
            WireError: it has not this shape.
        """

    def read(self, plain: Any, place: str) -> Any:
        """Read a value; see ``write``."""

    def schema(self) -> dict[str, Any]:
        """Describe it as JSON Schema (2020-12)."""


@dataclass(frozen=True, slots=True)
class LineText:
    """Text in one line.

    Attributes:
        most: characters.
        pattern: the whole text matches it; empty for any.
        least: characters.
        mends: what is written is made to fit: cut, and without what is no character of a line.
    """

    most: int
    pattern: str = ""
    least: int = 0
    mends: bool = False

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        if self.mends and isinstance(value, str):
            value = _CONTROL.sub(" ", value)[: self.most]
        return self.read(value, "text")

    def read(self, plain: Any, place: str) -> str:
        """See ``WireShape``."""
        if not isinstance(plain, str):
            raise WireError(f"{place}: a text is wanted")
        if not self.least <= len(plain) <= self.most:
            raise WireError(
                f"{place}: a text of {self.least} to {self.most} characters is wanted, not of"
                f" {len(plain)}"
            )
        if _CONTROL.search(plain):
            raise WireError(f"{place}: a text in one line of printable characters is wanted")
        if self.pattern and re.fullmatch(self.pattern, plain) is None:
            raise WireError(f"{place}: a text like {self.pattern} is wanted")
        return plain

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        told: dict[str, Any] = {"type": "string", "maxLength": self.most}
        if self.least:
            told["minLength"] = self.least
        if self.pattern:
            told["pattern"] = f"^(?:{self.pattern})$"
        return told


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number, as one."""

    least: int = 0
    most: int = (1 << 53) - 1  # that every reader of JSON holds exactly

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        return self.read(value, "number")

    def read(self, plain: Any, place: str) -> int:
        """See ``WireShape``."""
        if type(plain) is not int or not self.least <= plain <= self.most:
            raise WireError(f"{place}: a whole number of {self.least} to {self.most} is wanted")
        return plain

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class BigWhole:
    """A whole number that not every reader of JSON holds exactly: its decimal digits, as text."""

    most: int

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        if type(value) is not int or not 0 <= value <= self.most:
            raise WireError(f"a whole number of 0 to {self.most} is wanted")
        return str(value)

    def read(self, plain: Any, place: str) -> int:
        """See ``WireShape``."""
        digits = len(str(self.most))
        if isinstance(plain, str) and re.fullmatch(rf"0|[1-9][0-9]{{0,{digits - 1}}}", plain):
            value = int(plain)
            if value <= self.most:
                return value
        raise WireError(
            f"{place}: decimal digits of a number up to {self.most} are wanted, as text"
        )

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        return {"type": "string", "pattern": f"^(0|[1-9][0-9]{{0,{len(str(self.most)) - 1}}})$"}


@dataclass(frozen=True, slots=True)
class Real:
    """A finite number."""

    least: float
    most: float

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        return self.read(value, "number")

    def read(self, plain: Any, place: str) -> float:
        """See ``WireShape``."""
        is_number = isinstance(plain, int | float) and not isinstance(plain, bool)
        if is_number and self.least <= plain <= self.most:  # which neither NaN nor infinity is
            return float(plain)
        raise WireError(f"{place}: a number of {self.least:g} to {self.most:g} is wanted")

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        return {"type": "number", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class YesNo:
    """True or false."""

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        return self.read(value, "value")

    def read(self, plain: Any, place: str) -> bool:
        """See ``WireShape``."""
        if not isinstance(plain, bool):
            raise WireError(f"{place}: true or false is wanted")
        return plain

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some words."""

    words: type[StrEnum]

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        return self.words(value).value

    def read(self, plain: Any, place: str) -> StrEnum:
        """See ``WireShape``."""
        known = [one.value for one in self.words]
        if not isinstance(plain, str) or plain not in known:
            raise WireError(f"{place}: one of {', '.join(known)} is wanted")
        return self.words(plain)

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        return {"type": "string", "enum": [one.value for one in self.words]}


@dataclass(frozen=True, slots=True)
class HexOctets:
    """Octets, as lower-case hexadecimal digits."""

    most: int

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        if not isinstance(value, bytes) or len(value) > self.most:
            raise WireError(f"up to {self.most} octets are wanted")
        return value.hex()

    def read(self, plain: Any, place: str) -> bytes:
        """See ``WireShape``."""
        fits = isinstance(plain, str) and len(plain) <= 2 * self.most and len(plain) % 2 == 0
        if fits and re.fullmatch("[0-9a-f]*", plain):
            return bytes.fromhex(plain)
        raise WireError(
            f"{place}: up to {self.most} octets in lower-case hexadecimal digits are wanted"
        )

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        return {"type": "string", "pattern": "^([0-9a-f]{2})*$", "maxLength": 2 * self.most}


@dataclass(frozen=True, slots=True)
class DeviceName:
    """An EUI-64, as systems of this network write it."""

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        if type(value) is not int or not 0 <= value < 1 << 64:
            raise WireError("an EUI-64 is wanted")
        return format_eui64(value)

    def read(self, plain: Any, place: str) -> Eui64:
        """See ``WireShape``."""
        if not isinstance(plain, str) or _EUI64.fullmatch(plain) is None:
            raise WireError(f"{place}: an EUI-64 like 00-DB-12-34-56-78-90-A4 is wanted")
        return parse_eui64(plain)

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        return dict(_EUI64_SCHEMA)


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value, or null."""

    shape: WireShape

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        return None if value is None else self.shape.write(value)

    def read(self, plain: Any, place: str) -> Any:
        """See ``WireShape``."""
        return None if plain is None else self.shape.read(plain, place)

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        return {"anyOf": [self.shape.schema(), {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class Several:
    """Values of one shape in order; a tuple."""

    shape: WireShape
    most: int
    least: int = 0

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        if not self.least <= len(value) <= self.most:
            raise WireError(f"{self.least} to {self.most} values are wanted, not {len(value)}")
        return [self.shape.write(one) for one in value]

    def read(self, plain: Any, place: str) -> tuple[Any, ...]:
        """See ``WireShape``."""
        if not isinstance(plain, list):
            raise WireError(f"{place}: a list is wanted")
        if not self.least <= len(plain) <= self.most:
            raise WireError(
                f"{place}: {self.least} to {self.most} values are wanted, not {len(plain)}"
            )
        return tuple(self.shape.read(one, f"{place}.{number}") for number, one in enumerate(plain))

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        told = {"type": "array", "items": self.shape.schema(), "maxItems": self.most}
        return told | ({"minItems": self.least} if self.least else {})


@dataclass(frozen=True, slots=True)
class ByName:
    """Values of one shape by names of one shape; a dictionary."""

    name: WireShape
    shape: WireShape
    most: int

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        if len(value) > self.most:
            raise WireError(f"up to {self.most} names are wanted, not {len(value)}")
        return {self.name.write(key): self.shape.write(one) for key, one in value.items()}

    def read(self, plain: Any, place: str) -> dict[Any, Any]:
        """See ``WireShape``."""
        if not isinstance(plain, dict):
            raise WireError(f"{place}: an object is wanted")
        if len(plain) > self.most:
            raise WireError(f"{place}: up to {self.most} names are wanted, not {len(plain)}")
        return {
            self.name.read(key, f"{place}: a name"): self.shape.read(one, f"{place}.{key[:40]}")
            for key, one in plain.items()
        }

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        return {
            "type": "object",
            "propertyNames": self.name.schema(),
            "additionalProperties": self.shape.schema(),
            "maxProperties": self.most,
        }


@dataclass(frozen=True, slots=True)
class Fields:
    """A record as an object.

    Attributes:
        make: the class of the record; called with its fields by name.
        shapes: of its fields, by their names in the record.
        called: what a field is called in JSON, where that is another name.
        may_lack: fields that need not be there, and what stands for them then.
        grows: other fields are passed over, and not refused: what is read before versions are agreed.
        title: names the schema.
    """

    make: Callable[..., Any]
    shapes: Mapping[str, WireShape]
    called: Mapping[str, str] = field(default_factory=dict)
    may_lack: Mapping[str, Any] = field(default_factory=dict)
    grows: bool = False
    title: str = ""

    def write(self, value: Any) -> Any:
        """See ``WireShape``."""
        plain = {}
        for name, shape in self.shapes.items():
            try:
                plain[self.called.get(name, name)] = shape.write(getattr(value, name))
            except WireError as error:
                raise WireError(f"{name}: {error}") from None
        return plain

    def read(self, plain: Any, place: str) -> Any:
        """See ``WireShape``."""
        if not isinstance(plain, dict):
            raise WireError(f"{place}: an object is wanted")
        names = {self.called.get(name, name): name for name in self.shapes}
        strange = [one for one in plain if one not in names]
        if strange and not self.grows:
            raise WireError(f"{place}: {strange[0][:40]!a} is no field of it: leave it out")
        values = dict(self.may_lack)
        for told, name in names.items():
            if told in plain:
                values[name] = self.shapes[name].read(plain[told], f"{place}.{told}")
            elif name not in values:
                raise WireError(f"{place}: {told} must be given")
        return self.make(**values)

    def schema(self) -> dict[str, Any]:
        """See ``WireShape``."""
        told: dict[str, Any] = {
            "type": "object",
            "properties": {
                self.called.get(name, name): shape.schema() for name, shape in self.shapes.items()
            },
            "required": [
                self.called.get(name, name) for name in self.shapes if name not in self.may_lack
            ],
        }
        if not self.grows:
            told["additionalProperties"] = False
        return told | ({"title": self.title} if self.title else {})


def written(shape: WireShape, value: Any) -> bytes:
    """Write a value as a document of JSON.

    Raises:
        WireError: it has not this shape.
    """
    return canonical_json(shape.write(value)).encode("ascii")


def read_document(shape: WireShape, octets: bytes, most: int, place: str) -> Any:
    """Read a document of JSON.

    Args:
        shape: of what it holds.
        octets: the document.
        most: octets that it may have.
        place: what to call it in an error.

    Raises:
        WireError: it is too large, is no JSON, or holds something of another shape.
    """
    if len(octets) > most:
        raise WireError(
            f"{place}: {len(octets)} octets, {most} at most are read: send less at once"
        )
    try:
        plain = read_json(octets.decode("utf-8"), place, most)
    except UnicodeDecodeError:
        raise WireError(f"{place} is not UTF-8: mend it") from None
    except ImageError as error:
        raise WireError(f"{error}: mend it") from None
    _refuse_depth(plain, place)
    return shape.read(plain, place)


def _refuse_depth(plain: Any, place: str) -> None:
    layer = [plain]
    for _ in range(DEEPEST):
        layer = [
            inner
            for one in layer
            for inner in (
                one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
            )
        ]
        if not layer:
            return
    raise WireError(f"{place}: more than {DEEPEST} objects and lists within each other: flatten it")
