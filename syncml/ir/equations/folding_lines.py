"""Which tensors of a node are lines: arrays of the columns that a stream had at the last instants.

Rule: a tensor T with an axis of n positions is a *line* if, of the positions ``left <= j < n - right``,

    T[j] at an instant t  =  c(fresh * t - step * (n - right - 1 - j))          0 <= t

for some sequence c of columns, of which those with a negative number follow from constants alone. Lines are

    w = concat(r[h:], x), r = i fby w                      fresh = h, the extent of x; a window, of any way to write it
    w = concat(r, x), r = i fby concat(r[h:], x)
    concat(p, T, q) along time                             padding; T moves in by the extents of p and q
    op(T, ..) that runs along the axes of lines            `syncml.ir.equations.folding_rules`

The positions beside those, ``left`` and ``right`` of them, depend on padding: they are own values of each instant. All
registers behind a line have the same resets, so that a line starts again as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from math import gcd

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.equations.folding_rules import Along, NotAlongError, Operand, along, cut
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Node, Var
from syncml.ir.operators import Op
from syncml.ir.step.lowering.elements import plain_attribute
from syncml.ir.types import BIT_WIDTH, MATHEMATICAL, Scalar, Type, element, shape, size

_VIEWS = frozenset({Op.COPY, Op.INDEX, Op.SLICE, Op.TRANSPOSE, Op.RESHAPE, Op.UNFOLD, Op.AT, Op.WINDOW})
_CHEAP = frozenset({Op.CAST, Op.ADD, Op.SUB, Op.CONCAT})
"""What is computed again from narrower columns that are kept, in place of being kept itself."""


class Kind(Enum):
    """How a stretch of a line comes about."""

    WINDOW = "window"
    """Its columns are those of a stream; older ones are kept."""
    COMPUTED = "computed"
    """Its newest column is computed; older ones are kept."""
    VIEW = "view"
    """It is computed, at no or little cost, from the same stretch of what it reads."""
    PADDED = "padded"
    """A line between other values."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """What is known of a line; see the rule of the module.

    Attributes:
        runs: How it is computed; None for a window and what is padded.
        offset: Of what is padded, the position of the first value of the line inside.
        newest: Of a window, the stream of its columns.
        start: Of a window, what is in it before the newest columns at first.
        stored: The bytes of a column where it is kept.
    """

    equation: Equation
    kind: Kind
    axis: int
    count: int
    left: int
    right: int
    step: int
    fresh: int
    resets: tuple[Var, ...]
    stored: int
    runs: Along | None = None
    offset: int = 0
    newest: Var | None = None
    start: Const | None = None

    @property
    def var(self) -> Var:
        """The tensor."""
        return self.equation.target

    @property
    def middle(self) -> int:
        """How many positions are shared between instants."""
        return self.count - self.left - self.right


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a node, each after those that it reads, and why other readers of lines are none."""

    lines: Mapping[Var, Line]
    constants: Mapping[Var, Const]
    reasons: Mapping[Var, str]
    partial: Mapping[Var, Along]
    """Readers that need no more than a part of the lines that they read, and are none themselves."""


def lines_of(node: Node, value: Callable[[tuple[Equation, ...]], Mapping[Var, Const]]) -> Lines:
    """The lines of a clocked node; ``value`` gives the values of equations of constants."""
    definition = {t: e for e in node.equations for t in e.targets}
    order = list(_in_order(node, definition))
    windows = {line.var: line for e in order if (line := _window(e, definition)) is not None}
    if not windows:
        return Lines({}, {}, {}, {})
    fixed = _constant_equations(order)
    constants = value(fixed)
    found = _Search(constants)
    for equation in order:
        if equation.target in windows:
            found.lines[equation.target] = windows[equation.target]
        elif equation.target not in constants:
            found.visit(equation)
    return Lines(found.lines, constants, found.reasons, found.partial)


