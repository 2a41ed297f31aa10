"""Contracts of Kind 2 become properties.

    assume e        the caller's duty         guarantee e     the node's promise
    mode m (require r; ensure e;)             r => e is a promise; that some mode's r holds is another
    import c(x) returns (y)                   the clauses of c, read with these streams

Rule: a contract sees the streams of its node; an imported one sees its own formals, which stand for what the import
hands it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.clocks import BASE
from syncml.ir.equations.syntax import Apply, Atom, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL
from syncml.lustre.builder import Builder
from syncml.lustre.context import Context
from syncml.lustre.elaborate import Expressions
from syncml.lustre.operations import same_type
from syncml.lustre.scopes import Env
from syncml.lustre.syntax import Clause, ContractItem, Expression, Ghost, Imports, Mode, NamedType
from syncml.lustre.types import LustreType, Value, leaves, plain
from syncml.lustre.walk import Walk

_DEPTH = 50
"""How deeply contracts may import one another."""


class Clauses:
    """The contract of a node under elaboration."""

    def __init__(
        self, context: Context, builder: Builder, env: Env, *, trusted: bool, prefix: str = "", depth: int = 0
    ) -> None:
        self._context = context
        self._b = builder
        self._env = env
        # What a node without a body guarantees is trusted: there is nothing to prove it of.
        self._promise = PropertyKind.ASSUME if trusted else PropertyKind.ENSURE
        self._prefix = prefix
        self._depth = depth
        self._expressions = Expressions(context, builder, env, free_first=False)

    def contract(self, items: Sequence[ContractItem]) -> Walk[None]:
        """Add the clauses of a contract."""
        ghosts = [item for item in items if isinstance(item, Ghost)]
        types: dict[str, LustreType] = yield self._declared(ghosts)
        modes = [item for item in items if isinstance(item, Mode)]
        required = [self._b.fresh(BOOL, mode.span, BASE) for mode in modes]
        # A requirement may name a mode that is written further on.
        self._env.modes.update({m.name: Value(BOOL, (var,)) for m, var in zip(modes, required, strict=True)})
        # An import may be of ghost streams and modes of this contract, whose definitions may name modes of the import.
        for item in items:
            if isinstance(item, Imports):
                yield self._import(item)
        yield self._defined(ghosts, types)
        for mode, var in zip(modes, required, strict=True):
            holds: Atom = yield self._requirement(mode)
            self._b.equate(var, Apply(Op.COPY, (holds,)), mode.span)
            if self._promise is PropertyKind.ENSURE:
                missed = self._expressions.operations.atom(Op.NOT, (var,), mode.span)
                self._b.states(PropertyKind.MODE, f"{self._prefix}{mode.name}", missed, mode.span)
        for item in items:
            match item:
                case Clause():
                    yield self._clause(item)
                case Mode():
                    yield self._mode(item)
                case Ghost() | Imports():
                    pass
        if required:
            some: Atom = required[0]
            for atom in required[1:]:
                some = self._expressions.operations.atom(Op.OR, (some, atom), modes[0].span)
            self._b.states(self._promise, f"{self._prefix}some mode applies", some, modes[0].span)

    def _truth(self, expression: Expression) -> Walk[Atom]:
        value: Value = yield self._expressions.one(expression)
        if value.type != BOOL:
            raise DiagnosticError(error("V001", f"a contract is {value.type}, not bool", expression.span))
        return value.atoms[0]

    def _clause(self, clause: Clause) -> Walk[None]:
        holds: Atom = yield self._truth(clause.value)
        kind = PropertyKind.REQUIRE if clause.kind == "assume" else self._promise
        self._b.states(kind, self._name(clause), holds, clause.span)

    def _name(self, clause: Clause) -> str:
        return self._prefix + (clause.name or f"{clause.kind} {clause.span.line}")

    def _requirement(self, mode: Mode) -> Walk[Atom]:
        holds: list[Atom] = []
        for clause in mode.clauses:
            if clause.kind == "require":
                holds.append((yield self._truth(clause.value)))
        return self._expressions.operations.conjunction(holds, mode.span)

    def _mode(self, mode: Mode) -> Walk[None]:
        (required,) = self._env.modes[mode.name].atoms
        operations = self._expressions.operations
        for clause in mode.clauses:
            if clause.kind == "ensure":
                holds: Atom = yield self._truth(clause.value)
                promise = operations.atom(
                    Op.OR, (operations.atom(Op.NOT, (required,), clause.span), holds), clause.span
                )
                name = f"{self._prefix}{mode.name}: {clause.name or f'ensure {clause.span.line}'}"
                self._b.states(self._promise, name, promise, clause.span)

    def _declared(self, ghosts: Sequence[Ghost]) -> Walk[dict[str, LustreType]]:
        """Ghost streams may refer to one another, so all are declared first; a constant without a type is its value."""
        types: dict[str, LustreType] = {}
        for ghost in ghosts:
            for declared in ghost.streams:
                if isinstance(declared.type, NamedType) and not declared.type.name:
                    self._env.streams[declared.name] = yield self._expressions.one(ghost.value)
                    continue
                if declared.name in self._env.streams:
                    raise DiagnosticError(error("R003", f"`{declared.name}` is declared twice", declared.span))
                type_: LustreType = yield self._context.type_of(declared.type, self._env)
                atoms = [
                    self._b.stream(f"{self._prefix}{declared.name}{path}", kind, declared.span)
                    for path, kind, _ in leaves(type_)
                ]
                for var in atoms:
                    self._b.declare(var, BASE)
                self._env.streams[declared.name] = Value(plain(type_), tuple(atoms))
                types[declared.name] = type_
        return types

    def _defined(self, ghosts: Sequence[Ghost], types: Mapping[str, LustreType]) -> Walk[None]:
        """The definitions of ghost streams that are declared."""
        for ghost in ghosts:
            streams = [d for d in ghost.streams if not isinstance(d.type, NamedType) or d.type.name]
            if not streams:
                continue
            values: list[Value] = yield self._expressions.values(ghost.value)
            if len(values) != len(streams):
                message = f"{len(streams)} ghost streams are defined by {len(values)} values"
                raise DiagnosticError(error("T007", message, ghost.span))
            for declared, value in zip(streams, values, strict=True):
                stream = self._env.streams[declared.name]
                same_type(stream.type, value.type, f"`{declared.name}` and its definition", ghost.value.span)
                for var, atom in zip(stream.atoms, value.atoms, strict=True):
                    assert isinstance(var, Var)
                    self._b.define(var, atom, ghost.value.span)
                name = f"{self._prefix}{declared.name}"
                yield self._expressions.fits(PropertyKind.INVARIANT, name, types[declared.name], stream, declared.span)

    def _import(self, item: Imports) -> Walk[None]:
        declaration = self._env.scope.contracts.get(item.contract)
        if declaration is None:
            raise DiagnosticError(error("R003", f"there is no contract `{item.contract}`", item.span))
        if self._depth == _DEPTH:
            raise DiagnosticError(error("R005", f"`{item.contract}` imports itself", item.span))
        values: list[Value] = yield self._expressions.several((*item.inputs, *item.outputs))
        formals = (*declaration.inputs, *declaration.outputs)
        if len(values) != len(formals):
            message = f"`{item.contract}` takes {len(formals)} streams, not {len(values)}"
            raise DiagnosticError(error("T007", message, item.span))
        inner = Env(self._env.scope, {}, {}, {})
        for formal, value in zip(formals, values, strict=True):
            type_: LustreType = yield self._context.type_of(formal.type, inner)
            same_type(type_, value.type, f"`{formal.name}` of `{item.contract}` and what it stands for", item.span)
            inner.streams[formal.name] = value
        prefix = f"{self._prefix}{item.contract}."
        yield Clauses(
            self._context,
            self._b,
            inner,
            trusted=self._promise is PropertyKind.ASSUME,
            prefix=prefix,
            depth=self._depth + 1,
        ).contract(declaration.contract)
        self._env.modes.update({f"{item.contract}::{name}": value for name, value in inner.modes.items()})
