"""Calls: of nodes, of operators, over arrays, and at some instants only.

map<<f, n>>(a)          y[i] = f(a[i]), each element an instance of its own
red<<f, n>>(x, a)       x, then f(x, a[0]), then f(that, a[1]), ...
fill<<f, n>>(x)         the same with an array of the further outputs of f; fillred has both
condact(c, f(x), d)     y = merge c (f(x when c)) ((d fby y) when not c)
(restart f every r)(x)  f starts anew where r is true
"""

from __future__ import annotations

from collections.abc import Sequence

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.clocks import BASE, Clock, On, Periodic, conditions
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Fby, Merge, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, TensorType
from syncml.lustre.builder import Builder
from syncml.lustre.context import Context, Interface
from syncml.lustre.cursor import unread
from syncml.lustre.delays import Delays
from syncml.lustre.operations import Operations, constant_integer, operator_named, same_type
from syncml.lustre.scopes import NodeRef
from syncml.lustre.types import ArrayType, LustreType, Value, element, leaves, plain, width
from syncml.lustre.walk import Walk

ITERATORS = {"map": 0, "red": 1, "fold": 1, "fill": 1, "fillred": 1, "mapred": 1}
"""The iterators, with the number of values that go from element to element."""

BUILT_IN = frozenset({*ITERATORS, "boolred", "condact", "pre", "current", "fby", "->"})
"""What can be called beside nodes and operators of one instant."""


