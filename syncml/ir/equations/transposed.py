"""The schedule *transposed*: a sum over a segment of what needs its future, from traces that run forwards.

Rule: let T be the sum over the segment of x(n), and let x be linear in the streams ahead, element by element. The
weight w of a stream ahead is how much T grows with it at an instant: 1 for x, and

    t = c v + ..      gives v, at the same instant, the weight    c w_t
    t = v post i      gives v the weight                          0 fby w_t, cut at the start of the segment
                      and i, at the last instant, the weight      w_t

Then T is the sum of each operand r that is not ahead, times its weight at the same instant: no stream needs the future,
and nothing is kept of an instant but the weights. For ``g = r + a (g post 0)`` and the sum of d g the weight is the
eligibility trace ``z = d + (0 fby a z)``, and T the sum of r z (Sutton and Barto 2018, chapter 12; for a derivative
through time it is real-time recurrent learning, Williams and Zipser 1989). Mathematically the sums are equal; the
additions have another order, so the program asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, error
from syncml.ir.clocks import Clock
from syncml.ir.constants import Array, Const, zero
from syncml.ir.equations.backward import Sweeps, backward_of
from syncml.ir.equations.exits import exits_of
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.linear import Term, linear_terms
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Node, Pack, Post, Schedule, Segment, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, Type, element, shape
from syncml.lazy import numpy as np

HELP = "use the schedule 'burst', or take sums of it only: `seg.total(x)`, where x is linear in what needs the future"


def transpose(node: Node) -> tuple[Node, dict[Segment, tuple[Var, ...]]]:
    """A causal ``node`` without the sweeps of its transposed segments; what needed the future in each of them.

    Raises:
        DiagnosticError: K018, a stream is not linear or is wanted otherwise than in a sum.
    """
    done: dict[Segment, tuple[Var, ...]] = {}
    segments = dict.fromkeys(e.rhs.segment for e in node.equations if isinstance(e.rhs, Post | Pack))
    for segment in segments:
        if segment.schedule is Schedule.TRANSPOSED:
            sweeps = next((s for s in backward_of(node).sweeps if s.segment == segment), None)
            node, done[segment] = _Transposition(node, segment, sweeps).node()
    return node, done


def _refused(equation: Equation, what: str) -> DiagnosticError:
    found: Diagnostic = error("K018", f"{what}, so that it is no forward trace", equation.span, help=HELP)
    return DiagnosticError(found)


class _Transposition:
    """The rewriting of one segment of a node."""

    def __init__(self, node: Node, segment: Segment, sweeps: Sweeps | None) -> None:
        self._node = node
        self._segment = segment
        self._tick = node.clocks[segment.last]
        self._ahead: Mapping[Var, int] = {} if sweeps is None else sweeps.number
        self._order: list[Var] = (
            [] if sweeps is None else [v for k in range(len(sweeps.directions)) for v in sweeps.streams(k)]
        )
        self._definitions = {t: e for e in node.equations for t in e.targets if t in self._ahead}
        self._growth = Growth((v.name for v in node.clocks), node.span)

    def node(self) -> tuple[Node, tuple[Var, ...]]:
        """The node without the sweeps, and what they computed."""
        exits = exits_of(self._node, self._segment, self._ahead)
        replaced: dict[Var, Equation] = {}
        dropped = set(self._ahead)
        for equation in exits.all:
            if equation.target not in exits.firsts:
                raise _refused(equation, f"`{equation.target.name}` is not a sum over the segment")
            assert isinstance(equation.rhs, Pack)
            assert isinstance(equation.rhs.source, Var)
            total = self._total(equation.rhs.source, equation)
            dropped.add(equation.target)
            for reader in exits.firsts[equation.target]:
                assert isinstance(reader.rhs, Apply)
                assert isinstance(reader.rhs.attribute, tuple)
                rest = reader.rhs.attribute[1:]
                rhs = Apply(Op.INDEX, (total,), rest) if rest else Apply(Op.COPY, (total,))
                replaced[reader.target] = replace(reader, rhs=rhs)
        equations = [
            replaced.get(e.targets[0], e) if e.targets else e
            for e in self._node.equations
            if not e.targets or not dropped.issuperset(e.targets)
        ]
        clocks = {v: c for v, c in self._node.clocks.items() if v not in dropped} | self._growth.clocks
        made = replace(self._node, equations=(*self._growth.equations, *equations), clocks=clocks)
        return made, tuple(v for v in self._order if v.user)

    def _total(self, running: Var, exit_: Equation) -> Var:
        """The sum of which ``running`` is the rest, on the clock of the end."""
        source = self._summand(running, exit_)
        type_, growth, tick = running.type, self._growth, self._tick
        assert isinstance(exit_.rhs, Pack)
        resets = (*exit_.rhs.resets, self._segment.first)
        relevant = self._relevant(source)
        if running in relevant:
            raise _refused(exit_, f"what is added to `{running.name}` depends on the sum itself")
        flow = _Flow({v: [] for v in relevant}, [])
        looks: dict[Var, Var] = {}
        for var in self._order:
            rhs = self._definitions[var].rhs
            if var in relevant and isinstance(rhs, Post):
                looks[var] = growth.fresh(f"{var.name}_weight", type_, tick, var.span)
                before = growth.define(f"{var.name}_trace", type_, tick, Fby(zero(type_), looks[var], resets))
                if isinstance(rhs.following, Const):
                    first = growth.apply(f"{var.name}_follows", tick, Op.NOT, self._segment.first)
                    self._spread(Term(rhs.following, condition=first), before, flow)
                else:
                    self._spread(Term(rhs.following), before, flow)
        self._spread(Term(source), None, flow)
        for var in reversed(self._order):
            if var not in relevant:
                continue
            weight = self._sum(flow.weights[var], var)
            rhs = self._definitions[var].rhs
            if isinstance(rhs, Post):
                growth.equate(looks[var], Apply(Op.COPY, (self._full(weight, type_),)))
                self._spread(Term(rhs.init, condition=self._segment.last), looks[var], flow)
            else:
                for term in linear_terms(rhs, self._ahead) or ():
                    self._spread(term, weight, flow)
        so_far = growth.fresh(f"{running.name}_before", type_, tick, running.span)
        added: Var = so_far
        for piece in flow.pieces:
            added = growth.apply(f"{running.name}_part", tick, Op.ADD, added, piece)
        growth.equate(so_far, Fby(zero(type_), added, resets))
        end: Clock = self._node.clocks[exit_.target]
        return growth.define(f"{running.name}_sum", type_, end, When(added, self._segment.last, True))

    def _summand(self, running: Var, exit_: Equation) -> Atom:
        """What is added where ``running`` is ``following + (running post 0)`` and nothing else reads it."""
        definition = self._definitions.get(running)
        fault = _refused(exit_, f"`{running.name}` is not a sum over the segment")
        if definition is None or not isinstance(definition.rhs, Apply) or definition.rhs.op is not Op.COPY:
            raise fault
        (added,) = definition.rhs.arguments
        sum_ = self._definitions.get(added) if isinstance(added, Var) else None
        if sum_ is None or not isinstance(sum_.rhs, Apply) or sum_.rhs.op is not Op.ADD:
            raise fault
        behind, source = sum_.rhs.arguments
        look = self._definitions.get(behind) if isinstance(behind, Var) else None
        if look is None or not isinstance(look.rhs, Post):
            raise fault
        if look.rhs.following is not running or look.rhs.init != zero(running.type) or source is behind:
            raise fault
        return source

    def _relevant(self, source: Atom) -> set[Var]:
        """The streams ahead that the sum depends on, each of them linear in the others."""
        found: set[Var] = set()
        pending = [source]
        while pending:
            var = pending.pop()
            if not isinstance(var, Var) or var not in self._ahead or var in found:
                continue
            found.add(var)
            equation = self._definitions[var]
            if self._node.clocks[var] != self._tick:
                raise _refused(equation, f"`{var.name}` is not on the clock of the segment")
            if isinstance(equation.rhs, Post):
                pending += [equation.rhs.following, equation.rhs.init]
                continue
            terms = linear_terms(equation.rhs, self._ahead)
            if terms is None:
                raise _refused(equation, f"`{var.name}` is not linear in what needs the future")
            pending += [term.atom for term in terms]
        return found

    def _spread(self, term: Term, weight: Atom | None, flow: _Flow) -> None:
        """Give the operand of a term its part of the weight of the sum, or add it, weighted, to the total."""
        if isinstance(term.atom, Const) and term.atom == zero(term.atom.type):
            return
        growth, tick = self._growth, self._tick
        passed = weight
        if term.inverse:
            assert term.factor is not None
            passed = growth.apply("weight", tick, Op.DIV, weight or _ones(term.factor.type), term.factor)
        elif term.factor is not None:
            passed = term.factor if weight is None else growth.apply("weight", tick, Op.MUL, weight, term.factor)
        is_ahead = isinstance(term.atom, Var) and term.atom in flow.weights
        if not is_ahead:
            passed = term.atom if passed is None else growth.apply("weighted", tick, Op.MUL, passed, term.atom)
        if term.negative:
            passed = growth.apply("weight", tick, Op.NEG, passed or _ones(term.atom.type))
        if term.condition is not None:
            inside = passed or _ones(term.atom.type)
            branches = (inside, zero(inside.type)) if term.holds else (zero(inside.type), inside)
            passed = growth.apply("chosen", tick, Op.WHERE, term.condition, *branches)
        if isinstance(term.atom, Var) and is_ahead:
            flow.weights[term.atom].append(passed)
        else:
            assert passed is not None
            flow.pieces.append(passed)

    def _sum(self, parts: list[Atom | None], var: Var) -> Atom | None:
        """The sum of the weights that the readers of ``var`` give it; None is 1."""
        if len(parts) == 1:
            return parts[0]
        atoms = [part or _ones(var.type) for part in parts]
        total = atoms[0]
        for atom in atoms[1:]:
            total = self._growth.apply(f"{var.name}_weight", self._tick, Op.ADD, total, atom)
        return total

    def _full(self, weight: Atom | None, type_: Type) -> Atom:
        """A weight with all elements of the total."""
        if weight is None or weight.type == type_:
            return weight or _ones(type_)
        return self._growth.apply("weight", self._tick, Op.MUL, _ones(type_), weight)


@dataclass(frozen=True, slots=True)
class _Flow:
    """The weights that each stream ahead was given so far, None for 1, and what is added to the total."""

    weights: dict[Var, list[Atom | None]]
    pieces: list[Atom]


def _ones(type_: Type) -> Const:
    """Ones of a type."""
    kind = element(type_)
    if not shape(type_):
        return Const(1.0 if kind in FLOATS else 1, kind)
    return Const(Array.of(np.ones(shape(type_)), kind), kind)
