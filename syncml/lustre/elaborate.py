"""Expressions become equations: one stream for each operator and each leaf of its type.

    pre x         pre of each leaf               a -> b       where(first, a, b); c fby x for c -> pre x
    a fby b       a -> pre b                     x when C(c)  sampled        merge c ...   merged, leaf by leaf
    current x     y = merge c (x) ((pre y) when not c): the last value of x, undefined before the first one

Rule: an expression yields a list of values, for calls and tuples have several. What all operands make constant is
constant: sizes, static arguments and conditions of ``with`` are such expressions.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import PropertyKind, Var
from syncml.ir.types import BOOL, EnumType, Scalar
from syncml.lustre.cursor import unread
from syncml.lustre.evaluation import SCALARS, Evaluation, constructor_of
from syncml.lustre.operations import constant_integer, literal, same_type
from syncml.lustre.scopes import Env
from syncml.lustre.syntax import (
    AnyOf,
    Ascription,
    Binary,
    CallOf,
    ClockOf,
    Conditional,
    Conversion,
    Element,
    Expression,
    Field,
    Group,
    MergeOf,
    ModeOf,
    Name,
    Number,
    Record,
    Sampled,
    Slice,
    Truth,
    Unary,
)
from syncml.lustre.types import (
    ArrayType,
    LustreType,
    RecordType,
    Value,
    array,
    element,
    field,
    leaves,
    plain,
    tuple_type,
)
from syncml.lustre.walk import T, Walk


class Expressions(Evaluation):
    """Expressions of one node, in one place of it."""

    def elsewhere(self, env: Env) -> Expressions:
        """Expressions of the same node where names have the meaning ``env``."""
        return Expressions(self._context, self._b, env)

    def values(self, expression: Expression) -> Walk[list[Value]]:
        """The values of an expression."""
        span = expression.span
        match expression:
            case Number():
                numbers = self._context.rules
                return [literal(expression.value, expression.real, (numbers.integer, numbers.real))]
            case Truth():
                return [Value(BOOL, (Const(expression.value, BOOL),))]
            case Name():
                named: Value = yield self.named(expression.name, span)
                return [named]
            case Unary():
                found: list[Value] = yield self._unary(expression)
                return found
            case Binary():
                found = yield self._binary(expression)
                return found
            case Conditional():
                found = yield self._conditional(expression)
                return found
            case Group():
                found = yield self._group(expression)
                return found
            case Element():
                found = yield self._element(expression)
                return found
            case Slice():
                base: Value = yield self.one(expression.array)
                indices: list[int] = yield self.slice(expression, base.type)
                return [array([element(base, i) for i in indices])]
            case Field():
                base = yield self.one(expression.record)
                return [self._field(base, expression.name, span)]
            case Record():
                found = yield self._record(expression)
                return found
            case Sampled():
                found = yield self.values(expression.operand)
                condition, constructor = yield self.clock(expression.clock)
                return [self._sampled(v, condition, constructor, span) for v in found]
            case MergeOf():
                found = yield self._merge(expression)
                return found
            case CallOf():
                found = yield self._call(expression)
                return found
            case Ascription():
                return [(yield self._ascribed(expression))]
            case Conversion():
                value: Value = yield self.one(expression.operand)
                return [self._converted(value, expression)]
            case ModeOf():
                if expression.name not in self._env.modes:
                    raise DiagnosticError(error("R003", f"there is no mode `{expression.name}`", span))
                return [self._env.modes[expression.name]]
            case AnyOf():
                value = yield self.any_of(expression)
                return [value]

    def before(self, value: Value, span: Span) -> Value:
        """``pre value``, whose first value is any one where the dialect says so and no ``->`` hides it."""
        found = self._delays.before(value, span)
        if self._guards or not self._free_first:
            return found
        return self._delays.arrow(self.free(value.type, span), found, span)

    def _guarded(self, walk: Walk[T], change: int) -> Walk[T]:
        """Walk with one ``->`` more in front (1), one ``pre`` more (-1), or as in an expression of its own (0)."""
        outer = self._guards
        self._guards = max(0, outer + change) if change else 0
        try:
            found: T = yield walk
        finally:
            self._guards = outer
        return found

    def _unary(self, e: Unary) -> Walk[list[Value]]:
        walk = self.values(e.operand)
        found: list[Value] = yield self._guarded(walk, -1) if e.op == "pre" else walk
        match e.op:
            case "pre":
                return [self.before(v, e.span) for v in found]
            case "current":
                return [self._delays.current(v, e.span) for v in found]
            case "last":
                raise unread("`last`", e.span)
            case _:
                return [self._ops.apply(e.op, found, e.span)]

    def _binary(self, e: Binary) -> Walk[list[Value]]:
        if e.op == "->" and isinstance(e.right, Unary) and e.right.op == "pre":
            firsts: list[Value] = yield self.values(e.left)
            nexts: list[Value] = yield self.values(e.right.operand)
            self._same_number(firsts, nexts, e)
            return [self._delays.initial(x, y, e.span) for x, y in zip(firsts, nexts, strict=True)]
        lefts: list[Value] = yield self.values(e.left)
        if e.op == "^":
            size: int = yield self.integer(e.right, "the size of an array")
            if size < 0:
                raise DiagnosticError(error("R005", f"an array of {size} elements", e.right.span))
            return [Value(ArrayType(v.type, size), v.atoms * size) for v in lefts]
        walk = self.values(e.right)
        rights: list[Value] = yield self._guarded(walk, 1) if e.op == "->" else walk
        match e.op:
            case "fby":
                self._same_number(lefts, rights, e)
                return [self._delays.initial(x, y, e.span) for x, y in zip(lefts, rights, strict=True)]
            case "->":
                self._same_number(lefts, rights, e)
                return [self._delays.arrow(x, y, e.span) for x, y in zip(lefts, rights, strict=True)]
            case "|":
                return [self._joined(lefts, rights, e.span)]
            case "%" | "**":
                if e.op == "**":
                    raise unread("`**`", e.span)
                return [self._ops.apply("mod", [*lefts, *rights], e.span)]
            case _:
                if len(lefts) != 1 or len(rights) != 1:
                    raise DiagnosticError(error("T007", f"an operand of `{e.op}` is not one value", e.span))
                return [self._ops.apply(e.op, [*lefts, *rights], e.span)]

    def _same_number(self, lefts: Sequence[Value], rights: Sequence[Value], e: Binary) -> None:
        if len(lefts) != len(rights):
            message = f"`{e.op}` has {len(lefts)} values on its left and {len(rights)} on its right"
            raise DiagnosticError(error("T007", message, e.span))

    def _joined(self, lefts: Sequence[Value], rights: Sequence[Value], span: Span) -> Value:
        (left, *_), (right, *_) = lefts or [None], rights or [None]
        if (
            left is None
            or right is None
            or not isinstance(left.type, ArrayType)
            or not isinstance(right.type, ArrayType)
        ):
            raise DiagnosticError(error("T006", "`|` joins two arrays", span))
        same_type(left.type.element, right.type.element, "the elements of joined arrays", span)
        return Value(ArrayType(left.type.element, left.type.size + right.type.size), left.atoms + right.atoms)

    def _conditional(self, e: Conditional) -> Walk[list[Value]]:
        condition: Value = yield self.one(e.condition)
        known = condition.atoms[0] if len(condition.atoms) == 1 else None
        if e.static or (self._env.indices and isinstance(known, Const)):
            if not isinstance(known, Const) or known.element is not BOOL:
                raise DiagnosticError(error("R005", "the condition of `with` is not constant", e.condition.span))
            chosen: list[Value] = yield self.values(e.then if known.value else e.otherwise)
            return chosen
        then: list[Value] = yield self.values(e.then)
        otherwise: list[Value] = yield self.values(e.otherwise)
        return self._ops.select(condition, then, otherwise, e.span)

    def _group(self, e: Group) -> Walk[list[Value]]:
        items: list[Value] = yield self.several(e.items)
        match e.kind:
            case "tuple":
                return items
            case "array":
                if not items:
                    raise DiagnosticError(error("R005", "an array without elements has no type", e.span))
                for item in items:
                    same_type(items[0].type, item.type, "the elements of an array", e.span)
                return [array(items)]
            case "one":
                atoms = tuple(a for item in items for a in item.atoms)
                return [Value(tuple_type([item.type for item in items]), atoms)]
            case _:
                return [self._ops.apply(e.kind, items, e.span)]

    def _element(self, e: Element) -> Walk[list[Value]]:
        base: Value = yield self.one(e.array)
        index: Value = yield self.one(e.index)
        known = constant_integer(index)
        if isinstance(base.type, RecordType) and known is not None:
            return [self._field(base, str(known), e.span)]
        if not isinstance(base.type, ArrayType):
            raise DiagnosticError(error("T006", f"{base.type} is no array", e.array.span))
        if known is None:
            parts = [element(base, i) for i in range(base.type.size)]
            return [self._ops.at(parts, index, e.span)]
        if not 0 <= known < base.type.size:
            raise DiagnosticError(error("T005", f"index {known} of an array of {base.type.size}", e.index.span))
        return [element(base, known)]

    def _field(self, base: Value, name: str, span: Span) -> Value:
        found = field(base, name) if isinstance(base.type, RecordType) else None
        if found is None:
            raise DiagnosticError(error("T004", f"{base.type} has no field `{name}`", span))
        return found

    def _record(self, e: Record) -> Walk[list[Value]]:
        given: dict[str, Value] = {}
        if e.base is not None and not e.type:
            changed: Value = yield self.one(e.base)
            if not isinstance(changed.type, RecordType):
                raise unread(f"an update of {changed.type}", e.span)
            type_, env = changed.type, self._env
            given = {name: self._field(changed, name, e.span) for name, _ in type_.fields}
        else:
            type_, env = yield self._context.record(e.type, [name for name, _ in e.fields], self._env, e.span)
        if e.base is not None and e.type:
            base: Value = yield self.one(e.base)
            same_type(type_, base.type, "a record and its new value", e.span)
            given = {name: self._field(base, name, e.span) for name, _ in type_.fields}
        known = dict(type_.fields)
        for name, expression in e.fields:
            if name not in known:
                raise DiagnosticError(error("T004", f"{type_} has no field `{name}`", expression.span))
            value: Value = yield self.one(expression)
            same_type(known[name], value.type, f"field `{name}` and its value", expression.span)
            given[name] = value
        for name in known:
            default = self._context.field_default(type_, name)
            if name not in given and default is not None:
                given[name] = yield self.elsewhere(env).one(default)
            if name not in given:
                raise DiagnosticError(error("T004", f"field `{name}` of {type_} has no value", e.span))
        return [Value(type_, tuple(a for name in known for a in given[name].atoms))]

    def _sampled(self, value: Value, condition: Var, constructor: bool | str, span: Span) -> Value:
        sample = self._b.sampled_down if self._context.rules.samples_down else self._b.sampled
        return Value(value.type, tuple(sample(a, condition, constructor, span) for a in value.atoms))

    def _merge(self, e: MergeOf) -> Walk[list[Value]]:
        condition, _ = yield self.clock(ClockOf(e.branches[0][0] if e.branches else "true", e.stream, e.span))
        names: list[bool | str] = []
        branches: list[list[Value]] = []
        for written, expression, span in e.branches:
            names.append(constructor_of(written, condition, span))
            branches.append((yield self.values(expression)))
            if len(branches[-1]) != len(branches[0]):
                raise DiagnosticError(error("T007", "the branches of a merge have different numbers of values", span))
        merged: list[Value] = []
        for parts in zip(*branches, strict=True):
            for part in parts:
                same_type(parts[0].type, part.type, "the branches of a merge", e.span)
            types = leaves(parts[0].type)
            atoms = (
                self._b.merged(condition, zip(names, (p.atoms[i] for p in parts), strict=True), types[i][1], e.span)
                for i in range(len(types))
            )
            merged.append(Value(plain(parts[0].type), tuple(atoms)))
        return merged

    def _ascribed(self, e: Ascription) -> Walk[Value]:
        value: Value = yield self.one(e.operand)
        type_: LustreType = yield self._context.type_of(e.type, self._env)
        same_type(plain(type_), value.type, "a value and its type", e.span)
        yield self.fits(PropertyKind.ENSURE, f"value {e.span.line}", type_, value, e.span)
        return value

    def _converted(self, value: Value, e: Conversion) -> Value:
        scalar = SCALARS.get(e.type)
        if scalar is None or scalar is BOOL:
            raise unread(f"a conversion to `{e.type}`", e.span)
        numbers = self._context.rules
        scalar = {Scalar.INT: numbers.integer, Scalar.REAL: numbers.real}.get(scalar, scalar)
        return self._ops.convert(value, scalar, e.span, rounds_down=numbers.rounds_down)

    def _call(self, e: CallOf) -> Walk[list[Value]]:
        ref = yield self._context.callee(e.callee, self._env)
        arguments: list[Value] = yield self._guarded(self.several(e.arguments), 0)
        restart: Value | None = None
        if e.restart is not None:
            restart = yield self.one(e.restart)
        if e.activation is None:
            found: list[Value] = yield self._calls.call(ref, arguments, e.span, restart)
            return found
        if e.defaults is None and (clock := _written_clock(e.activation, self._env)) is not None:
            variable, constructor = yield self.clock(clock)
            found = yield self._calls.sampled(ref, variable, constructor, arguments, e.span, restart)
            return found
        condition: Value = yield self.one(e.activation)
        defaults: list[Value] | None = None
        if e.defaults is not None:
            defaults = yield self.several(e.defaults)
        found = yield self._calls.activated(ref, condition, arguments, defaults, e.span, restart)
        return found


def _written_clock(e: Expression, env: Env) -> ClockOf | None:
    """``not c`` and ``m = C`` as clocks, so that what is activated by them meets what is sampled so."""
    match e:
        case Unary("not", Name() as stream) if stream.name in env.streams:
            return ClockOf("false", stream.name, e.span)
        case Binary("=", Name() as stream, Name() as member) if stream.name in env.streams:
            enumeration = isinstance(env.streams[stream.name].type, EnumType) and member.name not in env.streams
            return ClockOf(member.name, stream.name, e.span) if enumeration else None
        case _:
            return None
