"""Clock inference: the clock of every stream and of every equation.

Rules, for a node whose streams have clocks ck(x):

    x = op(a, ..), x = c fby a, x = word w    every variable and x on one clock; constants are on every clock
    x = a when C(y)                           ck(a) = ck(y);  ck(x) = ck(y) on C(y)
    x = merge y (C -> a) ..                   ck(x) = ck(y);  ck(a) = ck(y) on C(y) for each branch
    x = a post b in s                         a, b and x on one clock
    x = pack a in s                           ck(a) = ck(last of s);  ck(x) = ck(last of s) on its last
    x = buffer a                              ck(x) has the rate of ck(a), which comes first (see `crossing`)
    x = buffer a at C(y)                      and is ck(y) on C(y)
    x = .. every r                            ck(r) is ck(x) or contains it; where no other rule places one of them,
                                              and r is no input, they are one clock
    (x, ..) = f(a, ..)                        one clock A on which f is activated; the clocks of the actual arguments
                                              and of the targets are those of f with A for its base, and with the
                                              caller's streams for the conditions that f's interface shows
    (x, ..) = f^n(a, ..)                      as of a call; every input and output of f is on its base clock

What remains unknown is on the base clock. A node with a rate is activated at exactly that rate; a node without one
that calls a node with a rate gets the rate that this implies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType
from typing import assert_never

from syncml.clock_calculus.crossing import buffer_fault
from syncml.clock_calculus.faults import (
    Comparison,
    Role,
    activation_fault,
    escape,
    incomplete_merge,
    late_reset,
    long_word,
    mismatch,
    several_clocks,
    timed_reset,
)
from syncml.clock_calculus.solver import Solver
from syncml.clock_calculus.unknown_words import Use, place_unknown_words
from syncml.dataclass import dataclass
from syncml.diagnostics import Collector
from syncml.ir.clocks import BASE, LongWordError, On, Periodic, contains, steps, word
from syncml.ir.equations.conditions import Conditions, conditions_of
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
    resets,
)
from syncml.ir.rates import share_of
from syncml.ir.types import EnumType


def infer_clocks(program: Program) -> Program:
    """Find every clock of a program.

    Returns:
        The program with ``Equation.clock`` and ``Node.clocks`` total, and ``Node.rate`` where a callee implies it.

    Raises:
        DiagnosticError: C001, C002, C003, C005, C010, C012 or C013; one for each root cause.
    """
    collector = Collector()
    conditions = conditions_of(program)
    done: dict[str, Node] = {}
    for node in program.nodes:
        done[node.name] = _Inference(node, done, conditions, collector).run()
    collector.raise_if_errors()
    return replace(program, nodes=tuple(done.values()))


@dataclass(frozen=True, slots=True)
class _Activation:
    equation: Equation
    callee: Node
    clock: int


class _Inference:
    """Inference for one node."""

    def __init__(
        self, node: Node, callees: Mapping[str, Node], conditions: Mapping[str, Conditions], collector: Collector
    ) -> None:
        self._node = node
        self._callees = callees
        self._all_conditions = conditions
        self._conditions = conditions[node.name]
        self._collector = collector
        self._solver: Solver[Comparison] = Solver()
        self._terms: dict[Var, int] = {}
        self._activations: list[_Activation] = []
        self._buffers: list[tuple[Equation, Buffer, int]] = []
        self._failed: list[tuple[int, int, Comparison]] = []
        self._span = node.span

    def run(self) -> Node:
        """The node with its clocks; the clock of a stream with an error is left out."""
        try:
            return self._run()
        except LongWordError:
            self._collector.add(long_word(self._span))
            return replace(self._node, clocks=MappingProxyType({}), within=MappingProxyType({}))

    def _run(self) -> Node:
        solver = self._solver
        for var, clock in self._node.clocks.items():
            solver.unify(self._term(var), solver.term(self._conditions.normal(clock)), _declared(var))
        for var, (condition, constructor) in self._node.within.items():
            selected = solver.select(self._term(condition), self._conditions.select(condition, constructor))
            solver.unify(self._term(var), selected, _declared(var))
        for var, other in self._node.beside.items():
            solver.unify(self._term(var), self._term(other), _declared(var))
        clocks = [self._equation(equation) for equation in self._node.equations]
        for var in self._node.inputs:
            self._term(var)
        self._failed += solver.decide()
        self._place_rated_calls()
        self._place_buffers()
        self._place_resets(clocks)
        self._failed += solver.settle()
        for left, right, reason in self._failed:
            self._collector.add(mismatch(reason, solver.clock(left), solver.clock(right), self._node.rate))
        found = {var: clock for var, term in self._terms.items() if (clock := solver.clock(term)) is not None}
        result = replace(
            self._node,
            equations=tuple(
                Equation(e.targets, e.rhs, e.span, solver.clock(term))
                for e, term in zip(self._node.equations, clocks, strict=True)
            ),
            clocks=MappingProxyType(found),
            rate=self._rate(),
            within=MappingProxyType({}),
            beside=MappingProxyType({}),
        )
        self._check_interface(result)
        self._check_buffers(result)
        self._check_resets(result)
        return result

    def _term(self, var: Var) -> int:
        if var not in self._terms:
            self._terms[var] = self._solver.unknown()
        return self._terms[var]

    def _equation(self, equation: Equation) -> int:
        """Add the constraints of one equation.

        After its first fault the targets are faulty, so that one cause is reported once.

        Returns:
            The clock on which the equation is computed.
        """
        rhs, self._span = equation.rhs, equation.span
        clock = self._solver.unknown()
        sound = True
        match rhs:
            case Apply():
                sound = self._operands(equation, rhs.arguments, clock)
            case Fby():
                sound = self._operands(equation, (rhs.following,), clock)
            case Wave():
                pass
            case When():
                parent = self._term(rhs.condition)
                sound = self._compare(rhs.source, parent, Comparison(Role.SOURCE, equation.span, rhs.condition))
                clock = self._solver.select(parent, self._conditions.select(rhs.condition, rhs.constructor))
            case Merge():
                clock = self._term(rhs.condition)
                sound = self._merge(equation, rhs, clock)
            case Buffer():
                if rhs.condition is not None:
                    selected = self._conditions.select(rhs.condition, rhs.constructor)
                    clock = self._solver.select(self._term(rhs.condition), selected)
                self._buffers.append((equation, rhs, clock))
            case Post():
                fast = self._term(rhs.segment.last)
                sound = self._compare(rhs.segment.first, fast, Comparison(Role.OPERAND, equation.span))
                sound = self._operands(equation, (rhs.following, rhs.init), clock) and sound
            case Pack():
                fast = self._term(rhs.segment.last)
                sound = self._compare(rhs.segment.first, fast, Comparison(Role.OPERAND, equation.span))
                reason = Comparison(Role.SOURCE, equation.span, rhs.segment.last)
                sound = self._compare(rhs.source, fast, reason) and sound
                clock = self._solver.select(fast, self._conditions.select(rhs.segment.last, True))
            case Call():
                return self._call(equation, rhs, clock)
            case Iterate():
                return self._iterate(equation, rhs, clock)
            case _:
                assert_never(rhs)
        self._result(equation.target, clock, Comparison(Role.RESULT, equation.span), sound=sound)
        return clock

    def _operands(self, equation: Equation, operands: tuple[Atom, ...], clock: int) -> bool:
        """Put all operands on one clock; next to a faulty operand the others prove nothing about the result."""
        variables = [a for a in operands if isinstance(a, Var)]
        sound = [var for var in variables if not self._solver.is_faulty(self._term(var))]
        agree = all(self._compare(var, clock, Comparison(Role.OPERAND, equation.span, sound[0])) for var in sound)
        return agree and len(sound) == len(variables)

    def _merge(self, equation: Equation, rhs: Merge, clock: int) -> bool:
        type_ = rhs.condition.type
        wanted = type_.constructors if isinstance(type_, EnumType) else (True, False)
        given = [constructor for constructor, _ in rhs.branches]
        if sorted(map(str, given)) != sorted(map(str, wanted)):
            self._collector.add(incomplete_merge(equation, rhs, wanted))
            return False
        for constructor, atom in rhs.branches:
            branch = self._solver.select(clock, self._conditions.select(rhs.condition, constructor))
            reason = Comparison(Role.BRANCH, equation.span, rhs.condition, constructor=constructor)
            if not self._compare(atom, branch, reason):
                return False
        return True

    def _iterate(self, equation: Equation, rhs: Iterate, activation: int) -> int:
        callee = self._callees[rhs.node]
        for formal in (*callee.inputs, *callee.outputs):
            if callee.clocks.get(formal, BASE) != BASE:
                self._collector.add(several_clocks(equation, callee, formal))
                for target in equation.targets:
                    self._solver.unify(self._term(target), self._solver.faulty, Comparison(Role.RESULT, equation.span))
                return activation
        return self._call(equation, rhs, activation)

    def _call(self, equation: Equation, call: Call | Iterate, activation: int) -> int:
        callee = self._callees[call.node]
        names = self._all_conditions[call.node].names(callee, call, equation.targets)
        self._activations.append(_Activation(equation, callee, activation))

        def term(formal: Var) -> int:
            if formal not in callee.clocks:
                return self._solver.faulty
            result = activation
            for selection in self._conditions.selections(callee.clocks[formal], names):
                result = self._solver.select(result, selection)
            return result

        # Arguments on the callee's base say best where it is activated, so they are asked first.
        arguments = sorted(
            zip(callee.inputs, call.arguments, strict=True), key=lambda pair: callee.clocks.get(pair[0]) != BASE
        )
        base = next((a for _, a in arguments if isinstance(a, Var)), None)
        sound = all(
            self._compare(actual, term(formal), Comparison(Role.ARGUMENT, equation.span, base, callee, formal))
            for formal, actual in arguments
        )
        for formal, target in zip(callee.outputs, equation.targets, strict=True):
            reason = Comparison(Role.RESULT, equation.span, None, callee, formal)
            self._result(target, term(formal), reason, sound=sound)
        return activation

    def _compare(self, atom: Atom, clock: int, reason: Comparison) -> bool:
        """Whether ``atom`` may be on ``clock``; if not, that is recorded."""
        if not isinstance(atom, Var):
            return True
        reason = replace(reason, found=atom)
        term = self._term(atom)
        if self._solver.unify(term, clock, reason):
            return True
        self._failed.append((term, clock, reason))
        return False

    def _result(self, target: Var, clock: int, reason: Comparison, *, sound: bool) -> None:
        """Put ``target`` on ``clock``, or mark it faulty where it is not yet known."""
        term = self._term(target)
        reason = replace(reason, found=target)
        if not sound:
            self._solver.unify(term, self._solver.faulty, reason)
        elif not self._solver.unify(clock, term, reason):
            self._failed.append((clock, term, reason))

    def _place_rated_calls(self) -> None:
        """A call that nothing places runs at the rate of its node, from the first instant on."""
        rate = self._node.rate
        for activation in self._activations:
            wanted = activation.callee.rate
            if rate is None or wanted is None or self._solver.is_known(activation.clock):
                continue
            every = rate / wanted
            if every.denominator == 1:
                term = self._solver.select(self._solver.base, word((), (1,) + (0,) * (int(every) - 1)))
                self._solver.unify(activation.clock, term, Comparison(Role.RESULT, activation.equation.span))

    def _place_buffers(self) -> None:
        """Place the buffers whose reader nothing places.

        A condition that is on any clock, such as a word, is on the clock that the values were sampled from. Then the
        clocks that are still unknown are words that solve the system of the buffers.
        """
        used: list[Use] = []
        for equation, rhs, clock in self._buffers:
            if not isinstance(rhs.source, Var):
                continue
            source = self._term(rhs.source)
            if rhs.condition is not None and not self._solver.is_known(parent := self._term(rhs.condition)):
                self._solver.unify(parent, self._solver.sampled_from(source), Comparison(Role.RESULT, equation.span))
            used.append(Use(equation, rhs, source, clock))
        self._failed += self._solver.decide()
        place_unknown_words(self._solver, used, self._node, self._collector)

    def _check_buffers(self, node: Node) -> None:
        """Some bounded buffer fits between the two clocks of each."""
        for equation, rhs, term in self._buffers:
            writer = node.clocks.get(rhs.source) if isinstance(rhs.source, Var) else None
            reader = self._solver.clock(term)
            if writer is not None and reader is not None:
                fault = buffer_fault(node, equation, rhs, writer, reader)
                if fault is not None:
                    self._collector.add(fault)

    def _place_resets(self, clocks: list[int]) -> None:
        """What nothing else places is on the clock of its slowest reset, a reset on the fastest of what it resets.

        A reset on the clock of an input or output, or where no clock has the instants of the others, is left on base.
        """
        solver = self._solver
        placed = [
            (term, [self._term(reset) for reset in resets(equation.rhs)], Comparison(Role.RESULT, equation.span))
            for equation, term in zip(self._node.equations, clocks, strict=True)
            if resets(equation.rhs)
        ]
        progress = True
        while progress:
            progress = False
            for clock, terms, reason in placed:
                known = [term for term in terms if solver.is_known(term)]
                if known and not solver.is_known(clock):
                    # It cannot be placed where the reset is on a slower clock, one that is made of it.
                    progress |= solver.unify(clock, max(known, key=solver.depth), reason)
        interface = [self._term(var) for var in (*self._node.inputs, *self._node.outputs)]
        wanted: dict[int, list[tuple[int, Comparison]]] = {}
        for clock, terms, reason in placed:
            for term in terms:
                if not solver.is_known(term) and not any(solver.same(term, given) for given in interface):
                    wanted.setdefault(term, []).append((clock, reason))
        for term, uses in wanted.items():
            fastest, reason = min(uses, key=lambda use: solver.depth(use[0]))
            if all(solver.contains(fastest, clock) for clock, _ in uses):
                solver.unify(term, fastest, reason)

    def _rate(self) -> Fraction | None:
        """The rate of this node, checked against the calls of nodes with a rate."""
        rate = self._node.rate
        for activation in self._activations:
            wanted = activation.callee.rate
            clock = self._solver.clock(activation.clock)
            if wanted is None or clock is None:
                continue
            share = share_of(clock)
            if share and rate is None:
                rate = wanted / share
            elif not share or rate is None or share * rate != wanted:
                self._collector.add(activation_fault(activation.equation, activation.callee, clock, rate))
        return rate

    def _check_interface(self, node: Node) -> None:
        """The clock of an input or output is made of conditions that the interface shows."""
        visible = self._conditions.visible(node)
        for var in dict.fromkeys((*node.inputs, *node.outputs)):
            path = steps(node.clocks[var]) if var in node.clocks else []
            hidden = next((s.condition for s in path if isinstance(s, On) and s.condition not in visible), None)
            if hidden is not None:
                self._collector.add(escape(node, var, hidden))

    def _check_resets(self, node: Node) -> None:
        """A reset is present whenever what it resets is, and an instance that is reset has no timed interface."""
        for equation in node.equations:
            for reset in resets(equation.rhs):
                outer = node.clocks.get(reset)
                if equation.clock is not None and outer is not None and not contains(outer, equation.clock):
                    self._collector.add(late_reset(equation, reset, outer, equation.clock, node.rate))
                    break
            if isinstance(equation.rhs, Call) and equation.rhs.resets:
                callee = self._callees[equation.rhs.node]
                for var in (*callee.inputs, *callee.outputs):
                    if any(isinstance(step, Periodic) for step in steps(callee.clocks.get(var, BASE))):
                        self._collector.add(timed_reset(equation, callee, var))
                        break


def _declared(var: Var) -> Comparison:
    return Comparison(Role.DECLARED, var.span, found=var)