class Calls:
    """Calls in a node under construction."""

    def __init__(self, context: Context, builder: Builder, operations: Operations, delays: Delays) -> None:
        self._context = context
        self._b = builder
        self._ops = operations
        self._delays = delays

    def call(
        self, ref: NodeRef, arguments: Sequence[Value], span: Span, restart: Value | None = None
    ) -> Walk[list[Value]]:
        """The results of a call."""
        if ref.declaration is not None:
            found: list[Value] = yield self._node(ref, arguments, span, restart)
            return found
        if restart is not None:
            raise unread("the restart of an operator", span)
        statics = [value for _, value in ref.statics]
        name = ref.name.removeprefix("Lustre::")
        if name in ITERATORS:
            found = yield self._iterated(name, statics, arguments, span)
            return found
        if name == "boolred":
            return [self._counted(statics, arguments, span)]
        if name == "condact":
            if len(statics) != 2 or not isinstance(statics[0], NodeRef) or not isinstance(statics[1], Value):
                raise DiagnosticError(error("T007", "`condact` takes a node and default values", span))
            if not arguments:
                raise DiagnosticError(error("T007", "`condact` takes a condition", span))
            inner = statics[0]
            found = yield self.activated(inner, arguments[0], arguments[1:], self._split(statics[1]), span)
            return found
        match name, arguments:
            case "pre", [operand]:
                return [self._delays.before(operand, span)]
            case "current", [operand]:
                return [self._delays.current(operand, span)]
            case "fby", [first, then]:
                return [self._delays.initial(first, then, span)]
            case "->", [first, then]:
                return [self._delays.arrow(first, then, span)]
            case _:
                pass
        operator = operator_named(name)
        if operator is None:
            raise unread(f"`{name}` as a node", span)
        return [self._ops.apply(operator, arguments, span)]

    def activated(
        self,
        ref: NodeRef,
        condition: Value,
        arguments: Sequence[Value],
        defaults: Sequence[Value] | None,
        span: Span,
        restart: Value | None = None,
    ) -> Walk[list[Value]]:
        """A call at the instants at which ``condition`` is true; without defaults the result is on that clock."""
        same_type(BOOL, condition.type, "the condition of an activation and what it has to be", span)
        clock = self._b.variable(condition.atoms[0], span)
        results: list[Value] = yield self.sampled(ref, clock, True, arguments, span, restart)
        if defaults is None:
            return results
        wanted = [a for v in defaults for a in v.atoms]
        if wanted and len(wanted) != sum(len(v.atoms) for v in results):
            raise DiagnosticError(error("T007", "there is not one default value for each result of the call", span))
        held: list[Value] = []
        for result in results:
            atoms: list[Atom] = []
            for atom in result.atoms:
                default = wanted.pop(0) if wanted else None
                if default is not None and default.type != atom.type:
                    message = f"a default value is {default.type}, the result {atom.type}"
                    raise DiagnosticError(error("T001", message, span))
                atoms.append(self._held(atom, clock, default, span))
            held.append(Value(plain(result.type), tuple(atoms)))
        return held

    def sampled(
        self,
        ref: NodeRef,
        condition: Var,
        constructor: bool | str,
        arguments: Sequence[Value],
        span: Span,
        restart: Value | None,
    ) -> Walk[list[Value]]:
        """A call with all of its arguments sampled."""
        given = [
            Value(v.type, tuple(self._b.sampled(a, condition, constructor, span) for a in v.atoms)) for v in arguments
        ]
        results: list[Value] = yield self.call(ref, given, span, restart)
        return results

    def _held(self, atom: Atom, clock: Var, default: Atom | None, span: Span) -> Atom:
        base = self._b.clock(clock)
        held = self._b.fresh(atom.type, span, base)
        if default is None or isinstance(default, Const):
            before: Atom = self._b.emit(Fby(default, held), atom.type, span, base)
        else:
            last = self._b.emit(Fby(None, held), atom.type, span, base)
            before = self._b.emit(Apply(Op.WHERE, (self._b.first(base, span), default, last)), atom.type, span, base)
        otherwise = self._b.sampled(before, clock, False, span)
        self._b.equate(held, Merge(clock, ((True, atom), (False, otherwise))), span)
        return held

    def _split(self, value: Value) -> list[Value]:
        """Each leaf of a constant as a value."""
        return [Value(a.type, (a,)) for a in value.atoms if not isinstance(a.type, TensorType)]

    def _iterated(
        self, name: str, statics: Sequence[object], arguments: Sequence[Value], span: Span
    ) -> Walk[list[Value]]:
        function, size = self._iteration(name, statics, span)
        carried = list(arguments[: ITERATORS[name]])
        arrays = arguments[ITERATORS[name] :]
        for value in arrays:
            if not isinstance(value.type, ArrayType) or value.type.size != size:
                raise DiagnosticError(error("T001", f"`{name}` runs over {size} elements, not over {value.type}", span))
        if len(carried) != ITERATORS[name] or (name == "map" and not arrays):
            raise DiagnosticError(error("T007", f"`{name}` takes more arguments", span))
        collected: list[list[Value]] = []
        for i in range(size):
            inner: list[Value] = yield self.call(function, [*carried, *(element(a, i) for a in arrays)], span)
            if len(inner) < len(carried):
                raise DiagnosticError(error("T007", f"`{function.name}` has too few results for `{name}`", span))
            for before, after in zip(carried, inner, strict=False):
                same_type(before.type, after.type, f"what `{name}` hands on and what it gets back", span)
            carried = inner[: len(carried)]
            collected.append(inner[len(carried) :])
        outputs = [
            Value(ArrayType(first.type, size), tuple(a for row in collected for a in row[k].atoms))
            for k, first in enumerate(collected[0] if collected else [])
        ]
        return [*carried, *outputs]

    def _iteration(self, name: str, statics: Sequence[object], span: Span) -> tuple[NodeRef, int]:
        function, size = (*statics, None, None)[:2]
        number = constant_integer(size) if isinstance(size, Value) else None
        if not isinstance(function, NodeRef) or number is None or number < 0:
            raise DiagnosticError(error("T007", f"`{name}` takes a node and a size", span))
        return function, number

    def _counted(self, statics: Sequence[object], arguments: Sequence[Value], span: Span) -> Value:
        numbers = [constant_integer(s) for s in statics if isinstance(s, Value)]
        least, most, size = (*numbers, None, None, None)[:3]
        if least is None or most is None or size is None or len(arguments) != 1:
            raise DiagnosticError(error("T007", "`boolred` takes three integers and an array", span))
        array = arguments[0]
        if array.type != ArrayType(BOOL, size):
            raise DiagnosticError(error("T001", f"`boolred` runs over {size} Booleans, not over {array.type}", span))
        return self._ops.count([element(array, i) for i in range(size)], least, most, span)

    def _node(self, ref: NodeRef, arguments: Sequence[Value], span: Span, restart: Value | None) -> Walk[list[Value]]:
        types = [v.type for v in arguments]
        interface: Interface = yield self._context.instance(ref, types, span)
        self._check_arguments(ref, interface, types, span)
        node = interface.node
        shown = {v for clock in node.clocks.values() for v in conditions(clock)}
        atoms: list[Atom] = []
        for formal, atom in zip(node.inputs, (a for v in arguments for a in v.atoms), strict=True):
            if formal in shown and self._context.rules.named_clocks and not self._b.is_named(atom):
                message = f"`{formal.name}` of `{ref.name}` is a clock, and what stands for it has no name"
                raise DiagnosticError(error("C005", message, span, help="define a stream by it, and give that"))
            atoms.append(self._b.variable(atom, span) if formal in shown else atom)
        pure = ref.declaration is not None and ref.declaration.function and restart is None
        if pure and (known := self._b.results(node.name, tuple(atoms))) is not None:
            return _results(interface.outputs, known)
        actual: dict[Var, Atom] = dict(zip(node.inputs, atoms, strict=True))
        on_base = [a for formal, a in actual.items() if node.clocks.get(formal, BASE) == BASE]
        activation = self._b.clock(*on_base)
        targets: list[Var] = []
        for formal in node.outputs:
            target = self._b.fresh(formal.type, span, None)
            actual[formal] = target
            targets.append(target)
        for formal in node.outputs:
            clock = _placed(node.clocks.get(formal, BASE), activation, actual)
            if clock is not None:
                self._b.place(actual[formal], clock)
        resets = () if restart is None else (self._reset(restart, span),)
        self._b.call(node.name, node.label, tuple(atoms), tuple(targets), span, resets)
        if pure:
            self._b.remember(node.name, tuple(atoms), targets)
        return _results(interface.outputs, targets)

    def _reset(self, restart: Value, span: Span) -> Var:
        same_type(BOOL, restart.type, "the condition of a restart and what it has to be", span)
        return self._b.variable(restart.atoms[0], span)

    def _check_arguments(self, ref: NodeRef, interface: Interface, types: Sequence[LustreType], span: Span) -> None:
        if len(types) != len(interface.inputs):
            wanted = len(interface.inputs)
            raise DiagnosticError(
                error("T007", f"`{ref.name}` takes {wanted} argument{'s'[: wanted != 1]}, not {len(types)}", span)
            )
        for formal, actual in zip(interface.inputs, types, strict=True):
            if plain(formal) != plain(actual):
                raise DiagnosticError(error("T001", f"`{ref.name}` takes {formal} where {actual} is given", span))


def _placed(clock: Clock, activation: Clock | None, actual: dict[Var, Atom]) -> Clock | None:
    """The clock of a formal in the caller, where that can be told."""
    if isinstance(clock, On):
        parent = _placed(clock.parent, activation, actual)
        condition = actual.get(clock.condition)
        return On(parent, condition, clock.constructor) if parent is not None and isinstance(condition, Var) else None
    return None if isinstance(clock, Periodic) else activation


def _results(types: Sequence[LustreType], targets: Sequence[Var]) -> list[Value]:
    """The outputs of a call, leaf by leaf."""
    found: list[Value] = []
    start = 0
    for type_ in types:
        found.append(Value(plain(type_), tuple(targets[start : start + width(type_)])))
        start += width(type_)
    assert start == len(targets) == sum(len(leaves(t)) for t in types)
    return found
