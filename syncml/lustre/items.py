"""The parser of bodies: equations, assertions, properties, and Kind 2's ``if`` and ``frame`` blocks."""

from __future__ import annotations

from syncml.diagnostics.model import Span
from syncml.lustre.cursor import Cursor, unread
from syncml.lustre.expressions import ExpressionParser
from syncml.lustre.syntax import (
    Asserts,
    Branches,
    CallOf,
    Checks,
    Defines,
    Expression,
    Frame,
    Item,
    MainMark,
    Slice,
    Target,
)
from syncml.lustre.tokens import Kind

_NOT_READ = {
    "switch": "`switch`", "automaton": "an automaton", "reset": "a `reset` block", "last": "`last x = e`",
    "var": "a local block", "local": "a local block", "do": "a local block", "when": "a `when` block",
    "cond": "a `cond` block", "auto": "`auto`",
}  # fmt: skip


class ItemParser:
    """Items of a body from a cursor."""

    def __init__(self, cursor: Cursor, expressions: ExpressionParser) -> None:
        self._c = cursor
        self._expressions = expressions

    def items(self, *closing: str) -> tuple[Item, ...]:
        """Items up to one of the closing words, which is not read."""
        found: list[Item] = []
        while self._c.text not in closing:
            if self._c.token.kind is Kind.END:
                raise self._c.fault(f"`{closing[0]}`")
            found.append(self._item(closing))
        return tuple(found)

    def _item(self, closing: tuple[str, ...]) -> Item:
        c = self._c
        start = c.span
        match c.text:
            case "assert":
                c.advance()
                value = self._expressions.expression()
                self._end(closing)
                return Asserts(value, c.since(start))
            case "%MAIN":
                c.advance()
                if c.accept(":"):
                    c.advance()
                c.accept(";")
                c.accept("%END")
                return MainMark(start)
            case "%PROPERTY" | "check":
                return self._property(start)
            case "if":
                c.advance()
                return self._branches(start, "fi")
            case "frame":
                return self._frame(start)
            case text if text in _NOT_READ and c.token.kind is Kind.WORD:
                raise unread(_NOT_READ[text], start)
            case _:
                return self._equation(start, closing)

    def _property(self, start: Span) -> Checks:
        c = self._c
        c.advance()
        is_goal = c.accept("invariant") is None and c.accept("reachable") is not None
        name = c.string()
        c.accept(":")
        value = self._expressions.expression()
        provided = self._expressions.expression() if c.accept("provided") else None
        instants = self._instants() if is_goal else None
        span = c.since(start)
        c.accept(";")
        c.accept("%END")
        return Checks(name, value, span, provided, instants)

    def _instants(self) -> tuple[int, int | None]:
        """``from m``, ``within n``, both, or ``at n``."""
        c = self._c
        first, last = 0, None
        while word := c.accept("from", "within", "at"):
            if c.token.kind is not Kind.INTEGER:
                raise c.fault("a number of instants")
            number = int(c.advance().text, 0)
            first = first if word.text == "within" else number
            last = last if word.text == "from" else number
        return first, last

    def _branches(self, start: Span, closing: str) -> Branches:
        """Behind ``if``; an ``elsif`` is a block in the other branch, closed by the same ``fi``."""
        c = self._c
        arms: list[tuple[Expression, tuple[Item, ...], Span]] = []
        otherwise: tuple[Item, ...] = ()
        while True:
            condition = self._expressions.expression()
            c.expect("then")
            arms.append((condition, self.items("elsif", "else", closing), c.since(start)))
            if c.accept("elsif"):
                continue
            if c.accept("else"):
                otherwise = self.items(closing)
            c.expect(closing)
            break
        for condition, then, span in reversed(arms[1:]):
            otherwise = (Branches(condition, then, otherwise, span),)
        condition, then, _ = arms[0]
        return Branches(condition, then, otherwise, c.since(start))

    def _frame(self, start: Span) -> Frame:
        c = self._c
        c.expect("frame")
        c.expect("(")
        names = [c.name("a stream")]
        while c.accept(","):
            names.append(c.name("a stream"))
        c.expect(")")
        initial = [item for item in self.items("let") if isinstance(item, Defines)]
        c.expect("let")
        items = self.items("tel")
        c.expect("tel")
        c.accept(";")
        return Frame(tuple((n.text, n.span) for n in names), tuple(initial), items, c.since(start))

    def _equation(self, start: Span, closing: tuple[str, ...]) -> Defines:
        c = self._c
        if c.token.kind is Kind.NAME and c.peek().text == "(":
            value = self._expressions.expression()
            if not isinstance(value, CallOf):
                raise c.fault("an equation")
            self._end(closing)
            return Defines((), value, c.since(start))
        targets: list[Target] = []
        parenthesis = c.accept("(") is not None
        while not (parenthesis and c.text == ")"):
            targets.append(self._target())
            if not c.accept(","):
                break
        if parenthesis:
            c.expect(")")
        c.expect("=", "in an equation")
        value = self._expressions.expression()
        span = c.since(start)
        self._end(closing)
        return Defines(tuple(targets), value, span)

    def _target(self) -> Target:
        c = self._c
        name = c.name("a stream")
        path: list[str | Expression | Slice] = []
        while c.text in (".", "["):
            if c.accept("."):
                path.append(c.name("a field").text)
                continue
            at = c.advance().span
            low = self._expressions.expression()
            if c.accept(".."):
                high = self._expressions.expression()
                step = self._expressions.expression() if c.accept("step") else None
                path.append(Slice(low, low, high, step, c.since(at)))
            else:
                path.append(low)
            c.expect("]")
        return Target(name.text, tuple(path), c.since(name.span))

    def _end(self, closing: tuple[str, ...]) -> None:
        """The ``;`` behind an item; the last one may be without it."""
        if self._c.text not in closing:
            self._c.expect(";", "after an equation")
