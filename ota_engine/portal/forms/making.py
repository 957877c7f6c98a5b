"""Makes the form of an act from its fields, and the act from what was given; knows types, no act.

What is given is texts by names of fields; a file stands among them as its text, or as its digest where
that is what is wanted. So a form that is shown again has all that was given in it.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from enum import StrEnum
from types import NoneType
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints

from ota_engine.errors import LocalError
from ota_engine.fleet.campaigns.plan.policy import policy_text, read_policy_toml
from ota_engine.fleet.releases.repository import EditPaths, RepositoryEntry
from ota_engine.fleet.releases.repository_file import read_repository
from ota_engine.portal.forms.moments import read_moment
from ota_engine.portal.forms.words import CHOICES, REASONS, Control, words_of
from ota_engine.times import Utc

MOST_LINES: Final = 100_000  # of a list
MOST_OCTETS: Final = 8 << 20  # of all that is given at once
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
#: What a list of homes or slots may begin with: the heads of its columns.
_HEADS: Final = frozenset({"home", "homes", "home,time"})

Given = Mapping[str, Sequence[str]]


class FormField(NamedTuple):
    """One field of a form.

    Attributes:
        name: of the field of the act.
        label: in a word or two.
        hint: what to write.
        control: in what it is given.
        required: it must be given.
        choices: what there is to choose from.
        default: what stands there at first.
    """

    name: str
    label: str
    hint: str
    control: Control
    required: bool
    choices: tuple[str, ...]
    default: tuple[str, ...]

    @property
    def takes_file(self) -> bool:
        """Whether a file may be given in its place."""
        return self.control in _WITH_FILE


_WITH_FILE: Final = frozenset(
    {Control.LIST, Control.SLOTS, Control.POLICY, Control.DIGEST, Control.DOCUMENT}
)


@dataclass(frozen=True, slots=True)
class ActForm:
    """The form of one kind of act.

    Attributes:
        act: class of it.
        fields: in order.
        reason: what the reason is called.
    """

    act: type[Any]
    fields: tuple[FormField, ...]
    reason: str


class ReadAct(NamedTuple):
    """What was made of what was given.

    Attributes:
        act: None where something is wrong.
        errors: in one line each, by names of fields.
    """

    act: Any
    errors: dict[str, str]


def form_of(act: type[Any]) -> ActForm:
    """Make the form of a kind of act.

    Raises:
        TypeError: a field is of a type that no control has.
    """
    hints = get_type_hints(act)
    made = tuple(_field(act, item, hints[item.name]) for item in fields(act))
    return ActForm(act, made, REASONS.get(act.__name__, "Reason"))


def _field(act: type[Any], item: Field[Any], hint: Any) -> FormField:
    words = words_of(item.name)
    choices = _choices(act, item.name, hint)
    control = words.control or _control(act, item.name, hint, choices)
    if act is EditPaths:
        words, control = words_of("entries"), Control.DOCUMENT
    optional = item.default is not MISSING or NoneType in get_args(hint)
    optional = optional or control in (Control.CHECK, Control.CHOICES)
    optional = optional or (act.__name__, item.name) in _MAY_BE_EMPTY
    return FormField(
        item.name, words.label, words.hint, control, not optional, choices, _default(item)
    )


#: What may be empty though it has no default.
_MAY_BE_EMPTY: Final = frozenset(
    {
        ("RegisterParty", "endpoint"),
        ("RegisterParty", "contact"),
        ("ChangeParty", "endpoint"),
        ("ChangeParty", "contact"),
        ("RegisterPerson", "key"),
        ("FenceHomes", "purpose"),
        ("RecordMeeting", "actions"),
        ("ProposeWaiver", "phases"),
        ("RegisterServiceUser", "endpoint"),
        ("ChangeServiceUser", "endpoint"),
    }
)


def _choices(act: type[Any], name: str, hint: Any) -> tuple[str, ...]:
    known = CHOICES.get((act.__name__, name))
    if known is not None:
        return tuple(map(str, known))
    for kind in (hint, *get_args(hint)):
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return tuple(str(one) for one in kind if one)
    return ()


def _control(act: type[Any], name: str, hint: Any, choices: tuple[str, ...]) -> Control:
    plain = _without_none(hint)
    listed = get_origin(plain) is tuple
    if choices:
        return Control.CHOICES if listed else Control.CHOICE
    if listed:
        return Control.SLOTS if get_args(plain)[0] == tuple[str, float] else Control.LIST
    if plain is float and name.endswith("_utc"):
        return Control.TIME
    if plain in _CONTROLS:
        return _CONTROLS[plain]
    if plain is RepositoryEntry:
        return Control.DOCUMENT
    raise TypeError(f"{act.__name__}.{name}: no control is made for {hint}")


_CONTROLS: Final = {bool: Control.CHECK, int: Control.NUMBER, str: Control.LINE}


def _without_none(hint: Any) -> Any:
    parts = [part for part in get_args(hint) if part is not NoneType]
    return parts[0] if NoneType in get_args(hint) else hint


def _default(item: Field[Any]) -> tuple[str, ...]:
    if item.default in (MISSING, None, (), False):
        return ()
    return ("on",) if item.default is True else (str(item.default),)


def file_text(field: FormField, octets: bytes) -> str:
    """Say what stands in a field for a file that was given.

    Raises:
        LocalError: it is no text, where one is wanted.
    """
    if field.control is Control.DIGEST:
        return hashlib.sha256(octets).hexdigest()
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LocalError("the file is no text in UTF-8: give one that is") from None


def read_act(form: ActForm, given: Given, zone: str) -> ReadAct:
    """Make an act of what was given.

    Args:
        form: of its kind.
        given: texts, by names of fields.
        zone: in which times are meant that name none.
    """
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    hints = get_type_hints(form.act)
    items = {item.name: item for item in fields(form.act)}
    for field in form.fields:
        texts = [text for text in given.get(field.name, ()) if text.strip()]
        try:
            if texts or field.control is Control.CHECK:
                values[field.name] = _value(field, hints[field.name], texts, zone)
            elif field.required:
                errors[field.name] = "nothing is given: fill it in"
            elif items[field.name].default is MISSING:
                values[field.name] = _empty(hints[field.name])
        except LocalError as error:
            errors[field.name] = str(error)
    return ReadAct(None if errors else form.act(**values), errors)


def _empty(hint: Any) -> Any:
    if NoneType in get_args(hint):
        return None
    return () if get_origin(hint) is tuple else ""


def _value(field: FormField, hint: Any, texts: Sequence[str], zone: str) -> Any:
    if field.control is Control.CHECK:
        return bool(texts)
    plain = _without_none(hint)
    if field.control is Control.CHOICES:
        kind = get_args(plain)[0]
        return tuple(_chosen(text.strip(), field, kind) for text in texts)
    if field.control is Control.CHOICE:
        return _chosen(texts[0].strip(), field, plain)
    if field.control is Control.SLOTS:
        return _slots(_lines(texts), zone)
    if field.control is Control.TIME:
        return read_moment(texts[0].strip(), zone)
    return _worded(field, plain, texts)


def _worded(field: FormField, plain: Any, texts: Sequence[str]) -> Any:
    """Read what needs nothing but its text."""
    if plain is RepositoryEntry or plain == tuple[RepositoryEntry, ...]:
        return _entries(texts[0], single=plain is RepositoryEntry)
    if get_origin(plain) is tuple:
        return _listed(texts, get_args(plain)[0])
    return _TEXTS.get(field.control, str.strip)(texts[0])


def _entries(text: str, *, single: bool) -> Any:
    entries = read_repository(text.splitlines())
    if not single:
        return entries
    if len(entries) != 1:
        raise LocalError(f"{len(entries)} versions are given: give the lines of one")
    return entries[0]


def _listed(texts: Sequence[str], kind: Any) -> tuple[Any, ...]:
    if kind is int:
        return tuple(_number(part) for text in texts for part in re.split(r"[,\s]+", text.strip()))
    lines = _lines(texts)
    return tuple(lines) if kind is str else tuple(_pair(line) for line in lines)


def _number(text: str) -> int:
    text = text.strip()
    try:
        return int(text, 16) if text.lower().startswith("0x") else int(text)
    except ValueError:
        raise LocalError(f"{text[:40]!a} is no whole number: write one, such as 7") from None


def _digest(text: str) -> str:
    plain = text.strip().lower()
    if not _DIGEST.fullmatch(plain):
        raise LocalError(f"{text[:40]!a} is no SHA-256: give 64 hex digits, or the file it is of")
    return plain


#: What is read of a text, by the control that it is given in; other texts stay as they are.
_TEXTS: Final[Mapping[Control, Callable[[str], Any]]] = {
    Control.NUMBER: _number,
    Control.DIGEST: _digest,
    Control.POLICY: lambda text: policy_text(read_policy_toml(text)),
    Control.DOCUMENT: lambda text: text.strip().replace("\r\n", "\n") + "\n",
}


def _chosen(text: str, field: FormField, kind: Any) -> Any:
    if text not in field.choices:
        raise LocalError(f"{text[:40]!a} is none of them: choose {' or '.join(field.choices)}")
    return kind(text) if isinstance(kind, type) and issubclass(kind, StrEnum) else text


def _lines(texts: Sequence[str]) -> list[str]:
    lines = [line.strip() for text in texts for line in text.splitlines()]
    lines = [line for line in lines if line]
    if lines and lines[0].lower().replace(" ", "") in _HEADS:
        lines = lines[1:]
    if len(lines) > MOST_LINES:
        raise LocalError(f"{len(lines):,} lines are too many: give {MOST_LINES:,} at a time")
    return lines


def _pair(line: str) -> tuple[str, str]:
    name, equals, value = line.partition("=")
    if not equals or not name or not value:
        raise LocalError(f"{line[:40]!a}: write NAME=VALUE")
    return name.strip(), value.strip()


_MOST_TOLD: Final = 5  # bad lines that one message names


def _slots(lines: Sequence[str], zone: str) -> tuple[tuple[str, Utc], ...]:
    found, bad = [], []
    for number, line in enumerate(lines, 1):
        home, _, time = line.partition("=") if "=" in line else line.partition(",")
        try:
            if not home.strip() or not time.strip():
                raise LocalError("write HOME=TIME")
            found.append((home.strip(), read_moment(time.strip(), zone)))
        except LocalError as error:
            bad.append(f"line {number}: {error}")
    if bad:
        more = f"; and {len(bad) - _MOST_TOLD:,} more" if len(bad) > _MOST_TOLD else ""
        raise LocalError("; ".join(bad[:_MOST_TOLD]) + more)
    return tuple(found)


#: Acts that have no form of these: one by which a fleet begins, before anybody can sign in, and one for which
#: its person shows once more that it is she, on the page of her account.
NO_FORM: Final = frozenset({"FoundEstate", "ReplaceKey"})
