"""Vacuity: conditions that never change, and clauses that say nothing.

Rule: a condition decides what is computed: the first argument of a choice, what a stream is sampled or merged by, or
what resets a state.
Of each that the user wrote it is claimed that it is never true, and that it is never false; of an enumeration, that it
is never one of its constructors. Of a clause ``not p or q`` p is its premise, of which it is claimed that it is never
true: the clause says nothing then. A claim that is proved, under the assumptions of the contract, is reported: part of
the program, or the condition itself, is not needed or not what was meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, Label, Severity, Span
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import (
    GOALS,
    Apply,
    Atom,
    Equation,
    Merge,
    Node,
    Program,
    Property,
    PropertyKind,
    Rhs,
    Var,
    Wave,
    When,
    resets,
)
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, EnumType, element
from syncml.verify.abstraction import opened
from syncml.verify.driver import verify
from syncml.verify.replay import Replay
from syncml.verify.verdicts import Proved, Semantics, VerifyOptions


@dataclass(frozen=True, slots=True)
class _Claim:
    """That a condition is never ``value``; ``holds`` says so at each instant of the condition."""

    condition: Var
    value: bool | str
    name: str
    holds: Var
    clause: str = ""
    """The clause whose premise the condition is."""


def constant_conditions(program: Program, options: VerifyOptions, replay: Replay) -> tuple[Diagnostic, ...]:
    """A warning (V007) for each condition that never changes, in the order of the source.

    Args:
        program: Clocked equations that passed the checks.
        options: As for `verify`; ``properties`` and ``first`` are not looked at.
        replay: The interpreter, which judges every counterexample to a claim.
    """
    node = (flat := opened(program, frozenset(options.abstract))).node(flat.main)
    claims, claiming = _claimed(node)
    if not claims:
        return ()
    names = tuple(claim.name for claim in claims)
    semantics = Semantics.REALS if options.semantics is Semantics.STRONGEST else options.semantics
    chosen = replace(options, properties=names, first=False, abstract=(), semantics=semantics)
    report = verify(Program((claiming,), claiming.name), chosen, replay)
    proved = {r.name for r in report.results if isinstance(r.verdict, Proved)}
    # A line that stands in several instances is reported if the claim holds in all of them.
    claimed: dict[tuple[Span, bool | str], list[_Claim]] = {}
    for claim in claims:
        claimed.setdefault((claim.condition.span, claim.value), []).append(claim)
    found = [group[0] for group in claimed.values() if all(claim.name in proved for claim in group)]
    return tuple(sorted((_warning(claim) for claim in found), key=lambda d: d.sort_key))


def _claimed(node: Node) -> tuple[list[_Claim], Node]:
    """The claims about the conditions of a flat node, and the node with them as clauses."""
    definitions = {target: e for e in node.equations for target in e.targets}
    claims: list[_Claim] = []
    equations: list[Equation] = []
    clocks = dict(node.clocks)

    def claim(condition: Var, value: bool | str, clause: str = "") -> None:
        name = f"vacuity!{len(claims)}"
        holds = Var(name, BOOL, condition.span)
        equations.append(Equation((holds,), _never(condition, value), condition.span, clocks[condition]))
        clocks[holds] = clocks[condition]
        claims.append(_Claim(condition, value, name, holds, clause))

    premises = dict(_premises(node, definitions))
    for condition, clause in premises.items():
        claim(condition, True, f"{clause.kind.value} {clause.name!r}")
    for condition in dict.fromkeys(_conditions(node)):
        if not _written(condition, definitions):
            continue
        type_ = condition.type
        values: Sequence[bool | str] = type_.constructors if isinstance(type_, EnumType) else (True, False)
        for value in values:
            if value is not True or condition not in premises:
                claim(condition, value)
    clauses = [Property(PropertyKind.ENSURE, c.name, c.holds, c.condition.span) for c in claims]
    claiming = replace(
        node,
        equations=(*node.equations, *equations),
        properties=(*node.properties, *clauses),
        clocks=clocks,
    )
    return claims, claiming


def _conditions(node: Node) -> Iterator[Var]:
    for equation in node.equations:
        match equation.rhs:
            case Apply(Op.WHERE, (Var() as condition, *_)) if condition.type is BOOL:
                yield condition
            case When() | Merge():
                yield equation.rhs.condition
            case _:
                pass
        yield from resets(equation.rhs)


def _premises(node: Node, definitions: Mapping[Var, Equation]) -> Iterator[tuple[Var, Property]]:
    """The premises of the clauses that have one, as streams that are computed."""
    for clause in node.properties:
        rhs = _computed(clause.holds, definitions)
        if clause.kind in GOALS or not isinstance(rhs, Apply) or rhs.op is not Op.OR:
            continue
        for operand in rhs.arguments:
            negated = _computed(operand, definitions)
            if isinstance(negated, Apply) and negated.op is Op.NOT and isinstance(negated.arguments[0], Var):
                yield negated.arguments[0], clause


def _computed(atom: Atom, definitions: Mapping[Var, Equation]) -> Rhs | None:
    """The right side of what ``atom`` is a copy of."""
    while isinstance(atom, Var) and atom in definitions:
        rhs = definitions[atom].rhs
        if not isinstance(rhs, Apply) or rhs.op is not Op.COPY:
            return rhs
        atom = rhs.arguments[0]
    return None


def _written(condition: Var, definitions: Mapping[Var, Equation]) -> bool:
    """Whether the user wrote the condition: not a periodic word, not the flag of a first instant, not a plain input."""
    definition = definitions.get(condition)
    if definition is None or isinstance(definition.rhs, Wave):
        return False
    return condition.user or isinstance(definition.rhs, Apply)


def _never(condition: Var, value: bool | str) -> Rhs:
    if isinstance(value, str):
        return Apply(Op.NE, (condition, Const(value, element(condition.type))))
    return Apply(Op.NOT if value else Op.COPY, (condition,))


def _warning(claim: _Claim) -> Diagnostic:
    if claim.clause:
        return Diagnostic(
            "V007", Severity.WARNING, f"{claim.clause} says nothing: its premise is never true",
            Label(claim.condition.span, "never true, proved under the assumptions"),
            help="mend the premise, or an assumption that is too strong; or delete the clause",
        )  # fmt: skip
    what = f"`{claim.condition.name.rpartition('.')[2]}`" if claim.condition.user else "this condition"
    if isinstance(claim.value, str):
        message = f"{what} is never {claim.value}"
    else:
        message = f"{what} is never {'true' if claim.value else 'false'}"
    return Diagnostic(
        "V007", Severity.WARNING, message, Label(claim.condition.span, "proved under the assumptions"),
        help="delete what it guards, or mend the condition or an assumption that is too strong",
    )  # fmt: skip
