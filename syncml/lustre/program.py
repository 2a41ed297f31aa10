"""From declarations to a program: what names stand for, one node for each instance of a node, the main node.

Rule: a node is elaborated once for each combination of its static arguments. The main node is the one that is named,
else the one marked ``--%MAIN``, else the last one that no other node calls. All nodes without static parameters are
elaborated, so that faults anywhere in the file are found; constructs that are not read matter only where the main
node needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from fractions import Fraction

from syncml.diagnostics.model import Collector, Diagnostic, DiagnosticError, Span, error
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Call, Iterate, Node, Program, PropertyKind
from syncml.ir.types import Element, EnumType, Scalar
from syncml.lustre.bodies import Body
from syncml.lustre.builder import Builder
from syncml.lustre.calls import BUILT_IN
from syncml.lustre.context import Interface, Rules
from syncml.lustre.cursor import unread
from syncml.lustre.elaborate import SCALARS, Expressions
from syncml.lustre.free import FreeNodes
from syncml.lustre.operations import constant_integer, operator_named, same_type
from syncml.lustre.profiles import check_argument, check_interface, check_provided, has_memory, memory_in
from syncml.lustre.scopes import Env, NodeRef, Scope, Static, scope_of
from syncml.lustre.syntax import (
    ArrayOf,
    Callee,
    ConstantDeclaration,
    EnumOf,
    Expression,
    File,
    MainMark,
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
from syncml.lustre.walk import Walk, run
from syncml.lustre.wrappers import Wrapper

_INSTANCES = 5_000
"""How many nodes a program may have; recursion that does not end has more."""
_TYPES = (NamedType, ArrayOf, TupleOf, RangeOf, SubtypeOf, RecordOf, EnumOf)


class Elaboration:
    """A file under elaboration; the context of its expressions."""

    def __init__(self, file: File, dialect: Dialect, rules: Rules, settings: Mapping[str, str]) -> None:
        self._top = scope_of(file)
        self._dialect = dialect
        self._rules = rules
        self._settings = dict(settings)
        self._used: set[str] = set()
        self._constants: dict[tuple[int, str], Value | None] = {}
        self._types: dict[tuple[int, str, tuple[LustreType, ...]], LustreType | None] = {}
        self._records: dict[str, tuple[RecordOf, Env]] = {}
        self._instances: dict[object, Interface | DiagnosticError | None] = {}
        self._nodes: list[Node] = []
        self._names: set[str] = set()
        self._remembering: set[str] = set()
        """The nodes with memory."""
        self._aliases: set[NodeDeclaration] = set()
        self._free = FreeNodes(self._unique, self._nodes)

    @property
    def rules(self) -> Rules:
        """Rules of the dialect."""
        return self._rules

    def program(self, wanted: str, place: Span) -> Program:
        """The program whose main node is ``wanted``, or the one that the file says.

        Raises:
            DiagnosticError: every fault of the file.
        """
        collector = Collector()
        beyond: dict[str, tuple[Diagnostic, ...]] = {}
        open_: list[Diagnostic] = []
        found: dict[str, str] = {}
        candidates = self._candidates(wanted, place)
        if not wanted:
            self._check_declarations(collector)
        for name, ref in candidates.items():
            try:
                interface: Interface = run(self._main(ref))
                found[name] = interface.node.name
            except DiagnosticError as fault:
                codes = {d.code for d in fault.diagnostics}
                if codes == {"R002"}:
                    beyond[name] = fault.diagnostics
                elif codes == {"L014"} and not wanted:
                    open_ += fault.diagnostics
                else:
                    collector.extend(fault.diagnostics)
        collector.raise_if_errors()
        called = {e.rhs.node for n in self._nodes for e in n.equations if isinstance(e.rhs, Call | Iterate)}
        roots = [name for name in candidates if name in beyond or (name in found and found[name] not in called)]
        marked = [
            name for name in candidates if (name in found or name in beyond) and self._is_marked(candidates[name])
        ]
        main = (marked or roots or [""])[-1]
        if main not in found:
            raise DiagnosticError(*(beyond.get(main) or open_ or [_no_node(place)]))
        if unknown := self._settings.keys() - self._used:
            raise DiagnosticError(*(_no_constant(name, place) for name in sorted(unknown)))
        return _reachable(self._nodes, found[main])

    def _check_declarations(self, collector: Collector) -> None:
        """Report the faults of constants and types that no node may need."""
        for scope in (*self._top.packages.values(), self._top):
            walks: list[Walk[Value] | Walk[LustreType] | Walk[None]] = [
                self._constant(c, scope) for c in scope.constants.values() if c.value is not None
            ]
            walks += [
                self._declared_type(t, scope)
                for t in scope.types.values()
                if t.definition is not None and not t.parameters
            ]
            walks += [check_provided(self, scope, declared) for declared in scope.provides]
            for walk in walks:
                try:
                    run(walk)
                except DiagnosticError as fault:
                    # What lacks the value of a free constant, or is not read, matters where it is used.
                    if not any((d.code in ("R002", "R005") and "has no value" in d.message) or d.code == "R002"
                               for d in fault.diagnostics):  # fmt: skip
                        collector.extend(fault.diagnostics)

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

    def free(self, kind: Element, span: Span) -> Node:
        """The node without inputs whose output is any value of a type."""
        return self._free.of(kind, span)

    def instance(self, ref: NodeRef, arguments: Sequence[LustreType], span: Span) -> Walk[Interface]:
        """The node of the intermediate language for a reference."""
        declaration = ref.declaration
        assert declaration is not None
        key = (id(declaration), id(ref.scope), ref.statics)
        known = self._instances.get(key)
        if isinstance(known, Interface):
            return known
        if isinstance(known, DiagnosticError):
            raise known
        if key in self._instances:
            raise DiagnosticError(error("L010", f"`{ref.name}` calls itself", span, "it needs itself at one instant"))
        if len(self._instances) > _INSTANCES:
            raise DiagnosticError(error("R005", f"the static recursion of `{ref.name}` does not end", span))
        self._instances[key] = None
        try:
            env = Env(ref.scope, dict(ref.statics), {}, {})
            for constant in declaration.constants:
                value: Value = yield self._defined(constant, env)
                env = Env(ref.scope, {**env.statics, constant.name: value}, {}, {})
            interface: Interface = yield Body(self, declaration, env, self._dialect).node(
                self._unique(declaration.name)
            )
            if (memory := memory_in(interface.node, self._remembering)) is not None:
                if declaration.function:
                    raise has_memory(declaration, memory)
                self._remembering.add(interface.node.name)
        except DiagnosticError as fault:
            self._instances[key] = fault
            raise
        self._instances[key] = interface
        self._nodes.append(interface.node)
        return interface

    def _expressions(self, env: Env) -> Expressions:
        """Static expressions: what they build is dropped, so only constants come of them."""
        return Expressions(self, Builder(), env)

    def _unique(self, name: str) -> str:
        found, count = name, 1
        while found in self._names:
            count += 1
            found = f"{name}_{count}"
        self._names.add(found)
        return found

    def _candidates(self, wanted: str, place: Span) -> dict[str, NodeRef]:
        """The nodes that can be the main one."""
        every: dict[str, NodeRef] = {}
        for scope in (*self._top.packages.values(), self._top):
            prefix = f"{scope.name}::" if scope.name else ""
            for name, declaration in scope.nodes.items():
                every[prefix + name] = NodeRef(name, declaration, scope)
        if wanted:
            chosen = [key for key in every if wanted in (key, key.rpartition("::")[2])]
            if not chosen:
                raise DiagnosticError(_no_such_node(wanted, sorted(every), place))
            return {chosen[-1]: every[chosen[-1]]}
        closed = {key: ref for key, ref in every.items() if _is_closed(ref, imported=False)}
        # A file of specifications has imported nodes alone: the contract of the last one is read.
        closed = closed or {key: ref for key, ref in every.items() if _is_closed(ref, imported=True)}
        if not closed:
            if every and self._dialect is Dialect.KIND2:
                span = next(ref.declaration.span for ref in every.values() if ref.declaration is not None)
                raise unread("a file whose nodes all have parameters", span, "call one of them with types")
            raise DiagnosticError(_no_node(place))
        return closed

    def _is_marked(self, ref: NodeRef) -> bool:
        return ref.declaration is not None and any(isinstance(i, MainMark) for i in ref.declaration.items)

    def _main(self, ref: NodeRef) -> Walk[Interface]:
        """The node of a reference; another name of a node is that node."""
        declaration = ref.declaration
        assert declaration is not None
        if declaration.statics:
            message = f"`{ref.name}` has static parameters and cannot be the main node"
            raise DiagnosticError(error("L015", message, declaration.span, help="call it from a node without any"))
        for _ in range(_INSTANCES):
            if declaration.alias is None:
                break
            env = Env(ref.scope, dict(ref.statics), {}, {})
            target: NodeRef = yield self._alias(declaration, declaration.alias, env)
            if target.declaration is None:
                wrapper = Wrapper(self, declaration)
                wrapped: Interface = yield wrapper.node(target, self._unique(declaration.name))
                self._nodes.append(wrapped.node)
                return wrapped
            ref, declaration = target, target.declaration
        interface: Interface = yield self.instance(ref, (), declaration.span)
        return interface

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


def _is_closed(ref: NodeRef, *, imported: bool) -> bool:
    """Whether a node can be the main one: it has a body, or a contract, and nothing is left to its callers."""
    declaration = ref.declaration
    if declaration is None or declaration.statics or declaration.external:
        return False
    return declaration.imported is imported


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


def _reachable(nodes: Sequence[Node], main: str) -> Program:
    """The nodes that ``main`` needs, callees first."""
    needed = {main}
    kept: list[Node] = []
    for node in reversed(nodes):
        if node.name in needed:
            kept.append(node)
            needed |= {e.rhs.node for e in node.equations if isinstance(e.rhs, Call | Iterate)}
    return Program(tuple(reversed(kept)), main, undefined_first=True)


def _no_node(place: Span) -> Diagnostic:
    return error("L009", "the file has no node that can be the main one", place,
                 help="write a node with a body and without static parameters")  # fmt: skip


def _no_such_node(name: str, known: Sequence[str], place: Span) -> Diagnostic:
    close = get_close_matches(name, known, 1)
    return error("L009", f"the file has no node `{name}`", place,
                 notes=[f"its nodes: {', '.join(known)}"] if known else [],
                 help=f"did you mean `{close[0]}`?" if close else None)  # fmt: skip


def _no_constant(name: str, place: Span) -> Diagnostic:
    return error("L015", f"the file has no constant `{name}` that a setting can give", place,
                 help="a setting names a constant with a type, or is `dialect` or `division`")  # fmt: skip
