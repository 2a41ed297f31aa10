"""The parser of expressions, by priority of operators.

Rule: an operator of priority p takes the operands next to it whose operators have a higher one. The dialects differ:
``a + b when c`` samples b in V6 and the sum in Kind 2 and Vélus. Nothing recurses on the depth of an expression.
"""

from __future__ import annotations

from fractions import Fraction

from syncml.diagnostics.model import Span
from syncml.lustre.call_parser import CallParser
from syncml.lustre.cursor import join, unread
from syncml.lustre.priorities import CONVERSIONS
from syncml.lustre.syntax import (
    AnyOf,
    Ascription,
    Binary,
    Callee,
    CallOf,
    ClockOf,
    Conditional,
    Conversion,
    Element,
    Expression,
    Field,
    Group,
    MergeOf,
    ModeOf,
    Name,
    Number,
    Record,
    Sampled,
    Slice,
    StaticArgument,
    Truth,
    Unary,
)
from syncml.lustre.tokens import Dialect, Kind, Token, words
from syncml.lustre.walk import Walk, run

_NOT_READ = words("in & lsh rsh ==>")
"""Operators of Kind 2 that are not read."""

_AFTER_NAME = words("( << { @ %")
"""What makes a name the beginning of something longer, or of a pragma."""


class ExpressionParser(CallParser):
    """Expressions from a cursor."""

    def expression(self) -> Expression:
        """One expression."""
        return run(self._above(0))

    def clock(self) -> ClockOf:
        """The clock behind ``when``: ``c``, ``not c``, ``not (c)``, ``C(c)``."""
        c = self._c
        start = c.span
        if c.accept("not"):
            closing = c.accept("(") is not None
            stream = c.name("a clock").text
            if closing:
                c.expect(")")
            return ClockOf("false", stream, c.since(start))
        first = c.advance() if c.text in ("true", "false") else c.name("a clock")
        if c.text == "(" and c.peek().kind is Kind.NAME and c.peek(2).text == ")":
            c.advance()
            stream = c.advance().text
            c.advance()
            return ClockOf(first.text, stream, c.since(start))
        return ClockOf("true", first.text, c.since(start))

    def _any(self) -> AnyOf:
        """``any@<type>``, ``any { name : type | condition }``, ``any type``."""
        c = self._c
        start = c.expect("any").span
        if c.accept("@"):
            (type_, *more) = self._types.arguments()
            if more:
                raise c.fault("one type")
            return AnyOf(type_, "", None, c.since(start))
        if c.text != "{":
            return AnyOf(self.type(), "", None, c.since(start))
        chosen = self._types.subtype(start)
        return AnyOf(chosen.base, chosen.name, chosen.condition, c.since(start))

    def _above(self, least: int) -> Walk[Expression]:
        """An expression all of whose outer operators have at least priority ``least``."""
        c, p = self._c, self._p
        start = c.span
        left: Expression = self._atom() or (yield self._prefix())
        while True:
            op = c.text
            if c.dialect is Dialect.KIND2 and op in _NOT_READ:
                raise unread(f"`{op}`", c.span)
            if c.token.kind not in (Kind.WORD, Kind.SIGN):
                return left
            if op in ("when", "whenot") and p.when >= least and not self._is_when_block():
                c.advance()
                clock = self.clock()
                if op == "whenot":
                    clock = ClockOf("false", clock.stream, clock.span)
                left = Sampled(left, clock, c.since(start))
            elif op == "[" and p.element >= least:
                left = yield self._element(left, start)
            elif op == "." and p.element >= least and c.peek().kind is Kind.NAME:
                c.advance()
                left = Field(left, c.advance().text, c.since(start))
            elif op in p.binary and p.binary[op] >= least:
                c.advance()
                level = p.binary[op]
                right: Expression = yield self._above(level if op in p.right else level + 1)
                left = Binary(op, left, right, join(left.span, right.span))
            else:
                return left

    def _is_when_block(self) -> bool:
        return self._c.dialect is Dialect.KIND2 and self._c.peek(2).text == "then"

    def _element(self, array: Expression, start: Span) -> Walk[Expression]:
        c = self._c
        c.expect("[")
        low: Expression = yield self._above(0)
        if c.accept(".."):
            high: Expression = yield self._above(0)
            step: Expression | None = None
            if c.accept("step"):
                step = yield self._above(0)
            c.expect("]")
            return Slice(array, low, high, step, c.since(start))
        if isinstance(low, Name) and c.accept(":="):
            value: Expression = yield self._above(0)
            fields = [(low.name, value)]
            while c.accept(";"):
                name = c.name("a field").text
                c.expect(":=")
                fields.append((name, (yield self._above(0))))
            c.expect("]")
            return Record("", array, tuple(fields), c.since(start))
        if c.text in (":=", ":"):
            raise unread("an update of several parts, or a slice of bits", c.span)
        c.expect("]")
        return Element(array, low, c.since(start))

    def _atom(self) -> Expression | None:
        """A name or a number by itself, which most operands are; None if something else is next, which is not read."""
        c = self._c
        token = c.token
        if token.kind is Kind.INTEGER:
            c.advance()
            return _integer(token)
        if token.kind is Kind.NAME and token.text not in self._p.prefix and c.peek().text not in _AFTER_NAME:
            c.advance()
            return Name(token.text, token.span)
        return None

    def _prefix(self) -> Walk[Expression]:
        c, p = self._c, self._p
        start, token = c.span, c.token
        text = c.text
        if (
            text in CONVERSIONS
            and token.kind is Kind.NAME
            and text in p.prefix
            and c.peek().text not in (",", ")", ";")
        ):
            c.advance()
            operand: Expression = yield self._above(p.prefix[text])
            return Conversion(text, operand, c.since(start))
        if token.kind in (Kind.WORD, Kind.SIGN) and text in p.prefix:
            c.advance()
            operand = yield self._above(p.prefix[text])
            return Unary(text, operand, c.since(start))
        if text in ("if", "with"):
            c.advance()
            condition: Expression = yield self._above(0)
            c.expect("then")
            then: Expression = yield self._above(0)
            c.expect("else")
            otherwise: Expression = yield self._above(p.otherwise)
            return Conditional(condition, then, otherwise, text == "with", c.since(start))
        found: Expression = yield self._primary(token)
        return found

    def _primary(self, token: Token) -> Walk[Expression]:
        c = self._c
        start = token.span
        match token.kind, c.text:
            case Kind.INTEGER, _:
                c.advance()
                return _integer(token)
            case Kind.REAL, text:
                c.advance()
                return Number(_real(text), True, start)
            case Kind.WORD, ("true" | "false") as text:
                c.advance()
                return Truth(text == "true", start)
            case Kind.SIGN, "(":
                found: Expression = yield self._parenthesis()
                return found
            case Kind.SIGN, "[":
                c.advance()
                if c.accept("]"):
                    raise unread("an array, a map or a set without elements", start)
                items: list[Expression] = yield self._list("]")
                return Group("array", tuple(items), c.since(start))
            case Kind.SIGN, "'" if c.peek().text == "(":
                c.advance()
                c.advance()
                parts: list[Expression] = yield self._list(")")
                return Group("one", tuple(parts), c.since(start))
            case (Kind.SIGN, "#") | (Kind.WORD, "nor"):
                c.advance()
                c.expect("(")
                items = yield self._list(")")
                return Group("#" if token.text == "#" else "nor", tuple(items), c.since(start))
            case Kind.SIGN, "::":
                c.advance()
                name = c.name("a mode").text
                while c.accept("::"):
                    name = f"{name}::{c.name('a mode').text}"
                return ModeOf(name, c.since(start))
            case Kind.SIGN, "{":
                found = yield self._record("", start)
                return found
            case Kind.WORD, "merge":
                found = yield self._merge()
                return found
            case Kind.WORD, "condact":
                found = yield self._condact()
                return found
            case Kind.WORD, "any":
                return self._any()
            case (Kind.WORD, ("forall" | "exists" | "choose" | "match" | "case" | "when" | "cond") as text):
                raise unread(f"`{text}`", start)
            case Kind.NAME, _:
                found = yield self._named()
                return found
            case _:
                raise c.fault("an expression")

    def _named(self) -> Walk[Expression]:
        """What begins with a name: a call, a record, a name."""
        c = self._c
        start = c.span
        name = c.name()
        statics: tuple[StaticArgument, ...] = ()
        if c.text == "<<":
            statics = yield self._statics()
        if c.text == "@" and c.peek().text == "<":
            c.advance()
            statics = self._types.arguments()
        if c.accept("("):
            arguments: list[Expression] = yield self._list(")")
            return CallOf(Callee(name.text, statics, name.span), tuple(arguments), c.since(start))
        if statics and not (c.dialect is Dialect.KIND2 and c.text != "("):
            raise c.fault("`(`", "after static arguments")
        if statics:
            raise unread(f"`{name.text}` with types", start)
        if c.text == "{":
            record: Expression = yield self._record(name.text, start)
            return record
        if c.text == "@":
            raise unread(f"`{name.text}` with types", start)
        return Name(name.text, name.span)

    def _record(self, name: str, start: Span) -> Walk[Expression]:
        c = self._c
        c.expect("{")
        base: Expression | None = None
        fields: list[tuple[str, Expression]] = []
        if c.peek().text == "with":
            base_name = c.name()
            base = Name(base_name.text, base_name.span)
            c.advance()
        while not c.accept("}"):
            field = c.name("a field").text
            c.expect("=")
            value: Expression = yield self._above(0)
            fields.append((field, value))
            if not c.accept(";", ","):
                c.expect("}", "after a field")
                break
        return Record(name, base, tuple(fields), c.since(start))

    def _parenthesis(self) -> Walk[Expression]:
        c = self._c
        start = c.expect("(").span
        if c.text in ("activate", "restart"):
            found: Expression = yield self._activation(start)
            return found
        items: list[Expression] = []
        while not c.accept(")"):
            items.append((yield self._above(0)))
            if len(items) == 1 and c.accept(":"):
                if c.text in CONVERSIONS and c.peek().text == ")":
                    name = c.advance()
                    c.expect(")")
                    return Conversion(name.text, items[0], c.since(start))
                type_ = self.type()
                c.expect(")")
                return Ascription(items[0], type_, c.since(start))
            if not c.accept(","):
                c.expect(")")
                break
        return items[0] if len(items) == 1 else Group("tuple", tuple(items), c.since(start))

    def _merge(self) -> Walk[Expression]:
        """``merge c (A -> e) ...``, Kind 2's ``merge(c; e; e)``, Vélus' ``merge c (A => e)`` and ``merge c e e``."""
        c = self._c
        start = c.expect("merge").span
        branches: list[tuple[str, Expression, Span]] = []
        if c.dialect is Dialect.KIND2 and c.accept("("):
            stream = c.name("a clock").text
            for constructor in ("true", "false"):
                c.expect(";")
                at = c.span
                value: Expression = yield self._above(0)
                branches.append((constructor, value, c.since(at)))
            c.expect(")")
            return MergeOf(stream, tuple(branches), c.since(start))
        stream = c.name("a clock").text
        arrow = "=>" if c.dialect is Dialect.VELUS else "->"
        if c.text != "(" or c.peek(2).text != arrow:
            for constructor in ("true", "false"):
                at = c.span
                # A name before a parenthesis is no call here: `merge c x (y when not c)`.
                name = c.advance() if c.token.kind is Kind.NAME else None
                if name is not None:
                    value = Name(name.text, name.span)
                else:
                    value = yield self._primary(c.token)
                branches.append((constructor, value, c.since(at)))
            return MergeOf(stream, tuple(branches), c.since(start))
        while c.text == "(" and c.peek(2).text == arrow:
            at = c.advance().span
            constructor = c.advance().text
            c.advance()
            value = yield self._above(0)
            c.expect(")")
            branches.append((constructor, value, c.since(at)))
        return MergeOf(stream, tuple(branches), c.since(start))


def _integer(token: Token) -> Number:
    text = token.text
    return Number(Fraction(int(text, 0) if text[:2] in ("0x", "0X") else int(text)), False, token.span)


def _real(text: str) -> Fraction:
    """The number that a literal is, exactly; the exponent behind ``p`` is one of 2."""
    if text[:2] not in ("0x", "0X"):
        return Fraction(text.rstrip(".") if text.endswith(".") else text.replace(".e", "e"))
    digits, _, exponent = text[2:].lower().partition("p")
    whole, _, fraction = digits.partition(".")
    return int(whole + fraction, 16) * Fraction(2) ** (int(exponent or "0") - 4 * len(fraction))
