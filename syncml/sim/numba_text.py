"""Statements and expressions of step code in the Python that Numba compiles.

Rule: each operation of step code is one operation of its width (`syncml.sim.numba_intrinsics`), in the same order. The
text works on pointers alone: a tensor is a pointer to its first element, a scalar an element at a constant index of the
stack array of its machine type, which LLVM turns into a register.

Numba's own passes take time quadratic in the length of a function. A long list of statements is therefore cut into
parts, each a function of the pointers that it uses; they are inlined again where the whole is not too long.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Sequence
from typing import assert_never

from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import Const
from syncml.ir.step.independence import independent
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    For,
    Function,
    If,
    Invoke,
    Literal,
    LoopIndex,
    Machine,
    Place,
    Reset,
    Select,
    Slot,
    Stmt,
    Storage,
    Switch,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import mentioned, statements, writes
from syncml.ir.types import BOOL, FLOATS, I64, MACHINE_INTEGERS, Element, EnumType, TensorType, element, size
from syncml.sim.lanes.cost import cost
from syncml.sim.numba_families import families, with_loops
from syncml.sim.numba_near import Group, together

PART = 50
"""The most lines of a function that is a part of the step."""

INLINED = 2000
"""The most statements of a step whose parts are inlined again."""

OPTIONS = 'error_model="numpy", fastmath=False'

INSIDE = "no_cpython_wrapper=True, no_cfunc_wrapper=True"
"""What is called by compiled code alone needs nothing through which others could call it."""

USE = {
    Storage.INPUT: "inputs",
    Storage.OUTPUT: "outputs",
    Storage.STATE: "state",
    Storage.CONSTANT: "constants",
    Storage.LOCAL: "scratch",
}
"""The use of the slots of each storage."""

USES = (*USE.values(), "team")
"""What the arrays of a generated function are for."""

TEAM = "p_team_i64"
"""The pointer to the words that threads share."""

WORTH = 150_000
"""About so many operations (`cost`) a loop has that is worth sharing among threads."""

_LETTER = {
    Storage.INPUT: "i",
    Storage.OUTPUT: "o",
    Storage.STATE: "s",
    Storage.CONSTANT: "k",
    Storage.LOCAL: "l",
}
_INTEGER = {BinaryOp.ADD: "add", BinaryOp.SUB: "sub", BinaryOp.MUL: "mul"}
_NAMED = {
    BinaryOp.QUOT: "quot",
    BinaryOp.REM: "rem",
    BinaryOp.AND: "and_",
    BinaryOp.OR: "or_",
    BinaryOp.XOR: "xor",
    BinaryOp.SHL: "shl",
    BinaryOp.SHR: "shr",
}
_UNARY = {UnaryOp.NEG: "negate", UnaryOp.NOT: "invert", UnaryOp.ABS: "absolute", UnaryOp.SQRT: "root"}


def machine_name(kind: Element) -> str:
    """The name of the machine type of an element in generated code; Booleans are bytes in arrays."""
    return "i32" if isinstance(kind, EnumType) else str(kind)


def array_of(slot: Slot) -> str:
    """The pointer to the array in which a slot lies."""
    return f"p_{USE[slot.storage]}_{machine_name(element(slot.type))}"


def indented(lines: Sequence[str]) -> list[str]:
    """Lines one level deeper."""
    return [f"    {line}" for line in lines]


def load(slot: Slot, pointer: str, index: str) -> str:
    """The element at ``index`` of ``pointer``, of the type of ``slot``."""
    return f"{'load_bool' if element(slot.type) is BOOL else 'load'}({pointer}, {index})"


def store(slot: Slot, pointer: str, index: str, value: str) -> str:
    """Write the element at ``index`` of ``pointer``, of the type of ``slot``."""
    return f"{'store_bool' if element(slot.type) is BOOL else 'store'}({pointer}, {index}, {value})"


def is_long(loop: For) -> bool:
    """Whether a loop is worth sharing among threads, if it can be shared."""
    return loop.count > 1 and cost((loop,)) >= WORTH


class Text:
    """The text of one machine's statements.

    Attributes:
        constants: The lines that define the constants which the text uses.
        parts: The lines of the functions which the text calls, in order of definition.
        memory: The scalars on the stack, with the stack array and the index of each.
        families: The slots that lie side by side, each family behind one pointer.
        pointers: The names of all pointers, which parts take as parameters.
    """

    def __init__(self, machine: Machine, rows: dict[Slot, tuple[str, int]]) -> None:
        count = sum(1 for _ in statements(machine.body))
        self.constants: list[str] = []
        self.parts: list[str] = []
        self.memory = _scalars_in_memory(machine, cut=count > PART)
        self.pointers = {pointer for pointer, _ in (*self.memory.values(), *rows.values())}
        self.pointers.add(TEAM)
        self.pointers.update(array_of(slot) for slot in machine.locals if slot.near)
        self.families = [f for f in families(_variables(machine)) if len(f.slots) > 1]
        self._family = {slot: f for f in self.families for slot in f.slots}
        self._start = {s: i * size(s.type) for f in self.families for i, s in enumerate(f.slots)}
        self._rows = rows
        self._machine = machine
        self._in_task = False
        self._cut = count > PART
        self._inlined = count <= INLINED
        self._literals: dict[str, str] = {}
        self._functions: dict[Function, str] = {}
        self._counters: dict[LoopIndex, str] = {}
        self._around: list[str] = []
        self._names: dict[Slot, str] = {}
        self._used: set[str] = set(self.pointers)

    def name(self, slot: Slot) -> str:
        """The variable of a tensor or of a family (a pointer), or of a scalar that is not in memory."""
        slot = self._family[slot].first if slot in self._family else slot
        if slot not in self._names:
            self._names[slot] = self._unique(f"{_LETTER[slot.storage]}_{slot.name}")
            if (isinstance(slot.type, TensorType) or slot in self._family) and not slot.near:
                self.pointers.add(self._names[slot])
        return self._names[slot]

    def _unique(self, name: str) -> str:
        plain = re.sub(r"\W", "_", name)
        unique, number = plain, 1
        while unique in self._used or keyword.iskeyword(unique):
            number += 1
            unique = f"{plain}_{number}"
        self._used.add(unique)
        return unique

    def function(self, function: Function) -> None:
        """Define a pure function, after those that it applies."""
        if function.tables:
            raise InternalFault(f"{function.name} has tables, which the Numba printer does not print")
        name = self._functions[function] = self._unique(f"f_{function.name}")
        parameters = ", ".join(map(self.name, function.parameters))
        body = [f"{self.name(a.target.slot)} = {self.expr(a.value)}" for a in function.body]
        self._define(name, parameters, [*body, f"return {self.expr(function.result)}"], inline=True)

    def _define(self, name: str, parameters: str, body: list[str], inline: bool) -> None:
        options = f"{OPTIONS}, {INSIDE}, forceinline={inline}"
        self.parts += ["", f"@njit({options})", f"def {name}({parameters}):", *indented(body)]

    # Scalars.

    def write(self, slot: Slot, value: str) -> str:
        """Assign a scalar."""
        if (place := self._place(slot)) is not None:
            return store(slot, place[0], str(place[1]), value)
        return f"{self.name(slot)} = {value}"

    def read(self, slot: Slot) -> str:
        """The value of a scalar."""
        place = self._place(slot)
        return load(slot, place[0], str(place[1])) if place is not None else self.name(slot)

    def _place(self, slot: Slot) -> tuple[str, int] | None:
        """The pointer and the index of a scalar in memory."""
        if slot in self._family:
            return self.name(slot), self._start[slot]
        if slot.near:
            return self.name(slot), 0
        return self.memory.get(slot) or self._rows.get(slot)

    def zero(self, slot: Slot) -> str:
        """The zero of a slot's element type."""
        kind = element(slot.type)
        if isinstance(kind, EnumType):
            return self.literal(Const(kind.constructors[0], kind))
        return self.literal(Const(False if kind is BOOL else 0, kind))

    # Statements.

    def block(self, body: Sequence[Stmt], cut: bool = True, declare: bool = True) -> list[str]:
        """The lines of a list of statements, those of families in loops, cut into parts where it is long."""
        pieces = self._pieces(together(body) if declare else [((), (stmt,)) for stmt in body], cut)
        if not (cut and self._cut) or sum(map(len, pieces)) <= PART:
            return [line for piece in pieces for line in piece] or ["pass"]
        lines: list[str] = []
        part: list[str] = []
        for piece in [*pieces, None]:
            if piece is None or (part and len(part) + len(piece) > PART):
                lines += self._part(part)
                part = []
            part += piece or []
        return lines

    def _pieces(self, groups: Sequence[Group], cut: bool) -> list[list[str]]:
        if not self.families:
            return [self._group(group, cut) for group in groups]
        # What is alike shows before it is cut.
        pieces = with_loops([self._group(group, cut=False) for group in groups])
        return [p.lines if p.number is None or not cut else self._group(groups[p.number], cut) for p in pieces]

    def _group(self, group: Group, cut: bool) -> list[str]:
        near, body = group
        if len(body) == 1 and isinstance(loop := body[0], For) and self._is_task(near, loop):
            return self._task(near, loop)
        return [*self._declared(near), *(line for stmt in body for line in self._statement(stmt, cut))]

    def _is_task(self, near: Sequence[Slot], loop: For) -> bool:
        if self._in_task or not is_long(loop):
            return False
        inside = {slot for slot in mentioned((loop,)) if slot.near}
        # What an outer loop has declared is not the loop's own.
        return inside == set(near) and independent(loop, self._machine, inside)

    def _task(self, near: Sequence[Slot], loop: For) -> list[str]:
        """A loop that threads share: a function of the iterations, in which each has the near variables for itself."""
        self._in_task = True
        lines = [*self._declared(near), *self._loop(loop, "begin, end", cut=False)]
        self._in_task = False
        arguments = self._words(lines)
        name = self._unique("task")
        self._define(name, ", ".join(["begin", "end", *arguments]), lines, inline=False)
        return [f"post({TEAM}, {name}, {loop.count}, ({', '.join(arguments)},))", f"share({TEAM})"]

    def _words(self, lines: Sequence[str]) -> list[str]:
        """The pointers and the counters around that lines mention."""
        words = {word for line in lines for word in re.findall(r"[A-Za-z_]\w*", line)}
        return sorted(words & self.pointers.union(self._around))

    def _declared(self, near: Sequence[Slot]) -> list[str]:
        return [f"{self.name(slot)} = stack({array_of(slot)}, {size(slot.type)})" for slot in near]

    def _part(self, lines: list[str]) -> list[str]:
        if len(lines) < PART // 4:
            return lines
        parameters = ", ".join(self._words(lines))
        name = self._unique("part")
        self._define(name, parameters, lines, self._inlined and not self._around)
        return [f"{name}({parameters})"]

    def _statement(self, stmt: Stmt, cut: bool) -> list[str]:
        match stmt:
            case Assign():
                value, slot = self.expr(stmt.value), stmt.target.slot
                if stmt.target.indices:
                    return [store(slot, self.name(slot), self._index(stmt.target), value)]
                return [self.write(slot, value)]
            case If():
                lines = [f"if {self.expr(stmt.condition)}:", *indented(self.block(stmt.then, cut))]
                if stmt.otherwise:
                    lines += ["else:", *indented(self.block(stmt.otherwise, cut))]
                return lines
            case Switch():
                return self._switch(stmt, cut)
            case For():
                return self._loop(stmt, str(stmt.count), cut)
            case Invoke() | Reset():
                raise InternalFault("an instance outlived inlining")
            case _:
                assert_never(stmt)

    def _loop(self, stmt: For, span: str, cut: bool) -> list[str]:
        counter = self._counters[stmt.index] = self._counter(stmt.index)
        self._around.append(counter)
        # A long body of loops is cut as the step is; its parts take the counters around them as parameters.
        is_cut = cut and _is_long(stmt.body)
        body = indented(self.block(stmt.body, cut=is_cut, declare=is_cut))
        self._around.pop()
        return [f"for {counter} in range({span}):", *body]

    def _counter(self, index: LoopIndex) -> str:
        """The name of a counter, another one than those of the loops around it."""
        name = f"n_{index.name}"
        return name if name not in self._around else f"{name}_{len(self._around)}"

    def _switch(self, stmt: Switch, cut: bool) -> list[str]:
        kind = stmt.scrutinee.type
        assert isinstance(kind, EnumType)
        scrutinee = self.expr(stmt.scrutinee)
        lines: list[str] = []
        for name, block in stmt.cases:
            word = "elif" if lines else "if"
            lines.append(f"{word} {scrutinee} == {self.literal(Const(name, kind))}:")
            lines += indented(self.block(block, cut))
        return lines

    # Expressions.

    def _index(self, place: Place) -> str:
        """The row-major offset of an element."""
        type_ = place.slot.type
        assert isinstance(type_, TensorType)
        terms: list[str] = []
        constant, stride = self._start.get(place.slot, 0), 1
        for extent, i in zip(reversed(type_.shape), reversed(place.indices), strict=True):
            if isinstance(i, Literal):
                constant += int(i.value.machine()) * stride
            else:
                terms.append(self.expr(i) if stride == 1 else f"{self.expr(i)} * {stride}")
            stride *= extent
        if constant or not terms:
            terms.append(str(constant))
        return " + ".join(terms)

    def expr(self, expr: Expr) -> str:
        """The text of an expression, an operand of any operator."""
        match expr:
            case Literal():
                return self.literal(expr.value)
            case LoopIndex():
                return self._counters[expr]
            case Place():
                if expr.indices:
                    return load(expr.slot, self.name(expr.slot), self._index(expr))
                return self.read(expr.slot)
            case Unary():
                return f"{_UNARY[expr.op]}({self.expr(expr.operand)})"
            case Binary():
                return self._binary(expr)
            case Select():
                parts = (expr.condition, expr.then, expr.otherwise)
                return f"select({', '.join(map(self.expr, parts))})"
            case Convert():
                return f"convert_{machine_name(expr.to)}({self.expr(expr.operand)})"
            case Bitcast():
                return f"bits_{machine_name(expr.to)}({self.expr(expr.operand)})"
            case Apply():
                return f"{self._functions[expr.function]}({', '.join(map(self.expr, expr.arguments))})"
            case _:
                assert_never(expr)

    def _binary(self, expr: Binary) -> str:
        left, right, kind = self.expr(expr.left), self.expr(expr.right), expr.left.type
        if expr.op in _NAMED:
            return f"{_NAMED[expr.op]}({left}, {right})"
        if kind is BOOL:
            return f"{'equal' if expr.op is BinaryOp.EQ else 'not_equal'}({left}, {right})"
        if expr.op in _INTEGER and kind in MACHINE_INTEGERS and kind is not I64:
            return f"{_INTEGER[expr.op]}({left}, {right})"
        return f"({left} {expr.op.value} {right})"

    def literal(self, value: Const) -> str:
        """A literal of Python where Numba gives it the right type, else a constant of the module."""
        kind = value.element
        if kind is BOOL:
            return "True" if value.value else "False"
        machine = value.machine()
        if kind is I64:
            return str(int(machine))
        name = "int32" if isinstance(kind, EnumType) else machine.dtype.name
        text = _float_text(float(machine)) if kind in FLOATS else str(int(machine))
        source = f"np.{name}({text})"
        if source not in self._literals:
            self._literals[source] = self._unique(f"C{len(self._literals)}")
            self.constants.append(f"{self._literals[source]} = {source}")
        return self._literals[source]


