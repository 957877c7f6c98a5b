"""Settings to judge files by, from zota.toml or pyproject.toml; judges nothing.

``[image]`` in zota.toml is ``[tool.zota.image]`` in pyproject.toml::

    [image]
    profile = "se"
    select = ["ZOTA0"]
    ignore = [{ rule = "ZOTA037", files = "old/*", reason = "released before we knew" }]
    expect = { manufacturer = 0x121D, slot-size = 262144, ca-key = "ca.hex" }

    [[image.files]]
    files = "ppmid/*"
    profile = "gb"
    expect = { type = 0x0084 }
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final, NamedTuple

from images.errors import ImageError, JudgingError
from images.eui64 import parse_eui64
from images.files import read_bounded
from images.judging.evidence import (
    ChosenProfile,
    read_ca_key,
    read_known,
    read_manifest,
    read_profile,
    read_retracted,
    read_sha256,
)
from images.rules import Expectations, Report, lint
from images.rules.policy import Ignore, Known, RulePolicy, require_data, require_rule
from images.strict_toml import read_toml

UNCHOSEN: Final = ChosenProfile()
MAX_SETTINGS_BYTES: Final = 256 << 10
MAX_PATTERN: Final = 500  # characters; the time to read one grows with their square
# zota.toml's key -> field of Expectations, and the type it is written in
_PLAIN: Final[Mapping[str, tuple[str, type]]] = {
    "manufacturer": ("manufacturer_code", int),
    "type": ("image_type", int),
    "version": ("release_version", int),
    "previous-version": ("previous_version", int),
    "device-hw": ("device_hardware", int),
    "max-size": ("max_bytes", int),
    "slot-size": ("slot_size", int),
    "block-size": ("block_size", int),
    "bcd": ("bcd_version", bool),
    "null-image": ("null_image", bool),
}
_TEXTS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "hash": ("manufacturer_image_hash", read_sha256),
    "ca-eui64": ("ca_eui64", parse_eui64),
}
_FILES: Final[Mapping[str, tuple[str, Callable[[Path], Any]]]] = {
    "ca-key": ("ca_key", read_ca_key),
    "manifest": ("manifest", read_manifest),
    "retracted": ("retracted", read_retracted),
}


class PerFile(NamedTuple):
    """What holds for some files only."""

    files: str  # pattern of their paths
    chosen: ChosenProfile
    expect: Mapping[str, Any]


class JudgingSettings(NamedTuple):
    """Everything a run goes by.

    Attributes:
        chosen: by whose rules.
        expect: fields of ``Expectations`` for every file.
        per_file: exceptions, the last that matches wins.
        given: the command line's own, which wins over all.
        policy: which findings count.
        fixed: the command line named the profile.
        namesakes: paths of files that an index means another file of the same name by.
    """

    chosen: ChosenProfile = UNCHOSEN
    expect: Mapping[str, Any] = {}
    per_file: tuple[PerFile, ...] = ()
    given: Mapping[str, Any] = {}
    policy: RulePolicy = RulePolicy()
    fixed: bool = False
    namesakes: frozenset[str] = frozenset()

    def for_file(self, path: str) -> tuple[ChosenProfile, Expectations]:
        """What holds for one file."""
        chosen, fields = self.chosen, dict(self.expect)
        for exception in self.per_file:
            if fnmatchcase(path, exception.files):
                fields.update(exception.expect)
                if exception.chosen != UNCHOSEN and not self.fixed:
                    chosen = exception.chosen
        fields["namesake"] = path in self.namesakes
        return chosen, replace(Expectations(), **{**fields, **self.given})

    def judge(self, path: str, data: bytes) -> Report:
        """Judge one file by what holds for it; every finding is in the report.

        Args:
            path: where it lies, as exceptions name it.
            data: what is in it.
        """
        chosen, expect = self.for_file(path)
        name = path.rpartition("/")[2]
        return lint(data, profile=chosen.profile, name=name, expect=expect, vendor=chosen.vendor)

    def overridden(
        self,
        chosen: ChosenProfile,
        given: Mapping[str, Any],
        select: tuple[str, ...],
        baseline: frozenset[Known],
    ) -> "JudgingSettings":
        """These settings with what the command line says put over them."""
        named = chosen != UNCHOSEN
        policy = RulePolicy(select or self.policy.select, self.policy.ignores, baseline)
        return self._replace(
            chosen=chosen if named else self.chosen, given=given, policy=policy, fixed=named
        )


def settled(
    config: Path | None,
    chosen: ChosenProfile = UNCHOSEN,
    given: Mapping[str, Any] = {},
    select: Sequence[str] = (),
    baseline: Path | None = None,
) -> JudgingSettings:
    """The settings of a run: those of a file, and over them those of its command line.

    Args:
        config: the file; None takes the nearest, from the working directory upwards.
        chosen: by whose rules, if that was said.
        given: fields of ``Expectations`` that were said.
        select: rules to keep.
        baseline: a file of known findings, or None.

    Raises:
        JudgingError: the file is damaged, or says something unknown.
        ImageError: a file of keys, digests or findings is not what it should be.
        OSError: one cannot be read.
    """
    for rule in select:
        require_rule(rule)
    settings = load(config or find_config(Path.cwd()))
    settings = settings.overridden(chosen, given, tuple(select), read_known(baseline))
    exceptions = (exception.expect for exception in settings.per_file)
    require_data(settings.policy.select, {*settings.expect, *settings.given}.union(*exceptions))
    return settings


def find_config(start: Path) -> Path | None:
    """The nearest zota.toml, or pyproject.toml that speaks of zota, from a folder upwards."""
    for folder in (start, *start.parents):
        if (folder / "zota.toml").is_file():
            return folder / "zota.toml"
        project = folder / "pyproject.toml"
        if project.is_file() and b"[tool.zota" in read_bounded(project):
            return project
    return None


def load(path: Path | None) -> JudgingSettings:
    """Read a configuration file; None gives the defaults.

    Raises:
        JudgingError: it is damaged, or says something unknown; the text says where.
        ImageError: a file that it names is not what it should be; a note says where it names it.
        OSError: it, or such a file, cannot be read; likewise.
    """
    if path is None:
        return JudgingSettings()
    content = _toml(path)
    table: Any = content
    for key in ("tool", "zota", "image") if path.name == "pyproject.toml" else ("image",):
        table = table.get(key, {}) if isinstance(table, dict) else None
    try:
        settings = _settings(table, path)
    except (TypeError, ValueError) as error:
        raise JudgingError(f"{path}: {error}") from None
    ignored = (ignore.rule for ignore in settings.policy.ignores)
    try:
        for rule in (*settings.policy.select, *ignored):
            require_rule(rule)
    except ImageError as error:
        raise JudgingError(f"{path}: {error.reason}") from None
    return settings


def _toml(path: Path) -> dict[str, Any]:
    """Read a file that may come with a stranger's repository, in bounded memory."""
    data = read_bounded(path, MAX_SETTINGS_BYTES)
    try:
        return read_toml(data.decode("utf-8"))
    except ValueError as error:  # not UTF-8, or not TOML
        raise JudgingError(f"{path}: not TOML: {error}") from None


