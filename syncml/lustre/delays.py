"""The operators of time: `pre`, `->`, `fby`, `current`.

pre x       pre of each leaf           a -> b    where(first, a, b), and c fby x for c -> pre x
a fby b     a -> pre b                 current x    y = merge c (x) ((pre y) when not c)
"""

from __future__ import annotations

from collections.abc import Iterator

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.clocks import BASE, On
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Fby, Merge, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, EnumType, Scalar
from syncml.lustre.builder import Builder
from syncml.lustre.operations import same_type
from syncml.lustre.types import Value, plain


class Delays:
    """Operators of time in a node under construction."""

    def __init__(self, builder: Builder) -> None:
        self._b = builder

    def initial(self, first: Value, then: Value, span: Span) -> Value:
        """``first -> pre then``, leaf by leaf."""
        same_type(first.type, then.type, "both sides of `->`", span)
        atoms: list[Atom] = []
        for init, following in zip(first.atoms, then.atoms, strict=True):
            clock = self._b.clock(following, init)
            if isinstance(init, Const):
                atoms.append(self._b.emit(Fby(init, following), following.type, span, clock))
            else:
                before = self._b.emit(Fby(None, following), following.type, span, clock)
                atoms.append(self._first_then(init, before, span))
        return Value(plain(then.type), tuple(atoms))

    def before(self, value: Value, span: Span) -> Value:
        """``pre value``."""
        atoms = tuple(self._b.emit(Fby(None, a), a.type, span, self._b.clock(a)) for a in value.atoms)
        return Value(plain(value.type), atoms)

    def _first_then(self, init: Atom, then: Atom, span: Span) -> Atom:
        clock = self._b.clock(init, then)
        first = self._b.first(clock, span)
        return self._b.emit(Apply(Op.WHERE, (first, init, then)), then.type, span, clock)

    def arrow(self, first: Value, then: Value, span: Span) -> Value:
        """``first -> then``, leaf by leaf."""
        same_type(first.type, then.type, "both sides of `->`", span)
        atoms = (self._first_then(x, y, span) for x, y in zip(first.atoms, then.atoms, strict=True))
        return Value(plain(then.type), tuple(atoms))

    def current(self, value: Value, span: Span) -> Value:
        """The last value of a sampled stream, undefined before the first one."""
        return Value(plain(value.type), tuple(self._hold(atom, span) for atom in value.atoms))

    def _hold(self, atom: Atom, span: Span) -> Atom:
        clock = self._b.clock(atom)
        if isinstance(atom, Const):
            return atom
        if not isinstance(clock, On):
            raise DiagnosticError(
                error("C001", "`current` is applied to a stream that is not sampled", span,
                      help="remove `current`, or sample its operand with `when`")
            )  # fmt: skip
        held = self._b.fresh(atom.type, span, clock.parent)
        before = self._b.emit(Fby(None, held), atom.type, span, clock.parent)
        branches: list[tuple[bool | str, Atom]] = []
        for constructor in constructors(clock.condition):
            here = constructor == clock.constructor
            branches.append(
                (constructor, atom if here else self._b.sampled(before, clock.condition, constructor, span))
            )
        self._b.equate(held, Merge(clock.condition, tuple(branches)), span)
        return held


def instants(builder: Builder, first: int, last: int | None, span: Span) -> Iterator[Atom]:
    """Conditions that say together that the present instant is one of those from ``first`` to ``last``."""
    top = max(first, last or 0) + 1
    now, after = builder.fresh(Scalar.INT, span, BASE), builder.fresh(Scalar.INT, span, BASE)
    one, most = Const(1, Scalar.INT), Const(top, Scalar.INT)
    # The counter stays where no bound tells the instants apart any more.
    capped = builder.emit(Apply(Op.MIN, (after, most)), Scalar.INT, span, BASE)
    builder.equate(now, Fby(Const(0, Scalar.INT), capped), span)
    builder.equate(after, Apply(Op.ADD, (now, one)), span)
    if first:
        yield builder.emit(Apply(Op.GE, (now, Const(first, Scalar.INT))), BOOL, span, BASE)
    if last is not None:
        yield builder.emit(Apply(Op.LE, (now, Const(last, Scalar.INT))), BOOL, span, BASE)


def constructors(condition: Var) -> tuple[bool | str, ...]:
    """What a condition may equal."""
    return condition.type.constructors if isinstance(condition.type, EnumType) else (True, False)
