"""One node with its lines folded; the rule is that of `syncml.ir.equations.folding`.

The lines are made in the order in which they read each other, each as the stretches that are needed of it
(`syncml.ir.equations.folding_needs`), and stand where their equations stood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.clocks import BASE, Clock
from syncml.ir.constants import Array, Const, zero
from syncml.ir.equations.folding_lines import Kind, Line, Lines
from syncml.ir.equations.folding_needs import Stretch, needs_of
from syncml.ir.equations.folding_rules import Along, cut
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Fby, Iterate, Node, Var, atoms
from syncml.ir.operators import Op, result_type
from syncml.ir.step.lowering.elements import plain_attribute
from syncml.ir.types import I32, Type, element, shape, size, tensor
from syncml.lazy import numpy as np

Values: TypeAlias = Callable[[Node], Mapping[str, Any]]
"""The values of the streams of a node without inputs and memory."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What became of one line.

    Attributes:
        name: The tensor, by the path of the instance.
        columns: Its extent along time.
        computed: How many of its columns are computed in an instant.
        kept: How many older ones are kept, and ``bytes`` how much memory they take.
    """

    name: str
    span: Span
    columns: int
    computed: int
    kept: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A reader of a window, or of what is computed from it, that is computed anew in each instant, and why."""

    name: str
    span: Span
    reason: str


def without_inputs(equations: tuple[Equation, ...]) -> Node:
    """A node that shows the targets of ``equations``, which read nothing else."""
    targets = tuple(e.target for e in equations)
    clocks = MappingProxyType(dict.fromkeys(targets, BASE))
    return Node("image", "image", (), targets, equations, (), equations[0].span, clocks=clocks)


RING = 64
"""The least number of elements that are kept in a ring."""
SPARSE = 4
"""A ring keeps at least so many columns for each one that is read."""


def column_size(line: Line) -> int:
    """The number of elements of a column."""
    return size(line.var.type) // line.count


