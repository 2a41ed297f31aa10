"""What abstract nodes are handed: their contracts are proved for inputs that are numbers.

Rule: with machine floats, a proof that depends on an output of an abstract node counts only if the operations on which
the inputs of that instance depend, at any instant, are proved to yield finite numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import TypeAlias

from syncml.ir.equations.syntax import Call, Equation, Property, PropertyKind, Var
from syncml.ir.types import FLOATS, element
from syncml.verify.checks import Check, Checked
from syncml.verify.findings import Findings
from syncml.verify.verdicts import Proved, Result, Unknown, Unreachable

Handed: TypeAlias = Mapping[str, tuple[str, ...]]
"""For each output of an instance of an abstract node, by name, the floats that it reads."""


def handed(calls: Sequence[Equation]) -> Handed:
    """What the opened calls of a node are handed."""
    found: dict[str, tuple[str, ...]] = {}
    for equation in calls:
        assert isinstance(equation.rhs, Call)
        read = [a for a in equation.rhs.arguments if isinstance(a, Var) and element(a.type) in FLOATS]
        found |= {t.name: tuple(a.name for a in read) for t in equation.targets}
    return found


def founded(results: Sequence[tuple[Property, Result]], known: Findings, inputs: Handed) -> list[Result]:
    """The verdicts of clauses, but for proofs that depend on what may be handed something that is no number.

    Args:
        results: The clauses and their verdicts.
        known: What is known of the node.
        inputs: What instances of abstract nodes are handed.
    """
    if not inputs:
        return [r for _, r in results]
    proved = {c.holds for c in known.clauses if known.is_proved(c)}
    proved |= {c.holds for c, r in results if isinstance(r.verdict, Proved)}
    return [_founded(clause, result, known, inputs, proved) for clause, result in results]


def _founded(clause: Property, result: Result, known: Findings, inputs: Handed, proved: Set[Var]) -> Result:
    """The verdict of one clause; only instances that it, or the user's assumptions, depend on count."""
    if not isinstance(result.verdict, Proved | Unreachable):
        return result
    checked, cones = known.checked, known.cones
    own = [p.holds for p in checked.node.properties if p.kind is PropertyKind.ASSUME and not p.instance]
    streams = {v.name: v for v in checked.node.clocks}
    read: set[Var] = set()
    pending = cones.within([clause.holds, *own])
    while new := {streams[n] for v in pending for n in inputs.get(v.name, ()) if n in streams} - read:
        read |= new
        pending = cones.within(new)
    behind = cones.within(read)
    names = [p.name for p in _finite(checked) if checked.checked[p.holds] in behind and p.holds not in proved]
    if not names:
        return result
    reason = f"an abstract node may be handed what is no number; not proved: {', '.join(names)}"
    return replace(result, verdict=Unknown(reason, 0, "prove these, or limit what the node is handed"))


def _finite(checked: Checked) -> list[Property]:
    return [
        p for p in checked.node.properties
        if p.holds in checked.kinds and checked.kinds[p.holds] is not Check.OVERFLOW and checked.depends(p.holds)
    ]  # fmt: skip
