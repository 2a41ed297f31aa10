"""A node as an ONNX graph of one tick.

Rule: calls are inlined, and each equation that an output or a state needs becomes operations on tensors with a batch in
front. A memory is an input with its value before the tick and an output with its value after it; a stream on a clock
that is not present has some value, which nothing present reads:

    x :: ck = c fby a every r     now = Where(r, c, x);  x.next = Where(ck, a, now);  its readers read now
    x = a when C(y)               a
    x = merge y (C -> a) ..       Where(y == C, a, ..)
    word u(v), ck every u(v)      a counter of the instants of the clock, a state, and a table of the letters

Clauses of contracts have no form and are left out: they are proved of the node. Everything else that has none is
`X007`, at its line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Collector, InternalFault, Span, error
from syncml.export_onnx.convolutions import convolution
from syncml.export_onnx.draft import Draft, Operation, Tensor
from syncml.export_onnx.operators import NoOperatorError, equal, operation, where
from syncml.ir.clocks import BASE, Clock, On, Periodic, Word, conditions, steps
from syncml.ir.constants import Const, zero
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Program,
    Var,
    Wave,
    When,
    atoms,
)
from syncml.ir.graphs import components
from syncml.ir.types import BOOL, I64, EnumType, element, shape


@dataclass(frozen=True, slots=True)
class State:
    """A memory: the input that it is before a tick, the output that it is after it, its first value without a batch."""

    before: Tensor
    after: Tensor
    initial: NDArray[Any]


@dataclass(frozen=True, slots=True)
class OnnxProgram:
    """A graph: what it reads and gives, in the order of the node, then the states; constants; operations in order."""

    node: Node
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    states: tuple[State, ...]
    arrays: dict[str, NDArray[Any]]
    operations: tuple[Operation, ...]


def onnx_program(program: Program) -> OnnxProgram:
    """The graph of the main node of a checked ``program`` of machine numbers.

    Raises:
        DiagnosticError: X007, for each equation, input and output that has no form in ONNX.
    """
    return _Lowering(inline(program).node(program.main)).run()


class _Lowering:
    """One flat node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._draft = Draft(node.span)
        self._values: dict[Var, Tensor] = {}
        self._present: dict[Clock, Tensor | None] = {BASE: None}
        self._states: list[tuple[Tensor, Tensor, NDArray[Any], Span]] = []
        self._memories: list[tuple[Equation, Fby, Tensor]] = []
        self._definitions = {target: e for e in node.equations for target in e.targets}
        self._faults = Collector()

    def run(self) -> OnnxProgram:
        """The graph."""
        node, draft = self._node, self._draft
        needed = self._needed()
        self._refuse_interface()
        for equation in needed:
            if isinstance(equation.rhs, Post | Pack):
                self._refuse(
                    "a stream of the future", equation.span, "export the node that decides, not what trains it"
                )
        self._faults.raise_if_errors()
        order = self._ordered(needed)
        self._faults.raise_if_errors()
        inputs = tuple(draft.entrance(v.name, element(v.type), shape(v.type)) for v in node.inputs)
        self._values |= zip(node.inputs, inputs, strict=True)
        names = [draft.reserve(v.name if v not in self._values else f"{v.name}.out") for v in node.outputs]
        # States are inputs too, and have to be known before any batch is asked for.
        for equation in needed:
            if isinstance(equation.rhs, Fby):
                target = equation.target
                name = f"{target.name}.before" if target.name in names else target.name
                self._values[target] = draft.entrance(name, element(target.type), shape(target.type))
        for equation in order:
            draft.at = equation.span
            try:
                self._lower(equation)
            except NoOperatorError:
                assert isinstance(equation.rhs, Apply)
                types = ", ".join(str(a.type) for a in equation.rhs.arguments)
                what = f"`{equation.rhs.op.value}` of {types}"
                self._refuse(what, equation.span, "compute it outside of the exported node, and make it an input")
                # What reads it may have faults of its own.
                type_ = equation.target.type
                self._values[equation.target] = draft.constant(np.zeros(shape(type_)), element(type_))
        self._faults.raise_if_errors()
        outputs = [draft.exit(self._values[v], name) for v, name in zip(node.outputs, names, strict=True)]
        self._remember()
        states: list[State] = []
        for before, after, initial, span in self._states:
            draft.at = span
            states.append(
                State(before, draft.exit(after, draft.reserve(f"{before.name.removesuffix('.before')}.next")), initial)
            )
        draft.keep([*outputs, *(state.after for state in states)])
        return OnnxProgram(node, inputs, tuple(outputs), tuple(states), draft.arrays, tuple(draft.operations))

    def _refuse(self, what: str, span: Span, help_: str) -> None:
        self._faults.add(error("X007", f"{what} has no form in ONNX", span, help=help_))

    def _refuse_interface(self) -> None:
        for var in self._node.inputs:
            if self._node.clocks[var] != BASE:
                help_ = "take it at every tick, and sample it in the node"
                self._refuse(f"the input `{var.name}`, which is not there at every tick,", var.span, help_)
        for var in self._node.outputs:
            if self._node.clocks[var] != BASE:
                help_ = "hold it: hold(x, init=...)"
                self._refuse(f"the output `{var.name}`, which is not there at every tick,", var.span, help_)

    def _reads(self, equation: Equation) -> list[Var]:
        """What an equation depends on, its clock included."""
        found = [atom for atom in atoms(equation.rhs) if isinstance(atom, Var)]
        return [*found, *(v for clock in self._clocks(equation) for v in conditions(clock))]

    def _clocks(self, equation: Equation) -> Iterable[Clock]:
        resets = equation.rhs.resets if isinstance(equation.rhs, Fby | Wave) else ()
        return (equation.clock or BASE, *(self._node.clocks[reset] for reset in resets))

    def _needed(self) -> list[Equation]:
        """The equations on which outputs depend, in the order of the node."""
        found: set[Var] = set()
        stack = list(self._node.outputs)
        while stack:
            var = stack.pop()
            if var not in found:
                found.add(var)
                if var in self._definitions:
                    stack += self._reads(self._definitions[var])
        return [e for e in self._node.equations if any(t in found for t in e.targets)]

    def _ordered(self, needed: list[Equation]) -> list[Equation]:
        """The equations, each after what it reads at once."""
        number = {target: i for i, e in enumerate(needed) for target in e.targets}

        def now(equation: Equation) -> list[Var]:
            if isinstance(equation.rhs, Fby):
                return [*equation.rhs.resets, *(v for c in self._clocks(equation) for v in conditions(c))]
            return self._reads(equation)

        graph = [sorted({number[v] for v in now(e) if v in number}) for e in needed]
        found: list[Equation] = []
        for component in components(graph):
            first = needed[component[0]]
            if len(component) > 1 or component[0] in graph[component[0]]:
                name = first.targets[0].name
                help_ = "put a delay between the modes, or export them as nodes of their own"
                self._refuse(f"`{name}`, which is computed in another order in each mode,", first.span, help_)
            found.append(first)
        return found

    def _lower(self, equation: Equation) -> None:
        """Give the target of an equation its tensor."""
        target, rhs, draft = equation.targets[0], equation.rhs, self._draft
        match rhs:
            case Apply():
                convolved = convolution(draft, rhs, self._definitions, self._values.__getitem__)
                arguments = tuple(self._atom(a, target.name) for a in rhs.arguments)
                found = convolved or operation(draft, rhs.op, arguments, rhs.attribute, target.type)
            case Fby():
                before = self._values[target]
                initial = self._atom(rhs.init or zero(target.type), f"{target.name}_initial")
                found = before
                if rhs.resets:
                    found = where(draft, self._reset(rhs.resets), initial, before, before.shape)
                self._memories.append((equation, rhs, before))
            case When():
                found = self._atom(rhs.source, target.name)
            case Merge():
                *some, (_, last) = rhs.branches
                found = self._atom(last, target.name)
                for constructor, atom in reversed(some):
                    chosen = self._atom(atom, target.name)
                    found = where(draft, self._is(rhs.condition, constructor), chosen, found, shape(target.type))
            case Wave():
                found = self._letter(rhs.word, self._presence(equation.clock or BASE), target.name, rhs.resets)
            case Post() | Pack() | Call() | Iterate() | Buffer():
                raise InternalFault(f"{target.name} is exported before it is lowered")
            case _:
                assert_never(rhs)
        self._values[target] = draft.called(found, target.name)

    def _atom(self, atom: Atom, name: str) -> Tensor:
        if isinstance(atom, Var):
            return self._values[atom]
        return self._draft.constant(atom.machine(), atom.element, atom.name or (name if shape(atom.type) else "number"))

    def _is(self, condition: Var, constructor: bool | str) -> Tensor:
        """Whether a stream has the value that a clock or a branch stands for."""
        value = self._values[condition]
        if condition.type is BOOL:
            return value if constructor else self._draft.apply("Not", value, kind=BOOL, shape=())
        assert isinstance(condition.type, EnumType)
        return equal(self._draft, value, self._atom(Const(constructor, condition.type), str(constructor)), ())

    def _both(self, a: Tensor | None, b: Tensor) -> Tensor:
        return b if a is None else self._draft.elementwise("And", a, b, kind=BOOL, shape=())

    def _presence(self, clock: Clock) -> Tensor | None:
        """Whether a clock is present; None if it always is."""
        for step in steps(clock):
            if step not in self._present:
                parent = self._present[step.parent]
                match step:
                    case On():
                        here = self._is(step.condition, step.constructor)
                    case Periodic():
                        here = self._letter(step.word, parent, "clock", ())
                self._present[step] = self._both(parent, here)
        return self._present[clock]

    def _reset(self, resets: tuple[Var, ...]) -> Tensor:
        """Whether one of the resets is present and true."""
        found: Tensor | None = None
        for reset in resets:
            one = self._both(self._presence(self._node.clocks[reset]), self._values[reset])
            found = one if found is None else self._draft.elementwise("Or", found, one, kind=BOOL, shape=())
        assert found is not None
        return found

    def _letter(self, word: Word, present: Tensor | None, name: str, resets: tuple[Var, ...]) -> Tensor:
        """Whether a word has a one at this instant of its clock; the place in it is a state."""
        draft, letters = self._draft, (*word.prefix, *word.period)
        before = draft.entrance(f"{name}.place", I64, ())
        now = before
        if resets:
            now = where(draft, self._reset(resets), draft.constant(0, I64, "integer_0"), before, ())
        successors = draft.constant([*range(1, len(letters)), len(word.prefix)], I64, "successors")
        after = draft.apply("Gather", successors, now, kind=I64, shape=(), axis=0)
        if present is not None:
            after = where(draft, present, after, now, ())
        self._states.append((before, after, np.zeros((), np.int64), draft.at))
        table = draft.constant(np.array(letters, np.bool_), BOOL, "letters")
        return draft.apply("Gather", table, now, kind=BOOL, shape=(), axis=0)

    def _remember(self) -> None:
        """The next values of the memories."""
        for equation, rhs, before in self._memories:
            self._draft.at = equation.span
            after = self._atom(rhs.following, before.name)
            present = self._presence(equation.clock or BASE)
            if present is not None:
                after = where(self._draft, present, after, self._values[equation.target], before.shape)
            initial = np.asarray((rhs.init or zero(equation.target.type)).machine())
            self._states.append((before, after, initial, equation.span))
