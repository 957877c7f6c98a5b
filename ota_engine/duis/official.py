"""The official schemas of DUIS, compiled from octets that somebody else has read; opens nothing.

They are three: DUIS itself, the MMC schema and that of XML signatures. Their names have blanks, which
the validator cannot follow, so imports are answered from memory by name, and nothing else is.
"""

from collections.abc import Mapping
from typing import Final

from lxml import etree

from ota_engine.duis.documents import DUIS_NAMESPACE
from ota_engine.duis.refusals import StructureRefused
from ota_engine.errors import LocalError

MOST_SCHEMA_OCTETS: Final = 4 << 20  # of one file
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_SCHEME: Final = "duis-schema:/"
_MOST_SAID: Final = 160


class OfficialSchemas:
    """Validates documents as the official schemas do; one document at a time."""

    def __init__(self, schema: etree.XMLSchema) -> None:
        self._schema = schema

    @classmethod
    def compile(cls, files: Mapping[str, bytes]) -> "OfficialSchemas":
        """Compile them.

        Args:
            files: contents of the ``.xsd`` files by name.

        Raises:
            LocalError: they are not the schemas of DUIS, or not complete; in one line.
        """
        roots = {name: _parse(name, octets) for name, octets in sorted(files.items())}
        main = [name for name, root in roots.items() if _is_duis(root)]
        if len(main) != 1:
            raise LocalError(
                f"{len(main)} schemas of DUIS among {', '.join(roots) or 'no .xsd files'}: give one"
            )
        names = {name: f"{number}.xsd" for number, name in enumerate(roots)}
        for name, root in roots.items():
            _answer_imports(name, root, names)
        memory = {names[name]: etree.tostring(root) for name, root in roots.items()}
        parser = _parser()
        parser.resolvers.add(_FromMemory(memory))
        try:
            tree = etree.fromstring(
                memory[names[main[0]]], parser, base_url=_SCHEME + names[main[0]]
            )
            return cls(etree.XMLSchema(tree.getroottree()))
        except etree.LxmlError as error:
            raise LocalError(f"{main[0]} is no schema that can be used: {_said(error)}") from None

    def check(self, root: etree._Element) -> None:
        """Validate a document.

        Raises:
            StructureRefused: it is not valid; what is wrong first, and where.
        """
        if self._schema.validate(root.getroottree()):
            return
        error = self._schema.error_log[0]
        path = "/".join(part.rpartition(":")[2] for part in (error.path or "").split("/")[1:])
        said = error.message.replace(f"{{{DUIS_NAMESPACE}}}", "")
        raise StructureRefused(_short(said), path)


class _FromMemory(etree.Resolver):  # type: ignore[misc] # lxml has no types
    """Answers imports by what is there."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def resolve(self, system_url: str, public_id: str | None, context: object) -> object:
        """Text of a file; there is no other."""
        name = system_url.removeprefix(_SCHEME)
        return self.resolve_string(self._files[name], context, base_url=system_url)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)


def _parse(name: str, octets: bytes) -> etree._Element:
    if len(octets) > MOST_SCHEMA_OCTETS:
        raise LocalError(f"{name}: longer than {MOST_SCHEMA_OCTETS} octets")
    try:
        return etree.fromstring(octets, _parser())
    except etree.XMLSyntaxError as error:
        raise LocalError(f"{name} is no XML: {_said(error)}") from None


def _is_duis(root: etree._Element) -> bool:
    return bool(root.tag == f"{_XS}schema" and root.get("targetNamespace") == DUIS_NAMESPACE)


def _answer_imports(name: str, root: etree._Element, names: Mapping[str, str]) -> None:
    for wanted in root.iter(f"{_XS}import", f"{_XS}include", f"{_XS}redefine"):
        location = wanted.get("schemaLocation")
        if location not in names:
            raise LocalError(f"{name} needs {location!a}: put it beside the others")
        wanted.set("schemaLocation", _SCHEME + names[location])


def _said(error: Exception) -> str:
    return _short((str(error).splitlines() or ["unreadable"])[0])


def _short(text: str) -> str:
    printable = ascii(" ".join(text.split()))[1:-1]
    return printable if len(printable) <= _MOST_SAID else f"{printable[:_MOST_SAID]}..."
