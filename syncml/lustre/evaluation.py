"""What expressions are made from: names, static numbers, clocks, any value of a type, what a type states.

Rule: a name stands for the innermost of an index, a stream, a static argument, a constant and a constructor. A value
of a subrange or a subtype comes with the statement that it is in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.equations.syntax import Atom, PropertyKind, Var
from syncml.ir.types import BOOL, EnumType, Scalar
from syncml.lustre.builder import Builder
from syncml.lustre.calls import Calls
from syncml.lustre.context import Context
from syncml.lustre.delays import Delays, constructors
from syncml.lustre.operations import Operations, constant_integer
from syncml.lustre.scopes import Env
from syncml.lustre.syntax import (
    AnyOf,
    ClockOf,
    Expression,
    Slice,
)
from syncml.lustre.types import (
    ArrayType,
    LustreType,
    SubType,
    Value,
    leaves,
    plain,
    subtypes,
)
from syncml.lustre.walk import Walk

SCALARS = {
    "bool": Scalar.BOOL, "int": Scalar.INT, "real": Scalar.REAL,
    "int8": Scalar.I8, "int16": Scalar.I16, "int32": Scalar.I32, "int64": Scalar.I64,
    "uint8": Scalar.U8, "uint16": Scalar.U16, "uint32": Scalar.U32, "uint64": Scalar.U64,
    "float32": Scalar.F32, "float64": Scalar.F64,
}  # fmt: skip


class Evaluation(ABC):
    """Expressions of one node, in one place of it, without the forms of expressions."""

    def __init__(self, context: Context, builder: Builder, env: Env, *, free_first: bool = True) -> None:
        self._free_first = free_first and context.rules.free_first
        self._guards = 0
        """How many ``->`` stand in front of an expression, less the ``pre`` between."""
        self._context = context
        self._b = builder
        self._env = env
        self._ops = Operations(builder, context.rules.division)
        self._delays = Delays(builder)
        self._calls = Calls(context, builder, self._ops, self._delays)

    @abstractmethod
    def values(self, expression: Expression) -> Walk[list[Value]]:
        """The values of an expression."""

    @abstractmethod
    def elsewhere(self, env: Env) -> Evaluation:
        """Expressions of the same node where names have the meaning ``env``."""

    @property
    def operations(self) -> Operations:
        """Operators in the same node."""
        return self._ops

    @property
    def delays(self) -> Delays:
        """Delays in the same node."""
        return self._delays

    def one(self, expression: Expression) -> Walk[Value]:
        """The value of an expression that has one.

        Raises:
            DiagnosticError: T007, it has more or none.
        """
        values: list[Value] = yield self.values(expression)
        if len(values) != 1:
            raise DiagnosticError(error("T007", f"one value is expected here, not {len(values)}", expression.span))
        return values[0]

    def several(self, expressions: Sequence[Expression]) -> Walk[list[Value]]:
        """The values of expressions, one after the other."""
        found: list[Value] = []
        for expression in expressions:
            found += yield self.values(expression)
        return found

    def named(self, name: str, span: Span) -> Walk[Value]:
        """A stream, a static parameter, a constant or a constructor.

        Raises:
            DiagnosticError: R003, the name is none of these.
        """
        env = self._env
        if name in env.indices:
            return env.indices[name]
        if name in env.streams:
            return env.streams[name]
        static = env.statics.get(name)
        if isinstance(static, Value):
            return static
        constant: Value | None = yield self._context.constant(name, env)
        if constant is None:
            raise DiagnosticError(
                error("R003", f"`{name}` is no stream, constant or constructor here", span, help="declare it")
            )
        return constant

    def integer(self, expression: Expression, what: str) -> Walk[int]:
        """A static integer.

        Raises:
            DiagnosticError: R005, the expression is not static.
        """
        value: Value = yield self.one(expression)
        number = constant_integer(value)
        if number is None:
            raise DiagnosticError(
                error("R005", f"{what} is no constant integer", expression.span, help="use constants only")
            )
        return number

    def clock(self, clock: ClockOf) -> Walk[tuple[Var, bool | str]]:
        """The stream of a condition and the constructor that it is compared with."""
        value: Value = yield self.named(clock.stream, clock.span)
        if len(value.atoms) != 1 or not isinstance(plain(value.type), Scalar | EnumType):
            raise DiagnosticError(error("T001", f"`{clock.stream}` is no Boolean and no enumeration", clock.span))
        variable = self._b.variable(value.atoms[0], clock.span)
        return variable, constructor_of(clock.constructor, variable, clock.span)

    def slice(self, written: Slice, type_: object) -> Walk[list[int]]:
        """The indices that ``[low..high step s]`` takes from an array."""
        low: int = yield self.integer(written.low, "the bound of a slice")
        high: int = yield self.integer(written.high, "the bound of a slice")
        step = 1 if low <= high else -1
        if written.step is not None:
            step = yield self.integer(written.step, "the step of a slice")
        if not isinstance(type_, ArrayType):
            raise DiagnosticError(error("T006", f"{type_} is no array", written.span))
        indices = list(range(low, high + (1 if step > 0 else -1), step)) if step else []
        if not indices or not all(0 <= i < type_.size for i in indices):
            raise DiagnosticError(
                error(
                    "T005", f"the slice {low}..{high} step {step} does not fit an array of {type_.size}", written.span
                )
            )
        return indices

    def free(self, type_: LustreType, span: Span) -> Value:
        """Any value of a type."""
        atoms: list[Atom] = []
        for path, kind, _ in leaves(type_):
            node = self._context.free(kind, span)
            atom = self._b.fresh(kind, span, None, f"any_{span.line}{path}")
            self._b.call(node.name, node.label, (), (atom,), span)
            atoms.append(atom)
        return Value(plain(type_), tuple(atoms))

    def fits(self, kind: PropertyKind, name: str, type_: LustreType, value: Value, span: Span) -> Walk[None]:
        """State that the parts of a value are in the subranges and subtypes of a type."""
        for atom, (path, _, bounds) in zip(value.atoms, leaves(type_), strict=True):
            if bounds is not None:
                holds = self._ops.between(atom, bounds.low, bounds.high, span)
                self._b.states(kind, f"{name}{path} is in its subrange", holds, span)
        for subtype, part in subtypes(type_, value.atoms):
            met: Atom = yield self.meets(subtype, part)
            self._b.states(kind, f"{name} is in its subtype", met, span)

    def meets(self, subtype: SubType, part: Value) -> Walk[Atom]:
        """Whether a value meets the condition of a subtype."""
        known = subtype.env
        env = Env(known.scope, known.statics, {**known.streams, subtype.name: part}, known.modes, known.indices)
        holds: Value = yield self.elsewhere(env).one(subtype.condition)
        if holds.type != BOOL:
            raise DiagnosticError(error("V001", f"a contract is {holds.type}, not bool", subtype.condition.span))
        return holds.atoms[0]

    def any_of(self, e: AnyOf) -> Walk[Value]:
        """Any value of a type, of which its condition is assumed."""
        type_: LustreType = yield self._context.type_of(e.type, self._env)
        if e.condition is not None:
            type_ = SubType(type_, e.name, e.condition, self._env)
        found = self.free(type_, e.span)
        yield self.fits(PropertyKind.ASSUME, f"any value {e.span.line}", type_, found, e.span)
        return found


def constructor_of(written: str, condition: Var, span: Span) -> bool | str:
    """The constructor that is written, of the type of ``condition``.

    Raises:
        DiagnosticError: T004, the type has no such constructor.
    """
    name = written.rpartition("::")[2]
    found: bool | str = name
    if condition.type is BOOL and name in ("true", "false"):
        found = name == "true"
    if found not in constructors(condition) or (found is True or found is False) != (condition.type is BOOL):
        raise DiagnosticError(error("T004", f"{condition.type} has no constructor `{written}`", span))
    return found
