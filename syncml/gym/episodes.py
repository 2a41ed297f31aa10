"""Episodes of a node, one after the other, as one program.

Rule: the node is an instance that starts again at the last instant of the first step of each episode. What it returns
there is the initial observation; the action, the reward and the end are of no account at that instant. With e the
number of the episode, which is 1 again where restart is 2, and *last* at the last instant of a step,

    begin    = last and (restart > 0 or an episode was over at the end of the step before, or there was none)
    o, r, t  = node(action, bits(seed, e)) every begin
    ended    = t was true since begin
    reward   = the sum of r over the step until then, 0 in the first step
    over     = ended, or as many steps have passed since begin as are allowed

A step is a number of instants of the node, during which the action stays as it is. Observations are floats of one kind.
"""

from __future__ import annotations

from dataclasses import field, replace

from syncml.dataclass import dataclass
from syncml.gym.roles import Roles, common
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Fby, Node, Program, Rhs, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F64, Scalar, Type, element, shape, tensor
from syncml.lang.functions import where
from syncml.lang.load import program_of
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import f64, i32, i64, u8, u64
from syncml.nodes.random import random_bits

OPENING, CLOSING, EPISODES = "episode.opening", "episode.closing", "episodes"
RESTART, SEEDS = "episode.restart", "episode.seed"
TOTAL, ENDED, TRUNCATED = "episode.reward", "episode.terminated", "episode.truncated"


@node
def opening(
    restart: Stream[u8], over: Stream[bool], seed: Stream[u64], *, ticks: int
) -> tuple[Stream[bool], Stream[bool], Stream[bool], Stream[u64]]:
    """Whether an episode begins, whether a step begins and ends, and the seed of the episode.

    Args:
        restart: 1 to begin an episode in this step in any case, 2 to begin the first one of the seed.
        over: Whether at the end of the step before an episode was over, or there was none.
        seed: The seed of all episodes.
        ticks: Instants of a step.
    """
    phase, episode = state(init=0, type=i32), state(init=0, type=u64)
    start, end = phase == 0, phase == ticks - 1
    phase.next = where(end, 0, phase + 1)
    begin = end & ((restart > 0) | over)
    number = where(begin, where(restart == 2, 1, episode + 1), episode)
    episode.next = number
    return begin, start, end, random_bits(seed, number)


@node
def closing(
    begin: Stream[bool],
    start: Stream[bool],
    end: Stream[bool],
    reward: Stream[f64],
    terminated: Stream[bool],
    *,
    limit: int,
) -> tuple[Stream[f64], Stream[bool], Stream[bool], Stream[bool]]:
    """The reward of the step so far, the two ends of an episode, and whether one of them is there.

    Args:
        begin: Whether an episode begins.
        start: Whether a step begins.
        end: Whether a step ends.
        reward: What the node returns.
        terminated: What the node returns.
        limit: The most steps of an episode; 0 for any number.
    """
    sum_, was_over, had_ended = state(init=0.0, type=f64), state(init=True), state(init=False)
    steps = state(init=0, type=i64)
    count = where(begin, 0, where(end, steps + 1, steps))
    total = where(begin, 0.0, where(start, 0.0, sum_) + where(had_ended, 0.0, reward))
    ended = ~begin & (had_ended | terminated)
    truncated = (count >= limit) & (limit > 0)
    over = where(end, ended | truncated, was_over)
    steps.next, sum_.next, had_ended.next, was_over.next = count, total, ended, over
    return total, ended, truncated, over


def episodes(program: Program, roles: Roles, ticks: int, limit: int) -> Program:
    """The program whose main node runs episodes of the main node of another one, which has no clocks yet.

    Args:
        program: A program.
        roles: What the streams of its main node are.
        ticks: Instants of a step.
        limit: The most steps of an episode; 0 for any number.
    """
    frame = [_named(program_of(opening, ticks=ticks), OPENING), _named(program_of(closing, limit=limit), CLOSING)]
    whole = _Body(program.node(program.main), roles).episodes()
    return replace(program, nodes=(*program.nodes, *(n for nodes in frame for n in nodes), whole), main=whole.name)


def _named(program: Program, name: str) -> list[Node]:
    """The nodes of a program whose names no user can give, the main one called ``name``."""
    names = {n.name: f"{name}.{n.name}" for n in program.nodes} | {program.main: name}

    def renamed(equation: Equation) -> Equation:
        rhs = equation.rhs
        return replace(equation, rhs=replace(rhs, node=names[rhs.node])) if isinstance(rhs, Call) else equation

    return [replace(n, name=names[n.name], equations=tuple(map(renamed, n.equations))) for n in program.nodes]


@dataclass(slots=True)
class _Body:
    """A main node under construction."""

    of: Node
    roles: Roles
    equations: list[Equation] = field(default_factory=list[Equation])

    def episodes(self) -> Node:
        """The node that runs episodes."""
        of, roles = self.of, self.roles
        inputs = (
            *roles.actions,
            *([self._var(SEEDS, Scalar.U64)] if roles.seed else []),
            self._var(RESTART, Scalar.U8),
        )
        seed: Atom = inputs[-2] if roles.seed else Const(0, Scalar.U64)
        before, over = self._var("episode.before", BOOL), self._var("episode.over", BOOL)
        begin, start, end = (self._var(f"episode.{name}", BOOL) for name in ("begin", "start", "end"))
        bits = self._var("episode.bits", Scalar.U64)
        self._set((before,), Fby(Const(True, BOOL), over))
        self._set((begin, start, end, bits), Call(OPENING, (inputs[-1], before, seed), "episode.opening"))
        values: dict[Var, Atom] = {v: v for v in roles.actions}
        if roles.seed:
            values[roles.seed] = bits
        arguments = tuple(values[v] if v in values else roles.fixed[v.name] for v in of.inputs)
        results = {v: replace(v, user=True) for v in of.outputs}
        self._set(tuple(results.values()), Call(of.name, arguments, of.label, (begin,)))
        reward = self._cast(results[roles.reward], F64)
        terminated: Atom = results[roles.terminated] if roles.terminated else Const(False, BOOL)
        ends = (self._var(TOTAL, F64), self._var(ENDED, BOOL), self._var(TRUNCATED, BOOL))
        self._set((*ends, over), Call(CLOSING, (begin, start, end, reward, terminated), "episode.closing"))
        seen = common(roles.observations)
        return self._node(inputs, (*(self._cast(results[v], seen) for v in roles.observations), *ends))

    def _node(self, inputs: tuple[Var, ...], outputs: tuple[Var, ...]) -> Node:
        of = self.of
        return Node(EPISODES, of.label, inputs, outputs, tuple(self.equations), (), of.span, of.rate)

    def _cast(self, v: Var, to: Scalar) -> Var:
        """A float or a tensor of them as floats of a kind."""
        if element(v.type) is to:
            return v
        cast = self._var(f"episode.{v.name}.cast", tensor(to, shape(v.type)))
        self._set((cast,), Apply(Op.CAST, (v,), to))
        return cast

    def _var(self, name: str, type_: Type) -> Var:
        return Var(name, type_, self.of.span, user=True)

    def _set(self, targets: tuple[Var, ...], rhs: Rhs) -> None:
        self.equations.append(Equation(targets, rhs, self.of.span))
