"""Temporal forms: statements about the past, and claims about what comes, as monitors in the language.

Rule: each form is a first-order recurrence on the clock of its operands, so it runs in every engine; a reset puts its
memory back. With p, q Boolean and n instants (a time divided by the period of that clock):

    once(p)              o  = p or (false fby o)
    historically(p)      h  = p and (true fby h)
    since(p, q)          s  = q or (p and (false fby s))
    once(p, n)           c <= n,  c = if p then 0 else m,                     c before the start: n + 1
    historically(p, n)   c >  n,  c = if p then m else 0,                     c before the start: n + 1
    since(p, q, n)       c <= n,  c = if q then 0 else if p then m else n + 1,  c before the start: n + 1
    leads_to(p, q, n)    w <= n,  w = if q then 0 else if p or v > 0 then m else 0,  v = 0 fby w
    rose(p)              p and not (true fby p)
    fell(p)              not p and (false fby p)
    changed(x)           false -> x <> pre x

where m = min(the count before, n) + 1: counters saturate at n + 1, in the narrowest unsigned type, so that they never
overflow.
A *claim* speaks of the future, which no stream can: ``always(p)`` from an instant on, ``within(q, n)`` at one of the
instants up to n later. It is the argument of a clause, or follows from a stream by `implies`:

    implies(p, always(q))       not once(p) or q
    implies(p, within(q, n))    leads_to(p, q, n)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Fby, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, Scalar, Type, integer_range, shape, size
from syncml.lang import presence as presences
from syncml.lang.operations import Misplaced, apply_at, atom_of, shared_presence, value_of
from syncml.lang.presence import ON_BASE, Presence, Unknown
from syncml.lang.rates import Duration
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import POISON, Trace, Value, fault, trace_at
from syncml.lang.types import type_text

X = TypeVar("X")
Bound = Duration | int
"""A time, or a number of instants of the clock of what is bounded."""

_LONGEST = 2**32 - 2


class Claim(Misplaced):
    """A claim about the future; `always` and `within` make it, a clause or `implies` takes it."""

    __slots__ = ("_after", "text")

    def __init__(self, text: str, after: Callable[[Place, object], Value]) -> None:
        self.text = text
        self._after = after

    def after(self, place: Place, p: object) -> Value:
        """The monitor of: at each instant at which ``p`` is true, the claim is."""
        return self._after(place, p)

    def misplaced(self, place: Place) -> Value:
        """V011."""
        return fault(
            "V011",
            f"`{self.text}` speaks of the future, and here a value is needed now",
            place.span,
            help="write it as the whole argument of a clause, or as the second one of implies(p, ...)",
        )

    def _misused(self, *_: object) -> Stream[Any]:
        return stream(self.misplaced(here()))

    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __invert__ = _misused

    def __bool__(self) -> bool:
        self._misused()
        return True


def once(p: Stream[bool] | bool, within: Bound | None = None) -> Stream[bool]:
    """Whether ``p`` was true at some instant up to now, or up to ``within`` ago."""
    m = _Monitor("once", p, bound=within)
    return m.recurrence(lambda o: m.op(Op.OR, m[0], o), False) if within is None else m.recent(m[0], None)


def historically(p: Stream[bool] | bool, within: Bound | None = None) -> Stream[bool]:
    """Whether ``p`` was true at every instant up to now, or at those up to ``within`` ago."""
    m = _Monitor("historically", p, bound=within)
    return m.recurrence(lambda h: m.op(Op.AND, m[0], h), True) if within is None else m.lasting(m[0])


def since(p: Stream[bool] | bool, q: Stream[bool] | bool, within: Bound | None = None) -> Stream[bool]:
    """Whether ``q`` was true at some instant, up to ``within`` ago, and ``p`` at every one after it."""
    m = _Monitor("since", p, q, bound=within)
    if within is not None:
        return m.recent(m[1], m[0])
    return m.recurrence(lambda s: m.op(Op.OR, m[1], m.op(Op.AND, m[0], s)), False)


def leads_to(p: Stream[bool] | bool, q: Stream[bool] | bool, within: Bound) -> Stream[bool]:
    """Whether no instant of ``p`` has waited for ``q`` for longer than ``within``.

    It is false from the instant at which a time is up, which is the first one at which the fault can be known, until
    ``q`` is true.
    """
    return stream(_response(here(), p, q, within, "leads_to"))


def always(p: Stream[bool] | bool) -> Claim:
    """The claim that ``p`` is true from now on."""

    def after(place: Place, antecedent: object) -> Value:
        if antecedent is True:
            return _Monitor("always", p, place=place)[0]
        m = _Monitor("always", antecedent, p, place=place)
        begun = m.recurrence(lambda o: m.op(Op.OR, m[0], o), False, m.inside).ir
        return apply_at(place, m.trace, Op.OR, [m.op(Op.NOT, begun), m[1]], role="always")

    return Claim("always", after)


def within(q: Stream[bool] | bool, bound: Bound) -> Claim:
    """The claim that ``q`` is true at some instant from now up to ``bound`` later."""
    return Claim("within", lambda place, p: _response(place, p, q, bound, "within"))


def implies(p: Stream[bool] | bool, q: Stream[bool] | bool | Claim) -> Stream[bool]:
    """Whether ``q`` is true where ``p`` is; of a claim, whether it is not refuted yet."""
    return stream(implies_at(here(), p, q))


def implies_at(place: Place, p: object, q: object, what: str = "implies") -> Value:
    """`implies`, at a place."""
    if isinstance(q, Claim):
        return q.after(place, p)
    m = _Monitor(what, p, q, place=place)
    return apply_at(place, m.trace, Op.OR, [m.op(Op.NOT, m[0]), m[1]], role=what)


def rose(p: Stream[bool]) -> Stream[bool]:
    """Whether ``p`` is true and was not at the instant before; false at the first."""
    m = _Monitor("rose", p)
    return m.result(Op.AND, m[0], m.op(Op.NOT, m.before(m[0], True)))


def fell(p: Stream[bool]) -> Stream[bool]:
    """Whether ``p`` is false and was true at the instant before; false at the first."""
    m = _Monitor("fell", p)
    return m.result(Op.AND, m.op(Op.NOT, m[0]), m.before(m[0], False))


@overload
def changed(x: Stream[bool]) -> Stream[bool]: ...
@overload
def changed(x: Stream[X]) -> Stream[bool]: ...
def changed(x: Any) -> Any:
    """Whether ``x`` is not what it was at the instant before, in any of its elements; false at the first."""
    place = here()
    trace = trace_at(place, "`changed`")
    value, inside = value_of(x, place), inner(place)
    if value.atom is None:
        return stream(POISON)
    old = trace.define(Fby(None, value.atom), value.type, inside, "before", value.presence)
    differs = apply_at(inside, trace, Op.NE, [value, old])
    if extents := shape(differs.type):
        flat = apply_at(inside, trace, Op.RESHAPE, [differs], (size(differs.type),)) if len(extents) > 1 else differs
        differs = apply_at(inside, trace, Op.ANY, [flat], (0,))
    later = trace.define(Fby(Const(False, BOOL), Const(True, BOOL)), BOOL, inside, "later", value.presence)
    return stream(apply_at(place, trace, Op.WHERE, [later, differs, Value(Const(False, BOOL))], role="changed"))


def truth(value: Value, what: str, place: Place) -> Value:
    """``value``, if it is Boolean; poison, and a report, if it is not."""
    if value.atom is None or value.type == BOOL:
        return value
    help_ = "write x.all() or x.any()" if shape(value.type) else "compare it with something"
    message = f"`{what}` of a stream of {type_text(value.type)}, not bool"
    return fault("T006", message, place.span, secondary=value.label(), help=help_)


def _response(place: Place, p: object, q: object, bound: Bound, what: str) -> Value:
    m = _Monitor(what, p, q, place=place, bound=bound)
    return m.waiting(m[0], m[1]).ir


class _Monitor:
    """The equations of one form; its last one takes the name that the user gives."""

    def __init__(self, what: str, *operands: object, place: Place | None = None, bound: Bound | None = None) -> None:
        self._place = place or here()
        self.inside = inner(self._place)
        self.trace: Trace = trace_at(self._place, f"`{what}`")
        self._what = what
        self._operands = [truth(value_of(each, self._place), what, self._place) for each in operands]
        good = all(value.atom is not None for value in self._operands)
        self._presence: Presence | None = shared_presence(self._operands, self._place) if good else None
        self._n = 0 if bound is None or not good else self._instants(bound)
        self._poisoned = not good or self._n is None

    def __getitem__(self, index: int) -> Value:
        return self._operands[index]

    def op(self, op: Op, *arguments: Value) -> Value:
        """A part of the form."""
        return apply_at(self.inside, self.trace, op, arguments)

    def result(self, op: Op, *arguments: Value) -> Stream[bool]:
        """The form itself."""
        return stream(apply_at(self._place, self.trace, op, arguments, role=self._what))

    def before(self, value: Value, start: bool) -> Value:
        """``start fby value``."""
        if value.atom is None:
            return POISON
        return self.trace.define(Fby(Const(start, BOOL), value.atom), BOOL, self.inside, "before", self._presence)

    def recurrence(self, step: Callable[[Value], Value], start: bool, place: Place | None = None) -> Stream[bool]:
        """``x = step(start fby x)``."""
        if self._poisoned:
            return stream(POISON)
        place = place or self._place
        target = self.trace.variable(BOOL, place, self._what)
        now = step(self.before(Value(target, self._presence, self.trace), start))
        return stream(self._equate(target, Apply(Op.COPY, (atom_of(now),)), place))

    def recent(self, event: Value, kept: Value | None) -> Stream[bool]:
        """Whether ``event`` was at most n instants ago, and ``kept`` at each instant after it."""
        never = self._n + 1 if self._n is not None else 0

        def count(_: Value, more: Value, number: Callable[[int], Value]) -> Value:
            grown = more if kept is None else self.op(Op.WHERE, kept, more, number(never))
            return self.op(Op.WHERE, event, number(0), grown)

        return self._counted(never, count, Op.LE)

    def lasting(self, p: Value) -> Stream[bool]:
        """Whether ``p`` was at each of the last n + 1 instants, as far as there were so many."""
        start = self._n + 1 if self._n is not None else 0
        return self._counted(start, lambda _, more, number: self.op(Op.WHERE, p, more, number(0)), Op.GT)

    def waiting(self, p: Value, q: Value) -> Stream[bool]:
        """Whether no instant of ``p`` is more than n instants old without ``q`` since."""

        def count(old: Value, more: Value, number: Callable[[int], Value]) -> Value:
            waits = more
            if not isinstance(p.atom, Const) or p.atom.value is not True:
                waits = self.op(Op.WHERE, self.op(Op.OR, p, self.op(Op.GT, old, number(0))), more, number(0))
            return self.op(Op.WHERE, q, number(0), waits)

        return self._counted(0, count, Op.LE)

    def _counted(
        self, start: int, step: Callable[[Value, Value, Callable[[int], Value]], Value], relation: Op
    ) -> Stream[bool]:
        """``c relation n`` with ``c = step(v, min(v, n) + 1)`` and ``v = start fby c``."""
        if self._poisoned or self._n is None:
            return stream(POISON)
        type_ = next(t for t in (Scalar.U8, Scalar.U16, Scalar.U32) if self._n < integer_range(t)[1])

        def number(value: int) -> Value:
            return Value(Const(value, type_))

        count = self.trace.variable(type_, self.inside, "count")
        old = self._define(Fby(Const(start, type_), count), type_, "before")
        least = self._define(Apply(Op.MIN, (atom_of(old), Const(self._n, type_))), type_, "capped")
        more = self._define(Apply(Op.ADD, (atom_of(least), Const(1, type_))), type_, "more")
        self._equate(count, Apply(Op.COPY, (atom_of(step(old, more, number)),)), self.inside)
        return self.result(relation, Value(count, self._presence, self.trace), number(self._n))

    def _define(self, rhs: Apply | Fby, type_: Type, role: str) -> Value:
        return self.trace.define(rhs, type_, self.inside, role, self._presence)

    def _equate(self, target: Var, rhs: Apply, place: Place) -> Value:
        return self.trace.equate(target, rhs, place.span, self._presence)

    def _instants(self, bound: object) -> int | None:
        """The number of instants of the operands' clock; None, and a report, if there is no such number."""
        if isinstance(bound, int) and not isinstance(bound, bool):
            return self._fitting(bound, str(bound))
        if not isinstance(bound, Duration):
            fault("C014", f"the bound of `{self._what}` is `{bound!r}`", self._place.span,
                  help="give a time, such as ms(300), or a number of instants")  # fmt: skip
            return None
        if self.trace.rate is None:
            fault("C004", f"a bound of {bound} needs a node with a rate", self._place.span, "the node has none",
                  help="write @node(rate=Hz(...)) above the function, or count instants")  # fmt: skip
            return None
        known = ON_BASE if self._presence is None else presences.commit(self._presence, self._place.span)
        own = self.trace.rate if isinstance(known, Unknown) else presences.rate(known, self.trace.rate)
        if own is None:
            fault("C004", f"`{self._what}` is of streams that do not tick evenly, so {bound} is no number of instants",
                  self._place.span, secondary=_labels(self._operands),
                  help="hold them first, or count instants")  # fmt: skip
            return None
        ticks = bound.seconds * own
        if ticks.denominator != 1:
            period = Duration(1 / own)
            fault("C014", f"{bound} is no whole number of periods of {period}", self._place.span,
                  f"this ticks each {period}", help=f"take {Duration(int(ticks) / own)} or "
                  f"{Duration((int(ticks) + 1) / own)}")  # fmt: skip
            return None
        return self._fitting(int(ticks), str(bound))

    def _fitting(self, ticks: int, shown: str) -> int | None:
        if 0 <= ticks < _LONGEST:
            return ticks
        fault("C014", f"a bound of {shown} is {ticks} instants", self._place.span,
              help=f"it is at least 0 and less than {_LONGEST}")  # fmt: skip
        return None


def _labels(values: Sequence[Value]) -> list[Any]:
    return [label for value in values for label in value.label()]


__all__ = [
    "Claim", "always", "changed", "fell", "historically", "implies", "leads_to", "once", "rose", "since", "within",
]  # fmt: skip
