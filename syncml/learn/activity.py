"""Which streams of a flat node a derivative passes: those that depend on an input and that an output depends on.

Rule: a change passes an equation from a stream of fractional numbers to another one. It does not pass what is read to
choose (conditions, comparisons, indices), nor `stop_gradient`. A number that is rounded to an integer and computed with
further would lose its derivative silently: where an active stream goes into an integer that comes back as a fraction,
that is a fault of the program (G001).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncml.diagnostics.model import Diagnostic, Label, error
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Fby, Merge, Node, Pack, Post, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import INTEGERS, element
from syncml.learn.elementwise import CHOICES, FACTORS
from syncml.learn.structure import STRUCTURE, is_fractional

STOP = "stop_gradient"
"""The attribute of a copy that no derivative passes."""

_INDICES = {Op.AT: 1, Op.WINDOW: 1, Op.UPDATE: 2}
"""From which argument on an operator takes indices."""


def passages(equation: Equation) -> list[Var]:
    """The streams whose changes pass this equation."""
    return [atom for atom in _read(equation) if isinstance(atom, Var) and is_fractional(atom)]


def _read(equation: Equation) -> Iterable[Atom]:
    rhs = equation.rhs
    if not any(map(is_fractional, equation.targets)):
        return ()
    match rhs:
        case Apply(op=Op.COPY, attribute="stop_gradient"):
            return ()
        case Apply(op=op) if op in FACTORS | CHOICES | STRUCTURE:
            return rhs.arguments[: _INDICES.get(op)]
        case Fby():
            return (rhs.following,)
        case When():
            return (rhs.source,)
        case Merge():
            return tuple(atom for _, atom in rhs.branches)
        case Post():
            return (rhs.following, rhs.init)
        case Pack():
            return (rhs.source,)
        case Call():
            return rhs.arguments
        case _:
            return ()


def active(node: Node, inputs: Iterable[Var], outputs: Iterable[Var]) -> frozenset[Var]:
    """The streams that a change of ``inputs`` reaches and that ``outputs`` depend on."""
    forwards: dict[Var, list[Var]] = {}
    backwards: dict[Var, list[Var]] = {}
    for equation in node.equations:
        for source in passages(equation):
            for target in filter(is_fractional, equation.targets):
                forwards.setdefault(source, []).append(target)
                backwards.setdefault(target, []).append(source)
    return _reached(forwards, inputs) & _reached(backwards, outputs)


def reached(node: Node, inputs: Iterable[Var]) -> frozenset[Var]:
    """The streams that a change of ``inputs`` reaches."""
    forwards: dict[Var, list[Var]] = {}
    for equation in node.equations:
        for source in passages(equation):
            forwards.setdefault(source, []).extend(filter(is_fractional, equation.targets))
    return _reached(forwards, inputs)


def _reached(edges: Mapping[Var, list[Var]], start: Iterable[Var]) -> frozenset[Var]:
    found = set(start)
    waiting = list(found)
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return frozenset(found)


def rounded(node: Node, changing: frozenset[Var]) -> list[Diagnostic]:
    """G001 for each conversion of a changing number to an integer."""
    return [
        error(
            "G001",
            f"`{equation.target.name}` is an integer, and has no derivative",
            equation.span,
            "it is rounded here",
            secondary=(Label(source.span, f"`{source.name}` depends on what the derivative is taken by"),)
            if source.user
            else (),
            help="write stop_gradient(x) for what is rounded, if its derivative is to be 0",
        )
        for equation in node.equations
        if isinstance(equation.rhs, Apply) and equation.rhs.op is Op.CAST
        for source in equation.rhs.arguments
        if isinstance(source, Var) and source in changing and element(equation.target.type) in INTEGERS
    ]
