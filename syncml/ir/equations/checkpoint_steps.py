"""One iteration of a sweep over snapshots, as a node without memory.

Rule: with p where the memories are, j the instant that is next from the end, and a stack of snapshots,

    p < j     memories := step(memories at p);  p := p + 1;  where p is the position chosen for it, a snapshot
    p = j     visit instant j;  j := j - 1;  a snapshot at j is taken off;  memories, p := the latest one
    j < 0     nothing: a segment that ended early needs fewer iterations

At a snapshot the position of the next is chosen by `revolve`, from a table of binomial coefficients; without one to
spare, it is j.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from syncml.ir.clocks import BASE, Clock, On
from syncml.ir.constants import Array, Const
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.inline import inline_where
from syncml.ir.equations.revolve import reversed_by
from syncml.ir.equations.sweep_body import Body, Shift
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Merge, Node, Program, Segment, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import I32, element, shape, tensor
from syncml.lazy import numpy as np

ZERO, ONE, NONE = Const(0, I32), Const(1, I32), Const(-1, I32)


class Action:
    """The node of one iteration.

    Its accumulators are the memories at p, the snapshots and their positions, how many there are, p, j, the position
    of the next snapshot, and what the sweep carries. It takes the whole arrays that are kept.
    """

    def __init__(
        self,
        node: Node,
        segment: Segment,
        rows: int,
        visit: Body,
        step: Body,
        given: Callable[[Var], tuple[Atom, bool]],
    ) -> None:
        self._node, self._segment, self._rows = node, segment, rows
        self._visit, self._step = visit, step
        self._given = given
        self._make = Growth((), node.span)
        self._calls: list[Node] = []
        self._inputs: dict[Var, tuple[Var, Atom]] = {}

    @property
    def shared(self) -> tuple[Atom, ...]:
        """The arguments of the inputs after the accumulators."""
        return tuple(argument for _, argument in self._inputs.values())

    def node(self, name: str) -> Node:
        """Build it."""
        make = self._make

        def inputs(variables: Iterable[Var], rows: int = 0) -> list[Var]:
            return [
                make.fresh(v.name, tensor(element(v.type), (rows, *shape(v.type))) if rows else v.type, BASE, v.span)
                for v in variables
            ]

        step, visit = self._step, self._visit
        stepping, visiting = len(step.starts), len(visit.starts)
        memories = inputs(step.node.inputs[:stepping])
        snapshots = inputs(memories, self._rows) if self._rows else []
        stack = [make.fresh("positions", tensor(I32, (self._rows,)), BASE)] if self._rows else []
        taken = [make.fresh("snapshots", I32, BASE)] if self._rows else []
        at, target, goal, end = (make.fresh(n, I32, BASE) for n in ("at", "target", "next_snapshot", "end"))
        carried = inputs(visit.node.inputs[:visiting])
        reverse = make.apply("reverse", BASE, Op.EQ, at, target)
        live = make.apply("live", BASE, Op.GE, target, ZERO)
        borders = {
            self._segment.first: make.apply("first", BASE, Op.EQ, at, ZERO),
            self._segment.last: make.apply("last", BASE, Op.EQ, at, end),
        }
        after = self._call(step, [*memories, *(self._read(key, at, borders) for key in step.given)], BASE)
        following, handed = after[:stepping], dict(zip(step.kept, after[stepping:], strict=True))
        ready = On(BASE, reverse, True)
        read = [
            *carried,
            *(handed[v] if v in handed else self._read(v, at, borders) for v in visit.given if isinstance(v, Var)),
        ]
        visited = self._call(visit, [make.define("visit", v.type, ready, When(v, reverse, True)) for v in read], ready)
        outputs = [
            self._chosen(reverse, v, make.define("kept", c.type, On(BASE, reverse, False), When(c, reverse, False)))
            for v, c in zip(visited, carried, strict=True)
        ]
        onward = make.apply("onward", BASE, Op.WHERE, live, self._plus(at, ONE), at)
        target_after = make.apply("target_after", BASE, Op.WHERE, reverse, self._plus(target, NONE), target)
        if not self._rows:
            at_after = make.apply("at_after", BASE, Op.WHERE, reverse, ZERO, onward)
            control: list[Var] = [*following, at_after, target_after, goal]
        else:
            control = self._restored(reverse, live, following, snapshots, stack[0], taken[0], at, onward, target, goal)
            control.insert(len(control) - 1, target_after)
        results = [self._result(v) for v in (*control, *outputs)]
        shared = [var for var, _ in self._inputs.values()]
        built = self._built(
            name, [*memories, *snapshots, *stack, *taken, at, target, goal, *carried, *shared, end], results, make
        )
        flat = inline_where(Program((*self._calls, built), name), lambda _caller, _call: True)
        return flat.node(name)

    def _restored(
        self,
        reverse: Var,
        live: Var,
        following: list[Var],
        snapshots: list[Var],
        stack: Var,
        taken: Var,
        at: Var,
        onward: Var,
        target: Var,
        goal: Var,
    ) -> list[Var]:
        """The memories, the snapshots, their positions and number, p, and the next snapshot, after this iteration."""
        make = self._make

        def apply(name: str, op: Op, *arguments: Atom) -> Var:
            return make.apply(name, BASE, op, *arguments)

        most = Const(self._rows, I32)
        row = apply("row", Op.MAX, self._plus(taken, NONE), ZERO)
        some = apply("some", Op.GT, taken, ZERO)
        held = apply("held", Op.AT, stack, row)
        base = apply("base", Op.WHERE, some, held, ZERO)
        spare = apply("spare", Op.LT, taken, most)
        forwards = apply("forwards", Op.AND, apply("stays", Op.NOT, reverse), live)
        there = apply("there", Op.AND, apply("at_base", Op.EQ, at, base), spare)
        splits = apply("splits", Op.AND, forwards, there)
        split = self._split(splits, at, target, taken)
        straight = apply("straight", Op.WHERE, spare, goal, target)
        kept = make.define("straight_on", I32, On(BASE, splits, False), When(straight, splits, False))
        goal_after = self._chosen(splits, split, kept)
        reaches = apply("reaches", Op.AND, spare, apply("arrives", Op.EQ, onward, goal_after))
        stores = apply("stores", Op.AND, forwards, reaches)
        place = apply("place", Op.MIN, taken, Const(self._rows - 1, I32))
        after: list[Var] = []
        for array, value in zip((*snapshots, stack), (*following, onward), strict=True):
            updated = apply(f"{array.name}_update", Op.UPDATE, array, value, place)
            after.append(apply(f"{array.name}_after", Op.WHERE, stores, updated, array))
        more = apply("more", Op.WHERE, stores, self._plus(taken, ONE), taken)
        spent = apply("spent", Op.AND, some, apply("is_target", Op.EQ, held, target))
        fewer = apply("fewer", Op.WHERE, spent, self._plus(taken, NONE), taken)
        under = apply("under", Op.MAX, self._plus(fewer, NONE), ZERO)
        below = apply("below", Op.WHERE, apply("any", Op.GT, fewer, ZERO), apply("position", Op.AT, stack, under), ZERO)
        memories = [
            apply("restored", Op.WHERE, reverse, apply("snapshot", Op.AT, array, under), value)
            for array, value in zip(snapshots, following, strict=True)
        ]
        return [
            *memories,
            *after,
            apply("snapshots_after", Op.WHERE, reverse, fewer, more),
            apply("at_after", Op.WHERE, reverse, below, onward),
            goal_after,
        ]

    def _split(self, splits: Var, at: Var, target: Var, taken: Var) -> Var:
        """The position of the next snapshot, where one is chosen."""
        make, clock = self._make, On(BASE, splits, True)

        def apply(name: str, op: Op, *arguments: Atom) -> Var:
            return make.apply(name, clock, op, *arguments)

        table = reversed_by(self._segment.longest, self._rows + 1)
        numbers = Const(Array.of(np.asarray(table), I32), I32, "reversed_by")
        extent = (len(table[0]),)
        here, last, used = (make.define("split", I32, clock, When(v, splits, True)) for v in (at, target, taken))
        length = apply("length", Op.ADD, apply("distance", Op.SUB, last, here), ONE)
        slots = apply("slots", Op.SUB, Const(self._rows + 1, I32), used)
        mine = apply("mine", Op.AT, numbers, slots)
        fewer = apply("others", Op.AT, numbers, apply("slots_less", Op.SUB, slots, ONE))
        less = apply("less", Op.LT, mine, length)
        one, nothing = (Const(Array.of(np.full(extent, v), I32), I32) for v in (1, 0))
        often = make.apply("often", clock, Op.SUM, apply("counted", Op.WHERE, less, one, nothing), attribute=(0,))
        before = apply("before", Op.SUB, often, ONE)
        rest = apply("rest", Op.SUB, length, apply("reversed_after", Op.AT, fewer, before))
        distance = apply("apart", Op.MIN, apply("reversed_before", Op.AT, mine, before), rest)
        return apply("split_at", Op.ADD, here, distance)

    def _plus(self, value: Var, step: Const) -> Var:
        return self._make.apply(f"{value.name}_moved", BASE, Op.ADD, value, step)

    def _chosen(self, condition: Var, yes: Var, no: Var) -> Var:
        return self._make.define("chosen", yes.type, BASE, Merge(condition, ((True, yes), (False, no))))

    def _result(self, var: Var) -> Var:
        return self._make.define(f"{var.name}_next", var.type, BASE, Apply(Op.COPY, (var,)))

    def _read(self, key: Var | Shift, at: Var, borders: Mapping[Var, Var]) -> Var:
        """A stream of the caller at the instant that this iteration is at."""
        assert isinstance(key, Var)
        if key in borders:
            return borders[key]
        argument, is_array = self._given(key)
        if key not in self._inputs:
            self._inputs[key] = self._make.fresh(key.name, argument.type, BASE, key.span), argument
        found, _ = self._inputs[key]
        return self._make.apply(f"{key.name}_here", BASE, Op.AT, found, at) if is_array else found

    def _call(self, body: Body, arguments: list[Var], clock: Clock) -> list[Var]:
        """The results of a body at this instant."""
        make = self._make
        self._calls.append(body.node)
        targets = [make.fresh(v.name, v.type, clock, v.span) for v in body.node.outputs]
        call = Call(body.node.name, tuple(arguments), f"{body.node.name}_here")
        make.equations.append(Equation(tuple(targets), call, make.span, clock))
        return targets

    def _built(self, name: str, inputs: list[Var], outputs: list[Var], make: Growth) -> Node:
        return replace(
            self._node,
            name=name,
            label=name,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            equations=tuple(make.equations),
            properties=(),
            rate=None,
            abstract=False,
            clocks=MappingProxyType(make.clocks),
            documentation="",
        )
