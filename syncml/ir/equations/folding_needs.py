"""Which stretches of lines are needed in each instant.

Rule: whoever reads a line and is none itself needs the positions that it reads, all of them if it takes the array as it
is. A line that is computed needs, of the lines that it reads, what its newest columns need, and what its positions
beside the padding need as far as they are read; a view needs what the stretches need that are read of it. As many older
columns are kept as the oldest position that is needed asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.equations.folding_lines import Kind, Line, Lines
from syncml.ir.equations.syntax import Apply, Equation, Fby, Node, Var, atoms
from syncml.ir.operators import Op
from syncml.ir.step.lowering.elements import plain_attribute
from syncml.ir.types import shape

Stretch: TypeAlias = tuple[int, int]
"""Positions of a line, from and to before."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What is needed of the lines of a node.

    Attributes:
        stretches: The stretches of each line that something is computed from.
        depth: How many older columns are kept.
        left, right: The positions beside the padding that are computed.
        whole: The lines that exist as arrays under their own names.
        unchanged: The windows that stay as they are: all of their values are kept, or somebody reads the register too.
        behind: What is there for the sake of windows: their registers, and parts of them.
        gone: The lines, and what is behind windows, whose equations do not stay.
    """

    stretches: Mapping[Var, tuple[Stretch, ...]]
    depth: Mapping[Var, int]
    left: Mapping[Var, Stretch]
    right: Mapping[Var, Stretch]
    whole: frozenset[Var]
    unchanged: frozenset[Var]
    behind: frozenset[Var]
    gone: frozenset[Var]


def needs_of(node: Node, found: Lines, shown: Collection[Var]) -> Needs:
    """What is needed of the lines of ``node``, of which the ``shown`` streams are observed beside the outputs."""
    lines = found.lines
    wanted: dict[Var, dict[Stretch, None]] = {v: {} for v in lines}
    visible = {*node.outputs, *shown, *(p.holds for p in node.properties)}
    behind = _machinery(node, lines)
    machinery = {v for part in behind.values() for v in part} - lines.keys()
    seen_outside = visible & machinery
    whole = {v for v in lines if v in visible}
    for equation in node.equations:
        if len(equation.targets) == 1 and equation.target in lines:
            if lines[equation.target].kind is Kind.PADDED:
                seen_outside |= {a for a in atoms(equation.rhs) if isinstance(a, Var) and a in machinery}
            continue
        if machinery.intersection(equation.targets):
            continue
        for atom in atoms(equation.rhs):
            if not isinstance(atom, Var):
                continue
            if atom in machinery:
                seen_outside.add(atom)
            if atom in lines:
                parts = _parts(equation, lines[atom], found)
                wanted[atom].update(dict.fromkeys(parts))
                if not parts:
                    whole.add(atom)
    for var in whole:
        wanted[var][0, lines[var].count] = None
    depth, left, right = _backwards(lines, wanted)
    unchanged = {v for v, part in behind.items() if part & seen_outside}
    unchanged |= {v for v in behind if v in depth and depth[v] == lines[v].count - lines[v].fresh}
    stays = {v for window in unchanged for v in behind[window]} | unchanged
    return Needs(
        {v: tuple(s) for v, s in wanted.items() if s},
        depth,
        left,
        right,
        frozenset(whole),
        frozenset(unchanged),
        frozenset(machinery),
        frozenset((machinery | lines.keys()) - stays),
    )


def _backwards(
    lines: Mapping[Var, Line], wanted: dict[Var, dict[Stretch, None]]
) -> tuple[dict[Var, int], dict[Var, Stretch], dict[Var, Stretch]]:
    """What the lines need of each other, the last line first: depths, and positions on the left and on the right."""
    depth: dict[Var, int] = {}
    left: dict[Var, Stretch] = {}
    right: dict[Var, Stretch] = {}

    def ask(line: Line, first: int, stop: int) -> None:
        if line.runs is None:
            return
        assert isinstance(line.equation.rhs, Apply)
        for atom in line.equation.rhs.arguments:
            if isinstance(atom, Var) and atom in lines:
                wanted[atom].update(dict.fromkeys(line.runs.parts(first, stop)))

    for var, line in reversed(tuple(lines.items())):
        stretches = wanted[var]
        if not stretches:
            continue
        if line.kind is Kind.VIEW:
            for first, stop in stretches:
                ask(line, first, stop)
            continue
        if line.kind is Kind.PADDED:
            _ask_inside(line, stretches, lines, wanted)
            continue
        end = line.count - line.right
        if any(first < line.left for first, _ in stretches):
            left[var] = (min(first for first, _ in stretches), line.left)
            ask(line, *left[var])
        if any(stop > end for _, stop in stretches):
            right[var] = (end, max(stop for _, stop in stretches))
            ask(line, *right[var])
        shared = [max(first, line.left) for first, stop in stretches if first < end and stop > line.left]
        if shared:
            back = end - 1 - min(shared)
            depth[var] = max(0, line.step * back + 1 - line.fresh)
            ask(line, end - line.fresh, end)
    return depth, left, right


def _ask_inside(
    line: Line, stretches: Collection[Stretch], lines: Mapping[Var, Line], wanted: dict[Var, dict[Stretch, None]]
) -> None:
    """What stretches of a padded line need of the line inside."""
    assert isinstance(line.equation.rhs, Apply)
    inner = next(a for a in line.equation.rhs.arguments if isinstance(a, Var) and a in lines)
    for first, stop in stretches:
        low, high = max(first - line.offset, 0), min(stop - line.offset, lines[inner].count)
        if low < high:
            wanted[inner][low, high] = None


def _parts(equation: Equation, line: Line, found: Lines) -> tuple[Stretch, ...]:
    """The stretches of ``line`` that the target of ``equation`` is computed from; none if it takes the array."""
    rhs = equation.rhs
    if not isinstance(rhs, Apply):
        return ()
    if equation.target in found.partial:
        runs = found.partial[equation.target]
        return runs.parts(0, runs.count)
    if rhs.op is Op.INDEX and line.axis < len(plain_attribute(rhs.attribute)):
        position = plain_attribute(rhs.attribute)[line.axis]
        return ((position, position + 1),)
    return ()


def _machinery(node: Node, lines: Mapping[Var, Line]) -> dict[Var, set[Var]]:
    """For each window what is there for its sake: the register behind it, and its parts."""
    definition = {t: e for e in node.equations for t in e.targets}
    found: dict[Var, set[Var]] = {}
    for var, line in lines.items():
        if line.kind is not Kind.WINDOW:
            continue
        behind: set[Var] = set()
        pending = [line.equation]
        while pending:
            rhs = pending.pop().rhs
            for atom in atoms(rhs):
                made = definition.get(atom) if isinstance(atom, Var) else None
                if made is None or not isinstance(atom, Var) or atom in behind or atom in (var, line.newest):
                    continue
                if isinstance(made.rhs, Fby) or (
                    isinstance(made.rhs, Apply)
                    and made.rhs.op in (Op.SLICE, Op.CONCAT, Op.COPY)
                    and shape(atom.type)[: line.axis] == shape(var.type)[: line.axis]
                ):
                    behind.add(atom)
                    pending.append(made)
        found[var] = behind
    return found
