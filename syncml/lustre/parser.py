"""The parser of files: declarations, packages, interfaces and bodies.

Rule: a file is a list of constants, types, nodes, contracts, packages and models; an ``include`` stands for the
declarations of the other file. The first fault of a file ends its reading.
"""

from __future__ import annotations

from pathlib import Path

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.lustre.contracts import ContractParser
from syncml.lustre.cursor import Cursor, unread
from syncml.lustre.expressions import ExpressionParser
from syncml.lustre.interfaces import InterfaceParser
from syncml.lustre.items import ItemParser
from syncml.lustre.syntax import (
    ConstantDeclaration,
    ContractItem,
    Declaration,
    Declared,
    EnumOf,
    File,
    Instance,
    NodeDeclaration,
    Package,
    StaticArgument,
    StaticParameter,
    TypeDeclaration,
    TypeExpression,
)
from syncml.lustre.tokens import Dialect, Kind, Lexer, dialect_of

_MODIFIERS = ("unsafe", "extern", "external", "opaque", "transparent")
_ENDS = ("node", "function", "extern", "unsafe", "type", "package", "model", "end", "contract", "opaque", "transparent",
         "external", "include")  # fmt: skip


def parse_file(path: Path, dialect: Dialect | None = None) -> tuple[File, Dialect]:
    """The syntax tree of a file and of what it includes, and the dialect that was read.

    Args:
        path: The file.
        dialect: Whose Lustre it is; found by its words where that is not said.

    Raises:
        DiagnosticError: D001 a file cannot be read, R001 and R002 what it says cannot be.
    """
    text = _text(path, None)
    dialect = dialect or dialect_of(text)
    return _Parser(path, text, dialect, frozenset({path})).file(), dialect


