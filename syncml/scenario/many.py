"""Many runs of a program among the actors of a scenario: what became of each, at the speed of the processor.

Rule: a run has the outcome that the interpreter and the engine of the actors give it, whatever runs beside it. Runs
whose storyboards differ in numbers alone share one machine (`actor_code`); what is the same in all of them is part of
its code. The program is a machine of its own, which all storyboards share; the two take turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.ir.equations.syntax import Node
from syncml.ir.step.syntax import Slot, Storage
from syncml.ir.types import BOOL, F64, tensor
from syncml.pipeline import Checked
from syncml.scenario.actor_code import ActorCode, actor_code, number
from syncml.scenario.arrays import NONE, State, Table
from syncml.scenario.closed_loop import Meeting, meeting
from syncml.scenario.program_code import ProgramCode, program_code
from syncml.scenario.signals import Sense, Sum
from syncml.scenario.specialised import NotSpecialisedError
from syncml.scenario.suite import Outcome, Verdict
from syncml.scenario.tables import Compiled
from syncml.scenario.templates import Batch, Template
from syncml.scenario.values import base_rate
from syncml.sim.lanes.layout import layout_of
from syncml.sim.lanes.many import prepared
from syncml.sim.lanes.turns import Turn, Turns, turn

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 65536
"""The most runs in memory together."""

_WHOLE = ("acts", "events", "actions", "conditions", "groups", "members", "places", "parents")
"""Tables that say what happens; runs that share a machine have the same."""
_LANES = ("widths", "shifts")
"""Tables of numbers that are part of the code, because what depends on them is much shorter for known ones."""
_NUMBERS = ("line", "sizes", "ego")


@dataclass(frozen=True, slots=True)
class Rows:
    """What became of some runs; an element for each.

    Attributes:
        run: Its number.
        cause: The place in ``causes`` of what decided it, or -1 if it passed.
        tick: When that was, or -1.
        collided: Whether the boxes of the ego and another actor have overlapped.
        least_gap: The least distance to a lead, in metres; infinite if there was none.
        ticks: Its length.
        causes: The clauses of the contracts, and the collision; assumptions first.
        assumptions: How many of them are assumptions.
    """

    run: Ints
    cause: Ints
    tick: Ints
    collided: NDArray[np.bool_]
    least_gap: Floats
    ticks: Ints
    causes: tuple[str, ...]
    assumptions: int

    def outcomes(self) -> list[Outcome]:
        """The same as a list."""
        verdicts = [Verdict.OUTSIDE] * self.assumptions + [Verdict.FAILED] * (len(self.causes) - self.assumptions)
        names, all_verdicts = [*self.causes, ""], [*verdicts, Verdict.PASSED]
        columns = (self.run, self.cause, self.tick, self.collided, self.least_gap, self.ticks)
        return [
            Outcome(run, all_verdicts[cause], names[cause], tick, collided, gap, ticks)
            for run, cause, tick, collided, gap, ticks in zip(*(c.tolist() for c in columns), strict=True)
        ]


@dataclass(slots=True)
class Programs:
    """The code of a program, for each set of inputs that are equal in all runs."""

    checked: Checked
    _found: dict[tuple[tuple[str, ...], frozenset[str]], ProgramCode] = field(default_factory=dict[Any, ProgramCode])

    def code(self, driven: tuple[str, ...], equal: frozenset[str]) -> ProgramCode:
        """The code where these inputs are equal."""
        if (driven, equal) not in self._found:
            self._found[driven, equal] = program_code(self.checked.program, driven, equal)
        return self._found[driven, equal]


@dataclass(frozen=True, slots=True)
class _World:
    """The machine of some storyboards, and which of their numbers it takes.

    Attributes:
        pattern: Their numbers; NaN for those that differ.
        code: The machine.
        turn: Its code.
        taken: Where the numbers that differ stand.
    """

    pattern: Floats
    code: ActorCode
    turn: Turn
    taken: Ints

    def serves(self, numbers: Floats) -> bool:
        """Whether a storyboard with these numbers (one row, NaN where runs differ) has this machine."""
        return bool(np.all(np.isnan(self.pattern) | (self.pattern == numbers)))


class ManyRuns:
    """The runs of one scenario with one program.

    Args:
        programs: The program.
        template: The scenario; it has actors.

    Raises:
        NotSpecialisedError: the scenario asks for what lanes do not compute; `closed_loop` runs it.
        DiagnosticError: what is wrong with the scenario; see `Template.scene`.
    """

    def __init__(self, programs: Programs, template: Template) -> None:
        self._template = template
        self._node: Node = programs.checked.main
        self._rate = float(base_rate(self._node))
        scene = template.scene(self._node, 0)
        if scene is None or template.ego is None:
            raise NotSpecialisedError("a scenario without actors")
        self._met: Meeting = meeting(self._node, template.ego, template.inputs)
        for signal in template.inputs.values():
            _check_shared(signal)
        own = frozenset(v.name for v in self._node.inputs).difference(self._met.senses, self._met.unless)
        driven = (template.ego.speed, *([template.ego.offset] if template.ego.offset else []))
        self.program = programs.code(driven, own)
        self._varied = frozenset(name for factor in template.runs.factors for name in factor.names)
        self._worlds: dict[tuple[bytes, ...], list[_World]] = {}

    def rows(
        self,
        runs: Ints,
        seed: int | None = None,
        *,
        lanes: int = 64,
        threads: int | None = None,
        chunk: int = CHUNK,
    ) -> Iterator[Rows]:
        """What became of runs, some at a time, in the order that they are given in.

        Args:
            runs: Their numbers.
            seed: The seed of random inputs; that of the scenario if None.
            lanes: Runs that go through the ticks together.
            threads: The most threads; all processors if None.
            chunk: Runs in memory together.

        Raises:
            NotSpecialisedError: a storyboard asks for what lanes do not compute.
            DiagnosticError: what is wrong with the scenario for some values.
        """
        for first in range(0, len(runs), chunk):
            part = np.asarray(runs[first : first + chunk], dtype=np.int64)
            found = self._empty(part)
            place = {int(run): i for i, run in enumerate(part)}
            for world, chosen, numbers in self._grouped(part):
                self._run(world, chosen, numbers, seed, lanes, threads, found, place)
            yield found

    def prepare(self, runs: Ints) -> list[Turn]:
        """The code of all storyboards of these runs, not yet compiled, and that of the program."""
        return [self.program.turn, *(world.turn for world, _, _ in self._grouped(runs))]

    def _empty(self, runs: Ints) -> Rows:
        count = len(runs)
        none = np.full(count, -1, dtype=np.int64)
        return Rows(
            runs, none, none.copy(), np.zeros(count, dtype=np.bool_), np.full(count, np.inf),
            np.zeros(count, dtype=np.int64), self.program.causes, self.program.assumptions,
        )  # fmt: skip

    # Which machine runs what.

    def _grouped(self, runs: Ints) -> list[tuple[_World, Ints, Floats]]:
        """For each machine its runs, and the numbers of each."""
        by_key: dict[tuple[bytes, ...], list[tuple[Batch, Ints, Floats]]] = {}
        for batch in self._template.batches(runs):
            delays = np.rint(batch.numbers[:, batch.board.delays] * self._rate)
            for row in np.unique(delays, axis=0):
                same = np.flatnonzero((delays == row).all(axis=1))
                key = (row.tobytes(), *_structure(batch.board))
                by_key.setdefault(key, []).append((batch, batch.runs[same], self._numbers(batch, same)))
        found: list[tuple[_World, Ints, Floats]] = []
        for key, parts in by_key.items():
            patterns = [self._pattern(batch, numbers) for batch, _, numbers in parts]
            worlds = self._worlds.setdefault(key, [])
            left = [i for i, p in enumerate(patterns) if not any(w.serves(p) for w in worlds)]
            if left:
                worlds += self._new_worlds([parts[i][0] for i in left], [patterns[i] for i in left])
            for world in worlds:
                served = [p for p, pattern in zip(parts, patterns, strict=True) if world.serves(pattern)]
                parts = [p for p in parts if not any(p is s for s in served)]
                patterns = [self._pattern(batch, numbers) for batch, _, numbers in parts]
                if served:
                    chosen = np.concatenate([runs_ for _, runs_, _ in served])
                    found.append((world, chosen, np.concatenate([n[:, world.taken] for _, _, n in served])))
        return found

    def _numbers(self, batch: Batch, chosen: Ints) -> Floats:
        """A row for each run: the numbers of its tables, its storyboard and its variables."""
        board, runs = batch.board, batch.runs[chosen]
        tables = np.concatenate([getattr(board.table, name).reshape(-1) for name in _NUMBERS])
        parameters = self._template.runs.numeric_columns(runs)
        variables = [np.broadcast_to(v.value(parameters), len(runs)) for v in board.variables]
        return np.column_stack([np.tile(tables, (len(runs), 1)), batch.numbers[chosen], *variables])

    def _pattern(self, batch: Batch, numbers: Floats) -> Floats:
        """The numbers of a storyboard; NaN where its runs may differ."""
        expressions = (*batch.board.expressions, *batch.board.variables)
        found = numbers[0].copy()
        first = len(found) - len(expressions)
        for i, expression in enumerate(expressions):
            if expression.names & self._varied:
                found[first + i] = np.nan
        return found

    def _new_worlds(self, batches: list[Batch], patterns: list[Floats]) -> list[_World]:
        """One machine for all of some storyboards, or, where there is none, one for each."""
        together = patterns[0].copy()
        for pattern in patterns[1:]:
            together[~(together == pattern)] = np.nan
        try:
            return [self._world(batches[0], together)]
        except NotSpecialisedError:
            if len(patterns) == 1:
                raise
        found: list[_World] = []
        for batch, pattern in zip(batches, patterns, strict=True):
            if not any(world.serves(pattern) for world in found):
                found.append(self._world(batch, pattern))
        return found

    def _world(self, batch: Batch, pattern: Floats) -> _World:
        board = batch.board
        taken = np.flatnonzero(np.isnan(pattern))
        slot = Slot("numbers", tensor(F64, (max(1, len(taken)),)), Storage.INPUT)
        values = np.empty(len(pattern), dtype=object)
        values[:] = pattern.tolist()
        for i, at in enumerate(taken):
            values[at] = number(slot, i)
        table, state = _ready(board, batch.numbers[0], values, self._rate)
        types = {v.name: v.type for v in self._node.inputs}
        outputs = {v.name: v.type for v in self._node.outputs}
        code = actor_code(table, state, slot, self._met, types, outputs, 1.0 / self._rate)
        layout = layout_of(code.machine, self.program.turn.layout.width, set(code.raw.values()))
        shown = (code.live, code.collided, *code.given.values())
        return _World(pattern, code, turn(code.machine, layout, shown), taken)

    # The runs of one machine.

    def _run(
        self,
        world: _World,
        runs: Ints,
        numbers: Floats,
        seed: int | None,
        lanes: int,
        threads: int | None,
        found: Rows,
        place: Mapping[int, int],
    ) -> None:
        seconds = np.broadcast_to(self._template.duration.value(self._template.runs.numeric_columns(runs)), len(runs))
        limits = np.maximum(np.rint(seconds * self._rate), 1.0).astype(np.int64)
        # Neighbours end together.
        order = np.argsort(limits, kind="stable")
        runs, numbers, limits = runs[order], numbers[order], limits[order]
        bounds = [0, len(runs)]
        if not all(_starts_alike(signal) for signal in self._template.inputs.values()):
            bounds = [0, *(np.flatnonzero(np.diff(limits)) + 1), len(runs)]
        for low, high in zip(bounds, bounds[1:], strict=False):
            part = slice(int(low), int(high))
            ticks = int(limits[part][-1])
            turns = Turns(world.turn, self.program.turn, self._links(world.code), world.code.live, len(runs[part]))
            values = self._inputs(world.code, numbers[part], limits[part], ticks, int(runs[part][0]), seed)
            turns.run(values, ticks, lanes, threads)
            at = np.array([place[int(run)] for run in runs[part]])
            decided = turns.value(self.program.decided).astype(np.int64)
            found.cause[at] = decided - 1
            found.tick[at] = np.where(decided > 0, turns.value(self.program.tick), -1)
            found.collided[at] = turns.value(world.code.collision) != 0
            found.least_gap[at] = turns.value(world.code.least_gap)
            found.ticks[at] = turns.value(world.code.ticks)

    def _links(self, code: ActorCode) -> dict[Slot, Slot]:
        """Which output each input of the other machine reads."""
        ego, program = self._template.ego, self.program
        assert ego is not None
        links = {program.inputs[name]: slot for name, slot in code.given.items()}
        links |= {program.live: code.live, program.collided: code.collided, code.speed: program.outputs[ego.speed]}
        if code.offset is not None and ego.offset is not None:
            links[code.offset] = program.outputs[ego.offset]
        return links

    def _inputs(
        self, code: ActorCode, numbers: Floats, limits: Ints, ticks: int, run: int, seed: int | None
    ) -> dict[Slot, Any]:
        """The values of the inputs that are no links."""
        signals = self._template.values(self._node, ticks, run, seed)
        values = prepared(self._node, {name: np.asarray(v)[None] for name, v in signals.items()}, 1, ticks)
        given: dict[Slot, Any] = {slot: values[name] for name, slot in code.raw.items()}
        given |= {slot: values[name] for name, slot in self.program.inputs.items() if name not in code.given}
        given[code.numbers] = (numbers if numbers.shape[1] else np.zeros((len(limits), 1)))[:, None, :]
        given[code.limit] = limits.astype(np.int32)[:, None]
        return given


def _structure(board: Compiled) -> tuple[bytes, ...]:
    """What storyboards have in common that share a machine."""
    table = board.table
    shapes = repr([getattr(table, name).shape for name in (*_NUMBERS, *_LANES)]).encode()
    same = repr((board.triggers, len(board.expressions), len(board.variables))).encode()
    return (shapes, same, *(getattr(table, name).tobytes() for name in (*_WHOLE, *_LANES)))


def _ready(board: Compiled, numbers: Floats, values: NDArray[Any], rate: float) -> tuple[Table, State]:
    """The tables and the first state, with ``values`` for all numbers in them."""
    zero = {name: np.zeros(1) for name in set().union(*(v.names for v in board.variables))}
    table, state = board.ready(numbers, zero, 1.0 / rate)
    arrays: dict[str, Any] = {}
    start = 0
    for name in _NUMBERS:
        given = getattr(table, name)
        arrays[name] = values[start : start + given.size].reshape(given.shape)
        start += given.size
    # The ticks that a lead is new are counted in ticks, not in seconds.
    arrays["ego"] = table.ego
    arrays["numbers"] = values[start : start + len(board.expressions)]
    table = table._replace(**arrays)
    return table, state._replace(variables=values[start + len(board.expressions) :])


def _check_shared(signal: Any) -> None:
    """Whether a signal is the same in all runs."""
    if isinstance(signal, str) and "$" in signal:
        raise NotSpecialisedError("an input that depends on parameters")
    for part in [*getattr(signal, "sum", []), *(value for _, value in getattr(signal, "points", []))]:
        _check_shared(part)


def _starts_alike(signal: Any) -> bool:
    """Whether a signal of a longer run starts with that of a shorter one: several random parts draw in turn."""
    return not isinstance(signal, Sum)
