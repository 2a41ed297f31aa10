"""The cone of influence: what of a transition system its goals depend on.

Rule: a goal or an assumption needs what its term reads, and a register what its next value reads; a fact is needed as
soon as it speaks of something that is. All assumptions are kept, so that a counterexample meets them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from syncml.dataclass import dataclass
from syncml.verify.deadline import in_time
from syncml.verify.smt import Term, applications, is_value, name_of, z3
from syncml.verify.system import Definition, Input, Nearest, State, System


@dataclass(frozen=True, slots=True)
class Register:
    """A state as terms; ``initial`` is None where the first value is undefined."""

    constant: Term
    sort: str
    initial: Term | None
    following: Term

    @property
    def name(self) -> str:
        """The name of the constant."""
        return self.constant.decl().name()


@dataclass(frozen=True, slots=True)
class Reading:
    """The constants that a term reads, and whether it multiplies or divides two unknowns anywhere."""

    names: frozenset[str]
    product: bool


PRODUCTS = frozenset({z3.Z3_OP_MUL, z3.Z3_OP_DIV, z3.Z3_OP_IDIV, z3.Z3_OP_MOD, z3.Z3_OP_POWER})
"""The operations that make a problem nonlinear."""


def sliced(
    inputs: Sequence[Input],
    registers: Sequence[Register],
    defined: Sequence[tuple[Definition, Term]],
    known: Sequence[Term],
    assumptions: Sequence[str],
    goals: Sequence[str],
    rounded: Sequence[Nearest] = (),
    *,
    deadline: float = inf,
) -> System:
    """The system of what ``goals`` depend on.

    Raises:
        TimeUpError: the deadline, of the monotonic clock, came first.
    """
    read = {d.name: reading_of(term) for d, term in in_time(defined, deadline)}
    reads = {name: reading.names for name, reading in read.items()}
    reads |= {r.name: reading_of(r.following).names for r in in_time(registers, deadline)}
    facts = [(fact, reading_of(fact)) for fact in known]
    needed: set[str] = set()
    pending = [*assumptions, *goals]
    while pending:
        while pending:
            name = pending.pop()
            if name not in needed:
                needed.add(name)
                pending.extend(reads.get(name, ()))
        pending += [n for _, reading in facts if reading.names & needed for n in reading.names if n not in needed]
    definitions = [d for d, _ in defined if d.name in needed]
    kept = [(fact, reading) for fact, reading in facts if reading.names & needed]
    return System(
        tuple(i for i in inputs if i.name in needed),
        tuple(_state(r) for r in registers if r.name in needed),
        tuple(definitions),
        tuple(fact.sexpr() for fact, _ in kept),
        tuple(assumptions),
        tuple(goals),
        any(read[d.name].product for d in definitions) or any(reading.product for _, reading in kept),
        tuple(n for n in rounded if n.names <= needed),
    )


def _state(r: Register) -> State:
    return State(r.name, r.sort, None if r.initial is None else r.initial.sexpr(), r.following.sexpr())


def reading_of(term: Term) -> Reading:
    """What a term reads."""
    context = term.ctx.ref()
    names: set[str] = set()
    product = False
    for node, kind, arguments in applications([term]):
        if kind == z3.Z3_OP_UNINTERPRETED and not arguments:
            names.add(name_of(context, node))
        elif kind in PRODUCTS and len(arguments) > 1 and not product:
            factors = z3.ExprRef(node, term.ctx).children()
            unknown = [c for c in factors if not is_value(c)]
            product = len(unknown) > 1 or (kind != z3.Z3_OP_MUL and bool(unknown) and not is_value(factors[1]))
    return Reading(frozenset(names), product)
