"""How the fields of an act are written as options; knows types and names of fields, no act.

Every field has an option whose name is the field's, or is in ``NAMES``; a list is an option that may be
given several times, or once as ``@FILE`` with one value to a line.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from inspect import Parameter
from io import BytesIO
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    NamedTuple,
    TypeAlias,
    get_args,
    get_origin,
    get_type_hints,
)

import typer

from images.files import read_bounded
from ota_engine.cli.engine_options import later
from ota_engine.cli.fleet_desk import MAX_TEXT_BYTES, text_of
from ota_engine.cli.image_options import number
from ota_engine.errors import LocalError

if TYPE_CHECKING:
    from ota_engine.fleet.campaigns.plan.policy import CampaignPolicy

Read: TypeAlias = Callable[[Any], Any]
LIST_OCTETS: Final = 64 << 20  # of a file of homes
DIGEST_DIGITS: Final = 64
_FILE: Final = "@"


class Written(NamedTuple):
    """How one field is written.

    Attributes:
        name: of the option, without dashes; empty for that of the field.
        metavar: what stands for its value in help.
        help: one line.
    """

    name: str
    metavar: str
    help: str


#: What help says of fields, by their names; others are told by name and type alone.
NAMES: Final[Mapping[str, Written]] = {
    "actions": Written("action", "TEXT", "What is to be done, and by whom; repeatable."),
    "active": Written("", "", "Requests of the user are served, or not."),
    "agreed_by": Written("agreed-by", "PARTY", "Who has agreed; repeatable."),
    "attendees": Written("attendee", "TEXT", "Who took part; repeatable."),
    "campaign": Written("", "CAMPAIGN", "Id of the campaign."),
    "category": Written("", "N", "1 (worst) to 5."),
    "cell": Written("", "CELL", "Id of the cell of the matrix."),
    "choose_by_utc": Written("choose-by", "TIME", "Until when suppliers choose."),
    "closes_utc": Written("closes", "TIME", "When it ends."),
    "code_sha256": Written("code-sha256", "HEX", "SHA-256 of the code."),
    "codes": Written("code", "ROW=CODE", "Another code in a row of the table; repeatable."),
    "configuration": Written("", "SET", "Id of a configuration set."),
    "configurations": Written("set", "SET", "A configuration set tested on; repeatable."),
    "contact": Written("", "TEXT", "Whom to turn to."),
    "cpl": Written("", "ID", "Id of its entry in the Central Products List."),
    "days": Written("", "N", "Between two reports."),
    "default_utc": Written("default", "TIME", "When nobody chose."),
    "defect": Written("", "ID", "Id of the defect."),
    "earlier": Written("", "VARIANT", "Which firmware comes first."),
    "endpoint": Written("", "URL", "Where it is told: a URL; for notices file:NAME, too."),
    "entry": Written("", "ENTRY", "Id of the entry."),
    "fits": Written("", "", "They go together, or not."),
    "fixed_in": Written("fixed-in", "RELEASE", "Release that is without it."),
    "from_cpl": Written("from-cpl", "ID", "Entry of the version it is reached from."),
    "from_utc": Written("from", "TIME", "From when."),
    "gateway": Written("", "GATEWAY", "Name of the gateway."),
    "held_utc": Written("held", "TIME", "When it was held."),
    "hits": Written("hits", "WHAT", "What the defect hits; repeatable."),
    "home": Written("", "HOME", "Pseudonym of the home."),
    "homes": Written("home", "HOME|@FILE", "A home; repeatable, or @FILE with one to a line."),
    "ids": Written("id", "ID=ROLE", "An id by which others know it, and its role; repeatable."),
    "incident": Written("", "INCIDENT", "Id of the incident."),
    "item": Written("", "ITEM", "Which step or item."),
    "key": Written("public-key", "FILE", "The person's public key (PEM, P-256)."),
    "kind": Written("", "KIND", "What kind it is."),
    "later": Written("", "VARIANT", "Which firmware comes after."),
    "least_gbcs": Written("", "KIND=N.N", "Least GBCS version for a kind; repeatable."),
    "listed_only": Written("", "", "Only versions that the list of products has."),
    "meeting": Written("", "MEETING", "Id of the meeting."),
    "milestone": Written("", "WHAT", "What is planned."),
    "minutes": Written("", "TEXT", "What was said and found."),
    "most_octets": Written("", "KIND=N", "Largest image for a kind; repeatable."),
    "name": Written("", "TEXT", "As people call it."),
    "notes": Written("", "HEX|FILE", "SHA-256 of the release notes, or their file."),
    "open_issues": Written("open-issues", "N,N,N,N,N", "Open issues of category 1 to 5."),
    "opens_utc": Written("opens", "TIME", "When it begins."),
    "owner": Written("", "PERSON", "Who looks into it."),
    "party": Written("", "PARTY", "Id of the party."),
    "passed": Written("", "N", "Tests passed."),
    "passed_permille": Written("passed-permille", "N", "Share of tests to pass, of 1000."),
    "person": Written("", "PERSON", "Id of the person."),
    "phase": Written("", "N", "Number of the phase, from 1."),
    "phases": Written("phase", "NAME", "Name of a phase; repeatable."),
    "planned_utc": Written("planned", "TIME", "The date."),
    "policy": Written("", "FILE", "The policy (TOML)."),
    "position": Written("", "WHAT", "How the customer stands to it."),
    "purpose": Written("", "TEXT", "What for; of a new set."),
    "regions": Written("region", "REGION", "Whose homes it may look at, too; repeatable."),
    "release": Written("", "RELEASE", "Id of the release."),
    "resolution": Written("", "WHAT", "What is decided about the roll-out."),
    "ring_fence": Written("", "SET", "Id of the set of homes."),
    "role": Written("", "ROLE", "IS, ES, GS, RSA, ED, GT or OU."),
    "roles": Written("role", "ROLE", "What the party is; repeatable."),
    "rule": Written("", "RULE", "Id of the rule."),
    "run": Written("", "N", "Tests run."),
    "scenarios": Written("scenario", "TEXT", "A business scenario tested; repeatable."),
    "scope": Written("", "SCOPE", "What for."),
    "sha256": Written("sha256", "HEX|FILE", "SHA-256 of the file, or the file itself."),
    "shared_with": Written("shared-with", "PARTY", "Who may use it, too; repeatable."),
    "slots": Written("slot", "HOME=TIME|@FILE", "A home and its time; or @FILE (CSV)."),
    "source": Written("", "TEXT", "Who says so."),
    "stance": Written("", "WHAT", "How the party stands to it."),
    "step": Written("", "STEP", "Download or activation."),
    "successor": Written("", "RELEASE", "What takes its place."),
    "text": Written("", "TEXT", "In one line, without addresses and meter point numbers."),
    "title": Written("", "TEXT", "In one line."),
    "type": Written("", "TYPE", "What kind of release."),
    "until_utc": Written("until", "TIME", "Until when."),
    "user": Written("", "EUI64", "Of the Service User."),
    "variant": Written("", "VARIANT", "Id of the device variant."),
    "version": Written("", "N", "File version, 0x for hexadecimal."),
}


class ActField(NamedTuple):
    """One field of an act as a parameter of its command.

    Attributes:
        name: of the field.
        parameter: as the command line takes it.
        read: makes the field's value of what was given.
    """

    name: str
    parameter: Parameter
    read: Read


def act_fields(act: type[Any]) -> list[ActField]:
    """Say how an act is written: the first field, where it is a name, as an argument.

    Raises:
        TypeError: a field is of a type that no option has.
    """
    hints = get_type_hints(act)
    found = []
    for place, item in enumerate(fields(act)):
        positional = place == 0 and hints[item.name] is str and item.default is MISSING
        found.append(_field(item, hints[item.name], positional=positional))
    return found


def _field(item: Field[Any], hint: Any, *, positional: bool) -> ActField:
    written = NAMES.get(item.name, Written("", "TEXT", f"{item.name.replace('_', ' ')}."))
    name = written.name or item.name.replace("_", "-")
    plain, read, more = _shape(item.name, hint, f"--{name}")
    default: Any
    if get_origin(hint) is tuple:
        default = [] if item.default is MISSING else list(item.default)
    else:
        default = Parameter.empty if item.default is MISSING else item.default
    kind: Any
    if positional:
        kind = typer.Argument(metavar=written.metavar, help=written.help, **more)
    elif plain is bool:
        kind = typer.Option(f"--{name}/--no-{name}", help=written.help)
    else:
        more = {"metavar": written.metavar, **more} if written.metavar else more
        kind = typer.Option(f"--{name}", help=written.help + _choices(hint), **more)
    parameter = Parameter(
        item.name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[plain, kind]
    )
    return ActField(item.name, parameter, read)


def _choices(hint: Any) -> str:
    """Say in words which values there are, where they are a few that have names."""
    for kind in (hint, *get_args(hint)):
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return f" One of: {', '.join(kind)}."
    return ""


def _shape(name: str, hint: Any, option: str) -> tuple[Any, Read, dict[str, Any]]:
    """Give the type that typer sees, what reads its value, and what else typer is told."""
    if name in _FILES:
        return str, _FILES[name], {}
    if type(None) in get_args(hint):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
        plain, read, more = _shape(name, hint, option)
        return plain | None, read, more
    if get_origin(hint) is tuple:
        return _listed(get_args(hint)[0], option)
    if hint is float and name.endswith("_utc"):
        return float, _same, {"parser": later}
    if hint is int:
        return int, _same, {"parser": number}
    if hint in (str, bool) or (isinstance(hint, type) and issubclass(hint, StrEnum)):
        return hint, _same, {}
    raise TypeError(f"{option}: no option is made for {hint}")


def _listed(item: Any, option: str) -> tuple[Any, Read, dict[str, Any]]:
    if item is int:
        return list[str], lambda texts: _numbers(texts, option), {}
    if item is str or (isinstance(item, type) and issubclass(item, StrEnum)):
        make = str if item is str else item
        return list[str], lambda texts: tuple(make(text) for text in _lines(texts)), {}
    first, *others = get_args(item)
    if first is str and others == [float]:
        return list[str], lambda texts: _times(texts, option), {}
    if first is str and others == [str]:
        return list[str], lambda texts: tuple(_pair(text, option) for text in _lines(texts)), {}
    raise TypeError(f"{option}: no option is made for a list of {item}")


def _same(value: Any) -> Any:
    return value


def _lines(texts: list[str]) -> list[str]:
    found: list[str] = []
    for text in texts:
        if text.startswith(_FILE):
            lines = text_of(Path(text.removeprefix(_FILE)), LIST_OCTETS).splitlines()
            found += [line.strip() for line in lines if line.strip()]
        else:
            found.append(text)
    return found


def _numbers(texts: list[str], option: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for text in texts for part in text.split(","))
    except ValueError:
        raise LocalError(f"{option} {','.join(texts)!a}: write numbers, as 0,0,2,5,8") from None


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise LocalError(f"{option} {text!a}: write NAME=VALUE")
    return name, value


def _times(texts: list[str], option: str) -> tuple[tuple[str, float], ...]:
    from ota_engine.fleet.calendar.lists import read_slots, read_time

    found: list[tuple[str, float]] = []
    for text in texts:
        if text.startswith(_FILE):
            path = Path(text.removeprefix(_FILE))
            try:
                found += read_slots(_rows(path))
            except LocalError as error:
                raise LocalError(f"{option} {path}: {error}") from None
        else:
            home, time = _pair(text, option)
            found.append((home, later(time) if time.startswith("+") else read_time(time)))
    return tuple(found)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    from ota_engine.head_end.listings import BadLine, ListedRecord, read_listing

    for record in read_listing(BytesIO(read_bounded(path, LIST_OCTETS))):
        if isinstance(record, BadLine):
            raise LocalError(f"line {record.line}: {record.text}")
        if isinstance(record, ListedRecord):
            yield record


def read_policy(path: Path) -> "CampaignPolicy":
    """Read a policy from a file.

    Raises:
        LocalError: it holds none.
        OSError: it cannot be read.
    """
    from ota_engine.fleet.campaigns.plan.policy import read_policy_toml

    try:
        return read_policy_toml(text_of(path))
    except LocalError as error:
        raise LocalError(f"{path}: {error}") from None


def _policy(text: str) -> str:
    from ota_engine.fleet.campaigns.plan.policy import policy_text

    return policy_text(read_policy(Path(text)))


def _digest(text: str) -> str:
    import hashlib

    plain = text.strip().lower()
    if not plain:
        return ""
    if len(plain) == DIGEST_DIGITS and all(digit in "0123456789abcdef" for digit in plain):
        return plain
    return hashlib.sha256(read_bounded(Path(text))).hexdigest()


def _public_key(text: str) -> str:
    return text_of(Path(text), MAX_TEXT_BYTES)


def _endpoint(text: str) -> str:
    from ota_engine.head_end.endpoints import read_endpoint

    return read_endpoint(text)


#: Fields whose option names a file or an endpoint.
_FILES: Final[Mapping[str, Read]] = {
    "endpoint": _endpoint,
    "policy": _policy,
    "sha256": _digest,
    "notes": _digest,
    "key": _public_key,
}
