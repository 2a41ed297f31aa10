"""Step code: what a node does at one instant, as statements over scalars and a state record.

    machine  ::= inputs, outputs, state (with initial values), constants, instances of machines, locals, statement*
    stmt     ::= place := expr | if expr {stmt*} else {stmt*} | switch expr {case C: stmt*}
               | for i < n {stmt*} | instance(arg*) -> (slot*) | instance[i](arg*) -> (slot*)
               | reset instance
    expr     ::= literal | place | i | op expr | expr op expr | expr ? expr : expr | convert expr | f(expr*)

Every expression is a scalar of a machine type; a tensor is read and written element by element inside loops, so all
back ends run the same operations in the same order. No expression has an effect and every expression is total: a
partial operation (integer division, conversion to an integer) is guarded by the code around it or by the `Function`
it stands in. Machine integers wrap. Floats are IEEE-754 with each operation rounded once.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.constants import Array, Const
from syncml.ir.types import BOOL, I64, Element, Scalar, Type, element


class Storage(Enum):
    """Where a slot lives."""

    INPUT = "input"
    OUTPUT = "output"
    STATE = "state"
    LOCAL = "local"
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a slot or a statement comes from: the user's stream, its clock in words, its unit, its line."""

    stream: str
    clock: str
    unit: str
    span: Span


@dataclass(frozen=True, slots=True)
class Held:
    """A tensor that lives in a slot that several share: its name, and its first element among those of the slot."""

    name: str
    type: Type
    offset: int
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class Digit:
    """A part of an index: which axis it belongs to, how much one of it counts there, and how many values it has."""

    axis: int
    stride: int
    extent: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the elements of a constant of the program are: one index for each digit of the indices it had.

    ``name`` and ``shape`` are those of the constant in the program.
    """

    name: str
    shape: tuple[int, ...]
    digits: tuple[Digit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """A scalar or tensor variable; an identity object.

    ``name`` is unique among the slots of its storage in its machine, and no other slot has the name of a LOCAL or a
    CONSTANT: a register that is also an output is a STATE and an OUTPUT slot of one name.

    ``initial`` is the value of a STATE slot after `init` and the contents of a CONSTANT slot; None elsewhere.
    ``holds`` are the tensors that share a LOCAL slot, each written before it is read (`syncml.ir.step.overlay`).
    ``layout`` tells of a CONSTANT slot where the elements are if not where the program has them.
    ``near`` is a LOCAL tensor that is to stay a variable of its own, for compilers to keep it in registers.
    """

    name: str
    type: Type
    storage: Storage
    initial: Const | Array | None = None
    origin: Origin | None = None
    holds: tuple[Held, ...] = ()
    layout: Layout | None = None
    near: bool = False

    def __repr__(self) -> str:
        return f"Slot({self.storage.value} {self.name})"


class UnaryOp(Enum):
    """NOT is logical on Booleans and bitwise on integers; NEG, ABS wrap on integers; SQRT is IEEE."""

    NEG = "-"
    NOT = "~"
    ABS = "abs"
    SQRT = "sqrt"


class BinaryOp(Enum):
    """An operation on two operands of one type.

    DIV is for floats; QUOT and REM truncate and need a divisor that is neither 0 nor (-1 with the least integer);
    shifts need a count from 0 to the width - 1. AND, OR, XOR are logical on Booleans (both sides are evaluated:
    expressions have no effect) and bitwise on integers.
    """

    ADD = "+"
    SUB = "-"
    MUL = "*"
    DIV = "/"
    QUOT = "quot"
    REM = "rem"
    AND = "&"
    OR = "|"
    XOR = "^"
    SHL = "<<"
    SHR = ">>"
    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


COMPARISONS = frozenset({BinaryOp.EQ, BinaryOp.NE, BinaryOp.LT, BinaryOp.LE, BinaryOp.GT, BinaryOp.GE})


@dataclass(frozen=True, slots=True)
class Literal:
    """A scalar constant."""

    value: Const

    @property
    def type(self) -> Element:
        """Its type."""
        return self.value.element


@dataclass(frozen=True, slots=True, eq=False)
class LoopIndex:
    """The counter of a `For`, an ``i64`` from 0 to ``count - 1``."""

    name: str

    @property
    def type(self) -> Element:
        """Always ``i64``."""
        return I64


@dataclass(frozen=True, slots=True)
class Place:
    """A scalar slot, or one element of a tensor slot (one ``i64`` index for each axis, proved in range)."""

    slot: Slot
    indices: tuple[Expr, ...] = ()

    @property
    def type(self) -> Element:
        """The element type of the slot."""
        return element(self.slot.type)


@dataclass(frozen=True, slots=True)
class Unary:
    """``op operand``."""

    op: UnaryOp
    operand: Expr

    @property
    def type(self) -> Element:
        """The operand's."""
        return self.operand.type


