"""What names stand for: types, constants, records, static arguments, nodes.

Rule: a name is looked up in its package if it has one, else in the scopes around it, innermost first; what a package
needs stands for the argument that it was given. Every declaration is worked out once, for each list of types that it
is applied to; one that needs itself is a fault.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from fractions import Fraction

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Node, PropertyKind
from syncml.ir.types import Element, EnumType, Scalar
from syncml.lustre.builder import Builder
from syncml.lustre.calls import BUILT_IN
from syncml.lustre.context import Interface, Rules
from syncml.lustre.cursor import unread
from syncml.lustre.elaborate import Expressions
from syncml.lustre.evaluation import SCALARS
from syncml.lustre.operations import constant_integer, operator_named, same_type
from syncml.lustre.profiles import check_argument, check_interface
from syncml.lustre.scopes import Env, NodeRef, Scope, Static, scope_of
from syncml.lustre.syntax import (
    ArrayOf,
    Callee,
    ConstantDeclaration,
    EnumOf,
    Expression,
    File,
    Name,
    NamedType,
    NodeDeclaration,
    RangeOf,
    RecordOf,
    StaticArgument,
    SubtypeOf,
    TupleOf,
    TypeDeclaration,
    TypeExpression,
)
from syncml.lustre.tokens import Dialect
from syncml.lustre.types import ArrayType, LustreType, RangeType, RecordType, SubType, Value, tuple_type
from syncml.lustre.walk import Walk

_TYPES = (NamedType, ArrayOf, TupleOf, RangeOf, SubtypeOf, RecordOf, EnumOf)


class Declarations(ABC):
    """The declarations of a file; the part of the `Context` of expressions that is no instance of a node."""

    def __init__(self, file: File, dialect: Dialect, rules: Rules, settings: Mapping[str, str]) -> None:
        self._top = scope_of(file)
        self._dialect = dialect
        self._rules = rules
        self._settings = dict(settings)
        self._used: set[str] = set()
        self._constants: dict[tuple[int, str], Value | None] = {}
        self._types: dict[tuple[int, str, tuple[LustreType, ...]], LustreType | None] = {}
        self._records: dict[str, tuple[RecordOf, Env]] = {}
        self._aliases: set[NodeDeclaration] = set()

    @property
    def rules(self) -> Rules:
        """Rules of the dialect."""
        return self._rules

    @abstractmethod
    def free(self, kind: Element, span: Span) -> Node:
        """The node without inputs whose output is any value of a type."""

    @abstractmethod
    def instance(self, ref: NodeRef, arguments: Sequence[LustreType], span: Span) -> Walk[Interface]:
        """The node of the intermediate language for a reference."""

    def type_of(self, written: TypeExpression, env: Env) -> Walk[LustreType]:
        """The type that is written."""
        match written:
            case NamedType():
                named: LustreType = yield self._named_type(written, env)
                return named
            case ArrayOf():
                element: LustreType = yield self.type_of(written.element, env)
                size: int = yield self._expressions(env).integer(written.size, "the size of an array")
                if size < 0:
                    raise DiagnosticError(error("R005", f"an array of {size} elements", written.span))
                return ArrayType(element, size)
            case RangeOf():
                bounds: list[int | None] = []
                for bound in (written.low, written.high):
                    number: int | None = None
                    if bound is not None:
                        number = yield self._expressions(env).integer(bound, "the bound of a subrange")
                    bounds.append(number)
                return RangeType(*bounds)
            case TupleOf():
                items: list[LustreType] = []
                for item in written.items:
                    items.append((yield self.type_of(item, env)))
                return tuple_type(items)
            case SubtypeOf():
                base: LustreType = yield self.type_of(written.base, env)
                return SubType(base, written.name, written.condition, env)
            case RecordOf() | EnumOf():
                raise DiagnosticError(error("R001", "a record or an enumeration is declared by `type`", written.span))

    def constant(self, name: str, env: Env) -> Walk[Value | None]:
        """A constant or a constructor."""
        package, _, own = name.rpartition("::")
        scopes = [self._top.packages[package]] if package in self._top.packages else list(env.scope.near())
        for scope in scopes:
            if own in scope.needs:
                argument, origin = scope.needs[own]
                static: Static = yield self._static(argument, _bare(origin))
                return static if isinstance(static, Value) else None
            if own in scope.constants:
                value: Value = yield self._constant(scope.constants[own], scope)
                return value
            if own in scope.constructors:
                declaration = scope.constructors[own]
                type_: LustreType = yield self._declared_type(declaration, scope)
                assert isinstance(type_, EnumType)
                return Value(type_, (Const(own, type_),))
        return None

    def record(self, name: str, fields: Sequence[str], env: Env, span: Span) -> Walk[tuple[RecordType, Env]]:
        """A record type, and where the default values of its fields are written."""
        if name:
            type_: LustreType = yield self.type_of(NamedType(name, span), env)
            if not isinstance(type_, RecordType):
                raise DiagnosticError(error("T001", f"`{name}` is no record", span))
            return type_, self._records[type_.name][1]
        for scope in env.scope.near():
            for declaration in scope.types.values():
                written = declaration.definition
                closed = not declaration.parameters
                if closed and isinstance(written, RecordOf) and {f for f, _, _ in written.fields} == set(fields):
                    found: LustreType = yield self._declared_type(declaration, scope)
                    assert isinstance(found, RecordType)
                    return found, _bare(scope)
        raise DiagnosticError(error("R003", "no record has these fields", span, help="write the name of its type"))

    def field_default(self, record: RecordType, name: str) -> Expression | None:
        """The default value of a field."""
        written, _ = self._records[record.name]
        return next((default for field, _, default in written.fields if field == name), None)

    def callee(self, written: Callee, env: Env) -> Walk[NodeRef]:
        """The node or operator that is called."""
        static = env.statics.get(written.name)
        if isinstance(static, NodeRef):
            return static
        package, _, own = written.name.rpartition("::")
        scopes = [self._top.packages[package]] if package in self._top.packages else list(env.scope.near())
        if package != "Lustre" or package in self._top.packages:
            for scope in scopes:
                if own in scope.needs:
                    argument, origin = scope.needs[own]
                    needed: Static = yield self._static(argument, _bare(origin))
                    if isinstance(needed, NodeRef):
                        return needed
                if own in scope.nodes:
                    ref: NodeRef = yield self._reference(scope.nodes[own], scope, written, env)
                    return ref
        if operator_named(own) is None and own not in BUILT_IN:
            raise DiagnosticError(error("R003", f"there is no node `{written.name}`", written.span))
        statics: list[tuple[str, Static]] = []
        for number, argument in enumerate(written.statics):
            statics.append((str(number), (yield self._static(argument, env))))
        return NodeRef(own, None, self._top, tuple(statics))

    def _expressions(self, env: Env) -> Expressions:
        """Static expressions: what they build is dropped, so only constants come of them."""
        return Expressions(self, Builder(), env)

    def _reference(self, declaration: NodeDeclaration, scope: Scope, written: Callee, env: Env) -> Walk[NodeRef]:
        """A node with its static arguments; another name of a node is that node."""
        statics: dict[str, Static] = {}
        if not written.statics and self._dialect is Dialect.KIND2 and declaration.statics:
            raise unread(f"a call of `{written.name}` without its types", written.span, "write them, as in f@<int>(x)")
        if len(written.statics) != len(declaration.statics):
            wanted = len(declaration.statics)
            message = f"`{written.name}` takes {wanted} static argument{'s'[: wanted != 1]}, not {len(written.statics)}"
            raise DiagnosticError(error("T007", message, written.span))
        for parameter, argument in zip(declaration.statics, written.statics, strict=True):
            value: Static = yield self._static(argument, env)
            kind = "node" if isinstance(value, NodeRef) else "const" if isinstance(value, Value) else "type"
            if kind != parameter.kind:
                message = f"the static argument `{parameter.name}` of `{written.name}` is a {kind}"
                raise DiagnosticError(error("T007", message, argument.span, help=f"give a {parameter.kind}"))
            statics[parameter.name] = value
        for parameter, argument in zip(declaration.statics, written.statics, strict=True):
            value = statics[parameter.name]
            inner = Env(scope, statics, {}, {})
            yield check_argument(self, parameter, value, written.name, inner, argument.span)
        if declaration.alias is not None:
            target: NodeRef = yield self._alias(declaration, declaration.alias, Env(scope, statics, {}, {}))
            return target
        return NodeRef(declaration.name, declaration, scope, tuple(statics.items()))

    def _alias(self, declaration: NodeDeclaration, written: Callee, env: Env) -> Walk[NodeRef]:
        """The node that another name stands for, which has the interface that is declared for the name."""
        if declaration in self._aliases:
            raise DiagnosticError(error("L010", f"`{declaration.name}` is another name of itself", declaration.span))
        self._aliases.add(declaration)
        try:
            target: NodeRef = yield self.callee(written, env)
        finally:
            self._aliases.discard(declaration)
        if declaration.inputs:
            yield check_interface(self, target, declaration, env, declaration.span)
        return target

    def _static(self, written: StaticArgument, env: Env) -> Walk[Static]:
        """The value of a static argument: a name may be a type, a node or a constant."""
        if isinstance(written, Callee):
            ref: NodeRef = yield self.callee(written, env)
            return ref
        if isinstance(written, _TYPES):
            type_: LustreType = yield self.type_of(written, env)
            return type_
        if isinstance(written, Name):
            named: Static | None = yield self._static_name(written, env)
            if named is not None:
                return named
        values: list[Value] = yield self._expressions(env).values(written)
        if any(not isinstance(a, Const) for v in values for a in v.atoms):
            raise DiagnosticError(error("R005", "a static argument is not constant", written.span))
        if len(values) == 1:
            return values[0]
        fields = tuple((str(i), v.type) for i, v in enumerate(values))
        return Value(RecordType("", fields), tuple(a for v in values for a in v.atoms))

    def _static_name(self, written: Name, env: Env) -> Walk[Static | None]:
        if written.name in env.statics:
            return env.statics[written.name]
        constant: Value | None = yield self.constant(written.name, env)
        if constant is not None or written.name in env.streams:
            return constant
        package, _, own = written.name.rpartition("::")
        scopes = [self._top.packages[package]] if package in self._top.packages else list(env.scope.near())
        if own in SCALARS or any(own in s.types for s in scopes):
            type_: LustreType = yield self.type_of(NamedType(written.name, written.span), env)
            return type_
        for scope in scopes:
            if own in scope.needs:
                argument, origin = scope.needs[own]
                static: Static = yield self._static(argument, _bare(origin))
                return static
        ref: NodeRef = yield self.callee(Callee(written.name, (), written.span), env)
        return ref

    def _constant(self, declaration: ConstantDeclaration, scope: Scope) -> Walk[Value]:
        key = (id(scope), declaration.name)
        known = self._constants.get(key)
        if known is not None:
            return known
        if key in self._constants:
            raise DiagnosticError(error("R005", f"the constant `{declaration.name}` needs itself", declaration.span))
        self._constants[key] = None
        try:
            value: Value = yield self._defined(declaration, _bare(scope))
        except DiagnosticError:
            del self._constants[key]
            raise
        self._constants[key] = value
        return value

    def _defined(self, declaration: ConstantDeclaration, env: Env) -> Walk[Value]:
        """The value of a constant, of a setting where it has none."""
        type_: LustreType | None = None
        if declaration.type is not None:
            type_ = yield self.type_of(declaration.type, env)
        if declaration.name in self._settings and type_ is not None:
            self._used.add(declaration.name)
            return _setting(declaration, type_, self._settings[declaration.name])
        if declaration.value is None:
            raise DiagnosticError(
                error("R005", f"the constant `{declaration.name}` has no value", declaration.span,
                      help=f"give it one here, or by --set {declaration.name}=...")
            )  # fmt: skip
        value: Value = yield self._expressions(env).one(declaration.value)
        if any(not isinstance(a, Const) for a in value.atoms):
            raise DiagnosticError(
                error("R005", f"the value of `{declaration.name}` is not constant", declaration.value.span)
            )
        if type_ is not None:
            same_type(type_, value.type, f"`{declaration.name}` and its value", declaration.value.span)
            yield self._check_constant(declaration, type_, value)
        return value

    def _check_constant(self, declaration: ConstantDeclaration, type_: LustreType, value: Value) -> Walk[None]:
        """A constant is in the subranges and subtypes of its type."""
        builder = Builder()
        expressions = Expressions(self, builder, _bare(self._top))
        yield expressions.fits(PropertyKind.INVARIANT, declaration.name, type_, value, declaration.span)
        for clause in builder.properties:
            (equation,) = (e for e in builder.equations if clause.holds in e.targets)
            known = equation.rhs.arguments[0] if isinstance(equation.rhs, Apply) else None
            if not isinstance(known, Const):
                raise unread("a constant of a type that computes", declaration.span)
            if not known.value:
                raise DiagnosticError(error("T003", f"{clause.name}: that is false", declaration.span))

    def _named_type(self, written: NamedType, env: Env) -> Walk[LustreType]:
        static = env.statics.get(written.name)
        if static is not None and not isinstance(static, Value | NodeRef):
            return static
        package, _, own = written.name.rpartition("::")
        scopes = [self._top.packages[package]] if package in self._top.packages else list(env.scope.near())
        for scope in scopes:
            if own in scope.needs:
                argument, origin = scope.needs[own]
                needed: Static = yield self._static(argument, _bare(origin))
                if not isinstance(needed, Value | NodeRef):
                    return needed
            if own in scope.types:
                arguments: list[LustreType] = []
                for argument in written.arguments:
                    arguments.append((yield self.type_of(argument, env)))
                declared: LustreType = yield self._declared_type(scope.types[own], scope, tuple(arguments))
                return declared
        if written.arguments:
            raise unread(f"the type `{own}` with arguments", written.span)
        if own in SCALARS:
            return {"int": self._rules.integer, "real": self._rules.real}.get(own, SCALARS[own])
        raise DiagnosticError(error("R003", f"there is no type `{written.name}`", written.span, help="declare it"))

    def _declared_type(
        self, declaration: TypeDeclaration, scope: Scope, arguments: tuple[LustreType, ...] = ()
    ) -> Walk[LustreType]:
        """A declared type, with types for its parameters."""
        if len(arguments) != len(declaration.parameters):
            message = f"`{declaration.name}` takes {len(declaration.parameters)} types, not {len(arguments)}"
            raise DiagnosticError(error("T007", message, declaration.span))
        key = (id(scope), declaration.name, arguments)
        known = self._types.get(key)
        if known is not None:
            return known
        if key in self._types:
            raise DiagnosticError(error("R005", f"the type `{declaration.name}` needs itself", declaration.span))
        self._types[key] = None
        try:
            found: LustreType = yield self._definition(declaration, scope, arguments)
        except DiagnosticError:
            del self._types[key]
            raise
        self._types[key] = found
        return found

    def _definition(
        self, declaration: TypeDeclaration, scope: Scope, arguments: tuple[LustreType, ...]
    ) -> Walk[LustreType]:
        env = Env(scope, dict(zip(declaration.parameters, arguments, strict=True)), {}, {})
        match declaration.definition:
            case None:
                raise unread(f"the abstract type `{declaration.name}`", declaration.span, "give its definition")
            case EnumOf() as written:
                return EnumType(declaration.name, tuple(name for name, _ in written.constructors))
            case RecordOf() as written:
                fields: list[tuple[str, LustreType]] = []
                for name, inner, _ in written.fields:
                    fields.append((name, (yield self.type_of(inner, env))))
                name = declaration.name
                if arguments:
                    name = f"{name}<{'; '.join(map(str, arguments))}>"
                if name in self._records:
                    name = f"{scope.name}::{name}"
                self._records[name] = written, env
                return RecordType(name, tuple(fields))
            case written:
                found: LustreType = yield self.type_of(written, env)
                return found


def _bare(scope: Scope) -> Env:
    return Env(scope, {}, {}, {})


def _setting(declaration: ConstantDeclaration, type_: LustreType, text: str) -> Value:
    fault = error("L015", f"the setting `{declaration.name}={text}` is no {type_}", declaration.span)
    if type_ is Scalar.BOOL and text in ("true", "false"):
        return Value(type_, (Const(text == "true", type_),))
    try:
        number = Fraction(text)
    except (ValueError, ZeroDivisionError) as wrong:
        raise DiagnosticError(fault) from wrong
    if type_ is Scalar.REAL:
        return Value(type_, (Const(number, type_),))
    if isinstance(type_, RangeType) or type_ is Scalar.INT:
        value = Value(Scalar.INT, (Const(int(number), Scalar.INT),))
        if number.denominator == 1 and constant_integer(value) is not None:
            return value
    raise DiagnosticError(fault)
