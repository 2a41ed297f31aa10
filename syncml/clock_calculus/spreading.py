"""Slow calls spread over base ticks: a call on ``B every 0^p (1 0^(n-1))`` in k stages, one in each of k ticks.

Rule: the equations of the callee are cut, in an order in which each comes after what it needs, into k runs of about
equal cost; run s is computed s ticks later, on ``B every 0^(p+s) (1 0^(n-1))``. A value that a later run reads goes
through a buffer between the two phases, and so does the memory of a delay, which holds the first value at first. Every
stream of the callee keeps its values in their order, so the results are those of the call; the caller reads them in the
last of the k ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from syncml.clock_calculus.rings import lower_buffers
from syncml.dataclass import dataclass
from syncml.diagnostics import Collector, Diagnostic, InternalFault, Label, error
from syncml.ir.clocks import BASE, Clock, Periodic, Word, complement, conditions, every, steps, word
from syncml.ir.constants import Const, zero
from syncml.ir.equations.conditions import Conditions, conditions_of
from syncml.ir.equations.inline import inline_where, rebase
from syncml.ir.equations.rewrite import rewritten
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Equation,
    Fby,
    Iterate,
    Node,
    Pack,
    Post,
    Program,
    Rhs,
    Var,
    Wave,
    atoms,
    resets,
)
from syncml.ir.equations.unroll import unroll
from syncml.ir.graphs import components
from syncml.ir.operators import Op
from syncml.ir.types import shape, size

ELEMENTARY = frozenset({Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS, Op.ATAN2, Op.POW})
ELEMENTARY_COST = 30
"""About how many operations an elementary function has."""


def spread_calls(program: Program) -> Program:
    """Put stages in the place of the calls of a clocked program that are to be spread.

    Raises:
        DiagnosticError: C011, a callee cannot be cut into stages.
    """
    found = {
        (node.name, e.rhs.instance): _Spread(e, e.rhs)
        for node in program.nodes
        for e in node.equations
        if isinstance(e.rhs, Call) and e.rhs.spread > 1
    }
    if not found:
        return program
    inside = _reachable(program, {s.call.node for s in found.values()})
    lowered, _ = lower_buffers(program)
    # A body that is put in the place of its call has no buffers; those of the callers are lowered after the cut.
    chosen = (new if old.name in inside else old for old, new in zip(program.nodes, lowered.nodes, strict=True))
    program = replace(program, nodes=tuple(chosen))
    program = unroll(program, lambda node, _rhs: node.name in inside)
    flat = inline_where(program, lambda node, call: node.name in inside or call.spread > 1)
    collector = Collector()
    conditions = conditions_of(flat)
    nodes: list[Node] = []
    for node in flat.nodes:
        result = node
        for (name, _), each in found.items():
            if name == node.name and name not in inside:
                fault = each.fault(result)
                if fault is None:
                    result = _Stages(result, each, conditions[name]).result()
                else:
                    collector.add(fault)
        nodes.append(result)
    collector.raise_if_errors()
    return replace(flat, nodes=tuple(nodes))


def _reachable(program: Program, names: set[str]) -> set[str]:
    found: set[str] = set()
    for node in reversed(program.nodes):
        if node.name in names or node.name in found:
            found.add(node.name)
            found |= {e.rhs.node for e in node.equations if isinstance(e.rhs, Call | Iterate)}
    return found


@dataclass(frozen=True, slots=True)
class _Spread:
    """A call that is to be spread."""

    equation: Equation
    call: Call

    def owns(self, equation: Equation) -> bool:
        """Whether an equation of the caller, with the call inlined, comes from the callee."""
        return bool(equation.targets) and all(
            t in self.equation.targets or t.name.startswith(f"{self.call.instance}.") for t in equation.targets
        )

    @property
    def clock(self) -> Periodic:
        """The clock of the call, which `spread` has seen to be strictly periodic."""
        clock = self.equation.clock
        if not isinstance(clock, Periodic):
            raise InternalFault(f"{self.call.instance} is spread on clock {clock}")
        return clock

    def fault(self, node: Node) -> Diagnostic | None:
        """C011 where the callee has clocks or memory that stages cannot carry."""
        last = stage_clock(self.clock, self.call.spread - 1)
        for equation in node.equations:
            reads = isinstance(equation.rhs, Buffer) and equation.rhs.source in self.equation.targets
            if reads and equation.clock != last:
                return error(
                    "C011",
                    f"the results of `{self.call.node}` are not read in the last of its {self.call.spread} ticks",
                    equation.span,
                    help="move the sampling of its arguments and the call together",
                )
        outside = {t for e in node.equations if not self.owns(e) for t in e.targets} | set(node.inputs)
        for equation in node.equations:
            if not self.owns(equation):
                continue
            if (obstacle := self._obstacle(node, equation, outside)) is not None:
                why, repair = obstacle
                return error(
                    "C011",
                    f"`{self.call.node}` cannot be spread: a part of it {why}",
                    self.equation.span,
                    secondary=[Label(equation.span, "this part")] if equation.span != self.equation.span else [],
                    help=repair,
                )
        return None

    def _obstacle(self, node: Node, equation: Equation, outside: set[Var]) -> tuple[str, str] | None:
        """What a stage cannot do with an equation of the callee, and what to do."""
        away = {v for v in _reads(equation) if v in outside and node.clocks[v] != self.clock}
        if not away.isdisjoint(resets(equation.rhs)):
            return "is reset at other instants than those of the call", "sample the reset as the arguments are sampled"
        rest = "take that part out of the node, and spread the rest"
        if away or equation.clock is None or self.clock not in steps(equation.clock):
            return "runs at a rate of its own", rest
        return ("looks ahead", rest) if isinstance(equation.rhs, Post | Pack) else None


def stage_clock(clock: Periodic, stage: int) -> Clock:
    """The strictly periodic ``clock``, ``stage`` ticks later."""
    period = len(clock.word.period)
    phase = (clock.word.prefix + clock.word.period).index(1)
    return every(clock.parent, word((0,) * (phase + stage), (1,) + (0,) * (period - 1)))


class _Stages:
    """The cutting of one inlined call."""

    def __init__(self, node: Node, spread: _Spread, conditions: Conditions) -> None:
        self._node = node
        self._spread = spread
        self._conditions = conditions
        self._names = {v.name for v in node.clocks}
        self._stage: dict[Var, int] = {}
        self._carried: dict[tuple[Var, int], Var] = {}
        self._equations: list[Equation] = []
        self._clocks = dict(node.clocks)
        self._registers: list[Equation] = []
        self._parts: list[Equation] = []
        self._others: list[Equation] = []
        for equation in node.equations:
            if not spread.owns(equation):
                self._others.append(equation)
            elif not (isinstance(equation.rhs, Fby) and equation.clock == spread.clock):
                self._parts.append(equation)
            elif equation.rhs.resets:
                self._split(equation, equation.rhs)
            else:
                self._registers.append(equation)
        self._before = dict(self._clocks)

    def _split(self, equation: Equation, rhs: Fby) -> None:
        """``x = c fby y every r`` is ``m = c fby y; x = if r then c else m`` where r is on the clock of x."""
        first = rhs.init or zero(equation.target.type)
        memory = self._fresh(f"{equation.target.name}.memory", equation.target, self._spread.clock)
        self._registers.append(replace(equation, targets=(memory,), rhs=replace(rhs, resets=())))
        result: Var = memory
        for number, reset in enumerate(rhs.resets, start=1):
            chosen = equation.target
            if number < len(rhs.resets):
                chosen = self._fresh(f"{equation.target.name}.reset{number}", equation.target, self._spread.clock)
            choice = Apply(Op.WHERE, (reset, first, result))
            self._parts.append(replace(equation, targets=(chosen,), rhs=choice))
            result = chosen

    def result(self) -> Node:
        """The node with the call in stages."""
        self._assign()
        for equation in self._registers:
            self._register(equation)
        for equation in self._parts:
            self._move(equation)
        equations = (*self._others, *self._equations)
        return replace(self._node, equations=equations, clocks=MappingProxyType(self._clocks))

    def _assign(self) -> None:
        """Give each equation its stage, and each register the earliest one of those that read or write it."""
        groups = _groups(self._parts, self._spread.clock)
        for stage, run in enumerate(_balanced([sum(map(_cost, g)) for g in groups], self._spread.call.spread)):
            for number in run:
                for equation in groups[number]:
                    self._stage |= dict.fromkeys(equation.targets, stage)
        first: dict[Var, int] = {}
        for equation in self._parts:
            stage = self._stage[equation.targets[0]]
            for read in _reads(equation):
                first[read] = min(stage, first.get(read, stage))
        last = self._spread.call.spread - 1
        for equation in self._registers:
            rhs = equation.rhs
            assert isinstance(rhs, Fby)
            written = self._stage.get(rhs.following, 0) if isinstance(rhs.following, Var) else 0
            self._stage[equation.target] = min(written, first.get(equation.target, last))

    def _at(self, stage: int) -> Clock:
        return stage_clock(self._spread.clock, stage)

    def _register(self, equation: Equation) -> None:
        """A delay is a buffer that holds its first value; an undefined one is never read, as has been checked."""
        rhs = equation.rhs
        assert isinstance(rhs, Fby)
        target = equation.target
        clock = self._clocks[target] = self._at(self._stage[target])
        held = Buffer(rhs.following, init=(rhs.init or zero(target.type),))
        if not isinstance(rhs.following, Var):
            # What a constant delays is that constant from the second instant on, at every stage.
            self._equations.append(replace(equation, clock=clock))
            return
        self._equations.append(replace(equation, rhs=held, clock=clock))

    def _move(self, equation: Equation) -> None:
        stage = self._stage[equation.targets[0]]

        def read(var: Var) -> Var:
            return self._read(var, stage)

        def atom(old: Atom) -> Atom:
            return read(old) if isinstance(old, Var) else old

        clock = self._clock(equation.clock, stage)
        self._equations.append(replace(equation, rhs=rewritten(equation.rhs, atom, read), clock=clock))
        self._clocks |= {t: self._clock(self._before[t], stage) for t in equation.targets}

    def _clock(self, clock: Clock | None, stage: int) -> Clock:
        """A clock below that of the call, at a stage."""
        assert clock is not None
        result = self._at(stage)
        for step in steps(clock)[len(steps(self._spread.clock)) :]:
            result = rebase(replace(step, parent=BASE), result, lambda var: self._read(var, stage))
        return result

    def _read(self, var: Var, stage: int) -> Var:
        """A stream at a stage: itself, or what a buffer carries there."""
        if self._stage.get(var, 0) == stage or self._before[var] != self._spread.clock:
            return var
        if (var, stage) not in self._carried:
            name = var.name.removeprefix(f"{self._spread.call.instance}.")
            carried = self._fresh(f"{self._spread.call.instance}.{name}.tick{stage}", var, self._at(stage))
            self._carried[var, stage] = carried
            rhs = self._repeated(var, stage)
            self._equations.append(Equation((carried,), rhs, self._spread.equation.span, self._clocks[carried]))
        return self._carried[var, stage]

    def _repeated(self, var: Var, stage: int) -> Rhs:
        """What gives a stage the values of ``var``; for another name of a condition, a name of that one there."""
        match self._conditions.root(var):
            case (Word() as word_, negated):
                return Wave(complement(word_) if negated else word_)
            case (Const() as constant, negated):
                return Apply(Op.NOT if negated else Op.COPY, (constant,))
            case (Var() as renamed, negated):
                if renamed is var or self._before[renamed] != self._spread.clock:
                    return Buffer(var)
                return Apply(Op.NOT if negated else Op.COPY, (self._read(renamed, stage),))

    def _fresh(self, name: str, like: Var, clock: Clock) -> Var:
        stem, count = name, 1
        while name in self._names:
            count += 1
            name = f"{stem}_{count}"
        self._names.add(name)
        var = Var(name, like.type, like.span, False, like.unit)
        self._clocks[var] = clock
        return var


def _reads(equation: Equation) -> list[Var]:
    found = [a for a in atoms(equation.rhs) if isinstance(a, Var)]
    return found + (conditions(equation.clock) if equation.clock is not None else [])


def _groups(parts: Sequence[Equation], clock: Clock) -> list[list[Equation]]:
    """The equations that stay together, each group after those that it needs; what is on one inner clock does."""
    number = {t: i for i, e in enumerate(parts) for t in e.targets}
    together: list[set[int]] = [set() for _ in parts]
    needs: list[tuple[int, ...]] = []
    for i, equation in enumerate(parts):
        read = [number[v] for v in _reads(equation) if v in number]
        bound = [j for j in read if equation.clock != clock or parts[j].clock != clock]
        for j in bound:
            together[j].add(i)
        needs.append(tuple(dict.fromkeys(read)))
    # An edge in both directions makes one component.
    graph = [tuple(dict.fromkeys((*needs[i], *sorted(together[i])))) for i in range(len(parts))]
    return [[parts[i] for i in sorted(component)] for component in components(graph)]


def _cost(equation: Equation) -> int:
    """About how many operations an equation has."""
    rhs = equation.rhs
    if not isinstance(rhs, Apply):
        return 1
    result = size(equation.target.type)
    match rhs.op:
        case Op.MATMUL:
            return 2 * result * shape(rhs.arguments[0].type)[-1]
        case Op.SUM | Op.LEAST | Op.GREATEST | Op.ALL | Op.ANY:
            return size(rhs.arguments[0].type)
        case op if op in ELEMENTARY:
            return result * ELEMENTARY_COST
        case _:
            return result


def _balanced(costs: Sequence[int], count: int) -> list[range]:
    """``count`` runs, in order, with the least greatest cost."""
    low, high = max(costs, default=0), sum(costs)
    while low < high:
        middle = (low + high) // 2
        if len(_runs(costs, middle)) <= count:
            high = middle
        else:
            low = middle + 1
    runs = _runs(costs, high)
    return [*runs, *(range(0) for _ in range(count - len(runs)))]


def _runs(costs: Sequence[int], most: int) -> list[range]:
    """Runs of at most ``most`` each, as long as they can be."""
    runs: list[range] = []
    start, used = 0, 0
    for i, cost in enumerate(costs):
        if used + cost > most and i > start:
            runs.append(range(start, i))
            start, used = i, 0
        used += cost
    return [*runs, range(start, len(costs))]
