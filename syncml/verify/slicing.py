"""The cone of influence: what of a transition system its goals depend on.

Rule: a goal or an assumption needs what its term reads, and a register what its next value reads; a fact is needed as
soon as it speaks of something that is. All assumptions are kept, so that a counterexample meets them all.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncml.dataclass import dataclass
from syncml.verify.smt import Term, applications, is_value, names_of, z3
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


def sliced(
    inputs: Sequence[Input],
    registers: Sequence[Register],
    defined: Sequence[tuple[Definition, Term]],
    known: Sequence[Term],
    assumptions: Sequence[str],
    goals: Sequence[str],
    rounded: Sequence[Nearest] = (),
) -> System:
    """The system of what ``goals`` depend on."""
    reads = {d.name: _names(term) for d, term in defined} | {r.name: _names(r.following) for r in registers}
    facts = [(fact, _names(fact)) for fact in known]
    needed: set[str] = set()
    pending = [*assumptions, *goals]
    while pending:
        while pending:
            name = pending.pop()
            if name not in needed:
                needed.add(name)
                pending.extend(reads.get(name, ()))
        pending += [n for _, names in facts if names & needed for n in names if n not in needed]
    definitions = [(d, t) for d, t in defined if d.name in needed]
    kept = [fact for fact, names in facts if names & needed]
    return System(
        tuple(i for i in inputs if i.name in needed),
        tuple(_state(r) for r in registers if r.name in needed),
        tuple(d for d, _ in definitions),
        tuple(fact.sexpr() for fact in kept),
        tuple(assumptions),
        tuple(goals),
        any(map(is_product, (*(t for _, t in definitions), *kept))),
        tuple(n for n in rounded if n.names <= needed),
    )


def _state(r: Register) -> State:
    return State(r.name, r.sort, None if r.initial is None else r.initial.sexpr(), r.following.sexpr())


def _names(term: Term) -> frozenset[str]:
    return frozenset(names_of([term]))


def is_product(term: Term) -> bool:
    """Whether ``term`` multiplies or divides two unknowns anywhere."""
    for node, kind, arguments in applications([term]):
        if len(arguments) > 1 and kind in (z3.Z3_OP_MUL, z3.Z3_OP_DIV, z3.Z3_OP_IDIV, z3.Z3_OP_MOD, z3.Z3_OP_POWER):
            factors = z3.ExprRef(node, term.ctx).children()
            unknown = [c for c in factors if not is_value(c)]
            if len(unknown) > 1 or (kind != z3.Z3_OP_MUL and unknown and not is_value(factors[1])):
                return True
    return False
