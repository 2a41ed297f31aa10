"""Directed random runs of the machine: rounding is found where it happens, at ends, after thousands of ticks.

Rule: each lane draws its inputs by a recipe of its own (the ends of their ranges, the numbers of the program and their
neighbours, tenths, decades, steady or changing), many lanes for a short time, then few for a long time. A lane that
leaves the assumptions is dropped. What comes back are inputs on which a clause was false; the interpreter decides.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy

from syncml.ir.constants import Array, Const, dtype
from syncml.ir.equations.syntax import Node, PropertyKind, Var, atoms
from syncml.ir.types import BOOL, FLOATS, EnumType, Scalar, element, shape
from syncml.verify.floats.lanes import Lanes, NotRunnableError
from syncml.verify.floats.ranges import Ranges

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""

Runs: TypeAlias = dict[Var, tuple[Mapping[str, Sequence[Any]], int]]
"""For a clause the inputs, one value a tick, and the number of ticks."""

PHASES = ((256, 24), (256, 200), (16, 6_000), (8, 20_000))
"""How many lanes, and for how many ticks."""

_BLOCK = 100
"""So many ticks of inputs are drawn at a time."""

LONGEST = 20_000
"""Runs are not kept, nor replayed, beyond this."""


def falsified(node: Node, ranges: Ranges, clauses: Sequence[Var], seconds: float, seed: int) -> Runs:
    """Inputs that make some of the ``clauses`` of a flat node false.

    Args:
        node: The node, with its checks.
        ranges: The ranges of its inputs.
        clauses: Boolean streams.
        seconds: Processor time for all of it.
        seed: Of the random numbers.
    """
    deadline = time.process_time() + seconds
    found: Runs = {}
    with np.errstate(all="ignore"):
        numbers = _numbers(node)
    for phase, (count, ticks) in enumerate(PHASES):
        left = [c for c in clauses if c not in found]
        if not left or time.process_time() > deadline:
            break
        source = np.random.default_rng([seed, phase])
        try:
            with np.errstate(all="ignore"):
                found |= _phase(node, ranges, left, count, min(ticks, LONGEST), numbers, source, deadline)
        except NotRunnableError:
            break
    return found


def _phase(
    node: Node, ranges: Ranges, clauses: Sequence[Var], count: int, ticks: int, numbers: Mapping[Scalar, Any],
    source: Any, deadline: float,
) -> Runs:  # fmt: skip
    assumed = [p.holds for p in node.properties if p.kind is PropertyKind.ASSUME]
    lanes = Lanes(node, count, [*clauses, *assumed])
    assumed = [v for v in assumed if lanes.can(v)]
    open_ = [c for c in clauses if lanes.can(c)]
    drawn = {v: _Inputs(v, ranges, numbers, count, source) for v in node.inputs}
    blocks: dict[Var, list[Any]] = {v: [] for v in node.inputs}
    alive = np.ones(count, dtype=bool)
    found: Runs = {}
    for tick in range(ticks):
        if tick % _BLOCK == 0:
            for v, inputs in drawn.items():
                blocks[v].append(inputs.block(_BLOCK))
            _equate(blocks, ranges)
        lanes.tick({v: b[-1][tick % _BLOCK] for v, b in blocks.items()})
        for var in assumed:
            alive &= _true(lanes, node, var)
        for var in list(open_):
            false = alive & ~_true(lanes, node, var)
            if np.any(false):
                lane = int(np.argmax(false))
                run = {v.name: _column(v, b, lane, tick + 1) for v, b in blocks.items()}
                found[var] = run, tick + 1
                open_.remove(var)
        if not open_ or not np.any(alive) or time.process_time() > deadline:
            break
    return found


def _equate(blocks: Mapping[Var, list[Any]], ranges: Ranges) -> None:
    """In every eighth lane, inputs of the same type have the same values, as far as their ranges allow."""
    first: dict[Any, Var] = {}
    for var in blocks:
        other = first.setdefault(var.type, var)
        if other is not var and element(var.type) in FLOATS:
            low, high = ranges.values[var].low[..., None], ranges.values[var].high[..., None]
            blocks[var][-1][..., ::8] = np.clip(blocks[other][-1][..., ::8], low, high)


def _true(lanes: Lanes, node: Node, var: Var) -> Any:
    value = lanes.values[var]
    if value.ndim > 1:
        value = np.all(value.reshape(-1, lanes.count), axis=0)
    here = lanes.present(node.clocks[var])
    return value if here is True else value | ~here


def _column(var: Var, blocks: Sequence[Any], lane: int, ticks: int) -> list[Any]:
    values = np.concatenate(blocks)[:ticks, ..., lane]
    kind = element(var.type)
    if isinstance(kind, EnumType):
        return np.array(kind.constructors, dtype=object)[np.asarray(values, dtype=int)].tolist()
    return list(values) if shape(var.type) else values.tolist()


def _numbers(node: Node) -> dict[Scalar, Any]:
    """The float numbers of a program, and a few that people use."""
    found: dict[Scalar, set[float]] = {kind: {0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 10.0, 100.0} for kind in FLOATS}
    for e in node.equations:
        for atom in atoms(e.rhs):
            if isinstance(atom, Const) and atom.element in FLOATS and not isinstance(atom.value, Array | str):
                found[_scalar(atom.element)].add(float(atom.value))
    result: dict[Scalar, Any] = {}
    for kind, numbers in found.items():
        machine = dtype(kind)
        base = np.unique(np.array([s * x for x in sorted(numbers) for s in (1, -1)], dtype=machine))
        base = base[np.isfinite(base)]
        near = [np.nextafter(base, machine.type(np.inf)), np.nextafter(base, machine.type(-np.inf))]
        result[kind] = np.concatenate([base, base, *near])
    return result


def _scalar(kind: Any) -> Scalar:
    assert isinstance(kind, Scalar)
    return kind


class _Inputs:
    """The values of one input in all lanes."""

    def __init__(self, var: Var, ranges: Ranges, numbers: Mapping[Scalar, Any], count: int, source: Any) -> None:
        self._var = var
        self._kind = element(var.type)
        self._shape = (*shape(var.type), count)
        self._range = ranges.values[var]
        self._source = source
        self._numbers = numbers.get(self._kind) if isinstance(self._kind, Scalar) else None
        # How often each lane changes its value: never, now and then, at each tick.
        self._change = source.choice([0.0, 0.02, 0.3, 1.0, 1.0], size=count)
        self._recipe = source.integers(0, 5, size=count)
        self._last: Any = None

    def block(self, ticks: int) -> Any:
        """Values for a number of ticks, ticks first, lanes last."""
        fresh = self._fresh((ticks, *self._shape))
        if self._last is None:
            self._last = fresh[0]
        keep = self._source.random((ticks, *self._shape)) >= self._change
        result = np.empty_like(fresh)
        for tick in range(ticks):
            self._last = result[tick] = np.where(keep[tick], self._last, fresh[tick])
        return result

    def _fresh(self, size: tuple[int, ...]) -> Any:
        if self._kind is BOOL:
            return self._source.random(size) < self._source.choice([0.05, 0.5, 0.95], size=size[-1])
        if self._kind not in FLOATS:
            return self._whole(size)
        low, high = self._range.low[..., None], self._range.high[..., None]
        machine = low.dtype
        span = [
            np.broadcast_to(np.where(self._source.random(size) < 0.5, low, high), size),
            low + (high / 2 - low / 2) * self._source.random(size) * 2,
            self._source.choice(self._numbers, size=size),
            np.round(self._source.uniform(-20, 20, size=size)) / 10,
            self._source.choice([-1.0, 1.0], size=size) * 10.0 ** self._source.uniform(-8, 8, size=size),
        ]
        chosen = np.choose(np.broadcast_to(self._recipe, size), [np.asarray(s, dtype=np.float64) for s in span])
        # Whatever the recipe, an end now and then.
        ends = np.where(self._source.random(size) < 0.5, low, high)
        chosen = np.where(self._source.random(size) < 0.05, ends, chosen)
        return np.clip(chosen.astype(machine), low, high)

    def _whole(self, size: tuple[int, ...]) -> Any:
        target = dtype(self._kind)
        low, high = int(np.min(self._range.low)), int(np.max(self._range.high))
        ends = np.where(self._source.random(size) < 0.5, low, high)
        least, most = max(low, -20), min(high, 20)
        if least > most:
            return ends.astype(target)
        near = self._source.integers(least, most + 1, size=size)
        wide = np.where(self._source.random(size) < 0.8, near, ends)
        return np.clip(wide, low, high).astype(target)