class Folding:
    """One node on its way."""

    def __init__(self, node: Node, found: Lines, values: Values, shown: Callable[[Var], bool]) -> None:
        self._node = node
        self._found = found
        self._lines = found.lines
        self._needs = needs_of(node, found, tuple(filter(shown, found.lines)))
        self._values = values
        self._names = {v.name for v in (*node.inputs, *(t for e in node.equations for t in e.targets))}
        self._clocks = dict(node.clocks)
        self._images: dict[int, Mapping[str, Any]] = {}
        self._stretches: dict[tuple[Var, Stretch], Atom] = {}
        self._made: list[Equation] = []
        self._heads: dict[tuple[int, Clock | None, tuple[Var, ...]], Var] = {}
        self._roles: dict[tuple[Var, str], Atom] = {}
        self.shared: list[Shared] = []
        self.whole: list[Whole] = []

    def run(self) -> Node:
        """The node with its lines folded."""
        if not self._lines:
            return self._node
        made: dict[Var, list[Equation]] = {}
        for var, line in self._lines.items():
            if var in self._needs.stretches:
                self._made = made[var] = []
                self._line(line)
        equations: list[Equation] = []
        for equation in self._node.equations:
            for target in equation.targets:
                equations += made.get(target, ())
            if not self._needs.gone.intersection(equation.targets):
                equations.append(self._reader(equation, equations))
        kept = {t for e in equations for t in e.targets} | set(self._node.inputs)
        clocks = MappingProxyType({v: c for v, c in self._clocks.items() if v in kept})
        return replace(self._node, equations=tuple(equations), clocks=clocks)

    def _reader(self, equation: Equation, before: list[Equation]) -> Equation:
        """A reader of lines that is none: it takes the stretches that it needs."""
        target = equation.targets[0] if equation.targets else None
        if target is None or target not in self._found.reasons:
            reads = any(a in self._lines for a in atoms(equation.rhs) if isinstance(a, Var))
            if reads and target not in self._needs.behind:
                self.whole.append(Whole(_name(equation), equation.span, _reason(equation)))
            return equation
        reason, rhs = self._found.reasons[target], equation.rhs
        assert isinstance(rhs, Apply)
        self._made = before
        if target in self._found.partial:
            runs = self._found.partial[target]
            self.whole.append(Whole(target.name, equation.span, reason))
            rhs = self._applied(rhs, runs, 0, runs.count)
        elif (line := self._one_of(rhs)) is not None:
            position = plain_attribute(rhs.attribute)
            first = position[line.axis]
            chosen = self._stretches[line.var, (first, first + 1)]
            rhs = Apply(Op.INDEX, (chosen,), (*position[: line.axis], 0, *position[line.axis + 1 :]))
        else:
            self.whole.append(Whole(target.name, equation.span, reason))
        return replace(equation, rhs=rhs)

    def _one_of(self, rhs: Apply) -> Line | None:
        """The line of which ``rhs`` is the element at one position."""
        source = rhs.arguments[0]
        line = self._lines.get(source) if isinstance(source, Var) and rhs.op is Op.INDEX else None
        return None if line is None or line.axis >= len(plain_attribute(rhs.attribute)) else line

    def _line(self, line: Line) -> None:
        """The stretches of one line that are needed, and the line itself where it is."""
        for stretch in self._needs.stretches[line.var]:
            self._stretches[line.var, stretch] = self._stretch(line, stretch)
        if line.var in self._needs.whole and line.var in self._needs.gone:
            whole = self._stretches[line.var, (0, line.count)]
            self._made.append(Equation((line.var,), Apply(Op.COPY, (whole,)), line.equation.span, line.equation.clock))
        if line.kind in (Kind.WINDOW, Kind.COMPUTED):
            self._note(line)

    def _stretch(self, line: Line, stretch: Stretch) -> Atom:
        first, stop = stretch
        rhs = line.equation.rhs
        assert isinstance(rhs, Apply)
        if line.var in self._needs.unchanged:
            return self._slice(line, line.var, first, stop - first)
        match line.kind:
            case Kind.VIEW:
                assert line.runs is not None
                return self._define(line, "part", self._applied(rhs, line.runs, first, stop))
            case Kind.PADDED:
                return self._padded(line, rhs, first, stop)
            case Kind.WINDOW | Kind.COMPUTED:
                end = line.count - line.right
                parts: list[Atom] = []
                if first < line.left:
                    low, high = self._needs.left[line.var]
                    own = self._once(line, "first", lambda: self._computed(line, low, high))
                    parts.append(self._slice(line, own, first - low, min(stop, high) - first))
                if first < end and stop > line.left:
                    parts.append(self._shared(line, max(first, line.left), min(stop, end)))
                if stop > end:
                    low, high = self._needs.right[line.var]
                    own = self._once(line, "last", lambda: self._computed(line, low, high))
                    parts.append(self._slice(line, own, max(first, low) - low, stop - max(first, low)))
                return self._joined(line, parts)

    def _shared(self, line: Line, first: int, stop: int) -> Atom:
        """A stretch of the shared positions, from the columns that are kept and the newest ones."""
        depth, fresh, count = self._needs.depth[line.var], line.fresh, stop - first
        newest = self._once(line, "newest", lambda: self._newest(line))
        place = depth + fresh - 1 - line.step * (line.count - line.right - 1 - first)
        if place >= depth:
            return self._slice(line, newest, place - depth, count, line.step)
        ring = self._rings(line, depth)
        past = self._once(line, "past", lambda: self._ring(line, newest) if ring else self._past(line, newest))
        if ring:
            taken = range(place, place + count * line.step, line.step)
            return self._joined(line, [self._tap(line, past, depth - position) for position in taken])
        if place + (count - 1) * line.step < depth:
            return self._slice(line, past, place, count, line.step)
        full = self._once(line, "columns", lambda: self._joined(line, [past, newest]))
        return self._slice(line, full, place, count, line.step)

    def _newest(self, line: Line) -> Atom:
        end = line.count - line.right
        return line.newest if line.newest is not None else self._computed(line, end - line.fresh, end)

    def _past(self, line: Line, newest: Atom) -> Var:
        """The columns that are kept, the oldest first, in a register that moves on."""
        depth, fresh = self._needs.depth[line.var], line.fresh
        image = self._image(line, depth)
        old = self._var(line, "past", image.type)
        kept: list[Atom] = []
        if depth > fresh:
            kept.append(self._slice(line, old, fresh, depth - fresh))
        kept.append(self._slice(line, newest, max(0, fresh - depth), min(fresh, depth)))
        self._register(line, old, image, self._joined(line, kept, "next"))
        return old

    def _register(self, line: Line, var: Var, init: Const, following: Atom) -> None:
        rhs = Fby(init, following, line.resets)
        self._made.append(Equation((var,), rhs, line.equation.span, line.equation.clock))

    def _rings(self, line: Line, depth: int) -> bool:
        """Whether so few of the columns that are kept are read that a ring moves less than a shift register."""
        if line.fresh > 1 or depth * column_size(line) < RING:
            return False
        read = 0
        for first, stop in self._needs.stretches[line.var]:
            low, high = max(first, line.left), min(stop, line.count - line.right)
            if high - low > 1 and high == line.count - line.right:
                return False
            read += max(0, high - low)
        return read * SPARSE <= depth

    def _ring(self, line: Line, newest: Atom) -> Var:
        """The columns that are kept in a ring: the next one takes the place of the oldest, at the head."""
        depth = self._needs.depth[line.var]
        image = self._image(line, depth)
        assert isinstance(image.value, Array)
        columns = np.stack(np.split(image.value.numpy(), depth, line.axis))
        ring = self._var(line, "ring", tensor(element(line.var.type), columns.shape))
        head = self._head(line, depth)
        moved = self._define(line, "next", Apply(Op.UPDATE, (ring, newest, head)))
        self._register(line, ring, Const(Array.of(columns, element(line.var.type)), element(line.var.type)), moved)
        return ring

    def _head(self, line: Line, depth: int) -> Var:
        """Where the oldest column is; one for all rings of a length that move together."""
        key = (depth, line.equation.clock, line.resets)
        if key not in self._heads:
            head = self._heads[key] = self._var(line, "head", I32)
            full = self._define(line, "last", Apply(Op.GE, (head, Const(depth - 1, I32))))
            more = self._define(line, "more", Apply(Op.ADD, (head, Const(1, I32))))
            following = self._define(line, "place", Apply(Op.WHERE, (full, Const(0, I32), more)))
            self._register(line, head, Const(0, I32), following)
        return self._heads[key]

    def _tap(self, line: Line, ring: Atom, age: int) -> Var:
        """The column of a ring that is ``age`` instants old."""
        depth = self._needs.depth[line.var]
        head = self._head(line, depth)
        if age == depth:
            return self._define(line, "part", Apply(Op.AT, (ring, head)))
        ahead = self._define(line, "ahead", Apply(Op.GE, (head, Const(age, I32))))
        near = self._define(line, "near", Apply(Op.SUB, (head, Const(age, I32))))
        far = self._define(line, "far", Apply(Op.ADD, (head, Const(depth - age, I32))))
        place = self._define(line, "place", Apply(Op.WHERE, (ahead, near, far)))
        return self._define(line, "part", Apply(Op.AT, (ring, place)))

    def _image(self, line: Line, depth: int) -> Const:
        """The columns that are kept at first, the oldest first."""
        last = line.count - line.right - 1
        columns: list[Any] = []
        for age in range(depth, 0, -1):
            back = -(-age // line.step) if line.fresh == 1 else age + line.fresh - 1
            moved = line.step * back - age if line.fresh == 1 else 0
            columns.append(self._values_at(moved)[line.var.name].take([last - back], line.axis))
        kind = element(line.var.type)
        return Const(Array.of(np.concatenate(columns, line.axis), kind), kind)

    def _values_at(self, moved: int) -> Mapping[str, Any]:
        """The lines at an instant of which all but the oldest values of the windows are not known yet: zeros."""
        if moved not in self._images:
            equations: list[Equation] = []
            for line in self._lines.values():
                rhs = line.equation.rhs
                assert isinstance(rhs, Apply)
                if line.start is not None:
                    assert isinstance(line.start.value, Array)
                    known = line.start.value.numpy()
                    known = known.take(
                        range(min(moved * line.fresh, known.shape[line.axis]), known.shape[line.axis]), line.axis
                    )
                    wanted = shape(line.var.type)
                    filled = np.zeros(wanted, known.dtype)
                    filled[tuple(slice(0, n) for n in known.shape)] = known
                    kind = element(line.var.type)
                    rhs = Apply(Op.COPY, (Const(Array.of(filled, kind), kind),))
                else:
                    rhs = replace(rhs, arguments=tuple(self._known(a) for a in rhs.arguments))
                equations.append(Equation((line.var,), rhs, line.equation.span, BASE))
            self._images[moved] = self._values(without_inputs(tuple(equations)))
        return self._images[moved]

    def _known(self, atom: Atom) -> Atom:
        """An operand at an instant before the first; what is no line does not reach the positions that count."""
        if isinstance(atom, Const) or atom in self._lines:
            return atom
        return self._found.constants.get(atom, zero(atom.type))

    def _computed(self, line: Line, first: int, stop: int) -> Atom:
        assert line.runs is not None and isinstance(line.equation.rhs, Apply)
        return self._define(line, "newest", self._applied(line.equation.rhs, line.runs, first, stop))

    def _applied(self, rhs: Apply, runs: Along, first: int, stop: int) -> Apply:
        """The operation on the stretches that the positions of its value need."""
        support = runs.support(first, stop)
        taps = runs.parts(first, stop)
        if len(taps) > 1:
            source = rhs.arguments[0]
            assert isinstance(source, Var)
            joined = self._joined(self._lines[source], [self._stretches[source, tap] for tap in taps])
            return Apply(Op.UNFOLD, (joined,), (runs.axis, len(taps), 1, 1))
        arguments: list[Atom] = []
        for atom, axis in zip(rhs.arguments, runs.axes, strict=True):
            if isinstance(atom, Var) and atom in self._lines:
                arguments.append(self._stretches[atom, support])
                continue
            constant = atom if isinstance(atom, Const) else self._found.constants[atom]
            # A constant is equal at all positions.
            arguments.append(atom if axis is None else cut(constant, axis, 0, support[1] - support[0]))
        return replace(rhs, arguments=tuple(arguments), attribute=runs.attribute(stop - first))

    def _padded(self, line: Line, rhs: Apply, first: int, stop: int) -> Atom:
        parts: list[Atom] = []
        at = 0
        for atom in rhs.arguments:
            extent = shape(atom.type)[line.axis]
            low, high = max(first - at, 0), min(stop - at, extent)
            if low < high and isinstance(atom, Var) and atom in self._lines:
                parts.append(self._stretches[atom, (low, high)])
            elif low < high:
                parts.append(self._slice(line, atom, low, high - low))
            at += extent
        return self._joined(line, parts)

    def _once(self, line: Line, role: str, make: Callable[[], Atom]) -> Atom:
        key = (line.var, role)
        if key not in self._roles:
            self._roles[key] = make()
        return self._roles[key]

    def _slice(self, line: Line, atom: Atom, start: int, count: int, step: int = 1) -> Atom:
        if start == 0 and count == shape(atom.type)[line.axis]:
            return atom
        if isinstance(atom, Const):
            return cut(atom, line.axis, start, start + count)
        return self._define(line, "part", Apply(Op.SLICE, (atom,), (line.axis, start, count, step)))

    def _joined(self, line: Line, parts: list[Atom], role: str = "columns") -> Atom:
        if len(parts) == 1:
            return parts[0]
        return self._define(line, role, Apply(Op.CONCAT, tuple(parts), (line.axis,)))

    def _define(self, line: Line, role: str, rhs: Apply) -> Var:
        type_ = result_type(rhs.op, tuple(a.type for a in rhs.arguments), rhs.attribute)
        var = self._var(line, role, type_)
        self._made.append(Equation((var,), rhs, line.equation.span, line.equation.clock))
        return var

    def _var(self, line: Line, role: str, type_: Type) -> Var:
        name, number = f"{line.var.name}_{role}", 1
        while name in self._names:
            number += 1
            name = f"{line.var.name}_{role}_{number}"
        self._names.add(name)
        var = Var(name, type_, line.var.span)
        assert line.equation.clock is not None
        self._clocks[var] = line.equation.clock
        return var

    def _note(self, line: Line) -> None:
        needs, var = self._needs, line.var
        own = sum(high - low for part in (needs.left, needs.right) if var in part for low, high in (part[var],))
        depth = needs.depth.get(var, 0)
        computed = own + line.fresh if line.kind is Kind.COMPUTED else 0
        self.shared.append(Shared(var.name, line.equation.span, line.count, computed, depth, depth * line.stored))


def _name(equation: Equation) -> str:
    return equation.targets[0].name if equation.targets else "a call"


def _reason(equation: Equation) -> str:
    """Why a reader that is no pointwise operator takes a window as a whole."""
    match equation.rhs:
        case Iterate(carried=carried) if carried:
            return "goes through the window from an initial value, which is a new one in each instant"
        case Call() | Iterate():
            return "is an instance that takes the window as a whole"
        case _:
            return "takes the window as a whole"
