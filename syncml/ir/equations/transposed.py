"""The schedule *transposed*: a sum over a segment of what needs its future, from traces that run forwards.

Rule: let T be the sum over the segment of x(n), and let x be linear in the streams ahead. The weight w of a stream
ahead is how T grows with it at an instant (`weights`): 1 for x, and

    t = c v + ..      gives v, at the same instant, the weight    w_t c
    t = v post i      gives v the weight                          0 fby w_t, cut at the start of the segment
                      and i, at the last instant, the weight      w_t

Then T is the sum of each operand r that is not ahead, with its weight at the same instant: no stream needs the future,
and nothing is kept of an instant but the weights. For ``g = r + a (g post 0)`` and the sum of d g the weight is the
eligibility trace ``z = d + (0 fby a z)``, and T the sum of r z (Sutton and Barto 2018, chapter 12; for a derivative
through time it is real-time recurrent learning, Williams and Zipser 1989). c may be a matrix: a weight then has the
axes of T and those of v, but for axes along which each element of v counts for its own element of T alone.
Mathematically the sums are equal; the additions have another order, so the program asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from string import ascii_letters

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, error
from syncml.ir.clocks import Clock
from syncml.ir.constants import Const, zero
from syncml.ir.equations.backward import Sweeps, backward_of
from syncml.ir.equations.exits import exits_of
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.linear import Term, linear_terms
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Node, Pack, Post, Schedule, Segment, Var, When
from syncml.ir.equations.weights import Algebra, Axis, Weight, axes_of, place_after
from syncml.ir.operators import Op
from syncml.ir.types import Type, element, shape, size, tensor

HELP = "use the schedule 'burst', or take sums of it only: `seg.total(x)`, where x is linear in what needs the future"


@dataclass(frozen=True, slots=True)
class Traces:
    """What needed the future in a segment, and how many numbers the traces are that took its place, sums included."""

    streams: tuple[Var, ...]
    numbers: int


def transpose(node: Node) -> tuple[Node, dict[Segment, Traces]]:
    """A causal ``node`` without the sweeps of its transposed segments, and what these became.

    Raises:
        DiagnosticError: K018, a stream is not linear or is wanted otherwise than in a sum.
    """
    done: dict[Segment, Traces] = {}
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
        self._numbers = {var: k for k, var in enumerate(self._order)}
        self._definitions = {t: e for e in node.equations for t in e.targets if t in self._ahead}
        self._kept = 0
        self._growth = Growth((v.name for v in node.clocks), node.span)

    def node(self) -> tuple[Node, Traces]:
        """The node without the sweeps, and what took their place."""
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
        return made, Traces(tuple(v for v in self._order if v.user), self._kept)

    def _total(self, running: Var, exit_: Equation) -> Var:
        """The sum of which ``running`` is the rest, on the clock of the end."""
        source = self._summand(running, exit_)
        type_, growth, tick = running.type, self._growth, self._tick
        assert isinstance(exit_.rhs, Pack)
        resets = (*exit_.rhs.resets, self._segment.first)
        relevant = self._relevant(source)
        if running in relevant:
            raise _refused(exit_, f"what is added to `{running.name}` depends on the sum itself")
        flow = _Flow(Algebra(growth, tick, type_), axes_of(0, type_), self._places(source, type_), {}, [])
        flow.weights.update((v, []) for v in relevant)
        looks: dict[Var, Weight] = {}
        for var in self._order:
            rhs = self._definitions[var].rhs
            if var in relevant and isinstance(rhs, Post):
                axes = tuple(sorted({*flow.sum, *flow.places[var]}))
                trace = tensor(element(type_), tuple(axis[2] for axis in axes))
                look = growth.fresh(f"{var.name}_weight", trace, tick, var.span)
                before = growth.define(f"{var.name}_trace", trace, tick, Fby(zero(trace), look, resets))
                looks[var] = Weight(look, axes, flow.places[var])
                self._kept += size(trace)
                following, _ = self._terms(var)
                if isinstance(rhs.following, Const):
                    follows = growth.apply(f"{var.name}_follows", tick, Op.NOT, self._segment.first)
                    following = replace(following, condition=(follows, ""))
                self._spread(following, Weight(before, axes, flow.places[var]), flow)
        whole = ascii_letters[: len(flow.sum)]
        self._spread(Term(source, whole, whole), Weight(None, (), flow.sum), flow)
        for var in reversed(self._order):
            if var not in relevant:
                continue
            first, *others = flow.weights[var]
            weight = first
            for other in others:
                weight = flow.algebra.plus(f"{var.name}_weight", weight, other)
            terms = self._terms(var)
            if var in looks:
                look = looks[var].atom
                assert isinstance(look, Var)
                growth.equate(look, Apply(Op.COPY, (flow.algebra.full(weight, looks[var].axes),)))
                weight, terms = looks[var], terms[1:]
            for term in terms:
                self._spread(term, weight, flow)
        so_far = growth.fresh(f"{running.name}_before", type_, tick, running.span)
        self._kept += size(type_)
        added: Var = so_far
        for piece in flow.pieces:
            added = growth.apply(f"{running.name}_part", tick, Op.ADD, added, flow.algebra.beside(piece, flow.sum))
        growth.equate(so_far, Fby(zero(type_), added, resets))
        end: Clock = self._node.clocks[exit_.target]
        return growth.define(f"{running.name}_sum", type_, end, When(added, self._segment.last, True))

    def _terms(self, var: Var) -> tuple[Term, ...]:
        """What a stream ahead is the sum of; for a look ahead its next value, and that at the end."""
        rhs = self._definitions[var].rhs
        if isinstance(rhs, Post):
            letters = ascii_letters[: len(shape(var.type))]
            return Term(rhs.following, letters, letters), Term(
                rhs.init, letters, letters, condition=(self._segment.last, "")
            )
        return linear_terms(rhs, self._ahead) or ()

    def _places(self, source: Atom, type_: Type) -> dict[Var, tuple[Axis, ...]]:
        """The axes of each stream that the sum depends on: those of the sum where all that reads it says so, or own."""
        found: dict[Var, tuple[Axis, ...]] = {}
        pending: list[tuple[Atom, tuple[Axis, ...]]] = [(source, axes_of(0, type_))]
        while pending:
            var, place = pending.pop()
            if not isinstance(var, Var) or var not in self._ahead:
                continue
            own = self._own(var)
            known = found.get(var, place)
            merged = tuple(a if a == b else mine for a, b, mine in zip(known, place, own, strict=True))
            if merged != found.get(var):
                found[var] = merged
                for term in self._terms(var):
                    pending.append((term.atom, place_after(term, merged, self._own(term.atom))))
        return found

    def _own(self, atom: Atom) -> tuple[Axis, ...]:
        """The axes of a stream, as its own."""
        return axes_of(self._numbers.get(atom, 0) + 1 if isinstance(atom, Var) else 1, atom.type)

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

    def _spread(self, term: Term, weight: Weight, flow: _Flow) -> None:
        """Give the operand of a term its part of the weight of the sum, or add it, weighted, to the total."""
        if isinstance(term.atom, Const) and term.atom == zero(term.atom.type):
            return
        if isinstance(term.atom, Var) and term.atom in flow.weights:
            found = flow.algebra.through(term, weight, self._own(term.atom))
            flow.weights[term.atom].append(flow.algebra.settled(found, flow.places[term.atom]))
        else:
            flow.pieces.append(flow.algebra.added(term, weight))


@dataclass(frozen=True, slots=True)
class _Flow:
    """The weights that each stream ahead was given so far in a sum with axes ``sum``, and what is added to it."""

    algebra: Algebra
    sum: tuple[Axis, ...]
    places: Mapping[Var, tuple[Axis, ...]]
    weights: dict[Var, list[Weight]]
    pieces: list[Weight]
