"""Promises of a node whose requirements may fail.

Rule: a node keeps an `ensure` as long as its callers have kept every `require`, up to and including the instant in
question, since the start of the instance or its last reset. What may be assumed of an instance is therefore

    kept = required & (True fby kept)          required: every `require` that is present holds
    kept => ensured                            on the clock of the clause

An `ensure` that is assumed without that condition excludes the very runs on which a `require` fails, and proves it.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from syncml.ir.clocks import BASE
from syncml.ir.equations.syntax import Atom, Fby, Node, Property, PropertyKind
from syncml.ir.operators import Op
from syncml.verify.additions import TRUE, Additions

KEPT = "requirements kept"
"""The lemma that the requirements of an instance were kept so far."""


def as_assumptions(contract: Node, *, lemmas: bool = False) -> Node:
    """A clocked contract whose `ensure` clauses are assumptions that bind while its `require` clauses are kept.

    Args:
        contract: The contract.
        lemmas: Whether it states, to be proved, that they are kept: an induction knows nothing of the past otherwise.
    """
    required = [p for p in contract.properties if p.kind is PropertyKind.REQUIRE]
    promised = [p for p in contract.properties if p.kind is PropertyKind.ENSURE]
    made = Additions(contract, "kept")
    assumed = {p: replace(p, kind=PropertyKind.ASSUME) for p in promised}
    lemma: tuple[Property, ...] = ()
    if required and promised:
        now: Atom = TRUE
        for clause in required:
            now = made.op(Op.AND, BASE, now, made.lifted(clause))
        before = made.var(BASE)
        kept = made.op(Op.AND, BASE, now, before)
        made.define(before, Fby(TRUE, kept))
        assumed = {p: made.weakened(stated, kept) for p, stated in assumed.items()}
        lemma = (Property(PropertyKind.INVARIANT, KEPT, kept, contract.span),) if lemmas else ()
    return replace(
        contract,
        equations=tuple(made.equations),
        properties=(*(assumed.get(p, p) for p in contract.properties), *lemma),
        clocks=MappingProxyType(made.clocks),
    )
