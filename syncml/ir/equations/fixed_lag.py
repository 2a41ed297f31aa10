"""The schedule *fixed lag*: what looks ahead is cut after K instants, and comes K instants later.

Rule: a stream ahead has at instant n the value that it would have if its segment ended at instant min(n + K, last): a
look ahead has its init there. So at instant m the value at m - K is known, from the last K + 1 instants: a window of
each stream that is read, and one step of the backward sweep for each of them, the flag ``last`` being true at m. No
instant does more, and nothing depends on the length of the segment. A value leaves by a chain of K delays that are not
cut (`Segments.late`), in whose place the sweep stands.

How far that is from the value in the whole segment is bounded by `contraction`; without a bound it is refused.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.clocks import Clock
from syncml.ir.constants import Array, Const, zero
from syncml.ir.equations.backward import Direction, Sweeps, Trouble, backward_of
from syncml.ir.equations.contraction import NoBoundError, contraction
from syncml.ir.equations.exits import exits_of
from syncml.ir.equations.growth import Growth, fresh_name
from syncml.ir.equations.sweep_body import BodyBuilder
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Iterate, Node, Post, Schedule, Segment, Var, atoms
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, I32, element, shape, tensor
from syncml.lazy import numpy as np


@dataclass(frozen=True, slots=True)
class Lagging:
    """A segment with a fixed lag, the streams of the user that looked ahead, and the bound on the error."""

    segment: Segment
    streams: tuple[Var, ...]
    error: Fraction


def cut_short(node: Node, taken: set[str]) -> tuple[Node, list[Node], list[Lagging]]:
    """A causal ``node`` without the look aheads of its segments with a fixed lag, and the nodes that it calls.

    Raises:
        DiagnosticError: K015, a segment does not fit; K016, a value leaves sooner; K019, no error is known.
    """
    bodies: list[Node] = []
    done: list[Lagging] = []
    segments = dict.fromkeys(e.rhs.segment for e in node.equations if isinstance(e.rhs, Post))
    for segment in segments:
        if segment.schedule is Schedule.FIXED_LAG:
            sweeps = next(s for s in backward_of(node).sweeps if s.segment == segment)
            cut = _Cut(node, sweeps, taken)
            node = cut.node()
            bodies += cut.bodies
            done.append(Lagging(segment, tuple(v for v in sweeps.number if v.user), cut.error))
    return node, bodies, done


def _misfit(equation: Equation, what: str, help_: str) -> DiagnosticError:
    return DiagnosticError(
        error("K015", f"the schedule 'fixed lag' does not fit this segment: {what}", equation.span, help=help_)
    )


class _Cut:
    """The rewriting of one segment of a node."""

    def __init__(self, node: Node, sweeps: Sweeps, taken: set[str]) -> None:
        self._node = node
        self._sweeps = sweeps
        self._segment = sweeps.segment
        self._taken = taken
        self._tick: Clock = node.clocks[sweeps.segment.last]
        self._definitions = {t: e for e in node.equations for t in e.targets}
        self._growth = Growth((v.name for v in node.clocks), node.span)
        self._age: dict[tuple[Var, ...], Var] = {}
        self.bodies: list[Node] = []
        self.error = Fraction(0)

    def node(self) -> Node:
        """The node without the look aheads; `bodies` are the nodes that it calls, and `error` is the bound."""
        self._refuse()
        chains = self._chains()
        dropped = set(self._sweeps.number)
        replaced: dict[Var, Equation] = {}
        sources = list(dict.fromkeys(source for source, _ in chains))
        self.error = self._bound(sources)
        resets = {r for _, chain in chains for r in self._delay(chain[0]).resets}
        values = self._swept(tuple(sources), tuple(sorted(resets, key=lambda v: v.name))) if sources else []
        value_of = dict(zip(sources, values, strict=True))
        for source, chain in chains:
            first = self._delay(chain[0])
            assert first.init is not None
            started = self._started(first.resets)
            rhs = Apply(Op.WHERE, (started, value_of[source], first.init))
            replaced[chain[-1]] = replace(self._definitions[chain[-1]], rhs=rhs)
            dropped.update(chain[:-1])
        equations = [
            replaced.get(e.targets[0], e) if e.targets else e
            for e in self._node.equations
            if not e.targets or not dropped.issuperset(e.targets)
        ]
        clocks = {v: c for v, c in self._node.clocks.items() if v not in dropped} | self._growth.clocks
        return replace(self._node, equations=(*self._growth.equations, *equations), clocks=clocks)

    # What is refused.

    def _refuse(self) -> None:
        """Check that one backward sweep on the clock of the segment computes everything.

        Raises:
            DiagnosticError: K015.
        """
        sweeps, segment = self._sweeps, self._segment
        whole = "use the schedule 'burst'"
        for var in sweeps.number:
            equation = self._definitions[var]
            if sweeps.directions != (Direction.BACKWARD,) or isinstance(equation.rhs, Fby):
                raise _misfit(equation, "it has other sweeps than one backwards", whole)
            if self._node.clocks[var] != self._tick:
                raise _misfit(equation, f"`{var.name}` is on a slower clock", whole)
            borders = () if isinstance(equation.rhs, Post) else atoms(equation.rhs)
            if segment.first in borders or segment.last in borders:
                raise _misfit(equation, f"`{var.name}` depends on where the segment ends", whole)
        for equation in exits_of(self._node, segment, sweeps.number).all:
            if any(atom in sweeps.number for atom in atoms(equation.rhs)):
                what = f"`{equation.target.name}` is taken at the end of the segment"
                raise _misfit(equation, what, "take it with the lag: `seg.late(x)`; or " + whole)

    def _bound(self, sources: list[Var]) -> Fraction:
        try:
            found = contraction(self._definitions, self._sweeps.number, sources, self._segment.lag)
        except NoBoundError as fault:
            equation = self._definitions.get(fault.var)
            span = fault.var.span if equation is None else equation.span
            message = f"what is cut after {self._segment.lag} instants has no known bound: {fault.what}"
            help_ = (
                "multiply what comes later by constants less than 1, and bound what is added: "
                "`minimum(maximum(x, -1.0), 1.0)`; or use the schedule 'burst'"
            )
            raise DiagnosticError(error("K019", message, span, help=help_)) from None
        return found.error

    # What leaves the segment.

    def _delay(self, var: Var) -> Fby:
        rhs = self._definitions[var].rhs
        assert isinstance(rhs, Fby)
        return rhs

    def _chains(self) -> list[tuple[Var, tuple[Var, ...]]]:
        """The streams that leave, each with the delays that it goes through.

        Raises:
            DiagnosticError: K016, there are fewer delays than the lag is long, or one of them is read.
        """
        readers: dict[Atom, list[Equation]] = {}
        for equation in self._node.equations:
            for atom in atoms(equation.rhs):
                readers.setdefault(atom, []).append(equation)
        shown = {*self._node.outputs, *(p.holds for p in self._node.properties)}
        found: list[tuple[Var, tuple[Var, ...]]] = []
        for fault in backward_of(self._node).faults:
            if fault.trouble is not Trouble.UNCUT or fault.streams[1] not in self._sweeps.number:
                continue
            register, source = fault.streams
            chain = [register]
            while len(chain) < self._segment.lag:
                first, following = self._delay(chain[0]), readers.get(chain[-1], [])
                rhs = following[0].rhs if len(following) == 1 else None
                if not isinstance(rhs, Fby) or (rhs.init, rhs.resets) != (first.init, first.resets):
                    break
                if chain[-1] in shown or chain[-1] in rhs.resets:
                    break
                chain.append(following[0].target)
            if len(chain) < self._segment.lag:
                name = f"`{source.name}`" if source.user else "a value that needs the future"
                message = f"{name} is remembered outside of its segment before it is known"
                raise DiagnosticError(
                    error(
                        "K016",
                        message,
                        self._definitions[register].span,
                        help=f"it is known {self._segment.lag} instants later: `seg.late(x)`",
                    )
                )
            found.append((source, tuple(chain)))
        return found

    def _started(self, resets: tuple[Var, ...]) -> Var:
        """Whether as many instants as the lag were before this one."""
        if resets not in self._age:
            growth, tick, lag = self._growth, self._tick, Const(self._segment.lag, I32)
            age = growth.fresh("age", I32, tick)
            older = growth.apply("older", tick, Op.ADD, age, Const(1, I32))
            growth.equate(age, Fby(Const(0, I32), growth.apply("age_next", tick, Op.MIN, older, lag), resets))
            self._age[resets] = growth.apply("started", tick, Op.GE, age, lag)
        return self._age[resets]

    # The sweep over the window.

    def _swept(self, sources: tuple[Var, ...], resets: tuple[Var, ...]) -> list[Var]:
        """The values of the streams at the oldest instant of the window."""
        growth, tick, extent = self._growth, self._tick, self._segment.lag + 1
        name = fresh_name(f"{self._node.name}_lag", self._taken)
        body = BodyBuilder(self._node, self._sweeps, 0, (), sources, (), None).body(name)
        self.bodies.append(body.node)
        oldest = np.zeros(extent, np.bool_)
        oldest[0] = True
        arguments: list[Atom] = [*body.starts]
        for key in body.given:
            assert isinstance(key, Var)
            if key is self._segment.first:
                arguments.append(Const(Array.of(oldest, BOOL), BOOL))
            else:
                value = growth.everywhere(key, self._node.clocks[key], tick)
                arguments.append(self._window(key, value, resets))
        carried = len(body.starts)
        rhs = Iterate(name, tuple(arguments), f"{name}_at", extent, carried, reversed=True)
        results = [growth.fresh(f"{v.name}_end", v.type, tick, v.span) for v in body.node.outputs]
        growth.equations.append(Equation(tuple(results), rhs, growth.span, tick))
        return [results[position] for _, position in body.finals]

    def _window(self, key: Var, value: Var, resets: tuple[Var, ...]) -> Var:
        """The values at the last instants, the oldest first; the newest one of ``last`` is true."""
        growth, tick, lag = self._growth, self._tick, self._segment.lag
        type_ = tensor(element(value.type), (lag, *shape(value.type)))
        before = growth.fresh(f"{key.name}_window", type_, tick, key.span)
        newest = growth.apply(f"{key.name}_newest", tick, Op.STACK, value)
        whole = growth.apply(f"{key.name}_seen", tick, Op.CONCAT, before, newest, attribute=(0,))
        growth.equate(
            before,
            Fby(zero(type_), growth.apply(f"{key.name}_kept", tick, Op.SLICE, whole, attribute=(0, 1, lag, 1)), resets),
        )
        if key is not self._segment.last:
            return whole
        ends = Const(Array.of(np.ones(1, np.bool_), BOOL), BOOL)
        return growth.apply(f"{key.name}_cut", tick, Op.CONCAT, before, ends, attribute=(0,))
