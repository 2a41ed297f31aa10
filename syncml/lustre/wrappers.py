"""An operator as a node: ``node sum = red<<+, 8>>`` as the main node of a program.

Rule: the interface is the declared one, else the one that follows from the operators: those of one type of numbers and
of Booleans have one, an iterator has that of its node, with arrays. Streams without a name are ``i1``, ``o1``, ...
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.clocks import BASE
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.types import BOOL, Scalar
from syncml.lustre.builder import Builder
from syncml.lustre.calls import ITERATORS, Calls
from syncml.lustre.context import Context, Interface
from syncml.lustre.delays import Delays
from syncml.lustre.operations import Operations, constant_integer
from syncml.lustre.scopes import Env, NodeRef
from syncml.lustre.syntax import NodeDeclaration
from syncml.lustre.types import ArrayType, LustreType, Value, leaves
from syncml.lustre.walk import Walk

_BOOLEAN = {"and": 2, "or": 2, "xor": 2, "impl": 2, "=>": 2, "not": 1}
_COMPARED = ("lt", "lte", "gt", "gte")


class Wrapper:
    """A node around an operator."""

    def __init__(self, context: Context, declaration: NodeDeclaration) -> None:
        self._context = context
        self._declaration = declaration
        self._b = Builder()

    def node(self, ref: NodeRef, name: str) -> Walk[Interface]:
        """A node called ``name`` that applies ``ref``."""
        declaration = self._declaration
        types: list[LustreType] = []
        if declaration.inputs:
            for declared in declaration.inputs:
                types.append((yield self._context.type_of(declared.type, Env(ref.scope, {}, {}, {}))))
        else:
            types = yield self._inputs(ref, declaration.span)
        names = [d.name for d in declaration.inputs] or [f"i{i}" for i in range(1, len(types) + 1)]
        inputs = [self._streams(n, t, declaration.span) for n, t in zip(names, types, strict=True)]
        calls = Calls(self._context, self._b, Operations(self._b, self._context.rules.division), Delays(self._b))
        results: list[Value] = yield calls.call(ref, inputs, declaration.span)
        names = [d.name for d in declaration.outputs]
        if len(names) != len(results):
            names = [f"o{i}" for i in range(1, len(results) + 1)]
        outputs = [self._streams(n, v.type, declaration.span) for n, v in zip(names, results, strict=True)]
        for output, result in zip(outputs, results, strict=True):
            for var, atom in zip(_vars(output), result.atoms, strict=True):
                self._b.define(var, atom, declaration.span)
        equations, properties, clocks = self._b.finished()
        given, made = (tuple(v for value in side for v in _vars(value)) for side in (inputs, outputs))
        node = Node(name, declaration.name, given, made, equations, properties, declaration.span,
                    clocks=MappingProxyType(clocks))  # fmt: skip
        return Interface(node, tuple(types), tuple(v.type for v in results))

    def _streams(self, name: str, type_: LustreType, span: Span) -> Value:
        atoms = tuple(self._b.stream(f"{name}{path}", kind, span) for path, kind, _ in leaves(type_))
        for var in atoms:
            self._b.declare(var, BASE)
        return Value(type_, atoms)

    def _inputs(self, ref: NodeRef, span: Span) -> Walk[list[LustreType]]:
        """The types of the inputs that an operator or a node has by itself."""
        if ref.declaration is not None:
            interface: Interface = yield self._context.instance(ref, (), span)
            return list(interface.inputs)
        statics = [value for _, value in ref.statics]
        if ref.name in ITERATORS and len(statics) == 2 and isinstance(statics[0], NodeRef):
            size = constant_integer(statics[1]) if isinstance(statics[1], Value) else None
            inner: list[LustreType] = yield self._inputs(statics[0], span)
            if size is not None:
                carried = ITERATORS[ref.name]
                return [*inner[:carried], *(ArrayType(t, size) for t in inner[carried:])]
        if ref.name == "boolred" and len(statics) == 3 and isinstance(statics[2], Value):
            return [ArrayType(BOOL, constant_integer(statics[2]) or 0)]
        found = _operator(ref.name)
        if found is None:
            message = f"the types that `{ref.name}` is applied to are open"
            raise DiagnosticError(error("L014", message, span, help="write the inputs of the node"))
        return list(found)


def _operator(name: str) -> Sequence[LustreType] | None:
    if name in _BOOLEAN:
        return [BOOL] * _BOOLEAN[name]
    if name in ("real2int", "int2real"):
        return [Scalar.REAL if name == "real2int" else Scalar.INT]
    kind = {"i": Scalar.INT, "r": Scalar.REAL}.get(name[:1])
    if kind is not None and name[1:] in ("plus", "minus", "times", "slash", *_COMPARED):
        return [kind, kind]
    if name in ("div", "mod"):
        return [Scalar.INT, Scalar.INT]
    return [kind] if kind is not None and name[1:] == "uminus" else None


def _vars(value: Value) -> list[Var]:
    return [a for a in value.atoms if isinstance(a, Var)]
