"""Networks as tables: what a solver is told of a network, cell by cell of its inputs.

    x in cell_i  =>  low_i <= y <= high_i            for every cell of a box

Rule: the stream at the end of a network becomes an input, and the table an assumption about it. The bounds are those of
the network as computed, so every run of the program is a run of the tabulated one, and what is proved of that holds;
a violation of it is no violation of the program. Outside of the box nothing is said, and nowhere if none is known, nor
on a cell on which the network's sums may overflow. The box is a guess from what the clauses of the node say of the
network's inputs; the cells whose outputs range furthest are halved first.

An input is a finite number. The output of a network is one where it is bounded, so where floats are the machine's, what
is proved counts only together with the *guards*: each network's input stays on cells with bounds. Take the first
instant, and there the first network in causal order, of a run that leaves them: up to there the run is one of the
tabulated program, on which the guard is proved, unless an assumption reads a network's output and excludes it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.clocks import BASE, Clock, conditions
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Node, Property, PropertyKind, Var, atoms, resets
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, Element, element, shape
from syncml.verify.networks.crown import bounds
from syncml.verify.networks.extract import Found
from syncml.verify.networks.layers import Network
from syncml.verify.networks.region import Region
from syncml.verify.networks.rounding import Floats
from syncml.verify.reach.inputs import claimed
from syncml.verify.reach.plan import networks_of, plan

Cell = tuple[Floats, Floats]

_SPARE = 2.0**-7
"""The part of the range of outputs by which a cell says less than is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What the solver is told of one network.

    Attributes:
        target: The name of the stream at its end.
        source: The name of the stream that it reads.
        network: The network.
        names: The names of the assumptions, one for each cell.
        cells: The cells.
        ranges: The range of the outputs on each.
    """

    target: str
    source: str
    network: Network
    names: tuple[str, ...]
    cells: tuple[Cell, ...]
    ranges: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Tabulated:
    """A flat node with tables in place of its networks.

    Attributes:
        node: The node; the guards are invariants of it.
        tables: What it assumes.
        guards: The names of the guards.
        guarded: Whether the guards make proofs about the machine's floats count: every network has one, and no
            assumption reads what a network yields.
    """

    node: Node
    tables: tuple[Table, ...]
    guards: tuple[str, ...]
    guarded: bool


def tabulated(node: Node, goals: Sequence[Property], cells: int, *, rounded: bool = False) -> Tabulated | None:
    """The node with a table of so many cells in place of each network; None if there is none to put.

    With no cells nothing is known of a network. There are guards where floats are ``rounded``. The goals, and what is
    declared an invariant, say where the network's inputs are expected.
    """
    definitions = {t: e for e in node.equations for t in e.targets}
    networks = networks_of(node, definitions)
    clauses = [p for p in node.properties if p in goals or p.kind in (PropertyKind.ASSUME, PropertyKind.INVARIANT)]
    boxes = claimed(node, clauses, {f.source for f in networks.values()})
    if not networks or (cells and not boxes):
        return None
    writer = _Writer(node)
    tables = [_table(writer, t, f, boxes[f.source], cells) for t, f in networks.items() if f.source in boxes]
    properties = (*node.properties, *writer.assumptions, *(writer.guards if rounded else ()))
    kept = tuple(e for e in node.equations if not set(e.targets) & networks.keys())
    sources = [f.source for f in networks.values()]
    roots = [*node.inputs, *networks, *sources, *node.outputs, *(p.holds for p in properties)]
    equations, clocks = _read((*kept, *writer.equations), {**node.clocks, **writer.clocks}, roots)
    free = not any(networks.keys() & set(e.targets) for e in plan(node, ()).assumed)
    return Tabulated(
        replace(node, inputs=(*node.inputs, *networks), equations=equations, properties=properties, clocks=clocks),
        tuple(tables), tuple(p.name for p in writer.guards if rounded), free and len(writer.guards) == len(networks),
    )  # fmt: skip


def emit_tabulated(
    emit: Callable[[Tabulated], None], node: Node, goals: Sequence[Property], cells: int, rounded: bool
) -> None:
    """Emit `tabulated`, if there is any."""
    if (found := tabulated(node, goals, cells, rounded=rounded)) is not None:
        emit(found)


def _read(
    equations: Sequence[Equation], clocks: Mapping[Var, Clock], roots: Sequence[Var]
) -> tuple[tuple[Equation, ...], Mapping[Var, Clock]]:
    """The equations that some roots depend on, and their clocks: what is left inside of a network is in the way."""
    definitions = {t: e for e in equations for t in e.targets}
    found: set[Var] = set()
    pending = list(roots)
    while pending:
        var = pending.pop()
        if var in found:
            continue
        found.add(var)
        pending += conditions(clocks.get(var, BASE))
        if (equation := definitions.get(var)) is not None:
            pending += [a for a in atoms(equation.rhs) if isinstance(a, Var)]
            pending += [v for t in equation.targets for v in (t, *conditions(clocks.get(t, BASE)))]
            pending += [v for r in resets(equation.rhs) for v in (r, *conditions(clocks.get(r, BASE)))]
    kept = tuple(e for e in equations if not e.targets or found & set(e.targets))
    return kept, MappingProxyType({v: c for v, c in clocks.items() if v in found})


def partition(found: Found, box: Cell, cells: int) -> tuple[list[Cell], list[Cell]]:
    """Cells that cover a box, and the range of the network's outputs on each."""
    parts, ranges = [box], [_range(found, box)]
    while len(parts) < cells:
        widest = int(np.argmax([float((high - low).max()) for low, high in ranges]))
        low, high = parts[widest]
        axis = int(np.argmax((high - low) / (box[1] - box[0] + 1e-300)))
        middle = float(np.float32(0.5 * low[axis] + 0.5 * high[axis]))
        if not low[axis] < middle < high[axis]:
            break
        left, right = high.copy(), low.copy()
        left[axis], right[axis] = middle, middle
        parts[widest : widest + 1] = [(low, left), (right, high)]
        ranges[widest : widest + 1] = [_range(found, p) for p in parts[widest : widest + 2]]
    return parts, ranges


