"""Random well-clocked programs: multi-rate, enumerations, tensors, calls, iterators, resets, automata, feedback.

A program is well-clocked by construction: every variable is kept under its clock, and an equation only joins variables
of one clock. Registers are declared first and get their next value last, so loops through delays arise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st

from syncml.ir.clocks import BASE, Clock, On, Periodic, every, word
from syncml.ir.constants import Const, dtype
from syncml.ir.equations.syntax import Atom, Fby, Node, Program, Var, Wave
from syncml.ir.operators import Op, result_type
from syncml.ir.types import (
    BOOL,
    F32,
    F64,
    FLOATS,
    I32,
    MACHINE_INTEGERS,
    Element,
    EnumType,
    Scalar,
    TensorType,
    Type,
    element,
    integer_range,
    shape,
    tensor,
)
from syncml.ir.typing_rules import Attribute, OperatorTypeError
from tests.support.ir import NodeBuilder, const

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]

MODE = EnumType("Mode", ("CRUISE", "FOLLOW", "DEGRADED"))
TYPES: tuple[Type, ...] = (
    BOOL, F32, F32, F64, I32, Scalar.I8, Scalar.U8, Scalar.I16, Scalar.U16, Scalar.U32, Scalar.I64, Scalar.U64, MODE,
    TensorType(F32, (3,)), TensorType(F64, (2,)), TensorType(F32, (2, 3)), TensorType(I32, (3,)),
    TensorType(BOOL, (2,)), TensorType(MODE, (2,)),
)  # fmt: skip
WORDS = [word((), (1, 0)), word((), (0, 1)), word((), (1, 0, 0)), word((1,), (0, 0, 1)), word((0, 0), (1, 1, 0, 1))]
_BINARY = (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.FLOORDIV, Op.MOD, Op.MIN, Op.MAX, Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT,
           Op.GE, Op.AND, Op.OR, Op.XOR, Op.SHL, Op.SHR, Op.ATAN2, Op.POW, Op.MATMUL)  # fmt: skip
_UNARY = (Op.COPY, Op.NEG, Op.ABS, Op.NOT, Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS)
_REDUCTIONS = (Op.SUM, Op.LEAST, Op.GREATEST, Op.ALL, Op.ANY)
_SPECIAL = (0.0, -0.0, 1.0, -1.5, math.inf, -math.inf, math.nan, 1e-40, 1e30, 0.1, 3.0e9, -200.0)


@dataclass
class Scope:
    """A node under construction, its variables by clock."""

    draw: Draw
    builder: NodeBuilder
    callees: list[Node]
    variables: dict[Clock, list[Var]] = field(default_factory=dict)
    registers: list[tuple[Var, Const, Clock, tuple[Var, ...]]] = field(default_factory=list)
    always: tuple[Var, ...] = ()
    """What resets everything in the scope."""
    types: tuple[Type, ...] = TYPES
    """The types of inputs, registers and operands."""

    def choose(self, options: list[T] | tuple[T, ...]) -> T:
        return self.draw(st.sampled_from(options))

    def add(self, clock: Clock, *variables: Var) -> None:
        self.variables.setdefault(clock, []).extend(variables)

    def resets(self) -> tuple[Var, ...]:
        """Resets: mostly none. They are older than what they reset, so no cycle arises.

        They are on the base clock of the node, for a stream that is made of constants alone may be on any.
        """
        registers = {r for r, *_ in self.registers}
        found = [v for v in self.variables.get(BASE, []) if v.type is BOOL and v not in registers]
        if not found or self.draw(st.integers(0, 2)):
            return self.always
        return self.always + tuple(self.choose(found) for _ in range(self.draw(st.integers(1, 2))))

    def pick(self, clock: Clock, type_: Type) -> Atom:
        """A variable of this clock and type, or a constant."""
        found = [v for v in self.variables.get(clock, []) if v.type == type_]
        return self.choose(found) if found and self.draw(st.integers(0, 4)) else literal(self.draw, type_)


def literal(draw: Draw, type_: Type) -> Const:
    """A constant of ``type_``, special values included."""
    count = math.prod(shape(type_))
    kind = element(type_)
    values = [_scalar(draw, kind) for _ in range(count)]
    if not shape(type_):
        return const(values[0], kind)
    indexed = [kind.constructors.index(v) if isinstance(kind, EnumType) else v for v in values]
    return const(np.array(indexed, dtype=dtype(kind)).reshape(shape(type_)), kind)


def _scalar(draw: Draw, kind: Element) -> Any:
    if isinstance(kind, EnumType):
        return draw(st.sampled_from(kind.constructors))
    if kind is BOOL:
        return draw(st.booleans())
    if kind in FLOATS:
        return draw(st.sampled_from(_SPECIAL) | st.floats(-100.0, 100.0, width=32))
    low, high = integer_range(kind)
    return draw(st.sampled_from((low, high, 0, 1, high // 3)) | st.integers(max(low, -9), min(high, 9)))


def apply(scope: Scope, clock: Clock) -> None:
    """An equation on variables of ``clock``, if the drawn operator fits the drawn operands."""
    first = scope.choose(scope.variables[clock])
    shape_ = scope.choose(("unary", "binary", "binary", "reduce", "where", "cast", "stack", "index", "slice", "at",
                           "reshape", "transpose", "concat", "unfold",
                           "window", "update", "update", "einsum"))  # fmt: skip
    op, arguments, attribute = _application(scope, clock, first, shape_)
    try:
        result_type(op, tuple(a.type for a in arguments), attribute)
    except OperatorTypeError:
        return
    name = f"x{len(scope.builder.equations)}" if scope.draw(st.booleans()) else ""
    scope.add(clock, scope.builder.op(op, *arguments, attribute=attribute, name=name))


def _application(scope: Scope, clock: Clock, x: Var, kind: str) -> tuple[Op, tuple[Atom, ...], Attribute]:
    rank = len(shape(x.type))
    axis = scope.draw(st.integers(0, max(0, rank - 1)))
    match kind:
        case "unary":
            return scope.choose(_UNARY), (x,), None
        case "binary":
            return scope.choose(_BINARY), (x, scope.pick(clock, _partner(scope, x.type))), None
        case "reduce":
            return scope.choose(_REDUCTIONS), (x,), (axis,)
        case "where":
            return Op.WHERE, (scope.pick(clock, BOOL), x, scope.pick(clock, x.type)), None
        case "cast":
            floats = [t for t in (F32, F64) if t in scope.types]
            return Op.CAST, (x,), scope.choose([*sorted(MACHINE_INTEGERS, key=str), *floats, BOOL])
        case "stack":
            return Op.STACK, (x, scope.pick(clock, x.type)), None
        case "concat":
            return Op.CONCAT, (x, scope.pick(clock, x.type)), (axis,)
        case "index":
            return Op.INDEX, (x,), (scope.draw(st.integers(0, 2)),)
        case "slice":
            extent = shape(x.type)[axis] if rank else 1
            step = scope.choose((1, 1, 2, -1, -2))
            count = scope.draw(st.integers(1, max(1, extent // abs(step))))
            return Op.SLICE, (x,), (axis, 0 if step > 0 else extent - 1, count, step)
        case "window":
            return Op.WINDOW, (x, scope.pick(clock, I32)), (scope.draw(st.integers(1, 2)),)
        case "update":
            depth = scope.draw(st.integers(1, max(1, rank)))
            value = scope.pick(clock, tensor(element(x.type), shape(x.type)[depth:]))
            return Op.UPDATE, (x, value, *(_place(scope, clock) for _ in range(depth))), None
        case "einsum":
            form, others = scope.choose(_CONTRACTIONS.get(rank, [("->", ())]))
            return Op.EINSUM, (x, *(scope.pick(clock, tensor(element(x.type), shape_)) for shape_ in others)), form
        case "at":
            return Op.AT, (x, scope.pick(clock, I32)), None
        case "unfold":
            form = (scope.draw(st.integers(1, 2)), scope.draw(st.integers(1, 2)), scope.draw(st.integers(1, 2)))
            return Op.UNFOLD, (x,), (axis, *form)
        case "reshape":
            return Op.RESHAPE, (x,), (math.prod(shape(x.type)),)
        case _:
            return Op.TRANSPOSE, (x,), tuple(reversed(range(rank)))


_CONTRACTIONS: dict[int, list[tuple[str, tuple[tuple[int, ...], ...]]]] = {
    1: [("i,i->", ((3,),)), ("i,j->ij", ((3,),)), ("i,i,i->i", ((3,), (3,))), ("i->", ())],
    2: [("ij,j->i", ((3,),)), ("ij->ji", ()), ("ij,ij->", ((2, 3),)), ("ij,kj->ik", ((2, 3),)), ("ij->j", ())],
}
"""Contractions of a vector or matrix with operands of further shapes."""


def _partner(scope: Scope, type_: Type) -> Type:
    """The same type, or one that broadcasts or multiplies with it."""
    same: list[Type] = [t for t in scope.types if element(t) == element(type_)]
    return scope.choose([type_, *same])


def _place(scope: Scope, clock: Clock) -> Atom:
    """An index, mostly in range."""
    index = scope.pick(clock, I32)
    return scope.builder.op(Op.MOD, index, const(4, I32)) if scope.draw(st.integers(0, 2)) else index


def sample(scope: Scope, clock: Clock) -> None:
    """Variables of a sub-clock of ``clock``, and a merge that brings one back."""
    builder = scope.builder
    if clock != BASE and not isinstance(clock, Periodic | On):
        return
    conditions = [v for v in scope.variables[clock] if v.type in (BOOL, MODE)]
    kind = scope.choose(("wave", "data"))
    if kind == "wave" or not conditions:
        chosen, resets = scope.choose(WORDS), scope.resets()
        condition = builder.define(builder.fresh(BOOL), Wave(chosen, resets))
        slow, complement = every(clock, chosen), every(clock, word(*_flip(chosen.prefix, chosen.period)))
        sides: list[tuple[bool | str, Clock]] = [(True, slow), (False, complement)]
        if resets:
            sides = [(side, On(clock, condition, side)) for side in (True, False)]
        scope.add(clock, condition)
    else:
        condition = scope.choose(conditions)
        names = (True, False) if condition.type is BOOL else MODE.constructors
        # A condition that reads a word makes a periodic clock; leave those to the first case.
        if any(condition in e.targets and isinstance(e.rhs, Wave) and not e.rhs.resets for e in builder.equations):
            return
        sides = [(name, On(clock, condition, name)) for name in names]
    source = scope.choose(scope.variables[clock])
    branches: list[tuple[bool | str, Atom]] = []
    for constructor, sub in sides:
        sampled = builder.when(source, condition, constructor)
        scope.add(sub, sampled)
        if scope.draw(st.booleans()):
            apply(scope, sub)
        if scope.draw(st.booleans()):
            register(scope, sub, source.type)
        branches.append((constructor, scope.pick(sub, source.type)))
    scope.add(clock, builder.merge(condition, *branches))


def automaton(scope: Scope, clock: Clock) -> None:
    """A state machine on ``clock``, as `automaton` makes one: registers, merges, resets."""
    builder = scope.builder
    flags = [v for v in scope.variables[clock] if v.type is BOOL]
    if not flags:
        return
    source = scope.choose(scope.variables[clock])
    mode = builder.declare(f"m{len(builder.equations)}", MODE)
    restarts = builder.declare(f"{mode.name}_restarts", BOOL)
    following: list[tuple[bool | str, Atom]] = []
    afresh: list[tuple[bool | str, Atom]] = []
    results: list[tuple[bool | str, Atom]] = []
    for name in MODE.constructors:
        sub = On(clock, mode, name)
        start = builder.when(restarts, mode, name)
        leaves = builder.when(scope.choose(flags), mode, name)
        scope.add(sub, leaves, builder.when(source, mode, name))
        register = builder.declare(f"r{len(scope.registers)}", source.type)
        scope.registers.append((register, literal(scope.draw, source.type), sub, (start,)))
        scope.add(sub, register)
        if scope.callees and scope.draw(st.booleans()):
            callee = scope.choose(scope.callees)
            arguments = (scope.pick(sub, v.type) for v in callee.inputs)
            scope.add(sub, *builder.call(callee, *arguments, resets=(start,)))
        apply(scope, sub)
        target = scope.choose(MODE.constructors)
        following.append((name, builder.op(Op.WHERE, leaves, const(target, MODE), const(name, MODE))))
        afresh.append((name, leaves if scope.draw(st.booleans()) else const(False, BOOL)))
        results.append((name, scope.pick(sub, source.type)))
    builder.define(mode, Fby(const(scope.choose(MODE.constructors), MODE), builder.merge(mode, *following)))
    builder.define(restarts, Fby(const(False, BOOL), builder.merge(mode, *afresh)))
    scope.add(clock, mode, builder.merge(mode, *results))


def _flip(*parts: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(1 - x for x in part) for part in parts)


def register(scope: Scope, clock: Clock, type_: Type) -> None:
    var = scope.builder.declare(f"r{len(scope.registers)}", type_)
    scope.registers.append((var, literal(scope.draw, type_), clock, scope.resets()))
    scope.add(clock, var)


def call(scope: Scope, clock: Clock) -> None:
    if not scope.callees:
        return
    callee = scope.choose(scope.callees)
    arguments = (scope.pick(clock, v.type) for v in callee.inputs)
    results = scope.builder.call(callee, *arguments, resets=scope.resets())
    scope.add(clock, *results)


def iterate(scope: Scope, clock: Clock) -> None:
    """Instances of a node for the elements of arrays, some of its inputs accumulators or shared."""
    if not scope.callees:
        return
    callee, builder = scope.choose(scope.callees), scope.builder
    extent, most = scope.draw(st.integers(1, 4)), 0
    while most < min(len(callee.inputs), len(callee.outputs)) and callee.inputs[most].type == callee.outputs[most].type:
        most += 1
    carried = scope.draw(st.integers(0, most))
    shared = frozenset(i for i in range(carried, len(callee.inputs)) if scope.draw(st.integers(0, 3)) == 0)
    arguments: list[Atom] = []
    for position, formal in enumerate(callee.inputs):
        if position < carried or position in shared:
            arguments.append(scope.pick(clock, formal.type))
        elif scope.draw(st.booleans()):
            arguments.append(builder.op(Op.STACK, *(scope.pick(clock, formal.type) for _ in range(extent))))
        else:
            arguments.append(scope.pick(clock, tensor(element(formal.type), (extent, *shape(formal.type)))))
    results = builder.iterate(
        callee, *arguments, extent=extent, carried=carried, shared=shared, backwards=scope.draw(st.booleans()),
        resets=scope.resets(),
    )  # fmt: skip
    scope.add(clock, *results)


Step = Callable[[Scope, Clock], None]
"""Adds equations on variables of a clock."""

STEPS: tuple[Step, ...] = (apply, apply, apply, sample, call, iterate, automaton)


def random_node(
    draw: Draw,
    name: str,
    callees: list[Node],
    size: int,
    steps: tuple[Step, ...] = STEPS,
    types: tuple[Type, ...] = TYPES,
) -> Node:
    """A node of about ``size`` of the ``steps`` on streams of ``types``."""
    builder = NodeBuilder(name)
    scope = Scope(draw, builder, callees, types=types)
    for i in range(draw(st.integers(1, 4))):
        scope.add(BASE, builder.input(f"i{i}", scope.choose(types)))
    for _ in range(draw(st.integers(0, 3))):
        register(scope, BASE, scope.choose(types))
    for _ in range(draw(st.integers(2, size))):
        clock = scope.choose(sorted(scope.variables, key=str))
        scope.choose(steps)(scope, clock)
    for var, init, clock, resets in scope.registers:
        following = scope.pick(clock, var.type)
        if shape(var.type) and scope.draw(st.booleans()):
            following = _updated(scope, clock, var)
        builder.define(var, Fby(init, following, resets))
    outputs = [v for v in scope.variables[BASE] if v not in builder.inputs]
    if not outputs:
        outputs = [builder.op(Op.COPY, builder.inputs[0])]
    if name != "top" and draw(st.booleans()):
        # The first output has the type of the first input, as an accumulator does.
        given = builder.inputs[0]
        chosen = scope.pick(BASE, BOOL)
        outputs = [*outputs[-3:], builder.op(Op.WHERE, chosen, given, scope.pick(BASE, given.type))][::-1]
    return builder.node(outputs[-4:] + ([builder.inputs[0]] if draw(st.integers(0, 5)) == 0 else []))


def _updated(scope: Scope, clock: Clock, var: Var) -> Atom:
    """An array with one element after another replaced, perhaps under a condition: what lowering does in place."""
    builder, following = scope.builder, var
    for _ in range(scope.draw(st.integers(1, 2))):
        value = scope.pick(clock, tensor(element(var.type), shape(var.type)[1:]))
        following = builder.op(Op.UPDATE, following, value, _place(scope, clock))
        if scope.draw(st.booleans()):
            scope.add(clock, following)
    if scope.draw(st.integers(0, 2)) == 0:
        following = builder.op(Op.WHERE, scope.pick(clock, BOOL), following, var)
    return following


@st.composite
def programs(draw: Draw, size: int = 14) -> Program:
    """A well-clocked, causal, initialised program of up to three nodes (clocks not yet inferred)."""
    return random_program(draw, size, STEPS)


def random_program(draw: Draw, size: int, steps: tuple[Step, ...], types: tuple[Type, ...] = TYPES) -> Program:
    """A program of up to three nodes on streams of ``types``."""
    nodes: list[Node] = []
    for i in range(draw(st.integers(0, 2))):
        nodes.append(random_node(draw, f"sub{i}", list(nodes), size // 2, steps, types))
    nodes.append(random_node(draw, "top", list(nodes), size, steps, types))
    called = {"top"}
    for node in reversed(nodes):
        if node.name in called:
            called |= {e.rhs.node for e in node.equations if hasattr(e.rhs, "node")}
    return Program(tuple(n for n in nodes if n.name in called), "top")


def inputs_for(program: Program, ticks: int, seed: int) -> dict[str, list[Any]]:
    """Values for every input, special ones included, drawn from ``seed``."""
    generator = np.random.default_rng(seed)
    return {v.name: [_random(generator, v.type) for _ in range(ticks)] for v in program.node(program.main).inputs}


def _random(generator: np.random.Generator, type_: Type) -> Any:
    if shape(type_):
        values = np.empty(math.prod(shape(type_)), dtype=np.object_)
        values[:] = [_random(generator, element(type_)) for _ in values]
        return values.reshape(shape(type_))
    kind = element(type_)
    if isinstance(kind, EnumType):
        return kind.constructors[generator.integers(len(kind.constructors))]
    if kind is BOOL:
        return bool(generator.integers(2))
    if kind in FLOATS:
        return float(generator.choice(_SPECIAL)) if generator.random() < 0.2 else float(generator.normal() * 10)
    low, high = integer_range(kind)
    if generator.random() < 0.3:
        return int(generator.choice(np.array([low, high, 0, 1], dtype=dtype(kind))))
    return int(generator.integers(max(low, -20), min(high, 20)))