@dataclass(frozen=True, slots=True)
class Binary:
    """``left op right``."""

    op: BinaryOp
    left: Expr
    right: Expr

    @property
    def type(self) -> Element:
        """``bool`` for a comparison, else the operands'."""
        return BOOL if self.op in COMPARISONS else self.left.type


@dataclass(frozen=True, slots=True)
class Select:
    """``condition ? then : otherwise``; both sides may be evaluated."""

    condition: Expr
    then: Expr
    otherwise: Expr

    @property
    def type(self) -> Element:
        """The branches'."""
        return self.then.type


@dataclass(frozen=True, slots=True)
class Convert:
    """Conversion between machine types.

    Integers wrap; to a float rounds to nearest; float to integer truncates and needs a value that fits; Booleans and
    enumerations convert as 0, 1, ... ; nothing converts to ``bool``.
    """

    operand: Expr
    to: Element

    @property
    def type(self) -> Element:
        """The target."""
        return self.to


@dataclass(frozen=True, slots=True)
class Bitcast:
    """The same bits read as another type of the same width (``f32``/``i32``/``u32``, ``f64``/``i64``/``u64``)."""

    operand: Expr
    to: Scalar

    @property
    def type(self) -> Element:
        """The target."""
        return self.to


@dataclass(frozen=True, slots=True)
class Apply:
    """A pure function of scalars."""

    function: Function
    arguments: tuple[Expr, ...]

    @property
    def type(self) -> Element:
        """The function's result type."""
        return self.function.result.type


Expr: TypeAlias = Literal | LoopIndex | Place | Unary | Binary | Select | Convert | Bitcast | Apply


@dataclass(frozen=True, slots=True)
class Assign:
    """``target := value``."""

    target: Place
    value: Expr
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class If:
    """Two-way choice on a Boolean."""

    condition: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...] = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """Choice on an enumeration; a constructor without a case does nothing."""

    scrutinee: Expr
    cases: tuple[tuple[str, tuple[Stmt, ...]], ...]


@dataclass(frozen=True, slots=True)
class For:
    """``body`` for each value of ``index`` from 0 to ``count - 1``, ascending.

    ``unroll`` asks printers to write the iterations out; it never changes the order of operations.
    """

    index: LoopIndex
    count: int
    body: tuple[Stmt, ...]
    unroll: bool = False


@dataclass(frozen=True, slots=True)
class Invoke:
    """One step of an instance.

    Tensor arguments are whole slots (a `Place` without indices); results are slots of the calling machine, written by
    the step. ``index``, an ``i64`` in range, tells which of an array of instances.
    """

    instance: str
    arguments: tuple[Expr, ...]
    results: tuple[Slot, ...]
    origin: Origin | None = field(default=None, compare=False)
    index: Expr | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Put the state of an instance, or of each of an array of them, back to what it is after `init`."""

    instance: str
    origin: Origin | None = field(default=None, compare=False)


Stmt: TypeAlias = Assign | If | Switch | For | Invoke | Reset


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A pure scalar function: single assignments to locals in order, then a result. No state, no control flow.

    A local may be a small constant table (a CONSTANT tensor slot in ``tables``), read with a computed index that is
    in range.
    """

    name: str
    parameters: tuple[Slot, ...]
    tables: tuple[Slot, ...]
    body: tuple[Assign, ...]
    result: Expr


@dataclass(frozen=True, slots=True)
class Instance:
    """A sub-machine with its own state, or an array of ``extent`` of them, which may have ``names`` of their own."""

    name: str
    machine: str
    extent: int | None = None
    names: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The name of each sub-machine in the names of state: ``f``, or ``f[0]``, ``f[1]``, ..."""
        if self.extent is None:
            return (self.name,)
        return self.names or tuple(f"{self.name}[{i}]" for i in range(self.extent))


@dataclass(frozen=True, slots=True)
class Machine:
    """One node as state, initial state and step. Outputs absent at a tick keep the value they had (0 at first).

    ``span`` is where the user wrote the node. ``external`` names the C function that stands for the machine in C.
    """

    name: str
    label: str
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    state: tuple[Slot, ...]
    constants: tuple[Slot, ...]
    locals: tuple[Slot, ...]
    instances: tuple[Instance, ...]
    body: tuple[Stmt, ...]
    span: Span = field(compare=False)
    external: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """What one rate of the main machine leaves to be done beside its step, on the same state.

    ``machine`` has no inputs and no outputs; its body runs once after each step in which the job was due, and ends
    before the step in which it is due again. ``ticks`` tells at which ticks of prefix and hyperperiod that is.
    """

    machine: Machine
    ticks: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class StepProgram:
    """Machines, each after the machines that it instantiates; ``main`` names the last, to which ``jobs`` belong."""

    machines: tuple[Machine, ...]
    main: str
    jobs: tuple[Job, ...] = ()
