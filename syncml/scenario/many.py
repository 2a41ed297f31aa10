"""Many runs of a program among the actors of a scenario: what became of each, at the speed of the processor.

Rule: a run has the outcome that the interpreter and the engine of the actors give it, whatever runs beside it. Runs
whose storyboards differ in numbers alone share one machine (`actor_code`); what is the same in all of them is part of
its code. The program is a machine of its own, which all storyboards share; the two take turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import field, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Node, Program
from syncml.ir.step.lowering.arithmetic import machine_element
from syncml.ir.step.syntax import Slot
from syncml.ir.types import element, size
from syncml.processors import processors
from syncml.scenario.actor_code import ActorCode
from syncml.scenario.closed_loop import Meeting, meeting
from syncml.scenario.many_values import many_values, varies
from syncml.scenario.points import Bits
from syncml.scenario.program_code import ProgramCode, program_code
from syncml.scenario.signals import Sum
from syncml.scenario.suite import Outcome, Verdict
from syncml.scenario.templates import Template
from syncml.scenario.values import base_rate
from syncml.scenario.variables import NotSpecialisedError
from syncml.scenario.worlds import World, Worlds
from syncml.sim.lanes.figures import Figure
from syncml.sim.lanes.many import CHUNK_BYTES, prepared
from syncml.sim.lanes.turns import LANES, Turn, Turns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 65536
"""The most runs in memory together."""

OWN_CHUNK = 512
"""The same, if each has its own noise."""

BASES = 4
"""The most runs from which others are varied to see what the program notices when."""

PILOT = 32
"""This is done with at most one run in so many."""

EARLY = 4
"""This is done for the first of so many parts of the ticks."""

AHEAD = 4
"""Chunks that are begun before the first of them is waited for."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What became of some runs; an element for each.

    Attributes:
        run: Its number.
        cause: The place in ``causes`` of what decided it, or -1 if it passed.
        tick: When that was, or -1.
        collision: When the boxes of the ego and another actor first overlapped, or -1.
        least_gap: The least distance to a lead, in metres; infinite if there was none.
        ticks: Its length.
        causes: The clauses of the contracts, and the collision; assumptions first.
        assumptions: How many of them are assumptions.
        figures: What was measured, by name.
    """

    run: Ints
    cause: Ints
    tick: Ints
    collision: Ints
    least_gap: Floats
    ticks: Ints
    causes: tuple[str, ...]
    assumptions: int
    figures: Mapping[str, NDArray[Any]]

    @property
    def collided(self) -> NDArray[np.bool_]:
        """Whether these boxes have overlapped."""
        return self.collision >= 0

    def outcomes(self) -> list[Outcome]:
        """The same as a list."""
        verdicts = [Verdict.OUTSIDE] * self.assumptions
        verdicts += [Verdict.FAILED] * (len(self.causes) - self.assumptions)
        verdicts.append(Verdict.PASSED)
        names = (*self.causes, "")
        arrays = (self.run, self.cause, self.tick, self.collided, self.least_gap, self.ticks)
        columns: list[list[Any]] = [array.tolist() for array in arrays]
        return [
            Outcome(run, verdicts[int(cause)], names[int(cause)], tick, collided, gap, ticks)
            for run, cause, tick, collided, gap, ticks in zip(*columns, strict=True)
        ]


def joined(parts: Sequence[Rows]) -> Rows:
    """The same runs together."""
    names = ("run", "cause", "tick", "collision", "least_gap", "ticks")
    together: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    figures = {name: np.concatenate([part.figures[name] for part in parts]) for name in parts[0].figures}
    return replace(parts[0], **together, figures=figures)


@dataclass(slots=True)
class Programs:
    """The code of a clocked program and its main node, for each set of inputs that are equal in all runs.

    It measures ``figures`` of each run.
    """

    program: Program
    node: Node
    figures: tuple[Figure, ...] = ()
    _found: dict[tuple[tuple[str, ...], frozenset[str]], ProgramCode] = field(default_factory=dict[Any, ProgramCode])

    def code(self, driven: tuple[str, ...], equal: frozenset[str]) -> ProgramCode:
        """The code where these inputs are equal."""
        if (driven, equal) not in self._found:
            self._found[driven, equal] = program_code(self.program, driven, equal, self.figures)
        return self._found[driven, equal]


@dataclass(frozen=True, slots=True)
class Begun:
    """Runs that are being made.

    Attributes:
        found: Room for what becomes of them.
        waited: What threads do, and what is to be done when they have done it.
    """

    found: Rows
    waited: list[tuple[list[Future[None]], Callable[[], None]]] = field(default_factory=list[Any])

    def rows(self) -> Rows:
        """What became of them, when they are over."""
        for futures, tell in self.waited:
            for future in futures:
                future.result()
            tell()
        return self.found


@contextmanager
def workers(threads: int | None = None) -> Generator[Executor]:
    """Threads, as many as there are processors if None; what they have not begun when this ends is not done."""
    pool = ThreadPoolExecutor(threads or processors())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def in_order(chunks: Iterable[Begun]) -> Iterator[Rows]:
    """What became of chunks of runs; the next ones are begun before one is waited for."""
    begun: deque[Begun] = deque()
    for chunk in chunks:
        begun.append(chunk)
        if len(begun) == AHEAD:
            yield begun.popleft().rows()
    for chunk in begun:
        yield chunk.rows()


@dataclass(frozen=True, slots=True)
class _Some:
    """Runs of one machine: the numbers that it takes, their lengths, seeds, and parameters that are numbers."""

    world: World
    numbers: Floats
    limits: Ints
    seeds: Bits
    columns: Mapping[str, Floats]

    def at(self, places: Ints) -> _Some:
        """Some of them."""
        columns = {name: column[places] for name, column in self.columns.items()}
        return _Some(self.world, self.numbers[places], self.limits[places], self.seeds[places], columns)


class ManyRuns:
    """The runs of one scenario with one program.

    Args:
        programs: The program.
        template: The scenario; it has actors.
        own_seeds: Whether each run has a seed of its own.

    Raises:
        NotSpecialisedError: the scenario asks for what lanes do not compute; `closed_loop` runs it.
        DiagnosticError: what is wrong with the scenario; see `Template.scene`.
    """

    def __init__(self, programs: Programs, template: Template, *, own_seeds: bool = False) -> None:
        self._template = template
        self._own_seeds = own_seeds
        self._node: Node = programs.node
        self._rate = float(base_rate(self._node))
        scene = template.scene(self._node, 0)
        if scene is None or template.ego is None:
            raise NotSpecialisedError("a scenario without actors")
        self._met: Meeting = meeting(self._node, template.ego, template.inputs)
        equal = frozenset(n for n, signal in template.inputs.items() if not varies(signal, own_seeds=own_seeds))
        driven = (template.ego.speed, *([template.ego.offset] if template.ego.offset else []))
        self.program = programs.code(driven, equal.difference(self._met.senses, self._met.unless))
        met = {*self._met.senses, *self._met.unless}
        self._shares = equal.union(met).issuperset(v.name for v in self._node.inputs)
        self._orders: dict[int, list[int]] = {}
        self._worlds = Worlds(template, self._node, self._met, self.program.turn.layout.width, equal)

    def rows(
        self,
        runs: Ints,
        seed: int | Bits | None = None,
        *,
        lanes: int = LANES,
        threads: int | None = None,
        chunk: int | None = None,
    ) -> Iterator[Rows]:
        """What became of runs, some at a time, in the order that they are given in; see `begin`.

        Args:
            runs: Their numbers; one may come several times.
            seed: The seed of random inputs, or that of each run; that of the scenario if None.
            lanes: Runs that go through the ticks together.
            threads: The most threads; all processors if None.
            chunk: Runs in memory together, of which up to `AHEAD` are begun before their turn; fewer unless it is
                given where each run has its own noise.
        """
        usual = OWN_CHUNK if self._own_seeds else CHUNK
        with workers(threads) as pool:
            yield from in_order(self.begin(runs, pool, seed, lanes=lanes, chunk=chunk or usual))

    def begin(
        self,
        runs: Ints,
        pool: Executor,
        seed: int | Bits | None = None,
        *,
        lanes: int = LANES,
        chunk: int = CHUNK,
    ) -> Iterator[Begun]:
        """Begin runs in threads of a pool, a chunk at a time.

        Raises:
            NotSpecialisedError: a storyboard asks for what lanes do not compute.
            DiagnosticError: what is wrong with the scenario for some values.
        """
        seeds = np.broadcast_to(np.asarray(self._template.seed if seed is None else seed, dtype=np.uint64), len(runs))
        for first in range(0, len(runs), chunk):
            part = np.asarray(runs[first : first + chunk], dtype=np.int64)
            begun = Begun(self._empty(part))
            different, which = np.unique(part, return_inverse=True)
            for world, chosen, numbers in self._worlds.of(different):
                row = np.full(len(different), -1, dtype=np.int64)
                row[np.searchsorted(different, chosen)] = np.arange(len(chosen))
                at = np.flatnonzero(row[which] >= 0)
                taken = seeds[first : first + chunk][at]
                self._run(world, at, numbers[row[which[at]]], taken, lanes, pool, begun)
            yield begun

    def prepare(self, runs: Ints) -> list[Turn]:
        """The code of all storyboards of these runs, not yet compiled, and that of the program."""
        return [self.program.turn, *(world.turn for world, _, _ in self._worlds.of(runs))]

    def _empty(self, runs: Ints) -> Rows:
        count = len(runs)
        none = np.full(count, -1, dtype=np.int64)
        return Rows(
            runs, none, none.copy(), none.copy(), np.full(count, np.inf),
            np.zeros(count, dtype=np.int64), self.program.causes, self.program.assumptions,
            {name: np.zeros(count, dtype(element(slot.type))) for name, slot in self.program.figures.items()},
        )  # fmt: skip

    # The runs of one machine.

    def _run(
        self,
        world: World,
        places: Ints,
        numbers: Floats,
        seeds: Bits,
        lanes: int,
        pool: Executor,
        begun: Begun,
    ) -> None:
        """Begin the runs at some places."""
        columns = self._template.runs.numeric_columns(begun.found.run[places])
        limits = self._template.lengths(self._node, columns, len(places))
        some = _Some(world, numbers, limits, seeds, columns)
        # Neighbours are alike, so that they share what the program does in them, and end together.
        order = np.lexsort((*numbers.T[self._ranked(some)], limits))
        for part in self._parts(limits[order]):
            turns, parts = self._turns(some.at(order[part]), lanes, int(limits[order[part][-1]]))
            tell = partial(self._tell, begun.found, places[order[part]], turns, world.code)
            begun.waited.append(([pool.submit(each) for each in parts], tell))

    def _tell(self, found: Rows, at: Ints, turns: Turns, code: ActorCode) -> None:
        """What became of runs that are over."""
        decided = turns.value(self.program.decided).astype(np.int64)
        found.cause[at] = decided - 1
        found.tick[at] = np.where(decided > 0, turns.value(self.program.tick), -1)
        found.collision[at] = turns.value(code.collision).astype(np.int64) - 1
        found.least_gap[at] = turns.value(code.least_gap)
        found.ticks[at] = turns.value(code.ticks)
        for name, slot in self.program.figures.items():
            found.figures[name][at] = turns.value(slot)

    def _turns(self, some: _Some, lanes: int, ticks: int) -> tuple[Turns, list[Callable[[], None]]]:
        """Runs in their initial states, and what makes them."""
        code = some.world.code
        turns = Turns(some.world.turn, self.program.turn, self._links(code), code.live, len(some.limits))
        return turns, turns.parts(self._inputs(some, ticks), ticks, lanes)

    def _ranked(self, some: _Some) -> list[int]:
        """The columns of numbers, from the one on which inputs of the program depend last to the one that is first.

        A few pairs of runs that differ in little beside one column show at which tick that is.
        """
        numbers, runs, known = some.numbers, len(some.limits), self._orders.get(id(some.world))
        columns = list(range(numbers.shape[1]))
        varied = [c for c in columns if np.ptp(numbers[:, c]) > 0.0] if self._shares and known is None else []
        count = min(runs // (PILOT * 2 * len(varied)), BASES) if varied else 0
        if count == 0:
            return known or columns
        chosen: list[int] = []
        for base in (2 * np.arange(count) + 1) * runs // (2 * count):
            unlike = numbers != numbers[base]
            others = np.count_nonzero(unlike, axis=1)
            for column in varied:
                chosen += [int(base), int(np.argmin(np.where(unlike[:, column], others, len(columns) + 1)))]
        ticks = -(-int(some.limits[chosen].max()) // EARLY)
        turns, parts = self._turns(some.at(np.array(chosen)), len(chosen), ticks)
        for part in parts:
            part()
        noticed = dict(zip(varied, turns.forked[1::2].reshape(count, -1).sum(axis=0).tolist(), strict=True))
        self._orders[id(some.world)] = sorted(columns, key=lambda c: -noticed.get(c, 0))
        return self._orders[id(some.world)]

    def _parts(self, limits: Ints) -> Iterator[slice]:
        """Runs that go together, by their lengths, which ascend: their inputs fit the memory."""
        bounds = [0, len(limits)]
        if not all(_starts_alike(signal) for signal in self._template.inputs.values()):
            bounds = [0, *(np.flatnonzero(np.diff(limits)) + 1).tolist(), len(limits)]
        bytes_ = sum(
            size(v.type) * dtype(machine_element(element(v.type))).itemsize
            for v in self._node.inputs
            if varies(self._template.inputs.get(v.name), own_seeds=self._own_seeds)
        )
        for first, last in pairwise(bounds):
            most = max(64, CHUNK_BYTES // max(1, bytes_ * int(limits[last - 1])) // 64 * 64)
            yield from (slice(low, min(low + most, last)) for low in range(first, last, most))

    def _links(self, code: ActorCode) -> dict[Slot, Slot]:
        """Which output each input of the other machine reads."""
        ego, program = self._template.ego, self.program
        assert ego is not None
        links = {program.inputs[name]: slot for name, slot in code.given.items()}
        links |= {program.live: code.live, program.collided: code.collided, code.speed: program.outputs[ego.speed]}
        if code.offset is not None and ego.offset is not None:
            links[code.offset] = program.outputs[ego.offset]
        return links

    def _inputs(self, some: _Some, ticks: int) -> dict[Slot, Any]:
        """The values of the inputs that are no links."""
        code, numbers, runs = some.world.code, some.numbers, len(some.limits)
        signals = many_values(
            self._template.inputs, self._node, ticks, some.seeds, some.columns, own_seeds=self._own_seeds
        )
        values = prepared(self._node, signals, runs, ticks)
        given: dict[Slot, Any] = {slot: values[name] for name, slot in code.raw.items()}
        given |= {slot: values[name] for name, slot in self.program.inputs.items() if name not in code.given}
        given[code.numbers] = (numbers if numbers.shape[1] else np.zeros((runs, 1)))[:, None, :]
        given[code.limit] = some.limits.astype(np.int32)[:, None]
        return given


def _starts_alike(signal: Any) -> bool:
    """Whether a signal of a longer run starts with that of a shorter one: several random parts draw in turn."""
    return not isinstance(signal, Sum)