def _settings(table: Any, path: Path) -> JudgingSettings:
    _only(table, ("profile", "select", "ignore", "expect", "files"), "image")
    exceptions = []
    for entry in _list(table, "files"):
        _only(entry, ("files", "profile", "expect"), "image.files")
        exceptions.append(
            PerFile(
                _pattern(entry.get("files"), "files of image.files"),
                _profile(entry),
                _expect(entry.get("expect", {}), path),
            )
        )
    select = tuple(_typed(rule, str, "select") for rule in _list(table, "select"))
    policy = RulePolicy(select, tuple(map(_ignore, _list(table, "ignore"))))
    chosen = _profile(table)
    return JudgingSettings(
        chosen, _expect(table.get("expect", {}), path), tuple(exceptions), {}, policy
    )


def _profile(table: Mapping[str, Any]) -> ChosenProfile:
    name = table.get("profile")
    return read_profile(None if name is None else _typed(name, str, "profile"))


def _ignore(entry: Any) -> Ignore:
    _only(entry, ("rule", "reason", "files"), "image.ignore")
    reason = entry.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError(f"ignore {entry.get('rule')!r}: an ignored rule needs a reason")
    rule = _typed(entry.get("rule"), str, "rule of image.ignore")
    if not rule.startswith("ZOTA"):
        raise ValueError(f"ignore {rule!r}: give a rule, or the beginning of some: ZOTA037, ZOTA03")
    return Ignore(rule, reason, _pattern(entry.get("files", "*"), "files of image.ignore"))


def _expect(table: Any, path: Path) -> dict[str, Any]:
    _only(table, (*_PLAIN, *_TEXTS, *_FILES, "manufacturers"), "expect")
    fields: dict[str, Any] = {}
    for key, value in table.items():
        if key in _PLAIN:
            name, kind = _PLAIN[key]
            fields[name] = _typed(value, kind, key)
        elif key in _TEXTS:
            name, read = _TEXTS[key]
            fields[name] = read(_typed(value, str, key))
        elif key in _FILES:
            name, read_file = _FILES[key]
            with _named_by(key, path):
                fields[name] = read_file(_regular(path.parent / _typed(value, str, key), key))
        else:
            codes = _list(table, key)
            fields["manufacturer_codes"] = tuple(_typed(code, int, key) for code in codes)
    return fields


def _pattern(value: Any, key: str) -> str:
    text: str = _typed(value, str, key)
    if len(text) > MAX_PATTERN:
        raise ValueError(f"{key} has {len(text)} characters, at most {MAX_PATTERN} are read")
    return text


@contextmanager
def _named_by(key: str, path: Path) -> Iterator[None]:
    """Note with a complaint of a file where its name stands."""
    try:
        yield
    except (OSError, ImageError) as error:
        error.add_note(f"{key} of {path} names it")
        raise


def _regular(path: Path, key: str) -> Path:
    """A file of settings may be a stranger's: what it names is not waited for, as a pipe would be.

    Raises:
        OSError: nothing is there.
        ValueError: it is no file.
    """
    if not S_ISREG(path.stat().st_mode):
        raise ValueError(f"{key} is {str(path)!r}, which is no file")
    return path


def _only(table: Any, known: tuple[str, ...], where: str) -> None:
    if not isinstance(table, dict):
        raise TypeError(f"{where} is no table")
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise ValueError(f"{where} knows no {unknown[0]!r}; it knows {', '.join(known)}")


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    value = table.get(key, [])
    if not isinstance(value, list):
        raise TypeError(f"{key} is no list")
    return value


def _typed(value: Any, kind: type, key: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{key} is {value!r}, not {kind.__name__}")
    return value
