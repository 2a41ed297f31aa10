"""The parser of Kind 2's contracts: clauses, modes, ghost streams, imports."""

from __future__ import annotations

from syncml.lustre.cursor import Cursor, unread
from syncml.lustre.expressions import ExpressionParser
from syncml.lustre.interfaces import InterfaceParser
from syncml.lustre.syntax import Clause, ContractItem, Declared, Expression, Ghost, Imports, Mode, NamedType
from syncml.lustre.tokens import Kind

_CLAUSES = ("assume", "guarantee", "require", "ensure")


class ContractParser:
    """Items of a contract from a cursor."""

    def __init__(self, cursor: Cursor, expressions: ExpressionParser, interfaces: InterfaceParser) -> None:
        self._c = cursor
        self._expressions = expressions
        self._interfaces = interfaces

    def items(self, closing: str) -> tuple[ContractItem, ...]:
        """Items up to ``closing``, which is not read."""
        found: list[ContractItem] = []
        while self._c.text != closing:
            if self._c.token.kind is Kind.END:
                raise self._c.fault(f"the end of the contract, `{closing.removeprefix('%')}`")
            found.append(self._item())
        return tuple(found)

    def _item(self) -> ContractItem:
        c = self._c
        start = c.span
        match c.token.text:
            case "assume" | "guarantee" | "weakly":
                return self._clause()
            case "assumption_vars" | "decreases":
                raise unread(f"`{c.token.text}`", start)
            case "mode":
                c.advance()
                name = c.name("a mode").text
                c.expect("(")
                clauses: list[Clause] = []
                while not c.accept(")"):
                    clauses.append(self._clause())
                c.expect(";", "after a mode")
                return Mode(name, tuple(clauses), c.since(start))
            case "var" | "const":
                c.advance()
                return self._ghost()
            case "import":
                return self._import()
            case _:
                raise c.fault("an item of a contract")

    def _clause(self) -> Clause:
        c = self._c
        start = c.span
        # How much a clause weighs in the search for a core is no part of its meaning.
        c.accept("weakly")
        if c.token.text not in _CLAUSES:
            raise c.fault("a clause")
        kind = c.advance().text
        name = c.string()
        value = self._expressions.expression()
        span = c.since(start)
        c.expect(";", "after a clause")
        return Clause(kind, name, value, span)

    def _ghost(self) -> Ghost:
        c = self._c
        start = c.span
        streams: list[Declared] = []
        while True:
            if c.peek().text == "=":
                name = c.name("a constant")
                streams.append(Declared(name.text, NamedType("", name.span), None, name.span))
            else:
                streams += self._interfaces.streams()
            if not c.accept(";", ","):
                break
        c.expect("=")
        value = self._expressions.expression()
        span = c.since(start)
        c.expect(";", "after a ghost stream")
        return Ghost(tuple(streams), value, span)

    def _import(self) -> Imports:
        c = self._c
        start = c.expect("import").span
        name = c.name("a contract").text
        c.expect("(")
        inputs: list[Expression] = []
        while not c.accept(")"):
            inputs.append(self._expressions.expression())
            if not c.accept(","):
                c.expect(")")
                break
        c.expect("returns")
        c.expect("(")
        outputs: list[Expression] = []
        while not c.accept(")"):
            outputs.append(self._expressions.expression())
            if not c.accept(","):
                c.expect(")")
                break
        c.expect(";", "after an import")
        return Imports(name, tuple(inputs), tuple(outputs), c.since(start))