def _text(path: Path, at: Span | None) -> str:
    try:
        data = path.read_bytes()
    except OSError as fault:
        reason = fault.strerror or str(fault)
        raise DiagnosticError(error("D001", f"cannot read {path}: {reason}", at or Span.point(str(path)))) from fault
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Comments of older files are written in Latin-1, where every byte is a character.
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Parser:
    """One file."""

    def __init__(self, path: Path, text: str, dialect: Dialect, within: frozenset[Path]) -> None:
        self._path = path
        self._within = within
        self._c = Cursor(Lexer(str(path), text, dialect).tokens(), dialect)
        self._expressions = ExpressionParser(self._c)
        self._interfaces = InterfaceParser(self._c, self._expressions)
        self._contracts = ContractParser(self._c, self._expressions, self._interfaces)
        self._items = ItemParser(self._c, self._expressions)

    def file(self) -> File:
        """Everything up to the end of the file."""
        declarations: list[Declaration] = []
        contracts: list[NodeDeclaration] = []
        packages: list[Package | Instance] = []
        c = self._c
        while c.token.kind is not Kind.END:
            match c.text:
                case "include":
                    other = self._included()
                    declarations += other.declarations
                    contracts += other.contracts
                    packages += other.packages
                case "package" | "model":
                    packages.append(self._package())
                case "contract":
                    contracts.append(self._contract())
                case _:
                    declarations += self._declarations()
        return File(tuple(declarations), tuple(contracts), tuple(packages))

    def _included(self) -> File:
        c = self._c
        start = c.advance().span
        name = c.string()
        c.accept(";")
        path = (self._path.parent / name).resolve()
        if path in self._within:
            raise DiagnosticError(error("R001", f"{name} includes itself", c.since(start)))
        text = _text(path, c.since(start))
        return _Parser(path, text, c.dialect, self._within | {path}).file()

    def _declarations(self, *, provided: bool = False) -> list[Declaration]:
        """What one word declares; the nodes that a package provides have no bodies there."""
        c = self._c
        match c.text:
            case "const" | "param":
                c.advance()
                return list(self._interfaces.constants())
            case "type":
                c.advance()
                return list(self._types())
            case "node" | "function" | "unsafe" | "extern" | "external" | "opaque" | "transparent":
                return [self._node(provided=provided)]
            case "datatype" | "lemma":
                raise unread(f"`{c.text}`", c.span)
            case _:
                raise c.fault("a declaration")

    def _types(self) -> list[TypeDeclaration]:
        c = self._c
        found: list[TypeDeclaration] = []
        while c.token.kind is Kind.NAME:
            names = [c.name("a type")]
            while c.accept(","):
                names.append(c.name("a type"))
            definition: TypeExpression | None = None
            parameters: tuple[str, ...] = ()
            if c.dialect is Dialect.KIND2 and c.text == "<":
                parameters = tuple(t.text for t in self._interfaces.types())
            if c.accept("="):
                definition = self._variants() if c.dialect is Dialect.VELUS else self._expressions.type()
            found += [TypeDeclaration(n.text, definition, n.span, parameters) for n in names]
            if c.dialect is not Dialect.VELUS or c.text == ";":
                c.expect(";", "after a type")
        return found

    def _variants(self) -> TypeExpression:
        """Vélus' ``A | B``."""
        c = self._c
        start = c.span
        c.accept("|")
        names = [c.name("a constructor")]
        while c.accept("|"):
            names.append(c.name("a constructor"))
        return EnumOf(tuple((n.text, n.span) for n in names), c.since(start))

    def _contract(self) -> NodeDeclaration:
        c = self._c
        c.expect("contract")
        name = c.name("a contract")
        if c.text == "<":
            raise unread("a contract with types for parameters", c.span)
        inputs = self._interfaces.parameters()
        c.expect("returns")
        outputs = self._interfaces.parameters()
        c.accept(";")
        c.expect("let")
        items = self._contracts.items("tel")
        c.expect("tel")
        c.accept(";", ".")
        return NodeDeclaration(name.text, (), inputs, outputs, name.span, contract=items)

    def _node(self, *, provided: bool) -> NodeDeclaration:
        c = self._c
        modifiers: set[str] = set()
        while found := c.accept(*_MODIFIERS):
            modifiers.add(found.text)
        external = not modifiers.isdisjoint(("extern", "external"))
        # What an unsafe function yields is not made of its arguments alone.
        function = c.text == "function" and "unsafe" not in modifiers
        keyword = c.accept("node", "function")
        if keyword is None and not external:
            raise c.fault("`node` or `function`")
        imported = c.accept("imported") is not None
        name = c.name("a node")
        if name.text == "rec" and c.token.kind is Kind.NAME:
            raise unread("a recursive function", name.span)
        statics = self._interfaces.statics("<<", ">>") if c.text == "<<" else ()
        if c.text == "<" and c.dialect is Dialect.KIND2:
            statics = tuple(StaticParameter("type", t.text, t.span) for t in self._interfaces.types())
        inputs: tuple[Declared, ...] = ()
        outputs: tuple[Declared, ...] = ()
        if c.text == "(":
            inputs, outputs = self._interface(external and c.dialect is Dialect.VELUS)
        if c.accept("="):
            alias = self._expressions.callee()
            c.accept(";", ".")
            return NodeDeclaration(name.text, statics, inputs, outputs, name.span, alias=alias, function=function)
        c.accept(";")
        contract: tuple[ContractItem, ...] = ()
        while c.text in ("%contract", "con"):
            closing = "%END" if c.advance().text == "%contract" else "noc"
            contract += self._contracts.items(closing)
            c.expect(closing)
        if not (external or imported or (self._has_body() and not provided)):
            if not provided and (keyword is None or keyword.text == "node"):
                help_ = "write its equations between let and tel, or `extern node` where it is written in C"
                raise DiagnosticError(error("R001", f"the node `{name.text}` has no body", name.span, help=help_))
            external = True
        if external or imported:
            return NodeDeclaration(
                name.text, statics, inputs, outputs, name.span, contract=contract,
                external=external and not imported, imported=imported, function=function,
            )  # fmt: skip
        locals_, constants = self._interfaces.locals()
        c.expect("let")
        items = self._items.items("tel")
        c.expect("tel")
        c.accept(";", ".")
        return NodeDeclaration(
            name.text, statics, inputs, outputs, name.span, locals_, constants, items, contract, function=function
        )

    def _interface(self, bare: bool) -> tuple[tuple[Declared, ...], tuple[Declared, ...]]:
        c = self._c
        if bare:
            raise unread("an external function", c.span)
        inputs = self._interfaces.parameters()
        c.expect("returns", "after the inputs of a node")
        return inputs, self._interfaces.parameters()

    def _has_body(self) -> bool:
        """Whether ``let`` comes before the next declaration; a node without it is external."""
        ahead = 0
        while self._c.peek(ahead).kind is not Kind.END:
            token = self._c.peek(ahead)
            if token.kind is Kind.WORD and token.text == "let":
                return True
            if token.kind is Kind.WORD and token.text in _ENDS:
                return False
            ahead += 1
        return False

    def _package(self) -> Package | Instance:
        c = self._c
        model = c.advance().text == "model"
        name = c.name("a package")
        if c.accept("=", "is"):
            return self._instance(name.text, name.span)
        uses: list[tuple[str, Span]] = []
        if c.accept("uses"):
            while c.text != ";":
                used = c.name("a package")
                uses.append((used.text, used.span))
                if not c.accept(","):
                    break
            c.expect(";")
        needs: tuple[StaticParameter, ...] = ()
        if c.text == "needs":
            needs = self._interfaces.statics("needs", ";")
        provides: list[Declaration] = []
        if c.accept("provides"):
            while c.text != "body" and c.token.kind is not Kind.END:
                provides += self._declarations(provided=True)
        c.expect("body")
        declarations: list[Declaration] = []
        while c.text != "end" and c.token.kind is not Kind.END:
            declarations += self._declarations()
        c.expect("end")
        c.accept(";", ".")
        return Package(name.text, tuple(uses), needs, tuple(declarations), name.span, tuple(provides), model)

    def _instance(self, name: str, span: Span) -> Instance:
        c = self._c
        model = c.name("a model").text
        c.expect("(")
        arguments: list[tuple[str, StaticArgument]] = []
        while not c.accept(")"):
            kind = c.accept("type", "const", "node", "function")
            parameter = c.name("a parameter").text
            c.expect("=")
            argument: StaticArgument
            match kind.text if kind is not None else "":
                case "type":
                    argument = self._expressions.type()
                case "const":
                    argument = self._expressions.expression()
                case "node" | "function":
                    argument = self._expressions.callee()
                case _:
                    argument = self._expressions.static_argument()
            arguments.append((parameter, argument))
            if not c.accept(",", ";"):
                c.expect(")")
                break
        c.accept(";")
        return Instance(name, model, tuple(arguments), span)


__all__ = ["ConstantDeclaration", "parse_file"]
