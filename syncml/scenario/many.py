"""Many runs of a program among the actors of a scenario: what became of each, at the speed of the processor.

Rule: a run has the outcome that the interpreter and the engine of the actors give it, whatever runs beside it. Runs
whose storyboards differ in numbers alone share one machine (`actor_code`); what is the same in all of them is part of
its code. The program is a machine of its own, which all storyboards share; the two take turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Node, Program
from syncml.ir.step.syntax import Slot
from syncml.scenario.actor_code import ActorCode
from syncml.scenario.closed_loop import Meeting, meeting
from syncml.scenario.program_code import ProgramCode, program_code
from syncml.scenario.signals import Sum
from syncml.scenario.suite import Outcome, Verdict
from syncml.scenario.templates import Template
from syncml.scenario.values import base_rate
from syncml.scenario.variables import NotSpecialisedError
from syncml.scenario.worlds import World, Worlds
from syncml.sim.lanes.many import prepared
from syncml.sim.lanes.turns import Turn, Turns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 65536
"""The most runs in memory together."""


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


@dataclass(slots=True)
class Programs:
    """The code of a clocked program and its main node, for each set of inputs that are equal in all runs."""

    program: Program
    node: Node
    _found: dict[tuple[tuple[str, ...], frozenset[str]], ProgramCode] = field(default_factory=dict[Any, ProgramCode])

    def code(self, driven: tuple[str, ...], equal: frozenset[str]) -> ProgramCode:
        """The code where these inputs are equal."""
        if (driven, equal) not in self._found:
            self._found[driven, equal] = program_code(self.program, driven, equal)
        return self._found[driven, equal]


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
        self._node: Node = programs.node
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
        self._worlds = Worlds(template, self._node, self._met, self.program.turn.layout.width)

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
            for world, chosen, numbers in self._worlds.of(part):
                self._run(world, chosen, numbers, seed, lanes, threads, found, place)
            yield found

    def prepare(self, runs: Ints) -> list[Turn]:
        """The code of all storyboards of these runs, not yet compiled, and that of the program."""
        return [self.program.turn, *(world.turn for world, _, _ in self._worlds.of(runs))]

    def _empty(self, runs: Ints) -> Rows:
        count = len(runs)
        none = np.full(count, -1, dtype=np.int64)
        return Rows(
            runs, none, none.copy(), np.zeros(count, dtype=np.bool_), np.full(count, np.inf),
            np.zeros(count, dtype=np.int64), self.program.causes, self.program.assumptions,
        )  # fmt: skip

    # The runs of one machine.

    def _run(
        self,
        world: World,
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
        # Neighbours do the same and end together: first by length, then by the numbers, of which those of the
        # storyboard come after the sizes of boxes.
        order = np.lexsort((*numbers.T, limits))
        runs, numbers, limits = runs[order], numbers[order], limits[order]
        bounds = [0, len(runs)]
        if not all(_starts_alike(signal) for signal in self._template.inputs.values()):
            bounds = [0, *(np.flatnonzero(np.diff(limits)) + 1), len(runs)]
        for low, high in pairwise(bounds):
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


def _check_shared(signal: Any) -> None:
    """Whether a signal is the same in all runs."""
    if isinstance(signal, str) and "$" in signal:
        raise NotSpecialisedError("an input that depends on parameters")
    for part in [*getattr(signal, "sum", []), *(value for _, value in getattr(signal, "points", []))]:
        _check_shared(part)


def _starts_alike(signal: Any) -> bool:
    """Whether a signal of a longer run starts with that of a shorter one: several random parts draw in turn."""
    return not isinstance(signal, Sum)
