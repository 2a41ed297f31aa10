"""XML files of others: read whole, without a network, entities or document types, and with the line of each element.

Rule: a reader asks an element for its children by name; a child that nobody asks for is not supported and is reported,
once, with its file and line. Elements that say nothing about motion are skipped by name.
"""

# lxml carries no types; its elements are `Any` here and nowhere else.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.parsers import expat

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Collector, DiagnosticError, Span, error
from syncml.extras import optional
from syncml.files import note_read

LARGEST = 200_000_000
"""Bytes of the largest file that is read."""
_LAST_LINE = 65_535
"""lxml counts no farther."""


def read_xml(path: Path, root: str, purpose: str, used_at: Span | None = None) -> Element:
    """The root element of a file.

    Raises:
        DiagnosticError: D001 it is missing, D006 lxml is, D008 it is no XML, declares entities or has another root.
    """
    etree = optional("lxml.etree", purpose, "scenarios")
    place = Span.point(str(path))
    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except OSError as fault:
        message = f"cannot read {path}: {fault.strerror or fault}"
        raise DiagnosticError(error("D001", message, used_at or place)) from fault
    note_read(path, content)
    if not content:
        size = path.stat().st_size
        message = f"{path.name} is empty" if not size else f"{path.name} has {size:,} bytes, more than {LARGEST:,}"
        raise DiagnosticError(error("D008", message, place, help="give a file that is smaller and not empty"))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        top = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as fault:
        line, column = fault.position or (1, 1)
        at = Span.point(str(path), max(line, 1), max(column, 1))
        message = " ".join(f"{path.name} is no XML: {fault.msg}".split())
        raise DiagnosticError(error("D008", message, at)) from None
    if top.getroottree().docinfo.doctype:
        message = f"{path.name} declares a document type, which may hide entities"
        raise DiagnosticError(error("D008", message, place, help="delete <!DOCTYPE ...>"))
    found = Element(top, str(path), {}, _far_lines(top, content))
    if found.tag != root:
        message = f"{path.name} starts with <{found.tag}>, not <{root}>"
        raise DiagnosticError(error("D008", message, found.span))
    return found


def _far_lines(top: Any, content: bytes) -> Mapping[Any, int]:
    """The lines of all elements of a file that is so long that lxml no longer knows them."""
    if content.count(b"\n") < _LAST_LINE:
        return {}
    lines: list[int] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda _name, _attributes: lines.append(parser.CurrentLineNumber)
    parser.Parse(content, True)
    return dict(zip(top.iter("*"), lines, strict=True))


@dataclass(frozen=True, slots=True)
class Element:
    """An element.

    Attributes:
        raw: The element of lxml.
        file: Where it stands.
        texts: What stands for ``$name`` in its attributes.
        lines: The lines of elements, where lxml does not know them.
    """

    raw: Any
    file: str
    texts: dict[str, str]
    lines: Mapping[Any, int]

    @property
    def tag(self) -> str:
        """The name, without a namespace."""
        return str(self.raw.tag).rpartition("}")[2]

    @property
    def span(self) -> Span:
        """The line at which it starts."""
        return Span.point(self.file, self.lines.get(self.raw, max(int(self.raw.sourceline or 1), 1)))

    def children(self) -> Iterator[Element]:
        """The elements inside, in order."""
        for child in self.raw:
            if isinstance(child.tag, str):
                yield Element(child, self.file, self.texts, self.lines)

    def all(self, tag: str) -> list[Element]:
        """The elements inside with a name."""
        return [child for child in self.children() if child.tag == tag]

    def find(self, tag: str) -> Element | None:
        """The element inside with a name, or None."""
        return next(iter(self.all(tag)), None)

    def one(self, tag: str) -> Element:
        """The element inside with a name; D008 if there is none."""
        found = self.find(tag)
        if found is None:
            raise DiagnosticError(error("D008", f"<{self.tag}> has no <{tag}>", self.span))
        return found

    def text(self, name: str, default: str | None = None) -> str:
        """An attribute; D008 if there is none, S011 if it names a text that is not known."""
        value = self.raw.get(name)
        if value is None:
            if default is None:
                raise DiagnosticError(error("D008", f"<{self.tag}> has no attribute {name!r}", self.span))
            return default
        if value.startswith("$") and not value.startswith("${"):
            if value[1:] not in self.texts:
                raise self.unknown("parameter", value[1:], self.texts)
            return self.texts[value[1:]]
        return str(value)

    def raw_text(self, name: str, default: str | None = None) -> str:
        """An attribute as it is written; D008 if there is none."""
        value = self.raw.get(name, default)
        if value is None:
            raise DiagnosticError(error("D008", f"<{self.tag}> has no attribute {name!r}", self.span))
        return str(value)

    def number(self, name: str, default: float | None = None) -> float:
        """An attribute that is a finite number; D008 if it is none."""
        given = self.text(name, None if default is None else repr(default))
        try:
            value = float(given)
        except ValueError:
            value = float("nan")
        if value - value != 0.0:
            message = f"attribute {name!r} of <{self.tag}> is no finite number: {given!r}"
            raise DiagnosticError(error("D008", message, self.span))
        return value

    def truth(self, name: str, default: bool | None = None) -> bool:
        """An attribute that is true or false; D008 if it is neither."""
        given = self.text(name, None if default is None else str(default).lower())
        if given not in ("true", "false", "1", "0"):
            message = f"attribute {name!r} of <{self.tag}> is neither true nor false: {given!r}"
            raise DiagnosticError(error("D008", message, self.span))
        return given in ("true", "1")

    def chosen(self, name: str, choices: dict[str, Any], default: str | None = None) -> Any:
        """An attribute that is one of some names; S010 if it is another one."""
        given = self.text(name, default)
        if given not in choices:
            raise DiagnosticError(
                error(
                    "S010",
                    f"{name}={given!r} of <{self.tag}> is not supported",
                    self.span,
                    help=f"supported: {', '.join(choices)}",
                )
            )
        return choices[given]

    def unknown(self, what: str, name: str, known: object) -> DiagnosticError:
        """A name that refers to nothing."""
        listed = ", ".join(sorted(known)) if isinstance(known, dict) else ""  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        message = f"there is no {what} {name!r}"
        return DiagnosticError(error("S011", message, self.span, help=f"there are: {listed or 'none'}"))

    def unsupported(self) -> DiagnosticError:
        """This element is not supported."""
        parent = self.raw.getparent()
        within = f" in <{str(parent.tag).rpartition('}')[2]}>" if parent is not None else ""
        return DiagnosticError(error("S010", f"<{self.tag}>{within} is not supported", self.span))

    def only(self, found: Collector, *tags: str) -> None:
        """Report every element inside that is none of ``tags``."""
        for child in self.children():
            if child.tag not in tags:
                found.extend(child.unsupported().diagnostics)

    def dispatch(self, found: Collector, table: dict[str, Callable[[Element], Any]]) -> Any:
        """What the reader of the one element inside makes of it; the first of the table's names that there is."""
        for child in self.children():
            if child.tag in table:
                self.only(found, *table)
                return table[child.tag](child)
        for child in self.children():
            raise child.unsupported()
        raise DiagnosticError(error("D008", f"<{self.tag}> has none of {', '.join(table)}", self.span))
