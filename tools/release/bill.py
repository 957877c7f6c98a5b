"""Writes the bill of materials of a release: CycloneDX 1.6 as JSON, judged by its own schema.

It names what a user gets: zota's wheel, and every library that it or one of its extras needs on a machine
like this one, in the version of ``constraints.txt``, with licence and purpose. Knows metadata of installed distributions, and nothing of
how a release is built or signed. The same commit gives the same bill.
"""

import datetime
import hashlib
import re
import uuid
import zipfile
from collections import deque
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import Parser
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final, NamedTuple

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from trouble import ReleaseError

PROJECT: Final = "zota"
#: Extras that nobody gets who uses zota: tools to work on it, all of them together, a former name.
NOT_SHIPPED: Final = frozenset(("dev", "all", "head-end"))
NAMESPACE: Final = uuid.UUID(
    "6f1d3b0c-35cf-5d3a-9d1c-0d1a57a5b4d2"
)  # of serial numbers of our bills
_PIN: Final = re.compile(r"^([\w.-]+)==(\S+)$", re.MULTILINE)


class Need(NamedTuple):
    """A requirement of somebody, and under which extras of zota it came to be needed."""

    wanted: Requirement
    by: str  # purl of who needs it
    extra: str  # of zota; empty for what is always needed


def bill_of(wheel: Path, constraints: Path, epoch: int, commit: str) -> str:
    """Write the bill for a wheel.

    Args:
        wheel: of zota.
        constraints: the versions that zota is released with.
        epoch: seconds since 1970 (UTC) of the commit.
        commit: its name.

    Raises:
        ReleaseError: a library that is needed is not installed here in the version of the constraints, so that
            its licence and its own needs are not known; or the bill does not fit its schema.
    """
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - a second to load

    metadata = _metadata(wheel)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    root = _root(metadata, digest, commit)
    bom = Bom(serial_number=uuid.uuid5(NAMESPACE, digest))
    bom.metadata.timestamp = datetime.datetime.fromtimestamp(epoch, datetime.UTC)
    bom.metadata.component = root
    _fill(bom, root, metadata, pins(constraints))
    text = JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
    if (wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)) is not None:
        raise ReleaseError(f"the bill of materials does not fit CycloneDX 1.6: {wrong}")
    return text


def pins(constraints: Path) -> Mapping[str, str]:
    """Read a constraints file: name as an index has it -> version."""
    found = _PIN.findall(constraints.read_text("utf-8"))
    return {canonicalize_name(name): version for name, version in found}


def _fill(bom: Bom, root: Component, metadata: Message, pinned: Mapping[str, str]) -> None:
    """Add every library, and who needs whom."""
    components: dict[str, Component] = {PROJECT: root}
    extras: dict[str, set[str]] = {}
    needs: dict[str, set[str]] = {PROJECT: set()}
    waiting = deque(_needs(metadata.get_all("Requires-Dist") or [], PROJECT, _shipped(metadata)))
    seen: set[tuple[str, frozenset[str], str]] = set()
    while waiting:
        need = waiting.popleft()
        name: str = canonicalize_name(need.wanted.name)
        needs.setdefault(need.by, set()).add(name)
        extras.setdefault(name, set()).add(need.extra)
        if (key := (name, frozenset(need.wanted.extras), need.extra)) in seen or name == PROJECT:
            continue
        seen.add(key)
        library = _library(name, pinned)
        components.setdefault(name, _component(library, name))
        asked = dict.fromkeys(("", *need.wanted.extras), need.extra)
        waiting.extend(_needs(library.requires or [], name, asked))
    for name, component in sorted(components.items()):
        if component is not root:
            _purpose(component, extras[name])
            bom.components.add(component)
        others = (components[other] for other in sorted(needs.get(name, set()) - {name}))
        bom.register_dependency(component, others)


def _shipped(metadata: Message) -> dict[str, str]:
    names = sorted(set(metadata.get_all("Provides-Extra") or []) - NOT_SHIPPED)
    return {"": "", **{name: name for name in names}}


def _needs(lines: list[str], by: str, asked: Mapping[str, str]) -> Iterator[Need]:
    """Choose the requirements that hold here for the extras asked for.

    Args:
        lines: of metadata, ``Requires-Dist``.
        by: whose metadata they are of.
        asked: extra of that library -> extra of zota that leads to it.
    """
    for line in lines:
        wanted = Requirement(line)
        for extra, ours in asked.items():
            plain = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
            if plain and extra:
                continue  # needed anyway, and already said to be
            if plain or (wanted.marker is not None and wanted.marker.evaluate({"extra": extra})):
                yield Need(wanted, by, ours)


def _library(name: str, pinned: Mapping[str, str]) -> Distribution:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise ReleaseError(
            f"{name} is not installed, so its licence is not known: make setup"
        ) from None
    if pinned.get(name) != found.version:
        raise ReleaseError(
            f"{name} is installed as {found.version}, and constraints.txt says "
            f"{pinned.get(name, 'nothing of it')}: make setup, or pin it"
        )
    return found


def _component(library: Distribution, name: str) -> Component:
    metadata = Parser().parsestr(library.read_text("METADATA") or "", headersonly=True)
    purl = PackageURL("pypi", None, name, library.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=library.version,
        bom_ref=str(purl),
        purl=purl,
        description=metadata["Summary"],
        licenses=_licences(metadata),
    )


def _licences(metadata: Message) -> Iterator[License]:
    """What a library says of its licence: an SPDX expression, its classifiers, or a line of its own."""
    factory = LicenseFactory()
    said = LicenseAcknowledgement.DECLARED
    if expression := metadata["License-Expression"]:
        yield factory.make_from_string(expression, license_acknowledgement=said)
        return
    classifiers = [
        classifier.rpartition(" :: ")[2]
        for classifier in metadata.get_all("Classifier") or []
        if classifier.startswith("License :: ") and not classifier.endswith("OSI Approved")
    ]
    own = (metadata["License"] or "").strip().partition("\n")[0].strip()
    if is_supported_id(own):
        yield factory.make_with_id(own, acknowledgement=said)
        return
    for name in classifiers or filter(None, [own]):
        yield factory.make_with_name(name, acknowledgement=said)


def _purpose(component: Component, extras: set[str]) -> None:
    if "" in extras:
        component.scope = ComponentScope.REQUIRED
        return
    component.scope = ComponentScope.OPTIONAL
    for extra in sorted(extras):
        component.properties.add(Property(name="zota:extra", value=extra))


def _root(metadata: Message, digest: str, commit: str) -> Component:
    version = str(metadata["Version"])
    purl = PackageURL("pypi", None, PROJECT, version)
    return Component(
        type=ComponentType.APPLICATION,
        name=PROJECT,
        version=version,
        bom_ref=str(purl),
        purl=purl,
        description=metadata["Summary"],
        licenses=_licences(metadata),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        properties=[Property(name="zota:commit", value=commit)],
    )


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())
