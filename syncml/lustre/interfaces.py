"""The parser of interfaces: inputs, outputs, local streams, constants, static parameters."""

from __future__ import annotations

from dataclasses import replace

from syncml.diagnostics.model import DiagnosticError, error
from syncml.lustre.cursor import Cursor, unread
from syncml.lustre.expressions import ExpressionParser
from syncml.lustre.syntax import (
    ClockOf,
    ConstantDeclaration,
    Declared,
    StaticParameter,
    SubtypeOf,
    TypeExpression,
)
from syncml.lustre.tokens import Dialect, Kind, Token


class InterfaceParser:
    """Declarations of streams from a cursor."""

    def __init__(self, cursor: Cursor, expressions: ExpressionParser) -> None:
        self._c = cursor
        self._expressions = expressions

    def parameters(self) -> tuple[Declared, ...]:
        """``(x, y : t when c; ...)``."""
        c = self._c
        c.expect("(")
        if c.dialect is Dialect.VELUS and c.text == ")":
            raise c.fault("a parameter")
        found: list[Declared] = []
        while not c.accept(")"):
            found += self.streams()
            if not c.accept(";"):
                c.expect(")", "after a parameter")
                break
        return tuple(found)

    def streams(self) -> list[Declared]:
        """``x, y : t``, ``x : t when c`` or ``(x : t; y : t) when c``."""
        c = self._c
        found: list[Declared] = []
        if c.accept("("):
            while not c.accept(")"):
                found += self.streams()
                if not c.accept(";"):
                    c.expect(")")
                    break
        else:
            constant = c.accept("const") is not None
            names = self._names()
            c.expect(":", "after the names of streams")
            type_ = self._expressions.type()
            if c.dialect is Dialect.KIND2 and c.accept("|"):
                condition = self._expressions.expression()
                kinds = [SubtypeOf(n.text, type_, condition, n.span) for n in names]
            else:
                kinds = [type_] * len(names)
            found = [Declared(n.text, t, None, n.span, constant) for n, t in zip(names, kinds, strict=True)]
        clock = self._clock()
        return found if clock is None else [replace(d, clock=d.clock or clock) for d in found]

    def locals(self) -> tuple[tuple[Declared, ...], tuple[ConstantDeclaration, ...]]:
        """``var`` and ``const`` sections up to ``let``."""
        c = self._c
        found: list[Declared] = []
        constants: list[ConstantDeclaration] = []
        while token := c.accept("var", "const", "param"):
            if token.text != "var":
                constants += self.constants()
                continue
            while c.token.kind is Kind.NAME or c.text == "(":
                found += self.streams()
                if c.accept("=") is not None:
                    raise unread("a local stream with a value", c.span, "write an equation between let and tel")
                c.expect(";", "after a local stream")
        return tuple(found), tuple(constants)

    def constants(self) -> list[ConstantDeclaration]:
        """What stands behind ``const``."""
        c = self._c
        found: list[ConstantDeclaration] = []
        while c.token.kind is Kind.NAME:
            names = self._names()
            type_: TypeExpression | None = self._expressions.type() if c.accept(":") else None
            value = self._expressions.expression() if c.accept("=") else None
            if value is None and type_ is None:
                raise c.fault("`=`", "after the name of a constant")
            found += [ConstantDeclaration(n.text, type_, value, n.span) for n in names]
            c.expect(";", "after a constant")
        return found

    def statics(self, opening: str, closing: str) -> tuple[StaticParameter, ...]:
        """``<< const n : int; type t; node f(...) returns (...) >>``."""
        c = self._c
        c.expect(opening)
        found: list[StaticParameter] = []
        while not c.accept(closing):
            c.accept("unsafe")
            kind = c.accept("type", "const", "node", "function")
            if kind is None:
                raise c.fault("`type`, `const`, `node` or `function`")
            name = c.name("a parameter")
            parameter = StaticParameter("node" if kind.text == "function" else kind.text, name.text, name.span)
            if kind.text == "const":
                c.expect(":")
                parameter = replace(parameter, type=self._expressions.type())
            elif kind.text != "type":
                inputs = self.parameters()
                c.expect("returns")
                parameter = replace(parameter, inputs=inputs, outputs=self.parameters())
            found.append(parameter)
            if not c.accept(";", ","):
                c.expect(closing)
                break
            if closing == ";" and c.text not in ("type", "const", "node", "function", "unsafe"):
                break
        return tuple(found)

    def types(self) -> tuple[Token, ...]:
        """``<a; b>``, names of types that are given by their users."""
        c = self._c
        c.expect("<")
        found = [c.name("a type")]
        while c.accept(";", ","):
            found.append(c.name("a type"))
        c.close(">")
        return tuple(found)

    def _names(self) -> list[Token]:
        names = [self._c.name("a stream")]
        while self._c.accept(","):
            names.append(self._c.name("a stream"))
        return names

    def _clock(self) -> ClockOf | None:
        c = self._c
        start = c.span
        if c.accept("when"):
            return self._expressions.clock()
        if c.accept("whenot"):
            stream = c.name("a clock").text
            return ClockOf("false", stream, c.since(start))
        if c.text == "::":
            return self._velus_clock()
        return None

    def _velus_clock(self) -> ClockOf | None:
        """``:: . on c onot d``: the last condition; the ones before it are those of that condition."""
        c = self._c
        c.expect("::")
        c.expect(".")
        clock: ClockOf | None = None
        while c.token.text in ("on", "onot"):
            start = c.span
            negative = c.advance().text == "onot"
            if c.peek().text == "(":
                constructor = c.name().text
                c.advance()
                stream = c.name("a clock").text
                c.expect(")")
            else:
                constructor, stream = "false" if negative else "true", c.name("a clock").text
            clock = ClockOf(constructor, stream, c.since(start))
        if clock is None and c.text not in (";", ")"):
            raise DiagnosticError(error("R001", "a clock is expected", c.span))
        return clock
