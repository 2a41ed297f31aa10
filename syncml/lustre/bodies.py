"""Nodes: the interface and the items of a node become streams, equations and clauses of a contract.

Rule: each stream has one definition, of all its leaves. In a `frame`, a stream that a branch does not define keeps its
value: ``x = init -> pre x``. The element ``x[i] = e`` of Kind 2 is defined for each index. Every fault of a body is
reported, one for each item.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from syncml.diagnostics.model import Collector, DiagnosticError, Label, Span, error
from syncml.ir.clocks import BASE, Clock, On
from syncml.ir.constants import Const, zero
from syncml.ir.equations.syntax import Atom, Node, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, Scalar
from syncml.lustre.builder import Builder
from syncml.lustre.clauses import Clauses
from syncml.lustre.context import Context, Interface
from syncml.lustre.cursor import unread
from syncml.lustre.delays import instants
from syncml.lustre.elaborate import Expressions
from syncml.lustre.operations import same_type
from syncml.lustre.scopes import Env
from syncml.lustre.syntax import (
    Asserts,
    Branches,
    Checks,
    Declared,
    Defines,
    Expression,
    Frame,
    Item,
    MainMark,
    Name,
    NodeDeclaration,
    Slice,
    Target,
)
from syncml.lustre.tokens import Dialect
from syncml.lustre.types import ArrayType, LustreType, RecordType, Value, leaves, plain, width
from syncml.lustre.walk import Walk

LIMIT = 100_000
"""The number of leaves that one stream may have."""


class Body:
    """One instance of a node under elaboration."""

    def __init__(self, context: Context, declaration: NodeDeclaration, env: Env, dialect: Dialect) -> None:
        self._context = context
        self._declaration = declaration
        self._env = env
        self._dialect = dialect
        self._b = Builder()
        self._expressions = Expressions(context, self._b, env)
        self._collector = Collector()
        self._defined: dict[Var, Span] = {}
        self._types: dict[str, LustreType] = {}
        self._frames: dict[str, Value] = {}
        """What the streams of the frame blocks around an item are where no branch defines them."""

    def node(self, name: str) -> Walk[Interface]:
        """The node, called ``name`` in the intermediate language.

        Raises:
            DiagnosticError: every fault of the node.
        """
        declaration = self._declaration
        for declared in (*declaration.inputs, *declaration.outputs, *declaration.locals):
            yield self._declare(declared)
        yield self._clocks()
        for declared in declaration.inputs:
            for atom in self._env.streams[declared.name].atoms:
                assert isinstance(atom, Var)
                self._defined[atom] = declared.span
        if declaration.imported or declaration.external:
            self._leave_open()
        for item in declaration.items:
            try:
                yield self._item(item)
            except DiagnosticError as fault:
                self._collector.extend(fault.diagnostics)
        try:
            clauses = Clauses(self._context, self._b, self._interface(), trusted=declaration.imported)
            yield clauses.contract(declaration.contract)
        except DiagnosticError as fault:
            self._collector.extend(fault.diagnostics)
        yield self._ranges()
        if not self._collector.has_errors:
            self._check_definitions()
        self._collector.raise_if_errors()
        equations, properties, clocks = self._b.finished()
        inputs, outputs = (self._leaves(side) for side in (declaration.inputs, declaration.outputs))
        node = Node(
            name, declaration.name, inputs, outputs, equations, properties, declaration.span,
            abstract=declaration.imported or declaration.external, clocks=MappingProxyType(clocks),
            external=declaration.name if declaration.external else "",
        )  # fmt: skip
        types = (tuple(self._types[d.name] for d in side) for side in (declaration.inputs, declaration.outputs))
        return Interface(node, *types)

    def _interface(self) -> Env:
        """What a contract sees: inputs and outputs; its ghost streams may have the names of local ones."""
        names = [d.name for d in (*self._declaration.inputs, *self._declaration.outputs)]
        env = self._env
        return Env(env.scope, env.statics, {name: env.streams[name] for name in names}, env.modes)

    def _leaves(self, side: Sequence[Declared]) -> tuple[Var, ...]:
        return tuple(a for d in side for a in self._env.streams[d.name].atoms if isinstance(a, Var))

    def _declare(self, declared: Declared) -> Walk[None]:
        if declared.name in self._env.streams:
            raise DiagnosticError(error("R003", f"`{declared.name}` is declared twice", declared.span))
        type_: LustreType = yield self._context.type_of(declared.type, self._env)
        if width(type_) > LIMIT:
            raise unread(f"a stream of {width(type_)} numbers", declared.span, f"use at most {LIMIT}")
        parts = leaves(type_)
        atoms = tuple(self._b.stream(f"{declared.name}{path}", kind, declared.span) for path, kind, _ in parts)
        self._env.streams[declared.name] = Value(plain(type_), atoms)
        self._types[declared.name] = type_

    def _clocks(self) -> Walk[None]:
        """The clock of each declared stream; one without is on the base clock."""
        declaration = self._declaration
        every = {d.name: d for d in (*declaration.inputs, *declaration.outputs, *declaration.locals)}
        inputs = {d.name for d in declaration.inputs}
        interface = inputs | {d.name for d in declaration.outputs}
        for declared in (*declaration.inputs, *declaration.outputs):
            visible = inputs if declared.name in inputs else interface
            if declared.clock is not None and declared.clock.stream in every and declared.clock.stream not in visible:
                message = f"the clock of `{declared.name}` is not known to callers"
                help_ = "an input has the clock of inputs, an output that of inputs and outputs"
                raise DiagnosticError(error("C005", message, declared.clock.span, help=help_))
        known: dict[str, Clock] = {}
        for start in every:
            path = [start]
            while (clock := every[path[-1]].clock) is not None and clock.stream in every:
                if clock.stream in path:
                    raise DiagnosticError(error("C005", f"the clock of `{start}` depends on itself", clock.span))
                path.append(clock.stream)
            for name in reversed(path):
                if name in known:
                    continue
                clock = every[name].clock
                known[name] = BASE
                if clock is not None:
                    condition, constructor = yield self._expressions.clock(clock)
                    known[name] = On(known.get(clock.stream, BASE), condition, constructor)
                for atom in self._env.streams[name].atoms:
                    assert isinstance(atom, Var)
                    self._b.declare(atom, known[name])

    def _ranges(self) -> Walk[None]:
        """Subranges and subtypes: a caller's duty for inputs, a promise for outputs, a lemma for local streams."""
        declaration = self._declaration
        promise = PropertyKind.ASSUME if declaration.imported else PropertyKind.ENSURE
        sides = (
            (PropertyKind.REQUIRE, declaration.inputs), (promise, declaration.outputs),
            (PropertyKind.INVARIANT, declaration.locals),
        )  # fmt: skip
        for kind, side in sides:
            for declared in side:
                value, type_ = self._env.streams[declared.name], self._types[declared.name]
                yield self._expressions.fits(kind, declared.name, type_, value, declared.span)

    def _leave_open(self) -> None:
        """An imported or external node has no body; the verifier puts the contract in its place.

        Its outputs are zero and read every input, so that a cycle through it is one.
        """
        span = self._declaration.span
        operations = self._expressions.operations
        present = [v for v in self._leaves(self._declaration.inputs) if self._b.declared[v] == BASE]
        reads = operations.conjunction([operations.atom(Op.EQ, (v, v), span) for v in present], span)
        for atom in self._leaves(self._declaration.outputs):
            nothing = zero(atom.type)
            depends = isinstance(reads, Var) and self._b.declared[atom] == BASE
            value = operations.atom(Op.WHERE, (reads, nothing, nothing), span) if depends else nothing
            self._define(atom, value, span)

    def _item(self, item: Item) -> Walk[None]:
        match item:
            case Defines():
                yield self._equation(item)
            case Asserts():
                holds: Value = yield self._truth(item.value)
                self._b.states(PropertyKind.ASSUME, f"assert {item.span.line}", holds.atoms[0], item.span)
            case Checks():
                yield self._check(item)
            case Branches() | Frame():
                values: dict[str, list[Value]] = yield self._branch(item)
                for name, (value,) in values.items():
                    self._assign(Target(name, (), item.span), self._whole(name, item.span), value, item.span)
            case MainMark():
                pass

    def _truth(self, expression: Expression) -> Walk[Value]:
        holds: Value = yield self._expressions.one(expression)
        if holds.type != BOOL:
            raise DiagnosticError(error("V001", f"a contract is {holds.type}, not bool", expression.span))
        return holds

    def _check(self, item: Checks) -> Walk[None]:
        holds: Value = yield self._truth(item.value)
        name = item.name or f"property {item.span.line}"
        (value,) = holds.atoms
        operations = self._expressions.operations
        if item.instants is not None:
            for bound in instants(self._b, *item.instants, item.span):
                value = operations.atom(Op.AND, (value, bound), item.span)
            self._b.states(PropertyKind.COVER, name, operations.atom(Op.NOT, (value,), item.span), item.span)
            return
        if item.provided is not None:
            condition: Value = yield self._truth(item.provided)
            fails = operations.atom(Op.NOT, condition.atoms, item.span)
            value = operations.atom(Op.OR, (fails, value), item.span)
            self._b.states(PropertyKind.COVER, f"{name}: it can be provided", fails, item.span)
        self._b.states(PropertyKind.ENSURE, name, value, item.span)

    def _equation(self, item: Defines) -> Walk[None]:
        running = self._running(item)
        if running:
            yield self._elements(item, running)
            return
        values: list[Value] = yield self._expressions.values(item.value)
        if not item.targets:
            return
        parts: list[tuple[Target, list[int], LustreType]] = []
        for target in item.targets:
            positions, type_ = yield self._place(target)
            parts.append((target, positions, type_))
        if len(values) != len(parts):
            raise DiagnosticError(
                error("T007", f"{len(parts)} streams are defined by {len(values)} values", item.span,
                      secondary=[Label(item.value.span, f"{len(values)} values")])
            )  # fmt: skip
        for (target, positions, type_), value in zip(parts, values, strict=True):
            whole = self._env.streams[target.name]
            self._assign(target, Value(type_, tuple(whole.atoms[i] for i in positions)), value, item.value.span)

    def _whole(self, name: str, span: Span) -> Value:
        declaration = self._declaration
        if name in {d.name for d in declaration.inputs}:
            raise DiagnosticError(error("R004", f"`{name}` is an input and is defined here", span))
        if name not in self._types:
            raise DiagnosticError(error("R003", f"`{name}` is no stream of this node", span, help="declare it"))
        return self._env.streams[name]

    def _assign(self, target: Target, part: Value, value: Value, span: Span) -> None:
        same_type(part.type, value.type, f"`{target.name}` and its definition", span)
        for var, atom in zip(part.atoms, value.atoms, strict=True):
            assert isinstance(var, Var)
            self._define(var, atom, span, target.span)

    def _define(self, var: Var, atom: Atom, span: Span, at: Span | None = None) -> None:
        if var in self._defined:
            raise DiagnosticError(
                error("R004", f"`{var.name}` is defined twice", at or span,
                      secondary=[Label(self._defined[var], "the other definition")], help="remove one of the two")
            )  # fmt: skip
        self._defined[var] = at or span
        self._b.define(var, atom, span)

    def _place(self, target: Target) -> Walk[tuple[list[int], LustreType]]:
        """The leaves that a left-hand side names, and their type."""
        whole = self._whole(target.name, target.span)
        type_ = whole.type
        positions = list(range(len(whole.atoms)))
        for step in target.path:
            match step, type_:
                case str(), RecordType():
                    start = 0
                    for name, inner in type_.fields:
                        if name == step:
                            positions, type_ = positions[start : start + width(inner)], inner
                            break
                        start += width(inner)
                    else:
                        raise DiagnosticError(error("T004", f"{type_} has no field `{step}`", target.span))
                case Slice(), ArrayType():
                    indices: list[int] = yield self._expressions.slice(step, type_)
                    count = width(type_.element)
                    positions = [positions[i * count + k] for i in indices for k in range(count)]
                    type_ = ArrayType(type_.element, len(indices))
                case str() | Slice(), _:
                    raise DiagnosticError(error("T006", f"{type_} has no such part", target.span))
                case _, ArrayType():
                    index: int = yield self._expressions.integer(step, "the index of a definition")
                    if not 0 <= index < type_.size:
                        raise DiagnosticError(error("T005", f"index {index} of {type_}", target.span))
                    count = width(type_.element)
                    positions, type_ = positions[index * count : (index + 1) * count], type_.element
                case _:
                    raise DiagnosticError(error("T006", f"{type_} is no array", target.span))
        return positions, type_

    def _running(self, item: Defines) -> list[str]:
        """The running indices of ``x[i][j] = e``; none where the index is a constant."""
        if self._dialect is not Dialect.KIND2 or len(item.targets) != 1:
            return []
        env = self._env
        names = [step.name for step in item.targets[0].path if isinstance(step, Name)]
        free = all(n not in env.streams and n not in env.statics and n not in env.scope.constants for n in names)
        return names if free and len(names) == len(item.targets[0].path) else []

    def _elements(self, item: Defines, running: list[str]) -> Walk[None]:
        (target,) = item.targets
        whole = self._whole(target.name, target.span)
        type_ = whole.type
        sizes: list[int] = []
        for _ in running:
            if not isinstance(type_, ArrayType):
                raise DiagnosticError(error("T006", f"{type_} is no array", target.span))
            sizes.append(type_.size)
            type_ = type_.element
        count = width(type_)
        total = len(whole.atoms) // count if count else 0
        for number in range(total):
            rest, indices = number, dict[str, Value]()
            for name, size in zip(reversed(running), reversed(sizes), strict=True):
                rest, index = divmod(rest, size)
                indices[name] = Value(Scalar.INT, (Const(index, Scalar.INT),))
            inner = Env(self._env.scope, self._env.statics, self._env.streams, self._env.modes, indices)
            value: Value = yield Expressions(self._context, self._b, inner).one(item.value)
            part = Value(type_, whole.atoms[number * count : (number + 1) * count])
            self._assign(target, part, value, item.value.span)

    def _branch(self, item: Item) -> Walk[dict[str, list[Value]]]:
        """What a block defines, each name once."""
        match item:
            case Defines():
                if any(t.path for t in item.targets):
                    raise unread("a definition of a part in a block", item.span)
                values: list[Value] = yield self._expressions.values(item.value)
                if not item.targets or len(values) != len(item.targets):
                    raise unread("a definition of a part in a block", item.span)
                for target, value in zip(item.targets, values, strict=True):
                    same_type(self._whole(target.name, target.span).type, value.type,
                              f"`{target.name}` and its definition", item.span)  # fmt: skip
                return {t.name: [v] for t, v in zip(item.targets, values, strict=True)}
            case Branches():
                condition: Value = yield self._expressions.one(item.condition)
                then: dict[str, list[Value]] = yield self._block(item.then)
                otherwise: dict[str, list[Value]] = yield self._block(item.otherwise)
                found: dict[str, list[Value]] = {}
                for name in dict.fromkeys((*then, *otherwise)):
                    sides = [side.get(name) or [self._kept(name, item.span)] for side in (then, otherwise)]
                    found[name] = self._expressions.operations.select(condition, sides[0], sides[1], item.span)
                return found
            case Frame():
                framed: dict[str, list[Value]] = yield self._frame(item)
                return framed
            case Asserts() | Checks() | MainMark():
                raise unread("a contract in a block", item.span, "write it outside of the block")

    def _block(self, items: Sequence[Item]) -> Walk[dict[str, list[Value]]]:
        found: dict[str, list[Value]] = {}
        for item in items:
            values: dict[str, list[Value]] = yield self._branch(item)
            for name, value in values.items():
                if name in found:
                    raise DiagnosticError(error("R004", f"`{name}` is defined twice", item.span))
                found[name] = value
        return found

    def _kept(self, name: str, span: Span) -> Value:
        if name not in self._frames:
            raise unread(
                f"a branch that leaves `{name}` open", span, "define it in both branches, or use a frame block"
            )
        return self._frames[name]

    def _frame(self, item: Frame) -> Walk[dict[str, list[Value]]]:
        initial: dict[str, Value] = {}
        for equation in item.initial:
            values: dict[str, list[Value]] = yield self._branch(equation)
            initial |= {name: value for name, (value,) in values.items()}
        kept: dict[str, Value] = {}
        for name, span in item.names:
            whole = self._whole(name, span)
            stream = Value(plain(whole.type), whole.atoms)
            first = initial.get(name)
            if first is None:
                kept[name] = self._expressions.before(stream, span)
            else:
                kept[name] = self._expressions.delays.initial(first, stream, span)
        outer, self._frames = self._frames, self._frames | kept
        found: dict[str, list[Value]] = yield self._block(item.items)
        self._frames = outer
        return {name: [kept[name]] for name, _ in item.names if name not in found} | found

    def _check_definitions(self) -> None:
        for declared in (*self._declaration.outputs, *self._declaration.locals):
            for atom in self._env.streams[declared.name].atoms:
                if isinstance(atom, Var) and atom not in self._defined:
                    self._collector.add(
                        error("R004", f"`{atom.name}` has no definition", declared.span,
                              help=f"write an equation for it, `{atom.name} = ...;`")
                    )  # fmt: skip
                    break
