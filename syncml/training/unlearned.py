"""Parameters that are never learned: whose next value is the one that they have, whatever happens.

Rule: a stream is *zero* if it is the constant 0, or is made of zeros in a way that gives 0: a sum of zeros, a product
with a zero (of finite numbers), a zero divided, chosen, sampled, merged, packed, remembered after a first value of 0.
The zeros are the greatest set of streams with this property, so a moment that starts at 0 and takes in zeros is one.
A stream *is* the parameter if it is a copy of it, sampled or merged or not, plus or minus a zero. A parameter whose
next value is the parameter itself is reported, unless it is frozen: its gradient does not reach it, its rate is 0, or
nothing updates it.
"""

from __future__ import annotations

from syncml.diagnostics.model import Diagnostic, Label, Severity
from syncml.ir.constants import Array, Const
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Equation,
    Fby,
    Merge,
    Node,
    Pack,
    Parameter,
    Post,
    Program,
    Var,
    When,
)
from syncml.ir.operators import Op
from syncml.lazy import numpy as np

_LINEAR = frozenset({Op.COPY, Op.NEG, Op.ADD, Op.SUB, Op.SUM, Op.RESHAPE, Op.TRANSPOSE, Op.STACK, Op.CONCAT, Op.CAST})
"""Operators that give 0 if all that they are applied to is 0."""
_PRODUCTS = frozenset({Op.MUL, Op.MATMUL})
"""Operators that give 0 if one of their arguments is 0."""


def without_learning(program: Program) -> list[Diagnostic]:
    """G012 for each parameter that is not frozen and keeps its first value.

    Args:
        program: Clocked equations that passed all checks.
    """
    if not any(node.parameters for node in program.nodes):
        return []
    flat = inline(program).node(program.main)
    definition = {target: e for e in flat.equations for target in e.targets}
    zeros = _zeros(flat)
    found = [p for p in flat.parameters if not p.frozen and _keeps(definition, zeros, p)]
    return [
        Diagnostic(
            "G012",
            Severity.WARNING,
            f"the parameter `{parameter.name}` keeps its first value: its update is 0 whatever happens",
            Label(parameter.var.span, f"`{parameter.var.name}` is never learned"),
            help="let it descend by the gradient of a loss that depends on it, at a rate above 0, or write frozen=True",
        )
        for parameter in sorted(found, key=lambda p: p.name)
    ]


def _zeros(node: Node) -> frozenset[Var]:
    """The streams that are 0 at every instant: all are assumed to be, and those that need not be are taken out."""
    zeros = {target for e in node.equations for target in e.targets}
    readers: dict[Var, list[Equation]] = {}
    for equation in node.equations:
        for source in _sources(equation):
            readers.setdefault(source, []).append(equation)
    waiting = list(node.equations)
    while waiting:
        equation = waiting.pop()
        if zeros.isdisjoint(equation.targets) or _is_zero(equation, zeros):
            continue
        for target in equation.targets:
            zeros.discard(target)
            waiting += readers.get(target, ())
    return frozenset(zeros)


def _sources(equation: Equation) -> tuple[Var, ...]:
    """The streams that decide whether an equation gives 0."""
    rhs = equation.rhs
    found: tuple[Atom, ...]
    match rhs:
        case Apply():
            found = rhs.arguments
        case Fby():
            found = (rhs.following,)
        case Post():
            found = (rhs.following, rhs.init)
        case When() | Pack():
            found = (rhs.source,)
        case Merge():
            found = tuple(atom for _, atom in rhs.branches)
        case _:
            found = ()
    return tuple(atom for atom in found if isinstance(atom, Var))


def _is_zero(equation: Equation, zeros: set[Var]) -> bool:
    """Whether an equation gives 0 if ``zeros`` are."""

    def zero(atom: Atom | None) -> bool:
        return atom is None or atom in zeros if not isinstance(atom, Const) else _is_nought(atom)

    rhs = equation.rhs
    match rhs:
        case Apply(op=op, arguments=arguments):
            if op in _LINEAR:
                return all(map(zero, arguments))
            if op in _PRODUCTS:
                return any(map(zero, arguments))
            if op is Op.DIV:
                return zero(arguments[0])
            return op is Op.WHERE and all(map(zero, arguments[1:]))
        case Fby():
            return zero(rhs.init) and zero(rhs.following)
        case Post():
            return zero(rhs.following) and zero(rhs.init)
        case When() | Pack():
            return zero(rhs.source)
        case Merge():
            return all(zero(atom) for _, atom in rhs.branches)
        case _:
            return False


def _is_nought(constant: Const) -> bool:
    value = constant.value
    if isinstance(value, Array):
        return not np.any(value.numpy())
    return not isinstance(value, str | bool) and value == 0


def _keeps(definition: dict[Var, Equation], zeros: frozenset[Var], parameter: Parameter) -> bool:
    """Whether the next value of a parameter is the parameter."""

    def nothing(atom: Atom) -> bool:
        return _is_nought(atom) if isinstance(atom, Const) else atom in zeros

    memory = definition[parameter.var].rhs
    waiting: list[Atom] = [memory.following] if isinstance(memory, Fby) else []
    seen: set[Var] = {parameter.var}
    while waiting:
        atom = waiting.pop()
        if not isinstance(atom, Var) or (atom not in seen and atom not in definition):
            return False
        if atom in seen:
            continue
        seen.add(atom)
        match definition[atom].rhs:
            case Apply(op=Op.COPY, arguments=(source,)) | When(source=source):
                waiting.append(source)
            case Apply(op=Op.ADD, arguments=(left, right)) if nothing(left) or nothing(right):
                waiting.append(right if nothing(left) else left)
            case Apply(op=Op.SUB, arguments=(left, right)) if nothing(right):
                waiting.append(left)
            case Merge(branches=branches):
                waiting += [source for _, source in branches]
            case _:
                return False
    return True
