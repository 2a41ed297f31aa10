"""Folding over time: what a network computes on a window is computed once for each value that enters the window.

Rule: of a line (`syncml.ir.equations.folding_lines`) only the newest columns are computed in an instant, the older ones
that somebody reads are kept in a register that moves on:

    full = concat(old, new);   old = image fby concat(old[fresh:], new)

A stretch of the line is a stretch of ``full``; positions beside the padding are computed in each instant from the
stretches that they need. ``image`` is what the unfolded equations give on the window as it is before the first
instant, computed by the interpreter. Each element that is read is thereby the value of the same operations in the same
order as in the unfolded program, at the same or an earlier instant: the results are equal bit by bit.

What is not computed column by column stays: a value that is read as a whole is put together from its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from syncml.dataclass import dataclass
from syncml.ir.clocks import BASE
from syncml.ir.constants import Array, Const
from syncml.ir.equations.batching import batch
from syncml.ir.equations.folding_lines import Lines, lines_of
from syncml.ir.equations.folding_node import Folding, Shared, Values, Whole, without_inputs
from syncml.ir.equations.inline import inline_where
from syncml.ir.equations.reshapes import merge_reshapes
from syncml.ir.equations.syntax import Apply, Call, Equation, Fby, Iterate, Node, Program, Var
from syncml.ir.equations.work import work_of
from syncml.ir.operators import Op
from syncml.ir.types import EnumType, TensorType, Type, element, shape


@dataclass(frozen=True, slots=True)
class Folded:
    """A program after folding, what is shared between instants, and what is not."""

    program: Program
    shared: tuple[Shared, ...] = ()
    whole: tuple[Whole, ...] = ()


class Fold(Enum):
    """Whether windows are folded; the value is what ``--fold`` takes."""

    AUTO = "auto"
    """Where it is less work."""
    NEVER = "never"
    ALWAYS = "always"
    """Wherever it is possible."""


def fold(
    program: Program, values: Values, how: Fold = Fold.AUTO, shown: Callable[[Var], bool] = lambda _var: False
) -> Folded:
    """Fold every node of a clocked program; the program itself where nothing is gained.

    Args:
        program: Clocked equations that passed all checks, without buffers and segments.
        values: The interpreter.
        how: Where to do it.
        shown: Whether somebody observes a stream, which is then there as it was.
    """
    if how is Fold.NEVER or not any(map(_may_have_windows, program.nodes)):
        return Folded(program)
    flat = _with_networks(program, values, shown)
    shared: list[Shared] = []
    whole: list[Whole] = []
    nodes: list[Node] = []
    for node in flat.nodes:
        folding = Folding(node, _lines(node, values), values, shown)
        nodes.append(folding.run())
        shared += folding.shared
        whole += folding.whole
    found = replace(flat, nodes=tuple(nodes))
    if not shared or (how is Fold.AUTO and work_of(found) >= work_of(program)):
        return Folded(program, (), tuple(whole))
    return Folded(found, tuple(shared), tuple(whole))


def _may_have_windows(node: Node) -> bool:
    rhss = [e.rhs for e in node.equations]
    arrays = (isinstance(r, Fby) and isinstance(r.following.type, TensorType) for r in rhss)
    return any(arrays) and any(isinstance(r, Apply) and r.op is Op.CONCAT for r in rhss)


def _constant(value: Any, type_: Type) -> Const:
    kind = element(type_)
    if shape(type_):
        return Const(Array.of(value, kind), kind)
    return Const(kind.constructors[int(value)] if isinstance(kind, EnumType) else value.item(), kind)


def _lines(node: Node, values: Values) -> Lines:
    def constants(equations: tuple[Equation, ...]) -> Mapping[Var, Const]:
        if not equations:
            return {}
        based = tuple(replace(e, clock=BASE) for e in equations)
        found = values(without_inputs(based))
        return {e.target: _constant(found[e.target.name], e.target.type) for e in equations}

    return lines_of(node, constants)


def _with_networks(program: Program, values: Values, shown: Callable[[Var], bool]) -> Program:
    """The calls that take lines, or yield them, inlined, until there is none; reshapes merged.

    What applies a node to each column of a line becomes operations on the line.
    """
    tried: set[tuple[str, str]] = set()
    while True:
        program = replace(program, nodes=tuple(merge_reshapes(n, shown) for n in program.nodes))
        external = {n.name for n in program.nodes if n.external}
        chosen: set[tuple[str, str]] = set()
        arrays: set[tuple[str, str]] = set()
        gives: set[str] = set()
        for node in program.nodes:
            lines = _with_reshapes(node, _lines(node, values))
            if any(v in lines for v in node.outputs):
                gives.add(node.name)
            for equation in node.equations:
                rhs = equation.rhs
                if isinstance(rhs, Iterate) and any(a in lines for a in rhs.arguments if isinstance(a, Var)):
                    arrays.add((node.name, rhs.instance))
                if not isinstance(rhs, Call) or rhs.node in external:
                    continue
                if rhs.node in gives or any(a in lines for a in rhs.arguments if isinstance(a, Var)):
                    chosen.add((node.name, rhs.instance))
        arrays -= tried
        tried |= arrays
        if not chosen and not arrays:
            return program
        here = frozenset(arrays)
        program = batch(program, lambda node, each, here=here: (node.name, each.instance) in here)
        kept = frozenset(chosen)
        program = replace(
            inline_where(program, lambda node, call, kept=kept: (node.name, call.instance) in kept),
            undefined_first=program.undefined_first,
        )


def _with_reshapes(node: Node, found: Lines) -> set[Var]:
    """The lines, and reshapes of them that are none: of a reshape of those there may come lines again."""
    result = set(found.lines)
    for equation in node.equations:
        rhs = equation.rhs
        if isinstance(rhs, Apply) and rhs.op is Op.RESHAPE and rhs.arguments[0] in found.lines:
            result.add(equation.target)
    return result
