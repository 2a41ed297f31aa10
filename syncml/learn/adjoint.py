"""Reverse differentiation of clocked equations: the adjoint of each stream is a stream on the same clock.

Rule: the adjoint ``x'`` is the sum of what comes back from each equation that reads ``x``, in the order of the
equations (``y'`` is the adjoint of what is defined, ``s`` the segment around the node):

    y = op(.., x, ..)            x' += D_x op (..)^T y'
    y = c fby x every r          x' += (where(y took c, 0, y')) post 0 in s
    y = x post i in s            x' += 0 fby y' every first(s);   i' += where(y took i, y', 0)
    y = x when C(b)              x' += merge b (C -> y') (else -> 0)
    y = merge b (C -> x) ..      x' += y' when C(b)
    y = x pack in s              x' += the element of y' at the position of x in the segment; where the pack is that of
                                 the segment before, of y' at the next end, (where(y took 0, 0, y')) post 0
    (y, ..) = f(x, ..)           (x', ..) += f_adjoint(y', .., x, ..), where f declares its derivative
    y_k = x[a_k : b_k], apart    x' += the y_k' side by side
    y = x, an output             x' += the change of the objective with y

The dual of a delay is a look ahead, and the other way round ("Bidirectional Reactive Programming for Machine
Learning", arXiv 2311.16977), so the result is a program of the same language, which is checked as any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import Clock
from syncml.ir.constants import Const, zero
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Fby, Merge, Node, Pack, Post, Segment, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, I32, EnumType, element, shape
from syncml.learn.activity import active, passages
from syncml.learn.elementwise import CHOICES, FACTORS, chosen, factor
from syncml.learn.here import Here, number
from syncml.learn.rules import Rule, applied
from syncml.learn.slices import joined, parts_of
from syncml.learn.structure import is_fractional, transposed


def adjoint(
    node: Node,
    wrt: Sequence[Var],
    changes: Mapping[Var, Atom],
    segment: Segment | None,
    rules: Mapping[str, Rule],
) -> tuple[Node, tuple[Atom, ...]]:
    """The flat ``node`` with the adjoint of each stream on the way from ``wrt`` to the outputs.

    Args:
        node: Clocked equations without buffers, and without calls but of ``rules``; its outputs are its own.
        wrt: Inputs.
        changes: The change of the objective with each output that it depends on, on the clock of that output.
        segment: The segment around the node, whose borders are inputs of it; None if there is none.
        rules: The derivatives of the nodes that are called.

    Returns:
        The node with more equations, and the adjoint of each of ``wrt``; a constant 0 where nothing depends on it.
    """
    return _Adjoint(node, wrt, changes, segment, rules).run()


class _Adjoint:
    def __init__(
        self,
        node: Node,
        wrt: Sequence[Var],
        changes: Mapping[Var, Atom],
        segment: Segment | None,
        rules: Mapping[str, Rule],
    ) -> None:
        self._node = node
        self._rules = rules
        self._wrt = wrt
        self._segment = segment
        self._active = active(node, wrt, changes)
        names = (v.name for v in (*node.inputs, *node.clocks))
        self._make = Growth(names, node.span)
        self._adjoints = {
            var: self._make.fresh(f"d_{var.name}", var.type, node.clocks[var], var.span)
            for var in (*node.inputs, *(t for e in node.equations for t in e.targets))
            if var in self._active
        }
        self._terms: dict[Var, list[Atom]] = {var: [] for var in self._adjoints}
        self._parts = parts_of(node.equations, self._adjoints)
        for var, change in changes.items():
            if var in self._terms:
                self._terms[var].append(self._shaped(var, change))
        self._taken: dict[tuple[Var, ...], Var] = {}
        self._positions: dict[Segment, Var] = {}

    def run(self) -> tuple[Node, tuple[Atom, ...]]:
        for equation in self._node.equations:
            if isinstance(equation.rhs, Call):
                self._called(equation, equation.rhs)
            elif equation.targets and all(t in self._adjoints for t in equation.targets):
                self._reverse(equation)
        for var, target in self._adjoints.items():
            here = Here(self._make, var.span, self._node.clocks[var], f"{target.name}_sum")
            value = here.total(self._terms[var]) if self._terms[var] else zero(var.type)
            self._make.equate(target, Apply(Op.COPY, (value,)))
        node = replace(
            self._node,
            equations=(*self._node.equations, *self._make.equations),
            clocks=MappingProxyType({**self._node.clocks, **self._make.clocks}),
        )
        return node, tuple(map(self._adjoint, self._wrt))

    def _shaped(self, var: Var, change: Atom) -> Atom:
        here = Here(self._make, var.span, self._node.clocks[var], f"d_{var.name}_from")
        return here.spread(change, shape(var.type))

    def _reverse(self, equation: Equation) -> None:
        """Add what comes back from one equation to the adjoints of what it reads."""
        y, rhs = equation.target, equation.rhs
        change = self._adjoints[y]
        clock = self._node.clocks[y]
        sources = {v for v in passages(equation) if v in self._adjoints}
        here = Here(self._make, equation.span, clock, f"d_{y.name}_back")
        match rhs:
            case Apply(op=Op.SLICE, arguments=(Var() as source, *_)) if (
                source in self._parts and y in self._parts[source]
            ):
                # What comes back from all parts of an array is one array, added where the first of them is.
                if y == self._parts[source].first:
                    self._terms[source].append(joined(here, source, self._parts[source], self._adjoints))
            case Apply():
                for position, source in enumerate(rhs.arguments):
                    if isinstance(source, Var) and source in sources:
                        self._terms[source].append(_returned(here, rhs, y, position, change))
            case Fby(following=Var() as source):
                self._terms[source].append(self._delayed(here, rhs, y, change))
            case Post():
                self._advanced(here, rhs, change, sources)
            case When(source=Var() as source):
                self._terms[source].append(self._sampled(equation, rhs, source, change))
            case Merge():
                for constructor, source in rhs.branches:
                    if isinstance(source, Var) and source in sources:
                        part = Here(self._make, equation.span, self._node.clocks[source], f"d_{source.name}_back")
                        self._terms[source].append(part.define(y.type, When(change, rhs.condition, constructor)))
            case Pack(source=Var() as source):
                self._terms[source].append(self._unpacked(equation, rhs, source, change))
            case _:
                raise InternalFault(f"{y.name} has no adjoint")

    def _called(self, equation: Equation, call: Call) -> None:
        """What comes back through an instance whose node declares its derivative."""
        sources = [a for a in call.arguments if is_fractional(a)]
        if any(t in self._adjoints for t in equation.targets) and any(s in self._adjoints for s in sources):
            found = applied(self._make, equation, self._rules[call.node].adjoint, self._adjoint, forward=False)
            for source, returned in zip(sources, found, strict=True):
                if isinstance(source, Var) and source in self._adjoints:
                    self._terms[source].append(returned)

    def _adjoint(self, atom: Atom) -> Atom:
        return self._adjoints.get(atom, zero(atom.type)) if isinstance(atom, Var) else zero(atom.type)

    def _delayed(self, here: Here, rhs: Fby, y: Var, change: Atom) -> Atom:
        """The change at the next instant, unless the memory was put back there."""
        return self._behind(here, y, rhs.resets, change)

    def _behind(self, here: Here, y: Var, resets: tuple[Var, ...], change: Atom) -> Atom:
        """What comes back through a delay with these resets, of which ``y`` is the result."""
        if resets:
            change = here.apply(Op.WHERE, self._took_first(y, resets), number(0.0, element(y.type)), change)
        return here.define(y.type, Post(change, zero(y.type), self._around(y)))

    def _around(self, var: Var) -> Segment:
        if self._segment is None:
            raise InternalFault(f"the adjoint of {var.name} goes back outside of a segment")
        return self._segment

    def _took_first(self, y: Var, resets: tuple[Var, ...]) -> Var:
        """Whether a delay has its first value: a memory beside it with the same resets says so."""
        clock = self._node.clocks[y]
        key = (y, *resets)
        if key not in self._taken:
            fresh = self._make.fresh(f"{y.name}_is_first", BOOL, clock, y.span)
            self._taken[key] = self._make.equate(fresh, Fby(Const(True, BOOL), Const(False, BOOL), resets))
        return self._taken[key]

    def _advanced(self, here: Here, rhs: Post, change: Atom, sources: set[Var]) -> None:
        """The change of the instant before, but at the first instant; that of the last one goes to the end's value."""
        kind = element(change.type)
        if isinstance(rhs.following, Var) and rhs.following in sources:
            cut = (rhs.segment.first,)
            self._terms[rhs.following].append(here.define(change.type, Fby(zero(change.type), change, cut)))
        if isinstance(rhs.init, Var) and rhs.init in sources:
            # Where there is no next instant: the end of the segment, on a clock that may be slower.
            at_end = here.define(BOOL, Post(Const(False, BOOL), Const(True, BOOL), rhs.segment))
            self._terms[rhs.init].append(here.apply(Op.WHERE, at_end, change, number(0.0, kind)))

    def _sampled(self, equation: Equation, rhs: When, source: Var, change: Atom) -> Atom:
        """The change where the stream was taken, 0 elsewhere."""
        kind = rhs.condition.type
        constructors = kind.constructors if isinstance(kind, EnumType) else (True, False)
        nothing = zero(source.type)
        branches = tuple((c, change if c == rhs.constructor else nothing) for c in constructors)
        here = Here(self._make, equation.span, self._node.clocks[source], f"d_{source.name}_back")
        return here.define(source.type, Merge(rhs.condition, branches))

    def _unpacked(self, equation: Equation, rhs: Pack, source: Var, change: Atom) -> Atom:
        """The change is known at the last instant; it is carried back to the first, and each instant takes its part."""
        make, last, span = self._make, rhs.segment.last, equation.span
        if rhs.is_late:
            # A delay on the clock of the ends: the next of them within the segment around knows.
            here = Here(make, span, self._node.clocks[equation.target], f"d_{source.name}_later")
            change = self._behind(here, equation.target, rhs.resets, change)
        fast = self._node.clocks[last]
        packed = make.fresh(f"d_{source.name}_packed", change.type, fast, span)
        at_end = Here(make, span, fast, f"{packed.name}_at_end").define(
            change.type, Merge(last, ((True, change), (False, zero(change.type))))
        )
        inside = Here(make, span, fast, f"{packed.name}_ahead")
        # Segments lie within the one around; the choice cuts where they end.
        ahead = inside.define(change.type, Post(packed, zero(change.type), self._around(source)))
        make.equate(packed, Apply(Op.WHERE, (last, at_end, ahead)))
        return inside.apply(Op.AT, packed, self._position(rhs.segment, fast))

    def _position(self, segment: Segment, clock: Clock) -> Var:
        """The position in a segment, from 0."""
        if segment not in self._positions:
            make, span = self._make, segment.first.span
            position = make.fresh("position", I32, clock, span)
            here = Here(make, span, clock, "position_next")
            following = here.apply(Op.ADD, position, Const(1, I32))
            wrapped = here.apply(
                Op.WHERE, here.apply(Op.GE, position, Const(segment.longest - 1, I32)), Const(0, I32), following
            )
            make.equate(position, Fby(Const(0, I32), wrapped, (segment.first,)))
            self._positions[segment] = position
        return self._positions[segment]


def _returned(here: Here, rhs: Apply, y: Var, position: int, change: Atom) -> Atom:
    """What comes back from ``y = op(a, ..)`` for the argument at ``position``."""
    if rhs.op in FACTORS:
        found = here.product(factor(here, rhs, y, position), change)
    elif rhs.op in CHOICES:
        found = chosen(here, rhs, position, change)
    else:
        return transposed(here, rhs, y, position, change)
    return here.gathered(found, shape(rhs.arguments[position].type))