def _range(found: Found, cell: Cell) -> Cell:
    """The outputs for all inputs of a cell, and a little more: literals are decimals in proofs."""
    low, high = (b[None] for b in cell)
    room = 2.0**-20 * (np.abs(low) + np.abs(high)) + 2.0**-100
    least, most = bounds(found.network, Region.box(low - room, high + room)).outputs()
    # Wider than need be, so that simpler bounds can show it again.
    spare = _SPARE * (most[0] - least[0])
    return _outward(least[0] - spare, -np.inf), _outward(most[0] + spare, np.inf)


def _outward(values: Floats, toward: float) -> Floats:
    """Numbers of single precision beyond ``values``; infinite where there are none, or a bound is not known."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    for _ in range(2):
        single = np.nextafter(single, np.float32(toward))
    return np.where(np.isnan(single), toward, single.astype(np.float64))


def bounded(range_: Cell) -> bool:
    """Whether a table says anything of such outputs."""
    return bool(np.isfinite(range_[0]).all() and np.isfinite(range_[1]).all())


class _Writer:
    """New equations on the clock of a network."""

    def __init__(self, node: Node) -> None:
        self._names = {v.name for v in node.clocks}
        self._known = node.clocks
        self.equations: list[Equation] = []
        self.assumptions: list[Property] = []
        self.guards: list[Property] = []
        self.clocks: dict[Var, Clock] = {}

    def clock(self, var: Var) -> Clock:
        """The clock of a stream of the node."""
        return self._known.get(var, BASE)

    def define(
        self,
        op: Op,
        arguments: tuple[Atom, ...],
        type_: Element,
        like: Var,
        clock: Clock,
        at: tuple[int, ...] | None = None,
    ) -> Var:
        """A new stream."""
        name = f"{like.name}.cell{len(self.equations)}"
        while name in self._names:
            name += "_"
        self._names.add(name)
        var = Var(name, type_, like.span)
        self.clocks[var] = clock
        self.equations.append(Equation((var,), Apply(op, arguments, at), like.span, clock))
        return var

    def all(self, op: Op, parts: list[Var], like: Var, clock: Clock) -> Var:
        """A conjunction or disjunction."""
        result = parts[0]
        for part in parts[1:]:
            result = self.define(op, (result, part), BOOL, like, clock)
        return result


def _table(writer: _Writer, target: Var, found: Found, box: Cell, cells: int) -> Table:
    clock = writer.clock(target)
    inputs, outputs = _elements(writer, found.source, clock), _elements(writer, target, clock)
    parts, ranges = partition(found, box, cells)
    covered = [(c, r) for c, r in zip(parts, ranges, strict=True) if bounded(r)]
    names: list[str] = []
    for number, (cell, range_) in enumerate(covered if cells else ()):
        inside = _between(writer, inputs, cell, target, clock)
        within = _between(writer, outputs, range_, target, clock)
        outside = writer.define(Op.NOT, (inside,), BOOL, target, clock)
        holds = writer.define(Op.OR, (outside, within), BOOL, target, clock)
        names.append(f"{target.name} on cell {number}")
        writer.assumptions.append(Property(PropertyKind.ASSUME, names[-1], holds, target.span))
    if len(covered) == len(parts):
        inside = _between(writer, inputs, box, target, clock)
        writer.guards.append(Property(PropertyKind.INVARIANT, f"{target.name} reads its cells", inside, target.span))
    return Table(
        target.name, found.source.name, found.network, tuple(names), tuple(c for c, _ in covered),
        tuple(r for _, r in covered),
    )  # fmt: skip


def _elements(writer: _Writer, var: Var, clock: Clock) -> list[Var]:
    """The elements of a stream, in row-major order."""
    places = np.ndindex(shape(var.type))
    if not shape(var.type):
        return [var]
    return [writer.define(Op.INDEX, (var,), element(var.type), var, clock, place) for place in places]


def _between(writer: _Writer, parts: list[Var], cell: Cell, like: Var, clock: Clock) -> Var:
    conditions: list[Var] = []
    for i, var in enumerate(parts):
        for op, bound in ((Op.GE, float(cell[0][i])), (Op.LE, float(cell[1][i]))):
            conditions.append(writer.define(op, (var, Const(bound, element(var.type))), BOOL, like, clock))
    return writer.all(Op.AND, conditions, like, clock)