class _Search:
    """The lines that were found so far."""

    def __init__(self, constants: Mapping[Var, Const]) -> None:
        self.constants = constants
        self.lines: dict[Var, Line] = {}
        self.reasons: dict[Var, str] = {}
        self.partial: dict[Var, Along] = {}

    def visit(self, equation: Equation) -> None:
        """Decide whether the target of a pointwise equation is a line."""
        rhs = equation.rhs
        assert isinstance(rhs, Apply)
        read = [self.lines[a] for a in rhs.arguments if isinstance(a, Var) and a in self.lines]
        if not read:
            return
        try:
            self._line(equation, rhs, read)
        except NotAlongError as reason:
            self.reasons[equation.target] = str(reason)

    def _line(self, equation: Equation, rhs: Apply, read: list[Line]) -> None:
        first = read[0]
        if any((o.resets, o.step, o.fresh) != (first.resets, first.step, first.fresh) for o in read):
            raise NotAlongError("has operands that move at different paces or start again at different instants")
        if element(equation.target.type) in MATHEMATICAL:
            raise NotAlongError("is of exact numbers")
        if rhs.op is Op.CONCAT and plain_attribute(rhs.attribute) == (first.axis,):
            self.lines[equation.target] = _padded(equation, rhs, read)
            return
        operands = [self._operand(a) for a in rhs.arguments]
        runs = along(rhs.op, rhs.attribute, operands, equation.target.type)
        low, high = max(line.left for line in read), min(line.count - line.right for line in read)
        begin = max(0, -((runs.start - low) // runs.stride))
        end = min(runs.count, (high - runs.reach - runs.start) // runs.stride + 1)
        common = gcd(first.step * runs.stride, first.fresh)
        step, fresh = first.step * runs.stride // common, first.fresh // common
        self.partial[equation.target] = runs
        if end - begin <= fresh:
            raise NotAlongError("needs the whole window for each value")
        if 1 not in (step, fresh):
            raise NotAlongError("takes steps along time that do not fit those of the window")
        column = _bytes(equation.target.type) // runs.count
        narrow = len(read) == 1 and rhs.op in _CHEAP and first.stored < column
        view = rhs.op in _VIEWS or narrow
        self.lines[equation.target] = Line(
            equation,
            Kind.VIEW if view else Kind.COMPUTED,
            runs.axis,
            runs.count,
            begin,
            runs.count - end,
            step,
            fresh,
            first.resets,
            first.stored if view else column,
            runs,
        )
        del self.partial[equation.target]

    def _operand(self, atom: Atom) -> Operand:
        line = self.lines.get(atom) if isinstance(atom, Var) else None
        constant = atom if isinstance(atom, Const) else self.constants.get(atom)
        return Operand(atom.type, None if line is None else line.axis, line is not None, constant)


def _padded(equation: Equation, rhs: Apply, read: list[Line]) -> Line:
    if len(read) > 1:
        raise NotAlongError("joins lines along time")
    (line,) = read
    place = next(i for i, a in enumerate(rhs.arguments) if a is line.var)
    extents = [shape(a.type)[line.axis] for a in rhs.arguments]
    before, after = sum(extents[:place]), sum(extents[place + 1 :])
    count = sum(extents)
    return Line(
        equation,
        Kind.PADDED,
        line.axis,
        count,
        before + line.left,
        after + line.right,
        line.step,
        line.fresh,
        line.resets,
        line.stored,
        offset=before,
    )


def _bytes(type_: Type) -> int:
    kind = element(type_)
    return size(type_) * (max(8, BIT_WIDTH.get(kind, 8)) // 8 if isinstance(kind, Scalar) else 4)


def _in_order(node: Node, definition: Mapping[Var, Equation]) -> Iterator[Equation]:
    """The pointwise equations, each after those that it reads."""
    waiting: dict[Var, int] = {}
    readers: dict[Var, list[Equation]] = {}
    ready: list[Equation] = []
    for equation in node.equations:
        if not isinstance(equation.rhs, Apply):
            continue
        needed = {a for a in equation.rhs.arguments if isinstance(a, Var)}
        needed = {a for a in needed if a in definition and isinstance(definition[a].rhs, Apply)}
        waiting[equation.target] = len(needed)
        for atom in needed:
            readers.setdefault(atom, []).append(equation)
        if not needed:
            ready.append(equation)
    for equation in ready:
        yield equation
        for reader in readers.get(equation.target, ()):
            waiting[reader.target] -= 1
            if not waiting[reader.target]:
                ready.append(reader)


def _constant_equations(order: list[Equation]) -> tuple[Equation, ...]:
    """The equations that read nothing but constants, in order."""
    known: set[Var] = set()
    found: list[Equation] = []
    for equation in order:
        assert isinstance(equation.rhs, Apply)
        if all(isinstance(a, Const) or a in known for a in equation.rhs.arguments):
            known.add(equation.target)
            found.append(equation)
    return tuple(found)


def _window(equation: Equation, definition: Mapping[Var, Equation]) -> Line | None:
    """The line that ``equation`` makes of the values of a stream, in one of the two forms of the rule."""
    rhs = equation.rhs
    if not isinstance(rhs, Apply) or rhs.op is not Op.CONCAT or len(rhs.arguments) != 2:
        return None
    kept, newest = rhs.arguments
    (axis,) = plain_attribute(rhs.attribute)
    if not isinstance(newest, Var) or not isinstance(kept, Var) or element(equation.target.type) in MATHEMATICAL:
        return None
    count, fresh = shape(equation.target.type)[axis], shape(newest.type)[axis]
    if count - fresh <= 0 or count <= fresh:
        return None
    whole = _shifted(kept, axis, fresh, definition)
    register = definition.get(kept if whole is None else whole)
    if register is None or not isinstance(register.rhs, Fby) or register.rhs.init is None:
        return None
    if register.clock != equation.clock:
        return None
    following, init = _resolved(register.rhs.following, definition), register.rhs.init
    if whole is not None:
        if following is not equation.target:
            return None
        start = cut(init, axis, fresh, count)
    else:
        if not _pushes(following, kept, newest, axis, fresh, definition):
            return None
        start = init
    column = _bytes(equation.target.type) // count
    return Line(
        equation, Kind.WINDOW, axis, count, 0, 0, 1, fresh, register.rhs.resets, column, newest=newest, start=start
    )


def _resolved(atom: Atom, definition: Mapping[Var, Equation]) -> Atom:
    """What ``atom`` is a copy of."""
    seen: set[Atom] = set()
    while isinstance(atom, Var) and atom in definition and atom not in seen:
        seen.add(atom)
        rhs = definition[atom].rhs
        if not isinstance(rhs, Apply) or rhs.op is not Op.COPY:
            break
        atom = rhs.arguments[0]
    return atom


def _shifted(kept: Atom, axis: int, fresh: int, definition: Mapping[Var, Equation]) -> Var | None:
    """What ``kept`` is without its first ``fresh`` positions, if it is something so."""
    taken = definition.get(kept) if isinstance(kept, Var) else None
    rhs = None if taken is None else taken.rhs
    if not isinstance(rhs, Apply) or rhs.op is not Op.SLICE:
        return None
    source = rhs.arguments[0]
    extent = shape(source.type)[axis] if axis < len(shape(source.type)) else 0
    expected = (axis, fresh, extent - fresh, 1)
    return source if isinstance(source, Var) and rhs.attribute == expected else None


def _pushes(
    following: Atom, register: Var, newest: Var, axis: int, fresh: int, definition: Mapping[Var, Equation]
) -> bool:
    """Whether ``following`` is ``register`` with ``newest`` at its end in place of its first positions."""
    if shape(register.type)[axis] == fresh:
        return _same(following, newest, definition)
    made = definition.get(following) if isinstance(following, Var) else None
    if made is None or not isinstance(made.rhs, Apply):
        return False
    if made.rhs.op is Op.SLICE:
        # The whole without its first positions.
        whole = _shifted(following, axis, fresh, definition)
        joined = definition[whole].rhs if whole is not None and whole in definition else None
        return isinstance(joined, Apply) and joined.op is Op.CONCAT and joined.arguments == (register, newest)
    if made.rhs.op is not Op.CONCAT or made.rhs.attribute != (axis,) or len(made.rhs.arguments) != 2:
        return False
    kept, last = made.rhs.arguments
    return _shifted(kept, axis, fresh, definition) is register and _same(last, newest, definition)


def _same(left: Atom, right: Atom, definition: Mapping[Var, Equation]) -> bool:
    """Whether two streams are one, or the same operation on the same streams."""
    left, right = _resolved(left, definition), _resolved(right, definition)
    if left is right:
        return True
    if not isinstance(left, Var) or not isinstance(right, Var):
        return False
    made = [definition[v].rhs if v in definition else None for v in (left, right)]
    return isinstance(made[0], Apply) and made[0] == made[1] and definition[left].clock == definition[right].clock