def _is_long(body: Sequence[Stmt]) -> bool:
    """Whether statements are worth functions of their own: many, and with loops, so that calls cost little."""
    return any(isinstance(stmt, For) for stmt in body) and sum(1 for _ in statements(body)) > PART


def _float_text(value: float) -> str:
    """An expression for exactly ``value``; every finite float reads back from its shortest text."""
    if value != value:
        return "np.nan"
    if value in (float("inf"), float("-inf")):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def _variables(machine: Machine) -> tuple[Slot, ...]:
    """The slots that may have relatives."""
    return (*machine.state, *machine.outputs, *(slot for slot in machine.locals if not slot.near))


def _scalars_in_memory(machine: Machine, cut: bool) -> dict[Slot, tuple[str, int]]:
    """State, outputs, and locals that several statements write (or parts read, in a step that is cut)."""
    count = Counter(slot for stmt in statements(machine.body) for slot in writes(stmt))
    related = {s for f in families(_variables(machine)) if len(f.slots) > 1 for s in f.slots}
    locals_ = (s for s in machine.locals if not s.near and (cut or count[s] > 1))
    candidates = (s for s in (*machine.state, *machine.outputs, *locals_) if s not in related)
    places: dict[Slot, tuple[str, int]] = {}
    used: Counter[str] = Counter()
    for slot in candidates:
        if not isinstance(slot.type, TensorType):
            kind = machine_name(element(slot.type))
            places[slot] = (f"m_{kind}", used[kind])
            used[kind] += 1
    return places
