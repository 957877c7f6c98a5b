"""Elements of DUIS as tables that read, check and write alike; knows no document in particular.

A shape says which children an element has, in which order, and what its text may be. Reading gives
dictionaries of values by local name and refuses whatever the shape does not say: unknown or missing
children, wrong order, attributes, text between elements, comments within a field. Writing takes the
same dictionaries, so that what is written is as the table says, too.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from lxml import etree

from ota_engine.duis.documents import DUIS_NAMESPACE, local_name
from ota_engine.duis.kinds import FieldKind
from ota_engine.duis.refusals import StructureRefused
from ota_engine.errors import LocalError

#: Values of an element by the local name of its children; lists where a child may repeat.
XmlValues: TypeAlias = Mapping[str, Any]


class XmlChild(NamedTuple):
    """A child element.

    Attributes:
        name: local name.
        shape: what it holds.
        least: 0 where it may be left out.
        most: above 1 where it may repeat.
    """

    name: str
    shape: "XmlShape"
    least: int = 1
    most: int = 1


class XmlChoice(NamedTuple):
    """Exactly one of some children, or none where ``least`` is 0."""

    options: tuple[XmlChild, ...]
    least: int = 1


class XmlGroup(NamedTuple):
    """Children in order."""

    parts: tuple[XmlChild | XmlChoice, ...]


XmlShape: TypeAlias = "FieldKind | XmlGroup"


def optional(name: str, shape: XmlShape) -> XmlChild:
    """A child that may be left out."""
    return XmlChild(name, shape, least=0)


def group(*parts: XmlChild | XmlChoice) -> XmlGroup:
    """Children in order."""
    return XmlGroup(parts)


def any_of(*options: XmlChild, least: int = 1) -> XmlChoice:
    """One of these children."""
    return XmlChoice(options, least)


def read_element(element: etree._Element, shape: XmlShape, path: str) -> Any:
    """Read what an element holds.

    Args:
        element: of the namespace of DUIS.
        shape: what it has to hold.
        path: of it, for refusals.

    Returns:
        The value of a field, or a dictionary of the children's.

    Raises:
        StructureRefused: it is not so.
    """
    if element.attrib:
        raise StructureRefused("it has an attribute: none is known here", path)
    if not isinstance(shape, XmlGroup):
        return _read_field(element, shape, path)
    children = list(child_elements(element, path))
    found: dict[str, Any] = {}
    place = 0
    for part in shape.parts:
        place = _read_part(children, place, part, path, found)
    if place < len(children):
        raise StructureRefused(f"{local_name(children[place])} is not in its place", path)
    return found


def child_elements(
    element: etree._Element, path: str, passing: str = ""
) -> Iterator[etree._Element]:
    """Children of an element that holds elements only; comments between them mean nothing.

    Args:
        element: whose.
        path: of it, for refusals.
        passing: full name of an element of another namespace that is passed over.

    Raises:
        StructureRefused: there is text between them, or something of another namespace.
    """
    if _has_text(element.text):
        raise StructureRefused("there is text between elements", path)
    for child in element:
        if _has_text(child.tail):
            raise StructureRefused("there is text between elements", path)
        if not isinstance(child.tag, str) or child.tag == passing:
            continue
        if not child.tag.startswith("{" + DUIS_NAMESPACE + "}"):
            raise StructureRefused(f"{local_name(child)} is not of the namespace of DUIS", path)
        yield child


def text_of(element: etree._Element, path: str) -> str:
    """Text of a field.

    Raises:
        StructureRefused: it holds an element, a comment or a processing instruction.
    """
    if len(element):
        raise StructureRefused("within a field there may be nothing but text", path)
    return element.text or ""


def write_element(name: str, shape: XmlShape, value: Any) -> etree._Element:
    """Write an element.

    Raises:
        LocalError: the value does not fit its shape.
    """
    element = etree.Element(f"{{{DUIS_NAMESPACE}}}{name}", nsmap={"sr": DUIS_NAMESPACE})
    _fill(element, shape, value, name)
    return element


def _read_field(element: etree._Element, kind: FieldKind, path: str) -> Any:
    try:
        return kind.read(text_of(element, path))
    except ValueError as error:
        raise StructureRefused(str(error), path) from None


def _read_part(
    children: list[etree._Element],
    place: int,
    part: XmlChild | XmlChoice,
    path: str,
    found: dict[str, Any],
) -> int:
    options = part.options if isinstance(part, XmlChoice) else (part,)
    name = local_name(children[place]) if place < len(children) else ""
    chosen = next((option for option in options if option.name == name), None)
    if chosen is None:
        if part.least:
            wanted = " or ".join(option.name for option in options)
            raise StructureRefused(f"{wanted} is missing", path)
        return place
    values: list[Any] = []
    while place < len(children) and local_name(children[place]) == name:
        if len(values) == chosen.most:
            raise StructureRefused(f"more than {chosen.most} of {name}", path)
        values.append(read_element(children[place], chosen.shape, f"{path}/{name}"))
        place += 1
    found[name] = values if chosen.most > 1 else values[0]
    return place


def _fill(element: etree._Element, shape: XmlShape, value: Any, path: str) -> None:
    if not isinstance(shape, XmlGroup):
        try:
            element.text = shape.write(value) or None
        except ValueError as error:
            raise LocalError(f"{path}: {error}") from None
        return
    for part in shape.parts:
        options = part.options if isinstance(part, XmlChoice) else (part,)
        given = [option for option in options if value.get(option.name) is not None]
        if len(given) > 1 or (part.least and not given):
            raise LocalError(f"{path}: give {' or '.join(option.name for option in options)}")
        for option in given:
            _fill_child(element, option, value[option.name], path)


def _fill_child(element: etree._Element, option: XmlChild, value: Any, path: str) -> None:
    values = value if option.most > 1 else [value]
    if not option.least <= len(values) <= option.most:
        raise LocalError(f"{path}: {option.least} to {option.most} of {option.name}")
    for one in values:
        child = etree.SubElement(element, f"{{{DUIS_NAMESPACE}}}{option.name}")
        _fill(child, option.shape, one, f"{path}/{option.name}")


def _has_text(text: str | None) -> bool:
    return text is not None and bool(text.strip(" \t\r\n"))
