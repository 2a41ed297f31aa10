"""Small cones in the solver's theory of floating point: what error terms cannot decide.

Rule: the streams that a clause depends on, and the assumptions about them, become terms of that theory, one operation
each, rounded to nearest even, with subnormal numbers, signed zeros, infinities and one NaN, as the table of operators
says. k-induction over these terms proves a clause; a model from the first instant on is a run, which the interpreter
has to confirm. Registers may be taken to be in the ranges that intervals found, which rest on no clause. Inputs are
finite. An assumption that is out of reach is left out: what is proved without it holds with it.

The theory comes down to bits, so it is tried where there are few operations only: at most `OPERATIONS` that round, on
scalars, at one rate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy

from syncml.dataclass import dataclass
from syncml.ir.clocks import BASE
from syncml.ir.constants import Const, dtype
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Node, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, Scalar, Type
from syncml.verify.cone import Cones
from syncml.verify.floats.ranges import Ranges
from syncml.verify.order import ordered
from syncml.verify.smt import Term, z3

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""

OPERATIONS = 8
"""How many operations that round a cone may have."""

REGISTERS = 4

DEEPEST = 3
"""How many instants an induction looks back at most."""

_ROUNDS = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.SQRT, Op.CAST})


@dataclass(frozen=True, slots=True)
class Exact:
    """What the theory says of a clause.

    Attributes:
        name: The stream of the clause.
        k: How many instants the induction looks back, where the clause is proved; else 0.
        inputs: Of a run that breaks it, where one was found.
        ticks: The length of that run.
        seconds: The time that it took.
    """

    name: str
    k: int
    inputs: Mapping[str, Sequence[Any]]
    ticks: int
    seconds: float


def decide_exactly(
    emit: Callable[[Exact], None], node: Node, ranges: Ranges, clauses: Sequence[Var], seconds: float, seed: int
) -> None:
    """Emit what is found out about some clauses of a flat node.

    Args:
        emit: Takes it.
        node: The node, with its checks.
        ranges: What intervals know of it, resting on no clause.
        clauses: The streams of the clauses.
        seconds: How long all of it may take; a clause gets an equal share of what is left.
        seed: Of the solver.
    """
    deadline = time.monotonic() + seconds
    # An assumption that is out of reach would put every clause out of reach.
    cones = Cones(replace(node, properties=()))
    small = small_ones(node, clauses)
    for i, clause in enumerate(small):
        started = time.monotonic()
        share = started + (deadline - started) / (len(small) - i)
        found = _Cone(node, cones, ranges, clause).decide(share, seed)
        if found is not None:
            k, inputs, ticks = found
            emit(Exact(clause.name, k, inputs, ticks, time.monotonic() - started))


def small_ones(node: Node, clauses: Sequence[Var]) -> list[Var]:
    """Those of some clauses on which the theory is worth trying."""
    cones = Cones(replace(node, properties=()))
    return [c for c in clauses if is_small(node, cones.of(c))]


def is_small(node: Node, cone: frozenset[Var]) -> bool:
    """Whether the theory is worth trying on a cone."""
    equations = [e for e in node.equations if e.target in cone]
    count = sum(isinstance(e.rhs, Apply) and e.rhs.op in _ROUNDS for e in equations)
    registers = sum(isinstance(e.rhs, Fby) for e in equations)
    scalars = all(v.type is BOOL or v.type in FLOATS for v in cone) and all(node.clocks[v] == BASE for v in cone)
    return scalars and count <= OPERATIONS and registers <= REGISTERS and all(map(_is_known, equations))


def _is_known(e: Equation) -> bool:
    match e.rhs:
        case Apply(op, arguments, _):
            return op in OPERATORS and all(a.type is BOOL or a.type in FLOATS for a in arguments)
        case Fby():
            return e.rhs.init is not None and not e.rhs.resets
        case _:
            return False


def _sort(type_: Type) -> Any:
    if type_ is BOOL:
        return z3.BoolSort()
    return z3.Float32() if type_ is Scalar.F32 else z3.Float64()


def constant(const: Const, type_: Type) -> Term:
    """The number that the machine holds, by its bits, or a truth value."""
    value: Any = const.machine()
    if type_ is BOOL:
        return z3.BoolVal(bool(value))
    assert isinstance(type_, Scalar)
    return number(dtype(type_).type(value), type_)


def number(value: Any, kind: Scalar) -> Term:
    """A machine float as a term."""
    if bool(np.isnan(value)):
        return z3.fpNaN(_sort(kind))
    bits = int(value.view(np.uint32 if kind is Scalar.F32 else np.uint64))
    return z3.simplify(z3.fpBVToFP(z3.BitVecVal(bits, 32 if kind is Scalar.F32 else 64), _sort(kind)))


def _lesser(x: Term, y: Term) -> Term:
    return z3.If(z3.fpLT(y, x), y, x)


def _greater(x: Term, y: Term) -> Term:
    return z3.If(z3.fpGT(y, x), y, x)


def _equal(x: Term, y: Term) -> Term:
    return x == y if z3.is_bool(x) else z3.fpEQ(x, y)


def _different(x: Term, y: Term) -> Term:
    return z3.Not(_equal(x, y))


def _same(x: Term) -> Term:
    return x


OPERATORS: Mapping[Op, Callable[..., Term]] = {
    Op.ADD: partial(z3.fpAdd, z3.RNE()),
    Op.SUB: partial(z3.fpSub, z3.RNE()),
    Op.MUL: partial(z3.fpMul, z3.RNE()),
    Op.DIV: partial(z3.fpDiv, z3.RNE()),
    Op.SQRT: partial(z3.fpSqrt, z3.RNE()),
    Op.NEG: z3.fpNeg,
    Op.ABS: z3.fpAbs,
    Op.MIN: _lesser,
    Op.MAX: _greater,
    Op.LT: z3.fpLT,
    Op.LE: z3.fpLEQ,
    Op.GT: z3.fpGT,
    Op.GE: z3.fpGEQ,
    Op.EQ: _equal,
    Op.NE: _different,
    Op.NOT: z3.Not,
    Op.AND: z3.And,
    Op.OR: z3.Or,
    Op.XOR: z3.Xor,
    Op.WHERE: z3.If,
    Op.COPY: _same,
    Op.CAST: _same,
}
"""The operators that have a term, on terms; a conversion is made by `applied`, which knows the types."""


def applied(rhs: Apply, arguments: Sequence[Term], type_: Type) -> Term:
    """An application as a term."""
    if rhs.op is Op.CAST:
        (source,) = rhs.arguments
        if source.type is type_:
            return arguments[0]
        if source.type is BOOL:
            one, zero = (number(dtype(_kind(type_)).type(x), _kind(type_)) for x in (1, 0))
            return z3.If(arguments[0], one, zero)
        return z3.fpFPToFP(z3.RNE(), arguments[0], _sort(type_))
    return OPERATORS[rhs.op](*arguments)


def _kind(type_: Type) -> Scalar:
    assert isinstance(type_, Scalar)
    return type_


class _Cone:
    """The terms of a clause, instant by instant."""

    def __init__(self, node: Node, cones: Cones, ranges: Ranges, clause: Var) -> None:
        self._clause = clause
        self._ranges = ranges
        assumed = [p.holds for p in node.properties if p.kind is PropertyKind.ASSUME]
        kept = cones.of(clause)
        self._assumed: list[Var] = []
        for holds in assumed:
            grown = kept | cones.of(holds)
            if is_small(node, grown):
                kept = grown
                self._assumed.append(holds)
        self._order = [e for e in ordered(node.equations) if e.target in kept]
        self._registers = [e for e in self._order if isinstance(e.rhs, Fby)]
        self._inputs = [v for v in node.inputs if v in kept]
        self._all = node.inputs

    def decide(self, deadline: float, seed: int) -> tuple[int, Mapping[str, Sequence[Any]], int] | None:
        """The depth of an induction that proves the clause, or the inputs and the length of a run that breaks it."""
        for k in range(1, DEEPEST + 1):
            answer, model, runs = self._asked(k, True, deadline, seed)
            if answer == z3.sat:
                inputs = self._run(model, runs)
                return None if inputs is None else (0, inputs, k)
            if answer != z3.unsat or (not self._registers and k > 1):
                return None
            if not self._registers or self._asked(k + 1, False, deadline, seed)[0] == z3.unsat:
                return k, {}, 0
        return None

    def _asked(self, length: int, initial: bool, deadline: float, seed: int) -> tuple[Any, Any, list[dict[Var, Term]]]:
        """Whether the clause may be false at the last of some instants, after being true at those before."""
        solver = z3.SolverFor("QF_FP")
        solver.set("random_seed", seed)
        registers = {e.target: self._first(e) if initial else self._any(e.target, solver) for e in self._registers}
        instants: list[dict[Var, Term]] = []
        for k in range(length):
            values = self._instant(k, registers, solver)
            solver.add(*(values[a] for a in self._assumed))
            solver.add(values[self._clause] if k < length - 1 else z3.Not(values[self._clause]))
            registers = {e.target: self._atom(e.rhs.following, values) for e in self._registers
                         if isinstance(e.rhs, Fby)}  # fmt: skip
            instants.append(values)
        left = deadline - time.monotonic()
        if left < 0.01:
            return z3.unknown, None, instants
        solver.set("timeout", max(1, int(1000 * left)))
        answer = solver.check()
        return answer, solver.model() if answer == z3.sat else None, instants

    def _first(self, e: Equation) -> Term:
        assert isinstance(e.rhs, Fby)
        assert e.rhs.init is not None
        return constant(e.rhs.init, e.target.type)

    def _any(self, var: Var, solver: Any) -> Term:
        """Any value that a register may have, as far as intervals know."""
        term = z3.Const(var.name, _sort(var.type))
        if var.type is BOOL:
            return term
        kind, value = _kind(var.type), self._ranges.values[var]
        low, high = (number(dtype(kind).type(x), kind) for x in (value.low, value.high))
        within = z3.And(z3.fpLEQ(low, term), z3.fpLEQ(term, high))
        solver.add(z3.Or(z3.fpIsNaN(term), within) if bool(value.nan) else within)
        return term

    def _instant(self, k: int, registers: Mapping[Var, Term], solver: Any) -> dict[Var, Term]:
        values: dict[Var, Term] = dict(registers)
        for v in self._inputs:
            values[v] = z3.Const(f"{v.name}@{k}", _sort(v.type))
            if v.type is not BOOL:
                solver.add(z3.Not(z3.fpIsNaN(values[v])), z3.Not(z3.fpIsInf(values[v])))
        for e in self._order:
            if isinstance(e.rhs, Apply):
                values[e.target] = applied(e.rhs, [self._atom(a, values) for a in e.rhs.arguments], e.target.type)
        return values

    @staticmethod
    def _atom(atom: Atom, values: Mapping[Var, Term]) -> Term:
        return constant(atom, atom.type) if isinstance(atom, Const) else values[atom]

    def _run(self, model: Any, instants: Sequence[Mapping[Var, Term]]) -> dict[str, list[Any]] | None:
        """The inputs of a model; what the clause does not read is at the lower end of its range."""
        found: dict[str, list[Any]] = {}
        for v in self._all:
            if v in instants[0]:
                found[v.name] = [_value(model, values[v], v.type) for values in instants]
            elif isinstance(v.type, Scalar):
                found[v.name] = [np.asarray(self._ranges.values[v].low).item()] * len(instants)
            else:
                return None
        return found


def _value(model: Any, term: Term, type_: Type) -> Any:
    value = model.eval(term, model_completion=True)
    return bool(z3.is_true(value)) if type_ is BOOL else float_of(value, _kind(type_))


def float_of(term: Term, kind: Scalar) -> Any:
    """The machine float that a term of numerals is; one NaN."""
    if z3.is_true(z3.simplify(z3.fpIsNaN(term))):
        return float("nan")
    bits = z3.simplify(z3.fpToIEEEBV(z3.simplify(term)))
    unsigned = np.uint32 if kind is Scalar.F32 else np.uint64
    return float(unsigned(bits.as_long()).view(dtype(kind)))
